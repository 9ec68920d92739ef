/* lazaret log: a transparency log of our own, as files. Making one and appending are here, questions in log_ask.c. */
#include "cmd/log_job.h"
#include "cmd/password.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/stream.h"
#include "trust/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

enum { BATCH_BYTES = 8 << 20, READ_BYTES = 1 << 18, WAIT_SECONDS = 10, WAIT_MAX = 86400 };

static const struct option options[] = {
	{ "origin", 0, "NAME", NULL, false, false, "name of the log to make" },
	{ "key", 'k', "KEY", "FILE", false, false, "key that signs, or has signed, the log" },
	{ "password-file", 0, "FILE", "FILE", false, false, "password of the private key" },
	{ "json-lines", 0, NULL, NULL, false, false, "lines to append must be JSON objects" },
	{ "wait", 0, "DURATION", NULL, false, false, "wait this long for another writer" },
	{ "add", 0, "FILE", "FILE", false, false, "cosigned checkpoint to put in" },
	{ "index", 0, "N", NULL, false, false, "number of the entry" },
	{ "entry", 0, "FILE", "FILE", false, false, "the entry's bytes" },
	{ "proof", 0, "FILE", "FILE", false, false, "proof to verify" },
	{ "old-size", 0, "N", NULL, false, false, "size to prove consistency from" },
	{ "old-checkpoint", 0, "FILE", "FILE", false, false, "checkpoint that must be continued" },
	{ "witness", 0, "VKEY", NULL, true, false, "witness who must have cosigned" },
	{ "log-key", 0, "KEY", "FILE", false, false, "key of the log that is witnessed" },
	{ "name", 0, "NAME", NULL, false, false, "name of the witness" },
	{ "state", 0, "FILE", "FILE", false, false, "memory of the witness" },
	{ "format", 'f', "FORMAT", "text json", false, false, "format of what is printed" },
	{ 0 },
};
static const char *const verbs[] = { "init",   "append",      "checkpoint", "show", "prove",
				     "verify", "consistency", "witness",    NULL };

void log_who_done(struct log_who *w)
{
	key_close(w->key);
	w->key = NULL;
}

int log_note_origin(const struct args *a, struct str note, struct str *out, struct err *e)
{
	struct checkpoint c = { 0 };
	struct note n = { 0 };
	if (note_parse(note, a->arena, &n, e) || checkpoint_parse(n.text, &c, e))
		return e->code;
	*out = c.origin;
	return 0;
}

int log_origin(const struct args *a, struct str dir, struct str *out, struct err *e)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	if (tlog_open(dir, NULL, &t, e))
		return e->code;
	*out = arena_str(a->arena, tlog_origin(t));
	return 0;
}

/* "DIR.vkey" and "DIR.key", beside the folder: what is served to the world is inside. */
static struct str beside(const struct args *a, struct str dir, const char *suffix)
{
	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	return arena_printf(a->arena, "%.*s%s", STR(dir), suffix);
}

static bool has_key(const struct args *a, struct str dir)
{
	return args_str(a, "key").n || (dir.n && access(beside(a, dir, ".vkey").p, F_OK) == 0);
}

static int default_key(const struct args *a, const char *option, struct str dir, struct str *out,
		       struct err *e)
{
	struct str path = beside(a, dir, ".vkey");
	if (args_read(a, option, path, NOTE_MAX, out, e))
		return e->code;
	*out = str_trim(*out);
	return 0;
}

int log_who_load(const struct args *a, const char *option, struct str dir, struct str origin,
		 struct log_who *out, struct err *e)
{
	struct password p = password_of(a);
	struct str ref = args_str(a, option);
	struct note_verifier v = { .name = origin };
	struct key *key = NULL;
	if (ref.n == 0 && default_key(a, option, dir, &ref, e))
		return e->code;
	if (str_find_char(ref, '+') > 0 && access(arena_cstr(a->arena, ref), F_OK)) {
		if (note_verifier_parse(ref, a->arena, &v, &key, e))
			return e->code;
	} else {
		if (key_load_public(ref, &p, true, &key, e))
			return e->code;
		v.kind = key_type(key) == KEY_ED25519 ? NOTE_ED25519 : NOTE_SPKI;
		v.key = key;
		note_hint(v.name, v.kind, key, v.hint);
	}
	*out = (struct log_who){ v, key };
	return 0;
}

