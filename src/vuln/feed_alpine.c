/* Alpine's secdb: packages[].pkg{name, secfixes{version: [ids]}} for one repository of one release, distroversion and
 * reponame beside it. The names are of source packages (origins). Version "0" says that the package is not affected. An entry
 * of ids may hold several names of one thing ("CVE-2019-9956 XSA-3"). Where an id stands under several versions, the highest
 * mended it. Read package by package. A hostile document may be of any shape: wrong types read as absent. */
#include "vuln/feed.h"

#include "analyze/distro.h"
#include "base/json.h"
#include "base/map.h"
#include "vuln/version.h"

#include <stdlib.h>

enum { TEXT_MAX = 512, FIXES_MAX = 20000, NAMES_MAX = 20 };

struct alpine {
	const struct feed_sink *sink;
	struct arena arena, package; /* the document; one package */
	struct str release, ns;
	const struct version_scheme *scheme;
	unsigned packages;
	bool in_packages;
};

/* What one package says about one id. */
struct fix {
	struct str id, fixed;
	struct strs aliases;
	bool not_affected;
};
struct fixes {
	struct map by_id; /* -> struct fix */
	struct fix **v;
	size_t n, cap;
};

static void set_release(struct alpine *s, struct str release)
{
	struct str ecosystem = arena_printf(&s->arena, "Alpine:%.*s", STR(release));
	s->release = arena_str(&s->arena, release);
	s->ns = distro_of_ecosystem(&s->arena, ecosystem);
	if (s->ns.n == 0)
		s->ns = arena_printf(
			&s->arena, "alpine:%.*s",
			STR(str_starts(release, S("v")) ? str_from(release, 1) : release));
}

/* The version that counts of two: the higher one. */
static bool higher(const struct alpine *s, struct str a, struct str b)
{
	return b.n == 0 || !s->scheme || s->scheme->compare(a, b) > 0;
}

static void add_fix(struct alpine *s, struct fixes *all, struct str version, struct str entry)
{
	struct str id, alias;
	if (entry.n > TEXT_MAX || !str_word(&entry, &id) || all->n >= FIXES_MAX)
		return;
	id = arena_str(&s->package, id);
	struct fix **at = (struct fix **)map_at(&all->by_id, id);
	if (!*at) {
		*at = ARENA_NEW(&s->package, struct fix);
		(*at)->id = id;
		*ARENA_PUSH(&s->package, all->v, all->n, all->cap) = *at;
	}
	struct fix *f = *at;
	while (str_word(&entry, &alias) && f->aliases.n < NAMES_MAX)
		*ARENA_PUSH(&s->package, f->aliases.v, f->aliases.n, f->aliases.cap) =
			arena_str(&s->package, alias);
	if (str_eq(version, S("0")))
		f->not_affected = true;
	else if (higher(s, version, f->fixed))
		f->fixed = version;
}

/* "" of a list of ids is one that is a string alone in some documents. */
static void read_secfixes(struct alpine *s, const struct json *secfixes, struct fixes *all)
{
	map_init(&all->by_id, &s->package);
	JSON_EACH(ids, secfixes)
	{
		struct str version = str_trim(json_key(ids));
		if (version.n == 0 || version.n > TEXT_MAX)
			continue;
		version = arena_str(&s->package, version);
		if (json_is_string(ids))
			add_fix(s, all, version, json_str(ids));
		JSON_EACH(id, ids)
		add_fix(s, all, version, json_str(id));
	}
}

static int report(struct alpine *s, struct str name, const struct fix *f, struct err *e)
{
	struct range range = { .fixed = f->fixed };
	struct affected affected = { .ns = s->ns,
				     .package = name,
				     .scheme = "apk",
				     .status = STATUS_AFFECTED,
				     .ranges = &range,
				     .n_ranges = 1 };
	struct advisory adv = {
		.id = f->id, .aliases = f->aliases, .affected = &affected, .n_affected = 1
	};
	if (f->fixed.n == 0) {
		affected.n_ranges = 0;
		affected.not_affected = true;
		affected.status = STATUS_NOT_AFFECTED;
	}
	return s->sink->advisory(s->sink->ctx, &adv, e);
}

