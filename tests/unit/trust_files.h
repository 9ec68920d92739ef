/* Files of certificates for the unit tests: our own of tests/data/trust, and those of the shared data, where it is there.
 * Include after cmocka.h. */
#ifndef LAZARET_TESTS_TRUST_FILES_H
#define LAZARET_TESTS_TRUST_FILES_H

#include "base/base64.h"
#include "base/json.h"
#include "trust/x509.h"

#include <fcntl.h>
#include <stdio.h>

/* A whole file below tests/ (or, shared, below the shared data); fails the test when it is not there. */
static inline struct str trust_file(struct arena *a, bool shared, const char *name)
{
	struct str path = arena_printf(
		a, "%s/%s", getenv(shared ? "LAZARET_TEST_DATA" : "LAZARET_TESTS"), name);
	FILE *f = fopen(path.p, "rb");
	if (!f)
		fail_msg("%s is not there", path.p);
	char *p = arena_alloc(a, 1 << 20);
	size_t n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return (struct str){ p, n };
}

/* Adds the certificates of tests/data/trust/certs/NAME.pem; returns the first of them. */
static inline struct cert *trust_add(struct arena *a, struct certs *to, const char *name)
{
	struct err e;
	size_t before = to->n;
	struct str path = arena_printf(a, "data/trust/certs/%s.pem", name);
	if (certs_parse(trust_file(a, false, path.p), to, &e) < 0)
		fail_msg("%s: %s", name, e.text);
	return to->v[before];
}

/* Adds certificates named with spaces between. */
static inline void trust_add_all(struct arena *a, struct certs *to, const char *names)
{
	struct str rest = str_of(names), name;
	while (str_word(&rest, &name))
		trust_add(a, to, arena_cstr(a, name));
}

static inline struct str trust_bytes(struct arena *a, struct str base64)
{
	struct buf b = { 0 };
	if (!base64_decode(base64, &b))
		fail_msg("no base64");
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

/* Adds the certificates of a list of {"rawBytes": ...}. */
static inline void trust_add_json(struct arena *a, struct certs *to, const struct json *list)
{
	struct err e;
	JSON_EACH(c, list)
	{
		if (certs_parse(trust_bytes(a, json_get_str(c, "rawBytes")), to, &e) < 0)
			fail_msg("%s", e.text);
	}
}

struct trust_case {
	struct json *bundle, *root;
	struct certs leaf, authorities, tsa;
};

static inline struct json *trust_json(struct arena *a, struct str path)
{
	struct err e;
	struct json *j;
	if (json_parse(trust_file(a, true, path.p), &j, &e) < 0)
		fail_msg("%s: %s", path.p, e.text);
	return j;
}

/* One of sign/sigstore/bundle-verify. */
static inline struct trust_case trust_case_open(struct arena *a, const char *name, const char *root)
{
	struct trust_case c = { 0 };
	c.bundle = trust_json(
		a, arena_printf(a, "sign/sigstore/bundle-verify/%s/bundle.sigstore.json", name));
	c.root = trust_json(a, arena_printf(a, "sign/sigstore/%s", root));
	const struct json *vm = json_get(c.bundle, "verificationMaterial");
	if (json_get(vm, "certificate"))
		assert_true(certs_parse(trust_bytes(a, json_get_str(json_get(vm, "certificate"),
								    "rawBytes")),
					&c.leaf, &(struct err){ 0 }) == 0);
	trust_add_json(a, &c.leaf, json_get(json_get(vm, "x509CertificateChain"), "certificates"));
	JSON_EACH(ca, json_get(c.root, "certificateAuthorities"))
	trust_add_json(a, &c.authorities, json_get(json_get(ca, "certChain"), "certificates"));
	JSON_EACH(ca, json_get(c.root, "timestampAuthorities"))
	trust_add_json(a, &c.tsa, json_get(json_get(ca, "certChain"), "certificates"));
	return c;
}

static inline void trust_case_done(struct trust_case *c)
{
	json_free(c->bundle);
	json_free(c->root);
	certs_done(&c->leaf);
	certs_done(&c->authorities);
	certs_done(&c->tsa);
}

#endif
