/* Canonical JSON (OLPC), as in go-tuf and python-tuf. Hostile input: a key twice (one parser reads the first,
 * another the last), numbers that lose digits. Depth and size were bounded when the text was parsed. */
#include "trust/canonical_json.h"
#include "base/arena.h"

#include <math.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53 */

static void put_string(struct str s, struct buf *out)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, s.p[i]);
	}
	buf_add_char(out, '"');
}

static int put_number(double v, struct buf *out, struct err *e)
{
	if (!(fabs(v) <= EXACT_MAX) || v != floor(v))
		return err_set(e, ERR_INVALID, "canonical JSON has whole numbers only");
	buf_addf(out, "%.0f", v == 0 ? 0.0 : v);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(json_key(*(const struct json *const *)a),
		       json_key(*(const struct json *const *)b));
}

static int put(const struct json *j, struct buf *out, struct arena *a, struct err *e);

static int put_object(const struct json *j, struct buf *out, struct arena *a, struct err *e)
{
	size_t n = json_count(j), i = 0;
	const struct json **v = arena_array(a, n + 1, sizeof(struct json *));
	JSON_EACH(child, j)
	v[i++] = child;
	qsort(v, n, sizeof *v, by_key);
	buf_add_char(out, '{');
	for (i = 0; i < n; i++) {
		if (i && str_eq(json_key(v[i]), json_key(v[i - 1])))
			return err_set(e, ERR_INVALID, "the key '%.*s' is there twice",
				       STR(str_upto(json_key(v[i]), 100)));
		if (i)
			buf_add_char(out, ',');
		put_string(json_key(v[i]), out);
		buf_add_char(out, ':');
		if (put(v[i], out, a, e))
			return e->code;
	}
	buf_add_char(out, '}');
	return 0;
}

static int put_array(const struct json *j, struct buf *out, struct arena *a, struct err *e)
{
	bool first = true;
	buf_add_char(out, '[');
	JSON_EACH(child, j)
	{
		if (!first)
			buf_add_char(out, ',');
		first = false;
		if (put(child, out, a, e))
			return e->code;
	}
	buf_add_char(out, ']');
	return 0;
}

static int put(const struct json *j, struct buf *out, struct arena *a, struct err *e)
{
	double number = json_double(j, NAN);
	if (json_is_object(j))
		return put_object(j, out, a, e);
	if (json_is_array(j))
		return put_array(j, out, a, e);
	if (json_is_string(j))
		put_string(json_str(j), out);
	else if (!isnan(number))
		return put_number(number, out, e);
	else if (json_bool(j, true) == json_bool(j, false))
		buf_add_str(out, json_bool(j, false) ? S("true") : S("false"));
	else if (json_is_null(j))
		buf_add_str(out, S("null"));
	else
		return err_set(e, ERR_INVALID, "canonical JSON has no number of that size");
	return 0;
}

int canonical_json(const struct json *j, struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf text CLEANUP(buf_done) = { 0 };
	if (put(j, &text, &a, e))
		return e->code;
	buf_add_str(out, str_buf(&text));
	return 0;
}