int log_open(const struct args *a, struct str dir, struct log_who *who, struct tlog **out,
	     struct err *e)
{
	struct str origin = { 0 };
	if (log_origin(a, dir, &origin, e) || log_who_load(a, "key", dir, origin, who, e))
		return e->code;
	return tlog_open(dir, &who->v, out, e);
}

struct str log_hash(const struct args *a, const struct merkle_hash *h)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode((struct str){ (const char *)h->bytes, MERKLE_HASH }, &b);
	return arena_str(a->arena, str_buf(&b));
}

bool log_wants_json(const struct args *a)
{
	return str_eq(args_str(a, "format"), S("json"));
}

int log_print(const struct args *a, const struct buf *b)
{
	struct err e = { 0 };
	if (fwrite(b->p ? b->p : "", 1, b->n, stdout) == b->n && fflush(stdout) == 0)
		return EXIT_YES;
	err_sys(&e, "writing to standard output");
	return fail(a, &e);
}

static int load_signer(const struct args *a, struct str dir, struct key **out, struct err *e)
{
	struct password p = password_of(a);
	struct str ref = args_str(a, "key");
	return key_load_private(ref.n ? ref : beside(a, dir, ".key"), &p, out, e);
}

static int write_new(struct str path, struct str bytes, mode_t mode, struct err *e)
{
	int fd CLEANUP(cleanup_fd) = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(e, "making %s", path.p);
	if (write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n || fsync(fd))
		return err_sys(e, "writing %s", path.p);
	return 0;
}

static int make_signer(const struct args *a, struct str dir, struct key **out, struct err *e)
{
	struct buf password CLEANUP(secret_done) = { 0 }, text CLEANUP(secret_done) = { 0 };
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct str path = beside(a, dir, ".key");
	if (access(path.p, F_OK) == 0)
		return err_set(e, ERR_CONFLICT, "%s is there already; --key would use it", path.p);
	if (password_new(a, &password, e) || key_generate(KEY_ED25519, 0, &key, e) ||
	    key_private_text(key, str_buf(&password), &text, e) ||
	    write_new(path, str_buf(&text), 0600, e))
		return e->code;
	say(a, "the log's key is in %s", path.p);
	*out = STEAL(key);
	return 0;
}

static int run_init(const struct args *a, struct str dir)
{
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct buf vkey CLEANUP(buf_done) = { 0 };
	struct str origin = args_str(a, "origin");
	struct err e = { 0 };
	if (!note_name_valid(origin))
		return usage(a, "--origin NAME is wanted: a name without spaces and '+', such as "
				"example.com/log");
	if (access(beside(a, dir, ".vkey").p, F_OK) == 0)
		return usage(a, "%s is there already", beside(a, dir, ".vkey").p);
	int r = args_str(a, "key").n ? load_signer(a, dir, &key, &e)
				     : make_signer(a, dir, &key, &e);
	if (r || tlog_create(dir, origin, key, &e))
		return fail(a, &e);
	note_vkey(origin, NOTE_ED25519, key, &vkey);
	buf_add_char(&vkey, '\n');
	if (write_new(beside(a, dir, ".vkey"), str_buf(&vkey), 0644, &e))
		return fail(a, &e);
	return log_print(a, &vkey);
}

static int open_writer(const struct args *a, struct str dir, struct key **key, struct tlog **out,
		       struct err *e)
{
	uint64_t wait = WAIT_SECONDS;
	struct str text = args_str(a, "wait");
	if (text.n && (!parse_duration(text, &wait) || wait > WAIT_MAX))
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no duration", args_from(a, "wait"),
			       STR(text));
	if (load_signer(a, dir, key, e))
		return e->code;
	return tlog_open_writer(dir, *key, (unsigned)wait, out, e);
}

