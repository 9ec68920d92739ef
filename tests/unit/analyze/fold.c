/* The fold: tables of layers and what must be seen of them. */
#include "layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* "PATH@LAYER" for visible files (with ">LAYER" for each older version), "PATH<SOURCE@LAYER" for missing ones,
 * "A+B" for pairs, "#PATH" for notes. */
static void describe(const struct fold *f, struct buf *b)
{
	for (size_t i = 0; i < f->n_files; i++) {
		const struct folded_file *ff = &f->files[i];
		buf_addf(b, "%.*s@%zu", STR(ff->path), ff->layer);
		while ((ff = fold_older(f, ff)))
			buf_addf(b, ">%zu", ff->layer);
		buf_add_char(b, ' ');
	}
	for (size_t i = 0; i < f->n_missing; i++)
		buf_addf(b, "%.*s<%.*s@%zu ", STR(f->missing[i].path), STR(f->missing[i].source),
			 f->missing[i].layer);
	for (size_t i = 0; i < f->n_pairs; i++)
		buf_addf(b, "%.*s@%zu+%.*s@%zu ", STR(f->pairs[i].source[0]), f->pairs[i].layer[0],
			 STR(f->pairs[i].source[1]), f->pairs[i].layer[1]);
	for (size_t i = 0; i < f->n_notes; i++)
		buf_addf(b, "#%.*s ", STR(f->notes[i].path));
	buf_cstr(b);
}

static void fold_text(struct arena *a, const struct limits *l, const char *text, struct fold *f)
{
	*f = (struct fold){ .arena = a, .limits = l, .analyzers = test_analyzers };
	f->records = layers_parse(a, str_of(text), &f->n_layers);
	fold_layers(f);
}

struct fold_case {
	const char *name, *layers, *want;
};

static void run(const struct fold_case *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct limits l;
		struct fold f;
		struct buf b = { 0 };
		limits_default(&l);
		fold_text(&a, &l, t[i].layers, &f);
		describe(&f, &b);
		struct str got = str_trim(str_buf(&b));
		if (!str_eq(got, str_of(t[i].want)))
			fail_msg("%s: '%.*s', want '%s'", t[i].name, STR(got), t[i].want);
		buf_done(&b);
		arena_done(&a);
	}
}

static void test_layers(void **state)
{
	static const struct fold_case t[] = {
		{ "none", "", "" },
		{ "one", "d db\nf db/status", "db/status@0" },
		{ "newest wins", "f db/status\n=\nx a\n=\nf db/status", "db/status@2>0" },
		{ "two analyzers", "f a.jar\nF a.jar\n=\nF a.jar\nf a.jar", "a.jar@1>0 a.jar@1>0" },
		{ "whiteout", "f db/status\n=\nw db/status", "" },
		{ "whiteout of a parent", "f db/status\n=\nw db", "" },
		{ "whiteout of a name that begins alike", "f db/status\n=\nw db/stat",
		  "db/status@0" },
		{ "whiteout hides lower layers only", "f db/status\n=\nw db/status\nf db/status",
		  "db/status@1>0" },
		{ "gone in between", "f db/status\n=\nw db/status\n=\nf db/status", "db/status@2" },
		{ "opaque", "f db/status\nf db/info/a.list\n=\no db/info", "db/status@0" },
		{ "opaque and new", "f db/info/a.list\n=\nd db/info\no db/info\nf db/info/b.list",
		  "db/info/b.list@1" },
		{ "opaque root", "f db/status\n=\no \nf a.jar", "a.jar@1" },
		{ "file over directory", "f db/status\n=\nx db", "#db" },
		{ "link over directory", "f db/status\n=\nl db elsewhere", "" },
		{ "directory over file", "f a.jar\n=\nd a.jar", "#a.jar" },
		{ "directory over file, then a file", "f a.jar\n=\nd a.jar\n=\nf a.jar",
		  "a.jar@2 #a.jar" },
		{ "not examined", "f db/status\n=\n!\n=\nf a.jar", "a.jar@2 db/status@0" },
		{ "known by hash only", "f db/status\n=\nx db/status", "db/status<db/status@1" },
	};
	(void)state;
	run(t, COUNT(t));
}

