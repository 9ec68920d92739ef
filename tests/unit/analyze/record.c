/* Records: there and back, and what a hostile child may send. */
#include "analyze/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static uint64_t hashes[] = { 4, 9, 1000, UINT64_MAX };

static void make(struct arena *a, struct layer_record *r, const struct limits *l)
{
	*r = (struct layer_record){ .entries = 300,
				    .bytes = 1ULL << 40,
				    .cut = true,
				    .path_hashes = hashes,
				    .n_path_hashes = COUNT(hashes) };
	for (int i = 0; i < 3; i++) {
		struct record_file *f = record_add_file(
			a, r, arena_printf(a, "var/lib/%d/status", i), "dpkg", 1000 + (uint64_t)i);
		digest_of(DIGEST_SHA256, S("x"), &f->sha256);
		struct record_package *p = record_add_package(a, f);
		p->type = S("deb");
		p->name = S("apt");
		p->version = S("2.6.1");
		p->arch = S("amd64");
		p->source_name = S("apt-src");
		p->source_version = S("2.6.1+x");
		*ARENA_PUSH(a, p->licences.v, p->licences.n, p->licences.cap) = S("GPL-2");
		*ARENA_PUSH(a, p->depends.v, p->depends.n, p->depends.cap) = S("libc6");
		*ARENA_PUSH(a, p->provides.v, p->provides.n, p->provides.cap) = S("b");
		record_package_attr(a, p, S("status"), S("hold"));
		record_add_owned(a, p, S("/usr/bin/apt"), DIGEST_MD5,
				 S("00112233445566778899aabbccddeeff"));
		record_add_owned(a, p, S("./usr/bin/"), DIGEST_NONE, S(""));
		record_add_owned(a, p, S("etc/x"), DIGEST_MD5, S("no hex"));
		record_add_attr(a, f, S("ID"), S("debian"));
		f->unreadable = i == 2 ? S("why") : S("");
	}
	*ARENA_PUSH(a, r->links, r->n_links, r->links_cap) =
		(struct record_link){ S("lib"), S("../usr/lib"), false };
	*ARENA_PUSH(a, r->links, r->n_links, r->links_cap) =
		(struct record_link){ S("a/b"), S("c"), true };
	*ARENA_PUSH(a, r->whiteouts, r->n_whiteouts, r->whiteouts_cap) =
		(struct record_whiteout){ S("gone"), false };
	*ARENA_PUSH(a, r->whiteouts, r->n_whiteouts, r->whiteouts_cap) =
		(struct record_whiteout){ S(""), true };
	record_add_note(a, r, l, S("p"), S("reason"));
}

static void test_round_trip(void **state)
{
	struct arena a = { 0 };
	struct limits l;
	struct layer_record r, d;
	struct buf once = { 0 }, twice = { 0 };
	struct err e;
	(void)state;
	limits_default(&l);
	make(&a, &r, &l);
	record_encode(&r, &once);
	assert_int_equal(record_decode(&a, str_buf(&once), &l, &d, &e), 0);
	record_encode(&d, &twice);
	assert_true(str_eq(str_buf(&once), str_buf(&twice)));
	assert_int_equal(d.n_files, 3);
	struct record_package *p = d.files[0].packages;
	assert_true(str_eq(p->name, S("apt")) && str_eq(p->source_version, S("2.6.1+x")));
	assert_true(str_eq(p->owned[0].path, S("usr/bin/apt")) && p->owned[0].sum[1] == 0x11);
	assert_true(str_eq(p->owned[1].path, S("usr/bin")) && p->owned[1].is_dir &&
		    !p->owned[1].sum);
	assert_null(p->owned[2].sum);
	assert_true(
		str_eq(record_attr(d.files[1].attrs, d.files[1].n_attrs, S("ID")), S("debian")));
	assert_true(str_eq(d.files[2].unreadable, S("why")));
	assert_true(d.cut && d.bytes == 1ULL << 40 && d.links[1].hard && d.whiteouts[1].opaque);
	buf_done(&once);
	buf_done(&twice);
	arena_done(&a);
}

/* Cut anywhere: refused. Changed anywhere: refused or taken, but never out of bounds (ASan watches). */
static void test_forged(void **state)
{
	struct arena a = { 0 };
	struct limits l;
	struct layer_record r, d;
	struct buf good = { 0 };
	struct err e;
	uint32_t x = 1;
	unsigned refused = 0;
	(void)state;
	limits_default(&l);
	make(&a, &r, &l);
	record_encode(&r, &good);
	for (size_t n = 0; n < good.n; n++)
		assert_true(record_decode(&a, str_upto(str_buf(&good), n), &l, &d, &e) < 0);
	for (int i = 0; i < 20000; i++) {
		struct arena b = { 0 };
		char *p = malloc(good.n);
		assert_non_null(p);
		memcpy(p, good.p, good.n);
		for (int k = 0; k <= i % 3; k++) {
			x = x * 1664525 + 1013904223;
			p[(x >> 8) % good.n] = (char)(i % 2 ? x >> 24 : 0xff);
		}
		if (record_decode(&b, (struct str){ p, good.n }, &l, &d, &e) == 0) {
			struct buf again = { 0 };
			record_encode(&d, &again);
			buf_done(&again);
		} else {
			refused++;
		}
		arena_done(&b);
		free(p);
	}
	assert_true(refused > 5000);
	buf_done(&good);
	arena_done(&a);
}