/* Appends as one batch and says the indexes once they are durable. */
static int append_batch(const struct args *a, struct tlog *t, const struct strs *entries,
			struct err *e)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	uint64_t first = 0;
	if (tlog_append(t, entries->v, entries->n, &first, e))
		return e->code;
	for (uint64_t i = first; i < first + entries->n; i++)
		buf_addf(&out, "%llu\n", (unsigned long long)i);
	return log_print(a, &out) == EXIT_YES ? 0 : err_set(e, ERR_IO, "nobody takes the indexes");
}

static int append_files(const struct args *a, struct tlog *t, struct err *e)
{
	struct strs entries = { 0 };
	for (size_t i = 2; i < a->words.n; i++) {
		struct str *entry = ARENA_PUSH(a->arena, entries.v, entries.n, entries.cap);
		if (args_read(a, "entry", a->words.v[i], TLOG_ENTRY_MAX, entry, e))
			return e->code;
	}
	return append_batch(a, t, &entries, e);
}

/* More of standard input, until nothing is there for the moment: lines that came while the last batch was synced make
 * the next one. Returns 1, or 0 at the end. */
static int read_lines(struct buf *in, struct err *e)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	do {
		buf_reserve(in, READ_BYTES);
		ssize_t n = read(STDIN_FILENO, in->p + in->n, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "reading standard input");
		if (n == 0)
			return 0;
		in->n += (size_t)n;
	} while (in->n < BATCH_BYTES && poll(&p, 1, 0) > 0);
	return 1;
}

static int add_line(const struct args *a, struct str line, struct arena *lines, struct strs *out,
		    struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (line.n == 0)
		return 0;
	if (args_flag(a, "json-lines") && (json_parse(line, &j, e) || !json_is_object(j)))
		return err_set(e, ERR_INVALID, "'%.*s' is no JSON object",
			       STR(str_upto(line, 100)));
	*ARENA_PUSH(lines, out->v, out->n, out->cap) = line;
	return 0;
}

static int append_lines(const struct args *a, struct tlog *t, struct err *e)
{
	struct buf in CLEANUP(buf_done) = { 0 };
	struct arena lines CLEANUP(arena_done) = { 0 };
	for (int more = 1; more;) {
		struct strs entries = { 0 };
		arena_reset(&lines);
		more = read_lines(&in, e);
		if (more < 0)
			return more;
		struct str rest = str_buf(&in);
		while (rest.n && (!more || str_find_char(rest, '\n') >= 0))
			if (add_line(a, str_cut(&rest, '\n'), &lines, &entries, e))
				return e->code;
		if (entries.n && append_batch(a, t, &entries, e))
			return e->code;
		if (rest.n > TLOG_ENTRY_MAX)
			return err_set(e, ERR_LIMIT, "a line is longer than %d bytes",
				       TLOG_ENTRY_MAX);
		if (rest.n)
			memmove(in.p, rest.p, rest.n);
		in.n = rest.n;
	}
	return 0;
}

static int run_append(const struct args *a, struct str dir)
{
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct err e = { 0 };
	if (a->words.n < 3)
		return usage(a, "wanted: log append DIR FILE... or -");
	bool lines = a->words.n == 3 && str_eq(a->words.v[2], S("-"));
	if (open_writer(a, dir, &key, &t, &e))
		return fail(a, &e);
	return (lines ? append_lines : append_files)(a, t, &e) ? fail(a, &e) : EXIT_YES;
}

static int run_checkpoint(const struct args *a, struct str dir)
{
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct buf out CLEANUP(buf_done) = { 0 };
	struct str note = { 0 };
	struct err e = { 0 };
	int r = args_file(a, "add", NOTE_MAX, &note, &e);
	if (r == 0 && note.n)
		r = open_writer(a, dir, &key, &t, &e) || tlog_add_signatures(t, note, &e);
	else if (r == 0)
		r = log_open(a, dir, &who, &t, &e);
	if (r)
		return fail(a, &e);
	buf_add_str(&out, tlog_checkpoint(t));
	return log_print(a, &out);
}

