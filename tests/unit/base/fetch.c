/* The HTTP client against two servers on loopback: one reached as 127.0.0.1, the other as localhost, so that they are
 * different origins twice over. */
#include "base/fetch.h"

#include "http_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <time.h>

enum { BLOB = 3000000 };

static struct {
	struct http_server first, other;
	char *blob;
	atomic_uint hits;
	atomic_bool leaked, saw_own, saw_accept;
} t;

static void send_blob(int fd, const char *head, size_t from, size_t to)
{
	http_printf(fd, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n", head);
	http_write(fd, t.blob + from, to - from);
}

/* Breaks off twice, a third of the way each time. `validator`: an ETag line or nothing. */
static void break_off(int fd, struct str head, const char *validator)
{
	struct str range = http_header(head, "range");
	uint64_t from = 0;
	char line[300];
	if (str_starts(range, S("bytes=")))
		(void)str_to_u64(str_upto(str_from(range, 6), range.n - 7), BLOB, &from);
	size_t to = MIN((size_t)BLOB, (size_t)from + 1100000);
	if (from && (validator[0] == '\0' || str_eq(http_header(head, "if-range"), S("\"one\""))))
		snprintf(line, sizeof line,
			 "206 Part\r\n%sContent-Range: bytes %zu-%d/%d\r\nContent-Length: %zu",
			 validator, (size_t)from, BLOB - 1, BLOB, BLOB - (size_t)from);
	else
		snprintf(line, sizeof line, "200 OK\r\n%sContent-Length: %d", validator, BLOB);
	send_blob(fd, line, (size_t)from, to);
}

static void many_headers(int fd, unsigned lines, unsigned length)
{
	char value[9000];
	memset(value, 'v', sizeof value);
	http_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
	for (unsigned i = 0; i < lines; i++)
		http_printf(fd, "X-%u: %.*s\r\n", i, (int)length, value);
	http_printf(fd, "\r\nok");
}

static void serve_trouble(struct http_server *s, int fd, struct str path, struct str head)
{
	unsigned hit = atomic_fetch_add(&t.hits, 1);
	if (str_eq(path, S("/flaky")))
		http_answer(fd, hit < 2 ? 503 : 200, "", hit < 2 ? "busy" : "fine");
	else if (str_eq(path, S("/later")))
		http_answer(fd, hit < 1 ? 429 : 200, hit < 1 ? "Retry-After: 1\r\n" : "", "fine");
	else if (str_eq(path, S("/much-later")))
		http_answer(fd, 429, "Retry-After: 3600\r\n", "never");
	else if (str_eq(path, S("/break")))
		break_off(fd, head, "ETag: \"one\"\r\n");
	else if (str_eq(path, S("/break-bare")))
		break_off(fd, head, "");
	else if (str_eq(path, S("/break-change")))
		break_off(fd, head, hit ? "ETag: \"two\"\r\n" : "ETag: \"one\"\r\n");
	else if (str_eq(path, S("/break-whole")))
		send_blob(fd, "200 OK\r\nETag: \"one\"\r\nContent-Length: 3000000", 0,
			  hit ? BLOB : 1100000);
	else if (str_eq(path, S("/break-off")))
		send_blob(fd, "200 OK\r\nETag: \"one\"\r\nContent-Length: 3000000", 0, 1000);
	else if (str_eq(path, S("/slam")))
		(void)s;
	else if (str_eq(path, S("/stall")))
		send_blob(fd, "200 OK\r\nContent-Length: 3000000", 0, 10), sleep(3);
	else if (str_eq(path, S("/mute")))
		sleep(3);
	else
		http_answer(fd, 404, "", "nothing here");
}

static void serve(struct http_server *s, int fd, struct str method, struct str path,
		  struct str head)
{
	bool authorized =
		http_header(head, "authorization").n > 0 || http_header(head, "x-secret").n > 0;
	char location[200];
	if (authorized && s == &t.other)
		t.leaked = true;
	if (authorized && s == &t.first)
		t.saw_own = true;
	if (s == &t.other && http_header(head, "accept").n)
		t.saw_accept = true;
	if (str_eq(path, S("/to-other"))) {
		snprintf(location, sizeof location, "Location: http://localhost:%u/blob\r\n",
			 t.other.port);
		http_answer(fd, 307, location, "moved");
	} else if (str_eq(path, S("/to-name"))) {
		snprintf(location, sizeof location, "Location: http://localhost:%u/who\r\n",
			 t.first.port);
		http_answer(fd, 302, location, "moved");
	} else if (str_eq(path, S("/to-own"))) {
		http_answer(fd, 301, "Location: blob\r\n", "moved");
	} else if (str_eq(path, S("/to-file"))) {
		http_answer(fd, 302, "Location: file:///etc/passwd\r\n", "");
	} else if (str_eq(path, S("/to-far"))) {
		http_answer(fd, 302, "Location: http://192.0.2.1/x\r\n", "");
	} else if (str_eq(path, S("/loop"))) {
		http_answer(fd, 302, "Location: /loop\r\n", "");
	} else if (str_eq(path, S("/blob"))) {
		send_blob(fd, "200 OK\r\nX-One:  a b \r\nContent-Length: 3000000", 0, BLOB);
	} else if (str_eq(path, S("/who"))) {
		http_answer(fd, 200, "", authorized ? "known" : "stranger");
	} else if (str_eq(path, S("/echo"))) {
		char text[200];
		snprintf(text, sizeof text, "%.*s %.*s", STR(method), STR(http_body(head)));
		http_answer(fd, 200, "", text);
	} else if (str_eq(path, S("/post-moved"))) {
		http_answer(fd, 307, "Location: /echo\r\n", "");
	} else if (str_eq(path, S("/headers"))) {
		many_headers(fd, 150, 10);
	} else if (str_eq(path, S("/many-headers"))) {
		many_headers(fd, 300, 10);
	} else if (str_eq(path, S("/huge-headers"))) {
		many_headers(fd, 20, 8000);
	} else if (str_eq(path, S("/chunked"))) {
		http_printf(fd, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 "
				"OK\r\nTransfer-Encoding: "
				"chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n");
	} else {
		serve_trouble(s, fd, path, head);
	}
}

struct got {
	int code, status;
	size_t n;
	struct str text;
	struct fetch_response response;
	struct err e;
	double seconds;
};

static double seconds_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Sends r to `path` of the first server and reads the body to its end. */
static struct got send_request(struct arena *a, const struct fetch_options *o,
			       struct fetch_request r, const char *path)
{
	struct got g = { 0 };
	struct fetch *f;
	struct buf b = { 0 };
	double start = seconds_now();
	assert_int_equal(fetch_open(o, &f, &g.e), 0);
	r.url = arena_printf(a, "http://127.0.0.1:%u%s", t.first.port, path);
	t.hits = 0;
	t.leaked = t.saw_own = t.saw_accept = false;
	g.code = fetch_send(f, &r, a, &g.response, &g.e);
	if (g.code == 0) {
		g.status = g.response.status;
		g.code = stream_read_all(g.response.body, 10000000, &b, &g.e);
		stream_close(g.response.body);
	}
	g.n = b.n;
	g.text = arena_str(a, str_buf(&b));
	buf_done(&b);
	fetch_close(f);
	g.seconds = seconds_now() - start;
	return g;
}

static const struct fetch_options no_retries = { .stall_seconds = 10 };
static const struct fetch_options retries = { .stall_seconds = 10, .retries = 3 };

static void test_plain(void **state)
{
	struct arena a = { 0 };
	(void)state;
	struct got g = send_request(&a, &no_retries, (struct fetch_request){ 0 }, "/blob");
	assert_int_equal(g.code, 0);
	assert_int_equal(g.status, 200);
	assert_int_equal(g.n, BLOB);
	assert_memory_equal(g.text.p, t.blob, BLOB);
	assert_true(str_eq(fetch_header(&g.response, "x-one"), S("a b")));
	g = send_request(&a, &no_retries, (struct fetch_request){ 0 }, "/nowhere");
	assert_int_equal(g.status, 404);
	g = send_request(&a, &no_retries, (struct fetch_request){ 0 }, "/chunked");
	assert_true(str_eq(g.text, S("abcde")));
	assert_int_equal(fetch_header(&g.response, "x-early").n, 0);
	g = send_request(&a, &no_retries, (struct fetch_request){ .method = "HEAD" }, "/who");
	assert_true(g.status == 200 && g.code == 0 && g.n == 0);
	g = send_request(&a, &no_retries, (struct fetch_request){ .body = S("a=b") }, "/echo");
	assert_true(str_eq(g.text, S("POST a=b")));
	g = send_request(&a, &no_retries, (struct fetch_request){ .body = S("a=b") },
			 "/post-moved");
	assert_int_equal(g.status, 307);
	arena_done(&a);
}

static void test_redirects(void **state)
{
	struct arena a = { 0 };
	struct fetch_header headers[] = { { S("X-Secret"), S("2") }, { S("Accept"), S("a/b") } };
	struct fetch_request r = { .authorization = S("Basic eDp5"),
				   .headers = headers,
				   .n_headers = 2 };
	(void)state;
	struct got g = send_request(&a, &no_retries, r, "/to-other");
	assert_true(g.code == 0 && g.n == BLOB);
	assert_true(t.saw_own && t.saw_accept);
	assert_false(t.leaked);
	/* The same server by another name is another origin. */
	g = send_request(&a, &no_retries, r, "/to-name");
	assert_true(str_eq(g.text, S("stranger")));
	g = send_request(&a, &no_retries, r, "/who");
	assert_true(str_eq(g.text, S("known")));
	g = send_request(&a, &no_retries, r, "/to-own");
	assert_int_equal(g.n, BLOB);
	static const struct {
		const char *path, *why;
		int code;
	} bad[] = { { "/to-file", "neither http nor https", ERR_INVALID },
		    { "/to-far", "plain http is refused", ERR_INVALID },
		    { "/loop", "more than 5 redirects", ERR_IO } };
	for (size_t i = 0; i < COUNT(bad); i++) {
		g = send_request(&a, &retries, r, bad[i].path);
		if (g.code != bad[i].code || !strstr(g.e.text, bad[i].why))
			fail_msg("%s: %d %s", bad[i].path, g.code, g.e.text);
	}
	arena_done(&a);
}

static void test_refused(void **state)
{
	static const char *const urls[] = { "http://example.org/", "ftp://localhost/",
					    "file:///etc/passwd", "http://localhost@example.org/",
					    "http://127.1/" };
	struct arena a = { 0 };
	struct fetch *f;
	struct err e;
	(void)state;
	assert_int_equal(fetch_open(&no_retries, &f, &e), 0);
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct fetch_request r = { .url = str_of(urls[i]) };
		struct fetch_response out;
		assert_int_equal(fetch_send(f, &r, &a, &out, &e), ERR_INVALID);
	}
	struct fetch_request r = { .url = arena_printf(&a, "http://127.0.0.1:%u/who", t.first.port),
				   .authorization = S("Basic x\r\nX-Other: y") };
	struct fetch_response out;
	assert_int_equal(fetch_send(f, &r, &a, &out, &e), ERR_INVALID);
	assert_null(strstr(e.text, "X-Other"));
	fetch_close(f);
	arena_done(&a);
}

