/* The registry client against small servers on loopback that misbehave in one way each: a registry reached as 127.0.0.1,
 * a stranger reached as localhost. What a well-behaved registry does is shown end to end with a real one. */
#include "source/registry_auth.h"

#include "http_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MANIFEST \
	"{\"schemaVersion\":2,\"mediaType\":\"application/" \
	"vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":" \
	"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" \
	"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2}," \
	"\"layers\":[]}"

enum { BLOB = 400000 };

static struct {
	struct http_server registry, stranger;
	char blob[BLOB];
	struct digest blob_digest;
	char challenge[300]; /* WWW-Authenticate; empty: none is needed */
	char wanted[100]; /* Authorization that is let in */
	const char *token_answer; /* NULL: 401 */
	atomic_uint tokens, blobs;
	atomic_bool stranger_saw_secret;
	char token_path[500], token_auth[200], token_body[500];
} t;

static void token_service(int fd, struct str path, struct str head)
{
	atomic_fetch_add(&t.tokens, 1);
	snprintf(t.token_path, sizeof t.token_path, "%.*s", STR(path));
	snprintf(t.token_auth, sizeof t.token_auth, "%.*s",
		 STR(http_header(head, "authorization")));
	snprintf(t.token_body, sizeof t.token_body, "%.*s", STR(http_body(head)));
	if (t.token_answer)
		http_answer(fd, 200, "", t.token_answer);
	else
		http_answer(fd, 401, "", "{}");
}

/* The first answer breaks off in the middle; the rest is given. */
static void cut_blob(int fd, struct str head)
{
	struct str range = http_header(head, "range");
	uint64_t from = 0;
	bool cut = range.n == 0;
	atomic_fetch_add(&t.blobs, 1);
	if (range.n > 7)
		(void)str_to_u64(str_upto(str_from(range, 6), range.n - 7), BLOB, &from);
	if (range.n)
		http_printf(fd, "HTTP/1.1 206 Part\r\nContent-Range: bytes %u-%d/%d\r\n",
			    (unsigned)from, BLOB - 1, BLOB);
	else
		http_printf(fd, "HTTP/1.1 200 OK\r\n");
	http_printf(fd, "Connection: close\r\nContent-Length: %zu\r\n\r\n", BLOB - (size_t)from);
	http_write(fd, t.blob + from, cut ? (BLOB - (size_t)from) / 2 : BLOB - (size_t)from);
}

static void tag_pages(int fd, struct str path)
{
	char link[200];
	if (str_find(path, S("last=b")) >= 0) {
		http_answer(fd, 200, "", "{\"name\":\"team/app\",\"tags\":[\"c\",\"-bad\",3]}");
	} else {
		snprintf(link, sizeof link,
			 "Link: <%s/v2/team/app/tags/list?n=2&last=b>; rel=\"next\"\r\n",
			 str_find(path, S("team/far")) >= 0 ? "http://localhost:1" : "");
		http_answer(fd, 200, link, "{\"name\":\"team/app\",\"tags\":[\"a\",\"b\"]}");
	}
}

static void manifests(int fd, struct str name)
{
	static const char type[] =
		"Content-Type: application/vnd.oci.image.manifest.v1+json; charset=utf-8\r\n";
	char header[400];
	if (str_eq(name, S("1"))) {
		http_answer(fd, 200, type, MANIFEST);
	} else if (str_eq(name, S("lies"))) {
		snprintf(header, sizeof header, "%sDocker-Content-Digest: sha256:%064d\r\n", type,
			 0);
		http_answer(fd, 200, header, MANIFEST);
	} else if (str_eq(name, S("huge"))) {
		http_printf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
		for (int i = 0; i < 80; i++)
			http_write(fd, t.blob, 65536);
	} else if (str_eq(name, S("limited"))) {
		http_answer(fd, 429, "Retry-After: 3600\r\n",
			    "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"x\"}]}");
	} else if (str_eq(name, S("denied"))) {
		http_answer(
			fd, 403, "",
			"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not \\u001b for you\"}]}");
	} else if (str_eq(name, S("gone"))) {
		http_answer(fd, 404, "", "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}");
	} else {
		http_answer(fd, 200, type, "{}");
	}
}

