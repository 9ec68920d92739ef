/* Chains of certificates (RFC 5280, section 6), judged at a time that the caller names. The search is our own, so that what
 * it accepts can be read here: from the leaf towards an anchor, issuers by name, the anchors before the certificates that
 * came along. Hostile input brings many certificates of one name, loops, and long paths: steps and signatures are counted.
 * Policies are not looked at (one that must be is an unknown critical extension). */
#include "trust/x509_cert.h"

#include "base/map.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

#define UNKNOWN_CRITICAL "has a critical extension that is not known here"
enum { DEPTH_MAX = 10, STEPS_MAX = 1000, SIGNATURES_MAX = 100 };

struct chain_cache {
	struct arena arena;
	struct map pairs;
	size_t n;
};

struct chain_cache *chain_cache_open(void)
{
	struct chain_cache *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	map_init(&c->pairs, &c->arena);
	return c;
}

void chain_cache_close(struct chain_cache *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c);
}

static bool cache_knows(const struct chain_cache *c, struct str pair)
{
	return c && map_get(&c->pairs, pair) != NULL;
}

static void cache_add(struct chain_cache *c, struct str pair)
{
	if (!c)
		return;
	if (c->n == CHAIN_CACHE_MAX) {
		arena_done(&c->arena);
		map_init(&c->pairs, &c->arena);
		c->n = 0;
	}
	*map_at(&c->pairs, arena_str(&c->arena, pair)) = c;
	c->n++;
}

bool cert_signed_by(const struct cert *c, const struct cert *issuer, struct chain_cache *cache)
{
	char pair[64];
	memcpy(pair, c->digest.bytes, 32);
	memcpy(pair + 32, issuer->digest.bytes, 32);
	struct str key = { pair, sizeof pair };
	if (cache_knows(cache, key))
		return true;
	bool ok = issuer->key && key_verify(issuer->key, c->alg, c->tbs, c->signature);
	if (ok)
		cache_add(cache, key);
	return ok;
}

struct search {
	const struct certs *others, *anchors;
	int64_t at;
	const char *eku;
	struct chain_cache *cache;
	struct chain path;
	struct chain highest; /* the longest path that was found */
	unsigned steps, signatures;
	struct arena arena; /* of the texts */
	struct err *e; /* why the first path that looked right was refused */
	bool said;
};

static bool refuse(struct search *s, const struct cert *c, const char *why)
{
	if (!s->said)
		err_set(s->e, 0, "certificate '%.*s' %s", STR(cert_shown(c, &s->arena)), why);
	s->said = true;
	return false;
}

static bool refuse_time(struct search *s, const struct cert *c)
{
	char at[TIME_TEXT], bound[TIME_TEXT], text[100];
	bool early = s->at < c->not_before;
	snprintf(text, sizeof text, "is not valid at %s: it %s %s", time_text(s->at, at),
		 early ? "begins" : "ended",
		 time_text(early ? c->not_before : c->not_after, bound));
	return refuse(s, c, text);
}

static bool good_hash(const struct cert *c)
{
	return strcmp(c->hash, "sha256") == 0 || strcmp(c->hash, "sha384") == 0 ||
	       strcmp(c->hash, "sha512") == 0;
}

/* What every certificate of the path must be. */
static bool fit(struct search *s, const struct cert *c)
{
	if (!cert_valid_at(c, s->at))
		return refuse_time(s, c);
	if (c->unknown_critical)
		return refuse(s, c, UNKNOWN_CRITICAL);
	return true;
}

static bool fit_leaf(struct search *s, const struct cert *c)
{
	if (!fit(s, c))
		return false;
	if (s->eku && !cert_has_eku(c, s->eku))
		return refuse(s, c,
			      "is not for this use: its extended key usage is missing or another");
	if (s->eku && c->has_usage &&
	    !(c->usage & (USAGE_DIGITAL_SIGNATURE | USAGE_NON_REPUDIATION)))
		return refuse(s, c, "is not for signatures: its key usage is another");
	return true;
}

/* Certificates on the path above the leaf that are not self-issued; those count against a path length. */
static int below(const struct chain *path)
{
	int n = 0;
	for (size_t i = 1; i < path->n; i++)
		n += !cert_self_issued(path->v[i]);
	return n;
}

