/* How many signed: --require counts signers. One who signs a hundred times, with two certificates of one name or with one
 * key under two names, is one. */
#include "trust/verify.h"

static bool same_signer(const struct proof *a, const struct proof *b)
{
	bool key = a->key.alg != DIGEST_NONE && digest_eq(&a->key, &b->key);
	bool identity =
		a->identity.n && str_eq(a->identity, b->identity) && str_eq(a->issuer, b->issuer);
	bool nameless = !a->identity.n && !b->identity.n && a->key.alg == DIGEST_NONE &&
			b->key.alg == DIGEST_NONE;
	return key || identity || nameless;
}

/* Groups that are connected by a common key or identity. */
size_t verify_count_signers(const struct proof *v, size_t n)
{
	size_t group[VERIFY_SIGNATURES_MAX], groups = 0;
	n = MIN(n, (size_t)VERIFY_SIGNATURES_MAX);
	for (size_t i = 0; i < n; i++) {
		group[i] = i;
		groups += v[i].result == CHECK_YES;
		for (size_t k = 0; v[i].result == CHECK_YES && k < i; k++) {
			size_t old = group[i], joined = group[k];
			if (v[k].result != CHECK_YES || old == joined || !same_signer(&v[i], &v[k]))
				continue;
			for (size_t j = 0; j <= i; j++)
				if (group[j] == old)
					group[j] = joined;
			groups--;
		}
	}
	return groups;
}
