/* OCSP responses and CRLs. The input: a certificate, its issuer, and what is said of them. */
#include "trust/der.h"
#include "trust/revocation_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say(struct str what, const struct cert *c, const struct cert *issuer)
{
	struct arena a = { 0 };
	struct cert *responder = NULL;
	struct revoked_state s;
	struct strs urls = { 0 };
	struct crl l;
	struct err e;
	bool partial = false;
	ocsp_read(what, c, issuer, 1700000000, &s, &responder, &e);
	cert_close(responder);
	if (crl_parse(what, &l, &e) == 0) {
		crl_check(&l, c, issuer, 1700000000, &e);
		if (crl_find(&l, c, &s, &e) == 1 && l.entries.n == 0)
			abort();
		crl_urls(l.freshest, &a, &urls, &partial);
		if (crl_extends(&l, &l) || urls.n > REVOCATION_URLS_MAX)
			abort();
	}
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	struct buf request = { 0 };
	struct der d[2];
	struct cert *c[2] = { NULL, NULL };
	struct err e;
	if (!der_next(&in, &d[0]) || !der_next(&in, &d[1]))
		return 0;
	if (cert_parse(d[0].whole, &c[0], &e) == 0 && cert_parse(d[1].whole, &c[1], &e) == 0) {
		ocsp_request(c[0], c[1], &request);
		if (!der_valid(str_buf(&request)))
			abort();
		say(in, c[0], c[1]);
	}
	buf_done(&request);
	cert_close(c[0]);
	cert_close(c[1]);
	return 0;
}