static void serve(struct http_server *s, int fd, struct str method, struct str path,
		  struct str head)
{
	char challenge[400];
	struct str given = http_header(head, "authorization");
	(void)method;
	if (s == &t.stranger && (given.n || str_find(head, S("identity-secret")) >= 0))
		t.stranger_saw_secret = true;
	if (str_starts(path, S("/token"))) {
		token_service(fd, path, head);
		return;
	}
	if (t.challenge[0] && !str_eq(given, str_of(t.wanted))) {
		snprintf(challenge, sizeof challenge, "WWW-Authenticate: %s\r\n", t.challenge);
		http_answer(fd, 401, challenge, "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}");
	} else if (str_eq(path, S("/v2/"))) {
		http_answer(fd, 200, "", "{}");
	} else if (str_find(path, S("/tags/list")) >= 0) {
		tag_pages(fd, path);
	} else if (str_find(path, S("/manifests/")) >= 0) {
		manifests(fd, str_from(path, (size_t)str_rfind_char(path, '/') + 1));
	} else if (str_find(path, S("/blobs/")) >= 0) {
		cut_blob(fd, head);
	} else {
		http_answer(fd, 404, "", "");
	}
}

static struct source_options options(void)
{
	struct source_options o = { .retries = 3 };
	limits_default(&o.limits);
	return o;
}

static void expect(const char *challenge, const char *wanted)
{
	snprintf(t.challenge, sizeof t.challenge, "%s", challenge);
	snprintf(t.wanted, sizeof t.wanted, "%s", wanted);
	t.tokens = 0;
	t.token_answer = "{\"token\":\"abc\",\"expires_in\":300}";
	t.stranger_saw_secret = false;
	t.token_path[0] = t.token_auth[0] = t.token_body[0] = '\0';
}

static int open_tag(const struct source_options *o, const char *tag, struct source **s,
		    struct err *e)
{
	struct arena a = { 0 };
	int r = source_open(
		arena_printf(&a, "registry:127.0.0.1:%u/team/app:%s", t.registry.port, tag), o, s,
		e);
	arena_done(&a);
	return r;
}

static int resolve_tag(const struct source_options *o, const char *tag, struct descriptor *d,
		       struct err *e)
{
	CLEANUP(cleanup_source) struct source *s = NULL;
	int r = open_tag(o, tag, &s, e);
	return r ? r : s->ops->resolve(s, d, e);
}

