/* Proofs that an entry was logged, as text (c2sp.org/tlog-proof): a first line, "extra" and base64 (passed over),
 * "index" and a number, hashes from the leaf up, an empty line, the checkpoint.
 *
 * Hostile input: more hashes than a tree can have, numbers and base64 that can be written in two ways, other lines. */
#include "trust/tlog.h"
#include "base/base64.h"

static const char magic[] = "c2sp.org/tlog-proof@v1";

void tlog_proof_write(const struct tlog_proof *p, struct buf *out)
{
	buf_addf(out, "%s\nindex %llu\n", magic, (unsigned long long)p->index);
	for (size_t i = 0; i < p->hashes.n; i++) {
		base64_encode((struct str){ (const char *)p->hashes.v[i].bytes, MERKLE_HASH }, out);
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
	buf_add_str(out, p->note);
}

int tlog_proof_parse(struct str text, struct tlog_proof *out, struct err *e)
{
	struct tlog_proof p = { 0 };
	struct str rest = text, line = { 0 };
	if (!str_eq(str_cut(&rest, '\n'), str_of(magic)))
		return err_set(e, ERR_INVALID, "a proof begins with '%s'", magic);
	line = str_cut(&rest, '\n');
	if (str_starts(line, S("extra ")))
		line = str_cut(&rest, '\n');
	struct str number = str_from(line, 6);
	if (!str_starts(line, S("index ")) || (number.n > 1 && number.p[0] == '0') ||
	    !str_to_u64(number, UINT64_MAX, &p.index))
		return err_set(e, ERR_INVALID, "the proof says no index");
	while ((line = str_cut(&rest, '\n')).n) {
		if (p.hashes.n == MERKLE_PROOF_MAX)
			return err_set(e, ERR_LIMIT, "the proof has more than %d hashes",
				       MERKLE_PROOF_MAX);
		if (!merkle_hash_parse(line, &p.hashes.v[p.hashes.n++]))
			return err_set(e, ERR_INVALID, "'%.*s' in the proof is no hash",
				       STR(str_upto(line, 60)));
	}
	if (rest.n == 0)
		return err_set(e, ERR_INVALID, "the proof has no checkpoint");
	p.note = rest;
	*out = p;
	return 0;
}

static int verify_note(const struct note *n, const struct note_verifier *who,
		       const struct note_verifier *witnesses, size_t n_witnesses,
		       struct checkpoint *c, struct err *e)
{
	if (checkpoint_parse(n->text, c, e))
		return e->code;
	if (!str_eq(c->origin, who->name) || !note_verify(n, who, NULL))
		return err_set(e, ERR_INVALID,
			       "the checkpoint of '%.*s' is not signed by the key of '%.*s'",
			       STR(str_upto(c->origin, 100)), STR(str_upto(who->name, 100)));
	for (size_t i = 0; i < n_witnesses; i++)
		if (!note_verify(n, &witnesses[i], NULL))
			return err_set(e, ERR_INVALID, "the checkpoint is not cosigned by '%.*s'",
				       STR(str_upto(witnesses[i].name, 100)));
	return 0;
}

int tlog_proof_verify(const struct tlog_proof *p, struct str entry, const struct note_verifier *who,
		      const struct note_verifier *witnesses, size_t n_witnesses, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct note n = { 0 };
	struct checkpoint c = { 0 };
	struct merkle_hash leaf = merkle_leaf(entry);
	if (note_parse(p->note, &a, &n, e) || verify_note(&n, who, witnesses, n_witnesses, &c, e))
		return 0;
	if (merkle_inclusion(p->index, c.size, &leaf, p->hashes.v, p->hashes.n, &c.root))
		return 1;
	err_set(e, ERR_INVALID, "the entry is not entry %llu of '%.*s'",
		(unsigned long long)p->index, STR(str_upto(c.origin, 100)));
	return 0;
}
