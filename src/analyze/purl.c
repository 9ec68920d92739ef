/* Package URLs: reading, writing, comparing. Specification: ECMA-427 (package-url 1.0) and the rules of the types registered
 * with it, as a table. What comes in is text of SBOMs, VEX statements and ignore files: percent-escapes may be broken, keys
 * may repeat, parts may be empty or hold any byte but NUL, which is refused. Readers are generous where real tools differ
 * from the specification ("pkg://", an unescaped '@' that begins a scope, characters that should be escaped); the writer is
 * strict. Not supported: MLflow, whose names depend on the host that serves them. */
#include "analyze/purl.h"

#include <stdlib.h>

enum rule {
	NS_LOWER = 1,
	NAME_LOWER = 2,
	VERSION_LOWER = 4,
	LOWER = NS_LOWER | NAME_LOWER,
	NAME_PYPI = 8, /* small letters, runs of "-_." are one "-" */
	NS_UPPER = 16,
};

static const struct type {
	const char *type;
	unsigned rules;
	char join; /* between namespace and name in the package's own name; 0: the namespace is no part of it */
} types[] = {
	{ "alpm", LOWER, 0 },
	{ "apk", LOWER, 0 },
	{ "bitbucket", LOWER, '/' },
	{ "bitnami", NAME_LOWER, 0 },
	{ "cargo", 0, 0 },
	{ "composer", LOWER, '/' },
	{ "cpan", NS_UPPER, 0 },
	{ "deb", LOWER, 0 },
	{ "docker", 0, '/' },
	{ "generic", 0, '/' },
	{ "github", LOWER, '/' },
	{ "githubactions", LOWER, '/' },
	{ "golang", LOWER, '/' },
	{ "hex", LOWER, '/' },
	{ "huggingface", VERSION_LOWER, '/' },
	{ "luarocks", LOWER, '/' },
	{ "maven", 0, ':' },
	{ "npm", LOWER, '/' },
	{ "oci", NAME_LOWER | VERSION_LOWER, '/' },
	{ "opkg", NS_LOWER, 0 },
	{ "pub", NAME_LOWER, 0 },
	{ "pypi", NAME_PYPI, 0 },
	{ "qpkg", NS_LOWER, 0 },
	{ "rpm", NS_LOWER, 0 },
	{ "swift", 0, '/' },
};

static const struct type *find_type(struct str name)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eq(name, str_of(types[i].type)))
			return &types[i];
	return NULL;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static struct str mapped(struct arena *a, struct str s, char (*change)(char))
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		p[i] = change(p[i]);
	return (struct str){ p, s.n };
}

struct str purl_pypi_name(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = strchr("-_.", s.p[i]) && s.p[i];
		if (!dash || n == 0 || p[n - 1] != '-')
			p[n++] = dash ? '-' : lower(s.p[i]);
	}
	return (struct str){ p, n };
}

static void apply_rules(struct arena *a, struct purl *p)
{
	const struct type *t = find_type(p->type);
	unsigned rules = t ? t->rules : 0;
	if (rules & NS_LOWER)
		p->ns = mapped(a, p->ns, lower);
	if (rules & NS_UPPER)
		p->ns = mapped(a, p->ns, upper);
	if (rules & NAME_LOWER)
		p->name = mapped(a, p->name, lower);
	if (rules & NAME_PYPI)
		p->name = purl_pypi_name(a, p->name);
	if (rules & VERSION_LOWER)
		p->version = mapped(a, p->version, lower);
}

/* Reading */

static int hex(char c)
{
	if (is_digit(c))
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int decode(struct arena *a, struct str s, struct str *out, struct err *e)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		bool escape = s.p[i] == '%', whole = i + 2 < s.n;
		int high = escape ? (whole ? hex(s.p[i + 1]) : -1) : 0;
		int low = escape ? (whole ? hex(s.p[i + 2]) : -1) : 0;
		if (high < 0 || low < 0)
			return err_set(e, ERR_INVALID, "purl: '%%' without two hex digits");
		p[n] = s.p[i];
		if (escape)
			p[n] = (char)((unsigned)high << 4 | (unsigned)low);
		if (p[n++] == '\0')
			return err_set(e, ERR_INVALID, "purl: a NUL in it");
		i += escape ? 2 : 0;
	}
	*out = (struct str){ p, n };
	return 0;
}

/* Parts between '/' without empty ones (and, in subpaths, "." and ".."). */
static struct str plain_path(struct arena *a, struct str s, bool dots)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;
	while (s.n) {
		struct str part = str_cut(&s, '/');
		bool dot = str_eq(part, S(".")) || str_eq(part, S(".."));
		if (part.n == 0 || (dot && dots))
			continue;
		if (n)
			p[n++] = '/';
		memcpy(p + n, part.p, part.n);
		n += part.n;
	}
	return (struct str){ p, n };
}

