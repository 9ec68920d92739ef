/* Inflating streams: members, odd pieces, cut and broken data, limits. gzip made by ISA-L, zstd by libzstd, xz by
 * liblzma. */
#include "base/stream.h"

#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <zstd.h>
#include <cmocka.h>

/* Gives its bytes in pieces of n. */
struct pieces {
	struct stream s;
	struct str rest;
	size_t n;
};

static ssize_t pieces_fill(struct stream *s, struct err *e)
{
	struct pieces *p = (struct pieces *)s;
	(void)e;
	size_t n = MIN(p->n, p->rest.n);
	s->pos = (const unsigned char *)p->rest.p;
	s->end = s->pos + n;
	p->rest = str_from(p->rest, n);
	return (ssize_t)n;
}

static void pieces_close(struct stream *s)
{
	free(s);
}

static struct stream *stream_pieces(struct str bytes, size_t n)
{
	static const struct stream_ops ops = { pieces_fill, pieces_close };
	struct pieces *p = calloc(1, sizeof *p);
	assert_non_null(p);
	p->s.ops = &ops;
	p->rest = bytes;
	p->n = n;
	return &p->s;
}

static void gzip_member(struct str in, struct buf *out)
{
	struct isal_zstream z;
	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (unsigned char *)(uintptr_t)in.p;
	z.avail_in = (uint32_t)in.n;
	buf_reserve(out, in.n + in.n / 2 + 4096);
	z.next_out = (unsigned char *)out->p + out->n;
	z.avail_out = (uint32_t)(out->cap - out->n);
	assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
	out->n += z.total_out;
}

static void zstd_frame(struct str in, struct buf *out)
{
	size_t room = ZSTD_compressBound(in.n);
	buf_reserve(out, room);
	size_t n = ZSTD_compress(out->p + out->n, room, in.p, in.n, 3);
	assert_false(ZSTD_isError(n));
	out->n += n;
}

static void xz_stream(struct str in, struct buf *out)
{
	size_t at = 0, room = lzma_stream_buffer_bound(in.n);
	buf_reserve(out, room);
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)in.p,
						 in.n, (uint8_t *)out->p + out->n, &at, room),
			 LZMA_OK);
	out->n += at;
}

static const struct {
	enum compression c;
	void (*make)(struct str in, struct buf *out);
} kinds[] = {
	{ COMPRESSION_GZIP, gzip_member },
	{ COMPRESSION_ZSTD, zstd_frame },
	{ COMPRESSION_XZ, xz_stream },
};

static const struct inflate_limits plenty = { .max_out = UINT64_MAX, .window_log = 25 };

/* Text that compresses, but not to nothing. */
static void make_text(struct buf *b, size_t n)
{
	uint32_t x = 12345;
	while (b->n < n) {
		x = x * 1664525 + 1013904223;
		buf_addf(b, "%u line %zu\n", x >> 20, b->n);
	}
	b->n = n;
}

static int inflate(struct str bytes, size_t piece, enum compression c,
		   const struct inflate_limits *l, struct buf *out, struct inflate_info *info,
		   struct err *e)
{
	CLEANUP(cleanup_stream)
	struct stream *s = stream_inflate(stream_pieces(bytes, piece), c, l, info);
	out->n = 0;
	return stream_read_all(s, 1 << 28, out, e);
}

/* Members of several sizes, also empty ones, read in pieces of several sizes: nothing is lost between members. */
static void test_members(void **state)
{
	static const size_t sizes[] = { 0, 1, 700000, 0, 0, 5, 65536, 262144, 3 };
	static const size_t pieces[] = { 1, 2, 3, 7, 17, 511, 4096, 1 << 20 };
	(void)state;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct buf text = { 0 }, want = { 0 }, packed = { 0 }, got = { 0 };
		make_text(&text, 700000);
		assert_int_equal(compression_of(S("")), COMPRESSION_NONE);
		for (size_t i = 0; i < COUNT(sizes); i++) {
			kinds[k].make((struct str){ text.p, sizes[i] }, &packed);
			buf_add(&want, text.p, sizes[i]);
		}
		assert_int_equal(compression_of(str_buf(&packed)), kinds[k].c);
		for (size_t i = 0; i < COUNT(pieces); i++) {
			struct inflate_info info;
			struct err e = { 0 };
			int r = inflate(str_buf(&packed), pieces[i], kinds[k].c, &plenty, &got,
					&info, &e);
			if (r || !str_eq(str_buf(&got), str_buf(&want)))
				fail_msg("%s in pieces of %zu: %d %s, %zu bytes",
					 compression_name(kinds[k].c), pieces[i], r, e.text, got.n);
			assert_int_equal(info.out, want.n);
			assert_int_equal(info.in, packed.n);
			if (kinds[k].c != COMPRESSION_XZ)
				assert_int_equal(info.members, COUNT(sizes));
			assert_int_equal(info.trailing, 0);
		}
		buf_done(&text);
		buf_done(&want);
		buf_done(&packed);
		buf_done(&got);
	}
}

