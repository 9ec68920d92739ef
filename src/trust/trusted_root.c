/* trusted_root.json. It comes from who is trusted (a file, TUF), so that fields of later versions are passed over, but what
 * we do not understand is never trusted: a log whose key is of an unknown kind is left out, and one without a start or with
 * a broken key or certificate makes the whole document invalid. A client trust configuration, which holds a trusted root,
 * is taken too. */
#include "trust/trusted_root.h"
#include "trust/pem.h"
#include "trust/protojson.h"
#include "base/time.h"

static int parse_validity(const struct json *j, bool need_start, struct validity *out,
			  struct err *e)
{
	static const char *const names[] = { "start", "end", NULL };
	const struct json *v[PROTO_FIELDS_MAX] = { 0 };
	struct validity made = { INT64_MIN, INT64_MAX };
	if (j && proto_fields(j, "validFor", true, names, v, e))
		return e->code;
	if (need_start && !v[0])
		return err_set(e, ERR_INVALID, "it has no start of validity");
	if ((v[0] && !time_parse(json_str(v[0]), &made.start)) ||
	    (v[1] && !time_parse(json_str(v[1]), &made.end)))
		return err_set(e, ERR_INVALID, "its validity is no time");
	*out = made;
	return 0;
}

static struct str host_of(struct arena *a, struct str url)
{
	ssize_t at = str_find(url, S("://"));
	struct str rest = at < 0 ? url : str_from(url, (size_t)at + 3);
	struct str host = str_cut(&rest, '/');
	return arena_str(a, host);
}

/* Two deprecated kinds are of PKCS#1: the key alone. */
static int read_key(struct str details, struct str der, struct key **out, struct err *e)
{
	struct buf pem CLEANUP(buf_done) = { 0 };
	if (!str_starts(details, S("PKCS1_")))
		return key_from_spki(der, out, e);
	pem_write(S("RSA PUBLIC KEY"), der, &pem);
	return key_from_pem(str_buf(&pem), out, e);
}

