/* Link: <target>; rel="next", <target>; rel=last; title="a, b" (RFC 8288, section 3). Relations may be several words in one
 * quoted string. Hostile input may try unbalanced brackets and quotes: the rest of such a field is not looked at. */
#include "source/link.h"

static void skip_space(struct str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = str_from(*s, 1);
}

static struct str take_until(struct str *s, const char *stops)
{
	size_t n = 0;
	while (n < s->n && !(s->p[n] && strchr(stops, s->p[n])))
		n++;
	struct str word = str_upto(*s, n);
	*s = str_from(*s, n);
	return str_trim(word);
}

/* Behind '='; escapes stay in the text, which no relation needs. */
static bool take_value(struct str *s, struct str *out)
{
	skip_space(s);
	if (s->n == 0 || s->p[0] != '"') {
		*out = take_until(s, ";,");
		return true;
	}
	size_t n = 1;
	while (n < s->n && s->p[n] != '"')
		n += s->p[n] == '\\' ? 2 : 1;
	if (n >= s->n)
		return false;
	*out = (struct str){ s->p + 1, n - 1 };
	*s = str_from(*s, n + 1);
	return true;
}

static bool names_next(struct str relations)
{
	struct str word;
	while (str_word(&relations, &word))
		if (str_eq_nocase(word, S("next")))
			return true;
	return false;
}

/* The parameters of one link; *is_next when its first rel says so. False when they are broken. */
static bool take_params(struct str *s, bool *is_next)
{
	bool seen = false;
	*is_next = false;
	for (skip_space(s); s->n && s->p[0] == ';'; skip_space(s)) {
		struct str value = { 0 };
		*s = str_from(*s, 1);
		struct str name = take_until(s, "=;,");
		if (s->n && s->p[0] == '=') {
			*s = str_from(*s, 1);
			if (!take_value(s, &value))
				return false;
		}
		if (str_eq_nocase(name, S("rel")) && !seen) {
			seen = true;
			*is_next = names_next(value);
		}
	}
	return true;
}

struct str link_next(struct str s)
{
	for (;;) {
		bool is_next;
		while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == ','))
			s = str_from(s, 1);
		if (s.n == 0 || s.p[0] != '<')
			break;
		s = str_from(s, 1);
		ssize_t end = str_find_char(s, '>');
		if (end < 0)
			break;
		struct str target = str_trim(str_upto(s, (size_t)end));
		s = str_from(s, (size_t)end + 1);
		if (!take_params(&s, &is_next))
			break;
		if (is_next)
			return target;
		if (s.n && s.p[0] != ',')
			break;
	}
	return (struct str){ 0 };
}
