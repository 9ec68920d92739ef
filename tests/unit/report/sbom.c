/* SBOMs of others and of our own: what is read from each, and what is refused. tests/data/sbom/NAME.expected has a line for
 * each package: type, name, version, source, its version, path, licences, what it needs; '-' is nothing. The first is the
 * distribution's. */
#include "report/sbom_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int read_path(const char *folder, const char *name, struct arena *a, struct inventory *inv,
		     struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	struct scan_options o = { 0 };
	buf_addf(&path, "%s/%s/%s", getenv("LAZARET_TESTS"), folder, name);
	int fd CLEANUP(cleanup_fd) = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	limits_default(&o.limits);
	return sbom_read(fd, str_of(name), &o, a, inv, e);
}

static void put(struct buf *b, struct str s)
{
	buf_addf(b, " %.*s", STR(s.n ? s : S("-")));
}

static struct str shown(struct arena *a, const struct inventory *inv)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	put(&b, inv->distribution.id);
	put(&b, inv->distribution.version);
	buf_addf(&b, " %zu layers\n", inv->n_layers);
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		struct buf licences CLEANUP(buf_done) = { 0 }, needs CLEANUP(buf_done) = { 0 };
		for (size_t k = 0; k < p->licences.n; k++)
			buf_addf(&licences, "%s%.*s", k ? "," : "", STR(p->licences.v[k]));
		for (size_t k = 0; k < p->n_needs; k++)
			buf_addf(&needs, "%s%.*s", k ? "," : "",
				 STR(inv->packages[p->needs[k]].name));
		buf_addf(&b, "%.*s", STR(p->type));
		put(&b, p->name);
		put(&b, p->version);
		put(&b, p->source_name);
		put(&b, p->source_version);
		put(&b, p->path);
		put(&b, str_buf(&licences));
		put(&b, str_buf(&needs));
		buf_addf(&b, " layer %zu%s\n", p->layer, p->optional ? " optional" : "");
	}
	for (size_t i = 0; i < inv->n_not_examined; i++)
		buf_addf(&b, "! %.*s\n", STR(inv->not_examined[i].reason));
	return arena_str(a, str_buf(&b));
}

static struct str expected(struct arena *a, const char *name)
{
	struct buf path CLEANUP(buf_done) = { 0 }, text CLEANUP(buf_done) = { 0 };
	struct err e;
	buf_addf(&path, "%s/data/sbom/%s.expected", getenv("LAZARET_TESTS"), name);
	struct stream *in CLEANUP(cleanup_stream) =
		stream_fd(open(buf_cstr(&path), O_RDONLY | O_CLOEXEC), true, -1, UINT64_MAX);
	if (stream_read_all(in, 1 << 20, &text, &e))
		fail_msg("%s: %s", name, e.text);
	return arena_str(a, str_buf(&text));
}

static void test_read(void **state)
{
	static const char *const names[] = { "trivy-like.cdx.json", "envelope.json",
					     "other.spdx.json",	    "other.spdx",
					     "other.spdx3.json",    "syft.json" };
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct arena a = { 0 };
		struct inventory inv = { 0 };
		struct err e;
		if (read_path("data/sbom", names[i], &a, &inv, &e))
			fail_msg("%s", e.text);
		struct str got = shown(&a, &inv), want = expected(&a, names[i]);
		if (!str_eq(got, want))
			fail_msg("%s:\n%.*s\nwant:\n%.*s", names[i], STR(got), STR(want));
		arena_done(&a);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		int code;
	} t[] = {
		{ "serial.json", ERR_INVALID },	 { "version.json", ERR_UNSUPPORTED },
		{ "purl.json", ERR_INVALID },	 { "spdx-version.json", ERR_UNSUPPORTED },
		{ "nothing.json", ERR_INVALID }, { "cut.json", ERR_INVALID },
		{ "text.spdx", ERR_INVALID },	 { "payload.json", ERR_INVALID },
		{ "nested.json", ERR_LIMIT },	 { "nul.json", ERR_INVALID },
		{ "nul.spdx", ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct inventory inv = { 0 };
		struct err e;
		int r = read_path("reject/sbom", t[i].name, &a, &inv, &e);
		if (r != t[i].code)
			fail_msg("%s: %d %s", t[i].name, r, r ? e.text : "");
		assert_null(inv.arena);
		arena_done(&a);
	}
}

static void test_limits(void **state)
{
	struct arena a = { 0 };
	struct layer_record r = { 0 };
	struct limits l;
	struct str text =
		S("{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"components\": "
		  "[{\"purl\": \"pkg:npm/a@1\"}, {\"purl\": \"pkg:npm/b@1\"}]}");
	(void)state;
	limits_default(&l);
	l.packages = 2;
	sbom_parse(&a, text, &l, &r);
	assert_int_equal(r.files[0].n_packages, 2);
	l.packages = 1;
	sbom_parse(&a, text, &l, &r);
	assert_int_equal(r.files[0].n_packages, 0);
	assert_true(str_find(r.files[0].unreadable, S("packages, 1")) >= 0);
	arena_done(&a);
}

static void test_looks_like(void **state)
{
	(void)state;
	assert_true(sbom_looks_like(S(" \n{\"a\"")));
	assert_true(sbom_looks_like(S("\xef\xbb\xbf{")));
	assert_true(sbom_looks_like(S("# c\n\nSPDXVersion: SPDX-2.3\n")));
	assert_false(sbom_looks_like(S("")));
	assert_false(sbom_looks_like(S("\x1f\x8b")));
	assert_false(sbom_looks_like(S("index.json\0\0\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_looks_like),
	};
	return cmocka_run_group_tests_name("report/sbom", tests, NULL, NULL);
}