static void test_refused(void **state)
{
	static const char *const paths[] = {
		"/abs", "a//b", "a/./b", "..", "a/..", "a/", "", "./a"
	};
	struct arena a = { 0 };
	struct limits l;
	struct layer_record d;
	struct buf b = { 0 };
	struct err e;
	(void)state;
	limits_default(&l);
	for (size_t i = 0; i < COUNT(paths); i++)
		for (int k = 0; k < 4; k++) {
			struct record_file f = { .path = str_of(paths[i]) };
			struct record_link link = { k == 1 ? str_of(paths[i]) : S("ok"),
						    str_of(paths[i]), true };
			struct record_whiteout w = { str_of(paths[i]), false };
			struct layer_record r = { .files = &f,
						  .n_files = k == 0,
						  .links = &link,
						  .n_links = k == 1 || k == 2,
						  .whiteouts = &w,
						  .n_whiteouts = k == 3 };
			b.n = 0;
			record_encode(&r, &b);
			if (record_decode(&a, str_buf(&b), &l, &d, &e) != ERR_INVALID)
				fail_msg("path '%s' was taken (%d)", paths[i], k);
		}
	uint64_t unsorted[] = { 8, 4 }, twice[] = { 8, 9 };
	struct layer_record r = { .path_hashes = unsorted, .n_path_hashes = 2 };
	b.n = 0;
	record_encode(&r, &b);
	assert_int_equal(record_decode(&a, str_buf(&b), &l, &d, &e), ERR_INVALID);
	r.path_hashes = twice;
	b.n = 0;
	record_encode(&r, &b);
	assert_int_equal(record_decode(&a, str_buf(&b), &l, &d, &e), ERR_INVALID);
	buf_done(&b);
	arena_done(&a);
}

/* Small input, large arrays: record_bytes bounds what they take; other limits bound their counts. */
static void test_limits(void **state)
{
	static const char *const small[] = {
		"record_bytes=1500", "packages=2",	"links=1",
		"layer_notes=1",     "layer_entries=1", "path_bytes=4"
	};
	(void)state;
	for (size_t i = 0; i < COUNT(small); i++) {
		struct arena a = { 0 };
		struct limits l;
		struct layer_record r, d;
		struct buf b = { 0 };
		struct err e;
		limits_default(&l);
		make(&a, &r, &l);
		record_add_note(&a, &r, &l, S("p"), S("reason"));
		record_encode(&r, &b);
		assert_int_equal(limits_set(&l, str_of(small[i]), &e), 0);
		int code = record_decode(&a, str_buf(&b), &l, &d, &e);
		if (code != (i == 5 ? ERR_INVALID : ERR_LIMIT))
			fail_msg("%s: %d", small[i], code);
		buf_done(&b);
		arena_done(&a);
	}
}

static void test_notes(void **state)
{
	struct arena a = { 0 };
	struct layer_record r = { 0 };
	struct limits l;
	(void)state;
	limits_default(&l);
	l.layer_notes = 3;
	for (int i = 0; i < 100000; i++)
		record_add_note(&a, &r, &l, S("path"), S("reason"));
	assert_int_equal(r.n_notes, 3);
	assert_true(str_eq(r.notes[2].reason, S("more lines than layer_notes left out: 99998")));
	assert_true(a.total < 100000);
	arena_done(&a);
}

static void test_has_path(void **state)
{
	struct layer_record r = { 0 };
	uint64_t all[2] = { str_hash(S("a")) & ~1ULL, str_hash(S("dir")) | 1 };
	bool dir;
	(void)state;
	if (all[0] > all[1]) {
		uint64_t t = all[0];
		all[0] = all[1];
		all[1] = t;
	}
	r.path_hashes = all;
	r.n_path_hashes = 2;
	assert_true(record_has_path(&r, S("a"), &dir) && !dir);
	assert_true(record_has_path(&r, S("dir"), &dir) && dir);
	assert_false(record_has_path(&r, S("b"), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_forged),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_notes),	   cmocka_unit_test(test_has_path),
	};
	return cmocka_run_group_tests_name("analyze/record", tests, NULL, NULL);
}
