/* Opening and reading a log of our own: its checkpoint, its entries, and proofs made of tiles (c2sp.org/tlog-tiles;
 * RFC 6962 sections 2.1.1 and 2.1.2).
 *
 * Hostile input: a folder altered behind our back, and a checkpoint that is another log's, unsigned or older than
 * the one before. Proofs are checked against the signed root before they are returned. */
#include "trust/tlog_tiles.h"
#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

int tlog_check_note(struct str note, const struct note_verifier *who, struct checkpoint *out,
		    struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct checkpoint c = { 0 };
	struct note n = { 0 };
	if (note_parse(note, &a, &n, e) || checkpoint_parse(n.text, &c, e))
		return e->code;
	if (who && !str_eq(c.origin, who->name))
		return err_set(e, ERR_INVALID, "the checkpoint is of '%.*s', not of '%.*s'",
			       STR(str_upto(c.origin, 100)), STR(str_upto(who->name, 100)));
	if (who && !note_verify(&n, who, NULL))
		return err_set(e, ERR_INVALID, "the checkpoint is not signed by the key of '%.*s'",
			       STR(str_upto(who->name, 100)));
	*out = c;
	return 0;
}

static int read_checkpoint(struct tlog *t, const struct note_verifier *who, struct err *e)
{
	struct buf note CLEANUP(buf_done) = { 0 };
	struct checkpoint c = { 0 };
	if (durable_read(t->dir, "checkpoint", NOTE_MAX, &note, e) ||
	    tlog_check_note(str_buf(&note), who, &c, e))
		return err_in(e, "log %s", t->path);
	buf_done(&t->note);
	t->note = note;
	note = (struct buf){ 0 };
	t->point = c;
	return 0;
}

static struct tlog *tlog_new(struct str dir)
{
	struct tlog *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->path = strndup(dir.p, dir.n);
	if (!t->path)
		abort();
	t->dir = t->lock = -1;
	return t;
}

static int open_dir(struct tlog *t, struct err *e)
{
	t->dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->dir < 0 ? err_sys(e, "opening log %s", t->path) : 0;
}

int tlog_open(struct str dir, const struct note_verifier *who, struct tlog **out, struct err *e)
{
	struct tlog *t CLEANUP(cleanup_tlog) = tlog_new(dir);
	if (open_dir(t, e) || read_checkpoint(t, who, e))
		return e->code;
	*out = STEAL(t);
	return 0;
}

