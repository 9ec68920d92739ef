/* The walk with analyzers of our own, and whole layers through the real child. */
#include "analyze/walk.h"
#include "base/child.h"
#include "make_tar.h"

#include <isa-l/igzip_lib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

/* Streaming: records what it saw as an attribute; "bad" in the first piece is an error. */
static int cat_begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	(void)f;
	(void)e;
	*state = ARENA_NEW(an->arena, struct buf);
	return 0;
}

static int cat_feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	(void)an;
	if (str_starts(chunk, S("bad")))
		return err_set(e, ERR_INVALID, "no good");
	buf_add_str(state, chunk);
	return 0;
}

static int cat_end(struct analysis *an, void *state, const struct file *f,
		   const struct whole *whole, struct err *e)
{
	struct buf *b = state;
	(void)whole;
	(void)e;
	struct record_file *r = record_add_file(an->arena, an->record, f->path, "cat", f->size);
	record_add_attr(an->arena, r, S("body"), str_buf(b));
	for (size_t i = 0; b->n > 4 && str_starts(str_buf(b), S("pkg")) && i < 10; i++)
		record_add_package(an->arena, r)->name = S("p");
	buf_done(b);
	return 0;
}

static int whole_end(struct analysis *an, void *state, const struct file *f,
		     const struct whole *whole, struct err *e)
{
	char last[4];
	(void)state;
	int r = whole_read(whole, whole->size < 4 ? 0 : whole->size - 4, last,
			   (size_t)MIN(whole->size, (uint64_t)4), e);
	if (r)
		return r;
	struct record_file *rf = record_add_file(an->arena, an->record, f->path, "whole", f->size);
	record_add_attr(an->arena, rf, S("last"),
			(struct str){ last, (size_t)MIN(whole->size, (uint64_t)4) });
	record_add_attr(an->arena, rf, S("where"), whole->fd < 0 ? S("memory") : S("spool"));
	an->shared = rf;
	return 0;
}

static int whole_finish(struct analysis *an, struct err *e)
{
	return an->shared ? err_set(e, ERR_INVALID, "finished") : 0;
}

static const char *const cat_patterns[] = { "etc/one", "*.txt", "**/deep/name", "d/*.list", NULL };
static const char *const whole_patterns[] = { "*.db", "*[0-9]x", "both.txt", NULL };
static const struct analyzer cat = { .name = "cat",
				     .database = true,
				     .patterns = cat_patterns,
				     .begin = cat_begin,
				     .feed = cat_feed,
				     .end = cat_end };
static const struct analyzer whole = { .name = "whole",
				       .database = true,
				       .patterns = whole_patterns,
				       .want_whole = true,
				       .end = whole_end,
				       .finish = whole_finish };
static const char *const side_patterns[] = { "*.side", NULL };
static const struct analyzer side = {
	.name = "side", .patterns = side_patterns, .want_whole = true, .end = whole_end
};
static const struct analyzer *const ours[] = { &cat, &whole, &side, NULL };

struct made {
	struct arena a;
	struct buf tar;
	struct limits l;
	struct layer_record r;
	struct layer_input in;
	int spool;
};

static void made_init(struct made *m)
{
	*m = (struct made){ .spool = -1 };
	limits_default(&m->l);
}

static void made_done(struct made *m)
{
	buf_done(&m->tar);
	arena_done(&m->a);
}

static const struct analysis_options options = { .scanners = SCAN_PACKAGES | SCAN_CONFIG };

static void walk(struct made *m)
{
	struct err e;
	CLEANUP(cleanup_walk) struct walk *w = walk_open(ours, &options, &m->l, &m->a, m->spool);
	CLEANUP(cleanup_stream) struct stream *s = stream_mem(str_buf(&m->tar));
	assert_int_equal(walk_layer(w, s, &m->in, &e), 0);
	assert_int_equal(walk_end(w, &m->r, &e), 0);
	/* Whatever we make, the decoder must take. */
	struct buf b = { 0 };
	struct layer_record again;
	struct limits l;
	limits_default(&l);
	record_encode(&m->r, &b);
	if (record_decode(&m->a, str_buf(&b), &l, &again, &e))
		fail_msg("%s", e.text);
	assert_int_equal(again.n_files, m->r.n_files);
	buf_done(&b);
}

