/* Every feed over its documents in tests/data/feed (what comes out is compared line by line with NAME.expected) and over
 * those in tests/reject/feed, which must fail; probing; and the way through the pipe, whole and damaged. */
#include "base/zip.h"
#include "vuln/feed_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

static struct launcher *launcher;

struct seen {
	struct buf text;
	size_t records, skipped;
	int refuse; /* what the sink returns */
};

static void list(struct buf *b, const char *title, const struct strs *v)
{
	for (size_t i = 0; i < v->n; i++)
		buf_addf(b, "%s%.*s", i ? "," : title, STR(v->v[i]));
}

static void show_affected(struct buf *b, const struct affected *f)
{
	buf_addf(b, "  %.*s %.*s scheme=%s status=%s", STR(f->ns), STR(f->package),
		 f->scheme ? f->scheme : "-", status_name(f->status));
	if (f->severity_text.n || f->severity)
		buf_addf(b, " severity=%s(%.*s)", severity_name(f->severity),
			 STR(f->severity_text));
	buf_addf(b, "%s%s", f->not_affected ? " not-affected" : "", f->by_binary ? " binary" : "");
	if (f->arch.n || f->module.n)
		buf_addf(b, " arch=%.*s module=%.*s", STR(f->arch), STR(f->module));
	for (size_t i = 0; i < f->n_ranges; i++) {
		const struct range *r = &f->ranges[i];
		buf_addf(b, " [%.*s", STR(r->introduced));
		if (r->fixed.n)
			buf_addf(b, " <%.*s", STR(r->fixed));
		if (r->last_affected.n)
			buf_addf(b, " <=%.*s", STR(r->last_affected));
		if (r->limit.n)
			buf_addf(b, " limit %.*s", STR(r->limit));
		buf_addf(b, "]");
	}
	list(b, " versions=", &f->versions);
	buf_add_char(b, '\n');
}

static int on_advisory(void *ctx, const struct advisory *adv, struct err *e)
{
	struct seen *s = ctx;
	struct buf *b = &s->text;
	(void)e;
	s->records++;
	buf_addf(b, "%.*s", STR(adv->id));
	list(b, " aliases=", &adv->aliases);
	list(b, " related=", &adv->related);
	buf_addf(b, " severity=%s modified=%lld", severity_name(adv->severity),
		 (long long)adv->modified);
	if (adv->withdrawn)
		buf_addf(b, " withdrawn=%lld", (long long)adv->withdrawn);
	list(b, " references=", &adv->references);
	for (size_t i = 0; i < adv->n_cvss; i++)
		buf_addf(b, " %.*s:%.*s", STR(adv->cvss[i].source), STR(adv->cvss[i].vector));
	buf_addf(b, " '%.*s'\n", STR(adv->summary));
	for (size_t i = 0; i < adv->n_affected; i++)
		show_affected(b, &adv->affected[i]);
	return s->refuse;
}

static int on_kev(void *ctx, const struct kev *k, struct err *e)
{
	struct seen *s = ctx;
	(void)e;
	s->records++;
	buf_addf(&s->text, "%.*s added=%.*s due=%.*s%s\n", STR(k->id), STR(k->added), STR(k->due),
		 k->ransomware ? " ransomware" : "");
	return 0;
}

static int on_epss(void *ctx, const struct epss *p, struct err *e)
{
	struct seen *s = ctx;
	(void)e;
	s->records++;
	buf_addf(&s->text, "%.*s %.6f %.6f\n", STR(p->id), (double)p->score, (double)p->percentile);
	return 0;
}

static void on_skipped(void *ctx, struct str what, const char *why)
{
	struct seen *s = ctx;
	s->skipped++;
	buf_addf(&s->text, "skipped %.*s: %s\n", STR(what), why);
}

static struct feed_sink sink_of(struct seen *s)
{
	return (struct feed_sink){ on_advisory, on_kev, on_epss, on_skipped, s };
}

static void read_file(const char *path, struct buf *b)
{
	struct err e;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("cannot open %s", path);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, 0, UINT64_MAX);
	assert_int_equal(stream_read_all(in, 64 << 20, b, &e), 0);
}

static int parse(const struct feed *f, struct str text, struct seen *s, struct err *e)
{
	const struct feed_sink sink = sink_of(s);
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	return f->parse(in, S(""), &sink, e);
}

