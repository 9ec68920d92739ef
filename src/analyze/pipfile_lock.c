/* Pipfile.lock of Pipenv (github.com/pypa/pipfile): "default" and "develop" are tables of packages, each with "version"
 * ("==1.0") or "git" and "ref"; other tables are further categories. The file does not tell who needs what.
 *
 * Hostile input: JSON of any size and shape, read one package at a time. */
#include "analyze/python.h"

struct reader {
	struct listing l;
	bool develop;
};

static int add(struct reader *rd, struct str name, const struct json *j, bool develop,
	       struct err *e)
{
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "Pipfile.lock: '%.*s' is no package", STR(name));
	struct str version = python_pinned(json_get_str(j, "version")),
		   git = json_get_str(j, "git");
	if (!version.n) {
		listing_note(&rd->l, "%.*s has no version%s", (int)MIN(name.n, (size_t)100), name.p,
			     git.n ? ": it comes from a repository" : "");
		return 0;
	}
	size_t before = rd->l.file->n_packages;
	struct record_package *p = listing_add(&rd->l, name, version);
	listing_set(&rd->l, p, "marker", json_get_str(j, "markers"));
	/* What both ask for is no matter of development alone; "default" comes first. */
	if (develop && rd->l.file->n_packages > before)
		listing_set(&rd->l, p, "dev", S("true"));
	return 0;
}

static int on_default(void *ctx, struct str name, const struct json *j, struct err *e)
{
	return add(ctx, name, j, false, e);
}

static int on_develop(void *ctx, struct str name, const struct json *j, struct err *e)
{
	return add(ctx, name, j, true, e);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = { { "default", on_default },
						     { "develop", on_develop },
						     { 0 } };
	struct reader rd = { 0 };
	unsigned found = 0;
	(void)state;
	listing_begin(&rd.l, an, f, "pipfile_lock", "pypi");
	int r = listing_json(whole, rules, &rd, &found, e);
	if (r == 0 && !found)
		r = err_set(e, ERR_INVALID, "Pipfile.lock: it has no packages");
	return r == 0 ? listing_end(&rd.l, e) : r;
}

static const char *const patterns[] = { "Pipfile.lock", NULL };

const struct analyzer analyzer_pipfile_lock = {
	.name = "pipfile_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
