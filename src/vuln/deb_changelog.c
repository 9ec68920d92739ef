/* deb-changelog(5): entries "source (version) distributions; urgency=...", items "  * text", a trailer " -- name <mail>
 * date". An identifier named in the entry of version V counts as fixed in V, whatever the words around it say: a
 * mention too many is a finding too many until the update is installed, one too few is a hole.
 *
 * Read are CVE (also "CVE-2026-1234/5678", "CVE-2026-{1234,5678}" and the old CAN), GHSA, DSA, DLA and USN, in any case.
 * Hostile text may hold endless entries and identifiers (bounded). Not supported: identifiers broken across lines, ranges
 * such as "CVE-2026-1 to 9", and the free forms that changelogs had before 1996. */
#include "vuln/deb_changelog.h"

#include "vuln/deb_release.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static size_t digits(struct str s)
{
	size_t n = 0;
	while (n < s.n && is_digit(s.p[n]))
		n++;
	return n;
}

struct parser {
	struct arena *a;
	struct changelog *out;
	struct changelog_entry *entry; /* NULL: outside an entry of our source */
	size_t item; /* ids before the item that is being read */
};

static void add_id(struct parser *p, struct str id)
{
	struct changelog_entry *x = p->entry;
	for (size_t i = 0; i < x->n_ids; i++)
		if (str_eq(x->ids[i].id, id))
			return;
	if (p->out->n_ids >= CHANGELOG_IDS_MAX) {
		p->out->cut = true;
		return;
	}
	p->out->n_ids++;
	ARENA_PUSH(p->a, x->ids, x->n_ids, x->ids_cap)->id = id;
}

/* The number after "CVE-": year, '-', four to nineteen digits, as CVE's own records have it. */
static size_t cve_number(struct str s, struct str *year, struct str *number)
{
	if (digits(s) != 4 || s.n < 6 || s.p[4] != '-')
		return 0;
	*year = str_upto(s, 4);
	struct str rest = str_from(s, 5);
	if (rest.p[0] == '{') {
		*number = str_upto(rest, 0);
		return 5;
	}
	size_t n = digits(rest);
	if (n < 4 || n > 19)
		return 0;
	*number = str_upto(rest, n);
	return 5 + n;
}

static void add_cve(struct parser *p, struct str year, struct str number)
{
	add_id(p, arena_printf(p->a, "CVE-%.*s-%.*s", STR(year), STR(number)));
}

/* More numbers of the same year: "/5678", ",5678", or "{1234,5678}". */
static size_t more_numbers(struct parser *p, struct str s, struct str year)
{
	size_t at = 0;
	while (at < s.n && one_of(s.p[at], "/,{")) {
		struct str rest = str_from(s, at + 1);
		size_t n = digits(rest);
		if (n < 4 || n > 19 || (n < rest.n && is_alnum(rest.p[n])))
			break;
		add_cve(p, year, str_upto(rest, n));
		at += 1 + n;
	}
	return at;
}

static size_t take_cve(struct parser *p, struct str s)
{
	struct str year, number, rest = str_from(s, 4);
	size_t n = cve_number(rest, &year, &number);
	if (n == 0)
		return 0;
	if (number.n)
		add_cve(p, year, number);
	return 4 + n + more_numbers(p, str_from(rest, n), year);
}