/* Calls check for every file of tests/KIND/feed/NAME that ends in .json or .csv; how many there were. */
static unsigned each_file(const char *kind, const struct feed *f,
			  void (*check)(const struct feed *, const char *path))
{
	char folder[512], path[1024];
	unsigned n = 0;
	snprintf(folder, sizeof folder, "%s/%s/feed/%s", getenv("LAZARET_TESTS"), kind, f->name);
	DIR *d = opendir(folder);
	if (!d)
		fail_msg("there is no %s", folder);
	for (struct dirent *x; (x = readdir(d));) {
		struct str name = str_of(x->d_name);
		if (!str_ends(name, S(".json")) && !str_ends(name, S(".csv")))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, x->d_name);
		check(f, path);
		n++;
	}
	closedir(d);
	return n;
}

static void check_good(const struct feed *f, const char *path)
{
	char expected_path[1100];
	struct buf text CLEANUP(buf_done) = { 0 }, expected CLEANUP(buf_done) = { 0 };
	struct seen s = { 0 };
	struct err e;
	read_file(path, &text);
	if (parse(f, str_buf(&text), &s, &e))
		fail_msg("%s: %s", path, e.text);
	snprintf(expected_path, sizeof expected_path, "%s.expected", path);
	if (getenv("LAZARET_BLESS")) {
		FILE *out = fopen(expected_path, "w");
		fwrite(s.text.p, 1, s.text.n, out);
		fclose(out);
	}
	read_file(expected_path, &expected);
	assert_string_equal(buf_cstr(&s.text), buf_cstr(&expected));
	buf_done(&s.text);
}

static void check_bad(const struct feed *f, const char *path)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	struct seen s = { 0 };
	struct err e;
	read_file(path, &text);
	int r = parse(f, str_buf(&text), &s, &e);
	if (r != ERR_INVALID && r != ERR_LIMIT)
		fail_msg("%s: accepted (%d)", path, r);
	buf_done(&s.text);
}

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; feeds[i]; i++) {
		if (!each_file("data", feeds[i], check_good))
			fail_msg("no document for the feed %s", feeds[i]->name);
		if (!each_file("reject", feeds[i], check_bad))
			fail_msg("no rejected document for the feed %s", feeds[i]->name);
	}
}

/* Each document is taken by its own feed and by no other. */
static void check_probe(const struct feed *f, const char *path)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	struct arena a = { 0 };
	read_file(path, &text);
	for (size_t i = 0; feeds[i]; i++) {
		struct str detail = { 0 };
		bool takes =
			feeds[i]->probe(&a, str_of(path), str_upto(str_buf(&text), 4096), &detail);
		if (takes != (feeds[i] == f))
			fail_msg("%s: the feed %s says %d", path, feeds[i]->name, takes);
	}
	arena_done(&a);
}

static void test_probe(void **state)
{
	(void)state;
	for (size_t i = 0; feeds[i]; i++)
		each_file("data", feeds[i], check_probe);
	struct arena a = { 0 };
	struct str detail;
	for (size_t i = 0; feeds[i]; i++) {
		assert_false(feeds[i]->probe(&a, S("x"), S(""), &detail));
		assert_false(feeds[i]->probe(&a, S("x/y.json"), S("{\"a\":1}"), &detail));
		assert_false(feeds[i]->probe(&a, S("x/y.zip"), S("PK\3\4"), &detail));
	}
	arena_done(&a);
}

static void test_sources(void **state)
{
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; feeds[i]; i++) {
		struct feed_source *v = NULL;
		size_t n = 0;
		feeds[i]->sources(&a, S("http://localhost/m"), &v, &n);
		assert_true(n > 0);
		for (size_t k = 0; k < n; k++) {
			assert_true(str_starts(v[k].url, S("http://localhost/m/")));
			assert_true(str_find_char(v[k].url, ' ') < 0);
			assert_true(str_starts(v[k].name, str_of(feeds[i]->name)));
			for (size_t m = 0; m < k; m++)
				assert_false(str_eq(v[k].name, v[m].name));
		}
		feeds[i]->sources(&a, S(""), &v, &n);
		/* Coordinates have no public document. */
		assert_true(n ? str_starts(v[0].url, S("https://"))
			      : str_eq(str_of(feeds[i]->name), S("coordinates")));
	}
	arena_done(&a);
}

static const struct feed *feed_named(const char *name)
{
	for (size_t i = 0; feeds[i]; i++)
		if (str_eq(str_of(feeds[i]->name), str_of(name)))
			return feeds[i];
	fail_msg("no feed %s", name);
	return NULL;
}

static int run(struct launcher *l, const char *feed, enum feed_shape shape, struct str text,
	       struct seen *s, struct err *e)
{
	const struct feed_sink sink = sink_of(s);
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	return feed_run(l, feed_named(feed), shape, S(""), in, &sink, e);
}

