/* VEX: what documents say, and which findings that suppresses. The cases of LAZARET_TEST_DATA/vex, and our own. */
#include "vuln/vex.h"

#include "base/json.h"
#include "base/map.h"
#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>

static struct str read_file(struct arena *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = { 0 };
	struct err e;
	if (fd < 0)
		fail_msg("cannot open %s", path);
	CLEANUP(cleanup_stream) struct stream *s = stream_fd(fd, true, -1, UINT64_MAX);
	assert_int_equal(stream_read_all(s, 4 << 20, &b, &e), 0);
	struct str text = arena_str(a, str_buf(&b));
	buf_done(&b);
	return text;
}

/* An inventory out of edges "A B": A needs B. */
struct world {
	struct arena a;
	struct inventory inv;
	struct map names; /* purl -> index + 1 */
	struct finding *findings;
	size_t n_findings, findings_cap;
	struct strs warnings;
};

static size_t package_at(struct world *w, struct str purl)
{
	void **slot = map_at(&w->names, purl);
	if (*slot)
		return (size_t)(uintptr_t)*slot - 1;
	struct package *p =
		ARENA_PUSH(&w->a, w->inv.packages, w->inv.n_packages, w->inv.packages_cap);
	*p = (struct package){ .type = S("x"), .name = purl, .purl = purl, .owner = -1 };
	*slot = (void *)(uintptr_t)w->inv.n_packages;
	return w->inv.n_packages - 1;
}

static void needs(struct world *w, struct str from, struct str to)
{
	size_t a = package_at(w, from), b = package_at(w, to);
	struct package *p = &w->inv.packages[a];
	size_t *v = arena_array(&w->a, p->n_needs + 1, sizeof *v);
	if (p->n_needs)
		memcpy(v, p->needs, p->n_needs * sizeof *v);
	v[p->n_needs++] = b;
	p->needs = v;
}

static void world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	map_init(&w->names, &w->a);
	w->inv.arena = &w->a;
}

static void find(struct world *w, struct str id, struct str purl)
{
	/* The index, for packages still move. */
	size_t i = package_at(w, purl);
	*ARENA_PUSH(&w->a, w->findings, w->n_findings, w->findings_cap) =
		(struct finding){ .id = id, .package = (const struct package *)(uintptr_t)i };
}

static void apply(struct world *w, struct vex *v)
{
	for (size_t i = 0; i < w->n_findings; i++)
		w->findings[i].package =
			&w->inv.packages[(size_t)(uintptr_t)w->findings[i].package];
	vex_apply(v, &w->inv, w->findings, w->n_findings, &w->a, &w->warnings);
}

static void check_case(const char *root, const struct json *c)
{
	struct world w;
	struct err e = { 0 };
	world_init(&w);
	struct vex v = { .arena = &w.a };
	char path[4096];
	snprintf(path, sizeof path, "%s/vex/%.*s", root, STR(json_get_str(c, "doc")));
	int r = vex_add(&v, read_file(&w.a, path), json_get_str(c, "doc"), &e);
	if (json_bool(json_get(c, "error"), false)) {
		assert_int_equal(r, ERR_INVALID);
		arena_done(&w.a);
		return;
	}
	if (r)
		fail_msg("%s", e.text);
	struct str image = json_get_str(c, "root"), serial = json_get_str(c, "sbom_serial");
	w.inv.purl = image;
	w.inv.serial = str_eq(serial, S("as in the document"))
			       ? S("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79")
			       : serial;
	JSON_EACH(edge, json_get(c, "graph"))
	{
		struct str from = json_str(json_at(edge, 0)), to = json_str(json_at(edge, 1));
		if (str_eq(from, image))
			package_at(&w, to);
		else
			needs(&w, from, to);
	}
	JSON_EACH(f, json_get(c, "findings"))
	find(&w, json_get_str(f, "id"), json_get_str(f, "purl"));
	apply(&w, &v);
	for (size_t i = 0; i < w.n_findings; i++) {
		bool want = false;
		JSON_EACH(s, json_get(c, "suppressed"))
		want |= str_eq(json_str(s), w.findings[i].id);
		if (want != (w.findings[i].suppressed.by.n > 0))
			fail_msg("%s (%.*s): %.*s is %ssuppressed", path,
				 STR(json_get_str(c, "note")), STR(w.findings[i].id),
				 want ? "not " : "");
		struct str status = json_get_str(c, "status"),
			   reason = json_get_str(c, "justification");
		if (want && status.n)
			assert_true(str_eq(w.findings[i].suppressed.status, status));
		if (want && reason.n)
			assert_true(str_eq(w.findings[i].suppressed.reason, reason));
	}
	arena_done(&w.a);
}

