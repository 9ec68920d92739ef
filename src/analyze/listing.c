/* What analyzers of language packages share; see listing.h.
 *
 * Hostile input: names with control bytes or of any length (a note instead of a package), a million packages (a limit),
 * JSON of any size and shape (read as events; only one element at a time is a tree). */
#include "analyze/listing.h"

#include "base/stream.h"

#include <stdarg.h>
#include <stdio.h>

enum { NOTE_MAX = 700 };
static const struct str bom = { "\xEF\xBB\xBF", 3 };

void listing_begin(struct listing *l, struct analysis *an, const struct file *f,
		   const char *analyzer, const char *type)
{
	*l = (struct listing){ .an = an, .type = str_of(type) };
	l->file = record_add_file(an->arena, an->record, f->path, analyzer, f->size);
	map_init(&l->seen, an->arena);
}

int listing_end(const struct listing *l, struct err *e)
{
	if (l->full && analysis_full(l->an))
		return err_set(e, ERR_LIMIT, "more packages than a quarter of layer_memory holds");
	return l->full ? err_set(e, ERR_LIMIT, "more than %llu packages",
				 (unsigned long long)l->an->limits->packages)
		       : 0;
}

int listing_text(const struct listing *l, const struct whole *w, struct str *out, struct err *e)
{
	struct str text = w->mem;
	if (w->size > LISTING_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d bytes", LISTING_TEXT_MAX);
	if (w->fd >= 0) {
		char *p = arena_alloc(l->an->arena, (size_t)w->size + 1);
		int r = whole_read(w, 0, p, (size_t)w->size, e);
		if (r < 0)
			return r;
		text = (struct str){ p, (size_t)w->size };
	}
	*out = str_starts(text, bom) ? str_from(text, bom.n) : text;
	return 0;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return s.n > 0 && s.n <= LISTING_NAME_MAX;
}

void listing_note(struct listing *l, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	record_add_note(l->an->arena, l->an->record, l->an->limits, l->file->path,
			(struct str){ text, n < 0 ? 0 : MIN((size_t)n, sizeof text - 1) });
}

static struct str at_version(struct arena *a, struct str name, struct str version)
{
	return arena_printf(a, "%.*s@%.*s", STR(name), STR(version));
}

struct record_package *listing_add(struct listing *l, struct str name, struct str version)
{
	struct arena *a = l->an->arena;
	l->scrap = (struct record_package){ 0 };
	name = str_trim(name);
	version = str_trim(version);
	if (!is_plain(name)) {
		listing_note(l, "an entry names no package");
		return &l->scrap;
	}
	if (!is_plain(version)) {
		listing_note(l, "%.*s: %s", STR(name),
			     version.n ? "its version is none" : "no version is pinned");
		return &l->scrap;
	}
	struct str key = at_version(a, name, version);
	uintptr_t place = (uintptr_t)map_get(&l->seen, key);
	if (place)
		return &l->file->packages[place - 1];
	if (l->file->n_packages >= l->an->limits->packages || analysis_full(l->an)) {
		l->full = true;
		return &l->scrap;
	}
	struct record_package *p = record_add_package(a, l->file);
	*map_at(&l->seen, key) = (void *)(uintptr_t)l->file->n_packages;
	p->type = l->type;
	p->name = p->source_name = arena_str(a, name);
	p->version = p->source_version = arena_str(a, version);
	return p;
}

void listing_licence(struct listing *l, struct record_package *p, struct str licence)
{
	struct arena *a = l->an->arena;
	licence = str_trim(licence);
	if (licence.n == 0)
		return;
	for (size_t i = 0; i < p->licences.n; i++)
		if (str_eq(p->licences.v[i], licence))
			return;
	*ARENA_PUSH(a, p->licences.v, p->licences.n, p->licences.cap) = arena_str(a, licence);
}

void listing_need(struct listing *l, struct record_package *p, struct str name, struct str version)
{
	struct arena *a = l->an->arena;
	if (is_plain(name))
		*ARENA_PUSH(a, p->depends.v, p->depends.n, p->depends.cap) =
			version.n ? at_version(a, name, version) : arena_str(a, name);
}

void listing_set(struct listing *l, struct record_package *p, const char *key, struct str value)
{
	if (value.n && record_attr(p->attrs, p->n_attrs, str_of(key)).n == 0)
		record_package_attr(l->an->arena, p, str_of(key), arena_str(l->an->arena, value));
}

/* Relations */

static struct str relation(const struct record_package *p)
{
	return record_attr(p->attrs, p->n_attrs, S("relation"));
}

/* What packages need; roots_only: of those that are roots. */
static void collect_needs(struct listing *l, struct map *set, bool roots_only)
{
	map_init(set, l->an->arena);
	for (size_t i = 0; i < l->file->n_packages; i++) {
		const struct record_package *p = &l->file->packages[i];
		if (roots_only && !str_eq(relation(p), S("root")))
			continue;
		for (size_t k = 0; k < p->depends.n; k++)
			*map_at(set, p->depends.v[k]) = set;
	}
}

static bool is_needed(struct listing *l, const struct map *set, const struct record_package *p)
{
	return map_get(set, p->name) || map_get(set, at_version(l->an->arena, p->name, p->version));
}

void listing_relate(struct listing *l)
{
	struct map needs;
	bool known = false;
	for (size_t i = 0; i < l->file->n_packages && !known; i++)
		known = relation(&l->file->packages[i]).n > 0;
	if (!known)
		return;
	collect_needs(l, &needs, true);
	for (size_t i = 0; i < l->file->n_packages; i++) {
		struct record_package *p = &l->file->packages[i];
		listing_set(l, p, "relation",
			    is_needed(l, &needs, p) ? S("direct") : S("indirect"));
	}
}

void listing_relate_unneeded(struct listing *l)
{
	struct map needs;
	collect_needs(l, &needs, false);
	for (size_t i = 0; i < l->file->n_packages; i++)
		if (!is_needed(l, &needs, &l->file->packages[i]))
			listing_set(l, &l->file->packages[i], "relation", S("direct"));
}

/* JSON */

struct json_walk {
	const struct listing_rule *rules;
	size_t n_rules, item;
	unsigned depths[LISTING_RULES_MAX]; /* keys in `at` */
	unsigned alive[JSON_DEPTH_MAX + 1]; /* by depth: rules whose keys agree so far */
	unsigned found;
	void *ctx;
};

static bool key_agrees(const char *at, unsigned n, struct str key)
{
	struct str rest = str_of(at), part = str_cut(&rest, '/');
	while (n--)
		part = str_cut(&rest, '/');
	return str_eq(part, S("*")) || str_eq(part, key);
}

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct json_walk *w = ctx;
	unsigned alive = 0;
	(void)index;
	(void)e;
	for (size_t i = 0; i < w->n_rules; i++) {
		if (!(w->alive[depth - 1] & 1u << i))
			continue;
		if (w->depths[i] == depth - 1) {
			w->item = i;
			return 1;
		}
		if (key_agrees(w->rules[i].at, depth - 1, key))
			alive |= 1u << i;
	}
	w->alive[depth] = alive;
	return alive ? 0 : 2;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct json_walk *w = ctx;
	(void)depth;
	(void)index;
	return w->rules[w->item].item(w->ctx, key, tree, e);
}

