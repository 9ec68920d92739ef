/* The whole of a log computed anew: from the entries the tiles, from the tiles the root (c2sp.org/tlog-tiles).
 *
 * What it finds: an entry altered, removed or put in (named by index), a tile or bundle that is missing or of
 * another width (named by file), tiles that do not hash to the level above, a root that is another. Behind an entry
 * that is wrong the tile's hash goes on into the tree, so that one fault is one finding. */
#include "trust/tlog_tiles.h"

struct check {
	struct tlog *t;
	struct arena *a;
	struct strs *findings;
	struct tlog_edge *edge;
	struct err io; /* the first file that could not be read: then nothing was found out */
};

static void found(struct check *c, struct str text)
{
	if (c->findings->n < TLOG_FINDINGS_MAX)
		*ARENA_PUSH(c->a, c->findings->v, c->findings->n, c->findings->cap) = text;
}

/* A file that is not there or not what it should be is a finding; a disk that fails is none. */
static void found_error(struct check *c, const struct err *e)
{
	if (e->code == ERR_IO && c->io.code == 0)
		c->io = *e;
	else if (e->code != ERR_IO)
		found(c, arena_str(c->a, str_of(e->text)));
}

static void found_entry(struct check *c, uint64_t index, const char *what)
{
	found(c, arena_printf(c->a, "entry %llu %s", (unsigned long long)index, what));
}

/* Holds what is in c->edge against the tile's file. */
static void check_tile(struct check *c, unsigned level)
{
	struct merkle_hash tile[TLOG_TILE];
	unsigned width = c->edge->n[level];
	struct buf path CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	tlog_tile_path(level, c->edge->index[level], width, &path);
	if (tlog_read_tile(c->t->dir, level, c->edge->index[level], width, tile, &e)) {
		found_error(c, &e);
		return;
	}
	for (unsigned i = 0; i < width; i++) {
		if (merkle_eq(&tile[i], &c->edge->v[level][i]))
			continue;
		found(c, arena_printf(c->a, "hash %u of %s is not that of the tile below", i,
				      buf_cstr(&path)));
		return;
	}
}

static void add_leaf(struct check *c, struct merkle_hash h)
{
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		c->edge->v[level][c->edge->n[level]++] = h;
		if (c->edge->n[level] < TLOG_TILE)
			return;
		if (level)
			check_tile(c, level);
		h = tlog_edge_carry(c->edge, level);
	}
}

/* The leaves of a bundle's entries; fewer than `width` when it ends early. */
static unsigned bundle_leaves(struct check *c, uint64_t index, unsigned width,
			      struct merkle_hash *leaves, bool *more)
{
	struct buf bundle CLEANUP(buf_done) = { 0 };
	struct str entry = { 0 };
	struct err e = { 0 };
	unsigned n = 0;
	int r = tlog_read_bundle(c->t->dir, index, width, &bundle, &e);
	if (r == 0)
		for (struct str rest = str_buf(&bundle);
		     (r = tlog_bundle_next(&rest, &entry, &e)) > 0 && n < width; n++)
			leaves[n] = merkle_leaf(entry);
	*more = r > 0 && width == TLOG_TILE;
	if (r < 0) {
		struct buf path CLEANUP(buf_done) = { 0 };
		tlog_tile_path(TLOG_ENTRIES, index, width, &path);
		err_in(&e, "%s", buf_cstr(&path));
		found_error(c, &e);
	}
	return n;
}

static void check_bundle(struct check *c, uint64_t index, unsigned width)
{
	struct merkle_hash leaves[TLOG_TILE], tile[TLOG_TILE];
	struct err e = { 0 };
	bool more = false;
	uint64_t base = index * TLOG_TILE;
	unsigned n = bundle_leaves(c, index, width, leaves, &more), at = 0;
	if (tlog_read_tile(c->t->dir, 0, index, width, tile, &e)) {
		found_error(c, &e);
		for (unsigned i = 0; i < n; i++)
			add_leaf(c, leaves[i]);
		return;
	}
	for (unsigned i = 0; i < width; i++) {
		bool short_of = n - at < width - i,
		     same = at < n && merkle_eq(&leaves[at], &tile[i]);
		bool next =
			short_of && i + 1 < width && at < n && merkle_eq(&leaves[at], &tile[i + 1]);
		if (!same)
			found_entry(c, base + i,
				    at == n || next ? "was removed" : "is not what was logged");
		at += same || (at < n && !next);
		add_leaf(c, tile[i]);
	}
	if (more)
		found_entry(c, base + width - 1, "is followed by one that was never logged");
}

static int recompute(struct check *c, struct err *e)
{
	uint64_t size = c->t->point.size;
	for (uint64_t at = 0; at < size && c->findings->n < TLOG_FINDINGS_MAX && !c->io.code;
	     at += TLOG_TILE)
		check_bundle(c, at / TLOG_TILE, (unsigned)MIN(size - at, (uint64_t)TLOG_TILE));
	if (c->io.code) {
		*e = c->io;
		return err_in(e, "log %s", c->t->path);
	}
	if (c->findings->n == TLOG_FINDINGS_MAX)
		return err_set(e, ERR_INVALID, "log %s: %s; and more", c->t->path,
			       c->findings->v[0].p);
	for (unsigned level = 1; level < TLOG_LEVELS; level++)
		if (c->edge->n[level])
			check_tile(c, level);
	struct merkle_hash root = tlog_edge_root(c->edge);
	if (!merkle_eq(&root, &c->t->point.root))
		found(c, S("the root is not that of the checkpoint"));
	if (c->findings->n)
		return err_set(e, ERR_INVALID, "log %s: %s", c->t->path, c->findings->v[0].p);
	return 0;
}

int tlog_verify(struct tlog *t, struct arena *a, struct strs *findings, struct err *e)
{
	struct strs list = { 0 };
	struct check c = { .t = t, .a = a, .findings = &list };
	c.edge = calloc(1, sizeof *c.edge);
	if (!c.edge)
		abort();
	int r = recompute(&c, e);
	free(c.edge);
	if (r == ERR_IO)
		return r;
	*findings = list;
	return r == 0;
}