static void test_retries(void **state)
{
	struct arena a = { 0 };
	struct fetch_request r = { 0 };
	(void)state;
	struct got g = send_request(&a, &retries, r, "/flaky");
	assert_true(str_eq(g.text, S("fine")));
	g = send_request(&a, &no_retries, r, "/flaky");
	assert_int_equal(g.status, 503);
	g = send_request(&a, &retries, r, "/later");
	assert_true(str_eq(g.text, S("fine")));
	assert_true(g.seconds >= 1);
	g = send_request(&a, &retries, r, "/much-later");
	assert_int_equal(g.status, 429);
	assert_int_equal(t.hits, 1);
	g = send_request(&a, &retries, r, "/slam");
	assert_int_equal(g.code, ERR_IO);
	assert_int_equal(t.hits, 4);
	arena_done(&a);
}

static int count_authorize(void *ctx, struct buf *value, struct err *e)
{
	(void)e;
	++*(int *)ctx;
	buf_add_str(value, S("Bearer new"));
	return 0;
}

static void test_resume(void **state)
{
	int asked = 0;
	static const char *const good[] = { "/break", "/break-bare", "/break-whole" };
	struct arena a = { 0 };
	struct fetch_request r = { .resume = true,
				   .immutable = true,
				   .authorization = S("Bearer old"),
				   .authorize = count_authorize,
				   .authorize_ctx = &asked };
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct got g = send_request(&a, &retries, r, good[i]);
		if (g.code)
			fail_msg("%s: %s", good[i], g.e.text);
		assert_int_equal(g.n, BLOB);
		assert_memory_equal(g.text.p, t.blob, BLOB);
		assert_true(t.hits >= 2);
	}
	assert_true(asked >= 3);
	struct got g = send_request(&a, &retries, r, "/break-change");
	assert_int_equal(g.code, ERR_IO);
	assert_non_null(strstr(g.e.text, "changed"));
	g = send_request(&a, &retries, r, "/break-off");
	assert_int_equal(g.code, ERR_IO);
	assert_int_equal(t.hits, 4);
	r.immutable = false;
	g = send_request(&a, &retries, r, "/break-bare");
	assert_int_equal(g.code, ERR_IO);
	assert_non_null(strstr(g.e.text, "broke off after 1100000 of 3000000"));
	assert_int_equal(t.hits, 1);
	arena_done(&a);
}