static void test_realm_rule(void **state)
{
	static const struct {
		const char *registry, *realm;
		bool want;
	} cases[] = {
		{ "registry-1.docker.io", "auth.docker.io", true },
		{ "registry-1.docker.io", "docker.io", true },
		{ "registry-1.docker.io", "docker.io.example.org", false },
		{ "registry-1.docker.io", "evildocker.io", false },
		{ "registry.gitlab.com", "gitlab.com", true },
		{ "registry.example.com", "gitlab.example.com", true },
		{ "registry.example.com", "a.b.example.com", true },
		{ "registry.example.com", "example.org", false },
		{ "example.com", "auth.example.com", true },
		{ "example.com", "other.com", false },
		{ "example.co.uk", "auth.example.co.uk", true },
		{ "example.co.uk", "evil.co.uk", false },
		{ "r.example.co.uk", "auth.example.co.uk", true },
		{ "acme.azurecr.io", "evil.azurecr.io", false },
		{ "acme.azurecr.io", "acme.azurecr.io", true },
		{ "1.dkr.ecr.us-east-1.amazonaws.com", "2.dkr.ecr.us-east-1.amazonaws.com", false },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "[fe80::1]", "[fe80::2]", false },
		{ "localhost", "localhost", true },
		{ "localhost", "127.0.0.1", false },
		{ "registry", "auth", false },
		{ "quay.io", "quay.io", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (realm_host_allowed(str_of(cases[i].registry), str_of(cases[i].realm)) !=
		    cases[i].want)
			fail_msg("%s -> %s", cases[i].registry, cases[i].realm);
}

static void test_resolve(void **state)
{
	static const struct {
		const char *tag, *why;
		int code;
	} bad[] = {
		{ "lies", "the registry calls the manifest sha256:0000", ERR_INVALID },
		{ "huge", "manifest_bytes", ERR_LIMIT },
		{ "limited", "rate limit", ERR_IO },
		{ "denied", "DENIED: not ? for you", ERR_AUTH },
		{ "gone", "MANIFEST_UNKNOWN", ERR_NOT_FOUND },
		{ "x@sha256:0000000000000000000000000000000000000000000000000000000000000000",
		  "the bytes have digest sha256:44136fa", ERR_INVALID },
	};
	struct source_options o = options();
	struct descriptor d;
	struct digest want;
	struct err e;
	(void)state;
	expect("", "");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	digest_of(DIGEST_SHA256, S(MANIFEST), &want);
	assert_true(digest_eq(&d.digest, &want));
	assert_int_equal(d.size, sizeof MANIFEST - 1);
	for (size_t i = 0; i < COUNT(bad); i++) {
		int r = resolve_tag(&o, bad[i].tag, &d, &e);
		if (r != bad[i].code || !strstr(e.text, bad[i].why))
			fail_msg("%s: %d %s", bad[i].tag, r, e.text);
	}
}

static void test_basic(void **state)
{
	struct source_options o = options();
	struct descriptor d;
	struct err e;
	(void)state;
	expect("Basic realm=\"x\"", "Basic dTpw");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
	assert_non_null(strstr(e.text, "--password-stdin"));
	o.username = S("u");
	o.password = S("p");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	o.password = S("wrong-secret");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
	assert_non_null(strstr(e.text, "the command line"));
	assert_null(strstr(e.text, "wrong-secret"));
	expect("Digest realm=\"x\"", "none");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
}

static void test_bearer(void **state)
{
	struct source_options o = options();
	struct descriptor d;
	struct err e;
	char challenge[200];
	(void)state;
	snprintf(challenge, sizeof challenge,
		 "Bearer realm=\"http://127.0.0.1:%u/token?x=1\",service=\"a b\",scope=\"any\"",
		 t.registry.port);
	expect(challenge, "Bearer abc");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	assert_string_equal(t.token_path,
			    "/token?x=1&service=a%20b&scope=repository%3Ateam%2Fapp%3Apull");
	assert_string_equal(t.token_auth, "");
	assert_int_equal(t.tokens, 1);
	o.username = S("u");
	o.password = S("p");
	t.token_answer = "{\"access_token\":\"abc\"}";
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	assert_string_equal(t.token_auth, "Basic dTpw");
	static const char *const bad[] = { "[]", "{\"token\":\"\"}", "{\"token\":1}", "x",
					   "{\"token\":\"a\\r\\nX: y\"}" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		t.token_answer = bad[i];
		if (resolve_tag(&o, "1", &d, &e) != ERR_INVALID)
			fail_msg("%s: %d %s", bad[i], e.code, e.text);
	}
	t.token_answer = NULL;
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
	assert_non_null(strstr(e.text, "refuses the credentials"));
	o.username = (struct str){ 0 };
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
	assert_non_null(strstr(e.text, "docker login"));
}

static void test_foreign_realm(void **state)
{
	static const char *const hosts[] = { "http://localhost", "http://127.0.0.2",
					     "https://evil.example.org" };
	struct source_options o = options();
	struct descriptor d;
	struct err e;
	char challenge[200];
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		snprintf(challenge, sizeof challenge, "Bearer realm=\"%s:%u/token\"", hosts[i],
			 t.stranger.port);
		expect(challenge, "Bearer abc");
		o.username = S("u");
		o.password = S("p");
		assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
		assert_non_null(strstr(e.text, "not of its domain"));
		assert_int_equal(t.tokens, 0);
	}
	/* Not without TLS to anywhere else, even with nothing to lose. */
	o.username = (struct str){ 0 };
	expect("Bearer realm=\"http://192.0.2.1/token\"", "Bearer abc");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_AUTH);
	assert_non_null(strstr(e.text, "without TLS"));
	assert_false(t.stranger_saw_secret);
}

static void test_identity_token(void **state)
{
	struct source_options o = options();
	struct descriptor d;
	struct err e;
	char challenge[200], config[200];
	(void)state;
	snprintf(challenge, sizeof challenge,
		 "Bearer realm=\"http://127.0.0.1:%u/token\",service=s", t.registry.port);
	expect(challenge, "Bearer abc");
	snprintf(config, sizeof config,
		 "{\"auths\":{\"127.0.0.1:%u\":{\"identitytoken\":\"identity-secret&\"}}}",
		 t.registry.port);
	setenv("DOCKER_AUTH_CONFIG", config, 1);
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	assert_string_equal(t.token_path, "/token");
	assert_string_equal(t.token_body, "grant_type=refresh_token&client_id=lazaret&service=s&"
					  "scope=repository%3Ateam%2Fapp%"
					  "3Apull&refresh_token=identity-secret%26");
	unsetenv("DOCKER_AUTH_CONFIG");
}

/* A token that the registry drops early is asked for again, once. */
static void test_token_dropped(void **state)
{
	CLEANUP(cleanup_source) struct source *s = NULL;
	struct source_options o = options();
	struct descriptor d;
	struct strs tags = { 0 };
	struct err e;
	char challenge[200];
	(void)state;
	snprintf(challenge, sizeof challenge, "Bearer realm=\"http://127.0.0.1:%u/token\"",
		 t.registry.port);
	expect(challenge, "Bearer abc");
	assert_int_equal(open_tag(&o, "1", &s, &e), 0);
	assert_int_equal(s->ops->resolve(s, &d, &e), 0);
	expect(challenge, "Bearer def");
	t.token_answer = "{\"token\":\"def\"}";
	assert_int_equal(s->ops->list(s, &tags, &e), 0);
	assert_int_equal(t.tokens, 1);
	expect(challenge, "Bearer never");
	assert_int_equal(s->ops->list(s, &tags, &e), ERR_AUTH);
	assert_int_equal(t.tokens, 1);
}