static int on_end(void *ctx, unsigned depth, struct err *e)
{
	struct json_walk *w = ctx;
	(void)e;
	for (size_t i = 0; i < w->n_rules; i++) {
		bool room = w->depths[i] == depth && str_ends(str_of(w->rules[i].at), S("*"));
		if ((w->alive[depth - 1] & 1u << i) && (w->depths[i] == depth - 1 || room))
			w->found |= 1u << i;
	}
	return 0;
}

static struct stream *open_body(const struct whole *w, struct err *e, int *r)
{
	struct stream *s = w->fd >= 0 ? stream_fd(w->fd, false, (off_t)w->offset, w->size)
				      : stream_mem(w->mem);
	*r = (int)stream_fill(s, e);
	if (*r >= (int)bom.n && memcmp(s->pos, bom.p, bom.n) == 0)
		s->pos += bom.n;
	return s;
}

int listing_json(const struct whole *w, const struct listing_rule *rules, void *ctx,
		 unsigned *found, struct err *e)
{
	static const struct json_handlers handlers = { on_member, on_value, on_end };
	struct json_walk walk = { .rules = rules, .ctx = ctx };
	int r;
	while (walk.n_rules < LISTING_RULES_MAX && rules[walk.n_rules].item) {
		const char *at = rules[walk.n_rules].at;
		unsigned *n = &walk.depths[walk.n_rules];
		for (*n = *at ? 1 : 0; *at; at++)
			*n += *at == '/';
		walk.alive[0] |= 1u << walk.n_rules++;
	}
	struct stream *s CLEANUP(cleanup_stream) = open_body(w, e, &r);
	if (r >= 0)
		r = json_read(s, &handlers, &walk, e);
	if (r >= 0 && found)
		*found = walk.found;
	return r < 0 ? r : 0;
}
