/* JSON trees, by cJSON, behind a strict gate: one pass over the text bounds depth and count and refuses NUL (which
 * cJSON would take for the end of a string), before any node is allocated. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>

enum { VALUES_MAX = 500 * 1000 };

static const cJSON *c(const struct json *j)
{
	return (const cJSON *)j;
}

/* What the gate knows while it walks over the text. */
struct gate {
	bool in_string, escaped;
	unsigned depth;
	size_t values;
};

static const char *gate_byte(struct gate *g, struct str text, size_t i)
{
	char ch = text.p[i];
	if (ch == '\0')
		return "a NUL byte";
	if (g->in_string) {
		if (g->escaped && ch == 'u' && str_starts(str_from(text, i + 1), S("0000")))
			return "a NUL character in a string";
		if ((unsigned char)ch < 0x20)
			return "a control character in a string";
		if (!g->escaped && ch == '"')
			g->in_string = false;
		g->escaped = !g->escaped && ch == '\\';
		return NULL;
	}
	if (ch == '"')
		g->in_string = true;
	else if (ch == '{' || ch == '[')
		g->depth++;
	else if ((ch == '}' || ch == ']') && g->depth)
		g->depth--;
	g->values += ch == ',' || ch == '{' || ch == '[';
	return NULL;
}

static int gate_check(struct str text, size_t max, struct err *e)
{
	struct gate g = { 0 };
	if (text.n > max)
		return err_set(e, ERR_LIMIT, "JSON text of %zu bytes is larger than %zu", text.n,
			       max);
	for (size_t i = 0; i < text.n; i++) {
		const char *bad = gate_byte(&g, text, i);
		if (bad)
			return err_set(e, ERR_INVALID, "no valid JSON: %s at byte %zu", bad, i);
		if (g.depth > JSON_DEPTH_MAX)
			return err_set(e, ERR_LIMIT, "JSON is nested deeper than %d at byte %zu",
				       JSON_DEPTH_MAX, i);
	}
	if (g.values > VALUES_MAX)
		return err_set(e, ERR_LIMIT, "JSON has more than %d values", VALUES_MAX);
	return 0;
}

int json_parse(struct str text, struct json **out, struct err *e)
{
	return json_parse_upto(text, JSON_TREE_MAX, out, e);
}

int json_parse_upto(struct str text, size_t max, struct json **out, struct err *e)
{
	int r = gate_check(text, max, e);
	if (r)
		return r;
	const char *stop = NULL;
	cJSON *j = cJSON_ParseWithLengthOpts(text.n ? text.p : "", text.n, &stop, 0);
	if (!j)
		return err_set(e, ERR_INVALID, "no valid JSON at byte %td",
			       stop && text.n ? stop - text.p : 0);
	if (str_trim(str_from(text, (size_t)(stop - text.p))).n) {
		cJSON_Delete(j);
		return err_set(e, ERR_INVALID, "bytes behind the JSON value at byte %td",
			       stop - text.p);
	}
	*out = (struct json *)j;
	return 0;
}

void json_free(struct json *j)
{
	cJSON_Delete((cJSON *)j);
}

void cleanup_json(struct json **j)
{
	json_free(*j);
}

const struct json *json_get(const struct json *object, const char *key)
{
	return (const struct json *)(cJSON_IsObject(c(object))
					     ? cJSON_GetObjectItemCaseSensitive(c(object), key)
					     : NULL);
}

const struct json *json_at(const struct json *array, size_t i)
{
	const struct json *j = json_is_array(array) ? json_first(array) : NULL;
	while (j && i--)
		j = json_next(j);
	return j;
}

size_t json_count(const struct json *j)
{
	size_t n = 0;
	JSON_EACH(child, j)
	n++;
	return n;
}

const struct json *json_first(const struct json *j)
{
	return (const struct json *)(cJSON_IsObject(c(j)) || cJSON_IsArray(c(j)) ? c(j)->child
										 : NULL);
}

const struct json *json_next(const struct json *child)
{
	return (const struct json *)c(child)->next;
}

struct str json_key(const struct json *child)
{
	return str_of(child ? c(child)->string : NULL);
}

struct str json_str(const struct json *j)
{
	return str_of(cJSON_IsString(c(j)) ? c(j)->valuestring : NULL);
}

struct str json_get_str(const struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

bool json_is_object(const struct json *j)
{
	return cJSON_IsObject(c(j));
}

bool json_is_array(const struct json *j)
{
	return cJSON_IsArray(c(j));
}

bool json_is_string(const struct json *j)
{
	return cJSON_IsString(c(j));
}

bool json_is_null(const struct json *j)
{
	return cJSON_IsNull(c(j));
}

bool json_bool(const struct json *j, bool otherwise)
{
	return cJSON_IsBool(c(j)) ? cJSON_IsTrue(c(j)) : otherwise;
}

double json_double(const struct json *j, double otherwise)
{
	return cJSON_IsNumber(c(j)) && isfinite(c(j)->valuedouble) ? c(j)->valuedouble : otherwise;
}

bool json_u64(const struct json *j, uint64_t *out)
{
	double d = json_double(j, -1);
	if (d < 0 || d > 9007199254740992.0 || d != floor(d))
		return false;
	*out = (uint64_t)d;
	return true;
}
