/* CBOR (RFC 8949), the part that COSE needs, strictly: definite lengths, heads as short as they can be, text that is UTF-8
 * without NUL, the simple values false, true and null, no floating point, each key of a map once. Hostile input may claim
 * lengths that are not there, nest deeply, or repeat a key so that two readers see two values. A number of items is bounded
 * before it is believed, nothing is allocated, and an item in its shortest form equals another exactly when their bytes do. */
#include "trust/cbor.h"

static int head(struct str *s, unsigned *major, uint64_t *n, struct err *e)
{
	if (s->n == 0)
		return err_set(e, ERR_INVALID, "CBOR ends early");
	unsigned char first = (unsigned char)s->p[0];
	unsigned low = first & 31;
	size_t more = low < 24 ? 0 : (size_t)1 << (low - 24);
	uint64_t v = low;
	if (low > 27)
		return err_set(e, ERR_INVALID, "CBOR: indefinite lengths are not allowed");
	if (s->n < 1 + more)
		return err_set(e, ERR_INVALID, "CBOR ends early");
	if (more)
		v = 0;
	for (size_t i = 0; i < more; i++)
		v = v << 8 | (unsigned char)s->p[1 + i];
	if (more && (v < 24 || (more > 1 && v >> (4 * more) == 0)))
		return err_set(e, ERR_INVALID, "CBOR: a number is not in its shortest form");
	*major = first >> 5;
	*n = v;
	*s = str_from(*s, 1 + more);
	return 0;
}

int cbor_next(struct str *s, struct cbor *out, struct err *e)
{
	struct str rest = *s;
	struct cbor item = { 0 };
	unsigned major = 0;
	if (head(&rest, &major, &item.n, e))
		return e->code;
	item.type = (enum cbor_type)major;
	if (item.type == CBOR_BYTES || item.type == CBOR_TEXT) {
		if (item.n > rest.n)
			return err_set(e, ERR_INVALID, "CBOR: a string ends early");
		item.bytes = str_upto(rest, (size_t)item.n);
		rest = str_from(rest, (size_t)item.n);
		if (item.type == CBOR_TEXT && !str_is_utf8(item.bytes))
			return err_set(e, ERR_INVALID, "CBOR: a text is no UTF-8");
	} else if (item.type == CBOR_ARRAY || item.type == CBOR_MAP) {
		if (item.n > CBOR_ITEMS_MAX)
			return err_set(e, ERR_LIMIT, "CBOR: more than %d items", CBOR_ITEMS_MAX);
	} else if (item.type == CBOR_SIMPLE && (item.n < 20 || item.n > 22)) {
		return err_set(e, ERR_INVALID, "CBOR: a simple value or float that is not known");
	}
	*out = item;
	*s = rest;
	return 0;
}

static int skip(struct str *s, unsigned depth, struct err *e);

static int skip_map(struct str *s, size_t n, unsigned depth, struct err *e)
{
	struct str keys[CBOR_ITEMS_MAX];
	for (size_t i = 0; i < n; i++) {
		struct str before = *s;
		if (skip(s, depth, e))
			return e->code;
		keys[i] = str_upto(before, before.n - s->n);
		for (size_t k = 0; k < i; k++)
			if (str_eq(keys[k], keys[i]))
				return err_set(e, ERR_INVALID, "CBOR: a key is there twice");
		if (skip(s, depth, e))
			return e->code;
	}
	return 0;
}

static int skip(struct str *s, unsigned depth, struct err *e)
{
	struct cbor item = { 0 };
	if (depth == CBOR_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "CBOR is nested deeper than %d", CBOR_DEPTH_MAX);
	if (cbor_next(s, &item, e))
		return e->code;
	if (item.type == CBOR_MAP)
		return skip_map(s, (size_t)item.n, depth + 1, e);
	size_t n = item.type == CBOR_ARRAY ? (size_t)item.n : item.type == CBOR_TAG;
	for (size_t i = 0; i < n; i++)
		if (skip(s, depth + 1, e))
			return e->code;
	return 0;
}

