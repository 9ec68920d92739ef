/* Packages made here byte by byte: a changelog found, a linked doc folder, none, and broken ones. */
#include "vuln/deb_archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void tar_add(struct buf *b, const char *name, char type, struct str body)
{
	char h[512] = { 0 };
	unsigned sum = 0;
	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "%07o", 0644u);
	snprintf(h + 124, 12, "%011o", (unsigned)body.n);
	snprintf(h + 136, 12, "%011o", 0u);
	h[156] = type;
	if (type == '2')
		snprintf(h + 157, 100, "other");
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_add(b, h, sizeof h);
	buf_add_str(b, body);
	char zero[512] = { 0 };
	buf_add(b, zero, (512 - body.n % 512) % 512);
}

static void ar_add(struct buf *b, const char *name, struct str body)
{
	buf_addf(b, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0100644u, body.n);
	buf_add_str(b, body);
	if (body.n & 1)
		buf_add_char(b, '\n');
}

/* files: name, type and text triples. */
static int read_deb(const char *const (*files)[3], size_t n, size_t cut, struct buf *text,
		    enum deb_changelog_found *found, struct err *e)
{
	struct buf tar CLEANUP(buf_done) = { 0 }, deb CLEANUP(buf_done) = { 0 };
	char end[1024] = { 0 };
	for (size_t i = 0; i < n; i++)
		tar_add(&tar, files[i][0], files[i][1][0], str_of(files[i][2]));
	buf_add(&tar, end, sizeof end);
	buf_addf(&deb, "!<arch>\n");
	ar_add(&deb, "debian-binary", S("2.0\n"));
	ar_add(&deb, "control.tar", S("odd"));
	ar_add(&deb, "data.tar", str_buf(&tar));
	struct stream *in CLEANUP(cleanup_stream) =
		stream_mem(str_upto(str_buf(&deb), deb.n - cut));
	return deb_archive_changelog(in, S("p"), 1000, text, found, e);
}

static void test_found(void **state)
{
	static const char *const native[][3] = { { "./usr/share/doc/p/", "5", "" },
						 { "./usr/share/doc/p/changelog.gz", "0",
						   "native" } };
	static const char *const both[][3] = {
		{ "./usr/share/doc/p/changelog.Debian.gz", "0", "debian" },
		{ "./usr/share/doc/p/changelog.gz", "0", "upstream" }
	};
	static const char *const other[][3] = { { "./usr/share/doc/q/changelog.gz", "0", "x" } };
	static const char *const folder[][3] = { { "./usr/share/doc/p", "2", "" } };
	static const struct {
		const char *const (*files)[3];
		size_t n;
		enum deb_changelog_found want;
		const char *text;
	} t[] = {
		{ native, 2, DEB_CHANGELOG_READ, "native" },
		{ both, 2, DEB_CHANGELOG_READ, "debian" },
		{ other, 1, DEB_CHANGELOG_NONE, "" },
		{ folder, 1, DEB_CHANGELOG_LINK, "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf text CLEANUP(buf_done) = { 0 };
		enum deb_changelog_found found = DEB_CHANGELOG_NONE;
		struct err e;
		assert_int_equal(read_deb(t[i].files, t[i].n, 0, &text, &found, &e), 0);
		assert_int_equal(found, t[i].want);
		assert_true(str_eq(str_buf(&text), str_of(t[i].text)));
	}
}

static void test_broken(void **state)
{
	static const char *const one[][3] = { { "./usr/share/doc/p/changelog.gz", "0", "x" } };
	static const struct {
		const char *bytes;
		int code;
	} t[] = {
		{ "", ERR_INVALID },
		{ "!<arch>\n", ERR_INVALID },
		{ "!<arch>\nshort", ERR_INVALID },
		{ "!<arch>\nother           0           0     0     100644  4         `\n2.0\n",
		  ERR_INVALID },
	};
	struct buf text CLEANUP(buf_done) = { 0 };
	enum deb_changelog_found found;
	struct err e;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct stream *in CLEANUP(cleanup_stream) = stream_mem(str_of(t[i].bytes));
		assert_int_equal(deb_archive_changelog(in, S("p"), 9, &text, &found, &e),
				 t[i].code);
	}
	assert_int_equal(read_deb(one, 1, 1500, &text, &found, &e), ERR_INVALID);
	assert_int_equal(text.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_found),
					    cmocka_unit_test(test_broken) };
	return cmocka_run_group_tests_name("vuln/deb_archive", tests, NULL, NULL);
}
