/* http and https URLs, RFC 3986 cut down to what registries, their redirects and feeds need. Hostile input may try to
 * show one host to us and another to the library that connects (user information, backslashes, white space, control
 * bytes, odd IPv4 spellings): all of those are refused, and only the text rebuilt from the parts goes on. Dot segments
 * are kept as they are; internationalized host names must come as punycode. */
#include "base/url.h"

enum { HOST_MAX = 255 };

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool name_valid(struct str host)
{
	if (host.n == 0 || host.n > HOST_MAX || host.p[0] == '-' || host.p[0] == '.')
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (!is_alnum(host.p[i]) && host.p[i] != '.' && host.p[i] != '-' &&
		    host.p[i] != '_')
			return false;
	return true;
}

static bool ipv6_valid(struct str host)
{
	if (host.n < 4 || host.n > 47 || host.p[host.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < host.n; i++)
		if (!is_alnum(host.p[i]) && host.p[i] != ':' && host.p[i] != '.')
			return false;
	return true;
}

/* White space, control bytes and backslashes never belong into a URL. */
static bool bytes_valid(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f || text.p[i] == '\\')
			return false;
	return text.n <= URL_MAX;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
	return (struct str){ p, s.n };
}

static bool parse_port(struct str text, uint16_t *out)
{
	uint64_t port;
	if (!str_to_u64(text, 65535, &port) || port == 0)
		return false;
	*out = (uint16_t)port;
	return true;
}

static bool parse_authority(struct str s, struct url *u)
{
	ssize_t bracket = s.n && s.p[0] == '[' ? str_find_char(s, ']') : -1;
	size_t host_end = bracket >= 0 ? (size_t)bracket + 1 : 0;
	ssize_t colon = str_find_char(str_from(s, host_end), ':');
	host_end = colon < 0 ? s.n : host_end + (size_t)colon;
	u->host = str_upto(s, host_end);
	if (bracket >= 0 ? !ipv6_valid(u->host) : !name_valid(u->host))
		return false;
	return colon < 0 || parse_port(str_from(s, host_end + 1), &u->port);
}

static struct str without_fragment(struct str s)
{
	ssize_t hash = str_find_char(s, '#');
	return hash < 0 ? s : str_upto(s, (size_t)hash);
}

static bool cut_scheme(struct str *s, bool *https)
{
	static const struct {
		struct str prefix;
		bool https;
	} schemes[] = { { S("https://"), true }, { S("http://"), false } };
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_eq_nocase(str_upto(*s, schemes[i].prefix.n), schemes[i].prefix)) {
			*s = str_from(*s, schemes[i].prefix.n);
			*https = schemes[i].https;
			return true;
		}
	return false;
}

/* The text may hold a signed query or a password: a refusal shows only where it begins. */
static int refuse(struct str text, const char *why, struct err *e)
{
	size_t shown = 0;
	while (shown < text.n && shown < 100 && (unsigned char)text.p[shown] > ' ' &&
	       text.p[shown] < 0x7f && text.p[shown] != '?' && text.p[shown] != '@')
		shown++;
	if (str_find_char(text, '@') >= 0)
		shown = MIN(shown, (size_t)8);
	return err_set(e, ERR_INVALID, "'%.*s%s' is no URL that is accepted: %s",
		       STR(str_upto(text, shown)), shown < text.n ? "..." : "", why);
}

static struct str join(struct arena *a, struct str x, struct str y)
{
	char *p = arena_alloc(a, x.n + y.n + 1);
	if (x.n)
		memcpy(p, x.p, x.n);
	if (y.n)
		memcpy(p + x.n, y.p, y.n);
	p[x.n + y.n] = '\0';
	return (struct str){ p, x.n + y.n };
}

int url_parse(struct arena *a, struct str text, struct url *out, struct err *e)
{
	struct str rest = text;
	struct url u = { 0 };
	if (!bytes_valid(text))
		return refuse(text, "too long, or bytes that must be escaped", e);
	if (!cut_scheme(&rest, &u.https))
		return refuse(text, "neither http nor https", e);
	u.port = u.https ? 443 : 80;
	rest = without_fragment(rest);
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	if (!parse_authority(str_upto(rest, end), &u))
		return refuse(text, "bad host or port", e);
	struct str path = str_from(rest, end);
	u.host = lower(a, u.host);
	u.path = join(a, path.n && path.p[0] == '/' ? S("") : S("/"), path);
	*out = u;
	return 0;
}

static struct str path_only(struct str path)
{
	ssize_t q = str_find_char(path, '?');
	return q < 0 ? path : str_upto(path, (size_t)q);
}

int url_resolve(struct arena *a, const struct url *base, struct str target, struct url *out,
		struct err *e)
{
	bool https;
	struct str probe = target;
	if (!bytes_valid(target))
		return refuse(target, "too long, or bytes that must be escaped", e);
	if (cut_scheme(&probe, &https))
		return url_parse(a, target, out, e);
	if (str_starts(target, S("//")))
		return url_parse(a, join(a, base->https ? S("https:") : S("http:"), target), out,
				 e);
	target = without_fragment(target);
	ssize_t colon = str_find_char(target, ':'), slash = str_find_char(path_only(target), '/');
	if (colon >= 0 && colon < (ssize_t)path_only(target).n && (slash < 0 || colon < slash))
		return refuse(target, "neither http nor https", e);
	struct str path = path_only(base->path);
	struct url u = *base;
	if (target.n == 0)
		u.path = base->path;
	else if (target.p[0] == '/')
		u.path = arena_str(a, target);
	else if (target.p[0] == '?')
		u.path = join(a, path, target);
	else
		u.path = join(a, str_upto(path, (size_t)str_rfind_char(path, '/') + 1), target);
	if (u.path.n > URL_MAX)
		return refuse(target, "too long", e);
	*out = u;
	return 0;
}

static struct str text_with_path(struct arena *a, const struct url *u, struct str path)
{
	bool own_port = u->port == (u->https ? 443 : 80);
	struct str head =
		own_port ? arena_printf(a, "%s://%.*s", u->https ? "https" : "http", STR(u->host))
			 : arena_printf(a, "%s://%.*s:%u", u->https ? "https" : "http",
					STR(u->host), u->port);
	return join(a, head, path);
}

struct str url_text(struct arena *a, const struct url *u)
{
	return text_with_path(a, u, u->path);
}

struct str url_shown(struct arena *a, const struct url *u)
{
	return text_with_path(a, u, path_only(u->path));
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && str_eq(a->host, b->host);
}

bool host_is_loopback(struct str host)
{
	uint64_t number;
	if (str_eq_nocase(host, S("localhost")) || str_eq(host, S("[::1]")))
		return true;
	for (int i = 0; i < 4; i++) {
		bool last = str_find_char(host, '.') < 0;
		struct str part = str_cut(&host, '.');
		if (part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
		    !str_to_u64(part, 255, &number) || last != (i == 3))
			return false;
		if (i == 0 && number != 127)
			return false;
	}
	return true;
}
