/* SQLite 3, the container of rpm since 4.16 ("rpmdb.sqlite"), read by us from the file's description ("Database File
 * Format" in SQLite's documentation): no SQL, one table. Page 1 has the schema, whose row for the table Packages names its
 * root page; a table is a tree of pages, leaves hold rows, what does not fit a row's page is in a chain of overflow
 * pages. Column 1 of a row is the package header. A write-ahead log (rpm_wal.c) lies over the pages.
 *
 * Hostile input: trees and chains that come back (each page is entered once), cells that overlap (the sink's budget), sizes
 * and variable-length numbers that lie, depth. Not supported: UTF-16, rollback journals, WITHOUT ROWID (rpm's table is
 * none). */
#include "analyze/rpm.h"

enum {
	SQL_HEAD = 100,
	SQL_PAGE_MIN = 512,
	SQL_PAGE_MAX = 65536,
	SQL_USABLE_MIN = 480,
	SQL_UTF8 = 1,
	SQL_DEPTH = 20,
	SQL_ROW_HEAD = 4096, /* bytes of a row's head that are looked at */
	SQL_SCHEMA_ROWS = 1000,
	TREE_INNER = 5,
	TREE_LEAF = 13,
};

struct sqlite {
	const struct whole *file;
	struct rpm_wal log;
	struct rpm_sink *sink;
	uint32_t page_size, usable; /* bytes */
	uint32_t n_pages, file_pages; /* as the last commit has it; whole ones in the file */
	unsigned char *seen; /* a bit a page of the file, then a bit a page of the log */
	unsigned char *pages[SQL_DEPTH], *overflow;
	struct buf row;
	uint64_t row_bytes; /* still to be copied out of cells */
	uint32_t root; /* of the table Packages; 0: not found */
	uint32_t schema_rows;
};
/* What to do with a row; ERR_LIMIT and the like stop the walk. */
typedef int (*row_fn)(struct sqlite *d, struct str row, struct err *e);

static void sqlite_done(struct sqlite *d)
{
	rpm_wal_done(&d->log);
	for (size_t i = 0; i < SQL_DEPTH; i++)
		free(d->pages[i]);
	free(d->overflow);
	free(d->seen);
	buf_done(&d->row);
}

static void *page_memory(const struct sqlite *d)
{
	void *p = malloc(d->page_size);
	if (!p)
		abort();
	return p;
}

/* Enters a page, from the log when it has it: it must exist and not have been entered before. */
static int enter(struct sqlite *d, uint32_t number, unsigned char *into, struct err *e)
{
	if (number == 0 || number > d->n_pages)
		return err_set(e, ERR_INVALID, "page %u of %u", number, d->n_pages);
	ssize_t i = d->log.n ? rpm_wal_find(&d->log, number) : -1;
	if (i < 0 && number > d->file_pages)
		return err_set(e, ERR_INVALID, "page %u is behind the end of the file", number);
	if (rpm_seen(d->seen, i < 0 ? number - 1 : d->file_pages + (uint64_t)i))
		return err_set(e, ERR_INVALID, "page %u is reached a second time", number);
	int r = i < 0 ? whole_read(d->file, (uint64_t)(number - 1) * d->page_size, into,
				   d->page_size, e)
		      : whole_read(d->log.file, d->log.pages[i].at, into, d->page_size, e);
	return r != 0 ? err_in(e, "page %u", number) : 0;
}

/* A number of 1 to 9 bytes, most significant first; 0 bytes: it does not end within n. */
static size_t varint(const unsigned char *p, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n && i < 9; i++) {
		v = i == 8 ? v << 8 | p[i] : v << 7 | (p[i] & 0x7f);
		if (i == 8 || !(p[i] & 0x80)) {
			*out = v;
			return i + 1;
		}
	}
	return 0;
}

/* How many bytes of a payload lie in the cell itself. */
static uint64_t local_part(const struct sqlite *d, uint64_t payload)
{
	uint64_t most = d->usable - 35, least = (d->usable - 12) * 32 / 255 - 23;
	if (payload <= most)
		return payload;
	uint64_t k = least + (payload - least) % (d->usable - 4);
	return k <= most ? k : least;
}

static int read_overflow(struct sqlite *d, uint32_t number, uint64_t payload, struct err *e)
{
	while (d->row.n < payload) {
		int r = enter(d, number, d->overflow, e);
		if (r != 0)
			return err_in(e, "overflow chain, %zu of %llu bytes", d->row.n,
				      (unsigned long long)payload);
		buf_add(&d->row, d->overflow + 4, MIN((uint64_t)d->usable - 4, payload - d->row.n));
		number = rpm_be32(d->overflow);
	}
	return 0;
}

