/* Berkeley DB hash, the container of rpm up to 4.15 and RHEL 8 ("Packages"), versions 7 to 9 of the format, as the db
 * sources (dbinc/db_page.h) describe it: pages of one size, in the byte order of the machine that wrote it (the magic
 * number tells), page 0 the hash's own. Buckets are found by number through the "spares" table; a bucket is a chain of
 * pages; a page holds items from its end, pairs of key and data; data too long for a page is a chain of overflow pages.
 * The key is the package's number, key 0 the counter.
 *
 * Walked as the database itself walks: bucket by bucket, so that freed pages with stale packages are not read. Hostile
 * input: chains that come back (each page is entered once), items that overlap or point outside, lengths that lie (what a
 * chain does not hold is trouble), bucket counts beyond the file. Not supported: encryption, partitions, and duplicates
 * (rpm uses none). Page checksums are passed over. */
#include "analyze/rpm.h"

enum {
	BDB_MAGIC = 0x061561,
	BDB_META = 512,
	BDB_PAGE_MIN = 512,
	BDB_PAGE_MAX = 65536,
	BDB_SPARES = 32,
	BDB_HEAD = 26, /* of a page; with checksums 6 longer */
	BDB_HEAD_CHECKED = 32,
	PAGE_HASH_UNSORTED = 2,
	PAGE_OVERFLOW = 7,
	PAGE_HASH_META = 8,
	PAGE_HASH = 13,
	ITEM_INLINE = 1,
	ITEM_OVERFLOW = 3,
	ITEM_OVERFLOW_SIZE = 12,
	META_CHECKSUM = 1,
};

struct bdb {
	const struct whole *file;
	struct rpm_sink *sink;
	bool swapped; /* big-endian */
	uint32_t page_size, n_pages, head;
	uint32_t max_bucket, spares[BDB_SPARES];
	unsigned char *seen; /* a bit a page */
	unsigned char *page, *overflow; /* page_size each */
	struct buf header;
};

static void bdb_done(struct bdb *d)
{
	free(d->seen);
	free(d->page);
	free(d->overflow);
	buf_done(&d->header);
}

static uint32_t u32(const struct bdb *d, const unsigned char *p)
{
	return d->swapped ? rpm_be32(p) : rpm_le32(p);
}

static unsigned u16(const struct bdb *d, const unsigned char *p)
{
	return d->swapped ? rpm_be16(p) : (unsigned)p[1] << 8 | p[0];
}

/* Enters a page: it must exist, be of this database, and not have been entered before. */
static int enter(struct bdb *d, uint32_t number, unsigned char *into, struct err *e)
{
	if (number == 0 || number >= d->n_pages)
		return err_set(e, ERR_INVALID, "page %u of %u", number, d->n_pages);
	if (rpm_seen(d->seen, number))
		return err_set(e, ERR_INVALID, "page %u is reached a second time", number);
	int r = whole_read(d->file, (uint64_t)number * d->page_size, into, d->page_size, e);
	return r != 0 ? err_in(e, "page %u", number) : 0;
}

static int read_overflow(struct bdb *d, uint32_t number, uint32_t length, struct err *e)
{
	d->header.n = 0;
	if (length > RPM_HEADER_MAX)
		return err_set(e, ERR_INVALID, "header of %u bytes", length);
	while (d->header.n < length) {
		int r = enter(d, number, d->overflow, e);
		if (r != 0)
			return err_in(e, "overflow chain, %zu of %u bytes", d->header.n, length);
		size_t n = u16(d, d->overflow + 22);
		if (d->overflow[25] != PAGE_OVERFLOW || n == 0 || n > d->page_size - d->head)
			return err_set(e, ERR_INVALID,
				       "page %u is no overflow page, or of %zu bytes", number, n);
		buf_add(&d->header, d->overflow + d->head, MIN(n, length - d->header.n));
		number = u32(d, d->overflow + 16);
	}
	return 0;
}

/* One data item: [at, end) of the page. Trouble goes to the sink. */
static int read_data(struct bdb *d, size_t at, size_t end, struct err *e)
{
	const unsigned char *p = d->page + at;
	struct err why;
	if (p[0] == ITEM_INLINE)
		return rpm_sink_header(d->sink, (struct str){ (const char *)p + 1, end - at - 1 },
				       e);
	if (p[0] != ITEM_OVERFLOW || end - at < ITEM_OVERFLOW_SIZE) {
		err_set(&why, ERR_INVALID, "item of kind %u, %zu bytes", p[0], end - at);
		return rpm_sink_trouble(d->sink, &why);
	}
	if (read_overflow(d, u32(d, p + 4), u32(d, p + 8), &why) != 0)
		return rpm_sink_trouble(d->sink, &why);
	return rpm_sink_header(d->sink, str_buf(&d->header), e);
}

