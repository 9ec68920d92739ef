/* Pull streams. `pos`..`end` is a window of bytes that are there; a reader may consume any part of it in place
 * (zero copy) and calls stream_fill for more. The first failure sticks: every later call returns the same error code.
 *
 * A filter owns the stream below it and closes it with itself. A verify stream yields ERR_INVALID in place of
 * end-of-stream when size or digest differ, so unverified data cannot look complete.
 *
 * To add a filter:
 *   1. write a struct whose first member is `struct stream`, with a fill and a close;
 *   2. open it with a function `stream_NAME(struct stream *below, ..., struct err *e)` declared here;
 *   3. give it a unit test that reads it in odd pieces, and a fuzzer when it parses. */
#ifndef LAZARET_BASE_STREAM_H
#define LAZARET_BASE_STREAM_H

#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

struct stream;
struct stream_ops {
	/* Called with an empty window. Sets pos and end and returns the bytes there (> 0), 0 at the end, or a code. */
	ssize_t (*fill)(struct stream *s, struct err *e);
	void (*close)(struct stream *s);        /* frees the stream and what is below it */
	/* Optional. Called with an empty window, to pass over up to n bytes without reading them: how many were passed
	 * (0: the end, or it does not know), or a code. */
	int64_t (*skip)(struct stream *s, uint64_t n, struct err *e);
};
struct stream {
	const struct stream_ops *ops;
	const unsigned char *pos, *end;
	int failed;                             /* the code that sticks, 0 while all is well */
	struct err why;                         /* repeated to later callers; valid when failed */
	bool at_end;
};

/* Makes the window non-empty: returns the bytes in it, 0 at the end of the stream, or a code. */
ssize_t stream_fill(struct stream *s, struct err *e);
/* Reads up to n bytes: fewer only at the end. Returns the count or a code. */
ssize_t stream_read(struct stream *s, void *p, size_t n, struct err *e);
/* Exactly n bytes: ERR_INVALID when the stream ends before ("ends early"). */
int stream_read_exact(struct stream *s, void *p, size_t n, struct err *e);
/* Passes over n bytes: returns how many were there (fewer only at the end) or a code. */
int64_t stream_skip(struct stream *s, uint64_t n, struct err *e);
/* Everything up to the end into b; ERR_LIMIT beyond max bytes. */
int stream_read_all(struct stream *s, size_t max, struct buf *b, struct err *e);
/* The digest of everything up to the end. */
int stream_digest(struct stream *s, unsigned char alg, struct digest *out, struct err *e);
/* The next line without its "\n" in place of what is in b: 1, 0 at the end, ERR_LIMIT for one of more than max bytes. */
int stream_read_line(struct stream *s, size_t max, struct buf *b, struct err *e);
/* Reads to the end and throws away, so that a verify below has the last word. */
int stream_drain(struct stream *s, struct err *e);
void stream_close(struct stream *s);            /* NULL is allowed */
void cleanup_stream(struct stream **s);         /* for CLEANUP */

/* Sources. stream_fd reads a descriptor (closed with the stream when `own`), at most `size` bytes when size is not
 * UINT64_MAX, from `offset` by pread when offset is not -1. stream_mem reads borrowed memory. */
struct stream *stream_fd(int fd, bool own, off_t offset, uint64_t size);
struct stream *stream_mem(struct str s);

/* ERR_LIMIT with "NAME is larger than MAX bytes" once more than max bytes have come. */
struct stream *stream_limit(struct stream *below, uint64_t max, const char *name);
/* Ends with ERR_INVALID unless exactly `size` bytes (UINT64_MAX: any) with this digest have come. */
struct stream *stream_verify(struct stream *below, const struct digest *expected, uint64_t size);

/* Compression, told by magic bytes. */
enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD, COMPRESSION_XZ, COMPRESSION_BZIP2 };
enum compression compression_of(struct str head);       /* wants 6 bytes; fewer: NONE unless they decide */
const char *compression_name(enum compression c);
/* What an inflating stream met; read it after the end. */
struct inflate_info {
	uint64_t in, out;               /* bytes consumed and produced so far */
	unsigned members;               /* gzip members or zstd frames */
	uint64_t trailing;              /* bytes behind the last member that are no member */
};
struct inflate_limits {
	uint64_t max_out;               /* bytes; ERR_LIMIT beyond */
	unsigned max_ratio;             /* out : in, checked once 1 MiB is out; 0: none */
	unsigned window_log;            /* zstd: the largest window accepted, as a power of two (25 = 32 MiB) */
};
/* info may be NULL; it must outlive the stream. ERR_UNSUPPORTED for bzip2. */
struct stream *stream_inflate(struct stream *below, enum compression c, const struct inflate_limits *limits,
                              struct inflate_info *info);
/* What a descriptor (not closed) holds, inflated when it is compressed. */
struct stream *stream_inflate_any(int fd, const struct inflate_limits *limits);
/* ERR_LIMIT when what came out so far is more than the limits allow; for the filters below. */
int inflate_check(const struct inflate_info *i, const struct inflate_limits *l, struct err *e);
/* One owner file each; called by stream_inflate. */
struct stream *stream_gunzip(struct stream *below, const struct inflate_limits *l, struct inflate_info *info);
struct stream *stream_unzstd(struct stream *below, const struct inflate_limits *l, struct inflate_info *info);
struct stream *stream_unxz(struct stream *below, const struct inflate_limits *l, struct inflate_info *info);

#endif
