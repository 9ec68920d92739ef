/* Zip archives (PKWARE APPNOTE 6.3), read member by member in the order of the central directory, from memory or from a
 * descriptor that can be read at any offset. Constant memory but for the member asked for. */
#ifndef LAZARET_BASE_ZIP_H
#define LAZARET_BASE_ZIP_H

#include "base/err.h"
#include "base/str.h"

struct zip;
struct zip_limits {
	uint64_t members; /* entries of the directory */
	uint64_t member_bytes; /* inflated bytes of one member */
	uint64_t total_bytes; /* inflated bytes of all members read */
};
struct zip_member {
	struct str name; /* as stored; lives until the next zip_next */
	uint64_t size, packed, header; /* inflated, stored; offset of the local header */
	uint32_t crc;
	uint16_t method, flags;
	bool folder;
};

/* ERR_INVALID when there is no directory. The descriptor stays the caller's. */
int zip_open(int fd, const struct zip_limits *limits, struct zip **out, struct err *e);
/* An archive that lies in the descriptor's file from `offset` on, `size` bytes. */
int zip_open_at(int fd, uint64_t offset, uint64_t size, const struct zip_limits *limits,
		struct zip **out, struct err *e);
/* The bytes stay the caller's and must outlive the zip. */
int zip_open_mem(struct str bytes, const struct zip_limits *limits, struct zip **out, struct err *e);
void zip_close(struct zip *z);
void cleanup_zip(struct zip **z);
/* 1, 0 behind the last, or a code. */
int zip_next(struct zip *z, struct zip_member *out, struct err *e);
/* The member's bytes in place of what is in b. ERR_INVALID when the local header disagrees with the directory, when size
 * or CRC differ; ERR_UNSUPPORTED for encryption and methods other than stored and deflate; ERR_LIMIT. The archive can be
 * read on after any of them. */
int zip_read(struct zip *z, const struct zip_member *m, struct buf *b, struct err *e);

/* Raw deflate (RFC 1951), one whole text at a time; base/stream_deflate.c. */
struct deflate;
struct deflate *deflate_open(void);
void deflate_close(struct deflate *d);
/* True when `packed` is one whole deflate stream that gives exactly n bytes. */
bool deflate_inflate(struct deflate *d, struct str packed, void *out, size_t n);
uint32_t deflate_crc(const void *p, size_t n);
/* A whole zlib stream (RFC 1950) in place of what is in b; what follows it does not count. ERR_INVALID; ERR_LIMIT beyond
 * max bytes. */
int zlib_inflate(struct str packed, size_t max, struct buf *b, struct err *e);

#endif
