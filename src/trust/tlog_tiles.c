/* The files of a tiled log (c2sp.org/tlog-tiles) and the arithmetic of tiles: names, hashes, entry bundles, right
 * edge.
 *
 * Hostile input: whoever can write to the folder can put anything there. Files are read up to the one size they can
 * have, links are not followed, lengths inside bundles end at the bundle's end. What was read means nothing until
 * hashes up to the signed root say so; that is the callers' business. */
#include "trust/tlog_tiles.h"
#include "base/durable.h"

void tlog_tile_path(unsigned level, uint64_t index, unsigned width, struct buf *out)
{
	unsigned groups[7], n = 0; /* 2^64 is a number of 20 digits */
	if (level == TLOG_ENTRIES)
		buf_add_str(out, S("tile/entries/"));
	else
		buf_addf(out, "tile/%u/", level);
	do {
		groups[n++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index);
	while (n-- > 1)
		buf_addf(out, "x%03u/", groups[n]);
	buf_addf(out, "%03u", groups[0]);
	if (width < TLOG_TILE)
		buf_addf(out, ".p/%u", width);
}

/* The partial file of that width, or the full one, which replaces it once it is there. */
static int read_either(int dir, unsigned level, uint64_t index, unsigned width, size_t max,
		       struct buf *out, bool *full, struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	*full = width == TLOG_TILE;
	tlog_tile_path(level, index, width, &path);
	int r = durable_read(dir, buf_cstr(&path), max, out, e);
	if (r != ERR_NOT_FOUND || *full)
		return r;
	struct err none = { 0 };
	path.n = 0;
	tlog_tile_path(level, index, TLOG_TILE, &path);
	if (durable_read(dir, buf_cstr(&path), max, out, &none))
		return r;
	*full = true;
	return 0;
}

int tlog_read_tile(int dir, unsigned level, uint64_t index, unsigned width, struct merkle_hash *out,
		   struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	bool full = false;
	if (read_either(dir, level, index, width, (size_t)TLOG_TILE * MERKLE_HASH, &bytes, &full,
			e))
		return e->code;
	if (bytes.n != (full ? TLOG_TILE : (size_t)width) * MERKLE_HASH) {
		struct buf path CLEANUP(buf_done) = { 0 };
		tlog_tile_path(level, index, full ? TLOG_TILE : width, &path);
		return err_set(e, ERR_INVALID, "%s has %zu bytes, which is not its width",
			       buf_cstr(&path), bytes.n);
	}
	memcpy(out, bytes.p, (size_t)width * MERKLE_HASH);
	return 0;
}

int tlog_read_bundle(int dir, uint64_t index, unsigned width, struct buf *out, struct err *e)
{
	bool full = false;
	return read_either(dir, TLOG_ENTRIES, index, width, TLOG_BUNDLE_MAX, out, &full, e);
}

int tlog_bundle_next(struct str *rest, struct str *entry, struct err *e)
{
	if (rest->n == 0)
		return 0;
	if (rest->n < 2)
		return err_set(e, ERR_INVALID, "the bundle ends inside a length");
	size_t n = (size_t)(unsigned char)rest->p[0] << 8 | (unsigned char)rest->p[1];
	if (n > rest->n - 2)
		return err_set(e, ERR_INVALID, "the bundle ends inside an entry");
	*entry = (struct str){ rest->p + 2, n };
	*rest = str_from(*rest, 2 + n);
	return 1;
}

void tlog_bundle_add(struct buf *bundle, struct str entry)
{
	buf_add_char(bundle, (char)(entry.n >> 8 & 255));
	buf_add_char(bundle, (char)(entry.n & 255));
	buf_add_str(bundle, entry);
}

struct merkle_hash tlog_subtree(const struct merkle_hash *v, size_t n)
{
	struct merkle_hash level[TLOG_TILE / 2];
	if (n == 1)
		return v[0];
	for (size_t i = 0; i < n / 2; i++)
		level[i] = merkle_node(&v[2 * i], &v[2 * i + 1]);
	for (n /= 2; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			level[i] = merkle_node(&level[2 * i], &level[2 * i + 1]);
	return level[0];
}

unsigned tlog_width(uint64_t size, unsigned level)
{
	return (unsigned)(size >> 8 * level) & (TLOG_TILE - 1);
}

struct merkle_hash tlog_edge_carry(struct tlog_edge *t, unsigned level)
{
	t->n[level] = 0;
	t->index[level]++;
	return tlog_subtree(t->v[level], TLOG_TILE);
}

struct merkle_hash tlog_edge_root(const struct tlog_edge *t)
{
	struct merkle_hash root = { 0 };
	struct digest d;
	bool have = false;
	for (unsigned level = 0; level < TLOG_LEVELS; level++)
		for (unsigned bit = 1; bit < TLOG_TILE; bit <<= 1) {
			if (!(t->n[level] & bit))
				continue;
			const struct merkle_hash *from =
				t->v[level] + (t->n[level] & ~(2 * bit - 1));
			struct merkle_hash left = tlog_subtree(from, bit);
			root = have ? merkle_node(&left, &root) : left;
			have = true;
		}
	if (!have) {
		digest_of(DIGEST_SHA256, S(""), &d);
		memcpy(root.bytes, d.bytes, MERKLE_HASH);
	}
	return root;
}
