/* Names of licences to identifiers of the SPDX licence list: the list itself, its deprecated spellings, names people use
 * (licence_aliases.def), the GNU family with any way to say a version, addresses. Names are compared by a key: lower case,
 * letters and numbers as words of their own, without words that say nothing. A hostile name is bounded in length and
 * walked a fixed number of times. */
#include "analyze/licence_names.h"

enum { REF_MAX = 64, KEY_MAX = 200 };

static const struct row {
	const char *id;
	enum licence_category category;
} rows[] = {
#define LICENCE(id, category) { id, LICENCE_##category },
#define LICENCE_EXCEPTION(id)
#include "analyze/licences.def"
#undef LICENCE
#undef LICENCE_EXCEPTION
};
static const char *const exceptions[] = {
#define LICENCE(id, category)
#define LICENCE_EXCEPTION(id) id,
#include "analyze/licences.def"
#undef LICENCE
#undef LICENCE_EXCEPTION
};
static const struct {
	const char *key, *expression;
} aliases[] = {
#define LICENCE_ALIAS(key, expression) { key, expression },
#include "analyze/licence_aliases.def"
#undef LICENCE_ALIAS
};

const char *licence_id(size_t i)
{
	return i < COUNT(rows) ? rows[i].id : NULL;
}

const char *licence_exception_id(size_t i)
{
	return i < COUNT(exceptions) ? exceptions[i] : NULL;
}

const char *licence_category_name(enum licence_category c)
{
	static const char *const names[] = {
		[LICENCE_UNKNOWN] = "unknown",	     [LICENCE_UNENCUMBERED] = "unencumbered",
		[LICENCE_PERMISSIVE] = "permissive", [LICENCE_NOTICE] = "notice",
		[LICENCE_RECIPROCAL] = "reciprocal", [LICENCE_RESTRICTED] = "restricted",
		[LICENCE_FORBIDDEN] = "forbidden",
	};
	return names[c];
}

/* Names */
static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	return (struct str){ p, s.n };
}

/* One word of the key; words that say nothing are left out, "2.0+" becomes "2+". */
static void put_key_word(struct buf *b, struct str w)
{
	static const char *const empty[] = { "the",   "license", "licence", "licensed", "version",
					     "v",     "ver",	 "a",	    "an",	"under",
					     "terms", "of",	 "v.",	    "licenses", NULL };
	bool plus = str_ends(w, S("+"));
	w.n -= plus;
	while (str_ends(w, S(".")))
		w.n--;
	while (w.n > 2 && is_digit(w.p[0]) && str_ends(w, S(".0")))
		w.n -= 2;
	for (size_t i = 0; empty[i]; i++)
		if (str_eq(w, str_of(empty[i])))
			w.n = 0;
	if (w.n == 0 || b->n + w.n > KEY_MAX)
		return;
	if (b->n)
		buf_add_char(b, ' ');
	buf_add_str(b, w);
	if (plus)
		buf_add_char(b, '+');
}

/* Letters and numbers are words of their own ("gplv2+" -> "gpl 2+"); other bytes part words. */
static void put_key(struct buf *b, struct str s)
{
	size_t start = 0, i = 0;
	for (; i < s.n; i++) {
		char c = s.p[i];
		bool dot = c == '.' && i > 0 && is_digit(s.p[i - 1]) && i + 1 < s.n &&
			   is_digit(s.p[i + 1]);
		bool plus = c == '+' && i > start;
		bool turn = i > start && is_alnum(c) && s.p[i - 1] != '.' &&
			    is_digit(c) != is_digit(s.p[i - 1]);
		if (turn) {
			/* The v of "gplv2" belongs to its number. */
			bool v = is_digit(c) && s.p[i - 1] == 'v';
			put_key_word(b, (struct str){ s.p + start, i - start - v });
			start = i;
		} else if (plus) {
			put_key_word(b, (struct str){ s.p + start, i - start + 1 });
			start = i + 1;
		} else if (!is_alnum(c) && !dot) {
			put_key_word(b, (struct str){ s.p + start, i - start });
			start = i + 1;
		}
	}
	put_key_word(b, (struct str){ s.p + start, i - start });
}