int cbor_item(struct str *s, struct str *whole, struct err *e)
{
	struct str rest = *s;
	if (skip(&rest, 0, e))
		return e->code;
	*whole = str_upto(*s, s->n - rest.n);
	*s = rest;
	return 0;
}

int cbor_map(struct str whole, struct cbor_pair v[CBOR_ITEMS_MAX], size_t *n, struct err *e)
{
	struct str rest = whole, checked;
	struct cbor map = { 0 };
	if (cbor_item(&rest, &checked, e))
		return e->code;
	if (rest.n)
		return err_set(e, ERR_INVALID, "CBOR: bytes behind a map");
	if (cbor_next(&whole, &map, e))
		return e->code;
	if (map.type != CBOR_MAP)
		return err_set(e, ERR_INVALID, "CBOR: a map is wanted");
	for (size_t i = 0; i < map.n; i++)
		if (cbor_item(&whole, &v[i].key, e) || cbor_item(&whole, &v[i].value, e))
			return e->code;
	*n = (size_t)map.n;
	return 0;
}

static bool is_string(enum cbor_type type, struct str whole, struct str *out)
{
	struct cbor item = { 0 };
	struct err e;
	if (cbor_next(&whole, &item, &e) || whole.n || item.type != type)
		return false;
	*out = item.bytes;
	return true;
}

bool cbor_is_text(struct str whole, struct str *text)
{
	return is_string(CBOR_TEXT, whole, text);
}

bool cbor_is_bytes(struct str whole, struct str *bytes)
{
	return is_string(CBOR_BYTES, whole, bytes);
}

bool cbor_is_int(struct str whole, int64_t *v)
{
	struct cbor item = { 0 };
	struct err e;
	if (cbor_next(&whole, &item, &e) || whole.n || item.n > INT64_MAX)
		return false;
	if (item.type != CBOR_UINT && item.type != CBOR_NEGATIVE)
		return false;
	*v = item.type == CBOR_UINT ? (int64_t)item.n : -1 - (int64_t)item.n;
	return true;
}

void cbor_put_head(struct buf *b, enum cbor_type type, uint64_t n)
{
	unsigned log = n < 24		 ? 0
		       : n <= UINT8_MAX	 ? 1
		       : n <= UINT16_MAX ? 2
		       : n <= UINT32_MAX ? 3
					 : 4;
	unsigned more = log ? 1u << (log - 1) : 0;
	buf_add_char(b, (char)((unsigned)type << 5 | (log ? 23 + log : (unsigned)n)));
	for (unsigned i = more; i-- > 0;)
		buf_add_char(b, (char)(n >> (8 * i) & 255));
}

void cbor_put_int(struct buf *b, int64_t v)
{
	cbor_put_head(b, v < 0 ? CBOR_NEGATIVE : CBOR_UINT,
		      v < 0 ? (uint64_t)(-1 - v) : (uint64_t)v);
}

void cbor_put_bytes(struct buf *b, struct str bytes)
{
	cbor_put_head(b, CBOR_BYTES, bytes.n);
	buf_add_str(b, bytes);
}

void cbor_put_text(struct buf *b, struct str text)
{
	cbor_put_head(b, CBOR_TEXT, text.n);
	buf_add_str(b, text);
}

static int compare_keys(const void *a, const void *b)
{
	return str_cmp(((const struct cbor_pair *)a)->key, ((const struct cbor_pair *)b)->key);
}

void cbor_put_map(struct buf *b, struct cbor_pair *v, size_t n)
{
	qsort(v, n, sizeof *v, compare_keys);
	cbor_put_head(b, CBOR_MAP, n);
	for (size_t i = 0; i < n; i++) {
		buf_add_str(b, v[i].key);
		buf_add_str(b, v[i].value);
	}
}