static void test_silence(void **state)
{
	static const char *const paths[] = { "/mute", "/stall" };
	struct fetch_options o = { .stall_seconds = 1 };
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct got g = send_request(&a, &o, (struct fetch_request){ 0 }, paths[i]);
		assert_int_equal(g.code, ERR_IO);
		assert_non_null(strstr(g.e.text, "nothing came for 1 seconds"));
	}
	arena_done(&a);
}

static void test_headers(void **state)
{
	struct arena a = { 0 };
	(void)state;
	struct got g = send_request(&a, &retries, (struct fetch_request){ 0 }, "/headers");
	assert_int_equal(g.code, 0);
	assert_int_equal(g.response.n_headers, 151);
	g = send_request(&a, &retries, (struct fetch_request){ 0 }, "/many-headers");
	assert_int_equal(g.code, ERR_LIMIT);
	g = send_request(&a, &retries, (struct fetch_request){ 0 }, "/huge-headers");
	assert_int_equal(g.code, ERR_LIMIT);
	arena_done(&a);
}

/* A body closed early must not wait for the rest, nor spoil the next request on the same handle. */
static void test_closed_early(void **state)
{
	struct arena a = { 0 };
	struct fetch *f;
	struct err e;
	(void)state;
	assert_int_equal(fetch_open(&no_retries, &f, &e), 0);
	for (int i = 0; i < 5; i++) {
		struct fetch_request r = { .url = arena_printf(&a, "http://127.0.0.1:%u/%s",
							       t.first.port,
							       i < 4 ? "blob" : "who") };
		struct fetch_response out;
		char byte;
		assert_int_equal(fetch_send(f, &r, &a, &out, &e), 0);
		assert_int_equal(stream_read(out.body, &byte, 1, &e), 1);
		assert_int_equal(byte, i < 4 ? t.blob[0] : 's');
		stream_close(out.body);
	}
	fetch_close(f);
	arena_done(&a);
}

