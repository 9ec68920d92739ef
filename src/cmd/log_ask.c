/* lazaret log prove, verify, consistency, witness: what is asked of a log, and what is said about it. */
#include "cmd/log_job.h"
#include "cmd/password.h"
#include "base/json.h"
#include "base/time.h"
#include "trust/tlog_witness.h"

#include <stdio.h>

enum { PROOF_MAX = NOTE_MAX + 2 * MERKLE_PROOF_MAX * MERKLE_HASH };

int log_number(const struct args *a, const char *option, uint64_t *out, struct err *e)
{
	struct str text = args_str(a, option);
	if (!str_to_u64(text, INT64_MAX, out))
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no number",
			       text.n ? args_from(a, option) : option, STR(text));
	return 0;
}

/* The entry that --index or --entry names. */
static int which(const struct args *a, struct tlog *t, uint64_t *index, struct err *e)
{
	struct str entry = { 0 };
	if (args_str(a, "index").n)
		return log_number(a, "index", index, e);
	if (args_file(a, "entry", TLOG_ENTRY_MAX, &entry, e))
		return e->code;
	struct merkle_hash leaf = merkle_leaf(entry);
	return tlog_find(t, &leaf, 0, index, e);
}

static void put_tree(const struct args *a, struct json_out *o, struct str origin, uint64_t size,
		     struct merkle_hash root)
{
	json_put_member(o, "origin", origin);
	json_put_key(o, "size");
	json_put_u64(o, size);
	json_put_member(o, "root", log_hash(a, &root));
}

static void put_hashes(const struct args *a, struct json_out *o, const struct merkle_proof *p)
{
	json_put_key(o, "hashes");
	json_begin_array(o);
	for (size_t i = 0; i < p->n; i++)
		json_put_str(o, log_hash(a, &p->v[i]));
	json_end_array(o);
}

/* A proof as JSON: of an entry ("index") or from an older size ("oldSize"). */
static void proof_json(const struct args *a, const struct tlog *t, const char *what, uint64_t n,
		       const struct merkle_proof *p, struct buf *out)
{
	struct json_out o;
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_put_key(&o, what);
	json_put_u64(&o, n);
	put_tree(a, &o, tlog_origin(t), tlog_size(t), tlog_root(t));
	put_hashes(a, &o, p);
	json_put_member(&o, "checkpoint", tlog_checkpoint(t));
	json_end_object(&o);
	buf_add_char(out, '\n');
}

int log_prove(const struct args *a, struct str dir)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct buf out CLEANUP(buf_done) = { 0 };
	struct tlog_proof p = { 0 };
	struct err e = { 0 };
	if (args_str(a, "index").n == 0 && args_str(a, "entry").n == 0)
		return usage(a, "--index N or --entry FILE is wanted");
	if (log_open(a, dir, &who, &t, &e) || which(a, t, &p.index, &e) ||
	    tlog_prove_inclusion(t, p.index, &p.hashes, &e))
		return fail(a, &e);
	p.note = tlog_checkpoint(t);
	if (log_wants_json(a))
		proof_json(a, t, "index", p.index, &p.hashes, &out);
	else
		tlog_proof_write(&p, &out);
	return log_print(a, &out);
}

/* The verdict, as text or JSON; 1, 0 with why, or a failure. */
static int answer(const struct args *a, int r, struct str yes, const struct strs *findings,
		  const struct err *e)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	struct json_out o;
	if (r < 0)
		return fail(a, e);
	if (!log_wants_json(a)) {
		if (r)
			buf_addf(&out, "%.*s\n", STR(yes));
		else if (findings->n == 0)
			buf_addf(&out, "not verified: %s\n", e->text);
		for (size_t i = 0; i < findings->n; i++)
			buf_addf(&out, "not verified: %.*s\n", STR(findings->v[i]));
		return log_print(a, &out) ? EXIT_FAILED : r ? EXIT_YES : EXIT_NO;
	}
	json_out_init(&o, &out, 2);
	json_begin_object(&o);
	json_put_key(&o, "verified");
	json_put_bool(&o, r == 1);
	json_put_member(&o, "text", r ? yes : str_of(e->text));
	json_put_key(&o, "findings");
	json_begin_array(&o);
	for (size_t i = 0; i < findings->n; i++)
		json_put_str(&o, findings->v[i]);
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(&out, '\n');
	return log_print(a, &out) ? EXIT_FAILED : r ? EXIT_YES : EXIT_NO;
}