/* The row of a leaf's cell into d->row. */
static int read_cell(struct sqlite *d, const unsigned char *page, size_t at, struct err *e)
{
	uint64_t payload, rowid;
	size_t n = varint(page + at, d->usable - at, &payload);
	size_t m = n ? varint(page + at + n, d->usable - at - n, &rowid) : 0;
	d->row.n = 0;
	if (!m || payload > RPM_HEADER_MAX)
		return err_set(e, ERR_INVALID, "cell at %zu is broken", at);
	at += n + m;
	uint64_t local = local_part(d, payload), need = local + (local < payload ? 4 : 0);
	if (need > d->usable - at)
		return err_set(e, ERR_INVALID, "cell at %zu lies outside its page", at);
	buf_add(&d->row, page + at, local);
	return local < payload ? read_overflow(d, rpm_be32(page + at + local), payload, e) : 0;
}

static int read_leaf(struct sqlite *d, const unsigned char *page, uint32_t number, row_fn row,
		     struct err *e)
{
	const unsigned char *head = page + (number == 1 ? SQL_HEAD : 0);
	size_t cells = rpm_be16(head + 3), room = d->usable - (size_t)(head - page) - 8;
	struct err why;
	if (cells > room / 2) {
		err_set(&why, ERR_INVALID, "page %u has %zu cells", number, cells);
		return rpm_sink_trouble(d->sink, &why);
	}
	for (size_t i = 0; i < cells; i++) {
		size_t at = rpm_be16(head + 8 + 2 * i);
		int r = at < d->usable ? read_cell(d, page, at, &why)
				       : err_set(&why, ERR_INVALID, "cell %zu lies outside", i);
		if (d->row.n > d->row_bytes)
			return err_set(e, ERR_LIMIT,
				       "rows overlap: together they are larger than the database");
		d->row_bytes -= d->row.n;
		if (r != 0) {
			err_in(&why, "page %u", number);
			rpm_sink_trouble(d->sink, &why);
		} else if ((r = row(d, str_buf(&d->row), e)) != 0) {
			return r;
		}
	}
	return 0;
}

/* The tree below a page; depth is bounded, each page is entered once. Trouble with a page goes to the sink. */
static int read_tree(struct sqlite *d, uint32_t number, unsigned depth, row_fn row, struct err *e)
{
	struct err why;
	if (depth >= SQL_DEPTH) {
		err_set(&why, ERR_INVALID, "tree is deeper than %d", SQL_DEPTH);
		return rpm_sink_trouble(d->sink, &why);
	}
	if (!d->pages[depth])
		d->pages[depth] = page_memory(d);
	unsigned char *page = d->pages[depth];
	if (enter(d, number, page, &why) != 0)
		return rpm_sink_trouble(d->sink, &why);
	const unsigned char *head = page + (number == 1 ? SQL_HEAD : 0);
	if (head[0] == TREE_LEAF)
		return read_leaf(d, page, number, row, e);
	size_t cells = rpm_be16(head + 3), room = d->usable - (size_t)(head - page) - 12;
	if (head[0] != TREE_INNER || cells > room / 2) {
		err_set(&why, ERR_INVALID, "page %u is of kind %u with %zu cells", number, head[0],
			cells);
		return rpm_sink_trouble(d->sink, &why);
	}
	for (size_t i = 0; i <= cells; i++) {
		size_t at = i < cells ? rpm_be16(head + 12 + 2 * i) : 0;
		if (at + 4 > d->usable) {
			err_set(&why, ERR_INVALID, "page %u: cell %zu lies outside", number, i);
			rpm_sink_trouble(d->sink, &why);
			continue;
		}
		int r = read_tree(d, rpm_be32(i < cells ? page + at : head + 8), depth + 1, row, e);
		if (r != 0)
			return r;
	}
	return 0;
}

struct column {
	uint64_t
		type; /* as in the row's head: 1 to 6 integers, even from 12 blobs, odd from 13 text */
	struct str data;
};

static uint64_t column_size(uint64_t type)
{
	static const unsigned char fixed[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };
	return type < COUNT(fixed) ? fixed[type] : (type - 12) / 2;
}