static struct str key_of(struct arena *a, struct str text)
{
	static const struct str later[] = {
		{ " or any later", 13 },
		{ " or later", 9 },
		{ " or newer", 9 },
		{ " or greater", 11 },
		{ " or above", 9 },
		{ " and later", 10 },
		{ " or (at your option) any later", 30 },
	};
	struct buf b CLEANUP(buf_done) = { 0 };
	text = lower(a, text);
	bool plus = false;
	for (size_t i = 0; i < COUNT(later) && !plus; i++) {
		ssize_t at = str_find(text, later[i]);
		plus = at > 0;
		text = plus ? str_upto(text, (size_t)at) : text;
	}
	put_key(&b, text);
	if (plus && b.n && b.p[b.n - 1] != '+')
		buf_add_char(&b, '+');
	return arena_str(a, str_buf(&b));
}

void licences_init(struct licences *l, struct arena *a)
{
	*l = (struct licences){ .arena = a };
	map_init(&l->ids, a);
	map_init(&l->keys, a);
	map_init(&l->seen, a);
	for (size_t i = 0; i < COUNT(aliases); i++)
		*map_at(&l->keys, str_of(aliases[i].key)) = (void *)aliases[i].expression;
	for (size_t i = 0; i < COUNT(rows); i++) {
		*map_at(&l->ids, lower(a, str_of(rows[i].id))) = (void *)&rows[i];
		void **slot = map_at(&l->keys, key_of(a, str_of(rows[i].id)));
		if (!*slot)
			*slot = (void *)rows[i].id;
	}
}

/* The GNU licences: "gpl 2+", "gnu lesser general public 2.1", with or without a number. */
static struct str gnu(struct arena *a, struct str key)
{
	static const struct {
		const char *name, *id, *versions[4];
	} families[] = {
		{ "agpl", "AGPL", { "3", "1" } },
		{ "affero gpl", "AGPL", { "3", "1" } },
		{ "affero general public", "AGPL", { "3", "1" } },
		{ "lgpl", "LGPL", { "2", "2.1", "3" } },
		{ "lesser gpl", "LGPL", { "2", "2.1", "3" } },
		{ "lesser general public", "LGPL", { "2", "2.1", "3" } },
		{ "library general public", "LGPL", { "2", "2.1", "3" } },
		{ "library or lesser general public", "LGPL", { "2", "2.1", "3" } },
		{ "gpl", "GPL", { "1", "2", "3" } },
		{ "general public", "GPL", { "1", "2", "3" } },
		{ "gfdl", "GFDL", { "1.1", "1.2", "1.3" } },
		{ "fdl", "GFDL", { "1.1", "1.2", "1.3" } },
		{ "free documentation", "GFDL", { "1.1", "1.2", "1.3" } },
	};
	if (str_starts(key, S("gnu ")))
		key = str_from(key, 4);
	for (size_t i = 0; i < COUNT(families); i++) {
		struct str name = str_of(families[i].name), rest = str_from(key, name.n);
		const char *first = families[i].versions[0];
		if (!str_starts(key, name) || (rest.n && rest.p[0] != ' ' && rest.p[0] != '+'))
			continue;
		rest = str_trim(rest);
		bool only = str_ends(rest, S(" only"));
		rest.n -= only ? 5 : 0;
		bool later = str_ends(rest, S("+"));
		rest.n -= later;
		if (rest.n == 0)
			return arena_printf(a, "%s-%s%s-or-later", families[i].id, first,
					    strchr(first, '.') ? "" : ".0");
		for (size_t k = 0; k < 4 && families[i].versions[k]; k++) {
			const char *v = families[i].versions[k];
			if (str_eq(rest, str_of(v)))
				return arena_printf(a, "%s-%s%s-%s", families[i].id, v,
						    strchr(v, '.') ? "" : ".0",
						    later ? "or-later" : "only");
		}
		return S("");
	}
	return S("");
}

