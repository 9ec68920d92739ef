/* YAML by libyaml's event parser; see yaml.h for what is refused. */
#include "base/yaml.h"

#include "base/map.h"

#include <yaml.h>

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	unsigned nodes, nodes_max;
	struct err *e;
};

static int refuse(struct builder *b, const yaml_event_t *ev, const char *what)
{
	return err_set(b->e, ERR_INVALID, "line %zu: %s", ev->start_mark.line + 1, what);
}

static int next_event(struct builder *b, yaml_event_t *ev)
{
	if (!yaml_parser_parse(&b->parser, ev))
		return err_set(b->e, ERR_INVALID, "line %zu: %s", b->parser.problem_mark.line + 1,
			       b->parser.problem ? b->parser.problem : "no valid YAML");
	return 0;
}

static int build(struct builder *b, yaml_event_t *ev, unsigned depth, struct yaml **out);

/* The children of one map or list, as they come. */
struct children {
	struct yaml *parent, **tail;
	size_t n;
	struct arena scratch;
	struct map keys; /* once there are many */
};
enum { MANY = 32 };

static bool is_there(struct children *c, struct str key)
{
	if (c->n < MANY)
		return yaml_get(c->parent, key);
	if (c->n == MANY && c->keys.n == 0)
		for (const struct yaml *y = c->parent->first; y; y = y->next)
			*map_at(&c->keys, y->key) = c;
	void **at = map_at(&c->keys, key);
	bool there = *at;
	*at = c;
	return there;
}

static int add_child(struct builder *b, struct children *c, struct str key, yaml_event_t *ev,
		     unsigned depth)
{
	struct yaml *child = NULL;
	int r = build(b, ev, depth + 1, &child);
	if (r)
		return r;
	if (c->parent->kind == YAML_MAP && is_there(c, key))
		return err_set(b->e, ERR_INVALID, "line %u: key '%.*s' is there twice", child->line,
			       STR(key));
	child->key = key;
	*c->tail = child;
	c->tail = &child->next;
	c->n++;
	return 0;
}

/* The key of a map entry: a scalar. */
static int take_key(struct builder *b, yaml_event_t *ev, struct str *key)
{
	if (ev->type != YAML_SCALAR_EVENT)
		return refuse(b, ev, "a key must be a plain word");
	*key = arena_str(b->arena, (struct str){ (const char *)ev->data.scalar.value,
						 ev->data.scalar.length });
	return 0;
}

static int build_each(struct builder *b, struct children *c, unsigned depth)
{
	const struct yaml *parent = c->parent;
	yaml_event_type_t end =
		parent->kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	for (;;) {
		yaml_event_t ev;
		struct str key = { 0 };
		int r = next_event(b, &ev);
		if (r)
			return r;
		if (ev.type == end) {
			yaml_event_delete(&ev);
			return 0;
		}
		if (parent->kind == YAML_MAP) {
			r = take_key(b, &ev, &key);
			yaml_event_delete(&ev);
			if (r == 0)
				r = next_event(b, &ev);
			if (r)
				return r;
		}
		r = add_child(b, c, key, &ev, depth);
		yaml_event_delete(&ev);
		if (r)
			return r;
	}
}

static int build_children(struct builder *b, struct yaml *parent, unsigned depth)
{
	struct children c = { .parent = parent, .tail = &parent->first };
	map_init(&c.keys, &c.scratch);
	int r = build_each(b, &c, depth);
	arena_done(&c.scratch);
	return r;
}

static int build(struct builder *b, yaml_event_t *ev, unsigned depth, struct yaml **out)
{
	if (depth > YAML_DEPTH_MAX || ++b->nodes > b->nodes_max)
		return refuse(b, ev, "too deep or too large");
	struct yaml *y = ARENA_NEW(b->arena, struct yaml);
	y->line = (unsigned)ev->start_mark.line + 1;
	*out = y;
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		y->kind = YAML_SCALAR;
		y->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		y->value = arena_str(b->arena, (struct str){ (const char *)ev->data.scalar.value,
							     ev->data.scalar.length });
		return 0;
	case YAML_MAPPING_START_EVENT:
		y->kind = YAML_MAP;
		return build_children(b, y, depth);
	case YAML_SEQUENCE_START_EVENT:
		y->kind = YAML_LIST;
		return build_children(b, y, depth);
	case YAML_ALIAS_EVENT:
		return refuse(b, ev, "aliases are not accepted");
	default:
		return refuse(b, ev, "unexpected");
	}
}

/* Stream start, document start, one value, document end, stream end. */
static int build_document(struct builder *b, struct yaml **out)
{
	struct yaml *root = ARENA_NEW(b->arena, struct yaml);
	root->kind = YAML_MAP;
	root->line = 1;
	bool seen = false;
	for (;;) {
		yaml_event_t ev;
		int r = next_event(b, &ev);
		if (r)
			return r;
		yaml_event_type_t type = ev.type;
		if (type == YAML_DOCUMENT_START_EVENT && seen)
			r = refuse(b, &ev, "only one document is accepted");
		else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
			 type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT) {
			r = build(b, &ev, 1, &root);
			seen = true;
		}
		yaml_event_delete(&ev);
		if (r)
			return r;
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	*out = root;
	return 0;
}

static int parse(struct arena *a, struct str text, size_t bytes_max, unsigned nodes_max,
		 struct yaml **out, struct err *e)
{
	struct builder b = { .arena = a, .nodes_max = nodes_max, .e = e };
	if (text.n > bytes_max)
		return err_set(e, ERR_LIMIT, "YAML text of %zu bytes is larger than %zu", text.n,
			       bytes_max);
	if (!yaml_parser_initialize(&b.parser))
		abort();
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.n ? text.p : ""),
				     text.n);
	int r = build_document(&b, out);
	yaml_parser_delete(&b.parser);
	return r;
}

int yaml_parse(struct arena *a, struct str text, struct yaml **out, struct err *e)
{
	return parse(a, text, YAML_BYTES_MAX, YAML_NODES_MAX, out, e);
}

int yaml_parse_large(struct arena *a, struct str text, struct yaml **out, struct err *e)
{
	return parse(a, text, YAML_LARGE_BYTES_MAX, YAML_LARGE_NODES_MAX, out, e);
}

const struct yaml *yaml_get(const struct yaml *map, struct str key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml *c = map->first; c; c = c->next)
		if (str_eq(c->key, key))
			return c;
	return NULL;
}
