/* Zstandard (RFC 8878) by libzstd: several frames, skippable frames, a limit on the window a frame may ask for; trailing
 * bytes that are no frame are counted and passed over. */
#include "base/stream.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { OUT = 256 * 1024 };

struct zstd_stream {
	struct stream s;
	struct stream *below;
	struct inflate_limits limits;
	struct inflate_info own, *info;
	ZSTD_DCtx *z;
	bool in_frame, more; /* more: the library holds output back */
	unsigned char out[OUT];
};

/* Whether another frame begins: by the magic's first byte (0x28, or 0x50 to 0x5F of a skippable one). */
static int next_frame(struct zstd_stream *g, struct err *e)
{
	ssize_t n = stream_fill(g->below, e);
	if (n <= 0)
		return (int)n;
	if (g->below->pos[0] != 0x28 && (g->below->pos[0] & 0xF0) != 0x50) {
		int64_t rest = stream_skip(g->below, INT64_MAX, e);
		if (rest < 0)
			return (int)rest;
		g->info->trailing += (uint64_t)rest;
		return 0;
	}
	g->in_frame = true;
	return 1;
}

static int zstd_failed(const struct zstd_stream *g, size_t r, struct err *e)
{
	if (ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
		return err_set(e, ERR_LIMIT,
			       "a zstd frame asks for a window of more than %llu bytes",
			       1ULL << g->limits.window_log);
	return err_set(e, ERR_INVALID, "zstd data is broken: %s", ZSTD_getErrorName(r));
}

static ssize_t zstd_fill(struct stream *s, struct err *e)
{
	struct zstd_stream *g = (struct zstd_stream *)s;
	ZSTD_outBuffer out = { g->out, OUT, 0 };
	while (out.pos == 0) {
		int r = g->in_frame ? 1 : next_frame(g, e);
		if (r <= 0)
			return r;
		ssize_t n = g->more ? g->below->end - g->below->pos : stream_fill(g->below, e);
		if (n < 0)
			return n;
		if (n == 0 && !g->more)
			return err_set(e, ERR_INVALID, "zstd data ends early");
		ZSTD_inBuffer in = { g->below->pos, (size_t)n, 0 };
		size_t left = ZSTD_decompressStream(g->z, &out, &in);
		g->below->pos += in.pos;
		g->info->in += in.pos;
		if (ZSTD_isError(left))
			return zstd_failed(g, left, e);
		g->more = left != 0 && out.pos == out.size;
		if (left == 0) {
			g->in_frame = false;
			g->info->members++;
		}
	}
	g->info->out += out.pos;
	int r = inflate_check(g->info, &g->limits, e);
	if (r)
		return r;
	s->pos = g->out;
	s->end = g->out + out.pos;
	return (ssize_t)out.pos;
}

static void zstd_close(struct stream *s)
{
	struct zstd_stream *g = (struct zstd_stream *)s;
	ZSTD_freeDCtx(g->z);
	stream_close(g->below);
	free(g);
}

struct stream *stream_unzstd(struct stream *below, const struct inflate_limits *l,
			     struct inflate_info *info)
{
	static const struct stream_ops ops = { zstd_fill, zstd_close };
	struct zstd_stream *g = calloc(1, sizeof *g);
	if (!g || !(g->z = ZSTD_createDCtx()))
		abort();
	ZSTD_DCtx_setParameter(g->z, ZSTD_d_windowLogMax, (int)l->window_log);
	g->s.ops = &ops;
	g->below = below;
	g->limits = *l;
	g->info = info ? info : &g->own;
	*g->info = (struct inflate_info){ 0 };
	return &g->s;
}