static size_t count_said(const struct vex *v, struct str id, struct str product)
{
	size_t n = 0;
	for (size_t i = 0; i < v->n_statements; i++)
		for (size_t k = 0; k < v->statements[i].n_targets; k++)
			n += str_eq(v->statements[i].vulnerability, id) &&
			     (!product.n || str_eq(v->statements[i].targets[k].product, product));
	return n;
}

static void check_document(const char *root, const struct json *d)
{
	struct arena a = { 0 };
	struct vex v = { .arena = &a };
	struct err e = { 0 };
	char path[4096];
	snprintf(path, sizeof path, "%s/vex/%.*s", root, STR(json_key(d)));
	int r = vex_add(&v, read_file(&a, path), json_key(d), &e);
	if (str_eq(json_get_str(d, "format"), S("none"))) {
		assert_int_equal(r, ERR_INVALID);
		assert_int_equal(v.n_documents, 0);
		arena_done(&a);
		return;
	}
	if (r)
		fail_msg("%s", e.text);
	assert_true(str_eq(json_get_str(d, "format"), str_of(v.documents[0].format)));
	assert_int_equal(v.n_statements, json_count(json_get(d, "statements")));
	size_t i = 0;
	JSON_EACH(s, json_get(d, "statements"))
	{
		const struct vex_statement *have = &v.statements[i++];
		struct str id = json_get_str(s, "vulnerability"),
			   status = json_get_str(s, "status");
		assert_true(str_eq(have->vulnerability, id));
		if (status.n)
			assert_true(str_eq(str_of(status_name(have->status)), status));
		struct str why = json_get_str(s, "justification");
		if (why.n)
			assert_true(str_eq(have->justification, why));
		JSON_EACH(p, json_get(s, "products"))
		assert_true(count_said(&v, id, json_str(p)) > 0);
		size_t parts = json_count(json_get(s, "subcomponents"));
		if (parts)
			assert_int_equal(have->n_targets, parts);
	}
	arena_done(&a);
}

static void test_data(void **state)
{
	const char *root = getenv("LAZARET_TEST_DATA");
	char path[4096];
	struct arena a = { 0 };
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err e;
	(void)state;
	if (!root || !root[0])
		skip();
	snprintf(path, sizeof path, "%s/vex/expected.json", root);
	assert_int_equal(json_parse(read_file(&a, path), &j, &e), 0);
	size_t n = 0;
	JSON_EACH(d, json_get(j, "documents"))
	{
		check_document(root, d);
		n++;
	}
	JSON_EACH(c, json_get(j, "cases"))
	{
		check_case(root, c);
		n++;
	}
	assert_true(n > 25);
	arena_done(&a);
}

static const char openvex[] =
	"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"timestamp\":\"2026-01-02T03:04:05Z\","
	"\"statements\":[{\"vulnerability\":{\"name\":\"CVE-1\",\"aliases\":[\"GHSA-1\"]},%s"
	"\"products\":[%s],\"status\":\"%s\",\"impact_statement\":\"not reached\"}]}";

struct image_case {
	const char *product, *target, *reference;
	bool holds;
};

