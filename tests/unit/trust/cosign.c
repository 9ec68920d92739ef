/* cosign's documents: byte for byte as cosign writes them, and what must not be taken for a payload. */
#include "trust/cosign.h"
#include "oci/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEX "97a042bf09f1bf78c8cf3dcebef94614f2b95fa2f988a5c07314031bc2570c7a"
#define OTHER "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define PAYLOAD(reference, optional) \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"" reference \
	"\"},\"image\":{\"docker-manifest-digest\":\"sha256:" HEX \
	"\"},\"type\":\"cosign container image signature\"},\"optional\":" optional "}"

static struct digest digest(const char *hex)
{
	struct digest d;
	assert_true(digest_from_hex(DIGEST_SHA256, str_of(hex), &d));
	return d;
}

static void test_payload(void **state)
{
	struct arena a = { 0 };
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e;
	struct annotation v[] = { { S("z"), S("1 < 2 & 3") }, { S("a"), S("\"x\"") } };
	struct simple_signing s = { .reference = S("index.docker.io/library/alpine"),
				    .digest = digest(HEX) };
	(void)state;
	simple_signing_write(&s, &a, &b);
	assert_string_equal(buf_cstr(&b), PAYLOAD("index.docker.io/library/alpine", "null"));
	b.n = 0;
	s.annotations = v;
	s.n_annotations = 2;
	simple_signing_write(&s, &a, &b);
	assert_string_equal(buf_cstr(&b),
			    PAYLOAD("index.docker.io/library/alpine",
				    "{\"a\":\"\\\"x\\\"\",\"z\":\"1 \\u003c 2 \\u0026 3\"}"));
	struct simple_signing got;
	assert_int_equal(simple_signing_parse(str_buf(&b), &a, &got, &e), 0);
	assert_true(digest_eq(&got.digest, &s.digest));
	assert_true(str_eq(got.reference, s.reference));
	assert_int_equal(got.n_annotations, 2);
	assert_true(str_eq(got.annotations[1].value, S("1 < 2 & 3")));
	/* What is no text among the optional ones (containers/image writes a time) can be matched by nobody. */
	assert_int_equal(simple_signing_parse(S(PAYLOAD("", "{\"timestamp\":1,\"creator\":\"c\"}")),
					      &a, &got, &e),
			 0);
	assert_int_equal(got.n_annotations, 1);
	arena_done(&a);
}

static void test_payload_rejects(void **state)
{
#define CRITICAL(members) "{\"critical\":{" members "},\"optional\":null}"
#define IDENTITY "\"identity\":{\"docker-reference\":\"r\"}"
#define IMAGE "\"image\":{\"docker-manifest-digest\":\"sha256:" HEX "\"}"
#define TYPE "\"type\":\"cosign container image signature\""
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"optional\":null}",
		CRITICAL(IDENTITY "," IMAGE),
		CRITICAL(IDENTITY "," TYPE),
		CRITICAL(IMAGE "," TYPE),
		CRITICAL(IDENTITY "," IMAGE ",\"type\":\"atomic container signature\""),
		CRITICAL(IDENTITY "," IMAGE ",\"type\":\"https://sigstore.dev/cosign/sign/v1\""),
		CRITICAL(IDENTITY "," IMAGE ",\"type\":1"),
		/* A critical member that is not known. */
		CRITICAL(IDENTITY "," IMAGE "," TYPE ",\"expires\":1"),
		/* Twice, or in other case: Go's decoder would take the last. */
		CRITICAL(IDENTITY "," IMAGE "," TYPE
				  ",\"image\":{\"docker-manifest-digest\":\"sha256:" OTHER "\"}"),
		CRITICAL(IDENTITY "," IMAGE "," TYPE
				  ",\"Image\":{\"docker-manifest-digest\":\"sha256:" OTHER "\"}"),
		CRITICAL(IDENTITY "," TYPE ",\"image\":{\"Docker-manifest-digest\":\"sha256:" HEX
				  "\"}"),
		CRITICAL(IDENTITY "," TYPE ",\"image\":{\"docker-manifest-digest\":\"" HEX "\"}"),
		CRITICAL(IDENTITY "," TYPE ",\"image\":{\"docker-manifest-digest\":\"md5:"
					   "d41d8cd98f00b204e9800998ecf8427e\"}"),
		CRITICAL("\"identity\":{\"docker-reference\":7}," IMAGE "," TYPE),
		PAYLOAD("r", "{\"a\":\"1\",\"a\":\"2\"}"),
		PAYLOAD("r", "null") "x",
		PAYLOAD("\xfa", "null"),
		"{\"critical\":1,\"critical\":{" IDENTITY "," IMAGE "," TYPE "}}",
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct simple_signing s = { .n_annotations = 77 };
		struct err e = { 0 };
		int r = simple_signing_parse(str_of(bad[i]), &a, &s, &e);
		if (r != ERR_INVALID && r != ERR_UNSUPPORTED)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(s.n_annotations, 77);
	}
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_reserve(&b, SIMPLE_SIGNING_MAX + 1);
	memset(b.p, ' ', SIMPLE_SIGNING_MAX + 1);
	b.n = SIMPLE_SIGNING_MAX + 1;
	struct simple_signing s;
	struct err e;
	assert_int_equal(simple_signing_parse(str_buf(&b), &a, &s, &e), ERR_LIMIT);
	arena_done(&a);
}

