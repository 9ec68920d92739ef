/* Whose signature it is: the key of the bundle's certificate, or one of those that the caller believes. A key's own
 * algorithm is tried first; older clients signed with SHA-256 whatever the curve, and Ed25519 signs prehashed or plainly. */
#include "trust/judge.h"
#include "trust/rekor.h"
#include "base/base64.h"

static bool verifies(struct judge *j, const struct key *k, enum signature_alg alg)
{
	if (alg_digest(alg) == DIGEST_NONE)
		return j->what.has_message && key_verify(k, alg, j->what.message, j->b->signature);
	const struct digest *d = signed_digest(&j->what, alg_digest(alg));
	return d && key_verify_digest(k, alg, d, j->b->signature);
}

static enum signature_alg algorithm_of(struct judge *j, const struct key *k)
{
	enum signature_alg first = key_default_alg(k, j->b->is_dsse), second = SIGNATURE_NONE;
	if (verifies(j, k, first))
		return first;
	if (key_type(k) == KEY_ED25519)
		second = first == SIGNATURE_ED25519 ? SIGNATURE_ED25519PH : SIGNATURE_ED25519;
	else if (key_type(k) == KEY_ECDSA)
		second = SIGNATURE_ECDSA_SHA256;
	return second != SIGNATURE_NONE && second != first && verifies(j, k, second)
		       ? second
		       : SIGNATURE_NONE;
}

static void found(struct judge *j, const struct key *k, enum signature_alg alg, const char *whose)
{
	j->key = k;
	j->alg = alg;
	j->out->key = *key_id(k);
	j->out->algorithm = str_of(alg_name(alg));
	proof_check(j->out, j->a, "signature", CHECK_YES, "%s, %s (%s)", whose, key_name(k),
		    alg_name(alg));
}

/* The index of the policy's key, or n_keys. */
static size_t our_key(const struct judge *j, const struct key *k)
{
	size_t i = 0;
	while (i < j->p->n_keys && !key_eq(j->p->keys[i], k))
		i++;
	return i;
}

static void name_key(struct judge *j, size_t i)
{
	j->by_key = true;
	if (j->p->key_names)
		j->out->key_name = j->p->key_names[i];
}

static void by_certificate(struct judge *j)
{
	const struct key *k = cert_key(j->leaf);
	enum signature_alg alg = k ? algorithm_of(j, k) : SIGNATURE_NONE;
	if (alg == SIGNATURE_NONE) {
		proof_check(
			j->out, j->a, "signature", CHECK_NO, "%s",
			k ? "the signature is not by the certificate's key, or of something else"
			  : "the certificate's key is of a kind that is not known");
		return;
	}
	found(j, k, alg, "by the certificate's key");
	size_t i = our_key(j, k);
	if (i < j->p->n_keys)
		name_key(j, i);
}

static bool hinted(const struct judge *j, const struct key *k)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode((struct str){ (const char *)key_id(k)->bytes, key_id(k)->len }, &b);
	return str_eq(str_buf(&b), j->b->key_hint);
}

/* The key that the bundle hints at before the others: it is no more than a hint. */
static void by_keys(struct judge *j)
{
	for (int hint = 1; hint >= 0; hint--)
		for (size_t i = 0; i < j->p->n_keys; i++) {
			const struct key *k = j->p->keys[i];
			enum signature_alg alg;
			if (hinted(j, k) != hint || (alg = algorithm_of(j, k)) == SIGNATURE_NONE)
				continue;
			found(j, k, alg, "by the key given");
			name_key(j, i);
			return;
		}
	proof_check(j->out, j->a, "signature", CHECK_NO, "%s",
		    j->p->n_keys
			    ? "the signature is by none of the keys given, or of something else"
			    : "the signature is a key's, and no key was given");
}

void judge_signature(struct judge *j)
{
	if (j->b->certs.n) {
		j->leaf = j->b->certs.v[0];
		by_certificate(j);
	} else {
		by_keys(j);
	}
}