static int take_lock(struct tlog *t, unsigned wait_seconds, struct err *e)
{
	enum { POLLS = 50 };
	struct timespec pause = { .tv_nsec = 1000000000 / POLLS };
	t->lock = openat(t->dir, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (t->lock < 0)
		return err_sys(e, "opening the lock of log %s", t->path);
	for (uint64_t left = (uint64_t)wait_seconds * POLLS;; left--) {
		if (flock(t->lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "locking log %s", t->path);
		if (left == 0)
			return err_set(e, ERR_CONFLICT, "log %s has another writer", t->path);
		nanosleep(&pause, NULL);
	}
}

int tlog_open_writer(struct str dir, const struct key *key, unsigned wait_seconds,
		     struct tlog **out, struct err *e)
{
	struct tlog *t CLEANUP(cleanup_tlog) = tlog_new(dir);
	struct note_verifier who = { .kind = NOTE_ED25519, .key = key };
	struct buf origin CLEANUP(buf_done) = { 0 };
	if (!key_is_private(key))
		return err_set(e, ERR_INVALID, "appending to log %s: the key is a public one",
			       t->path);
	if (open_dir(t, e) || take_lock(t, wait_seconds, e) || read_checkpoint(t, NULL, e))
		return e->code;
	buf_add_str(&origin, t->point.origin);
	who.name = str_buf(&origin);
	note_hint(who.name, who.kind, key, who.hint);
	if (read_checkpoint(t, &who, e) || tlog_recover(t, &who, e))
		return e->code;
	t->key = key;
	t->edge = calloc(1, sizeof *t->edge);
	if (!t->edge)
		abort();
	if (tlog_load_edge(t, e))
		return err_in(e, "log %s", t->path);
	*out = STEAL(t);
	return 0;
}

void tlog_close(struct tlog *t)
{
	if (!t)
		return;
	cleanup_fd(&t->lock);
	cleanup_fd(&t->dir);
	buf_done(&t->note);
	buf_done(&t->bundle);
	free(t->edge);
	free(t->path);
	free(t);
}

void cleanup_tlog(struct tlog **t)
{
	tlog_close(*t);
}

int tlog_refresh(struct tlog *t, const struct note_verifier *who, struct err *e)
{
	uint64_t size = t->point.size;
	struct merkle_hash root = t->point.root;
	if (read_checkpoint(t, who, e))
		return e->code;
	if (t->point.size < size || (t->point.size == size && !merkle_eq(&root, &t->point.root)))
		return err_set(e, ERR_INVALID, "log %s went back from size %llu to %llu", t->path,
			       (unsigned long long)size, (unsigned long long)t->point.size);
	return 0;
}

struct str tlog_origin(const struct tlog *t)
{
	return t->point.origin;
}

uint64_t tlog_size(const struct tlog *t)
{
	return t->point.size;
}

struct merkle_hash tlog_root(const struct tlog *t)
{
	return t->point.root;
}

struct str tlog_checkpoint(const struct tlog *t)
{
	return str_buf(&t->note);
}

/* How wide a tile is under the checkpoint. */
static unsigned width_of(const struct tlog *t, unsigned level, uint64_t index)
{
	return index == t->point.size >> 8 * level >> 8 ? tlog_width(t->point.size, level)
							: TLOG_TILE;
}

static int cached_tile(struct tlog *t, unsigned level, uint64_t index,
		       const struct merkle_hash **out, struct err *e)
{
	unsigned width = width_of(t, level, index);
	for (size_t i = 0; i < TLOG_CACHED; i++) {
		struct tlog_cached *c = &t->cache[level][i];
		if (c->width == width && c->index == index) {
			*out = c->v;
			return 0;
		}
	}
	struct tlog_cached *c = &t->cache[level][t->turn[level]++ % TLOG_CACHED];
	c->width = 0;
	if (tlog_read_tile(t->dir, level, index, width, c->v, e))
		return err_in(e, "log %s", t->path);
	c->index = index;
	c->width = width;
	*out = c->v;
	return 0;
}

/* Hash of the complete subtree of 2^height leaves, the index-th of that height. */
static int subtree_hash(struct tlog *t, unsigned height, uint64_t index, struct merkle_hash *out,
			struct err *e)
{
	const struct merkle_hash *tile = NULL;
	unsigned level = height / 8, inside = height % 8;
	uint64_t at = index << inside;
	if (cached_tile(t, level, at / TLOG_TILE, &tile, e))
		return e->code;
	*out = tlog_subtree(tile + at % TLOG_TILE, (size_t)1 << inside);
	return 0;
}

/* Hash of n leaves from `from`, a multiple of the power of 2 that is not below n: its complete subtrees from the
 * right. */
static int range_hash(struct tlog *t, uint64_t from, uint64_t n, struct merkle_hash *out,
		      struct err *e)
{
	struct merkle_hash root = { 0 }, left = { 0 };
	bool have = false;
	for (unsigned height = 0; height < 64; height++) {
		if (!(n >> height & 1))
			continue;
		uint64_t at = from + (n >> height >> 1 << 1 << height);
		if (subtree_hash(t, height, at >> height, &left, e))
			return e->code;
		root = have ? merkle_node(&left, &root) : left;
		have = true;
	}
	*out = root;
	return 0;
}

/* The largest power of 2 below n, which is above 1. */
static uint64_t split_of(uint64_t n)
{
	return 1ULL << (63 - __builtin_clzll(n - 1));
}

static void reverse(struct merkle_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct merkle_hash h = p->v[i];
		p->v[i] = p->v[p->n - 1 - i];
		p->v[p->n - 1 - i] = h;
	}
}

static int damaged(const struct tlog *t, struct err *e)
{
	return err_set(e, ERR_INVALID, "log %s: the tiles are not those of the checkpoint's root",
		       t->path);
}

int tlog_prove_inclusion(struct tlog *t, uint64_t index, struct merkle_proof *out, struct err *e)
{
	uint64_t from = 0, n = t->point.size, m = index;
	struct merkle_proof p = { .n = 0 };
	struct merkle_hash leaf;
	if (index >= n)
		return err_set(e, ERR_NOT_FOUND, "log %s has no entry %llu: its size is %llu",
			       t->path, (unsigned long long)index, (unsigned long long)n);
	while (n > 1) {
		uint64_t k = split_of(n);
		bool left = m < k;
		if (range_hash(t, left ? from + k : from, left ? n - k : k, &p.v[p.n++], e))
			return e->code;
		from += left ? 0 : k;
		m -= left ? 0 : k;
		n = left ? k : n - k;
	}
	reverse(&p);
	if (subtree_hash(t, 0, index, &leaf, e))
		return e->code;
	if (!merkle_inclusion(index, t->point.size, &leaf, p.v, p.n, &t->point.root))
		return damaged(t, e);
	*out = p;
	return 0;
}

int tlog_prove_consistency(struct tlog *t, uint64_t old_size, struct merkle_proof *out,
			   struct err *e)
{
	uint64_t from = 0, n = t->point.size, m = old_size;
	struct merkle_proof p = { .n = 0 };
	struct merkle_hash old;
	bool whole = true;
	if (m == 0 || m > n)
		return err_set(e, ERR_NOT_FOUND, "log %s had no size %llu: it is %llu", t->path,
			       (unsigned long long)m, (unsigned long long)n);
	while (m != n) {
		uint64_t k = split_of(n);
		bool left = m <= k;
		if (range_hash(t, left ? from + k : from, left ? n - k : k, &p.v[p.n++], e))
			return e->code;
		whole = whole && left;
		from += left ? 0 : k;
		m -= left ? 0 : k;
		n = left ? k : n - k;
	}
	if (!whole && range_hash(t, from, n, &p.v[p.n++], e))
		return e->code;
	reverse(&p);
	if (range_hash(t, 0, old_size, &old, e))
		return e->code;
	if (!merkle_consistency(old_size, t->point.size, &old, &t->point.root, p.v, p.n))
		return damaged(t, e);
	*out = p;
	return 0;
}

int tlog_read_entry(struct tlog *t, uint64_t index, struct buf *out, struct err *e)
{
	struct buf bundle CLEANUP(buf_done) = { 0 };
	struct merkle_proof p = { .n = 0 };
	struct str entry = { 0 };
	uint64_t at = index / TLOG_TILE;
	if (tlog_prove_inclusion(t, index, &p, e))
		return e->code;
	if (tlog_read_bundle(t->dir, at, width_of(t, 0, at), &bundle, e))
		return err_in(e, "log %s", t->path);
	struct str rest = str_buf(&bundle);
	for (uint64_t i = 0; i <= index % TLOG_TILE; i++) {
		int r = tlog_bundle_next(&rest, &entry, e);
		if (r <= 0)
			return err_set(e, ERR_INVALID,
				       "log %s: entry %llu is no longer in its bundle", t->path,
				       (unsigned long long)index);
	}
	struct merkle_hash leaf = merkle_leaf(entry);
	if (!merkle_inclusion(index, t->point.size, &leaf, p.v, p.n, &t->point.root))
		return err_set(e, ERR_INVALID, "log %s: entry %llu is not what was logged", t->path,
			       (unsigned long long)index);
	buf_add_str(out, entry);
	return 0;
}

int tlog_find(struct tlog *t, const struct merkle_hash *leaf, uint64_t from, uint64_t *index,
	      struct err *e)
{
	const struct merkle_hash *tile = NULL;
	for (uint64_t i = from; i < t->point.size; i++) {
		if ((i % TLOG_TILE == 0 || !tile) && cached_tile(t, 0, i / TLOG_TILE, &tile, e))
			return e->code;
		if (merkle_eq(&tile[i % TLOG_TILE], leaf)) {
			*index = i;
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "log %s has no such entry", t->path);
}