static struct descriptor layer(struct arena *a, const char *hex, struct str signature)
{
	struct descriptor d = { .media_type = S(COSIGN_SIMPLE_SIGNING),
				.size = 240,
				.digest = digest(hex) };
	struct cosign_parts p = { .signature = signature };
	cosign_layer_annotations(&p, a, &d.annotations, &d.n_annotations);
	return d;
}

#define LAYER(hex, signature) \
	"{\"mediaType\":\"" COSIGN_SIMPLE_SIGNING "\",\"size\":240,\"digest\":\"sha256:" hex \
	"\",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"" signature "\"}}"
#define CONFIG(histories, ids) \
	"{\"architecture\":\"\",\"created\":\"0001-01-01T00:00:00Z\",\"history\":[" histories \
	"],\"os\":\"\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ids "]},\"config\":{}}"
#define HISTORY "{\"created\":\"0001-01-01T00:00:00Z\"}"

static void test_manifest(void **state)
{
	struct arena a = { 0 };
	struct buf one CLEANUP(buf_done) = { 0 }, two CLEANUP(buf_done) = { 0 },
		       config CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	struct limits l;
	struct manifest m;
	struct cosign_material got;
	(void)state;
	limits_default(&l);
	struct descriptor first = layer(&a, HEX, S("sig")), second = layer(&a, OTHER, S("sig2"));
	assert_int_equal(cosign_manifest_add(S(""), &first, false, &a, &one, &config, &e), 0);
	assert_string_equal(buf_cstr(&config), CONFIG(HISTORY, "\"sha256:" HEX "\""));
	assert_int_equal(config.n, 233);
	struct digest d;
	char text[DIGEST_TEXT];
	digest_of(DIGEST_SHA256, str_buf(&config), &d);
	assert_string_equal(buf_cstr(&one),
			    arena_printf(&a,
					 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
					 "\",\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
					 "\",\"size\":233,\"digest\":\"%s\"},\"layers\":[" LAYER(
						 HEX, "c2ln") "]}",
					 digest_text(&d, text))
				    .p);
	config.n = 0;
	assert_int_equal(cosign_manifest_add(str_buf(&one), &second, true, &a, &two, &config, &e),
			 0);
	assert_string_equal(buf_cstr(&config),
			    CONFIG(HISTORY "," HISTORY, "\"sha256:" HEX "\",\"sha256:" OTHER "\""));
	assert_true(str_find(str_buf(&two),
			     S("[" LAYER(HEX, "c2ln") "," LAYER(OTHER, "c2lnMg==") "]")) > 0);
	assert_int_equal(manifest_parse(&a, str_buf(&two), S(MEDIA_OCI_MANIFEST), &l, &m, &e), 0);
	assert_true(cosign_layer_material(&m.image.layers[1], &got));
	assert_true(str_eq(got.signature, S("c2lnMg==")));
	m.image.layers[1].n_annotations = 0;
	assert_false(cosign_layer_material(&m.image.layers[1], &got));
	two.n = config.n = 0;
	assert_int_equal(cosign_manifest_add(S(""), &first, true, &a, &two, &config, &e), 0);
	assert_true(str_find(str_buf(&two), S(MEDIA_DOCKER_MANIFEST)) > 0);
	assert_true(str_find(str_buf(&two), S(MEDIA_DOCKER_CONFIG)) > 0);
	arena_done(&a);
}