static const struct record_file *find(const struct made *m, const char *path)
{
	for (size_t i = 0; i < m->r.n_files; i++)
		if (str_eq(m->r.files[i].path, str_of(path)))
			return &m->r.files[i];
	return NULL;
}

static bool noted(const struct made *m, const char *path, const char *text)
{
	for (size_t i = 0; i < m->r.n_notes; i++)
		if (str_eq(m->r.notes[i].path, str_of(path)) &&
		    str_find(m->r.notes[i].reason, str_of(text)) >= 0)
			return true;
	return false;
}

static void assert_attr(const struct made *m, const char *path, const char *key, const char *value)
{
	const struct record_file *f = find(m, path);
	if (!f)
		fail_msg("%s: not recorded", path);
	struct str have = record_attr(f->attrs, f->n_attrs, str_of(key));
	if (!str_eq(have, str_of(value)))
		fail_msg("%s: %s is '%.*s'", path, key, STR(have));
}

static void test_paths(void **state)
{
	struct made m;
	(void)state;
	made_init(&m);
	tar_header(&m.tar, '5', "./", "", 0);
	tar_file(&m.tar, "./etc/one", S("1"));
	tar_file(&m.tar, "/abs.txt", S("2"));
	tar_file(&m.tar, "a//b/../c.txt", S("3"));
	tar_file(&m.tar, "../out.txt", S("4"));
	tar_file(&m.tar, "a/../../out.txt", S("4"));
	tar_file(&m.tar, "deep/name", S("5"));
	tar_file(&m.tar, "x/y/deep/name", S("6"));
	tar_file(&m.tar, "d/a.list", S("7"));
	tar_file(&m.tar, "d/e/a.list", S("no"));
	tar_file(&m.tar, "sub/etc/one", S("no"));
	tar_file(&m.tar, "both.txt", S("body"));
	tar_file(&m.tar, "n7x", S("8"));
	tar_file(&m.tar, "empty.txt", S(""));
	tar_finish(&m.tar);
	walk(&m);
	assert_attr(&m, "etc/one", "body", "1");
	assert_attr(&m, "abs.txt", "body", "2");
	assert_attr(&m, "a/c.txt", "body", "3");
	assert_attr(&m, "deep/name", "body", "5");
	assert_attr(&m, "x/y/deep/name", "body", "6");
	assert_attr(&m, "d/a.list", "body", "7");
	assert_attr(&m, "n7x", "last", "8");
	assert_attr(&m, "empty.txt", "body", "");
	assert_int_equal(m.r.n_files, 10);
	assert_true(noted(&m, "../out.txt", "leaves the root"));
	assert_true(noted(&m, "a/../../out.txt", "leaves the root"));
	assert_true(noted(&m, "", "whole: finished"));
	assert_int_equal(m.r.entries, 14);
	bool dir = true;
	assert_true(record_has_path(&m.r, S("sub/etc/one"), &dir) && !dir);
	assert_false(record_has_path(&m.r, S("out.txt"), NULL));
	made_done(&m);
}

