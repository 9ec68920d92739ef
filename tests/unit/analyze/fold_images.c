/* Whole images, flattened: what the fold sees of every file must be what other implementations see. The images are
 * docker archives of LAZARET_TEST_DATA/images; each layer goes through the walk (no child) with an analyzer that wants
 * everything. Folders are not compared: the fold does not list them. */
#include "analyze/fold_tree.h"
#include "analyze/walk.h"
#include "base/json.h"
#include "oci/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <fcntl.h>

enum { FILE_MAX = 1 << 20 };

static int take_any(struct analysis *an, void *state, const struct file *f,
		    const struct whole *whole, struct err *e)
{
	(void)state;
	(void)e;
	struct record_file *r = record_add_file(an->arena, an->record, f->path, "any", f->size);
	digest_of(DIGEST_SHA256, whole->mem, &r->sha256);
	return 0;
}

static const char *const any[] = { "*", NULL };
static const struct analyzer analyzer_any = {
	.name = "any", .version = 1, .patterns = any, .want_whole = true, .end = take_any
};
static const struct analyzer *const list[] = { &analyzer_any, NULL };

static struct str read_file(struct arena *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = { 0 };
	struct err e;
	if (fd < 0)
		fail_msg("cannot open %s", path);
	CLEANUP(cleanup_stream) struct stream *s = stream_fd(fd, true, -1, UINT64_MAX);
	assert_int_equal(stream_read_all(s, FILE_MAX, &b, &e), 0);
	struct str text = arena_str(a, str_buf(&b));
	buf_done(&b);
	return text;
}

/* The archive's members by name. */
static void unpack(struct arena *a, struct str archive, struct map *members)
{
	CLEANUP(cleanup_stream) struct stream *s = stream_mem(archive);
	struct tar t;
	struct tar_entry te;
	struct err e;
	tar_open(&t, s);
	while (tar_next(&t, &te, &e) == 1) {
		struct str *body = ARENA_NEW(a, struct str);
		*body = str_upto(str_from(archive, te.offset), te.size);
		*map_at(members, arena_str(a, te.name)) = body;
	}
	tar_close(&t);
}

static const struct layer_record *walk_one(struct arena *a, const struct limits *l,
					   struct str layer)
{
	struct layer_record *r = ARENA_NEW(a, struct layer_record);
	CLEANUP(cleanup_stream) struct stream *s = stream_mem(layer);
	CLEANUP(cleanup_walk) struct walk *w = walk_open(list, &(struct analysis_options){ 0 }, l, a, -1);
	const struct layer_input in = { .bytes = s };
	struct err e;
	assert_int_equal(walk_layer(w, s, &in, &e), 0);
	assert_int_equal(walk_end(w, r, &e), 0);
	return r;
}

static void fold_image(struct arena *a, const struct limits *l, const char *path, struct fold *f)
{
	struct map members;
	struct json *manifest;
	struct err e;
	map_init(&members, a);
	unpack(a, read_file(a, path), &members);
	const struct str *text = map_get(&members, S("manifest.json"));
	assert_non_null(text);
	assert_int_equal(json_parse(*text, &manifest, &e), 0);
	const struct json *layers = json_get(json_first(manifest), "Layers");
	const struct layer_record **records = arena_array(a, json_count(layers), sizeof *records);
	*f = (struct fold){ .arena = a, .limits = l, .analyzers = list, .records = records };
	JSON_EACH(layer, layers)
	{
		const struct str *body = map_get(&members, json_str(layer));
		assert_non_null(body);
		records[f->n_layers++] = walk_one(a, l, *body);
	}
	json_free(manifest);
	fold_layers(f);
}