static void show_json(const struct args *a, const struct tlog *t, const struct note *n, bool known,
		      struct buf *out)
{
	struct merkle_hash root = tlog_root(t);
	struct json_out o;
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_put_member(&o, "origin", tlog_origin(t));
	json_put_key(&o, "size");
	json_put_u64(&o, tlog_size(t));
	json_put_member(&o, "root", log_hash(a, &root));
	json_put_key(&o, "signatureChecked");
	json_put_bool(&o, known);
	json_put_key(&o, "signatures");
	json_begin_array(&o);
	for (size_t i = 0; i < n->n; i++)
		json_put_str(&o, n->v[i].name);
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
}

/* One entry, as it was appended. */
static int show_entry(const struct args *a, struct tlog *t)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	uint64_t index = 0;
	if (log_number(a, "index", &index, &e) || tlog_read_entry(t, index, &out, &e))
		return fail(a, &e);
	return log_print(a, &out);
}

/* Says what the checkpoint claims, also when nobody knows whose it is; but then it says that. */
static int run_show(const struct args *a, struct str dir)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct log_who who CLEANUP(log_who_done) = { 0 };
	struct buf out CLEANUP(buf_done) = { 0 };
	struct note n = { 0 };
	struct str origin = { 0 };
	struct err e = { 0 }, none = { 0 };
	bool known = log_origin(a, dir, &origin, &none) == 0 && has_key(a, dir);
	int r = known ? log_open(a, dir, &who, &t, &e) : tlog_open(dir, NULL, &t, &e);
	if (r || note_parse(tlog_checkpoint(t), a->arena, &n, &e))
		return fail(a, &e);
	if (args_str(a, "index").n)
		return show_entry(a, t);
	struct merkle_hash root = tlog_root(t);
	if (log_wants_json(a)) {
		show_json(a, t, &n, known, &out);
		return log_print(a, &out);
	}
	buf_addf(&out, "origin     %.*s\nsize       %llu\nroot       %.*s\n", STR(tlog_origin(t)),
		 (unsigned long long)tlog_size(t), STR(log_hash(a, &root)));
	for (size_t i = 0; i < n.n; i++)
		buf_addf(&out, "signature  %.*s%s\n", STR(n.v[i].name),
			 known && str_eq(n.v[i].name, who.v.name) ? " (verified)"
								  : " (not checked)");
	return log_print(a, &out);
}

static int run(const struct args *a)
{
	struct str verb = a->words.n ? a->words.v[0] : S("");
	struct str dir = a->words.n > 1 ? a->words.v[1] : S("");
	const struct {
		const char *name;
		int (*run)(const struct args *a, struct str dir);
		bool many, needs_dir, needs_key; /* the log's, to verify with */
	} v[] = {
		{ "init", run_init, false, true, false },
		{ "append", run_append, true, true, false },
		{ "checkpoint", run_checkpoint, false, true, !args_str(a, "add").n },
		{ "show", run_show, false, true, false },
		{ "prove", log_prove, false, true, true },
		{ "verify", log_verify, false, false, true },
		{ "consistency", log_consistency, false, true, true },
		{ "witness", log_witness, false, true, false },
	};
	for (size_t i = 0; i < COUNT(v); i++)
		if (str_eq(verb, str_of(v[i].name))) {
			if ((v[i].needs_dir && dir.n == 0) || (!v[i].many && a->words.n > 2))
				return usage(a, "wanted: log %s DIR", v[i].name);
			if (v[i].needs_key && !has_key(a, dir))
				return usage(a, "--key is missing: whose signature is it to be?");
			return v[i].run(a, dir);
		}
	return usage(a, "wanted: log init, append, checkpoint, show, prove, verify, consistency or "
			"witness");
}

const struct command command_log = { "log", "keep a transparency log of our own", verbs, options,
				     run };