static bool fit_names(struct search *s, const struct cert *ca)
{
	for (size_t i = 0; ca->constraints.n > 0 && i < s->path.n; i++) {
		const struct cert *c = s->path.v[i];
		if ((i == 0 || !cert_self_issued(c)) && !cert_names_allowed(c, ca))
			return refuse(s, c, "has a name that its authority may not give");
	}
	return true;
}

static bool fit_issuer(struct search *s, const struct cert *ca)
{
	if (!fit(s, ca))
		return false;
	if (!ca->is_ca)
		return refuse(s, ca, "is no certificate authority");
	if (ca->has_usage && !(ca->usage & USAGE_CERT_SIGN))
		return refuse(s, ca, "may not sign certificates");
	if (ca->path_len >= 0 && below(&s->path) > ca->path_len)
		return refuse(s, ca, "allows no path of this length");
	if (s->eku && ca->eku.n > 0 && !cert_has_eku(ca, s->eku) &&
	    !cert_has_eku(ca, "2.5.29.37.0"))
		return refuse(s, ca, "may not issue certificates for this use");
	return fit_names(s, ca);
}

static bool on_path(const struct search *s, const struct cert *c)
{
	for (size_t i = 0; i < s->path.n; i++)
		if (digest_eq(&s->path.v[i]->digest, &c->digest))
			return true;
	return false;
}

/* Puts `ca` on the path when it issued what is the last there. */
static bool step(struct search *s, const struct cert *ca)
{
	const struct cert *c = s->path.v[s->path.n - 1];
	if (s->steps++ >= STEPS_MAX || on_path(s, ca) || !cert_names_issuer(c, ca))
		return false;
	if (!good_hash(c))
		return refuse(s, c, "is signed with a hash that is not accepted");
	if (!fit_issuer(s, ca))
		return false;
	if (s->signatures++ >= SIGNATURES_MAX)
		return refuse(s, c, "has too many possible issuers");
	if (!cert_signed_by(c, ca, s->cache))
		return refuse(s, c, "is not signed by the authority that it names");
	s->path.v[s->path.n++] = ca;
	return true;
}

static bool climb(struct search *s)
{
	const struct cert *last = s->path.v[s->path.n - 1];
	if (s->path.n > s->highest.n)
		s->highest = s->path;
	if (s->path.n == DEPTH_MAX)
		return refuse(s, last, "is at the end of a chain that is too long");
	for (size_t i = 0; i < s->anchors->n; i++)
		if (step(s, s->anchors->v[i]))
			return true;
	for (size_t i = 0; s->others && i < s->others->n; i++) {
		if (!step(s, s->others->v[i]))
			continue;
		if (climb(s))
			return true;
		s->path.n--;
	}
	return false;
}

int certs_keep_rules(const struct certs *chain, struct err *e)
{
	struct search s = { .e = e };
	bool ok = chain->n <= COUNT(s.path.v);
	if (!ok)
		err_set(e, 0, "the chain is too long");
	for (size_t i = 0; i < chain->n && ok; i++) {
		const struct cert *c = chain->v[i];
		ok = c->unknown_critical ? refuse(&s, c, UNKNOWN_CRITICAL) : fit_names(&s, c);
		s.path.v[s.path.n++] = c;
	}
	arena_done(&s.arena);
	return ok;
}

static bool is_anchor(const struct search *s, const struct cert *c)
{
	for (size_t i = 0; i < s->anchors->n; i++)
		if (digest_eq(&s->anchors->v[i]->digest, &c->digest))
			return true;
	return false;
}

static void say_missing(struct search *s)
{
	const struct cert *last = s->highest.v[s->highest.n - 1];
	struct str issuer = cert_issuer(last, &s->arena);
	err_set(s->e, 0, "certificate '%.*s' leads to no trusted one: who issued it is '%.*s'",
		STR(cert_shown(last, &s->arena)), STR(str_upto(issuer, 150)));
}

int cert_chain(const struct cert *leaf, const struct certs *others, const struct certs *anchors,
	       int64_t at, const char *eku, struct chain_cache *cache, struct chain *out,
	       struct err *e)
{
	struct search s = {
		.others = others, .anchors = anchors, .at = at, .eku = eku, .cache = cache, .e = e
	};
	s.path.v[s.path.n++] = leaf;
	bool ok = fit_leaf(&s, leaf) && (is_anchor(&s, leaf) || climb(&s));
	if (ok)
		*out = s.path;
	else if (!s.said)
		say_missing(&s);
	arena_done(&s.arena);
	return ok;
}