/* Every expected file and link is there, and nothing else. */
static void compare(const struct fold *f, const struct json *want, const char *image)
{
	size_t files = 0, links = 0;
	JSON_EACH(x, want)
	{
		struct str path = json_get_str(x, "path"), type = json_get_str(x, "type");
		if (str_eq(type, S("file"))) {
			const struct folded_file *ff = fold_find(f, path, "any");
			char text[DIGEST_TEXT];
			if (!ff)
				fail_msg("%s: %.*s is not seen", image, STR(path));
			digest_text(&ff->file->sha256, text);
			assert_true(str_eq(str_of(text + 7), json_get_str(x, "sha256")));
			files++;
		} else if (str_eq(type, S("symlink"))) {
			const struct fold_node *n = tree_find(f, path);
			if (!n || n->kind != NODE_LINK ||
			    !str_eq(n->target, json_get_str(x, "target")))
				fail_msg("%s: link %.*s is not seen", image, STR(path));
			links++;
		}
	}
	assert_int_equal(f->n_files, files);
	for (size_t i = 0; i < f->tree->n_nodes; i++)
		links -= f->tree->nodes[i]->kind == NODE_LINK;
	assert_int_equal(links, 0);
}

static void check_image(const char *path, const struct json *want, size_t notes, size_t missing)
{
	struct arena a = { 0 };
	struct limits l;
	struct fold f;
	limits_default(&l);
	fold_image(&a, &l, path, &f);
	compare(&f, want, path);
	assert_int_equal(f.n_missing, missing);
	assert_int_equal(f.n_notes, notes);
	arena_done(&a);
}

static const char *data(void)
{
	const char *d = getenv("LAZARET_TEST_DATA");
	if (!d)
		skip();
	return d;
}

static void test_go_containerregistry(void **state)
{
	static const char *const names[] = { "whiteout_image", "whiteout_dir", "overwritten_file" };
	const char *d = data();
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct arena a = { 0 };
		struct json *want;
		struct err e;
		char path[500];
		snprintf(path, sizeof path, "%s/images/go-containerregistry/%s.expected.json", d,
			 names[i]);
		assert_int_equal(json_parse(read_file(&a, path), &want, &e), 0);
		snprintf(path, sizeof path, "%s/images/go-containerregistry/%s.tar", d, names[i]);
		check_image(path, json_get(want, "flattened"), 0, 0);
		json_free(want);
		arena_done(&a);
	}
}

static void test_osv_scalibr(void **state)
{
	const char *d = data();
	struct arena a = { 0 };
	struct json *want;
	struct err e;
	char path[500];
	(void)state;
	snprintf(path, sizeof path, "%s/images/osv-scalibr/expected.json", d);
	assert_int_equal(json_parse(read_file(&a, path), &want, &e), 0);
	JSON_EACH(image, want)
	{
		bool cycle = str_eq(json_key(image), S("symlink-cycle.tar"));
		if (!json_get(image, "flattened"))
			continue;
		snprintf(path, sizeof path, "%s/images/osv-scalibr/%.*s", d, STR(json_key(image)));
		check_image(path, json_get(image, "flattened"), cycle ? 3 : 0, 0);
	}
	json_free(want);
	arena_done(&a);
}

/* A plain tar that tries to leave the root by links: nothing but names inside the root comes of it. */
static void test_escape(void **state)
{
	const char *d = data();
	struct arena a = { 0 };
	struct limits l;
	char path[500];
	(void)state;
	limits_default(&l);
	snprintf(path, sizeof path, "%s/images/osv-scalibr/escape.tar", d);
	const struct layer_record *r = walk_one(&a, &l, read_file(&a, path));
	struct fold f = {
		.arena = &a, .limits = &l, .analyzers = list, .records = &r, .n_layers = 1
	};
	fold_layers(&f);
	for (size_t i = 0; i < f.n_files; i++)
		assert_true(f.files[i].path.n && f.files[i].path.p[0] != '/' &&
			    str_find(f.files[i].path, S("..")) < 0);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_containerregistry),
		cmocka_unit_test(test_osv_scalibr),
		cmocka_unit_test(test_escape),
	};
	return cmocka_run_group_tests_name("analyze/fold_images", tests, NULL, NULL);
}