static void test_whiteouts_and_links(void **state)
{
	struct made m;
	(void)state;
	made_init(&m);
	tar_file(&m.tar, "a/.wh.gone", S(""));
	tar_file(&m.tar, ".wh.top", S(""));
	tar_file(&m.tar, "b/.wh..wh..opq", S(""));
	tar_file(&m.tar, ".wh..wh..opq", S(""));
	tar_file(&m.tar, ".wh..wh.plnk", S(""));
	tar_file(&m.tar, "c/.wh.", S(""));
	tar_file(&m.tar, "c/.wh...", S(""));
	tar_header(&m.tar, '2', "lib", "usr/lib", 0);
	tar_header(&m.tar, '1', "hard.txt", "./x/../plain", 0);
	tar_header(&m.tar, '1', "bad.txt", "../plain", 0);
	tar_header(&m.tar, '5', "dir/", "", 0);
	tar_header(&m.tar, 'V', "label", "", 0);
	tar_finish(&m.tar);
	walk(&m);
	assert_int_equal(m.r.n_whiteouts, 4);
	assert_true(str_eq(m.r.whiteouts[0].path, S("a/gone")) && !m.r.whiteouts[0].opaque);
	assert_true(str_eq(m.r.whiteouts[1].path, S("top")));
	assert_true(str_eq(m.r.whiteouts[2].path, S("b")) && m.r.whiteouts[2].opaque);
	assert_true(m.r.whiteouts[3].path.n == 0 && m.r.whiteouts[3].opaque);
	assert_true(noted(&m, ".wh..wh.plnk", "aufs"));
	assert_true(noted(&m, "c/.wh.", "named"));
	assert_true(noted(&m, "c/.wh...", "named"));
	assert_true(noted(&m, "label", "type 'V'"));
	assert_int_equal(m.r.n_links, 2);
	assert_true(str_eq(m.r.links[0].path, S("lib")) &&
		    str_eq(m.r.links[0].target, S("usr/lib")));
	assert_true(m.r.links[1].hard && str_eq(m.r.links[1].target, S("plain")));
	assert_true(noted(&m, "bad.txt", "leaves the root"));
	bool dir = false;
	assert_true(record_has_path(&m.r, S("dir"), &dir) && dir);
	made_done(&m);
}

static void test_last_wins(void **state)
{
	struct made m;
	(void)state;
	made_init(&m);
	tar_file(&m.tar, "a.txt", S("old"));
	tar_file(&m.tar, "a.txt", S("new"));
	tar_file(&m.tar, "b.txt", S("file"));
	tar_header(&m.tar, '2', "b.txt", "elsewhere", 0);
	tar_header(&m.tar, '2', "c.txt", "elsewhere", 0);
	tar_file(&m.tar, "c.txt", S("file"));
	tar_file(&m.tar, "folder/in/d.txt", S("gone"));
	tar_header(&m.tar, '2', "folder/link", "x", 0);
	tar_file(&m.tar, "folderish/e.txt", S("stays"));
	tar_file(&m.tar, "folder", S("a file now"));
	tar_file(&m.tar, "f.txt", S("x"));
	tar_header(&m.tar, '5', "f.txt", "", 0);
	tar_finish(&m.tar);
	walk(&m);
	assert_attr(&m, "a.txt", "body", "new");
	assert_null(find(&m, "b.txt"));
	assert_attr(&m, "c.txt", "body", "file");
	assert_null(find(&m, "folder/in/d.txt"));
	assert_attr(&m, "folderish/e.txt", "body", "stays");
	assert_null(find(&m, "f.txt"));
	assert_int_equal(m.r.n_files, 3);
	assert_int_equal(m.r.n_links, 1);
	assert_true(str_eq(m.r.links[0].path, S("b.txt")));
	assert_true(noted(&m, "folder", "takes the place"));
	made_done(&m);
}

static void test_unreadable_and_broken(void **state)
{
	struct made m;
	(void)state;
	made_init(&m);
	tar_file(&m.tar, "a.txt", S("bad"));
	tar_file(&m.tar, "b.txt", S("good"));
	tar_header(&m.tar, '0', "c.txt", "", 5000);
	buf_addf(&m.tar, "cut");
	walk(&m);
	assert_true(str_eq(find(&m, "a.txt")->unreadable, S("no good")));
	assert_int_equal(find(&m, "b.txt")->unreadable.n, 0);
	assert_non_null(
		strstr(arena_cstr(&m.a, find(&m, "c.txt")->unreadable), "ends inside a file"));
	assert_true(noted(&m, "", "ends inside a file"));
	assert_true(m.r.cut);
	made_done(&m);
	made_init(&m);
	buf_addf(&m.tar, "%01000d", 7);
	walk(&m);
	assert_true(noted(&m, "", "the layer was not examined"));
	made_done(&m);
	made_init(&m);
	buf_addf(&m.tar, "BZh91AY");
	walk(&m);
	assert_true(noted(&m, "", "bzip2"));
	made_done(&m);
	made_init(&m);
	tar_finish(&m.tar);
	buf_addf(&m.tar, "hidden");
	walk(&m);
	assert_true(noted(&m, "", "behind the end"));
	made_done(&m);
}

