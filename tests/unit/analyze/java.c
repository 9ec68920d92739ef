/* Java archives, projects of Maven, lock files of Gradle. */
#include "cases.h"

#include "analyze/java_name.h"
#include "analyze/pom.h"

extern const struct analyzer analyzer_java, analyzer_pom, analyzer_gradle_lock;

static void test_java(void **state)
{
	(void)state;
	cases_own(&analyzer_java, "java");
}

static void test_pom(void **state)
{
	(void)state;
	cases_own(&analyzer_pom, "pom");
}

static void test_gradle_lock(void **state)
{
	(void)state;
	cases_own(&analyzer_gradle_lock, "gradle_lock");
}

static bool read_case(struct drive *d, const char *name)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	char path[300];
	snprintf(path, sizeof path, "data/java/%s", name);
	drive_read("LAZARET_TESTS", path, &b);
	return drive_file(d, name, str_buf(&b), 0) == 0;
}

static void test_places(void **state)
{
	struct drive d;
	(void)state;
	drive_init(&d, &analyzer_java);
	assert_true(read_case(&d, "deep.ear"));
	assert_true(read_case(&d, "app.war"));
	const struct record_file *f = drive_record(&d, "deep.ear");
	const struct record_package *p = NULL;
	for (size_t i = 0; i < f->n_packages; i++)
		if (str_eq(f->packages[i].version, S("4")))
			p = &f->packages[i];
	assert_non_null(p);
	assert_true(str_eq(cases_attr(p, "inside"), S("d6.jar!d5.jar!d4.jar")));
	assert_int_equal(cases_attr(p, "sha1").n, 40);
	f = drive_record(&d, "app.war");
	for (size_t i = 0; i < f->n_packages; i++) {
		bool log4j = str_find(f->packages[i].name, S("log4j-1.2-api")) >= 0;
		struct str evidence = cases_attr(&f->packages[i], "evidence");
		assert_true(str_eq(evidence, log4j ? S("manifest") : S("pom.properties")));
	}
	drive_done(&d);
}

static size_t notes_with(const struct drive *d, const char *text)
{
	size_t n = 0;
	for (size_t i = 0; i < d->record.n_notes; i++)
		n += str_find(d->record.notes[i].reason, str_of(text)) >= 0;
	return n;
}

static void test_limits(void **state)
{
	struct drive d;
	(void)state;
	drive_init(&d, &analyzer_java);
	d.limits.zip_depth = 2;
	assert_true(read_case(&d, "deep.ear"));
	assert_int_equal(drive_record(&d, "deep.ear")->n_packages, 3);
	assert_int_equal(notes_with(&d, "zip_depth"), 1);
	drive_done(&d);

	drive_init(&d, &analyzer_java);
	d.limits.zip_members = 1;
	assert_false(read_case(&d, "app.war"));
	assert_true(read_case(&d, "plain-1.0.jar"));
	drive_done(&d);

	/* The share is the layer's, not the archive's. */
	drive_init(&d, &analyzer_java);
	d.limits.zip_bytes = 300;
	assert_true(read_case(&d, "plain-1.0.jar"));
	assert_true(read_case(&d, "app.war"));
	assert_true(drive_record(&d, "app.war")->n_packages < 3);
	assert_int_equal(notes_with(&d, "zip_bytes"), 1);
	drive_done(&d);
}

