/* Image references as people type them (grammar of the distribution specification, short-name rules of Docker).
 *
 * A reference ends up in URLs, in file names and in log lines, so everything outside the grammar is refused: upper case
 * in repositories, empty components, dots that would walk up a path, control characters, ports that are no ports.
 * A bare name of 64 hexadecimal digits is refused as Docker does, since it reads like an image ID. */
#include "oci/reference.h"

#include <arpa/inet.h>

enum { REFERENCE_MAX = 1024, REPOSITORY_MAX = 255, TAG_MAX = 128, HOST_MAX = 253, HEX_ID = 64 };

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* strchr would find the NUL, too. */
static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

bool tag_valid(struct str tag)
{
	if (tag.n == 0 || tag.n > TAG_MAX || !(is_alnum(tag.p[0]) || tag.p[0] == '_'))
		return false;
	for (size_t i = 1; i < tag.n; i++)
		if (!is_alnum(tag.p[i]) && !is_one_of(tag.p[i], "_.-"))
			return false;
	return true;
}

/* A run between two alphanumeric stretches: ".", "_", "__" or any number of "-". */
static bool separator_valid(struct str s)
{
	if (str_eq(s, S(".")) || str_eq(s, S("_")) || str_eq(s, S("__")))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '-')
			return false;
	return s.n > 0;
}

static bool component_valid(struct str c)
{
	size_t i = 0;
	while (i < c.n) {
		size_t start = i;
		while (i < c.n && is_lower_alnum(c.p[i]))
			i++;
		if (i == start)
			return false;
		if (i == c.n)
			return true;
		start = i;
		while (i < c.n && !is_lower_alnum(c.p[i]))
			i++;
		if (!separator_valid((struct str){ c.p + start, i - start }))
			return false;
	}
	return false;
}

static bool repository_valid(struct str r)
{
	if (r.n == 0 || r.n > REPOSITORY_MAX || r.p[r.n - 1] == '/')
		return false;
	while (r.n)
		if (!component_valid(str_cut(&r, '/')))
			return false;
	return true;
}

static bool label_valid(struct str l)
{
	if (l.n == 0 || !is_alnum(l.p[0]) || !is_alnum(l.p[l.n - 1]))
		return false;
	for (size_t i = 0; i < l.n; i++)
		if (!is_alnum(l.p[i]) && l.p[i] != '-')
			return false;
	return true;
}

static bool name_valid(struct str h)
{
	if (h.n == 0 || h.n > HOST_MAX || h.p[h.n - 1] == '.')
		return false;
	while (h.n)
		if (!label_valid(str_cut(&h, '.')))
			return false;
	return true;
}

static bool ipv6_valid(struct str h)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	if (h.n >= sizeof text)
		return false;
	memcpy(text, h.p, h.n);
	text[h.n] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool port_valid(struct str port)
{
	uint64_t n;
	return str_to_u64(port, 65535, &n) && n > 0;
}

static bool host_valid(struct str h)
{
	bool bracket = str_starts(h, S("["));
	ssize_t end = bracket ? str_find_char(h, ']') : str_find_char(h, ':');
	struct str name = h, rest = { 0 };
	if (bracket && end < 0)
		return false;
	if (end >= 0) {
		name = bracket ? str_upto(str_from(h, 1), (size_t)end - 1)
			       : str_upto(h, (size_t)end);
		rest = str_from(h, (size_t)end + bracket);
	}
	if (rest.n && (rest.p[0] != ':' || !port_valid(str_from(rest, 1))))
		return false;
	return bracket ? ipv6_valid(name) : name_valid(name);
}

/* Docker's rule for telling a host from the first component of a short name. */
static bool looks_like_host(struct str first)
{
	if (str_eq(first, S("localhost")))
		return true;
	for (size_t i = 0; i < first.n; i++)
		if (is_one_of(first.p[i], ".:[") || (first.p[i] >= 'A' && first.p[i] <= 'Z'))
			return true;
	return false;
}

