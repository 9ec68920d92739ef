/* packages.config of NuGet (XML): <packages><package id= version= developmentDependency="true"/></packages>.
 *
 * Hostile input: what xml.c bounds. The file lists everything, direct or not, and does not say which. */
#include "analyze/lock.h"
#include "base/xml.h"

struct state {
	struct listing l;
	bool root;
};

static int on_start(void *ctx, unsigned depth, struct str name, const char **attributes,
		    struct err *e)
{
	struct state *s = ctx;
	(void)e;
	if (depth == 1)
		s->root = str_eq(name, S("packages"));
	if (depth != 2 || !s->root || !str_eq(name, S("package")))
		return 0;
	struct record_package *p = listing_add(&s->l, xml_attribute(attributes, "id"),
					       xml_attribute(attributes, "version"));
	if (str_eq_nocase(xml_attribute(attributes, "developmentDependency"), S("true")))
		listing_set(&s->l, p, "dev", S("true"));
	return 0;
}

static int on_end(void *ctx, unsigned depth, struct str name, struct str text, struct err *e)
{
	(void)ctx;
	(void)depth;
	(void)name;
	(void)text;
	(void)e;
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct xml_handlers handlers = { on_start, on_end };
	struct state s = { 0 };
	struct str text;
	(void)state;
	listing_begin(&s.l, an, f, "nuget_config", "nuget");
	int r = listing_text(&s.l, whole, &text, e);
	if (r < 0)
		return r;
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	r = xml_read(in, &handlers, &s, e);
	if (r < 0)
		return err_in(e, "packages.config");
	if (!s.root)
		return err_set(e, ERR_INVALID, "packages.config: its element is not <packages>");
	return listing_end(&s.l, e);
}

static const char *const patterns[] = { "packages.config", NULL };

const struct analyzer analyzer_nuget_config = {
	.name = "nuget_config",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
