/* Makes tar archives in memory for tests: plain ustar headers with whatever lies one wants in them. */
#ifndef LAZARET_TESTS_MAKE_TAR_H
#define LAZARET_TESTS_MAKE_TAR_H

#include "base/str.h"

#include <stdio.h>

static inline void tar_sum(unsigned char *h)
{
	unsigned sum = 0;
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
}

static inline void tar_pad(struct buf *b)
{
	static const char zero[512];
	buf_add(b, zero, (512 - b->n % 512) % 512);
}

/* A header with this size field, without a body; returns where it begins, for changes (then tar_sum again). */
static inline size_t tar_header(struct buf *b, char flag, const char *name, const char *link,
				size_t size)
{
	unsigned char h[512] = { 0 };
	memcpy(h, name, MIN(strlen(name), (size_t)100));
	snprintf((char *)h + 100, 8, "%07o", 0644);
	snprintf((char *)h + 108, 8, "%07o", 1000);
	snprintf((char *)h + 116, 8, "%07o", 100);
	snprintf((char *)h + 124, 12, "%011zo", size);
	snprintf((char *)h + 136, 12, "%011o", 1700000000);
	h[156] = (unsigned char)flag;
	memcpy(h + 157, link, MIN(strlen(link), (size_t)100));
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	tar_sum(h);
	buf_add(b, h, sizeof h);
	return b->n - sizeof h;
}

static inline void tar_file(struct buf *b, const char *name, struct str body)
{
	tar_header(b, '0', name, "", body.n);
	buf_add_str(b, body);
	tar_pad(b);
}

/* An empty file of this mode. */
static inline void tar_file_mode(struct buf *b, const char *name, unsigned mode)
{
	size_t at = tar_header(b, '0', name, "", 0);
	snprintf(b->p + at + 100, 8, "%07o", mode);
	tar_sum((unsigned char *)b->p + at);
}

/* A header of type 'x', 'g', 'L' or 'K' and its body. */
static inline void tar_meta(struct buf *b, char flag, struct str body)
{
	tar_header(b, flag, "meta", "", body.n);
	buf_add_str(b, body);
	tar_pad(b);
}

static inline void tar_finish(struct buf *b)
{
	static const char zero[1024];
	buf_add(b, zero, sizeof zero);
}

#endif
