/* The write-ahead log of SQLite ("WAL-mode File Format" in its documentation): a head of 32 bytes (magic, which also
 * says the byte order of the checksums; version, page size, sequence, two salts, checksum), then frames of 24 bytes (page,
 * pages of the database when the frame ends a transaction, the salts, the running checksum) and a page each. What is
 * behind the last commit, or behind a frame with other salts or a wrong checksum, does not count: an older round of
 * the log, or a transaction that never ended.
 *
 * Hostile input: a wrong checksum only shortens the log; sizes are checked against the file. */
#include "analyze/rpm.h"

enum {
	WAL_HEAD = 32,
	WAL_FRAME = 24,
	WAL_VERSION = 3007000,
	WAL_PAGE_MIN = 512,
	WAL_PAGE_MAX = 65536,
};
#define WAL_MAGIC 0x377f0682U /* the lowest bit: checksums over big-endian words */

static void checksum(bool big, const unsigned char *p, size_t n, uint32_t sum[2])
{
	for (; n >= 8; n -= 8, p += 8) {
		sum[0] += (big ? rpm_be32(p) : rpm_le32(p)) + sum[1];
		sum[1] += (big ? rpm_be32(p + 4) : rpm_le32(p + 4)) + sum[0];
	}
}

static int by_page(const void *a, const void *b)
{
	const struct rpm_wal_page *x = a, *y = b;
	if (x->page != y->page)
		return x->page < y->page ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Sorts, and keeps the newest of each page. */
static void newest(struct rpm_wal *w)
{
	size_t n = 0;
	if (w->n)
		qsort(w->pages, w->n, sizeof *w->pages, by_page);
	for (size_t i = 0; i < w->n; i++)
		if (i + 1 == w->n || w->pages[i + 1].page != w->pages[i].page)
			w->pages[n++] = w->pages[i];
	w->n = n;
}

static bool head_is_good(const unsigned char *h, uint32_t sum[2], uint32_t *page_size)
{
	*page_size = rpm_be32(h + 8);
	if ((rpm_be32(h) & ~1U) != WAL_MAGIC || rpm_be32(h + 4) != WAL_VERSION)
		return false;
	if (*page_size < WAL_PAGE_MIN || *page_size > WAL_PAGE_MAX || *page_size & (*page_size - 1))
		return false;
	checksum(h[3] & 1, h, WAL_FRAME, sum);
	return sum[0] == rpm_be32(h + 24) && sum[1] == rpm_be32(h + 28);
}

static int read_frames(struct rpm_wal *w, const unsigned char *head, uint32_t sum[2],
		       unsigned char *frame, size_t cap, struct err *e)
{
	size_t step = WAL_FRAME + w->page_size, committed = 0;
	for (size_t i = 0; i < cap; i++) {
		uint64_t at = WAL_HEAD + (uint64_t)i * step;
		int r = whole_read(w->file, at, frame, step, e);
		if (r != 0)
			return r;
		if (memcmp(frame + 8, head + 16, 8) != 0 || rpm_be32(frame) == 0)
			break;
		checksum(head[3] & 1, frame, 8, sum);
		checksum(head[3] & 1, frame + WAL_FRAME, w->page_size, sum);
		if (sum[0] != rpm_be32(frame + 16) || sum[1] != rpm_be32(frame + 20))
			break;
		w->pages[w->n++] = (struct rpm_wal_page){ rpm_be32(frame), at + WAL_FRAME };
		if (rpm_be32(frame + 4)) {
			committed = w->n;
			w->db_pages = rpm_be32(frame + 4);
		}
	}
	w->n = committed;
	return 0;
}

int rpm_wal_open(struct rpm_wal *w, const struct whole *file, struct err *why, struct err *e)
{
	unsigned char head[WAL_HEAD];
	uint32_t sum[2] = { 0, 0 }, page_size;
	*w = (struct rpm_wal){ .file = file };
	if (file->size < WAL_HEAD)
		return 0;
	int r = whole_read(file, 0, head, sizeof head, e);
	if (r != 0)
		return r;
	if (!head_is_good(head, sum, &page_size)) {
		err_set(why, ERR_INVALID, "the write-ahead log has a broken head and was left out");
		return 0;
	}
	uint64_t frames = (file->size - WAL_HEAD) / (WAL_FRAME + page_size);
	w->page_size = page_size;
	w->pages = calloc(frames + 1, sizeof *w->pages);
	CLEANUP(cleanup_free) unsigned char *frame = malloc(WAL_FRAME + page_size);
	if (!w->pages || !frame)
		abort();
	if ((r = read_frames(w, head, sum, frame, frames, e)) != 0) {
		rpm_wal_done(w);
		return err_in(e, "write-ahead log");
	}
	newest(w);
	return 0;
}

void rpm_wal_done(struct rpm_wal *w)
{
	free(w->pages);
	*w = (struct rpm_wal){ 0 };
}

ssize_t rpm_wal_find(const struct rpm_wal *w, uint32_t page)
{
	size_t from = 0, to = w->n;
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (w->pages[mid].page < page)
			from = mid + 1;
		else
			to = mid;
	}
	return from < w->n && w->pages[from].page == page ? (ssize_t)from : -1;
}