static void test_links(void **state)
{
	static const struct fold_case t[] = {
		{ "merged directory", "l lib usr/lib\n=\nf lib/db", "usr/lib/db@1" },
		{ "merged, both names", "f usr/lib/db\nl lib usr/lib\n=\nf lib/db",
		  "usr/lib/db@1>0" },
		{ "merged, same layer", "l lib usr/lib\nf lib/db", "usr/lib/db@0" },
		{ "absolute", "l lib /usr/lib\n=\nf lib/db", "usr/lib/db@1" },
		{ "clamped at the root", "l lib ../../../usr/lib\n=\nf lib/db", "usr/lib/db@1" },
		{ "up and down", "l a/b/c ../../usr/./x/../lib\nl lib a/b/c/\n=\nf lib/db",
		  "usr/lib/db@1" },
		{ "chain", "l lib l1\nl l1 l2\nl l2 usr/lib\nf lib/db", "usr/lib/db@0" },
		{ "whiteout through a link", "f usr/lib/db\nl lib usr/lib\n=\nw lib/db", "" },
		{ "opaque through a link", "f usr/lib/db\nl lib usr/lib\n=\no lib", "" },
		{ "a directory takes the link's place",
		  "l lib usr/lib\nf usr/lib/db\n=\nd lib\nf lib/db", "lib/db@1 usr/lib/db@0" },
		{ "opaque directory takes the link's place",
		  "l lib usr/lib\nf usr/lib/db\n=\nd lib\no lib\nf lib/db",
		  "lib/db@1 usr/lib/db@0" },
		{ "the link is gone", "l lib usr/lib\n=\nw lib\n=\nf lib/db", "lib/db@2" },
		{ "cycle", "l lib l1\nl l1 lib\n=\nf lib/db", "#lib/db" },
		{ "cycle of itself", "l db db", "#db/status #db/info" },
		{ "link to a file that is read", "l etc/rel ../usr/lib/db\nf usr/lib/db",
		  "usr/lib/db@0" },
		{ "link to a file that is not", "l etc/rel ../usr/rel\nx usr/rel",
		  "etc/rel<usr/rel@0" },
		{ "link into a lower layer", "x usr/rel\n=\nl etc/rel ../usr/rel",
		  "etc/rel<usr/rel@0" },
		{ "link into a higher layer", "l etc/rel ../usr/rel\n=\n=\nx usr/rel",
		  "etc/rel<usr/rel@2" },
		{ "link to what was removed", "x usr/rel\n=\nw usr/rel\nl etc/rel ../usr/rel", "" },
		{ "link to what is below a file", "x usr/rel\n=\nx usr\nl etc/rel ../usr/rel", "" },
		{ "dangling", "l etc/rel ../nothing", "" },
		{ "link to a directory", "d x\nl a.jar x", "" },
		{ "out of the root", "l etc/rel ../../../etc/shadow\nx etc/shadow",
		  "etc/rel<etc/shadow@0" },
		{ "replaced by a link and back", "f etc/rel\n=\nl etc/rel none\n=\nf etc/rel",
		  "etc/rel@2" },
		{ "hard link, same layer", "f a.jar\nF a.jar\nh b.jar a.jar",
		  "a.jar@0 a.jar@0 b.jar@0 b.jar@0" },
		{ "hard link, lower layer", "x body\n=\nh db/status body", "db/status<body@0" },
		{ "hard link to hard link", "x body\n=\nh mid body\n=\nh db/status mid",
		  "db/status<body@0" },
		{ "hard link to nothing", "h db/status body", "#db/status" },
		{ "hard link to itself", "h db/status db/status", "#db/status" },
		{ "hard link over a version", "f db/status\n=\nx body\nh db/status body",
		  "db/status<body@1" },
		{ "hard link that nobody wants", "x a\nh b a", "" },
		{ "link to a hard link", "x body\nh x/rel body\nl etc/rel ../x/rel",
		  "etc/rel<body@0" },
		{ "moved folder",
		  "d data\nd data/info\nx data/status\nx data/info/a.list\nl db data",
		  "db/status<data/status@0 db/info/<data/info/@0" },
		{ "upper layer writes through a link", "f db/status\nl foo db\n=\nx foo/status",
		  "db/status<foo/status@1" },
		{ "through a link, hidden",
		  "f db/status\nl foo db\n=\nx foo/status\n=\nw db/status", "" },
	};
	(void)state;
	run(t, COUNT(t));
}

static void test_pairs(void **state)
{
	static const struct fold_case t[] = {
		{ "same layer", "F sql/db\nF sql/db-wal", "sql/db@0 sql/db-wal@0" },
		{ "log above", "F sql/db\n=\nx sql/db-wal", "sql/db@0 sql/db@0+sql/db-wal@1" },
		{ "log below", "F sql/db\nx sql/db-wal\n=\nF sql/db",
		  "sql/db@1>0 sql/db@1+sql/db-wal@0" },
		{ "log removed", "F sql/db\nx sql/db-wal\n=\nF sql/db\nw sql/db-wal",
		  "sql/db@1>0" },
	};
	(void)state;
	run(t, COUNT(t));
}