/* An identifier as the list spells it; the deprecated ones of GNU as their successors. */
static struct str canonical(struct licences *l, struct str id)
{
	struct arena *a = l->arena;
	bool plus = str_ends(id, S("+"));
	struct str low = lower(a, id), base = str_upto(low, low.n - plus);
	const struct row *row = map_get(&l->ids, low);
	if (!row && plus)
		row = map_get(&l->ids, base);
	if (!row)
		return S("");
	ssize_t with = str_find(base, S("-with-"));
	if (with > 0 && str_starts(base, S("gpl-"))) {
		static const struct str of[][2] = {
			{ { "autoconf", 8 }, { "Autoconf-exception-", 19 } },
			{ { "bison", 5 }, { "Bison-exception-2.2", 19 } },
			{ { "classpath", 9 }, { "Classpath-exception-2.0", 23 } },
			{ { "font", 4 }, { "Font-exception-2.0", 18 } },
			{ { "gcc", 3 }, { "GCC-exception-", 14 } },
		};
		struct str rest = str_from(base, (size_t)with + 6);
		bool three = str_starts(base, S("gpl-3"));
		for (size_t i = 0; i < COUNT(of); i++)
			if (str_starts(rest, of[i][0]))
				return arena_printf(a, "GPL-%s-only WITH %.*s%s",
						    three ? "3.0" : "2.0", STR(of[i][1]),
						    !str_ends(of[i][1], S("-")) ? ""
						    : three ? (i ? "3.1" : "3.0")
							    : "2.0");
	}
	bool is_gnu = str_starts(base, S("gpl-")) || str_starts(base, S("lgpl-")) ||
		      str_starts(base, S("agpl-")) || (str_starts(base, S("gfdl-")) && base.n == 8);
	if (is_gnu && base.n && is_digit(base.p[base.n - 1]))
		return gnu(a, key_of(a, id));
	return plus && row->id[strlen(row->id) - 1] != '+' ? arena_printf(a, "%s+", row->id)
							   : str_of(row->id);
}

/* An address of a licence: what its last part names. */
static struct str of_address(struct licences *l, struct str text)
{
	static const struct str ends[] = { { ".txt", 4 },	{ ".html", 5 }, { ".htm", 4 },
					   { ".php", 4 },	{ ".md", 3 },	{ "/", 1 },
					   { "/legalcode", 10 } };
	struct str low = lower(l->arena, text);
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(low, ends[i]))
			low.n -= ends[i].n;
	if (str_find(low, S("apache.org/licenses/license-2.0")) >= 0)
		return S("Apache-2.0");
	if (str_find(low, S("creativecommons.org/publicdomain/zero")) >= 0)
		return S("CC0-1.0");
	struct str last = str_from(low, (size_t)(str_rfind_char(low, '/') + 1));
	if (str_ends(last, S("-license")))
		last.n -= 8;
	struct str id = canonical(l, last);
	return id.n ? id : gnu(l->arena, key_of(l->arena, last));
}

static bool is_ref(struct str s)
{
	if (!str_starts(s, S("LicenseRef-")) && !str_starts(s, S("DocumentRef-")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!is_alnum((char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c)) && c != '-' &&
		    c != '.' && c != ':')
			return false;
	}
	return true;
}

/* Names that say more than the licence: Debian's "BSD-3-clause-Google", "GFDL-NIV-1.3+". */
static struct str of_prefix(struct licences *l, struct str key)
{
	static const char *const prefixes[][2] = {
		{ "bsd 2 clause ", "BSD-2-Clause" },
		{ "bsd 3 clause ", "BSD-3-Clause" },
		{ "bsd 4 clause ", "BSD-4-Clause" },
		{ "public domain ", "LicenseRef-public-domain" },
	};
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (str_starts(key, str_of(prefixes[i][0])) && str_find(key, S(" or ")) < 0 &&
		    str_find(key, S(" with ")) < 0 && str_find(key, S(" and ")) < 0)
			return str_of(prefixes[i][1]);
	if (!str_starts(key, S("gfdl niv ")))
		return S("");
	struct str id = gnu(l->arena, arena_printf(l->arena, "gfdl%.*s", STR(str_from(key, 8))));
	struct str version = str_upto(id, 8), rest = str_from(id, 8);
	return id.n ? arena_printf(l->arena, "%.*s-no-invariants%.*s", STR(version), STR(rest))
		    : id;
}