static int read_package(struct alpine *s, const struct json *tree, struct err *e)
{
	const struct json *pkg = json_get(tree, "pkg");
	struct str name = json_get_str(pkg, "name");
	struct fixes all = { 0 };
	int r = 0;
	if (s->ns.n == 0)
		return err_set(e, ERR_INVALID, "the document does not say which release it is for");
	if (name.n == 0 || name.n > TEXT_MAX) {
		s->sink->skipped(s->sink->ctx, S("a package"), "it has no name");
		return 0;
	}
	read_secfixes(s, json_get(pkg, "secfixes"), &all);
	for (size_t i = 0; i < all.n && r == 0; i++)
		r = report(s, name, all.v[i], e);
	arena_done(&s->package);
	s->packages++;
	return r;
}

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct alpine *s = ctx;
	(void)index;
	(void)e;
	if (depth == 2)
		return s->in_packages && key.n == 0 ? 1 : 2;
	s->in_packages = str_eq(key, S("packages"));
	return s->in_packages ? 0 : str_eq(key, S("distroversion")) ? 1 : 2;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct alpine *s = ctx;
	(void)key;
	(void)index;
	if (depth == 2)
		return read_package(s, tree, e);
	struct str release = json_str(tree);
	if (release.n && release.n <= TEXT_MAX)
		set_release(s, release);
	return 0;
}

/* detail: the release, for a document that names it behind its packages. */
static int alpine_parse(struct stream *in, struct str detail, const struct feed_sink *sink,
			struct err *e)
{
	static const struct json_handlers handlers = { on_member, on_value, NULL };
	struct alpine s = { .sink = sink, .scheme = version_scheme_find(S("apk")) };
	struct str release = str_cut(&detail, '/');
	if (release.n && release.n <= TEXT_MAX)
		set_release(&s, release);
	int r = json_read(in, &handlers, &s, e);
	if (r == 0 && s.ns.n == 0)
		r = err_set(e, ERR_INVALID, "no secdb: it names no release and no packages");
	arena_done(&s.package);
	arena_done(&s.arena);
	return r;
}

static bool alpine_probe(struct arena *a, struct str path, struct str head, struct str *detail)
{
	if (!str_starts(str_trim(head), S("{")) || str_find(head, S("\"packages\"")) < 0 ||
	    (str_find(head, S("\"reponame\"")) < 0 && str_find(head, S("\"secfixes\"")) < 0))
		return false;
	/* "v3.19/main.json" */
	struct str stem = path;
	ssize_t dot = str_rfind_char(stem, '.');
	if (dot > 0)
		stem = str_upto(stem, (size_t)dot);
	ssize_t slash = str_rfind_char(stem, '/');
	ssize_t before = slash < 0 ? -1 : str_rfind_char(str_upto(stem, (size_t)slash), '/');
	*detail = arena_str(a, slash < 0 ? S("") : str_from(stem, (size_t)(before + 1)));
	return true;
}

static void alpine_sources(struct arena *a, struct str base_url, struct feed_source **v, size_t *n)
{
	enum { OLDEST = 3, NEWEST = 25 };
	static const char *const repositories[] = { "main", "community" };
	struct str base = base_url.n ? base_url : S("https://secdb.alpinelinux.org");
	struct feed_source *s =
		arena_array(a, (NEWEST - OLDEST + 2) * COUNT(repositories), sizeof *s);
	size_t count = 0;
	for (int minor = OLDEST; minor <= NEWEST + 1; minor++) {
		struct str release = minor > NEWEST ? S("edge") : arena_printf(a, "v3.%d", minor);
		for (size_t i = 0; i < COUNT(repositories); i++) {
			struct feed_source *x = &s[count++];
			x->detail = arena_printf(a, "%.*s/%s", STR(release), repositories[i]);
			x->name = arena_printf(a, "alpine/%.*s", STR(x->detail));
			x->url = arena_printf(a, "%.*s/%.*s.json", STR(base), STR(x->detail));
		}
	}
	*v = s;
	*n = count;
}

const struct feed feed_alpine = {
	.name = "alpine",
	.probe = alpine_probe,
	.sources = alpine_sources,
	.parse = alpine_parse,
};
