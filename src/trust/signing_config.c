/* Sigstore's signing configuration (protobuf-specs SigningConfig 0.2, in protobuf's JSON): lists of services with the
 * time they are in use, the generation of their interface and who runs them, and how many of logs and timestamp
 * authorities to ask. A ClientTrustConfig holds one beside a trust root.
 *
 * It is the user's own file. Hostile it could only lead a signature, and a token, to the wrong services: URLs must be
 * http or https without user information, lists are bounded. Not supported: 0.1, which says neither time nor operator. */
#include "trust/signing_config.h"

#include "base/json.h"
#include "base/time.h"
#include "base/url.h"

#define MEDIA_TYPE "application/vnd.dev.sigstore.signingconfig.v0.2+json"
#define MEDIA_TYPE_CLIENT "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"

static int read_validity(const struct json *j, struct validity *out, struct err *e)
{
	struct str end = json_get_str(j, "end");
	*out = (struct validity){ 0, INT64_MAX };
	if (!time_parse(json_get_str(j, "start"), &out->start))
		return err_set(e, ERR_INVALID, "validFor has no start");
	if (end.n && !time_parse(end, &out->end))
		return err_set(e, ERR_INVALID, "validFor has an end that is no time");
	return 0;
}

static int read_service(const struct json *j, struct arena *a, struct signing_service *out,
			struct err *e)
{
	struct url u;
	uint64_t version;
	struct str url = json_get_str(j, "url");
	if (url_parse(a, url, &u, e) || read_validity(json_get(j, "validFor"), &out->valid, e))
		return e->code;
	if (!json_u64(json_get(j, "majorApiVersion"), &version) || !version || version > 1000)
		return err_set(e, ERR_INVALID, "majorApiVersion is no version");
	out->url = arena_str(a, url);
	out->version = (unsigned)version;
	out->operator= arena_str(a, json_get_str(j, "operator"));
	return 0;
}

static int read_selector(const struct json *j, struct service_list *out, struct err *e)
{
	static const struct {
		const char *name;
		enum service_selector selector;
	} names[] = { { "", SELECT_ANY },
		      { "ANY", SELECT_ANY },
		      { "ALL", SELECT_ALL },
		      { "EXACT", SELECT_EXACT } };
	struct str name = json_get_str(j, "selector");
	size_t i = 0;
	while (i < COUNT(names) && !str_eq(name, str_of(names[i].name)))
		i++;
	if (i == COUNT(names))
		return err_set(e, ERR_INVALID, "there is no selector '%.*s'",
			       STR(str_upto(name, 40)));
	out->selector = names[i].selector;
	if (out->selector == SELECT_EXACT && (!json_u64(json_get(j, "count"), &out->count) ||
					      !out->count || out->count > SIGNING_SERVICES_MAX))
		return err_set(e, ERR_INVALID, "EXACT without a count from 1 to %d",
			       SIGNING_SERVICES_MAX);
	return 0;
}

static int read_list(const struct json *root, const char *urls, const char *config, struct arena *a,
		     struct service_list *out, struct err *e)
{
	const struct json *list = json_get(root, urls);
	if (list && !json_is_array(list))
		return err_set(e, ERR_INVALID, "%s is no list", urls);
	if (json_count(list) > SIGNING_SERVICES_MAX)
		return err_set(e, ERR_LIMIT, "%s has more than %d services", urls,
			       SIGNING_SERVICES_MAX);
	JSON_EACH(s, list)
	if (read_service(s, a, ARENA_PUSH(a, out->v, out->n, out->cap), e))
		return err_in(e, "%s", urls);
	if (config && read_selector(json_get(root, config), out, e))
		return err_in(e, "%s", config);
	return 0;
}

int signing_config_parse(struct str text, struct arena *a, struct signing_config *out,
			 struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct signing_config c = { 0 };
	if (text.n > SIGNING_CONFIG_MAX)
		return err_set(e, ERR_LIMIT, "the signing configuration is larger than %d bytes",
			       SIGNING_CONFIG_MAX);
	if (json_parse(text, &j, e))
		return e->code;
	const struct json *root = j;
	if (str_eq(json_get_str(root, "mediaType"), S(MEDIA_TYPE_CLIENT)))
		root = json_get(root, "signingConfig");
	if (!str_eq(json_get_str(root, "mediaType"), S(MEDIA_TYPE)))
		return err_set(e, ERR_INVALID, "this is no signing configuration 0.2");
	if (read_list(root, "caUrls", NULL, a, &c.cas, e) ||
	    read_list(root, "oidcUrls", NULL, a, &c.oidc, e) ||
	    read_list(root, "rekorTlogUrls", "rekorTlogConfig", a, &c.logs, e) ||
	    read_list(root, "tsaUrls", "tsaConfig", a, &c.tsas, e))
		return e->code;
	*out = c;
	return 0;
}

static bool in_use(const struct signing_service *s, unsigned max_version, int64_t now)
{
	return s->version <= max_version && s->valid.start <= now && now <= s->valid.end;
}

static bool better(const struct signing_service *s, const struct signing_service *than)
{
	return s->version != than->version ? s->version > than->version
					   : s->valid.start > than->valid.start;
}

/* Is another service of this operator better, or as good and earlier in the list? */
static bool is_second(const struct service_list *l, size_t at, unsigned max_version, int64_t now)
{
	for (size_t i = 0; i < l->n; i++)
		if (i != at && in_use(&l->v[i], max_version, now) &&
		    str_eq(l->v[i].operator, l->v[at].operator) &&
		    (better(&l->v[i], &l->v[at]) || (i < at && !better(&l->v[at], &l->v[i]))))
			return true;
	return false;
}

static void insert_sorted(struct service_list *l, const struct signing_service *s, struct arena *a)
{
	size_t at = l->n;
	ARENA_PUSH(a, l->v, l->n, l->cap);
	for (; at && better(s, &l->v[at - 1]); at--)
		l->v[at] = l->v[at - 1];
	l->v[at] = *s;
}

int service_select(const struct service_list *l, const char *what, unsigned max_version,
		   int64_t now, struct arena *a, struct service_list *out, size_t *needed,
		   struct err *e)
{
	struct service_list chosen = { .selector = l->selector, .count = l->count };
	size_t want = 1;
	for (size_t i = 0; i < l->n; i++)
		if (in_use(&l->v[i], max_version, now) && !is_second(l, i, max_version, now))
			insert_sorted(&chosen, &l->v[i], a);
	if (l->selector == SELECT_ALL)
		want = MAX(chosen.n, (size_t)1);
	if (l->selector == SELECT_EXACT)
		want = (size_t)l->count;
	if (!l->n)
		want = 0;
	if (chosen.n < want)
		return err_set(e, ERR_NOT_FOUND,
			       "the signing configuration wants %zu of its %s, %zu can be used now",
			       want, what, chosen.n);
	*out = chosen;
	*needed = want;
	return 0;
}