static void test_manifest_rejects(void **state)
{
	struct arena a = { 0 };
	struct buf m CLEANUP(buf_done) = { 0 }, c CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	struct descriptor d = layer(&a, HEX, S("sig"));
	(void)state;
	assert_int_equal(cosign_manifest_add(S("{\"schemaVersion\":2,\"manifests\":[]}"), &d, false,
					     &a, &m, &c, &e),
			 ERR_UNSUPPORTED);
	assert_int_equal(cosign_manifest_add(S("x"), &d, false, &a, &m, &c, &e), ERR_INVALID);
	assert_int_equal(m.n, 0);
	/* Full. */
	buf_addf(&m, "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
		     "\",\"size\":2,\"digest\":\"sha256:" OTHER "\"},\"layers\":[");
	for (int i = 0; i < COSIGN_LAYERS_MAX; i++)
		buf_addf(&m, "%s" LAYER(HEX, ""), i ? "," : "");
	buf_addf(&m, "]}");
	struct buf out CLEANUP(buf_done) = { 0 };
	assert_int_equal(cosign_manifest_add(str_buf(&m), &d, false, &a, &out, &c, &e), ERR_LIMIT);
	arena_done(&a);
}

/* What the log and the timestamp authority said, as cosign keeps it. */
static void test_annotations(void **state)
{
	struct arena a = { 0 };
	struct log_entry entry = { .index = 5179,
				   .integrated_time = 1624396085,
				   .log_id = S("\x01\xff"),
				   .set = S("set"),
				   .body = S("body") };
	struct cosign_parts p = { .certificate = S("PEM"),
				  .entry = &entry,
				  .timestamp = S("der"),
				  .predicate_type = S("https://x") };
	static const char *const expected[] = {
		"dev.cosignproject.cosign/signature",
		"",
		"dev.sigstore.cosign/bundle",
		"{\"SignedEntryTimestamp\":\"c2V0\",\"Payload\":{\"body\":\"Ym9keQ==\","
		"\"integratedTime\":1624396085,"
		"\"logIndex\":5179,\"logID\":\"01ff\"}}",
		"dev.sigstore.cosign/certificate",
		"PEM",
		"dev.sigstore.cosign/chain",
		"",
		"dev.sigstore.cosign/rfc3161timestamp",
		"{\"SignedRFC3161Timestamp\":\"ZGVy\"}",
		"predicateType",
		"https://x",
	};
	struct annotation *v;
	size_t n;
	(void)state;
	cosign_layer_annotations(&p, &a, &v, &n);
	assert_int_equal(n * 2, COUNT(expected));
	for (size_t i = 0; i < n; i++) {
		assert_true(str_eq(v[i].key, str_of(expected[2 * i])));
		assert_true(str_eq(v[i].value, str_of(expected[2 * i + 1])));
	}
	arena_done(&a);
}

static void test_bundle_manifest(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct annotation lost = { S("k"), S("v") };
	struct descriptor subject = { .media_type = S(MEDIA_OCI_INDEX),
				      .size = 7,
				      .digest = digest(HEX),
				      .annotations = &lost,
				      .n_annotations = 1 };
	struct descriptor bundle = { .media_type = S(BUNDLE_MEDIA_TYPE),
				     .size = 9,
				     .digest = digest(OTHER) };
	struct bundle_place p = { &subject, &bundle, "dsse-envelope",
				  S("https://spdx.dev/Document"), 1700000000 };
	(void)state;
	cosign_bundle_manifest(&p, &b);
	assert_string_equal(
		buf_cstr(&b),
		"{\"schemaVersion\":2,\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.empty.v1+json\",\"size\":2,\"digest\":\"sha256:" OTHER
		"\",\"artifactType\":\"" BUNDLE_MEDIA_TYPE
		"\"},\"layers\":[{\"mediaType\":\"" BUNDLE_MEDIA_TYPE
		"\",\"size\":9,\"digest\":\"sha256:" OTHER
		"\"}],\"annotations\":{\"dev.sigstore.bundle.content\":\"dsse-envelope\",\"dev."
		"sigstore.bundle.predicateType\":"
		"\"https://spdx.dev/"
		"Document\",\"org.opencontainers.image.created\":\"2023-11-14T22:13:20Z\"},"
		"\"subject\":{\"mediaType\":"
		"\"" MEDIA_OCI_INDEX "\",\"size\":7,\"digest\":\"sha256:" HEX
		"\"},\"artifactType\":\"" BUNDLE_MEDIA_TYPE "\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payload),	    cmocka_unit_test(test_payload_rejects),
		cmocka_unit_test(test_manifest),    cmocka_unit_test(test_manifest_rejects),
		cmocka_unit_test(test_annotations), cmocka_unit_test(test_bundle_manifest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