/* The key: 1, or 0 for one of a kind that we do not know. */
static int parse_key(const struct json *j, struct trusted_log *l, struct arena *a, struct err *e)
{
	static const char *const names[] = { "rawBytes", "keyDetails", "validFor", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	struct str der;
	if (proto_fields(j, "publicKey", true, names, v, e) ||
	    proto_bytes(v[0], "rawBytes", a, &der, e) || parse_validity(v[2], true, &l->valid, e))
		return e->code;
	l->alg = alg_from_details(json_str(v[1]));
	if (l->alg == SIGNATURE_NONE)
		return 0;
	int r = read_key(json_str(v[1]), der, &l->key, e);
	return r == ERR_UNSUPPORTED ? 0 : r < 0 ? r : 1;
}

static int parse_log(const struct json *j, struct trusted_log *l, struct arena *a, struct err *e)
{
	static const char *const names[] = { "baseUrl",		"publicKey", "logId",
					     "checkpointKeyId", "operator",  NULL };
	static const char *const id_names[] = { "keyId", NULL };
	const struct json *v[PROTO_FIELDS_MAX], *id[PROTO_FIELDS_MAX] = { 0 };
	struct str hint = { 0 };
	if (proto_fields(j, "the log", true, names, v, e) ||
	    proto_text(v[0], "baseUrl", a, &l->base_url, e) ||
	    proto_text(v[4], "operator", a, &l->operator, e))
		return e->code;
	l->name = host_of(a, l->base_url);
	if (v[2] && (proto_fields(v[2], "logId", true, id_names, id, e) ||
		     proto_bytes(id[0], "keyId", a, &l->id, e)))
		return e->code;
	if (v[2] && l->id.n != 32)
		return err_set(e, ERR_INVALID, "the log's id has not 32 bytes");
	if (v[3] && (proto_fields(v[3], "checkpointKeyId", true, id_names, id, e) ||
		     proto_bytes(id[0], "keyId", a, &hint, e)))
		return e->code;
	if (v[3] && hint.n < sizeof l->checkpoint_hint)
		return err_set(e, ERR_INVALID, "checkpointKeyId has not 4 bytes");
	if (v[3]) {
		memcpy(l->checkpoint_hint, hint.p, sizeof l->checkpoint_hint);
		l->has_checkpoint_hint = true;
	}
	return parse_key(v[1], l, a, e);
}

static int parse_logs(const struct json *list, const char *what, struct trusted_root *r,
		      struct trusted_log **logs, size_t *n, struct err *e)
{
	size_t count, i = 0;
	if (proto_count(list, what, TRUSTED_ROOT_ENTRIES_MAX - *n, &count, e))
		return e->code;
	struct trusted_log *v = arena_array(&r->arena, *n + count, sizeof *v);
	if (*n)
		memcpy(v, *logs, *n * sizeof *v);
	*logs = v;
	JSON_EACH(child, list)
	{
		struct trusted_log l = { 0 };
		int known = parse_log(child, &l, &r->arena, e);
		if (known < 0) {
			key_close(l.key);
			return err_in(e, "%s %zu", what, i);
		}
		if (known)
			v[(*n)++] = l;
		i++;
	}
	return 0;
}

static int parse_chain(const struct json *j, struct trusted_authority *t, struct arena *a,
		       struct err *e)
{
	static const char *const names[] = { "certificates", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	size_t n, i = 0;
	if (proto_fields(j, "certChain", true, names, v, e) ||
	    proto_count(v[0], "certificates", CERTS_MAX, &n, e))
		return e->code;
	if (n == 0)
		return err_set(e, ERR_INVALID, "its chain is empty");
	JSON_EACH(child, v[0])
	{
		if (proto_cert(child, true, a, ++i == n ? &t->anchors : &t->others, e))
			return err_in(e, "certificate %zu", i - 1);
	}
	return 0;
}

static int parse_authority(const struct json *j, struct trusted_authority *t, struct arena *a,
			   struct err *e)
{
	static const char *const names[] = { "subject",	 "uri",	     "certChain",
					     "validFor", "operator", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	if (proto_fields(j, "the authority", true, names, v, e) ||
	    proto_text(v[1], "uri", a, &t->uri, e) ||
	    proto_text(v[4], "operator", a, &t->operator, e) ||
	    parse_validity(v[3], false, &t->valid, e))
		return e->code;
	t->name = host_of(a, t->uri);
	if (t->name.n == 0)
		t->name = arena_str(a, json_get_str(v[0], "commonName"));
	return parse_chain(v[2], t, a, e);
}

static void authority_done(struct trusted_authority *t)
{
	certs_done(&t->anchors);
	certs_done(&t->others);
}

static int parse_authorities(const struct json *list, const char *what, struct trusted_root *r,
			     struct trusted_authority **out, size_t *n, struct err *e)
{
	size_t count, i = 0;
	if (proto_count(list, what, TRUSTED_ROOT_ENTRIES_MAX - *n, &count, e))
		return e->code;
	struct trusted_authority *v = arena_array(&r->arena, *n + count, sizeof *v);
	if (*n)
		memcpy(v, *out, *n * sizeof *v);
	*out = v;
	JSON_EACH(child, list)
	{
		struct trusted_authority t = { 0 };
		if (parse_authority(child, &t, &r->arena, e)) {
			authority_done(&t);
			return err_in(e, "%s %zu", what, i);
		}
		v[(*n)++] = t;
		i++;
	}
	return 0;
}

static bool known_media_type(struct str t)
{
	static const char *const known[] = {
		"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"application/vnd.dev.sigstore.trustedroot.v0.1+json",
		"application/vnd.dev.sigstore.trustedroot+json;version=0.2",
		"application/vnd.dev.sigstore.trustedroot.v0.2+json",
	};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(t, str_of(known[i])))
			return true;
	return false;
}

static int parse_document(const struct json *j, struct trusted_root *r, struct err *e)
{
	static const char *const names[] = {
		"mediaType", "tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities",
		NULL
	};
	const struct json *v[PROTO_FIELDS_MAX];
	if (str_starts(json_get_str(j, "mediaType"),
		       S("application/vnd.dev.sigstore.clienttrustconfig")))
		j = json_get(j, "trustedRoot");
	if (proto_fields(j, "the document", true, names, v, e))
		return e->code;
	if (!known_media_type(json_str(v[0])))
		return err_set(e, ERR_INVALID,
			       "media type '%.*s' is not one of a trusted root that we know",
			       STR(str_upto(json_str(v[0]), 100)));
	if (parse_logs(v[1], "tlogs", r, &r->tlogs, &r->n_tlogs, e) ||
	    parse_logs(v[2], "ctlogs", r, &r->ctlogs, &r->n_ctlogs, e) ||
	    parse_authorities(v[3], "certificateAuthorities", r, &r->cas, &r->n_cas, e) ||
	    parse_authorities(v[4], "timestampAuthorities", r, &r->tsas, &r->n_tsas, e))
		return e->code;
	return 0;
}

/* One document, or several as lines: the first that is whole by itself says which. */
static int parse_lines(struct str text, struct trusted_root *r, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct str line;
	if (json_parse(text, &j, e) == 0)
		return parse_document(j, r, e);
	struct err first = *e;
	for (size_t n = 1; str_line(&text, &line); n++) {
		struct json *one CLEANUP(cleanup_json) = NULL;
		if (str_trim(line).n == 0)
			continue;
		if (json_parse(line, &one, e)) {
			*e = first;
			return e->code;
		}
		if (parse_document(one, r, e))
			return err_in(e, "line %zu", n);
	}
	return 0;
}

int trusted_root_parse(struct str text, struct str from, struct trusted_root **out, struct err *e)
{
	if (text.n > TRUSTED_ROOT_MAX)
		return err_set(e, ERR_LIMIT, "trusted root %.*s is larger than %d bytes", STR(from),
			       TRUSTED_ROOT_MAX);
	struct trusted_root *r CLEANUP(cleanup_trusted_root) = trusted_root_new(from);
	if (parse_lines(text, r, e))
		return err_in(e, "trusted root %.*s", STR(from));
	if (r->n_tlogs + r->n_ctlogs + r->n_cas + r->n_tsas == 0)
		return err_set(e, ERR_INVALID, "trusted root %.*s trusts nobody", STR(from));
	*out = STEAL(r);
	return 0;
}

struct trusted_root *trusted_root_new(struct str from)
{
	struct trusted_root *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	r->from = arena_str(&r->arena, from);
	return r;
}

int trusted_root_add_authority(struct trusted_root *r, struct str roots, struct str others,
			       struct err *e)
{
	struct trusted_authority t = { .name = r->from, .valid = { INT64_MIN, INT64_MAX } };
	if (r->n_cas >= TRUSTED_ROOT_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d authorities", TRUSTED_ROOT_ENTRIES_MAX);
	if (certs_parse(roots, &t.anchors, e) || (others.n && certs_parse(others, &t.others, e))) {
		authority_done(&t);
		return e->code;
	}
	struct trusted_authority *v = arena_array(&r->arena, r->n_cas + 1, sizeof *v);
	if (r->n_cas)
		memcpy(v, r->cas, r->n_cas * sizeof *v);
	v[r->n_cas++] = t;
	r->cas = v;
	return 0;
}

bool validity_has(const struct validity *v, int64_t time)
{
	return time >= v->start && time <= v->end;
}

void trusted_root_close(struct trusted_root *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_tlogs; i++)
		key_close(r->tlogs[i].key);
	for (size_t i = 0; i < r->n_ctlogs; i++)
		key_close(r->ctlogs[i].key);
	for (size_t i = 0; i < r->n_cas; i++)
		authority_done(&r->cas[i]);
	for (size_t i = 0; i < r->n_tsas; i++)
		authority_done(&r->tsas[i]);
	arena_done(&r->arena);
	free(r);
}

void cleanup_trusted_root(struct trusted_root **r)
{
	trusted_root_close(*r);
}