/* Little endian numbers of a zip archive. */
static void put(struct buf *b, unsigned n, uint64_t v)
{
	for (unsigned i = 0; i < n; i++)
		buf_add_char(b, (char)(i < 8 ? v >> (8 * i) : 0));
}

/* A zip archive of stored members. */
static void make_zip(struct buf *out, const struct str *names, const struct str *texts, size_t n)
{
	struct buf directory CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < n; i++) {
		size_t at = out->n;
		uint32_t crc = deflate_crc(texts[i].p, texts[i].n);
		put(out, 4, 0x04034b50);
		put(out, 10, 10);
		put(out, 4, crc);
		put(out, 4, texts[i].n);
		put(out, 4, texts[i].n);
		put(out, 4, names[i].n);
		buf_add_str(out, names[i]);
		buf_add_str(out, texts[i]);
		put(&directory, 4, 0x02014b50);
		put(&directory, 4, 10 | 10 << 16);
		put(&directory, 8, 0);
		put(&directory, 4, crc);
		put(&directory, 4, texts[i].n);
		put(&directory, 4, texts[i].n);
		put(&directory, 8, names[i].n);
		put(&directory, 6, 0);
		put(&directory, 4, at);
		buf_add_str(&directory, names[i]);
	}
	size_t at = out->n;
	buf_add_str(out, str_buf(&directory));
	put(out, 4, 0x06054b50);
	put(out, 4, 0);
	put(out, 2, n);
	put(out, 2, n);
	put(out, 4, directory.n);
	put(out, 4, at);
	put(out, 2, 0);
}

static void check_zip(struct launcher *l)
{
	static const struct str names[] = {
		{ "a.json", 6 }, { "bad.json", 8 }, { "readme", 6 }, { "c.json", 6 }
	};
	static const struct str texts[] = {
		{ "{\"id\":\"A-1\"}", 12 }, { "{", 1 }, { "hello", 5 }, { "{\"id\":\"C-1\"}", 12 }
	};
	struct buf zip CLEANUP(buf_done) = { 0 };
	struct seen s = { 0 };
	struct err e = { 0 };
	make_zip(&zip, names, texts, COUNT(names));
	if (run(l, "osv", FEED_ZIP, str_buf(&zip), &s, &e))
		fail_msg("%s", e.text);
	assert_true(s.records == 2 && s.skipped == 1);
	assert_non_null(strstr(buf_cstr(&s.text), "skipped bad.json: "));
	/* None can be read; no archive; a member that is not what its checksum says. */
	struct seen none = { 0 };
	zip.n = 0;
	make_zip(&zip, names + 1, texts + 1, 1);
	assert_int_equal(run(l, "osv", FEED_ZIP, str_buf(&zip), &none, &e), ERR_INVALID);
	assert_int_equal(run(l, "osv", FEED_ZIP, S("no archive"), &none, &e), ERR_INVALID);
	zip.n = 0;
	make_zip(&zip, names, texts, 1);
	zip.p[40] ^= 1;
	assert_int_equal(run(l, "osv", FEED_ZIP, str_buf(&zip), &none, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "checksum"));
	buf_done(&s.text);
	buf_done(&none.text);
}

static void check_plain(struct launcher *l)
{
	struct seen s = { 0 };
	struct err e = { 0 };
	struct str epss = S("cve,epss,percentile\nCVE-2099-1,0.5,0.25\n");
	assert_int_equal(run(l, "epss", FEED_PLAIN, epss, &s, &e), 0);
	assert_string_equal(buf_cstr(&s.text), "CVE-2099-1 0.500000 0.250000\n");
	assert_int_equal(run(l, "epss", FEED_PLAIN, S("\x1f\x8b no gzip"), &s, &e), ERR_INVALID);
	assert_int_equal(run(l, "kev", FEED_PLAIN, S("{\"x\\n\":\x01"), &s, &e), ERR_INVALID);
	/* The sink's refusal ends it. */
	struct seen refusing = { .refuse = ERR_IO };
	assert_int_equal(run(l, "osv", FEED_PLAIN, S("{\"id\":\"A-1\"}"), &refusing, &e), ERR_IO);
	buf_done(&s.text);
	buf_done(&refusing.text);
}

