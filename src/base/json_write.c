/* JSON writing: the commas, the escapes, the indentation. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>

void json_out_init(struct json_out *o, struct buf *b, unsigned indent)
{
	*o = (struct json_out){ .b = b, .indent = indent };
}

static void new_line(struct json_out *o)
{
	if (!o->indent)
		return;
	buf_add_char(o->b, '\n');
	for (unsigned i = 0; i < o->depth * o->indent; i++)
		buf_add_char(o->b, ' ');
}

static void before_value(struct json_out *o)
{
	if (o->after_key) {
		o->after_key = false;
		return;
	}
	if (o->need_comma)
		buf_add_char(o->b, ',');
	if (o->depth)
		new_line(o);
}

static void begin(struct json_out *o, char c)
{
	before_value(o);
	buf_add_char(o->b, c);
	o->depth++;
	o->need_comma = false;
}

static void end(struct json_out *o, char c)
{
	o->depth--;
	if (o->need_comma)
		new_line(o);
	buf_add_char(o->b, c);
	o->need_comma = true;
}

void json_begin_object(struct json_out *o)
{
	begin(o, '{');
}

void json_end_object(struct json_out *o)
{
	end(o, '}');
}

void json_begin_array(struct json_out *o)
{
	begin(o, '[');
}

void json_end_array(struct json_out *o)
{
	end(o, ']');
}

/* Bytes of s that form valid text from its start, at least one when s is not empty; *bad when that one is not valid. */
static size_t valid_run(struct str s, bool *bad)
{
	size_t n = 1;
	unsigned char c = (unsigned char)s.p[0];
	*bad = false;
	if (c >= 0x80) {
		n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
		if (n > s.n || !str_is_utf8(str_upto(s, n))) {
			*bad = true;
			return 1;
		}
	}
	return n;
}

/* C1 control characters and those that turn the direction of writing: a terminal may obey them, a reader be deceived. */
static unsigned risky(struct str c)
{
	const unsigned char *p = (const unsigned char *)c.p;
	unsigned v = c.n == 2	? (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu)
		     : c.n == 3 ? (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu)
				: 0;
	bool is = (v >= 0x80 && v < 0xA0) || v == 0x061C || v == 0x200E || v == 0x200F ||
		  (v >= 0x2028 && v <= 0x202E) || (v >= 0x2066 && v <= 0x2069);
	return is ? v : 0;
}

static void put_escaped(struct buf *b, struct str s, bool html)
{
	while (s.n) {
		unsigned char c = (unsigned char)s.p[0];
		bool bad;
		size_t n = valid_run(s, &bad);
		if (bad || c == '\0')
			buf_add_str(b, S("\xef\xbf\xbd"));
		else if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_add_str(b, S("\\n"));
		else if (c == '\t')
			buf_add_str(b, S("\\t"));
		else if (c < 0x20 || c == 0x7F || (html && (c == '<' || c == '>' || c == '&')))
			buf_addf(b, "\\u%04x", c);
		else if (n > 1 && risky(str_upto(s, n)))
			buf_addf(b, "\\u%04x", risky(str_upto(s, n)));
		else
			buf_add(b, s.p, n);
		s = str_from(s, n);
	}
}

void json_put_str(struct json_out *o, struct str s)
{
	before_value(o);
	buf_add_char(o->b, '"');
	put_escaped(o->b, s, o->html);
	buf_add_char(o->b, '"');
	o->need_comma = true;
}

void json_put_key(struct json_out *o, const char *key)
{
	json_put_str(o, str_of(key));
	buf_add_char(o->b, ':');
	if (o->indent)
		buf_add_char(o->b, ' ');
	o->after_key = true;
	o->need_comma = false;
}

static void put_text(struct json_out *o, const char *text)
{
	before_value(o);
	buf_add_str(o->b, str_of(text));
	o->need_comma = true;
}

void json_put_u64(struct json_out *o, uint64_t v)
{
	char text[32];
	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	put_text(o, text);
}

void json_put_double(struct json_out *o, double v, int decimals)
{
	char text[400];
	if (!isfinite(v)) {
		json_put_null(o);
		return;
	}
	int n = snprintf(text, sizeof text, "%.*f", decimals, v);
	if (memchr(text, '.', (size_t)n)) {
		while (text[n - 1] == '0')
			text[--n] = '\0';
		if (text[n - 1] == '.')
			text[--n] = '\0';
	}
	put_text(o, text);
}

void json_put_bool(struct json_out *o, bool v)
{
	put_text(o, v ? "true" : "false");
}

void json_put_null(struct json_out *o)
{
	put_text(o, "null");
}

void json_put_raw(struct json_out *o, struct str json)
{
	before_value(o);
	buf_add_str(o->b, json);
	o->need_comma = true;
}

void json_put_member(struct json_out *o, const char *key, struct str value)
{
	json_put_key(o, key);
	json_put_str(o, value);
}

void json_put_member_opt(struct json_out *o, const char *key, struct str value)
{
	if (value.n)
		json_put_member(o, key, value);
}

/* As deep as the reader lets a tree be. */
void json_put_value(struct json_out *o, const struct json *j)
{
	uint64_t n;
	bool object = json_is_object(j), array = json_is_array(j);
	if (object || array) {
		begin(o, object ? '{' : '[');
		JSON_EACH(child, j)
		{
			if (object)
				json_put_key(o, json_key(child).p);
			json_put_value(o, child);
		}
		end(o, object ? '}' : ']');
	} else if (json_is_string(j)) {
		json_put_str(o, json_str(j));
	} else if (json_bool(j, true) == json_bool(j, false)) {
		json_put_bool(o, json_bool(j, true));
	} else if (json_u64(j, &n)) {
		json_put_u64(o, n);
	} else if (!isnan(json_double(j, NAN))) {
		json_put_double(o, json_double(j, 0), 9);
	} else {
		json_put_null(o);
	}
}