static void *read_blob(void *arg)
{
	struct arena a = { 0 };
	struct fetch_request r = { .url = arena_printf(&a, "http://127.0.0.1:%u/blob",
						       t.first.port) };
	struct fetch_response out;
	struct err e;
	struct buf b = { 0 };
	bool fine = fetch_send(arg, &r, &a, &out, &e) == 0;
	if (fine) {
		fine = stream_read_all(out.body, BLOB, &b, &e) == 0 && b.n == BLOB &&
		       !memcmp(b.p, t.blob, BLOB);
		stream_close(out.body);
	}
	buf_done(&b);
	arena_done(&a);
	return fine ? arg : NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[8];
	struct fetch *f;
	struct err e;
	(void)state;
	assert_int_equal(fetch_open(&no_retries, &f, &e), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_blob, f), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *fine;
		pthread_join(threads[i], &fine);
		assert_ptr_equal(fine, f);
	}
	fetch_close(f);
}

static int start(void **state)
{
	(void)state;
	t.blob = malloc(BLOB);
	for (size_t i = 0; i < BLOB; i++)
		t.blob[i] = (char)(i * 2654435761u >> 13);
	t.first.handle = t.other.handle = serve;
	http_start(&t.first);
	http_start(&t.other);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_stop(&t.first);
	http_stop(&t.other);
	free(t.blob);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_retries),
		cmocka_unit_test(test_resume),	cmocka_unit_test(test_silence),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_closed_early),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests_name("base/fetch", tests, start, stop);
}
