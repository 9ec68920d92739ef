/* protojson. Hostile documents hold a field twice, so that two readers see two documents, fields that no reader knows,
 * numbers beyond 64 bits: all are refused. Field names of the .proto files (snake_case) are not accepted. */
#include "trust/protojson.h"
#include "base/base64.h"

int proto_fields(const struct json *object, const char *what, bool others, const char *const *names,
		 const struct json *v[PROTO_FIELDS_MAX], struct err *e)
{
	bool seen[PROTO_FIELDS_MAX] = { 0 };
	for (size_t i = 0; names[i]; i++)
		v[i] = NULL;
	if (!json_is_object(object))
		return err_set(e, ERR_INVALID, "%s is no object", what);
	JSON_EACH(child, object)
	{
		struct str key = json_key(child);
		size_t i = 0;
		while (names[i] && !str_eq(key, str_of(names[i])))
			i++;
		if (!names[i] && others)
			continue;
		if (!names[i])
			return err_set(e, ERR_INVALID, "%s: there is no field '%.*s'", what,
				       STR(str_upto(key, 60)));
		if (seen[i])
			return err_set(e, ERR_INVALID, "%s: %s is there twice", what, names[i]);
		seen[i] = true;
		v[i] = json_is_null(child) ? NULL : child;
	}
	return 0;
}

int proto_text(const struct json *j, const char *what, struct arena *a, struct str *out,
	       struct err *e)
{
	if (j && !json_is_string(j))
		return err_set(e, ERR_INVALID, "%s is no text", what);
	*out = arena_str(a, json_str(j));
	return 0;
}

int proto_bytes(const struct json *j, const char *what, struct arena *a, struct str *out,
		struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (j && (!json_is_string(j) || !base64_decode(json_str(j), &b)))
		return err_set(e, ERR_INVALID, "%s is no base64", what);
	*out = arena_str(a, str_buf(&b));
	return 0;
}

int proto_u63(const struct json *j, const char *what, uint64_t *out, struct err *e)
{
	uint64_t v = 0;
	if (j && !json_u64(j, &v) && !(json_is_string(j) && str_to_u64(json_str(j), INT64_MAX, &v)))
		return err_set(e, ERR_INVALID, "%s is no number that can be", what);
	*out = v;
	return 0;
}

int proto_count(const struct json *j, const char *what, size_t max, size_t *out, struct err *e)
{
	size_t n = j ? json_count(j) : 0;
	if (j && !json_is_array(j))
		return err_set(e, ERR_INVALID, "%s is no list", what);
	if (n > max)
		return err_set(e, ERR_LIMIT, "%s has more than %zu entries", what, max);
	*out = n;
	return 0;
}

int proto_cert(const struct json *j, bool others, struct arena *a, struct certs *out, struct err *e)
{
	static const char *const names[] = { "rawBytes", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	size_t before = out->n;
	struct str der;
	if (proto_fields(j, "the certificate", others, names, v, e) ||
	    proto_bytes(v[0], "rawBytes", a, &der, e))
		return e->code;
	if (der.n == 0 || der.p[0] != 0x30)
		return err_set(e, ERR_INVALID, "the certificate is no DER");
	if (certs_parse(der, out, e))
		return e->code;
	if (out->n != before + 1)
		return err_set(e, ERR_INVALID, "the certificate is more than one");
	return 0;
}