static size_t take_ghsa(struct parser *p, struct str s)
{
	enum { LENGTH = 4 + 3 * 5 };
	char id[LENGTH + 1] = "GHSA";
	if (s.n < LENGTH || (s.n > LENGTH && is_alnum(s.p[LENGTH])))
		return 0;
	for (size_t i = 4; i < LENGTH; i++) {
		char c = s.p[i];
		if ((i - 4) % 5 == 0 ? c != '-' : !is_alnum(c))
			return 0;
		id[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	add_id(p, arena_str(p->a, (struct str){ id, LENGTH }));
	return LENGTH;
}

/* "DSA-5678-1" or "DSA-5678"; the kind has three letters. */
static size_t take_notice(struct parser *p, struct str s, const char *kind)
{
	struct str rest = str_from(s, 4);
	size_t n = digits(rest), m = 0;
	if (n < 1 || n > 8)
		return 0;
	if (rest.n > n && rest.p[n] == '-' && (m = digits(str_from(rest, n + 1))) > 0 && m < 4)
		n += 1 + m;
	add_id(p, arena_printf(p->a, "%s-%.*s", kind, STR(str_upto(rest, n))));
	return 4 + n;
}

static size_t take_id(struct parser *p, struct str s)
{
	struct str head = str_upto(s, 4);
	if (str_eq_nocase(head, S("CVE-")) || str_eq_nocase(head, S("CAN-")))
		return take_cve(p, s);
	if (str_eq_nocase(head, S("GHSA")))
		return take_ghsa(p, s);
	if (str_eq_nocase(head, S("DSA-")))
		return take_notice(p, s, "DSA");
	if (str_eq_nocase(head, S("DLA-")))
		return take_notice(p, s, "DLA");
	if (str_eq_nocase(head, S("USN-")))
		return take_notice(p, s, "USN");
	return 0;
}

static void take_ids(struct parser *p, struct str line)
{
	bool inside = false; /* in the middle of a word: "xCVE-..." is none */
	while (line.n) {
		size_t n = inside ? 0 : take_id(p, line);
		inside = n ? false : is_alnum(line.p[0]);
		line = str_from(line, n ? n : 1);
	}
}

/* An item that names one GHSA and one CVE names one thing twice. */
static void end_item(struct parser *p)
{
	if (!p->entry)
		return;
	struct changelog_entry *x = p->entry;
	struct changelog_id *cve = NULL, *ghsa = NULL;
	size_t others = 0;
	for (size_t i = p->item; i < x->n_ids; i++) {
		struct changelog_id **slot = str_starts(x->ids[i].id, S("CVE-"))    ? &cve
					     : str_starts(x->ids[i].id, S("GHSA-")) ? &ghsa
										    : NULL;
		if (slot && !*slot)
			*slot = &x->ids[i];
		else if (slot)
			others++;
	}
	if (cve && ghsa && others == 0)
		ghsa->alias = cve->id;
	p->item = x->n_ids;
}

static bool source_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !one_of(s.p[i], "+-."))
			return false;
	return s.n > 0;
}

static bool version_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !one_of(s.p[i], "+-.:~_"))
			return false;
	return s.n > 0 && s.n < 256;
}

/* "source (version) distributions; urgency=..." */
static bool header(struct str line, struct str *source, struct str *version,
		   struct str *distributions)
{
	if (line.n == 0 || line.p[0] == ' ' || line.p[0] == '\t')
		return false;
	ssize_t open = str_find_char(line, '('), close = str_find_char(line, ')'),
		semicolon = str_find_char(line, ';');
	if (open <= 0 || close < open || semicolon < close)
		return false;
	*source = str_trim(str_upto(line, (size_t)open));
	*version = str_trim((struct str){ line.p + open + 1, (size_t)(close - open - 1) });
	*distributions =
		str_trim((struct str){ line.p + close + 1, (size_t)(semicolon - close - 1) });
	return source_name(*source) && version_text(*version);
}

static void begin_entry(struct parser *p, struct str version, struct str distributions)
{
	struct changelog *c = p->out;
	p->entry = NULL;
	p->item = 0;
	if (c->n >= CHANGELOG_ENTRIES_MAX) {
		c->cut = true;
		return;
	}
	p->entry = ARENA_PUSH(p->a, c->entries, c->n, c->cap);
	p->entry->version = arena_str(p->a, version);
	p->entry->distributions = arena_str(p->a, str_upto(distributions, 200));
}

static void trailer(struct parser *p, struct str line)
{
	ssize_t mail = str_rfind_char(line, '>');
	if (mail >= 0)
		deb_date(str_from(line, (size_t)mail + 1), &p->entry->date);
}

static bool begins_item(struct str line)
{
	line = str_trim(line);
	return line.n > 1 && one_of(line.p[0], "*-+") && line.p[1] == ' ';
}

static void one_line(struct parser *p, struct str line, struct str source)
{
	struct str name, version, distributions;
	if (header(line, &name, &version, &distributions)) {
		end_item(p);
		if (str_eq(name, source))
			begin_entry(p, version, distributions);
		else
			p->entry = NULL;
		return;
	}
	if (!p->entry)
		return;
	if (str_starts(line, S(" -- "))) {
		end_item(p);
		trailer(p, line);
		return;
	}
	if (begins_item(line))
		end_item(p);
	take_ids(p, line);
}

void deb_changelog_parse(struct arena *a, struct str text, struct str source, struct changelog *out)
{
	struct changelog c = { .cut = text.n > CHANGELOG_BYTES_MAX };
	struct parser p = { .a = a, .out = &c };
	struct str line;
	text = str_upto(text, CHANGELOG_BYTES_MAX);
	while (str_line(&text, &line))
		one_line(&p, line, source);
	end_item(&p);
	*out = c;
}
