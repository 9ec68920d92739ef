/* A witness's memory and judgement (c2sp.org/tlog-witness without its HTTP part, tlog-cosignature, Ed25519).
 *
 * Hostile input: a log that shows different trees to different people (a root of the same size, a proof that does
 * not hold), or an older tree than before. Two witnesses at one memory wait for each other. A memory that does not
 * parse is a failure, never an empty one. */
#include "trust/tlog_witness.h"
#include "trust/tlog_tiles.h"
#include "base/durable.h"
#include "base/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

struct seen {
	struct str text; /* the whole file */
	struct str line; /* of this log; empty: none */
	uint64_t size;
	struct merkle_hash root;
};

static int parse_state(struct str text, struct str origin, struct seen *out, struct err *e)
{
	struct seen s = { .text = text };
	for (struct str rest = text; rest.n;) {
		struct str line = str_cut(&rest, '\n'), name = line;
		struct str size = str_cut(&name, ' '), root = str_cut(&name, ' ');
		uint64_t n = 0;
		struct merkle_hash h;
		if (!str_to_u64(size, UINT64_MAX, &n) || !merkle_hash_parse(root, &h) ||
		    name.n == 0)
			return err_set(e, ERR_INVALID, "a line is not SIZE ROOT ORIGIN");
		if (!str_eq(name, origin))
			continue;
		if (s.line.n)
			return err_set(e, ERR_INVALID, "it has '%.*s' twice",
				       STR(str_upto(origin, 100)));
		s.line = line;
		s.size = n;
		s.root = h;
	}
	*out = s;
	return 0;
}

static int read_state(const struct witness *w, struct str origin, struct buf *bytes,
		      struct seen *out, struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	struct err bad = { 0 };
	buf_add_str(&path, w->state);
	int r = durable_read(AT_FDCWD, buf_cstr(&path), WITNESS_STATE_MAX, bytes, &bad);
	if (r && r != ERR_NOT_FOUND) {
		*e = bad;
		return err_in(e, "memory of the witness");
	}
	return parse_state(str_buf(bytes), origin, out, e) ? err_in(e, "%s", buf_cstr(&path)) : 0;
}

int witness_size(const struct witness *w, struct str origin, uint64_t *size, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct seen s = { 0 };
	if (read_state(w, origin, &bytes, &s, e))
		return e->code;
	*size = s.size;
	return 0;
}

static void add_line(struct buf *out, const struct checkpoint *c)
{
	buf_addf(out, "%llu ", (unsigned long long)c->size);
	base64_encode((struct str){ (const char *)c->root.bytes, MERKLE_HASH }, out);
	buf_add_char(out, ' ');
	buf_add_str(out, c->origin);
	buf_add_char(out, '\n');
}

static int write_state(const struct witness *w, const struct seen *s, const struct checkpoint *c,
		       struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	for (struct str rest = s->text; rest.n;) {
		struct str line = str_cut(&rest, '\n');
		if (s->line.n && line.p == s->line.p)
			continue;
		buf_add_str(&text, line);
		buf_add_char(&text, '\n');
	}
	add_line(&text, c);
	return durable_replace(w->state, str_buf(&text), e);
}

static int lock_state(const struct witness *w, int *out, struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	buf_addf(&path, "%.*s.lock", STR(w->state));
	int fd CLEANUP(cleanup_fd) =
		open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, "opening %s", path.p);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return err_sys(e, "locking %s", path.p);
	*out = STEAL_FD(fd);
	return 0;
}

/* 1, or 0 with the reason. */
static int continues(const struct seen *s, const struct checkpoint *c, const struct merkle_proof *p,
		     struct err *e)
{
	unsigned long long was = s->size, is = c->size;
	if (s->size == 0)
		return 1;
	if (is < was)
		return err_set(e, ERR_INVALID, "'%.*s' went back from size %llu to %llu",
			       STR(str_upto(c->origin, 100)), was, is),
		       0;
	if (is == was && merkle_eq(&s->root, &c->root))
		return 1;
	if (is == was)
		return err_set(e, ERR_INVALID,
			       "'%.*s' has two trees of size %llu: this is a split view",
			       STR(str_upto(c->origin, 100)), is),
		       0;
	if (!merkle_consistency(s->size, c->size, &s->root, &c->root, p->v, p->n))
		return err_set(e, ERR_INVALID,
			       "'%.*s' of size %llu is not proved to continue size %llu",
			       STR(str_upto(c->origin, 100)), is, was),
		       0;
	return 1;
}

int witness_cosign(const struct witness *w, struct str note, const struct note_verifier *log,
		   const struct merkle_proof *proof, struct buf *out, struct err *e)
{
	int lock CLEANUP(cleanup_fd) = -1;
	struct buf bytes CLEANUP(buf_done) = { 0 }, signed_note CLEANUP(buf_done) = { 0 };
	struct checkpoint c = { 0 };
	struct seen s = { 0 };
	if (tlog_check_note(note, log, &c, e))
		return 0;
	if (lock_state(w, &lock, e) || read_state(w, c.origin, &bytes, &s, e))
		return e->code;
	if (!continues(&s, &c, proof, e))
		return 0;
	buf_add_str(&signed_note, note);
	if (note_sign(&signed_note, w->name, NOTE_COSIGNATURE, w->key, w->now, e))
		return e->code;
	if (c.size != s.size && write_state(w, &s, &c, e))
		return e->code;
	buf_add_str(out, str_buf(&signed_note));
	return 1;
}