static void test_link_depth(void **state)
{
	struct arena a = { 0 };
	struct limits l;
	struct fold f;
	(void)state;
	limits_default(&l);
	for (l.link_depth = 2; l.link_depth < 4; l.link_depth++) {
		fold_text(&a, &l, "l etc/rel a\nl etc/a b\nl etc/b c\nx etc/c", &f);
		assert_int_equal(f.n_missing, l.link_depth == 3);
		assert_int_equal(f.n_notes, l.link_depth == 2 ? 1 : 0);
	}
	arena_done(&a);
}

static void test_add(void **state)
{
	struct arena a = { 0 };
	struct limits l;
	struct fold f;
	struct buf b = { 0 };
	size_t n;
	(void)state;
	limits_default(&l);
	fold_text(&a, &l,
		  "f db/status\n=\nh db/status body\nx body\nd d\nd d/info\n=\nw "
		  "d/info/gone.list\nx d/info/b.list\n"
		  "F sql/db\n=\nx sql/db-wal",
		  &f);
	assert_int_equal(f.n_missing, 1);
	assert_int_equal(f.n_pairs, 1);
	fold_add(&f, 1, layers_parse(&a, S("f db/status\nf other"), &n)[0]);
	fold_add_pair(&f, &f.pairs[0], layers_parse(&a, S("F sql/db"), &n)[0]);
	assert_true(f.missing[0].found && f.pairs[0].found);
	f.n_missing = f.n_pairs = 0;
	describe(&f, &b);
	assert_string_equal(b.p, "db/status@1>0 sql/db@3>2 ");
	buf_done(&b);

	/* A folder read again: what upper layers removed or replaced stays out. */
	fold_text(&a, &l,
		  "d d\nd d/info\nx d/info/a.list\nx d/info/b.list\nx d/info/c.list\nl db d\n=\n"
		  "d d/info\nw d/info/a.list\nx d/info/b.list",
		  &f);
	assert_int_equal(f.n_missing, 2);
	fold_add(
		&f, 0,
		layers_parse(&a, S("f db/info/a.list\nf db/info/b.list\nf db/info/c.list"), &n)[0]);
	fold_add(&f, 1, layers_parse(&a, S("f db/info/b.list"), &n)[0]);
	f.n_missing = 0;
	b = (struct buf){ 0 };
	describe(&f, &b);
	assert_string_equal(b.p, "db/info/b.list@1 db/info/c.list@0 ");
	buf_done(&b);
	arena_done(&a);
}

static void test_questions(void **state)
{
	struct arena a = { 0 };
	struct limits l;
	struct fold f;
	size_t layer = 9;
	(void)state;
	limits_default(&l);
	fold_text(&a, &l, "x a/b\nx a/c\nl lib usr/lib\nf usr/lib/db\n=\nx a/b\nx lib/x\n=\nw a/c",
		  &f);
	assert_true(fold_path_layer(&f, S("a/b"), &layer) && layer == 1);
	assert_true(fold_path_layer(&f, S("usr/lib/x"), &layer) && layer == 1);
	assert_false(fold_path_layer(&f, S("a/c"), &layer));
	assert_false(fold_path_layer(&f, S("a/d"), &layer));
	assert_true(str_eq(fold_resolve(&f, S("lib/db")), S("usr/lib/db")));
	assert_non_null(fold_find(&f, S("usr/lib/db"), "t"));
	assert_non_null(fold_find(&f, S("usr/lib/db"), NULL));
	assert_null(fold_find(&f, S("usr/lib/db"), "u"));
	assert_null(fold_find(&f, S("lib/db"), "t"));
	arena_done(&a);
}

/* A million lines of links to one place must not take long: the work is bounded, and said. */
static void test_work(void **state)
{
	struct arena a = { 0 };
	struct limits l;
	struct fold f;
	struct buf b = { 0 };
	(void)state;
	limits_default(&l);
	for (int layer = 0; layer < 20; layer++) {
		for (int i = 0; i < 2000; i++)
			buf_addf(&b, "l d/%d-%d ../db\n", layer, i);
		buf_addf(&b, "=\n");
	}
	buf_addf(&b, "x d/7-7/status");
	fold_text(&a, &l, buf_cstr(&b), &f);
	assert_int_equal(f.n_missing, 1);
	assert_true(str_eq(f.missing[0].path, S("db/status")));
	buf_done(&b);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers), cmocka_unit_test(test_links),
		cmocka_unit_test(test_pairs),  cmocka_unit_test(test_link_depth),
		cmocka_unit_test(test_add),    cmocka_unit_test(test_questions),
		cmocka_unit_test(test_work),
	};
	return cmocka_run_group_tests_name("analyze/fold", tests, NULL, NULL);
}
