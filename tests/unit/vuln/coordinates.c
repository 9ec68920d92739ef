/* Archives named by the database; indexes stay right when names change the order. */
#include "vuln/coordinates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static struct digest sha1_of(const char *text)
{
	struct digest d;
	digest_of(DIGEST_SHA1, str_of(text), &d);
	return d;
}

static void put(struct arena *a, struct segment *s, const char *body, const char *id)
{
	struct err e = { 0 };
	struct digest d = sha1_of(body);
	struct affected aff = { .ns = S(COORDINATES_NAMESPACE),
				.package = coordinates_key(a, &d),
				.scheme = "maven" };
	struct advisory adv = {
		.id = str_of(id), .feed = S("coordinates"), .affected = &aff, .n_affected = 1
	};
	if (segment_add(s, &adv, &e))
		fail_msg("%s", e.text);
}

static struct package archive(const char *name, const char *evidence, const char *inside)
{
	struct attr *attrs = calloc(2, sizeof *attrs);
	attrs[0] = (struct attr){ S("evidence"), str_of(evidence) };
	return (struct package){ .type = S("maven"),
				 .name = str_of(name),
				 .version = S("1"),
				 .inside = str_of(inside),
				 .path = S("app.war"),
				 .attrs = attrs,
				 .n_attrs = 1,
				 .owner = -1 };
}

static void test_resolve(void **state)
{
	char dir[] = "/tmp/lazaret-coordinates-XXXXXX";
	struct arena a = { 0 };
	struct err e = { 0 };
	struct advisory_writer *w;
	struct advisory_db *db;
	struct segment *s;
	struct feed_info info = { .feed = S("coordinates"), .name = S("coordinates") };
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(advisory_writer_open(str_of(dir), &w, &e), 0);
	assert_int_equal(segment_begin(w, &info, &s, &e), 0);
	put(&a, s, "one", "org.z:one@1.1");
	put(&a, s, "nested", "org.a:nested@2.2");
	put(&a, s, "nameless", "org.m:nameless@3.3");
	assert_int_equal(segment_end(s, 0, &e), 0);
	assert_int_equal(advisory_writer_commit(w, &e), 0);
	advisory_writer_close(w);
	assert_int_equal(advisory_db_open(str_of(dir), &db, &e), 0);

	const size_t needs[] = { 0, 1 };
	struct package p[] = { archive("a-one", "name", ""),
			       archive("b:known", "pom.properties", ""),
			       archive("c-nested", "manifest", "WEB-INF/lib/n.jar") };
	struct digest nested = sha1_of("nested"), nameless = sha1_of("nameless");
	p[0].sha1 = p[1].sha1 = sha1_of("one");
	((struct attr *)(uintptr_t)p[2].attrs)[1] =
		(struct attr){ S("sha1"), coordinates_key(&a, &nested) };
	p[2].n_attrs = 2;
	p[2].needs = needs;
	p[2].n_needs = 2;
	struct attr facts[] = { { S("archive"), arena_printf(&a, "%.*s lib/x.jar",
							     STR(coordinates_key(&a, &nameless))) },
				{ S("archive"), S("-") },
				{ S("archive"),
				  S("ffffffffffffffffffffffffffffffffffffffff y.jar") } };
	struct fact_file f = { .path = S("x.ear"),
			       .analyzer = S("java"),
			       .sha1 = sha1_of("one"),
			       .attrs = facts,
			       .n_attrs = 3 };
	struct inventory inv = { .arena = &a,
				 .packages = p,
				 .n_packages = 3,
				 .packages_cap = 3,
				 .facts = &f,
				 .n_facts = 1 };
	assert_int_equal(coordinates_resolve(&inv, db, &e), 0);
	static const char *const names[] = { "b:known", "org.a:nested", "org.m:nameless",
					     "org.z:one", "org.z:one" };
	assert_int_equal(inv.n_packages, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(str_eq(inv.packages[i].name, str_of(names[i])));
	assert_true(str_eq(inv.packages[1].version, S("2.2")));
	assert_true(str_eq(inv.packages[1].purl, S("pkg:maven/org.a/nested@2.2")));
	assert_true(str_eq(inv.packages[2].inside, S("lib/x.jar")));
	/* What needed a-one and b:known still does. */
	assert_int_equal(inv.packages[1].n_needs, 2);
	assert_int_equal(inv.packages[1].needs[0], 0);
	assert_true(str_eq(inv.packages[inv.packages[1].needs[1]].path, S("app.war")));
	advisory_db_close(db);
	for (size_t i = 0; i < COUNT(p); i++)
		free((void *)(uintptr_t)p[i].attrs);
	arena_done(&a);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_resolve) };
	return cmocka_run_group_tests_name("vuln/coordinates", tests, NULL, NULL);
}
