/* The tar reader: archives made in code, and by the tar program in its formats. */
#include "oci/tar.h"
#include "make_tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* All entries as "T name size[>link];", and "!" and the code at the first error. */
static void list(struct str bytes, struct buf *out)
{
	CLEANUP(cleanup_stream) struct stream *s = stream_mem(bytes);
	struct tar t;
	struct tar_entry te;
	struct err e;
	int r;
	tar_open(&t, s);
	while ((r = tar_next(&t, &te, &e)) > 0) {
		buf_addf(out, "%c %.*s %llu", "fhscbdpo"[te.type], STR(te.name),
			 (unsigned long long)te.size);
		if (te.link.n)
			buf_addf(out, ">%.*s", STR(te.link));
		buf_addf(out, te.sparse ? " sparse %llu;" : ";", (unsigned long long)te.real_size);
	}
	if (r < 0)
		buf_addf(out, "!%d", r);
	if (t.global_ignored)
		buf_addf(out, "global");
	tar_close(&t);
}

static void assert_list(const char *what, struct buf *archive, const char *want)
{
	struct buf got = { 0 };
	list(str_buf(archive), &got);
	if (!str_eq(str_buf(&got), str_of(want)))
		fail_msg("%s: got '%.*s', want '%s'", what, STR(str_buf(&got)), want);
	buf_done(&got);
	buf_done(archive);
}

static void test_types(void **state)
{
	struct buf b = { 0 };
	(void)state;
	tar_file(&b, "file", S("body"));
	tar_header(&b, '1', "hard", "file", 77);
	tar_header(&b, '2', "soft", "/x", 0);
	tar_header(&b, '5', "dir/", "", 512);
	tar_header(&b, '3', "char", "", 0);
	tar_header(&b, '6', "pipe", "", 0);
	tar_header(&b, '\0', "olddir/", "", 0);
	tar_header(&b, '\0', "old", "", 0);
	tar_header(&b, '7', "contiguous", "", 0);
	tar_header(&b, 'V', "label", "", 0);
	tar_finish(&b);
	assert_list(
		"types", &b,
		"f file 4;h hard 0>file;s soft 0>/x;d dir/ 0;c char 0;p pipe 0;d olddir/ 0;f old 0;"
		"f contiguous 0;o label 0;");
}

static void test_names(void **state)
{
	struct buf b = { 0 };
	(void)state;
	size_t at = tar_header(&b, '0', "name", "", 0);
	memcpy(b.p + at + 345, "pre/fix", 7);
	tar_sum((unsigned char *)b.p + at);
	tar_meta(&b, 'L', (struct str){ "gnu long\0", 9 });
	tar_meta(&b, 'K', (struct str){ "gnu target\0", 11 });
	tar_header(&b, '2', "short", "short", 0);
	tar_meta(&b, 'x', S("17 path=pax name\n19 linkpath=target\n"));
	tar_header(&b, '2', "short", "short", 0);
	tar_meta(&b, 'x', S("9 path=p\n"));
	tar_meta(&b, 'L', S("gnu wins"));
	tar_header(&b, '0', "short", "", 0);
	tar_meta(&b, 'x', S("8 path=\n"));
	tar_header(&b, '0', "empty leaves it", "", 0);
	tar_meta(&b, 'x', S("9 size=4\n"));
	tar_header(&b, '0', "sized", "", 0);
	buf_addf(&b, "body");
	tar_pad(&b);
	tar_meta(&b, 'g', S("15 comment=abc\n"));
	tar_header(&b, '0', "after comment", "", 0);
	tar_meta(&b, 'g', S("12 path=all\n"));
	tar_header(&b, '0', "after global", "", 0);
	tar_finish(&b);
	assert_list("names", &b,
		    "f pre/fix/name 0;s gnu long 0>gnu target;s pax name 0>target;f gnu wins 0;"
		    "f empty leaves it 0;f sized 4;f after comment 0;f after global 0;global");
}

static void test_base256(void **state)
{
	static const unsigned char size[12] = { 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4 },
				   negative[12] = { 0xff, 0xff };
	struct buf b = { 0 };
	(void)state;
	size_t at = tar_header(&b, '0', "name", "", 0);
	memcpy(b.p + at + 124, size, 12);
	tar_sum((unsigned char *)b.p + at);
	buf_addf(&b, "body");
	tar_pad(&b);
	at = tar_header(&b, '0', "negative", "", 0);
	memcpy(b.p + at + 124, negative, 12);
	tar_sum((unsigned char *)b.p + at);
	tar_finish(&b);
	assert_list("base 256", &b, "f name 4;!-3");
}