/* What a log or a proof says that does not hold is a no, not a failure of ours. */
static int as_answer(int r)
{
	return r == 0 ? 1 : r == ERR_INVALID || r == ERR_LIMIT ? 0 : r;
}

static int load_witnesses(const struct args *a, struct key **keys, struct note_verifier *v,
			  const struct strs *list, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		if (note_verifier_parse(list->v[i], a->arena, &v[i], &keys[i], e))
			return err_in(e, "%s", args_from(a, "witness"));
		if (v[i].kind != NOTE_COSIGNATURE)
			return err_set(e, ERR_INVALID, "%s: '%.*s' is not the key of a witness",
				       args_from(a, "witness"), STR(str_upto(list->v[i], 100)));
	}
	return 0;
}

static int judge_proof(const struct args *a, const struct tlog_proof *p, struct str entry,
		       const struct log_who *who, struct err *e)
{
	struct strs list = args_list(a, "witness");
	struct key **keys = arena_zalloc(a->arena, (list.n + 1) * sizeof *keys);
	struct note_verifier *v = arena_zalloc(a->arena, (list.n + 1) * sizeof *v);
	int r = load_witnesses(a, keys, v, &list, e);
	if (r == 0)
		r = tlog_proof_verify(p, entry, &who->v, v, list.n, e);
	for (size_t i = 0; i < list.n; i++)
		key_close(keys[i]);
	return r;
}

static int verify_proof(const struct args *a, struct str dir)
{
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct str text = { 0 }, entry = { 0 }, origin = { 0 };
	struct strs none = { 0 };
	struct tlog_proof p = { 0 };
	struct err e = { 0 };
	if (args_str(a, "entry").n == 0)
		return usage(a, "--proof wants --entry FILE");
	if (args_file(a, "proof", PROOF_MAX, &text, &e) ||
	    args_file(a, "entry", TLOG_ENTRY_MAX, &entry, &e))
		return fail(a, &e);
	if (tlog_proof_parse(text, &p, &e) || log_note_origin(a, p.note, &origin, &e))
		return answer(a, 0, S(""), &none, &e);
	if (log_who_load(a, "key", dir, origin, &who, &e))
		return fail(a, &e);
	int r = judge_proof(a, &p, entry, &who, &e);
	struct str yes = arena_printf(a->arena, "verified: entry %llu of %.*s",
				      (unsigned long long)p.index, STR(origin));
	return r < 0 ? fail(a, &e) : answer(a, r, yes, &none, &e);
}

int log_verify(const struct args *a, struct str dir)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct strs findings = { 0 };
	struct str origin = { 0 }, yes = { 0 };
	struct err e = { 0 };
	if (args_str(a, "proof").n)
		return verify_proof(a, dir);
	if (dir.n == 0)
		return usage(a, "wanted: log verify DIR, or --proof FILE --entry FILE");
	int r = as_answer(log_origin(a, dir, &origin, &e));
	if (r == 1 && log_who_load(a, "key", dir, origin, &who, &e))
		return fail(a, &e);
	if (r == 1)
		r = as_answer(tlog_open(dir, &who.v, &t, &e));
	if (r == 1)
		r = tlog_verify(t, a->arena, &findings, &e);
	if (r == 1) {
		struct merkle_hash root = tlog_root(t);
		yes = arena_printf(a->arena, "verified: all %llu entries of %.*s, root %.*s",
				   (unsigned long long)tlog_size(t), STR(origin),
				   STR(log_hash(a, &root)));
	}
	return answer(a, r, yes, &findings, &e);
}

