/* xz (Packages files and the tar members of .deb archives) by liblzma, with a limit on its memory. */
#include "base/stream.h"

#include <lzma.h>
#include <stdlib.h>

enum { OUT = 256 * 1024, MEMORY = 128 << 20 };

struct xz_stream {
	struct stream s;
	struct stream *below;
	struct inflate_limits limits;
	struct inflate_info own, *info;
	lzma_stream z;
	unsigned char out[OUT];
};

static int xz_failed(lzma_ret r, struct err *e)
{
	if (r == LZMA_MEMLIMIT_ERROR)
		return err_set(e, ERR_LIMIT, "xz data needs more than %d bytes of memory", MEMORY);
	return err_set(e, ERR_INVALID,
		       r == LZMA_BUF_ERROR ? "xz data ends early" : "xz data is broken");
}

static ssize_t xz_fill(struct stream *s, struct err *e)
{
	struct xz_stream *g = (struct xz_stream *)s;
	g->z.next_out = g->out;
	g->z.avail_out = OUT;
	while (g->z.avail_out == OUT) {
		ssize_t n = stream_fill(g->below, e);
		if (n < 0)
			return n;
		g->z.next_in = g->below->pos;
		g->z.avail_in = (size_t)n;
		lzma_ret r = lzma_code(&g->z, n ? LZMA_RUN : LZMA_FINISH);
		size_t used = (size_t)n - g->z.avail_in;
		g->below->pos += used;
		g->info->in += used;
		if (r == LZMA_STREAM_END)
			break;
		if (r != LZMA_OK)
			return xz_failed(r, e);
	}
	size_t have = OUT - g->z.avail_out;
	g->info->out += have;
	int r = inflate_check(g->info, &g->limits, e);
	if (r)
		return r;
	s->pos = g->out;
	s->end = g->out + have;
	return (ssize_t)have;
}

static void xz_close(struct stream *s)
{
	struct xz_stream *g = (struct xz_stream *)s;
	lzma_end(&g->z);
	stream_close(g->below);
	free(g);
}

struct stream *stream_unxz(struct stream *below, const struct inflate_limits *l,
			   struct inflate_info *info)
{
	static const struct stream_ops ops = { xz_fill, xz_close };
	struct xz_stream *g = calloc(1, sizeof *g);
	if (!g || lzma_stream_decoder(&g->z, MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		abort();
	g->s.ops = &ops;
	g->below = below;
	g->limits = *l;
	g->info = info ? info : &g->own;
	*g->info = (struct inflate_info){ 0 };
	return &g->s;
}