/* "GPL-3-with-bison-exception" in one word. */
static struct str of_with(struct licences *l, struct str name)
{
	ssize_t at = str_find(lower(l->arena, name), S("-with-"));
	if (at <= 0 || str_find_char(name, ' ') >= 0)
		return S("");
	struct str licence = licence_look_up(l, str_upto(name, (size_t)at));
	struct str exception = licence_exception(l, str_from(name, (size_t)at + 6), licence);
	if (licence.n == 0 || str_find_char(licence, ' ') >= 0 || is_ref(licence))
		return S("");
	return exception.n ? arena_printf(l->arena, "%.*s WITH %.*s", STR(licence), STR(exception))
			   : licence;
}

/* The identifier (or a short expression) that a name means; empty when it means none. */
struct str licence_look_up(struct licences *l, struct str name)
{
	name = str_trim(name);
	if (name.n == 0 || name.n > KEY_MAX)
		return S("");
	if (is_ref(name))
		return arena_str(l->arena, name);
	struct str id = canonical(l, name);
	if (id.n)
		return id;
	if (str_find(name, S("://")) >= 0)
		return of_address(l, name);
	struct str key = key_of(l->arena, name);
	const char *known = map_get(&l->keys, key);
	if (known) {
		id = canonical(l, str_of(known));
		return id.n ? id : str_of(known);
	}
	id = gnu(l->arena, key);
	if (id.n == 0)
		id = of_prefix(l, key);
	if (id.n == 0)
		id = of_with(l, name);
	if (id.n)
		return id;
	/* "Apache Software License 2.0+": later versions are a choice; the one named is one of them. */
	if (str_ends(key, S("+")) && (known = map_get(&l->keys, str_upto(key, key.n - 1))) != NULL)
		return str_of(known);
	return S("");
}

struct str licence_ref(struct licences *l, struct str text)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_str(&b, S("LicenseRef-"));
	size_t head = b.n;
	for (size_t i = 0; i < text.n && b.n < head + REF_MAX; i++) {
		char c = text.p[i];
		bool kept = is_alnum((char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c)) || c == '.';
		if (kept)
			buf_add_char(&b, c);
		else if (b.n > head && b.p[b.n - 1] != '-')
			buf_add_char(&b, '-');
	}
	while (b.n > head && b.p[b.n - 1] == '-')
		b.n--;
	return b.n > head ? arena_str(l->arena, str_buf(&b)) : S("");
}

struct str licence_exception(struct licences *l, struct str words, struct str licence)
{
	static const char *const names[][2] = {
		{ "classpath", "Classpath-exception-2.0" },
		{ "libtool", "Libtool-exception" },
		{ "bison", "Bison-exception-2.2" },
		{ "font", "Font-exception-2.0" },
		{ "linking", "GPL-3.0-linking-exception" },
		{ "llvm", "LLVM-exception" },
		{ "autoconf", "Autoconf-exception-" },
		{ "gcc", "GCC-exception-" },
		{ "runtime", "GCC-exception-" },
		{ "linux syscall", "Linux-syscall-note" },
	};
	bool three = str_starts(licence, S("GPL-3"));
	words = str_trim(words);
	for (size_t i = 0; i < COUNT(exceptions); i++)
		if (str_eq_nocase(words, str_of(exceptions[i])))
			return str_of(exceptions[i]);
	struct str low = key_of(l->arena, words);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str id = str_of(names[i][1]);
		if (str_find(low, str_of(names[i][0])) < 0 ||
		    (str_starts(id, S("GPL-3.0-l")) && !three))
			continue;
		if (!str_ends(id, S("-")))
			return id;
		return arena_printf(l->arena, "%.*s%s", STR(id),
				    !three		       ? "2.0"
				    : str_starts(id, S("GCC")) ? "3.1"
							       : "3.0");
	}
	return S("");
}

enum licence_category licence_category_of_name(struct licences *l, struct str id)
{
	ssize_t with = str_find(id, S(" WITH "));
	id = with > 0 ? str_upto(id, (size_t)with) : id;
	if (str_eq(id, S("LicenseRef-public-domain")))
		return LICENCE_UNENCUMBERED;
	const struct row *row = map_get(&l->ids, lower(l->arena, id));
	if (!row && str_ends(id, S("+")))
		row = map_get(&l->ids, lower(l->arena, str_upto(id, id.n - 1)));
	return row ? row->category : LICENCE_UNKNOWN;
}
