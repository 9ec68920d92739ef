/* Streams: the window, plain sources, limit and verify. */
#include "base/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_BUFFER = 256 * 1024, RATIO_FROM = 1 << 20 };

static void *stream_new(size_t size, const struct stream_ops *ops)
{
	struct stream *s = calloc(1, size);
	if (!s)
		abort();
	s->ops = ops;
	return s;
}

ssize_t stream_fill(struct stream *s, struct err *e)
{
	if (s->pos < s->end)
		return s->end - s->pos;
	if (s->failed) {
		*e = s->why;
		return s->failed;
	}
	if (s->at_end)
		return 0;
	ssize_t n = s->ops->fill(s, e);
	if (n < 0) {
		s->failed = (int)n;
		s->why = *e;
	} else if (n == 0) {
		s->at_end = true;
	}
	return n;
}

ssize_t stream_read(struct stream *s, void *p, size_t n, struct err *e)
{
	size_t done = 0;
	while (done < n) {
		ssize_t got = stream_fill(s, e);
		if (got < 0)
			return got;
		if (got == 0)
			break;
		size_t take = MIN((size_t)got, n - done);
		memcpy((char *)p + done, s->pos, take);
		s->pos += take;
		done += take;
	}
	return (ssize_t)done;
}

int stream_read_exact(struct stream *s, void *p, size_t n, struct err *e)
{
	ssize_t got = stream_read(s, p, n, e);
	if (got < 0)
		return (int)got;
	if ((size_t)got < n)
		return err_set(e, ERR_INVALID, "ends early: %zd of %zu bytes", got, n);
	return 0;
}

/* Passes over bytes that need not be read. */
static int64_t skip_unread(struct stream *s, uint64_t n, struct err *e)
{
	if (!s->ops->skip || s->pos < s->end || s->failed || s->at_end || n == 0)
		return 0;
	int64_t got = s->ops->skip(s, n, e);
	if (got < 0) {
		s->failed = (int)got;
		s->why = *e;
	}
	return got;
}

int64_t stream_skip(struct stream *s, uint64_t n, struct err *e)
{
	uint64_t done = 0;
	while (done < n) {
		int64_t passed = skip_unread(s, n - done, e);
		if (passed < 0)
			return passed;
		done += (uint64_t)passed;
		if (passed > 0)
			continue;
		ssize_t got = stream_fill(s, e);
		if (got < 0)
			return got;
		if (got == 0)
			break;
		uint64_t take = MIN((uint64_t)got, n - done);
		s->pos += take;
		done += take;
	}
	return (int64_t)done;
}

int stream_read_all(struct stream *s, size_t max, struct buf *b, struct err *e)
{
	size_t start = b->n;
	for (;;) {
		ssize_t got = stream_fill(s, e);
		if (got <= 0)
			return (int)got;
		if ((size_t)got > max - (b->n - start))
			return err_set(e, ERR_LIMIT, "larger than the limit of %zu bytes", max);
		buf_add(b, s->pos, (size_t)got);
		s->pos = s->end;
	}
}

int stream_digest(struct stream *s, unsigned char alg, struct digest *out, struct err *e)
{
	struct hasher *h = hasher_open(alg);
	ssize_t n;
	while ((n = stream_fill(s, e)) > 0) {
		hasher_add(h, s->pos, (size_t)n);
		s->pos = s->end;
	}
	if (n == 0)
		hasher_end(h, out);
	hasher_close(h);
	return (int)n;
}

