/* Directory.Packages.props and its like (MSBuild, central package management): <PackageVersion Include= Version=/>,
 * <GlobalPackageReference> and <PackageReference> with a version, as attributes or as a child element. "$(Name)" is looked
 * up among the properties of the same file; one that is set elsewhere, a floating version ("1.*") and a range are
 * notes.
 *
 * Hostile input: properties that name one another (followed PROPERTY_DEPTH times), text that doubles each time
 * (VALUE_MAX). Conditions are not evaluated: every version that could be used is listed. */
#include "analyze/lock.h"
#include "base/xml.h"

enum { PROPERTY_DEPTH = 8, VALUE_MAX = 4096, PACKAGES_MAX = 100000 };

struct wanted {
	struct str name, version;
};
struct state {
	struct listing l;
	struct map properties; /* lower case is not tried: files are written by one hand */
	struct wanted *wanted;
	size_t n_wanted, wanted_cap;
	bool root, in_group, in_item;
};

static bool is_item(struct str name)
{
	return str_eq(name, S("PackageVersion")) || str_eq(name, S("PackageReference")) ||
	       str_eq(name, S("GlobalPackageReference"));
}

static int on_start(void *ctx, unsigned depth, struct str name, const char **attributes,
		    struct err *e)
{
	struct state *s = ctx;
	struct arena *a = s->l.an->arena;
	if (depth == 1)
		s->root = str_eq(name, S("Project"));
	if (depth == 2)
		s->in_group = str_eq(name, S("PropertyGroup"));
	s->in_item = s->in_item && depth > 3;
	if (!is_item(name))
		return 0;
	struct str id = xml_attribute(attributes, "Include");
	struct str version = xml_attribute(attributes, "VersionOverride");
	if (!id.n)
		id = xml_attribute(attributes, "Update");
	if (!version.n)
		version = xml_attribute(attributes, "Version");
	if (s->n_wanted >= PACKAGES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d packages", PACKAGES_MAX);
	*ARENA_PUSH(a, s->wanted, s->n_wanted, s->wanted_cap) =
		(struct wanted){ arena_str(a, id), arena_str(a, version) };
	s->in_item = true;
	return 0;
}

static int on_end(void *ctx, unsigned depth, struct str name, struct str text, struct err *e)
{
	struct state *s = ctx;
	struct arena *a = s->l.an->arena;
	(void)e;
	if (depth == 3 && s->in_group)
		*map_at(&s->properties, arena_str(a, name)) =
			arena_cstr(a, str_upto(str_trim(text), VALUE_MAX));
	if (s->in_item && str_eq(name, S("Version")) && s->n_wanted)
		s->wanted[s->n_wanted - 1].version = arena_str(a, str_trim(text));
	return 0;
}

/* Puts properties in; what is not known stays as it stands. */
static struct str expand(struct state *s, struct str v)
{
	struct arena *a = s->l.an->arena;
	for (unsigned i = 0; i < PROPERTY_DEPTH; i++) {
		ssize_t at = str_find(v, S("$("));
		struct str rest = str_from(v, (size_t)(at + 2)), name = str_cut(&rest, ')');
		const char *value = at < 0 ? NULL : map_get(&s->properties, name);
		if (!value || v.n + strlen(value) > VALUE_MAX)
			return v;
		v = arena_printf(a, "%.*s%s%.*s", (int)at, v.p, value, STR(rest));
	}
	return v;
}

static void list(struct state *s, const struct wanted *w)
{
	struct str version = expand(s, w->version);
	if (str_starts(version, S("[")) && str_ends(version, S("]")) &&
	    str_find_char(version, ',') < 0) /* "[1.0]": exactly this one */
		version = str_from(str_upto(version, version.n - 1), 1);
	bool pinned = true;
	for (size_t i = 0; i < version.n; i++)
		pinned = pinned && !strchr("$*[](),", version.p[i]);
	if (version.n && !pinned)
		listing_note(&s->l, "%.*s: not pinned to a version: %.*s", STR(w->name),
			     STR(version));
	else if (w->name.n && version.n)
		listing_add(&s->l, w->name, version);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct xml_handlers handlers = { on_start, on_end };
	struct state s = { 0 };
	struct str text;
	(void)state;
	listing_begin(&s.l, an, f, "nuget_props", "nuget");
	map_init(&s.properties, an->arena);
	int r = listing_text(&s.l, whole, &text, e);
	if (r < 0)
		return r;
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	r = xml_read(in, &handlers, &s, e);
	if (r < 0)
		return err_in(e, "Packages.props");
	if (!s.root)
		return err_set(e, ERR_INVALID, "Packages.props: its element is not <Project>");
	for (size_t i = 0; i < s.n_wanted; i++)
		list(&s, &s.wanted[i]);
	return listing_end(&s.l, e);
}

static const char *const patterns[] = { "*Packages.props", NULL };

const struct analyzer analyzer_nuget_props = {
	.name = "nuget_props",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
