/* Tiles of a log over HTTP (c2sp.org/tlog-tiles; Rekor 2 has them below /api/v2): what lies beside the way from an entry to the
 * root (RFC 6962, section 2.1.1), complete subtrees from the tile of their level, the right edge put together.
 *
 * A hostile log may claim any size (levels and requests are bounded by its logarithm) and give any hashes: the proof then
 * does not hold, which its reader finds out. */
#include "trust/rekor_tiles.h"

#include "trust/service.h"
#include "trust/tlog_tiles.h"

enum { TILES_MAX = 64, TILE_BYTES = TLOG_TILE * MERKLE_HASH }; /* tiles of one proof */
static const char what[] = "transparency log";

struct tile {
	unsigned level;
	uint64_t index;
	struct merkle_hash v[TLOG_TILE];
};
struct tiles {
	struct fetch *f;
	struct str url;
	struct arena *a;
	uint64_t size; /* entries of the tree */
	struct tile *v[TILES_MAX];
	size_t n;
};

static int ask(struct fetch *f, struct str url, size_t max, struct arena *a,
	       struct service_answer *out, struct err *e)
{
	struct fetch_request r = { .url = url };
	if (service_ask(f, what, &r, max, a, out, e))
		return e->code;
	return out->status == 200 ? 0 : service_failed(what, &r, out, e);
}

/* Hashes that this tile has in a tree of this size. */
static unsigned width_of(const struct tiles *t, unsigned level, uint64_t index)
{
	uint64_t all = t->size >> (8 * level);
	return all / TLOG_TILE == index ? (unsigned)(all % TLOG_TILE) : TLOG_TILE;
}

static int get_tile(struct tiles *t, unsigned level, uint64_t index, const struct tile **out,
		    struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	struct service_answer answer;
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->level == level && t->v[i]->index == index) {
			*out = t->v[i];
			return 0;
		}
	if (t->n == TILES_MAX)
		return err_set(e, ERR_LIMIT, "a proof takes more than %d tiles", TILES_MAX);
	unsigned width = width_of(t, level, index);
	buf_add_str(&path, S("api/v2/"));
	tlog_tile_path(level, index, width, &path);
	if (ask(t->f, service_url(t->a, t->url, buf_cstr(&path)), TILE_BYTES, t->a, &answer, e))
		return e->code;
	if (answer.body.n != width * (size_t)MERKLE_HASH)
		return err_set(e, ERR_INVALID, "the transparency log's tile %s is %zu bytes long",
			       buf_cstr(&path), answer.body.n);
	struct tile *tile = ARENA_NEW(t->a, struct tile);
	tile->level = level;
	tile->index = index;
	if (answer.body.n)
		memcpy(tile->v, answer.body.p, answer.body.n);
	*out = t->v[t->n++] = tile;
	return 0;
}

/* The largest power of 2 below n, which is at least 2. */
static uint64_t split(uint64_t n)
{
	return 1ULL << (63 - (unsigned)__builtin_clzll(n - 1));
}

/* The hash over entries from `at` on, n of them: a complete subtree, or one at the right edge. */
static int subtree(struct tiles *t, uint64_t at, uint64_t n, struct merkle_hash *out, struct err *e)
{
	const struct tile *tile = NULL;
	struct merkle_hash l, r;
	if (n & (n - 1)) {
		uint64_t k = split(n);
		if (subtree(t, at, k, &l, e) || subtree(t, at + k, n - k, &r, e))
			return e->code;
		*out = merkle_node(&l, &r);
		return 0;
	}
	unsigned height = (unsigned)__builtin_ctzll(n), level = height / 8;
	uint64_t first = at >> (8 * level);
	if (get_tile(t, level, first / TLOG_TILE, &tile, e))
		return e->code;
	*out = tlog_subtree(&tile->v[first % TLOG_TILE], (size_t)1 << height % 8);
	return 0;
}

/* From the root down, so that the last hash is the first of the proof. */
static int prove(struct tiles *t, uint64_t index, struct log_entry *entry, struct err *e)
{
	struct merkle_hash found[MERKLE_PROOF_MAX];
	uint64_t at = 0, n = t->size;
	size_t count = 0;
	for (; n > 1 && count < MERKLE_PROOF_MAX; count++) {
		uint64_t k = split(n);
		bool left = index - at < k;
		if (subtree(t, left ? at + k : at, left ? n - k : k, &found[count], e))
			return e->code;
		at += left ? 0 : k;
		n = left ? k : n - k;
	}
	entry->hashes = arena_array(t->a, count, sizeof *entry->hashes);
	for (size_t i = 0; i < count; i++)
		entry->hashes[i] =
			arena_str(t->a, (struct str){ (const char *)found[count - 1 - i].bytes,
						      MERKLE_HASH });
	entry->n_hashes = count;
	return 0;
}

int rekor_tiles_prove(struct fetch *f, struct str url, struct arena *a, struct log_entry *entry,
		      struct err *e)
{
	struct tiles t = { .f = f, .url = url, .a = a };
	struct service_answer answer;
	struct note note;
	struct checkpoint c;
	if (ask(f, service_url(a, url, "api/v2/checkpoint"), NOTE_MAX, a, &answer, e))
		return e->code;
	if (note_parse(answer.body, a, &note, e) || checkpoint_parse(note.text, &c, e))
		return err_in(e, "the transparency log's checkpoint");
	if (entry->index >= c.size)
		return err_set(e, ERR_IO,
			       "the transparency log's checkpoint is older than the "
			       "entry that it has");
	t.size = c.size;
	if (prove(&t, entry->index, entry, e))
		return e->code;
	entry->has_proof = true;
	entry->proof_index = entry->index;
	entry->tree_size = c.size;
	entry->root_hash = arena_str(a, (struct str){ (const char *)c.root.bytes, MERKLE_HASH });
	entry->checkpoint = answer.body;
	return 0;
}