int stream_read_line(struct stream *s, size_t max, struct buf *b, struct err *e)
{
	b->n = 0;
	for (;;) {
		ssize_t n = stream_fill(s, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return b->n > 0;
		const unsigned char *nl = memchr(s->pos, '\n', (size_t)n);
		size_t take = nl ? (size_t)(nl - s->pos) : (size_t)n;
		if (take > max - b->n)
			return err_set(e, ERR_LIMIT, "a line is longer than %zu bytes", max);
		buf_add(b, s->pos, take);
		s->pos += take + (nl ? 1 : 0);
		if (nl)
			return 1;
	}
}

int stream_drain(struct stream *s, struct err *e)
{
	int64_t n = stream_skip(s, INT64_MAX, e);
	return n < 0 ? (int)n : 0;
}

void stream_close(struct stream *s)
{
	if (s)
		s->ops->close(s);
}

void cleanup_stream(struct stream **s)
{
	stream_close(*s);
}

/* A descriptor */
struct fd_stream {
	struct stream s;
	int fd;
	bool own;
	off_t offset; /* -1: read where the descriptor stands */
	uint64_t left;
	unsigned char *buffer;
};

static ssize_t fd_fill(struct stream *s, struct err *e)
{
	struct fd_stream *f = (struct fd_stream *)s;
	size_t want = (size_t)MIN(f->left, (uint64_t)FD_BUFFER);
	ssize_t n;
	if (want == 0)
		return 0;
	do {
		n = f->offset < 0 ? read(f->fd, f->buffer, want)
				  : pread(f->fd, f->buffer, want, f->offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read");
	if (f->offset >= 0)
		f->offset += n;
	if (f->left != UINT64_MAX)
		f->left -= (uint64_t)n;
	s->pos = f->buffer;
	s->end = f->buffer + n;
	return n;
}

/* Of a regular file read by offset only: elsewhere bytes have to be read to be passed. */
static int64_t fd_skip(struct stream *s, uint64_t n, struct err *e)
{
	struct fd_stream *f = (struct fd_stream *)s;
	struct stat st;
	(void)e;
	if (f->offset < 0 || fstat(f->fd, &st) || !S_ISREG(st.st_mode) || f->offset >= st.st_size)
		return 0;
	uint64_t there = MIN((uint64_t)(st.st_size - f->offset), f->left);
	n = MIN(n, there);
	f->offset += (off_t)n;
	if (f->left != UINT64_MAX)
		f->left -= n;
	return (int64_t)n;
}

static void fd_close(struct stream *s)
{
	struct fd_stream *f = (struct fd_stream *)s;
	if (f->own)
		close(f->fd);
	free(f->buffer);
	free(f);
}

struct stream *stream_fd(int fd, bool own, off_t offset, uint64_t size)
{
	static const struct stream_ops ops = { fd_fill, fd_close, fd_skip };
	struct fd_stream *f = stream_new(sizeof *f, &ops);
	f->fd = fd;
	f->own = own;
	f->offset = offset;
	f->left = size;
	f->buffer = malloc(FD_BUFFER);
	if (!f->buffer)
		abort();
	return &f->s;
}

/* Memory */
static ssize_t mem_fill(struct stream *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

static void mem_close(struct stream *s)
{
	free(s);
}

struct stream *stream_mem(struct str m)
{
	static const struct stream_ops ops = { mem_fill, mem_close };
	struct stream *s = stream_new(sizeof *s, &ops);
	s->pos = (const unsigned char *)m.p;
	s->end = s->pos + m.n;
	return s;
}

/* Limit and verify: the window of the stream below, passed up as it is */
struct guard_stream {
	struct stream s;
	struct stream *below;
	uint64_t seen, max;
	const char *name;
	struct digest expected;
	struct hasher *hasher;
};

/* Takes the window below into ours. */
static ssize_t pass_window(struct guard_stream *g, struct err *e)
{
	ssize_t n = stream_fill(g->below, e);
	if (n > 0) {
		g->s.pos = g->below->pos;
		g->s.end = g->below->end;
		g->below->pos = g->below->end;
		g->seen += (uint64_t)n;
	}
	return n;
}

static void guard_close(struct stream *s)
{
	struct guard_stream *g = (struct guard_stream *)s;
	hasher_close(g->hasher);
	stream_close(g->below);
	free(g);
}

static int limit_reached(struct guard_stream *g, struct err *e)
{
	g->s.pos = g->s.end = NULL;
	return err_set(e, ERR_LIMIT, "%s is larger than %llu bytes", g->name,
		       (unsigned long long)g->max);
}

static ssize_t limit_fill(struct stream *s, struct err *e)
{
	struct guard_stream *g = (struct guard_stream *)s;
	ssize_t n = pass_window(g, e);
	return g->seen > g->max ? limit_reached(g, e) : n;
}

struct stream *stream_limit(struct stream *below, uint64_t max, const char *name)
{
	static const struct stream_ops ops = { limit_fill, guard_close };
	struct guard_stream *g = stream_new(sizeof *g, &ops);
	g->below = below;
	g->max = max;
	g->name = name;
	return &g->s;
}

static int verify_end(struct guard_stream *g, struct err *e)
{
	char want[DIGEST_TEXT], have[DIGEST_TEXT];
	struct digest got;
	if (g->max != UINT64_MAX && g->seen != g->max)
		return err_set(e, ERR_INVALID, "%s has %llu bytes, its descriptor says %llu",
			       digest_text(&g->expected, want), (unsigned long long)g->seen,
			       (unsigned long long)g->max);
	hasher_end(g->hasher, &got);
	if (!digest_eq(&got, &g->expected))
		return err_set(e, ERR_INVALID, "digest differs: expected %s, the bytes have %s",
			       digest_text(&g->expected, want), digest_text(&got, have));
	return 0;
}

static ssize_t verify_fill(struct stream *s, struct err *e)
{
	struct guard_stream *g = (struct guard_stream *)s;
	ssize_t n = pass_window(g, e);
	if (n == 0)
		return verify_end(g, e);
	if (n > 0 && g->max != UINT64_MAX && g->seen > g->max) {
		char want[DIGEST_TEXT];
		s->pos = s->end = NULL;
		return err_set(e, ERR_INVALID, "%s has more than the %llu bytes of its descriptor",
			       digest_text(&g->expected, want), (unsigned long long)g->max);
	}
	if (n > 0)
		hasher_add(g->hasher, s->pos, (size_t)n);
	return n;
}

struct stream *stream_verify(struct stream *below, const struct digest *expected, uint64_t size)
{
	static const struct stream_ops ops = { verify_fill, guard_close };
	struct guard_stream *g = stream_new(sizeof *g, &ops);
	g->below = below;
	g->max = size;
	g->expected = *expected;
	g->hasher = hasher_open(expected->alg);
	return &g->s;
}

/* Compression */
enum compression compression_of(struct str head)
{
	if (str_starts(head, S("\x1f\x8b")))
		return COMPRESSION_GZIP;
	if (str_starts(head, S("\x28\xb5\x2f\xfd")))
		return COMPRESSION_ZSTD;
	/* A zstd skippable frame: 0x184D2A50 to 0x184D2A5F, little endian. */
	if (head.n >= 4 && ((unsigned char)head.p[0] & 0xF0) == 0x50 &&
	    str_starts(str_from(head, 1), S("\x2a\x4d\x18")))
		return COMPRESSION_ZSTD;
	if (str_starts(head, S("\xfd"
			       "7zXZ\0")))
		return COMPRESSION_XZ;
	if (str_starts(head, S("BZh")))
		return COMPRESSION_BZIP2;
	return COMPRESSION_NONE;
}

const char *compression_name(enum compression c)
{
	static const char *const names[] = { "none", "gzip", "zstd", "xz", "bzip2" };
	return names[c];
}

int inflate_check(const struct inflate_info *i, const struct inflate_limits *l, struct err *e)
{
	if (i->out > l->max_out)
		return err_set(e, ERR_LIMIT, "inflates to more than %llu bytes",
			       (unsigned long long)l->max_out);
	if (l->max_ratio && i->out > RATIO_FROM && i->out / l->max_ratio > i->in)
		return err_set(e, ERR_LIMIT, "inflates to more than %u times its size",
			       l->max_ratio);
	return 0;
}

static ssize_t unsupported_fill(struct stream *s, struct err *e)
{
	(void)s;
	return err_set(e, ERR_UNSUPPORTED, "bzip2 compression is not supported");
}

struct stream *stream_inflate(struct stream *below, enum compression c,
			      const struct inflate_limits *limits, struct inflate_info *info)
{
	static const struct stream_ops unsupported = { unsupported_fill, guard_close };
	struct guard_stream *g;
	switch (c) {
	case COMPRESSION_NONE:
		return stream_limit(below, limits->max_out, "the uncompressed data");
	case COMPRESSION_GZIP:
		return stream_gunzip(below, limits, info);
	case COMPRESSION_ZSTD:
		return stream_unzstd(below, limits, info);
	case COMPRESSION_XZ:
		return stream_unxz(below, limits, info);
	case COMPRESSION_BZIP2:
		break;
	}
	g = stream_new(sizeof *g, &unsupported);
	g->below = below;
	return &g->s;
}

struct stream *stream_inflate_any(int fd, const struct inflate_limits *limits)
{
	struct stream *below = stream_fd(fd, false, -1, UINT64_MAX);
	struct err e = { 0 };
	/* A failure sticks to the stream and is told to whoever reads it. */
	ssize_t n = stream_fill(below, &e);
	struct str head = { (const char *)below->pos, n > 0 ? (size_t)n : 0 };
	return stream_inflate(below, compression_of(head), limits, NULL);
}