/* The first n columns of a row. */
static int row_columns(struct str row, struct column *out, size_t n, struct err *e)
{
	const unsigned char *p = (const unsigned char *)row.p;
	uint64_t head;
	size_t at = row.n ? varint(p, row.n, &head) : 0;
	if (!at || head > row.n || head > SQL_ROW_HEAD)
		return err_set(e, ERR_INVALID, "row with a broken head");
	size_t data = head;
	for (size_t i = 0; i < n; i++) {
		size_t k = at < head ? varint(p + at, head - at, &out[i].type) : 0;
		if (!k || column_size(out[i].type) > row.n - data)
			return err_set(e, ERR_INVALID, "row with a broken column %zu", i);
		at += k;
		out[i].data = (struct str){ row.p + data, column_size(out[i].type) };
		data += out[i].data.n;
	}
	return 0;
}

static int schema_row(struct sqlite *d, struct str row, struct err *e)
{
	struct column c[4]; /* type, name, tbl_name, rootpage */
	struct err why;
	if (++d->schema_rows > SQL_SCHEMA_ROWS)
		return err_set(e, ERR_LIMIT, "more than %d tables", SQL_SCHEMA_ROWS);
	if (row_columns(row, c, COUNT(c), &why) != 0)
		return rpm_sink_trouble(d->sink, &why);
	if (!str_eq(c[0].data, S("table")) || !str_eq_nocase(c[1].data, S("Packages")))
		return 0;
	uint64_t root = 0;
	for (size_t i = 0; i < c[3].data.n; i++)
		root = root << 8 | (unsigned char)c[3].data.p[i];
	d->root = c[3].type == 9 ? 1 : c[3].type <= 6 && root <= UINT32_MAX ? (uint32_t)root : 0;
	return 0;
}

static int package_row(struct sqlite *d, struct str row, struct err *e)
{
	struct column c[2];
	struct err why;
	int r = row_columns(row, c, COUNT(c), &why);
	if (r == 0 && (c[1].type < 12 || c[1].type & 1))
		r = err_set(&why, ERR_INVALID, "row of Packages without a header");
	return r != 0 ? rpm_sink_trouble(d->sink, &why) : rpm_sink_header(d->sink, c[1].data, e);
}

static int sqlite_head(struct sqlite *d, struct err *e)
{
	unsigned char h[SQL_HEAD];
	ssize_t i = d->log.n ? rpm_wal_find(&d->log, 1) : -1;
	int r = i < 0 ? whole_read(d->file, 0, h, sizeof h, e)
		      : whole_read(d->log.file, d->log.pages[i].at, h, sizeof h, e);
	if (r != 0)
		return r;
	if (memcmp(h, "SQLite format 3", 16) != 0)
		return err_set(e, ERR_INVALID, "no SQLite database");
	d->page_size = rpm_be16(h + 16) == 1 ? SQL_PAGE_MAX : rpm_be16(h + 16);
	d->usable = d->page_size - h[20];
	if (d->page_size < SQL_PAGE_MIN || d->page_size & (d->page_size - 1) ||
	    d->usable < SQL_USABLE_MIN)
		return err_set(e, ERR_INVALID, "SQLite pages of %u bytes, %u reserved",
			       d->page_size, h[20]);
	if (d->log.n && d->log.page_size != d->page_size)
		return err_set(e, ERR_INVALID, "pages of %u bytes, in its log of %u", d->page_size,
			       d->log.page_size);
	uint32_t encoding = rpm_be32(h + 56);
	if (encoding != SQL_UTF8 && encoding != 0)
		return err_set(e, ERR_UNSUPPORTED, "SQLite database in UTF-16");
	d->file_pages = (uint32_t)MIN(d->file->size / d->page_size, (uint64_t)UINT32_MAX - 1);
	d->n_pages = d->log.n ? d->log.db_pages : d->file_pages;
	return 0;
}

int rpm_sqlite_read(const struct whole *w, const struct whole *wal, struct rpm_sink *s,
		    struct err *e)
{
	CLEANUP(sqlite_done) struct sqlite d = { .file = w, .sink = s };
	struct err why = { 0 };
	d.row_bytes = w->size + (wal ? wal->size : 0);
	int r = wal ? rpm_wal_open(&d.log, wal, &why, e) : 0;
	if (r != 0)
		return r;
	if (why.code)
		rpm_sink_trouble(s, &why);
	if ((r = sqlite_head(&d, e)) != 0)
		return r;
	d.seen = calloc(((uint64_t)d.file_pages + d.log.n) / 8 + 1, 1);
	d.overflow = page_memory(&d);
	if (!d.seen)
		abort();
	if ((r = read_tree(&d, 1, 0, schema_row, e)) != 0)
		return r;
	if (d.root < 2)
		return err_set(e, ERR_INVALID, "SQLite database without a table Packages");
	return read_tree(&d, d.root, 0, package_row, e);
}
