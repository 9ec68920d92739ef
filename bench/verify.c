/* Verifications a second of one Sigstore bundle on one core, its JSON parsed anew each time, keys and trust roots once.
 * verify BUNDLE ARTIFACT key PUBLIC-KEY : a key's signature, no log
 * verify BUNDLE ARTIFACT cold|cached TRUSTED-ROOT IDENTITY ISSUER : a certificate's, with the timestamp of the certificate
 * log, log entry and checkpoint; without and with a memory of which certificate signed which. Prints the number. */
#include "base/time.h"
#include "trust/identity.h"
#include "trust/sigstore.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES = 1 << 20, SECOND = 1000000000 };

static void stop(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static struct str file(struct arena *a, const char *path)
{
	char *p = arena_alloc(a, FILE_BYTES);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		stop(path, "cannot be opened");
	size_t n = fread(p, 1, FILE_BYTES, f);
	fclose(f);
	return (struct str){ p, n };
}

static void verify(struct str json, const struct signed_bytes *what,
		   const struct sigstore_policy *p)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct arena a = { 0 };
	struct proof proof = { 0 };
	struct err e = { 0 };
	if (sigstore_bundle_parse(json, &b, &e) ||
	    sigstore_verify(b, b->is_dsse ? NULL : what, p, &a, &proof, &e))
		stop("bundle", e.text);
	if (proof.result != CHECK_YES)
		stop("not verified", proof.why.p);
	arena_done(&a);
}

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct sigstore_policy p = { .now = time_now() };
	struct identity who = { 0 };
	struct key *key = NULL;
	struct trusted_root *root = NULL;
	size_t n = 0;
	if (argc < 5)
		stop("verify", "wants arguments");
	struct str json = file(&a, argv[1]), artifact = file(&a, argv[2]);
	struct signed_bytes what = { .has_message = true, .message = artifact };
	digest_of(DIGEST_SHA256, artifact, &what.sha256);
	if (!strcmp(argv[3], "key")) {
		if (key_from_pem(file(&a, argv[4]), &key, &e))
			stop(argv[4], e.text);
		p.keys = (const struct key *const *)&key;
		p.key_names = &(struct str){ argv[4], strlen(argv[4]) };
		p.n_keys = 1;
	} else {
		if (argc < 7 || trusted_root_parse(file(&a, argv[4]), str_of(argv[4]), &root, &e))
			stop(argv[4], e.text);
		who.san = (struct text_matcher){ .has_exact = true, .exact = str_of(argv[5]) };
		who.issuer = (struct text_matcher){ .has_exact = true, .exact = str_of(argv[6]) };
		p.roots = (const struct trusted_root *const *)&root;
		p.n_roots = 1;
		p.identities = &who;
		p.n_identities = 1;
		if (!strcmp(argv[3], "cached"))
			p.cache = chain_cache_open();
	}
	verify(json, &what, &p);
	int64_t start = time_monotonic(), now = start;
	for (; now - start < 2LL * SECOND; now = time_monotonic())
		for (int i = 0; i < 50; i++, n++)
			verify(json, &what, &p);
	printf("%.0f\n", (double)n * SECOND / (double)(now - start));
	chain_cache_close(p.cache);
	trusted_root_close(root);
	key_close(key);
	arena_done(&a);
	return 0;
}
