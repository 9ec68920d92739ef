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

static void put_escaped(struct buf *b, struct str s, bool html)
{
	while (s.n) {
		char c = s.p[0];
		unsigned v;
		size_t n = str_rune(s, &v);
		if (n == 0)
			buf_add_str(b, S("\xef\xbf\xbd"));
		else if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_add_str(b, S("\\n"));
		else if (c == '\t')
			buf_add_str(b, S("\\t"));
		else if (rune_is_risky(v) || (html && (c == '<' || c == '>' || c == '&')))
			buf_addf(b, "\\u%04x", v);
		else
			buf_add(b, s.p, n);
		s = str_from(s, MAX(n, (size_t)1));
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
