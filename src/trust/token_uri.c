/* PKCS#11 URIs (RFC 7512): "pkcs11:" path attributes ";" ... "?" query attributes "&" ... with percent escapes. A hostile URI
 * may give an attribute twice or hide a NUL; both are refused. Of the attributes, those that describe the library, the slot's
 * names, and module-name are not supported: module-path says the same in one way. */
#include "trust/token_uri.h"

#include <stddef.h>

static const struct {
	const char *name;
	size_t place;
	bool query;
} attributes[] = {
	{ "token", offsetof(struct token_uri, token), false },
	{ "manufacturer", offsetof(struct token_uri, manufacturer), false },
	{ "serial", offsetof(struct token_uri, serial), false },
	{ "model", offsetof(struct token_uri, model), false },
	{ "object", offsetof(struct token_uri, object), false },
	{ "id", offsetof(struct token_uri, id), false },
	{ "type", offsetof(struct token_uri, type), false },
	{ "slot-id", offsetof(struct token_uri, slot_id), false },
	{ "module-path", offsetof(struct token_uri, module_path), true },
	{ "pin-value", offsetof(struct token_uri, pin_value), true },
	{ "pin-source", offsetof(struct token_uri, pin_source), true },
};

static int unescape(struct str name, struct str in, struct arena *a, struct str *out, struct err *e)
{
	char *p = arena_alloc(a, in.n + 1);
	size_t n = 0;
	while (in.n) {
		uint64_t c = (unsigned char)in.p[0];
		bool escaped = c == '%';
		if (escaped && !str_to_u64_base(str_upto(str_from(in, 1), 2), 16, 255, &c))
			return err_set(e, ERR_INVALID, "%.*s has a broken escape", STR(name));
		if (escaped && in.n < 3)
			return err_set(e, ERR_INVALID, "%.*s ends within an escape", STR(name));
		if (c == 0 && !str_eq(name, S("id")))
			return err_set(e, ERR_INVALID, "%.*s has a NUL", STR(name));
		p[n++] = (char)c;
		in = str_from(in, escaped ? 3 : 1);
	}
	p[n] = '\0';
	if (n == 0)
		return err_set(e, ERR_INVALID, "%.*s is empty", STR(name));
	*out = (struct str){ p, n };
	return 0;
}

static int attribute(struct str text, bool query, struct arena *a, struct token_uri *out,
		     struct err *e)
{
	struct str value = text;
	struct str name = str_cut(&value, '=');
	if (name.n == text.n)
		return err_set(e, ERR_INVALID, "'%.*s' is no NAME=VALUE", STR(str_upto(name, 50)));
	if (str_starts(name, S("x-")))
		return 0;
	for (size_t i = 0; i < COUNT(attributes); i++) {
		struct str *place = (struct str *)((char *)out + attributes[i].place);
		if (!str_eq(name, str_of(attributes[i].name)) || attributes[i].query != query)
			continue;
		if (place->p)
			return err_set(e, ERR_INVALID, "%.*s is there twice", STR(name));
		return unescape(name, value, a, place, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "the attribute %.*s is not supported",
		       STR(str_upto(name, 50)));
}

static int list(struct str text, bool query, struct arena *a, struct token_uri *out, struct err *e)
{
	while (text.n) {
		int r = attribute(str_cut(&text, query ? '&' : ';'), query, a, out, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int token_uri_parse(struct str uri, struct arena *a, struct token_uri *out, struct err *e)
{
	static const char *const types[] = { "private", "public", "cert" };
	struct token_uri u = { 0 };
	struct str query = uri;
	bool known = false;
	if (uri.n > TOKEN_URI_MAX)
		return err_set(e, ERR_LIMIT, "a PKCS#11 URI of %zu bytes", uri.n);
	if (!str_starts(uri, S("pkcs11:")))
		return err_set(e, ERR_INVALID, "this is no PKCS#11 URI");
	struct str path = str_cut(&query, '?');
	int r = list(str_from(path, 7), false, a, &u, e);
	if (r == 0)
		r = list(query, true, a, &u, e);
	if (r < 0)
		return err_in(e, "a PKCS#11 URI");
	for (size_t i = 0; i < COUNT(types); i++)
		known |= str_eq(u.type, str_of(types[i]));
	if (u.type.p && !known)
		return err_set(e, ERR_UNSUPPORTED,
			       "a PKCS#11 URI: the type is private, public or cert");
	*out = u;
	return 0;
}