static bool is_hex_id(struct str s)
{
	struct digest d;
	return s.n == HEX_ID && digest_from_hex(DIGEST_SHA256, s, &d);
}

static int cut_tag(struct str *rest, struct str *tag, struct str whole, struct err *e)
{
	ssize_t colon = str_rfind_char(*rest, ':');
	if (colon < 0 || str_find_char(str_from(*rest, (size_t)colon), '/') >= 0 ||
	    str_find_char(str_from(*rest, (size_t)colon), ']') >= 0)
		return 0;
	*tag = str_from(*rest, (size_t)colon + 1);
	*rest = str_upto(*rest, (size_t)colon);
	if (!tag_valid(*tag))
		return err_set(e, ERR_INVALID, "image reference '%.*s': '%.*s' is no tag",
			       STR(whole), STR(*tag));
	return 0;
}

static int cut_host(struct str *rest, struct str *host, struct str whole, struct err *e)
{
	ssize_t slash = str_find_char(*rest, '/');
	if (slash < 0 || !looks_like_host(str_upto(*rest, (size_t)slash)))
		return 0;
	*host = str_upto(*rest, (size_t)slash);
	*rest = str_from(*rest, (size_t)slash + 1);
	if (!host_valid(*host))
		return err_set(e, ERR_INVALID, "image reference '%.*s': '%.*s' is no host",
			       STR(whole), STR(*host));
	return 0;
}

static int cut_digest(struct str *rest, struct digest *digest, struct str whole, struct err *e)
{
	ssize_t at = str_find_char(*rest, '@');
	if (at < 0)
		return 0;
	if (digest_parse(str_from(*rest, (size_t)at + 1), digest, e))
		return err_in(e, "image reference '%.*s'", STR(whole));
	*rest = str_upto(*rest, (size_t)at);
	return 0;
}

int reference_parse(struct arena *a, struct str s, struct reference *out, struct err *e)
{
	struct reference r = { 0 };
	struct str rest = s;
	int code;
	if (s.n > REFERENCE_MAX)
		return err_set(e, ERR_INVALID, "image reference of %zu bytes is longer than %d",
			       s.n, REFERENCE_MAX);
	if (str_find_char(s, '\0') >= 0)
		return err_set(e, ERR_INVALID, "image reference '%.*s' holds a NUL", STR(s));
	if ((code = cut_digest(&rest, &r.digest, s, e)) || (code = cut_tag(&rest, &r.tag, s, e)) ||
	    (code = cut_host(&rest, &r.host, s, e)))
		return code;
	if (r.host.n == 0 || str_eq_nocase(r.host, S("index.docker.io")))
		r.host = S("docker.io");
	bool library = str_eq(r.host, S("docker.io")) && str_find_char(rest, '/') < 0;
	r.repository = arena_printf(a, "%s%.*s", library ? "library/" : "", STR(rest));
	if (rest.n == 0 || !repository_valid(r.repository))
		return err_set(e, ERR_INVALID,
			       "image reference '%.*s': '%.*s' is no repository name (lower case "
			       "letters, digits, "
			       "single separators, at most %d bytes)",
			       STR(s), STR(rest), REPOSITORY_MAX);
	if (library && is_hex_id(rest))
		return err_set(e, ERR_INVALID, "image reference '%.*s' is an image ID, not a name",
			       STR(s));
	if (r.tag.n == 0 && r.digest.alg == DIGEST_NONE)
		r.tag = S("latest");
	r.host = arena_str(a, r.host);
	r.tag = arena_str(a, r.tag);
	*out = r;
	return 0;
}

struct str reference_text(struct arena *a, const struct reference *r)
{
	char digest[DIGEST_TEXT] = "";
	if (r->digest.alg != DIGEST_NONE)
		digest_text(&r->digest, digest);
	return arena_printf(a, "%.*s/%.*s%s%.*s%s%s", STR(r->host), STR(r->repository),
			    r->tag.n ? ":" : "", STR(r->tag), digest[0] ? "@" : "", digest);
}