static int compare_qualifiers(const void *x, const void *y)
{
	const struct purl_qualifier *p = x, *q = y;
	return str_cmp(p->key, q->key);
}

static bool is_key(struct str key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		if (!is_letter(c) && (i == 0 || (!is_digit(c) && !(c && strchr(".-_", c)))))
			return false;
	}
	return key.n != 0;
}

static int read_qualifier(struct arena *a, struct str pair, struct purl *p, struct err *e)
{
	struct str value = pair, key = str_cut(&value, '=');
	if (value.n == 0)
		return 0;
	if (!is_key(key))
		return err_set(e, ERR_INVALID, "purl: '%.*s' cannot be a qualifier's key",
			       STR(str_upto(key, 40)));
	if (p->n_qualifiers == PURL_QUALIFIERS)
		return err_set(e, ERR_LIMIT, "purl: more than %d qualifiers", PURL_QUALIFIERS);
	struct purl_qualifier *q = &p->qualifiers[p->n_qualifiers];
	q->key = mapped(a, key, lower);
	for (size_t i = 0; i < p->n_qualifiers; i++)
		if (str_eq(p->qualifiers[i].key, q->key))
			return err_set(e, ERR_INVALID, "purl: two qualifiers are called '%.*s'",
				       STR(str_upto(q->key, 40)));
	p->n_qualifiers++;
	return decode(a, value, &q->value, e);
}

static int read_qualifiers(struct arena *a, struct str s, struct purl *p, struct err *e)
{
	while (s.n) {
		int r = read_qualifier(a, str_cut(&s, '&'), p, e);
		if (r)
			return r;
	}
	if (p->n_qualifiers)
		qsort(p->qualifiers, p->n_qualifiers, sizeof *p->qualifiers, compare_qualifiers);
	return 0;
}

static int read_type(struct arena *a, struct str *s, struct purl *p, struct err *e)
{
	struct str type = str_cut(s, '/');
	for (size_t i = 0; i < type.n; i++) {
		char c = type.p[i];
		if (!is_letter(c) && (i == 0 || (!is_digit(c) && !(c && strchr(".+-", c)))))
			return err_set(e, ERR_INVALID, "purl: '%.*s' cannot be a type",
				       STR(str_upto(type, 40)));
	}
	if (type.n == 0)
		return err_set(e, ERR_INVALID, "purl: no type");
	p->type = mapped(a, type, lower);
	return 0;
}

/* namespace/name@version. An '@' at the beginning of a part that is not the last begins a scope that should have been
 * escaped. */
static int read_rest(struct arena *a, struct str s, struct purl *p, struct err *e)
{
	ssize_t at = str_rfind_char(s, '@');
	if (at >= 0 && (at == 0 || s.p[at - 1] == '/') &&
	    str_find_char(str_from(s, (size_t)at), '/') >= 0)
		at = -1;
	if (at >= 0) {
		int r = decode(a, str_from(s, (size_t)at + 1), &p->version, e);
		if (r)
			return r;
		s = str_upto(s, (size_t)at);
	}
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	ssize_t slash = str_rfind_char(s, '/');
	int r = decode(a, str_from(s, (size_t)(slash + 1)), &p->name, e);
	if (r == 0 && slash > 0)
		r = decode(a, str_upto(s, (size_t)slash), &p->ns, e);
	p->ns = plain_path(a, p->ns, false);
	if (r == 0 && p->name.n == 0)
		r = err_set(e, ERR_INVALID, "purl: no name");
	return r;
}

/* Cuts at the last c: returns what is behind it. */
static struct str cut_last(struct str *s, char c)
{
	ssize_t at = str_rfind_char(*s, c);
	struct str behind = at < 0 ? S("") : str_from(*s, (size_t)at + 1);
	if (at >= 0)
		*s = str_upto(*s, (size_t)at);
	return behind;
}

int purl_parse(struct arena *a, struct str text, struct purl *out, struct err *e)
{
	struct purl p = { 0 };
	if (text.n > PURL_MAX)
		return err_set(e, ERR_LIMIT, "purl: longer than %d bytes", PURL_MAX);
	struct str subpath = cut_last(&text, '#');
	struct str qualifiers = cut_last(&text, '?');
	struct str scheme = str_cut(&text, ':');
	if (!str_eq_nocase(scheme, S("pkg")))
		return err_set(e, ERR_INVALID, "purl: it does not begin with 'pkg:'");
	while (str_starts(text, S("/")))
		text = str_from(text, 1);
	int r = read_type(a, &text, &p, e);
	if (r == 0)
		r = read_rest(a, text, &p, e);
	if (r == 0)
		r = read_qualifiers(a, qualifiers, &p, e);
	if (r == 0)
		r = decode(a, subpath, &p.subpath, e);
	if (r)
		return r;
	p.subpath = plain_path(a, p.subpath, true);
	apply_rules(a, &p);
	*out = p;
	return 0;
}

