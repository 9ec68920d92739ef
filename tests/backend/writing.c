/* One suite for every source that is written to files: what is put is there, named, listed and removed again; what is not
 * what its digest says is refused and leaves nothing. Registries are written to by tests/e2e/test_copy.py. */
#include "source/source.h"

#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define EMPTY \
	"{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"size\":2,\"digest\":" \
	"\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"}"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
static const char image[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":" EMPTY ",\"layers\":[]}";
static const char *const schemes[] = { "oci", "oci-archive" };

struct kind {
	const char *scheme;
	struct arena a;
	struct source_options opt;
	char dir[64];
	struct str target;
};

static void begin(struct kind *k, const char *scheme)
{
	*k = (struct kind){ .scheme = scheme };
	limits_default(&k->opt.limits);
	snprintf(k->dir, sizeof k->dir, "/tmp/lazaret-writing-XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	k->target = arena_printf(&k->a, "%s:%s/it", scheme, k->dir);
}

static void end(struct kind *k)
{
	struct str command = arena_printf(&k->a, "%s", k->dir);
	char *const argv[] = { (char *)"rm", (char *)"-rf", arena_cstr(&k->a, command), NULL };
	assert_int_not_equal(posix_spawnp(&(pid_t){ 0 }, "rm", NULL, NULL, argv, environ), -1);
	arena_done(&k->a);
}

static struct str referrer(struct arena *a, const struct digest *subject, size_t n)
{
	char text[DIGEST_TEXT];
	return arena_printf(a,
			    "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST
			    "\",\"artifactType\":\"a/b\",\"config\":" EMPTY
			    ",\"layers\":[],\"annotations\":{\"n\":\"%zu\"},\"subject\":{"
			    "\"mediaType\":\"" MANIFEST "\",\"size\":%zu,\"digest\":\"%s\"}}",
			    n, sizeof image - 1, digest_text(subject, text));
}

static void fill(struct kind *k, struct source *s)
{
	struct descriptor d, blob, other;
	struct descriptors listed = { 0 };
	struct err e;
	struct digest none = { 0 };
	assert_int_equal(source_put_document(s, S("text/plain"), S("{}"), &blob, &e), 0);
	assert_int_equal(source_put_document(s, S(MANIFEST), str_of(image), &d, &e), 0);
	assert_int_equal(s->ops->tag(s, S("v1"), &d, &none, &e), 0);
	/* Somebody expects nothing there, or another one. */
	assert_int_equal(s->ops->tag(s, S("v1"), &d, &none, &e), ERR_CONFLICT);
	assert_int_equal(s->ops->tag(s, S("v1"), &d, &blob.digest, &e), ERR_CONFLICT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(source_put_referrer(s, referrer(&k->a, &d.digest, i), &other, &e),
				 0);
	/* The same once more is one. */
	assert_int_equal(source_put_referrer(s, referrer(&k->a, &d.digest, 2), &other, &e), 0);
	assert_int_equal(source_referrers(s, &d.digest, &listed, &e), 0);
	assert_int_equal(listed.n, 3);
	assert_int_equal(source_remove_referrer(s, &d.digest, &other.digest, &e), 0);
	assert_int_equal(source_put_referrer(s, str_of(image), &other, &e), ERR_INVALID);
	/* A name for what is not there, and one that is none. */
	digest_of(DIGEST_SHA256, S("absent"), &other.digest);
	assert_int_equal(s->ops->tag(s, S("v2"), &other, NULL, &e), ERR_NOT_FOUND);
	assert_int_equal(s->ops->tag(s, S("\xff"), &d, NULL, &e), ERR_INVALID);
}

static void refuse(struct source *s)
{
	static const struct {
		const char *type, *bytes;
		uint64_t size;
	} bad[] = {
		{ "text/plain", "other bytes", 11 },
		{ "text/plain", "short", 99 },
		{ MANIFEST, "{\"schemaVersion\":2}", 19 },
		{ MANIFEST, "{\"schemaVersion\":2,\"manifests\":[]}", 34 },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct descriptor d = { .media_type = str_of(bad[i].type), .size = bad[i].size };
		struct stream *in CLEANUP(cleanup_stream) = stream_mem(str_of(bad[i].bytes));
		struct stream *out CLEANUP(cleanup_stream) = NULL;
		struct err e;
		digest_of(DIGEST_SHA256, i == 0 ? S("these") : str_of(bad[i].bytes), &d.digest);
		assert_int_equal(s->ops->put(s, &d, in, &e), ERR_INVALID);
		assert_int_equal(s->ops->get(s, &d, &out, &e), ERR_NOT_FOUND);
	}
}

static void check(struct kind *k)
{
	struct source *s CLEANUP(cleanup_source) = NULL;
	struct descriptor d = { 0 };
	struct descriptors listed = { 0 };
	struct strs names = { 0 };
	struct str bytes;
	struct err e;
	assert_int_equal(
		source_open(arena_printf(&k->a, "%.*s:v1", STR(k->target)), &k->opt, &s, &e), 0);
	assert_int_equal(s->ops->resolve(s, &d, &e), 0);
	assert_int_equal(source_get_document(s, &d, &k->a, &bytes, &e), 0);
	assert_true(str_eq(bytes, str_of(image)));
	assert_int_equal(source_referrers(s, &d.digest, &listed, &e), 0);
	assert_int_equal(listed.n, 2);
	assert_int_equal(source_tags(s, &names, &e), 0);
	assert_int_equal(names.n, 1);
}

static void test_writing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(schemes); i++) {
		struct kind k;
		struct source *s = NULL;
		struct err e;
		begin(&k, schemes[i]);
		assert_int_equal(source_create(k.target, &k.opt, &s, &e), 0);
		fill(&k, s);
		refuse(s);
		assert_int_equal(source_finish(s, &e), 0);
		source_close(s);
		check(&k);
		end(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_writing) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
