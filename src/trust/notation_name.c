/* Distinguished names as trust policies write them: RFC 4514, of which parts with several values ("+") and hexadecimal values
 * ("=#") are not supported, as the specification has it. A policy's name is a filter, so what could be read in two ways is
 * refused: a type that is there twice, characters that must be escaped and are not, escapes that are none. */
#include "trust/notation_policy.h"

enum { PARTS_MAX = 50 };

static bool is_type(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", s.p[i]) || s.p[i] == '\0')
			return false;
	return s.n > 0;
}

/* Types are written in either case; "S" is another word for "ST". */
static struct str type_of(struct str s, struct arena *a)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
	return str_eq(str_of(p), S("S")) ? S("ST") : (struct str){ p, s.n };
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c | 0x20) : NULL;
	return p && c >= '0' ? (int)(p - digits) : -1;
}

/* What follows a backslash: one of the characters that need it, or two hexadecimal digits. */
static bool take_escape(struct str *s, struct buf *out)
{
	if (s->n && strchr(" \"#+,;<=>\\", s->p[0]) && s->p[0]) {
		buf_add_char(out, s->p[0]);
		*s = str_from(*s, 1);
		return true;
	}
	int high = s->n > 1 ? hex_digit(s->p[0]) : -1, low = s->n > 1 ? hex_digit(s->p[1]) : -1;
	if (high < 0 || low < 0)
		return false;
	buf_add_char(out, (char)(high << 4 | low));
	*s = str_from(*s, 2);
	return true;
}

/* Up to a comma that is not escaped, which is taken too; spaces at the ends that are not escaped do not count. */
static const char *take_value(struct str *s, bool *more, struct buf *out)
{
	size_t keep = 0;
	while (s->n && s->p[0] == ' ')
		*s = str_from(*s, 1);
	if (s->n && s->p[0] == '#')
		return "a hexadecimal value is not supported";
	while (s->n && s->p[0] != ',') {
		char c = s->p[0];
		*s = str_from(*s, 1);
		if (c == '+')
			return "a part with several values is not supported";
		if (strchr("\";<>", c))
			return "a character that must be escaped is not";
		if (c != '\\')
			buf_add_char(out, c);
		else if (!take_escape(s, out))
			return "an escape is none";
		if (c != ' ')
			keep = out->n;
	}
	out->n = keep;
	*more = s->n > 0;
	*s = str_from(*s, 1);
	return keep == 0		   ? "a value is empty"
	       : str_is_utf8(str_buf(out)) ? NULL
					   : "a value is no UTF-8";
}

static int take_part(struct str *s, struct arena *a, struct name_part *out, bool *more,
		     struct err *e)
{
	ssize_t at = str_find_char(*s, '=');
	struct buf b = { 0 };
	struct str type = str_trim(str_upto(*s, at < 0 ? s->n : (size_t)at));
	out->type = type_of(type, a);
	if (at < 0 || !is_type(out->type))
		return err_set(e, ERR_INVALID, "'%.*s' is no TYPE=VALUE", STR(str_upto(*s, 100)));
	*s = str_from(*s, (size_t)at + 1);
	const char *why = take_value(s, more, &b);
	if (!why)
		out->value = arena_str(a, str_buf(&b));
	buf_done(&b);
	return why ? err_set(e, ERR_INVALID, "%.*s: %s", STR(out->type), why) : 0;
}

int notation_name_parse(struct str text, struct arena *a, struct notation_identity *out,
			struct err *e)
{
	struct notation_identity v = { arena_array(a, PARTS_MAX, sizeof *v.v), 0 };
	struct str rest = text;
	for (bool more = true; more;) {
		if (v.n == PARTS_MAX)
			return err_set(e, ERR_LIMIT, "a name of more than %d parts", PARTS_MAX);
		if (take_part(&rest, a, &v.v[v.n], &more, e))
			return e->code;
		for (size_t i = 0; i < v.n; i++)
			if (str_eq(v.v[i].type, v.v[v.n].type))
				return err_set(e, ERR_INVALID, "%.*s is there twice",
					       STR(v.v[i].type));
		v.n++;
	}
	*out = v;
	return 0;
}

bool notation_name_subset(const struct notation_identity *part,
			  const struct notation_identity *whole)
{
	for (size_t i = 0; i < part->n; i++) {
		size_t k = 0;
		while (k < whole->n && !(str_eq(part->v[i].type, whole->v[k].type) &&
					 str_eq(part->v[i].value, whole->v[k].value)))
			k++;
		if (k == whole->n)
			return false;
	}
	return part->n > 0;
}
