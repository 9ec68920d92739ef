/* ndb, rpm's own container ("Packages.db"; lib/backend/ndb/rpmpkg.c of rpm is its only description): little-endian; a
 * header of 32 bytes, then slots of 16 bytes (magic, package number, offset and length in blocks of 16 bytes) up to the
 * end of the slot pages; each used slot names a blob: head (magic, number, generation, length), the package header, and a
 * tail (Adler-32 over head, data and padding, length, magic) at the end of its last block.
 *
 * Hostile input: slots that name blobs outside the file, inside the slot pages, or the same blob again (the sink's budget
 * stops that), lengths that do not fit. A wrong checksum is trouble and the package is kept, as rpm does on reading. */
#include "analyze/rpm.h"

enum {
	NDB_HEADER = 32,
	NDB_SLOT = 16,
	NDB_BLOCK = 16,
	NDB_PAGE = 4096,
	NDB_HEAD = 16,
	NDB_TAIL = 12,
	NDB_SLOT_PAGES_MAX = 1 << 16,
	ADLER_PRIME = 65521,
	ADLER_RUN = 5552, /* bytes that cannot overflow 32 bits */
};

static uint32_t adler32(const unsigned char *p, size_t n)
{
	uint32_t a = 1, b = 0;
	while (n) {
		size_t run = MIN(n, (size_t)ADLER_RUN);
		n -= run;
		while (run--) {
			a += *p++;
			b += a;
		}
		a %= ADLER_PRIME;
		b %= ADLER_PRIME;
	}
	return b << 16 | a;
}

struct slot {
	uint32_t number, block, blocks;
};

static int check_blob(const struct slot *slot, const unsigned char *p, uint64_t n, struct str *out,
		      struct err *e)
{
	const unsigned char *tail = p + n - NDB_TAIL;
	uint64_t length = rpm_le32(p + 12);
	if (memcmp(p, "BlbS", 4) != 0 || memcmp(tail + 8, "BlbE", 4) != 0 ||
	    rpm_le32(p + 4) != slot->number)
		return err_set(e, ERR_INVALID, "package %u: no blob of its at block %u",
			       slot->number, slot->block);
	if (length != rpm_le32(tail + 4) ||
	    (NDB_HEAD + length + NDB_TAIL + NDB_BLOCK - 1) / NDB_BLOCK != slot->blocks)
		return err_set(e, ERR_INVALID, "package %u: %llu bytes in %u blocks", slot->number,
			       (unsigned long long)length, slot->blocks);
	*out = (struct str){ (const char *)p + NDB_HEAD, length };
	return 0;
}

/* Trouble with one blob goes to the sink; an error ends the reading. */
static int read_blob(const struct whole *w, const struct slot *slot, struct rpm_sink *s,
		     struct buf *b, struct err *e)
{
	struct err why;
	uint64_t at = (uint64_t)slot->block * NDB_BLOCK, n = (uint64_t)slot->blocks * NDB_BLOCK;
	if (n < NDB_HEAD + NDB_TAIL || n > RPM_HEADER_MAX || at > w->size || n > w->size - at) {
		err_set(&why, ERR_INVALID, "package %u: %u blocks at block %u", slot->number,
			slot->blocks, slot->block);
		return rpm_sink_trouble(s, &why);
	}
	if (n > s->header_bytes)
		return err_set(e, ERR_LIMIT,
			       "blobs overlap: together they are larger than the database");
	b->n = 0;
	buf_reserve(b, n);
	struct str header;
	if (whole_read(w, at, b->p, n, &why) != 0 ||
	    check_blob(slot, (const unsigned char *)b->p, n, &header, &why) != 0)
		return rpm_sink_trouble(s, &why);
	if (adler32((const unsigned char *)b->p, n - NDB_TAIL) !=
	    rpm_le32((const unsigned char *)b->p + n - NDB_TAIL)) {
		err_set(&why, ERR_INVALID, "package %u: wrong checksum", slot->number);
		rpm_sink_trouble(s, &why);
	}
	return rpm_sink_header(s, header, e);
}

static int read_slot(const struct whole *w, const unsigned char *p, struct rpm_sink *s,
		     struct buf *b, struct err *e)
{
	struct slot slot = { rpm_le32(p + 4), rpm_le32(p + 8), rpm_le32(p + 12) };
	struct err why;
	if (memcmp(p, "Slot", 4) != 0) {
		err_set(&why, ERR_INVALID, "slot without its magic");
		return rpm_sink_trouble(s, &why);
	}
	if (slot.number == 0 || slot.block == 0)
		return 0;
	return read_blob(w, &slot, s, b, e);
}

int rpm_ndb_read(const struct whole *w, struct rpm_sink *s, struct err *e)
{
	unsigned char page[NDB_PAGE];
	int r = whole_read(w, 0, page, NDB_HEADER, e);
	if (r != 0)
		return r;
	if (memcmp(page, "RpmP", 4) != 0 || rpm_le32(page + 4) != 0)
		return err_set(e, ERR_INVALID, "no ndb package database, or not of version 0");
	uint32_t pages = rpm_le32(page + 12);
	if (pages == 0 || pages > NDB_SLOT_PAGES_MAX)
		return err_set(e, ERR_INVALID, "%u slot pages", pages);
	CLEANUP(buf_done) struct buf b = { 0 };
	for (uint32_t i = 0; i < pages; i++) {
		r = whole_read(w, (uint64_t)i * NDB_PAGE, page, NDB_PAGE, e);
		for (size_t at = i ? 0 : NDB_HEADER; r == 0 && at < NDB_PAGE; at += NDB_SLOT)
			r = read_slot(w, page + at, s, &b, e);
		if (r != 0)
			return r;
	}
	return 0;
}