/* A checkpoint that somebody kept: does the log continue it? */
static int continue_checkpoint(const struct args *a, struct tlog *t, const struct log_who *who)
{
	struct checkpoint old = { 0 };
	struct merkle_hash root = tlog_root(t);
	struct merkle_proof p = { .n = 0 };
	struct str text = { 0 };
	struct note n = { 0 };
	struct strs none = { 0 };
	struct err e = { 0 };
	if (args_file(a, "old-checkpoint", NOTE_MAX, &text, &e))
		return fail(a, &e);
	int r = as_answer(note_parse(text, a->arena, &n, &e) || checkpoint_parse(n.text, &old, &e)
				  ? e.code
				  : 0);
	if (r == 1 && (!str_eq(old.origin, tlog_origin(t)) || !note_verify(&n, &who->v, NULL)))
		r = as_answer(err_set(&e, ERR_INVALID, "the old checkpoint is not this log's"));
	if (r == 1 && old.size > tlog_size(t))
		r = as_answer(
			err_set(&e, ERR_INVALID, "the log is smaller than the old checkpoint"));
	if (r == 1 && old.size)
		r = as_answer(tlog_prove_consistency(t, old.size, &p, &e));
	if (r == 1 && old.size &&
	    !merkle_consistency(old.size, tlog_size(t), &old.root, &root, p.v, p.n))
		r = as_answer(
			err_set(&e, ERR_INVALID, "the log does not continue the old checkpoint"));
	struct str yes =
		arena_printf(a->arena, "verified: size %llu continues size %llu",
			     (unsigned long long)tlog_size(t), (unsigned long long)old.size);
	return answer(a, r, yes, &none, &e);
}

int log_consistency(const struct args *a, struct str dir)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct buf out CLEANUP(buf_done) = { 0 };
	struct merkle_proof p = { .n = 0 };
	uint64_t old = 0;
	struct err e = { 0 };
	if (log_open(a, dir, &who, &t, &e))
		return fail(a, &e);
	if (args_str(a, "old-checkpoint").n)
		return continue_checkpoint(a, t, &who);
	if (log_number(a, "old-size", &old, &e) || tlog_prove_consistency(t, old, &p, &e))
		return fail(a, &e);
	if (log_wants_json(a)) {
		proof_json(a, t, "oldSize", old, &p, &out);
		return log_print(a, &out);
	}
	/* What a witness is sent (c2sp.org/tlog-witness). */
	buf_addf(&out, "old %llu\n", (unsigned long long)old);
	for (size_t i = 0; i < p.n; i++)
		buf_addf(&out, "%.*s\n", STR(log_hash(a, &p.v[i])));
	buf_add_char(&out, '\n');
	buf_add_str(&out, tlog_checkpoint(t));
	return log_print(a, &out);
}

int log_witness(const struct args *a, struct str dir)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct buf out CLEANUP(buf_done) = { 0 };
	struct password ask = password_of(a);
	struct witness w = { args_str(a, "state"), args_str(a, "name"), NULL, time_now() };
	struct merkle_proof p = { .n = 0 };
	struct str origin = { 0 };
	struct strs none = { 0 };
	struct err e = { 0 };
	uint64_t old = 0;
	if (w.state.n == 0 || !note_name_valid(w.name) || args_str(a, "key").n == 0 ||
	    args_str(a, "log-key").n == 0)
		return usage(
			a,
			"wanted: log witness DIR --state FILE --name NAME --key KEY --log-key KEY");
	if (key_load_private(args_str(a, "key"), &ask, &key, &e) ||
	    log_origin(a, dir, &origin, &e) || log_who_load(a, "log-key", S(""), origin, &who, &e))
		return fail(a, &e);
	w.key = key;
	int r = as_answer(tlog_open(dir, &who.v, &t, &e));
	if (r == 1 && (r = witness_size(&w, origin, &old, &e)) == 0)
		r = 1;
	if (r == 1 && old && old <= tlog_size(t))
		r = as_answer(tlog_prove_consistency(t, old, &p, &e));
	if (r == 1)
		r = witness_cosign(&w, tlog_checkpoint(t), &who.v, &p, &out, &e);
	if (r != 1)
		return answer(a, r, S(""), &none, &e);
	struct buf vkey CLEANUP(buf_done) = { 0 };
	note_vkey(w.name, NOTE_COSIGNATURE, key, &vkey);
	say(a, "cosigned as %s", buf_cstr(&vkey));
	return log_print(a, &out);
}
