/* JSON events over a stream: a scanner that knows just enough grammar to find where members begin and end, and hands
 * single values to json_parse. Memory: one key, one value asked for, and a stack of JSON_DEPTH_MAX levels. */
#include "base/json.h"
#include "base/stream.h"

enum { KEY_MAX = 4096 };

struct json_reader {
	struct stream *in;
	const struct json_handlers *h;
	void *ctx;
	uint64_t offset;
	struct buf key, text;
	bool keep;                      /* bytes passed over go into text */
};

/* The next byte without consuming it, -1 at the end, or a code below -1000. */
enum { AT_END = -1, FAILED = -1000 };

static int peek(struct json_reader *r, struct err *e)
{
	struct stream *in = r->in;
	if (in->pos == in->end) {
		ssize_t n = stream_fill(in, e);
		if (n < 0)
			return FAILED + (int)n;
		if (n == 0)
			return AT_END;
	}
	return *in->pos;
}

static int take(struct json_reader *r, struct err *e)
{
	if (r->keep) {
		if (r->text.n >= JSON_TREE_MAX)
			return err_set(e, ERR_LIMIT, "the value of '%.*s' is larger than %d bytes", STR(str_buf(&r->key)),
			               JSON_TREE_MAX);
		buf_add_char(&r->text, (char)*r->in->pos);
	}
	r->in->pos++;
	r->offset++;
	return 0;
}

static int bad(struct json_reader *r, int c, struct err *e)
{
	if (c <= FAILED)
		return c - FAILED;
	return err_set(e, ERR_INVALID, "no valid JSON: %s at byte %llu", c == AT_END ? "the text ends" : "unexpected byte",
	               (unsigned long long)r->offset);
}

static int skip_space(struct json_reader *r, struct err *e)
{
	for (;;) {
		int c = peek(r, e);
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return c;
		int t = take(r, e);
		if (t)
			return FAILED + t;
	}
}

/* Passes over a string, its quotes too; its raw text goes into `into` when not NULL (at most KEY_MAX). */
static int pass_string(struct json_reader *r, struct buf *into, struct err *e)
{
	bool escaped = false;
	for (unsigned n = 0;; n++) {
		int c = peek(r, e);
		if (c < 0x20)
			return bad(r, c, e);
		int t = take(r, e);
		if (t)
			return t;
		if (into && into->n >= KEY_MAX)
			return err_set(e, ERR_LIMIT, "a JSON key is longer than %d bytes", KEY_MAX);
		if (into)
			buf_add_char(into, (char)c);
		if (n && c == '"' && !escaped)
			return 0;
		escaped = n && !escaped && c == '\\';
	}
}

static int pass_scalar(struct json_reader *r, struct err *e)
{
	unsigned n = 0;
	for (;; n++) {
		int c = peek(r, e);
		bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'E';
		if (!word) {
			if (c <= FAILED || n == 0)
				return bad(r, c, e);
			return 0;
		}
		int t = take(r, e);
		if (t)
			return t;
	}
}

/* Passes over a whole value, bounded by nothing but its depth. */
static int pass_value(struct json_reader *r, struct err *e)
{
	unsigned depth = 0;
	do {
		int c = skip_space(r, e), t = 0;
		switch (c) {
		case '"':
			t = pass_string(r, NULL, e);
			break;
		case '{':
		case '[':
			depth++;
			t = take(r, e);
			break;
		case '}':
		case ']':
			if (depth == 0)
				return bad(r, c, e);
			depth--;
			t = take(r, e);
			break;
		case ',':
		case ':':
			if (depth == 0)
				return bad(r, c, e);
			t = take(r, e);
			break;
		default:
			t = c < 0 ? bad(r, c, e) : pass_scalar(r, e);
		}
		if (t)
			return t;
		if (depth > JSON_DEPTH_MAX)
			return err_set(e, ERR_LIMIT, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
	} while (depth);
	return 0;
}

static int value_as_tree(struct json_reader *r, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct json *tree CLEANUP(cleanup_json) = NULL;
	r->text.n = 0;
	r->keep = true;
	int t = pass_value(r, e);
	r->keep = false;
	if (t == 0)
		t = json_parse(str_buf(&r->text), &tree, e);
	if (t)
		return t;
	return r->h->value(r->ctx, depth, key, index, tree, e);
}

static int walk_value(struct json_reader *r, unsigned depth, struct err *e);

/* Key of an object member, unescaped, in r->key; passes over the colon. */
static int read_key(struct json_reader *r, struct err *e)
{
	struct json *name CLEANUP(cleanup_json) = NULL;
	r->key.n = 0;
	if (peek(r, e) != '"')
		return bad(r, peek(r, e), e);
	int t = pass_string(r, &r->key, e);
	if (t == 0)
		t = json_parse(str_buf(&r->key), &name, e);
	if (t)
		return t;
	r->key.n = 0;
	buf_add_str(&r->key, json_str(name));
	int c = skip_space(r, e);
	return c == ':' ? take(r, e) : bad(r, c, e);
}

static int walk_member(struct json_reader *r, unsigned depth, size_t index, struct err *e)
{
	/* The key is copied: a walk below overwrites r->key. */
	char *copy CLEANUP(cleanup_free) = malloc(r->key.n + 1);
	if (!copy)
		abort();
	if (r->key.n)
		memcpy(copy, r->key.p, r->key.n);
	struct str key = { copy, r->key.n };
	int want = r->h->member(r->ctx, depth, key, index, e);
	if (want < 0)
		return want;
	int c = skip_space(r, e);
	if (c < 0)
		return bad(r, c, e);
	if (want == 1)
		return value_as_tree(r, depth, key, index, e);
	return want == 2 ? pass_value(r, e) : walk_value(r, depth, e);
}

static int walk_container(struct json_reader *r, unsigned depth, bool object, struct err *e)
{
	int close = object ? '}' : ']';
	int t = take(r, e), c;
	for (size_t index = 0; t == 0; index++) {
		c = skip_space(r, e);
		if (index == 0 && c == close)
			break;
		if (index) {
			if (c == close)
				break;
			if (c != ',')
				return bad(r, c, e);
			if ((t = take(r, e)))
				return t;
			c = skip_space(r, e);
		}
		if (c < 0)
			return bad(r, c, e);
		if (object)
			t = read_key(r, e);
		else
			r->key.n = 0;
		if (t == 0)
			t = walk_member(r, depth, index, e);
	}
	if (t == 0)
		t = take(r, e);
	if (t == 0 && r->h->end)
		t = r->h->end(r->ctx, depth, e);
	return t;
}

static int walk_value(struct json_reader *r, unsigned depth, struct err *e)
{
	int c = skip_space(r, e);
	if (c == '{' || c == '[') {
		if (depth >= JSON_DEPTH_MAX)
			return err_set(e, ERR_LIMIT, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
		return walk_container(r, depth + 1, c == '{', e);
	}
	return pass_value(r, e);
}

int json_read(struct stream *s, const struct json_handlers *h, void *ctx, struct err *e)
{
	struct json_reader r = { .in = s, .h = h, .ctx = ctx };
	int t = walk_value(&r, 0, e);
	if (t == 0) {
		int c = skip_space(&r, e);
		if (c != AT_END)
			t = bad(&r, c, e);
	}
	buf_done(&r.key);
	buf_done(&r.text);
	return t;
}