/* How products name images. */
static void test_image(void **state)
{
	static const char digest[] =
		"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const struct image_case t[] = {
		{ "pkg:oci/debian", "debian:12", "docker.io/library/debian", true },
		{ "pkg:oci/debian?tag=12", "debian:12", "docker.io/library/debian", true },
		{ "pkg:oci/debian?tag=11", "debian:12", "docker.io/library/debian", false },
		{ "pkg:oci/alpine", "debian:12", "docker.io/library/debian", false },
		{ "pkg:oci/debian?repository_url=index.docker.io/library", "debian:12",
		  "docker.io/library/debian", true },
		{ "pkg:oci/debian?repository_url=docker.io/library/debian", "debian:12",
		  "docker.io/library/debian", true },
		{ "pkg:oci/debian?repository_url=quay.io/library/debian", "debian:12",
		  "docker.io/library/debian", false },
		{ "pkg:oci/app?arch=arm64", "registry.example/x/app", "registry.example/x/app",
		  false },
		{ "pkg:oci/app?arch=amd64&repository_url=registry.example/x", "app",
		  "registry.example/x/app", true },
		{ "pkg:oci/"
		  "app@sha256%3Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "app", "registry.example/x/app", true },
		{ "pkg:oci/"
		  "app@sha256%3Abbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
		  "app", "registry.example/x/app", false },
		{ "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "app",
		  "registry.example/x/app", true },
		{ "registry.example/x/app", "app", "registry.example/x/app", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct world w;
		struct image image = { 0 };
		struct err e = { 0 };
		char product[300], text[1000];
		world_init(&w);
		struct vex v = { .arena = &w.a };
		assert_int_equal(digest_parse(str_of(digest), &image.self.digest, &e), 0);
		w.inv.image = &image;
		w.inv.target = str_of(t[i].target);
		w.inv.reference = arena_printf(&w.a, "%s@%s", t[i].reference, digest);
		w.inv.platform.arch = S("amd64");
		snprintf(product, sizeof product, "{\"@id\":\"%s\"}", t[i].product);
		snprintf(text, sizeof text, openvex, "", product, "not_affected");
		if (vex_add(&v, str_of(text), S("doc"), &e))
			fail_msg("%s", e.text);
		find(&w, S("GHSA-1"), S("pkg:npm/a@1"));
		apply(&w, &v);
		if ((w.findings[0].suppressed.by.n > 0) != t[i].holds)
			fail_msg("%s of %s", t[i].product, t[i].target);
		assert_int_equal(w.warnings.n, !t[i].holds);
		if (t[i].holds)
			assert_true(str_eq(w.findings[0].suppressed.reason, S("not reached")));
		arena_done(&w.a);
	}
}

/* How products name packages. */
static void test_packages(void **state)
{
	static const struct {
		const char *product, *package;
		bool holds;
	} t[] = {
		{ "pkg:npm/%40s/a", "pkg:npm/%40s/a@1.0.0", true },
		{ "pkg:npm/@s/a@1.0.0", "pkg:npm/%40s/a@1.0.0", true },
		{ "pkg:npm/@s/b@1.0.0", "pkg:npm/%40s/a@1.0.0", false },
		{ "pkg:npm/a", "pkg:npm/%40s/a@1.0.0", false },
		{ "pkg:pypi/typing_extensions", "pkg:pypi/typing-extensions@4.0", true },
		{ "pkg:deb/debian/libstdc++6", "pkg:deb/debian/libstdc%2B%2B6@12?arch=amd64",
		  true },
		{ "pkg:deb/debian/bash?arch=arm64", "pkg:deb/debian/bash@5?arch=amd64", false },
		{ "pkg:deb/debian/bash@5", "pkg:deb/debian/bash@5?arch=amd64", true },
		{ "pkg:deb/ubuntu/bash@5", "pkg:deb/debian/bash@5?arch=amd64", false },
		{ "pkg:rpm/redhat/bash", "pkg:deb/redhat/bash@5", false },
		{ "bash", "pkg:deb/debian/bash@5", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct world w;
		struct err e = { 0 };
		char product[300], text[1000];
		world_init(&w);
		struct vex v = { .arena = &w.a };
		snprintf(product, sizeof product, "{\"@id\":\"%s\"}", t[i].product);
		snprintf(text, sizeof text, openvex, "", product, "not_affected");
		if (vex_add(&v, str_of(text), S("doc"), &e))
			fail_msg("%s", e.text);
		find(&w, S("CVE-1"), str_of(t[i].package));
		apply(&w, &v);
		if ((w.findings[0].suppressed.by.n > 0) != t[i].holds)
			fail_msg("%s against %s", t[i].product, t[i].package);
		arena_done(&w.a);
	}
}

/* The newest statement counts, one that says affected too; a wrapping's subject must be the image. */
static void test_order(void **state)
{
	struct world w;
	struct err e = { 0 };
	char text[1000];
	(void)state;
	for (int newer = 0; newer < 2; newer++) {
		world_init(&w);
		struct vex v = { .arena = &w.a };
		snprintf(text, sizeof text, openvex, "", "{\"@id\":\"pkg:npm/a\"}", "not_affected");
		assert_int_equal(vex_add(&v, str_of(text), S("one"), &e), 0);
		snprintf(text, sizeof text, openvex,
			 newer ? "\"timestamp\":\"2026-02-02T03:04:05.123456789-06:00\","
			       : "\"timestamp\":\"2025-02-02T03:04:05Z\",",
			 "{\"@id\":\"pkg:npm/a@1\"}", "affected");
		assert_int_equal(vex_add(&v, str_of(text), S("two"), &e), 0);
		find(&w, S("CVE-1"), S("pkg:npm/a@1"));
		apply(&w, &v);
		assert_int_equal(w.findings[0].suppressed.by.n > 0, !newer);
		arena_done(&w.a);
	}
	world_init(&w);
	struct vex v = { .arena = &w.a };
	snprintf(text, sizeof text, openvex, "", "{\"@id\":\"pkg:npm/a\"}", "not_affected");
	struct str wrapped = arena_printf(
		&w.a,
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":"
		"{\"sha256\":\"%064d\"}}],\"predicate\":%s}",
		7, text);
	if (vex_add(&v, wrapped, S("three"), &e))
		fail_msg("%s", e.text);
	find(&w, S("CVE-1"), S("pkg:npm/a@1"));
	apply(&w, &v);
	assert_int_equal(w.findings[0].suppressed.by.n, 0);
	assert_int_equal(w.warnings.n, 1);
	arena_done(&w.a);
}

static void test_reject(void **state)
{
	static const char *const t[] = {
		"",
		"[]",
		"{}",
		"{\"@context\":\"https://openvex.dev/ns/v0.2.0\"}",
		"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[{\"status\":"
		"\"fixed\"}]}",
		"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[{"
		"\"vulnerability\":\"C\",\"status\":\"good\"}]}",
		"{\"bomFormat\":\"CycloneDX\"}",
		"{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[{\"id\":\"C\",\"analysis\":{"
		"\"state\":\"odd\"}}]}",
		"{\"document\":{\"category\":\"csaf_vex\"}}",
		"{\"document\":{\"category\":\"csaf_vex\"},\"vulnerabilities\":[{\"product_"
		"status\":{\"fixed\":[\"a\"]}}]}",
		"{\"payload\":\"***\"}",
		"{\"payload\":\"e30\"}",
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{}}",
	};
	struct arena a = { 0 };
	struct vex v = { .arena = &a };
	struct err e;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int r = vex_add(&v, str_of(t[i]), S("bad"), &e);
		if (r != ERR_INVALID)
			fail_msg("case %zu: %d", i, r);
		assert_int_equal(v.n_documents, 0);
		assert_int_equal(v.n_statements, 0);
	}
	assert_int_equal(vex_add_path(&v, "/nonexistent/vex.json", &e), ERR_NOT_FOUND);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),	 cmocka_unit_test(test_image),
		cmocka_unit_test(test_packages), cmocka_unit_test(test_order),
		cmocka_unit_test(test_reject),
	};
	return cmocka_run_group_tests_name("vuln/vex", tests, NULL, NULL);
}