static void test_aliases(void **state)
{
	static const struct layer_alias aliases[] = {
		{ S("data/real"), S("etc/one") },
		{ S("data/real"), S("other.txt") },
		{ S("moved/"), S("d/") },
	};
	struct made m;
	(void)state;
	made_init(&m);
	m.in.aliases = aliases;
	m.in.n_aliases = COUNT(aliases);
	tar_file(&m.tar, "data/real", S("old"));
	tar_file(&m.tar, "data/real", S("body"));
	tar_file(&m.tar, "moved/x.list", S("list"));
	tar_file(&m.tar, "moved/x.other", S("list"));
	tar_file(&m.tar, "a.txt", S("not asked for"));
	tar_file(&m.tar, ".wh.x", S(""));
	tar_finish(&m.tar);
	walk(&m);
	assert_attr(&m, "etc/one", "body", "body");
	assert_attr(&m, "other.txt", "body", "body");
	assert_attr(&m, "d/x.list", "body", "list");
	assert_int_equal(m.r.n_files, 3);
	assert_int_equal(m.r.n_path_hashes + m.r.n_whiteouts, 0);
	made_done(&m);
}

/* One archive; each row makes one limit small: the record is cut and says the limit's name. */
static void test_limits(void **state)
{
	static const struct {
		const char *set, *path, *text;
	} t[] = {
		{ "layer_entries=3", "", "layer_entries, 3" },
		{ "layer_bytes=2000", "", "layer_bytes" },
		{ "path_bytes=20", "a-long-directory-name/and-a-name", "path_bytes" },
		{ "path_bytes=6", "l1", "path_bytes" },
		{ "links=1", "l2", "links, 1" },
		{ "modes=1", "open2", "modes, 1" },
		{ "file_bytes=3", "b.db", "file_bytes" },
		{ "packages=4", "p.txt", "packages, 4" },
		{ "memory_file=3", "b.db", "memory_file" },
		{ "layer_notes=1", "", "more lines than layer_notes left out: 2" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct made m;
		struct err e;
		made_init(&m);
		tar_header(&m.tar, '2', "l1", "target-of-it", 0);
		tar_header(&m.tar, '2', "l2", "target-of-it", 0);
		tar_file_mode(&m.tar, "open1", 0777);
		tar_file_mode(&m.tar, "open2", 04755);
		tar_file(&m.tar, "p.txt", S("pkg packages"));
		tar_file(&m.tar, "b.db", S("whole body"));
		tar_file(&m.tar, "../up1", S(""));
		tar_file(&m.tar, "a-long-directory-name/and-a-name", S(""));
		tar_finish(&m.tar);
		assert_int_equal(limits_set(&m.l, str_of(t[i].set), &e), 0);
		walk(&m);
		struct str path = str_upto(str_of(t[i].path), (size_t)m.l.path_bytes);
		if (!noted(&m, arena_cstr(&m.a, path), t[i].text))
			fail_msg("%s: no note; first is '%.*s'", t[i].set,
				 STR(m.r.notes[0].reason));
		if (!m.r.cut && strcmp(t[i].set, "layer_notes=1"))
			fail_msg("%s: not cut", t[i].set);
		made_done(&m);
	}
}

static void test_spool(void **state)
{
	struct made m;
	(void)state;
	made_init(&m);
	FILE *f = tmpfile();
	m.spool = fileno(f);
	m.l.memory_file = 8;
	m.l.spool_bytes = 40;
	tar_file(&m.tar, "a.db", S("1234"));
	tar_file(&m.tar, "b.db", S("0123456789first"));
	tar_file(&m.tar, "c.db", S("0123456789-second"));
	tar_file(&m.tar, "d.db", S("0123456789-third"));
	tar_finish(&m.tar);
	walk(&m);
	assert_attr(&m, "a.db", "where", "memory");
	assert_attr(&m, "b.db", "where", "spool");
	assert_attr(&m, "b.db", "last", "irst");
	assert_attr(&m, "c.db", "last", "cond");
	assert_true(noted(&m, "d.db", "spool_bytes"));
	assert_true(find(&m, "d.db")->unreadable.n > 0);
	assert_true(m.r.cut);
	fclose(f);
	made_done(&m);
}

static void deflate(struct str in, struct buf *out)
{
	struct isal_zstream z;
	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (unsigned char *)(uintptr_t)in.p;
	z.avail_in = (uint32_t)in.n;
	buf_reserve(out, in.n + in.n / 2 + 4096);
	z.next_out = (unsigned char *)out->p;
	z.avail_out = (uint32_t)(out->cap);
	assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
	out->n = z.total_out;
}

static void test_gzip(void **state)
{
	struct made m;
	struct buf gz = { 0 };
	(void)state;
	made_init(&m);
	tar_file(&m.tar, "a.txt", S("body"));
	tar_finish(&m.tar);
	deflate(str_buf(&m.tar), &gz);
	buf_addf(&gz, "junk");
	struct buf plain = m.tar;
	m.tar = gz;
	m.in.media_type = S("application/vnd.oci.image.layer.v1.tar+zstd");
	walk(&m);
	assert_attr(&m, "a.txt", "body", "body");
	assert_true(noted(&m, "", "promises compression zstd, the bytes have gzip"));
	assert_true(noted(&m, "", "4 bytes behind the end of the gzip data"));
	m.tar.n -= 12;
	m.r = (struct layer_record){ 0 };
	walk(&m);
	assert_true(noted(&m, "", "gzip"));
	buf_done(&plain);
	made_done(&m);
	/* A bomb: ten mebibytes of zeros. */
	made_init(&m);
	tar_header(&m.tar, '0', "zeros", "", 10 << 20);
	buf_reserve(&m.tar, 10 << 20);
	memset(m.tar.p + m.tar.n, 0, 10 << 20);
	m.tar.n += 10 << 20;
	tar_finish(&m.tar);
	gz = (struct buf){ 0 };
	deflate(str_buf(&m.tar), &gz);
	buf_done(&m.tar);
	m.tar = gz;
	m.l.layer_ratio = 20;
	walk(&m);
	assert_true(m.r.cut && noted(&m, "", "layer_ratio"));
	made_done(&m);
}

/* Through the launcher, the sandbox and the pipes. */
static void analyze(void **state, struct made *m, struct stream *s, int want, const char *text)
{
	struct err e = { 0 };
	struct buf raw = { 0 };
	m->in.bytes = s;
	int r = layer_analyze(*state, &options, &m->in, 1, &m->l, &m->a, &m->r, &raw, &e);
	if (r != want || (r && !strstr(e.text, text)))
		fail_msg("code %d, '%s'", r, e.text);
	if (r == 0 && text && !noted(m, "", text))
		fail_msg("no note '%s', the first is '%.*s'", text,
			 STR(m->r.n_notes ? m->r.notes[0].reason : S("")));
	buf_done(&raw);
	stream_close(s);
}

static uint64_t mapped_bytes(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu", &pages), 1);
	fclose(f);
	return pages * 4096;
}

static void test_child(void **state)
{
	struct digest good, wrong;
	struct made m;
	uint64_t mapped = mapped_bytes();
	(void)mapped;
	made_init(&m);
	static const char body[3000];
	for (size_t i = 0; i < 3000; i++) {
		char name[100];
		snprintf(name, sizeof name, "dir/file%zu", i);
		tar_file(&m.tar, name, (struct str){ body, i });
	}
	tar_header(&m.tar, '2', "link", "to", 0);
	tar_finish(&m.tar);
	struct str all = str_buf(&m.tar);
	digest_of(DIGEST_SHA256, all, &good);
	digest_of(DIGEST_SHA256, S(""), &wrong);
	analyze(state, &m, stream_verify(stream_mem(all), &good, all.n), 0, NULL);
	assert_int_equal(m.r.entries, 3001);
	assert_int_equal(m.r.n_path_hashes, 3002); /* and "dir/", which has no entry */
	assert_int_equal(m.r.n_links, 1);
	assert_int_equal(m.r.n_notes, 0);
	analyze(state, &m, stream_verify(stream_mem(all), &wrong, all.n), ERR_INVALID,
		"digest differs");
	analyze(state, &m, stream_verify(stream_mem(all), &good, all.n + 1), ERR_INVALID,
		"descriptor says");
	/* The child stops early, the digest still counts. */
	m.l.layer_entries = 2;
	analyze(state, &m, stream_verify(stream_mem(all), &wrong, all.n), ERR_INVALID,
		"digest differs");
	analyze(state, &m, stream_verify(stream_mem(all), &good, all.n), 0, "layer_entries");
	limits_default(&m.l);
	m.l.record_bytes = 200;
	analyze(state, &m, stream_mem(all), 0, "larger than record_bytes");
	assert_true(m.r.cut);
	limits_default(&m.l);
#ifndef LAZARET_SANITIZED
	/* What is mapped anyway and a little: it starts and dies. */
	struct buf links = { 0 };
	for (int i = 0; i < 40000; i++) {
		char name[100];
		snprintf(name, sizeof name, "link%d", i);
		tar_header(&links, '2', name, "a-target-that-takes-some-room-in-memory", 0);
	}
	m.l.layer_memory = mapped + (1 << 20);
	analyze(state, &m, stream_mem(str_buf(&links)), 0, "layer not examined: the child");
	assert_int_equal(m.r.n_links, 0);
	buf_done(&links);
	limits_default(&m.l);
#endif
	m.in.deadline = 1;
	analyze(state, &m, stream_mem(all), ERR_IO, "timeout");
	made_done(&m);
}

static void test_two_inputs(void **state)
{
	struct made m, other;
	struct err e;
	made_init(&m);
	made_init(&other);
	tar_header(&m.tar, '2', "one", "x", 0);
	tar_finish(&m.tar);
	tar_header(&other.tar, '2', "two", "x", 0);
	tar_finish(&other.tar);
	struct layer_input in[2] = { { .bytes = stream_mem(str_buf(&m.tar)) },
				     { .bytes = stream_mem(str_buf(&other.tar)) } };
	assert_int_equal(layer_analyze(*state, &options, in, 2, &m.l, &m.a, &m.r, NULL, &e), 0);
	assert_int_equal(m.r.n_links, 2);
	assert_true(str_eq(m.r.links[1].path, S("two")));
	stream_close(in[0].bytes);
	stream_close(in[1].bytes);
	made_done(&m);
	made_done(&other);
}

/* Where memory runs short the distribution's databases are still read, and what is not is said once. */
static void test_full_record(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		struct made m;
		made_init(&m);
		m.l.layer_memory = 1 << 20;
		if (full)
			(void)arena_alloc(&m.a, 512 << 10);
		tar_file(&m.tar, "1.side", S("body"));
		tar_file(&m.tar, "2.side", S("body"));
		tar_file(&m.tar, "p.txt", S("text"));
		tar_finish(&m.tar);
		walk(&m);
		assert_attr(&m, "p.txt", "body", "text");
		assert_int_equal(!find(&m, "1.side"), full);
		assert_int_equal(!find(&m, "2.side"), full);
		assert_int_equal(m.r.n_notes, full);
		assert_int_equal(m.r.cut, full);
		assert_int_equal(noted(&m, "1.side", "layer_memory"), full);
		made_done(&m);
	}
}

static int open_launcher(void **state)
{
	struct err e;
	return launcher_open((struct launcher **)state, &e);
}

static int close_launcher(void **state)
{
	launcher_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),	    cmocka_unit_test(test_whiteouts_and_links),
		cmocka_unit_test(test_last_wins),   cmocka_unit_test(test_unreadable_and_broken),
		cmocka_unit_test(test_aliases),	    cmocka_unit_test(test_limits),
		cmocka_unit_test(test_spool),	    cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_child),	    cmocka_unit_test(test_two_inputs),
		cmocka_unit_test(test_full_record),
	};
	return cmocka_run_group_tests_name("analyze/layer", tests, open_launcher, close_launcher);
}
