/* Manifests, indexes, configurations, media types and platforms: good ones in tables, bad ones in tests/reject/oci, whose
 * file names say kind and code. */
#include "oci/media_type.h"
#include "base/stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define D(c) \
	"sha256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c \
		c c c c c c c c c c c c c c c c c c c c c c c c
#define CONFIG "{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":\"" D("a") "\",\"size\":7}"
#define LAYER \
	"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" D( \
		"b") "\",\"size\":9}"

static struct limits limits;

static void test_image(void **state)
{
	struct arena a = { 0 };
	struct manifest m;
	struct err e;
	(void)state;
	struct str text = S("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER
			    ",{\"mediaType\":\"application/"
			    "vnd.docker.image.rootfs.foreign.diff.tar.gzip\",\"digest\":\"" D(
				    "c") "\",\"size\":1,\"urls\":[\"https://"
					 "x.example\"]}],\"annotations\":{\"k\":\"v\"}}");
	assert_int_equal(manifest_parse(&a, text, S(MEDIA_OCI_MANIFEST), &limits, &m, &e), 0);
	assert_int_equal(m.kind, MANIFEST_IMAGE);
	assert_int_equal(m.image.n_layers, 2);
	assert_int_equal(m.image.config.size, 7);
	assert_int_equal(m.image.layers[0].size, 9);
	assert_false(m.image.layers[0].foreign);
	assert_true(m.image.layers[1].foreign);
	assert_true(str_eq(m.image.annotations[0].value, S("v")));
	assert_true(str_eq(m.image.manifest, text));
	assert_true(str_eq(m.image.self.media_type, S(MEDIA_OCI_MANIFEST)));
	/* What servers call any file says nothing. */
	assert_int_equal(manifest_parse(&a, text, S("Text/Plain; charset=utf-8"), &limits, &m, &e),
			 0);
	assert_int_equal(manifest_parse(&a, text, S(MEDIA_OCI_INDEX), &limits, &m, &e),
			 ERR_INVALID);
	assert_int_equal(manifest_parse(&a, text, S("application/badmedia+json"), &limits, &m, &e),
			 ERR_UNSUPPORTED);
	arena_done(&a);
}

static void test_index(void **state)
{
	struct arena a = { 0 };
	struct manifest m;
	struct err e;
	(void)state;
	/* The embedded data "hello" has the digest that is given. */
	struct str text = S("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_LIST
			    "\",\"manifests\":[{\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
			    "\",\"digest\":\"sha256:"
			    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\","
			    "\"size\":5,\"data\":\"aGVsbG8=\",\"platform\":{\"os\":\"linux\","
			    "\"architecture\":\"arm\",\"variant\":\"v6\"}}]}");
	assert_int_equal(manifest_parse(&a, text, S(MEDIA_DOCKER_LIST), &limits, &m, &e), 0);
	assert_int_equal(m.kind, MANIFEST_INDEX);
	assert_int_equal(m.index.n, 1);
	assert_true(str_eq(m.index.v[0].platform.variant, S("v6")));
	assert_int_equal(manifest_parse(&a, text, S(MEDIA_OCI_INDEX), &limits, &m, &e),
			 ERR_INVALID);
	arena_done(&a);
}

static void test_limits(void **state)
{
	struct arena a = { 0 };
	struct manifest m;
	struct err e;
	struct limits small = limits;
	struct str image =
		S("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER "]}");
	struct str index = S("{\"schemaVersion\":2,\"manifests\":[" CONFIG "," CONFIG "]}");
	(void)state;
	small.layers = 1;
	assert_int_equal(manifest_parse(&a, image, S(""), &small, &m, &e), ERR_LIMIT);
	small = limits;
	small.blob_bytes = 8;
	assert_int_equal(manifest_parse(&a, image, S(""), &small, &m, &e), ERR_LIMIT);
	small = limits;
	small.index_manifests = 1;
	assert_int_equal(manifest_parse(&a, index, S(""), &small, &m, &e), ERR_LIMIT);
	small = limits;
	small.manifest_bytes = 20;
	assert_int_equal(manifest_parse(&a, index, S(""), &small, &m, &e), ERR_LIMIT);
	arena_done(&a);
}

static void test_config(void **state)
{
	struct arena a = { 0 };
	struct image_config c;
	struct err e;
	(void)state;
	struct str text = S("{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"User\":"
			    "\"app\"},\"rootfs\":{\"type\":\"layers\","
			    "\"diff_ids\":[\"" D("1") "\",\"" D(
				    "2") "\"]},\"history\":[{\"created_by\":\"one\"},"
					 "{\"created_by\":\"env\",\"empty_layer\":true},{\"created_"
					 "by\":\"two\"}]}");
	assert_int_equal(image_config_parse(&a, text, &c, &e), 0);
	assert_int_equal(c.n_diff_ids, 2);
	assert_true(str_eq(c.user, S("app")));
	assert_true(str_eq(image_layer_created_by(&c, 0), S("one")));
	assert_true(str_eq(image_layer_created_by(&c, 1), S("two")));
	assert_int_equal(image_layer_created_by(&c, 2).n, 0);
	arena_done(&a);
}

static int code_of(const char *name)
{
	return strncmp(name, "invalid", 7) == 0 ? ERR_INVALID
	       : strncmp(name, "limit", 5) == 0 ? ERR_LIMIT
						: ERR_UNSUPPORTED;
}