static void test_sparse(void **state)
{
	struct buf b = { 0 };
	(void)state;
	size_t at = tar_header(&b, 'S', "old", "", 4);
	memcpy(b.p + at + 483, "00000100000", 11);
	b.p[at + 482] = 1;
	tar_sum((unsigned char *)b.p + at);
	tar_pad(&b);
	at = b.n;
	buf_addf(&b, "map");
	tar_pad(&b);
	b.p[at + 504] = 1;
	buf_addf(&b, "more map");
	tar_pad(&b);
	buf_addf(&b, "body");
	tar_pad(&b);
	tar_meta(&b, 'x',
		 S("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n28 GNU.sparse.name=a/sparse\n"
		   "29 GNU.sparse.realsize=99999\n"));
	tar_file(&b, "GNUSparseFile.0/sparse", S("map and pieces"));
	tar_meta(&b, 'x', S("22 GNU.sparse.size=77\n"));
	tar_file(&b, "version0", S("pieces"));
	tar_file(&b, "behind", S("x"));
	tar_finish(&b);
	assert_list("sparse", &b,
		    "f old 4 sparse 32768;f a/sparse 14 sparse 99999;f version0 6 sparse 77;f "
		    "behind 1;");
}

static void test_refused(void **state)
{
	static const struct {
		const char *what, *meta, *want;
		char flag;
	} t[] = {
		{ "pax without length", "path=x\n", "!-3", 'x' },
		{ "pax length too long", "99 path=x\n", "!-3", 'x' },
		{ "pax length too short", "5 path=x\n", "!-3", 'x' },
		{ "pax without line feed", "9 path=xy", "!-3", 'x' },
		{ "pax without equals", "7 path\n", "!-3", 'x' },
		{ "pax size no number", "11 size=-1\n", "!-3", 'x' },
		{ "pax size too large", "28 size=9223372036854775808\n", "!-3", 'x' },
	};
	struct buf b = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		tar_meta(&b, t[i].flag, str_of(t[i].meta));
		tar_file(&b, "x", S(""));
		tar_finish(&b);
		assert_list(t[i].what, &b, t[i].want);
	}
	tar_header(&b, 'L', "too long", "", TAR_META_MAX + 1);
	assert_list("meta too long", &b, "!-4");
	tar_header(&b, '0', "cut", "", 1000);
	buf_addf(&b, "body");
	assert_list("cut body", &b, "f cut 1000;!-3");
	tar_file(&b, "x", S("1"));
	b.n -= 511;
	assert_list("the last padding left out", &b, "f x 1;");
	tar_file(&b, "x", S(""));
	b.n -= 1;
	assert_list("cut header", &b, "!-3");
	tar_file(&b, "x", S(""));
	b.p[0] = 'y';
	assert_list("checksum", &b, "!-3");
	tar_finish(&b);
	b.n -= 512;
	tar_file(&b, "hidden", S(""));
	assert_list("lone zero block", &b, "!-3");
	assert_list("empty", &b, "");
}

/* Bodies in windows of odd sizes. */
static void test_bodies(void **state)
{
	struct buf b = { 0 }, got = { 0 };
	(void)state;
	for (int i = 0; i < 30; i++) {
		struct buf body = { 0 };
		for (int k = 0; k < i * 97; k++)
			buf_addf(&body, "%d", k % 10);
		tar_file(&b, "name", str_buf(&body));
		buf_done(&body);
	}
	tar_finish(&b);
	CLEANUP(cleanup_stream) struct stream *s = stream_mem(str_buf(&b));
	struct tar t;
	struct tar_entry te;
	struct str piece;
	struct err e;
	tar_open(&t, s);
	for (int i = 0; tar_next(&t, &te, &e) > 0; i++) {
		got.n = 0;
		assert_int_equal(te.offset % 512, 0);
		/* Every third is left half read. */
		while (tar_body(&t, &piece, &e) > 0 && i % 3)
			buf_add_str(&got, piece);
		if (i % 3) {
			assert_int_equal(got.n, te.size);
			assert_memory_equal(got.p, b.p + te.offset, got.n);
		}
	}
	tar_close(&t);
	buf_done(&b);
	buf_done(&got);
}

static void test_program(void **state)
{
	static const char *const formats[] = { "v7", "ustar", "oldgnu", "gnu", "pax" };
	char folder[] = "/tmp/lazaret-tar-XXXXXX", path[256];
	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct buf command = { 0 }, got = { 0 }, bytes = { 0 };
		const char *deep = i ? "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
				       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/"
				       "cccccccccccccccccccccccccccccccccccccccccccccc"
				     : "a/b/c";
		snprintf(path, sizeof path, "%s/%s.tar", folder, formats[i]);
		buf_addf(&command,
			 "cd %s && rm -rf r && mkdir -p r/%s && cd r && printf hello > %s/f && ln "
			 "-s %s/f l && "
			 "tar --format=%s --owner=0 --group=0 --sort=name -cf %s %s/f l && rm -rf "
			 "../r",
			 folder, deep, deep, i ? "target" : "a/b/c", formats[i], path, deep);
		assert_int_equal(system(buf_cstr(&command)), 0);
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		buf_reserve(&bytes, 1 << 20);
		bytes.n = fread(bytes.p, 1, 1 << 20, f);
		fclose(f);
		command.n = 0;
		buf_addf(&command, "f %s/f 5;s l 0>%s/f;", deep, i ? "target" : "a/b/c");
		assert_list(formats[i], &bytes, buf_cstr(&command));
		buf_done(&command);
		buf_done(&got);
	}
	snprintf(path, sizeof path, "rm -rf %s", folder);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),	cmocka_unit_test(test_names),
		cmocka_unit_test(test_base256), cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_program),
	};
	return cmocka_run_group_tests_name("oci/tar", tests, NULL, NULL);
}