static void test_list(void **state)
{
	CLEANUP(cleanup_source) struct source *s = NULL;
	CLEANUP(cleanup_source) struct source *far = NULL;
	struct source_options o = options();
	struct strs tags = { 0 };
	struct err e;
	struct arena a = { 0 };
	(void)state;
	expect("", "");
	assert_int_equal(open_tag(&o, "1", &s, &e), 0);
	assert_int_equal(s->ops->list(s, &tags, &e), 0);
	assert_int_equal(tags.n, 3);
	assert_true(str_eq(tags.v[2], S("c")));
	assert_int_equal(
		source_open(arena_printf(&a, "registry:127.0.0.1:%u/team/far:1", t.registry.port),
			    &o, &far, &e),
		0);
	assert_int_equal(far->ops->list(far, &tags, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "leads to another host"));
	arena_done(&a);
}

static void *read_blob(void *arg)
{
	struct source *s = arg;
	struct descriptor d = { .digest = t.blob_digest, .size = BLOB };
	struct stream *stream;
	struct err e;
	if (source_get_verified(s, &d, &stream, &e) && fprintf(stderr, "%s\n", e.text))
		return NULL;
	int r = stream_drain(stream, &e);
	stream_close(stream);
	if (r)
		fprintf(stderr, "%s\n", e.text);
	return r ? NULL : s;
}

/* Eight at once, each broken off and resumed, all with one token. */
static void test_blobs(void **state)
{
	CLEANUP(cleanup_source) struct source *s = NULL;
	struct source_options o = options();
	struct err e;
	pthread_t threads[8];
	char challenge[200];
	(void)state;
	snprintf(challenge, sizeof challenge, "Bearer realm=\"http://127.0.0.1:%u/token\"",
		 t.registry.port);
	expect(challenge, "Bearer abc");
	assert_int_equal(open_tag(&o, "1", &s, &e), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_blob, s), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *fine;
		pthread_join(threads[i], &fine);
		assert_ptr_equal(fine, s);
	}
	assert_int_equal(t.tokens, 1);
	assert_int_equal(t.blobs, 16);
}

static void test_mirrors(void **state)
{
	struct source_options o = options();
	struct descriptor d;
	struct err e;
	struct arena a = { 0 };
	struct str mirrors[2];
	(void)state;
	/* The stranger is the mirror: it wants a password and gets none of the registry's. */
	o.username = S("u");
	o.password = S("p");
	mirrors[0] = S("other.example.org=http://localhost:1");
	mirrors[1] = arena_printf(&a, "127.0.0.1:%u=http://localhost:%u/hub", t.registry.port,
				  t.stranger.port);
	o.mirrors = (struct strs){ mirrors, 2, 2 };
	expect("Basic realm=\"x\"", "Basic dTpw");
	unsigned before = t.stranger.requests;
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	assert_true(t.stranger.requests > before);
	assert_false(t.stranger_saw_secret);
	expect("", "");
	before = t.registry.requests;
	assert_int_equal(resolve_tag(&o, "1", &d, &e), 0);
	assert_int_equal(t.registry.requests, before);
	mirrors[1] = arena_printf(&a, "127.0.0.1:%u=http://mirror.example.org", t.registry.port);
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_INVALID);
	mirrors[1] = S("nonsense");
	assert_int_equal(resolve_tag(&o, "1", &d, &e), ERR_INVALID);
	arena_done(&a);
}

static int start(void **state)
{
	(void)state;
	for (size_t i = 0; i < BLOB; i++)
		t.blob[i] = (char)(i * 2654435761u >> 11);
	digest_of(DIGEST_SHA256, (struct str){ t.blob, BLOB }, &t.blob_digest);
	setenv("HOME", "/nonexistent", 1);
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	static const char *const unset[] = { "XDG_CONFIG_HOME", "DOCKER_CONFIG",
					     "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE" };
	for (size_t i = 0; i < COUNT(unset); i++)
		unsetenv(unset[i]);
	t.registry.handle = t.stranger.handle = serve;
	http_start(&t.registry);
	http_start(&t.stranger);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_stop(&t.registry);
	http_stop(&t.stranger);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_realm_rule),    cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_basic),	      cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_foreign_realm), cmocka_unit_test(test_identity_token),
		cmocka_unit_test(test_token_dropped), cmocka_unit_test(test_list),
		cmocka_unit_test(test_blobs),	      cmocka_unit_test(test_mirrors),
	};
	return cmocka_run_group_tests_name("source/registry", tests, start, stop);
}
