/* Text from an image on its way into a report. Names, paths and titles are whatever the image or a feed says: no UTF-8,
 * escape sequences, text that turns the direction of writing, formulas, markup, mentions, a megabyte in one name. */
#include "report/text.h"

#include "base/json.h"

/* Bytes of the character at the start of s (not empty); *code its code point, 0xFFFD for a byte that is no UTF-8. */
static size_t decode(struct str s, unsigned *code)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	*code = c;
	if (n == 1)
		return 1;
	*code = 0xFFFD;
	if (n > s.n || !str_is_utf8(str_upto(s, n)))
		return 1;
	unsigned v = n == 2 ? c & 0x1Fu : n == 3 ? c & 0x0Fu : c & 0x07u;
	for (size_t i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)s.p[i] & 0x3Fu);
	*code = v;
	return n;
}

static bool is_direction(unsigned c)
{
	return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* What a character becomes: itself, a space, or 0xFFFD. */
static unsigned cleaned(unsigned c)
{
	if (c == '\n' || c == '\r' || c == '\t' || c == 0x2028 || c == 0x2029)
		return ' ';
	if (c < 0x20 || (c >= 0x7F && c < 0xA0) || is_direction(c) || (c & 0xFFFE) == 0xFFFE ||
	    (c >= 0xFDD0 && c <= 0xFDEF))
		return 0xFFFD;
	return c;
}

static void put_char(struct buf *b, struct str raw, unsigned code)
{
	unsigned now = cleaned(code);
	if (now == ' ')
		buf_add_char(b, ' ');
	else if (now == 0xFFFD)
		buf_add_str(b, S("\xef\xbf\xbd"));
	else
		buf_add_str(b, raw);
}

void text_put_clean(struct buf *b, struct str s)
{
	while (s.n) {
		unsigned code;
		size_t n = decode(s, &code);
		put_char(b, str_upto(s, n), code);
		s = str_from(s, n);
	}
}

/* Nothing to change, at most max characters. */
static bool is_clean(struct str s, size_t max)
{
	while (s.n && max) {
		unsigned code;
		size_t n = decode(s, &code);
		if (cleaned(code) != code || (code == 0xFFFD && n == 1))
			return false;
		s = str_from(s, n);
		max--;
	}
	return s.n == 0;
}

struct str text_clean(struct arena *a, struct str s, size_t max)
{
	if (is_clean(s, max))
		return s;
	struct buf b CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; s.n; i++) {
		unsigned code;
		size_t n = decode(s, &code);
		if (i + 1 == max && n < s.n) {
			buf_add_str(&b, S("…"));
			break;
		}
		put_char(&b, str_upto(s, n), code);
		s = str_from(s, n);
	}
	return arena_str(a, str_buf(&b));
}

/* Cleans s, with some characters written as something else. `escape` returns NULL where a character stands for itself. */
static void put_escaped(struct buf *b, struct str s,
			const char *(*escape)(char c, char before, char next))
{
	char before = ' ';
	while (s.n) {
		unsigned code;
		size_t n = decode(s, &code);
		const char *other =
			code < 0x80 ? escape((char)code, before, n < s.n ? s.p[n] : 0) : NULL;
		if (other)
			buf_add_str(b, str_of(other));
		else
			put_char(b, str_upto(s, n), code);
		before = code < 0x80 ? (char)code : 'x';
		s = str_from(s, n);
	}
}

static const char *escape_xml(char c, char before, char next)
{
	(void)before;
	(void)next;
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void text_put_xml(struct buf *b, struct str s)
{
	put_escaped(b, s, escape_xml);
}

static const char *escape_csv(char c, char before, char next)
{
	(void)before;
	(void)next;
	return c == '"' ? "\"\"" : NULL;
}

/* Spreadsheets look behind white space, and take the wide forms too. */
static bool is_formula(struct str s)
{
	static const char *const starts[] = {
		"=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%"
	};
	while (s.n && (unsigned char)s.p[0] <= ' ')
		s = str_from(s, 1);
	for (size_t i = 0; i < COUNT(starts); i++)
		if (str_starts(s, str_of(starts[i])))
			return true;
	return false;
}

void text_put_csv(struct buf *b, struct str s)
{
	bool quote = is_formula(s) || s.n != str_trim(s).n;
	for (size_t i = 0; i < s.n && !quote; i++)
		quote = s.p[i] == '"' || s.p[i] == ',' || s.p[i] == ';';
	if (quote)
		buf_add_char(b, '"');
	if (is_formula(s))
		buf_add_char(b, '\'');
	put_escaped(b, s, escape_csv);
	if (quote)
		buf_add_char(b, '"');
}

static const char *escape_markdown(char c, char before, char next)
{
	static const char *const entities[128] = {
		['&'] = "&amp;",
		['<'] = "&lt;",
		['>'] = "&gt;",
		['`'] = "&#96;",
		['*'] = "&#42;",
		['['] = "&#91;",
		[']'] = "&#93;",
		['|'] = "&#124;",
		['~'] = "&#126;",
		['$'] = "&#36;",
		['\\'] = "&#92;",
		/* A mention or a reference ends at the zero-width space. */
		['@'] = "@&#8203;",
	};
	bool word = (before >= '0' && before <= '9') || (before | 32) >= 'a';
	if (c == '#')
		return next >= '0' && next <= '9' ? "#&#8203;" : "&#35;";
	if (c == ':' && next == '/')
		return "&#58;";
	if (c == '_' && !(word && next && next != ' '))
		return "&#95;";
	if (c == '.' && (before | 32) == 'w')
		return ".&#8203;";
	return entities[(unsigned char)c & 0x7F];
}

void text_put_markdown(struct buf *b, struct str s)
{
	put_escaped(b, s, escape_markdown);
}

void text_put_uri(struct buf *b, struct str s)
{
	static const char plain[] = "-._~!$&'()*+,;=@/";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool letter =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (letter || (c && strchr(plain, c)))
			buf_add_char(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
}

void text_put_json(struct buf *b, struct str s)
{
	struct json_out o;
	json_out_init(&o, b, 0);
	json_put_str(&o, s);
}

bool text_is_link(struct str s)
{
	if (!str_starts(s, S("https://")) && !str_starts(s, S("http://")))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F || strchr("\"<>\\^`{|}", s.p[i]))
			return false;
	return str_is_utf8(s);
}