/* Item i of the page lies between its offset and the one before. False when it lies elsewhere. */
static bool item(const struct bdb *d, size_t i, size_t *at, size_t *end)
{
	const unsigned char *index = d->page + d->head;
	*at = u16(d, index + 2 * i);
	*end = i ? u16(d, index + 2 * (i - 1)) : d->page_size;
	return *at >= d->head && *at < *end && *end <= d->page_size;
}

static bool is_counter(const struct bdb *d, size_t at, size_t end)
{
	return end - at == 5 && d->page[at] == ITEM_INLINE && u32(d, d->page + at + 1) == 0;
}

static int read_pairs(struct bdb *d, uint32_t number, struct err *e)
{
	size_t n = u16(d, d->page + 20), key, key_end, at, end;
	struct err why;
	if (n % 2 || n > (d->page_size - d->head) / 2) {
		err_set(&why, ERR_INVALID, "page %u has %zu items", number, n);
		return rpm_sink_trouble(d->sink, &why);
	}
	for (size_t i = 0; i < n; i += 2) {
		if (!item(d, i, &key, &key_end) || !item(d, i + 1, &at, &end)) {
			err_set(&why, ERR_INVALID, "page %u: item %zu lies outside", number, i);
			rpm_sink_trouble(d->sink, &why);
			continue;
		}
		int r = is_counter(d, key, key_end) ? 0 : read_data(d, at, end, e);
		if (r != 0)
			return r;
	}
	return 0;
}

static int read_bucket(struct bdb *d, uint32_t number, struct err *e)
{
	while (number) {
		struct err why;
		if (enter(d, number, d->page, &why) != 0)
			return rpm_sink_trouble(d->sink, &why);
		unsigned kind = d->page[25];
		if (kind == 0) /* a bucket that was never used */
			return 0;
		if (kind != PAGE_HASH && kind != PAGE_HASH_UNSORTED) {
			err_set(&why, ERR_INVALID, "page %u of a bucket is of kind %u", number,
				kind);
			return rpm_sink_trouble(d->sink, &why);
		}
		int r = read_pairs(d, number, e);
		if (r != 0)
			return r;
		number = u32(d, d->page + 16);
	}
	return 0;
}

/* Bucket b is page b + spares[number of bits of b]. */
static uint32_t bucket_page(const struct bdb *d, uint32_t b)
{
	unsigned bits = b ? 32 - (unsigned)__builtin_clz(b) : 0;
	return bits < BDB_SPARES ? b + d->spares[bits] : 0;
}

static int bdb_meta(struct bdb *d, struct err *e)
{
	unsigned char m[BDB_META];
	int r = whole_read(d->file, 0, m, sizeof m, e);
	if (r != 0)
		return r;
	if (rpm_le32(m + 12) != BDB_MAGIC && rpm_be32(m + 12) != BDB_MAGIC)
		return err_set(e, ERR_INVALID, "no Berkeley DB hash");
	d->swapped = rpm_be32(m + 12) == BDB_MAGIC;
	uint32_t version = u32(d, m + 16);
	if (version < 7 || version > 10 || m[24] != 0 || u32(d, m + 36) != 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "Berkeley DB hash of version %u, or encrypted, or in parts",
			       version);
	d->page_size = u32(d, m + 20);
	if (d->page_size < BDB_PAGE_MIN || d->page_size > BDB_PAGE_MAX ||
	    d->page_size & (d->page_size - 1) || m[25] != PAGE_HASH_META)
		return err_set(e, ERR_INVALID,
			       "Berkeley DB pages of %u bytes, the first of kind %u", d->page_size,
			       m[25]);
	uint64_t pages = d->file->size / d->page_size;
	d->n_pages = (uint32_t)MIN(pages, (uint64_t)UINT32_MAX);
	d->head = m[26] & META_CHECKSUM ? BDB_HEAD_CHECKED : BDB_HEAD;
	d->max_bucket = u32(d, m + 72);
	for (size_t i = 0; i < BDB_SPARES; i++)
		d->spares[i] = u32(d, m + 96 + 4 * i);
	if (d->max_bucket >= d->n_pages)
		return err_set(e, ERR_INVALID, "%u buckets in %u pages", d->max_bucket, d->n_pages);
	return 0;
}

int rpm_bdb_read(const struct whole *w, struct rpm_sink *s, struct err *e)
{
	CLEANUP(bdb_done) struct bdb d = { .file = w, .sink = s };
	int r = bdb_meta(&d, e);
	if (r != 0)
		return r;
	d.seen = calloc(d.n_pages / 8 + 1, 1);
	d.page = malloc(d.page_size);
	d.overflow = malloc(d.page_size);
	if (!d.seen || !d.page || !d.overflow)
		abort();
	for (uint32_t b = 0; b <= d.max_bucket; b++) {
		uint32_t page = bucket_page(&d, b);
		if (page == 0) {
			struct err why;
			err_set(&why, ERR_INVALID, "bucket %u has no page", b);
			rpm_sink_trouble(s, &why);
		}
		if ((r = read_bucket(&d, page, e)) != 0)
			return r;
	}
	return 0;
}
