/* pyproject.toml (packaging.python.org, "pyproject.toml specification"; the tables of Poetry, PDM and uv): no packages, but
 * what the project asks for, for the lockfiles beside it.
 *
 *	[project] dependencies, optional-dependencies           [dependency-groups]
 *	[tool.poetry] dependencies, dev-dependencies, group.X.dependencies
 *	[tool.pdm] and [tool.uv] dev-dependencies
 *
 * Hostile input: as base/toml.h bounds it. */
#include "analyze/purl.h"
#include "analyze/python.h"
#include "base/toml.h"

static void ask(struct listing *l, struct str name, enum lock_kind kind)
{
	struct arena *a = l->an->arena;
	lock_manifest(a, l->file, purl_pypi_name(a, name), S(""), kind);
}

/* Specifiers; a table includes another group. */
static void ask_list(struct listing *l, const struct toml *list, enum lock_kind kind)
{
	struct requirement r;
	TOML_EACH(t, list)
	if (python_requirement(toml_str(t), &r))
		ask(l, r.name, kind);
}

static void ask_lists(struct listing *l, const struct toml *table, enum lock_kind kind)
{
	TOML_EACH(list, table)
	ask_list(l, list, kind);
}

/* Poetry's: a table by name, with the interpreter among them. */
static void ask_table(struct listing *l, const struct toml *table, enum lock_kind kind)
{
	TOML_EACH(t, table)
	if (!str_eq(t->key, S("python")))
		ask(l, t->key,
		    kind == LOCK_NEEDED && t->kind == TOML_TABLE &&
				    toml_is_true(toml_get(t, S("optional")))
			    ? LOCK_OPTIONAL
			    : kind);
}

static void read_tools(struct listing *l, const struct toml *tool)
{
	const struct toml *poetry = toml_get(tool, S("poetry"));
	ask_table(l, toml_get(poetry, S("dependencies")), LOCK_NEEDED);
	ask_table(l, toml_get(poetry, S("dev-dependencies")), LOCK_DEV);
	TOML_EACH(group, toml_get(poetry, S("group")))
	ask_table(l, toml_get(group, S("dependencies")), LOCK_DEV);
	ask_lists(l, toml_get(toml_get(tool, S("pdm")), S("dev-dependencies")), LOCK_DEV);
	ask_list(l, toml_get(toml_get(tool, S("uv")), S("dev-dependencies")), LOCK_DEV);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	const struct toml *doc;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, "pyproject", "pypi");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = toml_parse(an->arena, text, &doc, e);
	if (r)
		return r;
	const struct toml *project = toml_get(doc, S("project"));
	ask_list(&l, toml_get(project, S("dependencies")), LOCK_NEEDED);
	ask_lists(&l, toml_get(project, S("optional-dependencies")), LOCK_OPTIONAL);
	ask_lists(&l, toml_get(doc, S("dependency-groups")), LOCK_DEV);
	read_tools(&l, toml_get(doc, S("tool")));
	return 0;
}

static const char *const patterns[] = { "pyproject.toml", NULL };

const struct analyzer analyzer_pyproject = {
	.name = "pyproject",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