/* Cut anywhere, or one bit wrong anywhere behind the header: never a clean end with other bytes. */
static void test_cut_and_broken(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct buf text = { 0 }, packed = { 0 }, got = { 0 };
		struct err e;
		make_text(&text, 3000);
		kinds[k].make(str_buf(&text), &packed);
		for (size_t n = 1; n < packed.n; n++)
			if (inflate((struct str){ packed.p, n }, 100, kinds[k].c, &plenty, &got,
				    NULL, &e) != ERR_INVALID)
				fail_msg("%s cut at %zu of %zu", compression_name(kinds[k].c), n,
					 packed.n);
		for (size_t at = 10; at < packed.n && kinds[k].c != COMPRESSION_ZSTD; at++) {
			packed.p[at] = (char)(packed.p[at] ^ 0x10);
			int r = inflate(str_buf(&packed), 100, kinds[k].c, &plenty, &got, NULL, &e);
			if (r == 0 && !str_eq(str_buf(&got), str_buf(&text)))
				fail_msg("%s wrong at %zu", compression_name(kinds[k].c), at);
			packed.p[at] = (char)(packed.p[at] ^ 0x10);
		}
		buf_done(&text);
		buf_done(&packed);
		buf_done(&got);
	}
}

static void test_gzip_checksum(void **state)
{
	struct buf packed = { 0 }, got = { 0 };
	struct err e;
	(void)state;
	for (size_t back = 1; back <= 8; back++) {
		packed.n = 0;
		gzip_member(S("some text that is some text"), &packed);
		packed.p[packed.n - back] = (char)(packed.p[packed.n - back] ^ 1);
		gzip_member(S("another member"), &packed);
		for (size_t piece = 1; piece < 60; piece++)
			assert_int_equal(inflate(str_buf(&packed), piece, COMPRESSION_GZIP, &plenty,
						 &got, NULL, &e),
					 ERR_INVALID);
	}
	buf_done(&packed);
	buf_done(&got);
}

/* RFC 1952's optional fields, by hand: FEXTRA, FNAME, FCOMMENT before a stored block. */
static void test_gzip_header_fields(void **state)
{
	static const char all[] = "\x1f\x8b\x08\x1c\0\0\0\0\0\x03"
				  "\x05\0extra"
				  "name\0"
				  "comment\0"
				  "\x01\x02\0\xfd\xffhi"
				  "\xac\x2a\x93\xd8"
				  "\x02\0\0\0";
	struct buf got = { 0 };
	struct err e = { 0 };
	(void)state;
	for (size_t piece = 1; piece < sizeof all; piece++) {
		int r = inflate((struct str){ all, sizeof all - 1 }, piece, COMPRESSION_GZIP,
				&plenty, &got, NULL, &e);
		if (r || !str_eq(str_buf(&got), S("hi")))
			fail_msg("in pieces of %zu: %d %s", piece, r, e.text);
	}
	buf_done(&got);
}

static void test_trailing(void **state)
{
	(void)state;
	for (size_t k = 0; k < 2; k++)
		for (size_t piece = 1; piece < 50; piece++) {
			struct buf packed = { 0 }, got = { 0 };
			struct inflate_info info;
			struct err e;
			kinds[k].make(S("body"), &packed);
			buf_addf(&packed, "trailing bytes");
			assert_int_equal(inflate(str_buf(&packed), piece, kinds[k].c, &plenty, &got,
						 &info, &e),
					 0);
			assert_true(str_eq(str_buf(&got), S("body")));
			assert_int_equal(info.trailing, 14);
			buf_done(&packed);
			buf_done(&got);
		}
}

static void test_limits(void **state)
{
	struct buf zeros = { 0 };
	(void)state;
	buf_reserve(&zeros, 8 << 20);
	memset(zeros.p, 0, 8 << 20);
	zeros.n = 8 << 20;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct inflate_limits few = { .max_out = 4 << 20, .window_log = 25 };
		struct inflate_limits ratio = { .max_out = UINT64_MAX,
						.max_ratio = 10,
						.window_log = 25 };
		struct inflate_limits exact = { .max_out = 8 << 20, .window_log = 25 };
		struct buf packed = { 0 }, got = { 0 };
		struct err e;
		kinds[k].make(str_buf(&zeros), &packed);
		assert_int_equal(inflate(str_buf(&packed), 4096, kinds[k].c, &few, &got, NULL, &e),
				 ERR_LIMIT);
		assert_true(got.n <= few.max_out);
		assert_int_equal(
			inflate(str_buf(&packed), 4096, kinds[k].c, &ratio, &got, NULL, &e),
			ERR_LIMIT);
		assert_int_equal(
			inflate(str_buf(&packed), 4096, kinds[k].c, &exact, &got, NULL, &e), 0);
		buf_done(&packed);
		buf_done(&got);
	}
	buf_done(&zeros);
}

static void test_zstd_window(void **state)
{
	struct inflate_limits small = { .max_out = UINT64_MAX, .window_log = 20 };
	struct buf text = { 0 }, packed = { 0 }, got = { 0 };
	struct err e;
	(void)state;
	make_text(&text, 4 << 20);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 22);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	buf_reserve(&packed, ZSTD_compressBound(text.n));
	packed.n = ZSTD_compress2(c, packed.p, packed.cap, text.p, text.n);
	ZSTD_freeCCtx(c);
	assert_int_equal(inflate(str_buf(&packed), 4096, COMPRESSION_ZSTD, &small, &got, NULL, &e),
			 ERR_LIMIT);
	assert_int_equal(inflate(str_buf(&packed), 4096, COMPRESSION_ZSTD, &plenty, &got, NULL, &e),
			 0);
	assert_int_equal(got.n, text.n);
	buf_done(&text);
	buf_done(&packed);
	buf_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),	      cmocka_unit_test(test_cut_and_broken),
		cmocka_unit_test(test_gzip_checksum), cmocka_unit_test(test_gzip_header_fields),
		cmocka_unit_test(test_trailing),      cmocka_unit_test(test_limits),
		cmocka_unit_test(test_zstd_window),
	};
	return cmocka_run_group_tests_name("base/stream_inflate", tests, NULL, NULL);
}
