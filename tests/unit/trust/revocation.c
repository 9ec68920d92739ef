/* CRLs and OCSP responses from files that tests/data/trust/revocation/make.py made; over a network see
 * tests/e2e/test_revocation.py. */
#include "trust/revocation.h"
#include "trust/revocation_parse.h"
#include "trust/timestamp.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "trust_files.h"

enum { NOW = 1700000000, TAKEN_BACK = 1685577600, LOST = 1677628800 };

static struct cert *pem(struct arena *a, struct certs *to, const char *name)
{
	struct err e;
	size_t before = to->n;
	struct str path = arena_printf(a, "data/trust/revocation/%s.pem", name);
	assert_int_equal(certs_parse(trust_file(a, false, path.p), to, &e), 0);
	return to->v[before];
}

static struct str der(struct arena *a, const char *name)
{
	return trust_file(a, false, arena_printf(a, "data/trust/revocation/%s.der", name).p);
}

static void test_ocsp(void **state)
{
	struct arena a = { 0 };
	struct certs v = { 0 };
	struct revoked_state s;
	struct strs urls;
	struct err e;
	struct cert *responder = NULL, *leaf = pem(&a, &v, "leaf"), *ca = pem(&a, &v, "ca");
	assert_int_equal(ocsp_read(der(&a, "ocsp-good"), leaf, ca, NOW, &s, &responder, &e), 0);
	assert_true(!s.revoked && !responder);
	assert_int_equal(ocsp_read(der(&a, "ocsp-revoked"), leaf, ca, NOW, &s, &responder, &e), 0);
	assert_true(s.revoked && s.since == TAKEN_BACK && !responder);
	assert_int_equal(ocsp_read(der(&a, "ocsp-delegate"), leaf, ca, NOW, &s, &responder, &e), 0);
	assert_true(!s.revoked && responder);
	cert_close(responder);
	assert_int_equal(ocsp_read(der(&a, "ocsp-good"), leaf, ca, 1, &s, &responder, &e),
			 ERR_INVALID);
	assert_int_equal(ocsp_read(der(&a, "ocsp-good"), leaf, leaf, NOW, &s, &responder, &e),
			 ERR_INVALID);
	ocsp_urls(leaf, &a, &urls);
	assert_true(urls.n == 1 && str_eq(urls.v[0], S("http://127.0.0.1/ocsp")));
	certs_done(&v);
	arena_done(&a);
	(void)state;
}

static void test_crl(void **state)
{
	struct arena a = { 0 };
	struct certs v = { 0 };
	struct revoked_state s;
	struct crl full, empty, delta;
	struct err e;
	struct cert *leaf = pem(&a, &v, "leaf"), *other = pem(&a, &v, "other"),
		    *ca = pem(&a, &v, "ca");
	assert_int_equal(crl_parse(der(&a, "crl"), &full, &e), 0);
	assert_int_equal(crl_parse(der(&a, "crl-empty"), &empty, &e), 0);
	assert_int_equal(crl_parse(der(&a, "delta"), &delta, &e), 0);
	assert_int_equal(crl_check(&full, leaf, ca, NOW, &e), 0);
	assert_int_equal(crl_check(&full, leaf, ca, (int64_t)1 << 33, &e), ERR_INVALID);
	assert_int_equal(crl_find(&full, leaf, &s, &e), 1);
	assert_true(s.revoked && s.since == TAKEN_BACK && s.invalid == LOST);
	assert_int_equal(crl_find(&full, other, &s, &e), 1);
	assert_true(s.revoked && s.invalid == 0);
	assert_int_equal(crl_find(&full, ca, &s, &e), 0);
	assert_int_equal(crl_find(&empty, leaf, &s, &e), 0);
	assert_int_equal(crl_find(&delta, other, &s, &e), 1);
	assert_false(s.revoked);
	assert_true(crl_extends(&delta, &full) && !crl_extends(&full, &delta) &&
		    !crl_extends(&full, &full));
	delta.base = S("\1\55"); /* 301: of a later base */
	assert_false(crl_extends(&delta, &full));
	assert_true(empty.freshest.n > 0 && full.freshest.n == 0);
	certs_done(&v);
	arena_done(&a);
	(void)state;
}

static void test_must_fail(void **state)
{
	struct arena a = { 0 };
	struct certs v = { 0 };
	struct dirent *x;
	struct cert *leaf = pem(&a, &v, "leaf"), *ca = pem(&a, &v, "ca");
	DIR *d = opendir(arena_printf(&a, "%s/reject/trust", getenv("LAZARET_TESTS")).p);
	int n = 0;
	assert_non_null(d);
	while ((x = readdir(d))) {
		struct str bytes, name = str_of(x->d_name);
		struct revoked_state s;
		struct cert *responder = NULL;
		struct crl l;
		struct err e;
		int r = 0;
		if (!str_starts(name, S("ocsp-")) && !str_starts(name, S("crl-")))
			continue;
		bytes = trust_file(&a, false, arena_printf(&a, "reject/trust/%s", x->d_name).p);
		if (str_starts(name, S("ocsp-")))
			r = ocsp_read(bytes, leaf, ca, NOW, &s, &responder, &e);
		else if ((r = crl_parse(bytes, &l, &e)) == 0)
			r = crl_check(&l, leaf, ca, NOW, &e);
		if (r >= 0)
			fail_msg("%s was accepted", x->d_name);
		n++;
	}
	closedir(d);
	assert_true(n >= 14);
	certs_done(&v);
	arena_done(&a);
	(void)state;
}

/* The authority of a timestamp is held to the same (GHSA-qjh3-4j3h-vmwp): its chain is there to be asked about. */
static void test_timestamp_authority(void **state)
{
	struct arena a = { 0 };
	struct certs anchors = { 0 };
	struct timestamp t = { 0 };
	struct revocation *r;
	struct err e;
	struct revocation_options o = { .offline = true, .now = NOW };
	pem(&a, &anchors, "tsa-root");
	assert_int_equal(timestamp_verify(der(&a, "tsa-token"), S("message"), NULL, &anchors, NULL,
					  &a, &t, &e),
			 1);
	assert_int_equal(revocation_open(&o, &r, &e), 0);
	assert_int_equal(revocation_check(r, &t.chain, 0, false, &e), 1); /* nobody to ask */
	revocation_close(r);
	o.crl_dir = arena_printf(&a, "%s/data/trust/revocation/tsa", getenv("LAZARET_TESTS"));
	assert_int_equal(revocation_open(&o, &r, &e), 0);
	assert_int_equal(revocation_check(r, &t.chain, 0, false, &e), 0);
	assert_non_null(strstr(e.text, "CN=TSA,"));
	assert_int_equal(revocation_check(r, &t.chain, t.time, true, &e),
			 0); /* no invalidity date */
	revocation_close(r);
	timestamp_done(&t);
	certs_done(&anchors);
	arena_done(&a);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ocsp), cmocka_unit_test(test_crl),
					    cmocka_unit_test(test_must_fail),
					    cmocka_unit_test(test_timestamp_authority) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
