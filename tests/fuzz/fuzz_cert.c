/* Certificates, PEM or DER: everything that is read out of them, and chains of them among themselves. */
#include "trust/revocation_parse.h"
#include "trust/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct cert *c, struct arena *a)
{
	struct sct scts[SCTS_MAX];
	struct name_part *parts;
	struct san *sans;
	struct strs list = { 0 };
	struct str value;
	struct err e;
	size_t n;
	bool critical, ca, partial = false;
	unsigned bits;
	int path_len, k = cert_scts(c, scts, &e);
	for (int i = 0; i < k; i++)
		if (cert_key(c))
			sct_verify(&scts[i], c, c, cert_key(c));
	cert_subject(c, a);
	cert_issuer(c, a);
	cert_subject_parts(c, a, &parts, &n);
	cert_sans(c, a, &sans, &n);
	if (n > CERT_SANS_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (sans[i].kind != SAN_IP && !str_is_utf8(sans[i].value))
			abort();
	cert_ext_key_usage(c, a, &critical, &list);
	cert_key_usage(c, &critical, &bits);
	cert_basic_constraints(c, &critical, &ca, &path_len);
	ocsp_urls(c, a, &list);
	list = (struct strs){ 0 };
	if (cert_extension(c, "2.5.29.31", &critical, &value))
		crl_urls(value, a, &list, &partial);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct certs v = { 0 };
	struct chain_cache *cache = chain_cache_open();
	struct chain chain;
	struct err e;
	if (certs_parse((struct str){ (const char *)data, size }, &v, &e) == 0) {
		struct cert *again;
		if (v.n == 0 || v.n > CERTS_MAX || cert_parse(cert_der(v.v[0]), &again, &e) < 0)
			abort();
		cert_close(again);
		for (size_t i = 0; i < v.n; i++)
			read_all(v.v[i], &a);
		struct certs last = { .v = &v.v[v.n - 1], .n = 1 };
		if (cert_chain(v.v[0], &v, &last, cert_not_before(v.v[0]), NULL, cache, &chain,
			       &e) == 1 &&
		    chain.v[chain.n - 1] != last.v[0] &&
		    !digest_eq(cert_digest(chain.v[0]), cert_digest(last.v[0])))
			abort();
		cert_chain(v.v[0], &v, &last, cert_not_before(v.v[0]), EKU_CODE_SIGNING, cache,
			   &chain, &e);
	}
	certs_done(&v);
	chain_cache_close(cache);
	arena_done(&a);
	return 0;
}