static void test_names(void **state)
{
	static const struct {
		const char *file, *artifact, *version;
	} t[] = {
		{ "guava-29.0-jre.jar", "guava", "29.0-jre" },
		{ "log4j-1.2-api-2.17.0.jar", "log4j-1.2-api", "2.17.0" },
		{ "a-1.0-SNAPSHOT.war", "a", "1.0-SNAPSHOT" },
		{ "a-1.0-20200101.123456-1.jar", "a", "1.0-20200101.123456-1" },
		{ "a-1.0-beta-2.jar", "a", "1.0-beta-2" },
		{ "commons-collections4-4.4.jar", "commons-collections4", "4.4" },
		{ "jaxb-api-2.4.0-b180830.0359.jar", "jaxb-api", "2.4.0-b180830.0359" },
		{ "spark-core_2.12-3.5.0.jar", "spark-core_2.12", "3.5.0" },
		{ "h2.jar", "h2", "" },
		{ "-1.jar", "-1", "" },
		{ "a-", "a-", "" },
		{ "", "", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str artifact, version;
		java_file_name(str_of(t[i].file), &artifact, &version);
		if (!str_eq(artifact, str_of(t[i].artifact)) ||
		    !str_eq(version, str_of(t[i].version)))
			fail_msg("%s: %.*s %.*s", t[i].file, STR(artifact), STR(version));
	}
}

/* Values with properties that never end. */
static void test_values(void **state)
{
	static const char text[] = "<project><groupId>g</groupId><artifactId>a</"
				   "artifactId><version>1</version><properties>"
				   "<x>${y}</x><y>${x}</y><b0>0123456789</"
				   "b0><b1>${b0}${b0}${b0}${b0}</b1><b2>${b1}${b1}${b1}${b1}</b2>"
				   "<b3>${b2}${b2}${b2}${b2}</b3><b4>${b3}${b3}${b3}${b3}</"
				   "b4><v>${project.version}-${version}</v>"
				   "</properties></project>";
	static const struct {
		const char *value, *is;
	} t[] = {
		{ "1.0", "1.0" },      { "${v}", "1-1" },	  { "a${b0}", "a0123456789" },
		{ "${x}", "" },	       { "${b4}", "" },		  { "${none}", "" },
		{ "${", "" },	       { "${pom.version}", "1" }, { "${project.x}", "" },
		{ "${groupId}", "g" },
	};
	struct arena a = { 0 };
	struct pom p = { 0 };
	struct err e;
	(void)state;
	assert_int_equal(pom_parse(&a, str_of(text), &p, &e), 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str v = pom_value(&a, &p, str_of(t[i].value));
		if (!str_eq(v, str_of(t[i].is)))
			fail_msg("%s: %.*s", t[i].value, STR(v));
	}
	arena_done(&a);
}

/* Parents and what they manage, from other poms of the tree, whichever comes first. */
static void test_tree(void **state)
{
	static const char parent[] =
		"<project><groupId>g</groupId><artifactId>parent</artifactId><version>1</"
		"version><packaging>pom</packaging>"
		"<properties><lib.version>2.0</lib.version></"
		"properties><dependencyManagement><dependencies>"
		"<dependency><groupId>org.lib</groupId><artifactId>lib</"
		"artifactId><version>${lib.version}</version></dependency>"
		"<dependency><groupId>org.t</groupId><artifactId>t</artifactId><version>3</"
		"version><scope>test</scope></dependency>"
		"</dependencies></dependencyManagement></project>";
	static const char child[] =
		"<project><parent><groupId>g</groupId><artifactId>parent</artifactId><version>1</"
		"version></parent>"
		"<artifactId>child</artifactId><properties><lib.version>2.1</lib.version></"
		"properties><dependencies>"
		"<dependency><groupId>org.lib</groupId><artifactId>lib</artifactId></dependency>"
		"<dependency><groupId>org.t</groupId><artifactId>t</artifactId></dependency>"
		"<dependency><groupId>${project.groupId}</groupId><artifactId>other</"
		"artifactId><version>${project.version}</version>"
		"<optional>true</optional></dependency>"
		"<dependency><groupId>org.x</groupId><artifactId>range</artifactId><version>[1,2)</"
		"version></dependency>"
		"</dependencies></project>";
	(void)state;
	for (int reverse = 0; reverse < 2; reverse++) {
		struct drive d;
		drive_init(&d, &analyzer_pom);
		drive_file(&d, reverse ? "pom.xml" : "child/pom.xml",
			   str_of(reverse ? parent : child), 0);
		drive_file(&d, reverse ? "child/pom.xml" : "pom.xml",
			   str_of(reverse ? child : parent), 0);
		drive_finish(&d);
		const struct record_file *f = drive_record(&d, "child/pom.xml");
		assert_int_equal(f->n_packages, 4);
		const struct record_package *p = f->packages;
		assert_true(str_eq(p[0].name, S("g:child")) && str_eq(p[0].version, S("1")));
		assert_int_equal(p[0].depends.n, 3);
		assert_true(str_eq(p[1].name, S("org.lib:lib")) && str_eq(p[1].version, S("2.1")));
		assert_true(str_eq(p[2].version, S("3")) &&
			    str_eq(cases_attr(&p[2], "dev"), S("true")));
		assert_true(str_eq(p[3].name, S("g:other")) &&
			    str_eq(cases_attr(&p[3], "optional"), S("true")));
		assert_int_equal(notes_with(&d, "org.x:range"), 1);
		drive_done(&d);
	}
}

/* What only a database of sums could know: no file of the archive has the group. */
static struct str known_name(const char *file, struct str name)
{
	return strncmp(file, "heuristic", 9) == 0 ? S("heuristic") : name;
}

static void check_shared(const char *file, const struct json *list, const struct record_file *f)
{
	assert_int_equal(f->n_packages, json_count(list));
	JSON_EACH(x, list)
	{
		const struct record_package *p = NULL;
		for (size_t i = 0; i < f->n_packages && !p; i++)
			if (str_eq(f->packages[i].name, known_name(file, json_get_str(x, "name"))))
				p = &f->packages[i];
		if (!p) {
			fail_msg("%s: no %s", file, json_get_str(x, "name").p);
			return;
		}
		char place[600];
		struct str inside = cases_attr(p, "inside");
		snprintf(place, sizeof place, "%s%s%.*s", file, inside.n ? "/" : "", STR(inside));
		for (char *c = place; *c; c++)
			*c = *c == '!' ? '/' : *c;
		assert_true(str_eq(p->version, json_get_str(x, "version")));
		assert_string_equal(place, json_get_str(x, "path").p);
		if (!cases_same_list(json_get(x, "licenses"), &p->licences))
			fail_msg("%s: %.*s: licences: %.*s", file, STR(p->name),
				 STR(p->licences.n ? p->licences.v[0] : S("none")));
	}
}

static void test_shared(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(cleanup_json) struct json *j = NULL;
	struct err e;
	(void)state;
	if (!drive_read("LAZARET_TEST_DATA", "packages/java/expected.json", &text))
		skip();
	assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
	JSON_EACH(x, j)
	{
		CLEANUP(buf_done) struct buf body = { 0 };
		struct drive d;
		char path[300];
		snprintf(path, sizeof path, "packages/java/%s", json_key(x).p);
		drive_read("LAZARET_TEST_DATA", path, &body);
		drive_init(&d, &analyzer_java);
		assert_int_equal(drive_file(&d, json_key(x).p, str_buf(&body), 0), 0);
		check_shared(json_key(x).p, x, drive_record(&d, json_key(x).p));
		assert_int_equal(d.record.n_notes, 0);
		drive_done(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_java),	    cmocka_unit_test(test_pom),
		cmocka_unit_test(test_gradle_lock), cmocka_unit_test(test_places),
		cmocka_unit_test(test_limits),	    cmocka_unit_test(test_names),
		cmocka_unit_test(test_values),	    cmocka_unit_test(test_tree),
		cmocka_unit_test(test_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