static void check_files(struct launcher *l)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct seen s = { 0 };
	struct err e = { 0 };
	const char *const texts[] = { "{\"id\":\"A-1\"}", "no", "{\"id\":\"B-1\"}" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		put(&b, 4, 1);
		put(&b, 4, strlen(texts[i]));
		buf_addf(&b, "%zu%s", i, texts[i]);
	}
	assert_int_equal(run(l, "osv", FEED_FILES, str_buf(&b), &s, &e), 0);
	assert_true(s.records == 2 && s.skipped == 1);
	assert_int_equal(run(l, "osv", FEED_FILES, str_upto(str_buf(&b), b.n - 1), &s, &e),
			 ERR_INVALID);
	assert_int_equal(run(l, "osv", FEED_FILES, S("\xff\xff\xff\xff\xff\xff\xff\xff"), &s, &e),
			 ERR_LIMIT);
	buf_done(&s.text);
}

static void test_here(void **state)
{
	(void)state;
	check_zip(NULL);
	check_plain(NULL);
	check_files(NULL);
}

static void test_in_child(void **state)
{
	(void)state;
	check_zip(launcher);
	check_plain(launcher);
	check_files(launcher);
}

/* Answers that no child of ours would give. */
static void test_forged_answers(void **state)
{
	static const struct str forged[] = {
		{ "", 0 },
		{ "\x01", 1 },
		{ "\x01\0\0\0\0\x01\0\0\0\0", 10 },
		{ "\x07\0\0\0\0\x01\0\0\0\0", 10 },
		{ "\x02\xff\xff\xff\xff", 5 },
		{ "\x02\x01\0\0\0\xff\x01\0\0\0\0", 11 },
		{ "\x03\x02\0\0\0\x05x\x01\0\0\0\0", 12 },
		{ "\x05\x02\0\0\0\x05x\x01\0\0\0\0", 12 },
		{ "\x06\x01\0\0\0\0", 6 },
		{ "\x06\x03\0\0\0\x63\x01x", 8 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(forged); i++) {
		struct seen s = { 0 };
		const struct feed_sink sink = sink_of(&s);
		struct feed_answer *a = feed_answer_open(&sink);
		struct err e = { 0 };
		int r = 0;
		for (size_t k = 0; k < forged[i].n && r == 0; k++)
			r = feed_answer_take(a, (struct str){ forged[i].p + k, 1 }, &e);
		if (r == 0)
			r = feed_answer_end(a, &e);
		feed_answer_close(a);
		if (r != ERR_INVALID && r != ERR_LIMIT)
			fail_msg("%zu: %d", i, r);
		assert_int_equal(s.records, 0);
		buf_done(&s.text);
	}
}

static void test_rpm_names(void **state)
{
	static const struct {
		const char *ecosystem;
		bool source, binary;
	} t[] = { { "AlmaLinux:9", false, true },
		  { "Rocky Linux:9", true, true },
		  { "Debian:12", true, false } };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct seen s = { 0 };
		struct err e;
		struct buf b CLEANUP(buf_done) = { 0 };
		buf_addf(&b,
			 "{\"id\":\"X-1\",\"summary\":\"Important: x security "
			 "update\",\"affected\":[{\"package\":{\"name\":\"x\","
			 "\"ecosystem\":\"%s\",\"purl\":\"pkg:rpm/x/"
			 "x?arch=x86_64&rpmmod=nodejs:18:99\"},\"ranges\":[{\"type\":"
			 "\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1-2\"}]}]}]"
			 "}",
			 t[i].ecosystem);
		assert_int_equal(parse(feed_named("osv"), str_buf(&b), &s, &e), 0);
		const char *text = buf_cstr(&s.text);
		assert_non_null(strstr(text, "severity=HIGH"));
		assert_non_null(strstr(text, "arch=x86_64 module=nodejs:18 "));
		assert_int_equal(strstr(text, " binary") != NULL, t[i].binary);
		assert_int_equal(strstr(text, "status=affected arch") != NULL, t[i].source);
		buf_done(&s.text);
	}
	struct seen s = { 0 };
	struct err e;
	struct str errata =
		S("{\"id\":\"ALBA-2099:1\",\"affected\":[{\"package\":{\"name\":\"x\","
		  "\"ecosystem\":\"AlmaLinux:9\"},"
		  "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}]}]}]}");
	assert_int_equal(parse(feed_named("osv"), errata, &s, &e), 0);
	assert_null(strchr(strchr(buf_cstr(&s.text), '\n'), 'x'));
	buf_done(&s.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents), cmocka_unit_test(test_probe),
		cmocka_unit_test(test_sources),	  cmocka_unit_test(test_here),
		cmocka_unit_test(test_in_child),  cmocka_unit_test(test_forged_answers),
		cmocka_unit_test(test_rpm_names),
	};
	struct err e;
	if (launcher_open(&launcher, &e))
		return 1;
	int r = cmocka_run_group_tests_name("vuln/feed", tests, NULL, NULL);
	launcher_close(launcher);
	return r;
}