static void reject_one(const char *dir, const char *name)
{
	struct arena a = { 0 };
	struct buf path = { 0 }, b = { 0 };
	struct err e = { 0 };
	struct manifest m;
	struct image_config c;
	buf_addf(&path, "%s/%s", dir, name);
	int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct stream *in = stream_fd(fd, true, -1, UINT64_MAX);
	assert_int_equal(stream_read_all(in, 1 << 20, &b, &e), 0);
	stream_close(in);
	bool config = strncmp(name, "config-", 7) == 0;
	int want = code_of(strchr(name, '-') + 1);
	int got = config ? image_config_parse(&a, str_buf(&b), &c, &e)
			 : manifest_parse(&a, str_buf(&b), S(""), &limits, &m, &e);
	if (got != want || e.code != want || !e.text[0])
		fail_msg("%s: %d in place of %d: %s", name, got, want, e.text);
	buf_done(&path);
	buf_done(&b);
	arena_done(&a);
}

static void test_rejects(void **state)
{
	char dir[4096];
	unsigned n = 0;
	(void)state;
	snprintf(dir, sizeof dir, "%s/reject/oci", getenv("LAZARET_TESTS"));
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *x; (x = readdir(d));)
		if (x->d_name[0] != '.') {
			reject_one(dir, x->d_name);
			n++;
		}
	closedir(d);
	assert_true(n >= 20);
}

static void test_media_types(void **state)
{
	const char *why = NULL;
	(void)state;
	assert_false(media_type_is_unknown_layer(S("application/vnd.oci.image.layer.v1.tar+zstd"),
						 &why));
	assert_true(media_type_is_unknown_layer(
		S("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"), &why));
	assert_non_null(strstr(why, "encrypted"));
	assert_true(media_type_is_unknown_layer(S("application/x-squashfs"), &why));
	assert_null(strstr(why, "encrypted"));
	assert_int_equal(
		media_type_compression(S("application/vnd.docker.image.rootfs.diff.tar.gzip")),
		COMPRESSION_GZIP);
	assert_int_equal(media_type_compression(S("application/vnd.oci.image.layer.v1.tar")),
			 COMPRESSION_NONE);
	assert_true(media_type_is_index(S("APPLICATION/vnd.oci.image.index.v1+json; x=y")));
	assert_non_null(strstr(manifest_accept, MEDIA_DOCKER_MANIFEST));
}

static void test_platform_parse(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "linux/x86_64", "linux/amd64" },
		{ "linux/aarch64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/armhf", "linux/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6" },
		{ "linux/amd64/v1", "linux/amd64" },
		{ "linux/amd64/v3", "linux/amd64/v3" },
		{ "windows/amd64", "windows/amd64" },
		{ "linux", NULL },
		{ "", NULL },
		{ "linux/", NULL },
		{ "/amd64", NULL },
		{ "linux/amd64/", NULL },
		{ "linux/amd64/v2/x", NULL },
		{ "Linux/amd64", NULL },
		{ "linux/amd 64", NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct platform p;
		struct err e;
		int r = platform_parse(&a, str_of(t[i].in), &p, &e);
		assert_int_equal(r, t[i].out ? 0 : ERR_INVALID);
		if (t[i].out && !str_eq(platform_text(&a, &p), str_of(t[i].out)))
			fail_msg("%s: %.*s", t[i].in, STR(platform_text(&a, &p)));
	}
	struct platform host;
	platform_host(&host);
	assert_true(str_eq(host.os, S("linux")) && host.arch.n > 0);
	arena_done(&a);
}

/* `better` fits `want` more than `worse` does; "" is no platform at all, "-" fits not. */
static void test_platform_match(void **state)
{
	static const struct {
		const char *want, *better, *worse;
	} t[] = {
		{ "linux/arm/v7", "linux/arm/v7", "linux/arm/v6" },
		{ "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" },
		{ "linux/arm/v6", "linux/arm/v5", "-linux/arm/v7" },
		{ "linux/amd64/v3", "linux/amd64/v2", "linux/amd64" },
		{ "linux/amd64", "linux/amd64", "linux/amd64/v3" },
		{ "linux/arm64", "linux/arm64/v8", "-linux/arm/v7" },
		{ "linux/amd64", "linux/amd64", "-windows/amd64" },
		{ "linux/amd64", "linux/amd64/v2", "-linux/arm64" },
		{ "linux/arm64/v9", "linux/arm64", "-linux/amd64" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct platform want, better, worse, none = { 0 };
		struct err e;
		bool no = t[i].worse[0] == '-';
		assert_int_equal(platform_parse(&a, str_of(t[i].want), &want, &e), 0);
		assert_int_equal(platform_parse(&a, str_of(t[i].better), &better, &e), 0);
		assert_int_equal(platform_parse(&a, str_of(t[i].worse + no), &worse, &e), 0);
		int b = platform_match(&better, &want), w = platform_match(&worse, &want);
		if (b <= w || (w == 0) != no)
			fail_msg("%s: %s %d, %s %d", t[i].want, t[i].better, b, t[i].worse, w);
		assert_true(platform_match(&none, &want) > 0 && platform_match(&none, &want) < b);
	}
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),	       cmocka_unit_test(test_index),
		cmocka_unit_test(test_limits),	       cmocka_unit_test(test_config),
		cmocka_unit_test(test_rejects),	       cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_platform_parse), cmocka_unit_test(test_platform_match),
	};
	limits_default(&limits);
	return cmocka_run_group_tests_name("oci/manifest", tests, NULL, NULL);
}