/* Writing */

static void put_escaped(struct buf *b, struct str s, bool slashes)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (is_letter(c) || is_digit(c) || (c && strchr(".-_~:", c)) ||
		    (slashes && c == '/')) {
			buf_add_char(b, c);
		} else {
			buf_add_char(b, '%');
			buf_add_char(b, digits[(unsigned char)c >> 4]);
			buf_add_char(b, digits[(unsigned char)c & 15]);
		}
	}
}

struct str purl_text(struct arena *a, const struct purl *given)
{
	struct buf b = { 0 };
	struct purl p = *given;
	char before = '?';
	apply_rules(a, &p);
	p.ns = plain_path(a, p.ns, false);
	p.subpath = plain_path(a, p.subpath, true);
	qsort(p.qualifiers, p.n_qualifiers, sizeof *p.qualifiers, compare_qualifiers);
	buf_addf(&b, "pkg:%.*s/", STR(p.type));
	put_escaped(&b, p.ns, true);
	if (p.ns.n)
		buf_add_char(&b, '/');
	put_escaped(&b, p.name, false);
	if (p.version.n) {
		buf_add_char(&b, '@');
		put_escaped(&b, p.version, false);
	}
	for (size_t i = 0; i < p.n_qualifiers; i++) {
		if (p.qualifiers[i].value.n == 0)
			continue;
		buf_addf(&b, "%c%.*s=", before, STR(p.qualifiers[i].key));
		put_escaped(&b, p.qualifiers[i].value, false);
		before = '&';
	}
	if (p.subpath.n) {
		buf_add_char(&b, '#');
		put_escaped(&b, p.subpath, true);
	}
	struct str text = arena_str(a, str_buf(&b));
	buf_done(&b);
	return text;
}

/* Comparing and naming */

struct str purl_qualifier(const struct purl *p, const char *key)
{
	for (size_t i = 0; i < p->n_qualifiers; i++)
		if (str_eq(p->qualifiers[i].key, str_of(key)))
			return p->qualifiers[i].value;
	return (struct str){ 0 };
}

void purl_set_qualifier(struct purl *p, const char *key, struct str value)
{
	if (value.n && p->n_qualifiers < PURL_QUALIFIERS)
		p->qualifiers[p->n_qualifiers++] = (struct purl_qualifier){ str_of(key), value };
}

bool purl_matches(const struct purl *pattern, const struct purl *package)
{
	if (!str_eq(pattern->type, package->type) || !str_eq(pattern->ns, package->ns) ||
	    !str_eq(pattern->name, package->name))
		return false;
	if (pattern->version.n && !str_eq(pattern->version, package->version))
		return false;
	if (pattern->subpath.n && !str_eq(pattern->subpath, package->subpath))
		return false;
	for (size_t i = 0; i < pattern->n_qualifiers; i++) {
		const struct purl_qualifier *q = &pattern->qualifiers[i];
		bool same = false;
		for (size_t k = 0; k < package->n_qualifiers; k++)
			same |= str_eq(q->key, package->qualifiers[k].key) &&
				str_eq(q->value, package->qualifiers[k].value);
		if (!same)
			return false;
	}
	return true;
}

struct str purl_package_name(struct arena *a, const struct purl *p)
{
	const struct type *t = find_type(p->type);
	if (!t || !t->join || p->ns.n == 0)
		return p->name;
	return arena_printf(a, "%.*s%c%.*s", STR(p->ns), t->join, STR(p->name));
}

void purl_set_package_name(struct arena *a, struct purl *p, struct str name)
{
	const struct type *t = find_type(p->type);
	ssize_t at = -1;
	if (t && t->join)
		at = t->join == ':' ? str_find_char(name, ':') : str_rfind_char(name, '/');
	/* What has nothing on one side is no pair. */
	if (at <= 0 || (size_t)at + 1 == name.n)
		at = -1;
	p->ns = at < 0 ? S("") : plain_path(a, str_upto(name, (size_t)at), false);
	p->name = str_from(name, (size_t)(at + 1));
}

bool purl_text_matches(struct str pattern, struct str package)
{
	struct arena a = { 0 };
	struct err e;
	if (str_eq(pattern, package))
		return true;
	struct purl *p = ARENA_NEW(&a, struct purl), *q = ARENA_NEW(&a, struct purl);
	bool same = purl_parse(&a, pattern, p, &e) == 0 && purl_parse(&a, package, q, &e) == 0 &&
		    purl_matches(p, q);
	arena_done(&a);
	return same;
}
