/* gzip (RFC 1952) inflated by ISA-L: several members, CRC and length checked by the library, trailing bytes that are no
 * member counted and passed over. A hostile input may try bombs (limits), endless empty members (each costs input) and
 * cut members (ERR_INVALID). */
#include "base/stream.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum { OUT = 256 * 1024 };

struct gzip_stream {
	struct stream s;
	struct stream *below;
	struct inflate_limits limits;
	struct inflate_info own, *info;
	struct inflate_state z;
	struct isal_gzip_header header; /* kept here: a header may come in pieces */
	bool in_header, in_member;
	unsigned char out[OUT];
};

static int next_member(struct gzip_stream *g, struct err *e)
{
	ssize_t n = stream_fill(g->below, e);
	if (n <= 0)
		return (int)n;
	if (g->below->pos[0] != 0x1f) {
		int64_t rest = stream_skip(g->below, INT64_MAX, e);
		if (rest < 0)
			return (int)rest;
		g->info->trailing += (uint64_t)rest;
		return 0;
	}
	isal_inflate_init(&g->z);
	g->z.crc_flag = ISAL_GZIP_NO_HDR_VER;
	isal_gzip_header_init(&g->header);
	g->in_header = g->in_member = true;
	return 1;
}

/* One call of the library over the window below. Returns 1 when the member ended. */
static int inflate_some(struct gzip_stream *g, struct err *e)
{
	ssize_t n = stream_fill(g->below, e);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return err_set(e, ERR_INVALID, "gzip data ends early");
	uint32_t give = (uint32_t)MIN((size_t)n, (size_t)UINT32_MAX);
	g->z.next_in = (unsigned char *)(uintptr_t)g->below->pos;
	g->z.avail_in = give;
	int r = g->in_header ? isal_read_gzip_header(&g->z, &g->header) : isal_inflate(&g->z);
	if (g->in_header && r == ISAL_DECOMP_OK)
		g->in_header = false;
	uint32_t used = give - g->z.avail_in;
	g->below->pos += used;
	g->info->in += used;
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT && r != ISAL_OUT_OVERFLOW)
		return err_set(e, ERR_INVALID,
			       r == ISAL_INCORRECT_CHECKSUM ? "gzip checksum differs"
							    : "gzip data is broken");
	return !g->in_header && g->z.block_state == ISAL_BLOCK_FINISH;
}

static ssize_t gzip_fill(struct stream *s, struct err *e)
{
	struct gzip_stream *g = (struct gzip_stream *)s;
	size_t have = 0;
	while (have == 0) {
		int r = g->in_member ? 1 : next_member(g, e);
		if (r <= 0)
			return r;
		g->z.next_out = g->out;
		g->z.avail_out = OUT;
		do {
			r = inflate_some(g, e);
		} while (r == 0 && g->z.avail_out > OUT / 2);
		if (r < 0)
			return r;
		have = OUT - g->z.avail_out;
		g->info->out += have;
		if (r == 1) {
			g->in_member = false;
			g->info->members++;
		}
		if ((r = inflate_check(g->info, &g->limits, e)))
			return r;
	}
	s->pos = g->out;
	s->end = g->out + have;
	return (ssize_t)have;
}

static void gzip_close(struct stream *s)
{
	struct gzip_stream *g = (struct gzip_stream *)s;
	stream_close(g->below);
	free(g);
}

struct stream *stream_gunzip(struct stream *below, const struct inflate_limits *l,
			     struct inflate_info *info)
{
	static const struct stream_ops ops = { gzip_fill, gzip_close };
	struct gzip_stream *g = calloc(1, sizeof *g);
	if (!g)
		abort();
	g->s.ops = &ops;
	g->below = below;
	g->limits = *l;
	g->info = info ? info : &g->own;
	*g->info = (struct inflate_info){ 0 };
	return &g->s;
}
