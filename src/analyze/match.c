/* Path patterns of analyzers, filed by a literal part. A hostile layer may choose its names so that every one hits a
 * chain: chains hold patterns (dozens), never paths, so that costs a constant factor. */
#include "analyze/match.h"

enum key { KEY_NAME = 1, KEY_EXTENSION, KEY_FOLDER };

struct match_pattern {
	struct match_pattern *next;
	struct str pattern, literal;
	enum key key;
	uint64_t hash;
	size_t analyzer;
	bool whole_path, plain; /* plain: no wildcard at all */
};

static uint64_t key_hash(enum key key, struct str s)
{
	return str_hash(s) * 2654435761u + key;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("*?[\\", s.p[i]) && s.p[i])
			return false;
	return true;
}

static struct str last_component(struct str path)
{
	return str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
}

/* The last ".ext" of a name, with the dot; empty when there is none. */
static struct str extension(struct str name)
{
	ssize_t dot = str_rfind_char(name, '.');
	return dot < 0 ? (struct str){ 0 } : str_from(name, (size_t)dot);
}

/* Chooses the literal part of the pattern; false when there is none. */
static bool choose_key(struct match_pattern *p)
{
	struct str name = last_component(p->pattern);
	struct str folder = str_upto(p->pattern, p->pattern.n - name.n);
	struct str ext = extension(name);
	if (is_plain(name)) {
		p->key = KEY_NAME;
		p->literal = name;
	} else if (folder.n > 1 && is_plain(folder)) {
		p->key = KEY_FOLDER;
		p->literal = folder;
	} else if (ext.n > 1 && is_plain(ext)) {
		p->key = KEY_EXTENSION;
		p->literal = ext;
	} else {
		return false;
	}
	p->hash = key_hash(p->key, p->literal);
	return true;
}

static void file_pattern(struct matcher *m, struct match_pattern *p)
{
	struct match_pattern **slot = choose_key(p) ? &m->slots[p->hash & m->mask] : &m->always;
	p->next = *slot;
	*slot = p;
}

void matcher_init(struct matcher *m, struct arena *a, const struct analyzer *const *list)
{
	size_t n = 0, slots = 64;
	for (size_t i = 0; list[i]; i++)
		for (const char *const *p = list[i]->patterns; p && *p; p++)
			n++;
	while (slots < 4 * n)
		slots *= 2;
	*m = (struct matcher){ .mask = slots - 1 };
	m->slots = arena_array(a, slots, sizeof *m->slots);
	for (size_t i = 0; list[i]; i++)
		for (const char *const *text = list[i]->patterns; text && *text; text++) {
			struct match_pattern *p = ARENA_NEW(a, struct match_pattern);
			p->pattern = str_of(*text);
			p->analyzer = i;
			p->whole_path = str_find_char(p->pattern, '/') >= 0;
			p->plain = is_plain(p->pattern);
			file_pattern(m, p);
		}
}

static bool fits(const struct match_pattern *p, struct str path, struct str name)
{
	struct str text = p->whole_path ? path : name;
	return p->plain ? str_eq(p->pattern, text) : str_glob(p->pattern, text);
}

struct hits {
	void (*hit)(void *ctx, size_t analyzer);
	void *ctx;
	size_t n, seen[32];
};

/* An analyzer may have several patterns that fit. One beyond the 32nd analyzer of one path could be told twice. */
static void tell_once(struct hits *h, size_t analyzer)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->seen[i] == analyzer)
			return;
	if (h->n < COUNT(h->seen))
		h->seen[h->n++] = analyzer;
	h->hit(h->ctx, analyzer);
}

static void look_up(const struct matcher *m, enum key key, struct str literal, struct str path,
		    struct str name, struct hits *h)
{
	if (literal.n == 0)
		return;
	uint64_t hash = key_hash(key, literal);
	for (const struct match_pattern *p = m->slots[hash & m->mask]; p; p = p->next)
		if (p->hash == hash && p->key == key && fits(p, path, name))
			tell_once(h, p->analyzer);
}

void matcher_find(const struct matcher *m, struct str path, void (*hit)(void *ctx, size_t analyzer),
		  void *ctx)
{
	struct hits h = { .hit = hit, .ctx = ctx };
	struct str name = last_component(path);
	look_up(m, KEY_NAME, name, path, name, &h);
	look_up(m, KEY_EXTENSION, extension(name), path, name, &h);
	look_up(m, KEY_FOLDER, str_upto(path, path.n - name.n), path, name, &h);
	for (const struct match_pattern *p = m->always; p; p = p->next)
		if (fits(p, path, name))
			tell_once(&h, p->analyzer);
}

/* Ends are compared first: most patterns differ there, and a glob costs more. */
static bool pattern_matches(struct str pattern, struct str path, struct str name)
{
	struct str text = str_find_char(pattern, '/') < 0 ? name : path;
	if (pattern.n == 0 || text.n == 0)
		return false;
	char first = pattern.p[0], last = pattern.p[pattern.n - 1];
	if (!strchr("*?[\\", first) && first != text.p[0])
		return false;
	if (!strchr("*?\\]", last) && last != text.p[text.n - 1])
		return false;
	return str_glob(pattern, text);
}

bool analyzer_wants(const struct analyzer *an, struct str path)
{
	struct str name = last_component(path);
	for (const char *const *p = an->patterns; *p; p++)
		if (pattern_matches(str_of(*p), path, name))
			return true;
	return false;
}
