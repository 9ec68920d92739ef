/* Package.resolved of the Swift package manager (JSON): version 1 has object.pins, 2 and 3 have pins, each with where the
 * repository is and a state {version, revision, branch}. A package's name is its repository without scheme and ".git", as
 * advisories name it. The file has no graph.
 *
 * Hostile input: JSON of any size, read pin by pin. A pin to a branch or a commit is a note. */
#include "analyze/lock.h"

static struct str name_of(struct arena *a, struct str location)
{
	ssize_t scheme = str_find(location, S("://"));
	if (scheme >= 0)
		location = str_from(location, (size_t)scheme + 3);
	ssize_t slash = str_find_char(location, '/');
	ssize_t at = str_find_char(slash < 0 ? location : str_upto(location, (size_t)slash), '@');
	location = str_from(location, (size_t)(at + 1));
	while (str_ends(location, S("/")))
		location.n--;
	if (str_ends(location, S(".git")))
		location.n -= 4;
	char *p = arena_cstr(a, location);
	ssize_t colon = str_find_char(location, ':');
	if (scheme < 0 && colon >= 0) /* git@host:owner/name */
		p[colon] = '/';
	return (struct str){ p, location.n };
}

static int on_pin(void *ctx, struct str key, const struct json *pin, struct err *e)
{
	struct listing *l = ctx;
	const struct json *state = json_get(pin, "state");
	struct str location = json_get_str(pin, "location"),
		   version = json_get_str(state, "version");
	(void)key;
	(void)e;
	if (!location.n)
		location = json_get_str(pin, "repositoryURL");
	if (!location.n) /* from a registry: "scope.name" */
		location = json_get_str(pin, "identity");
	struct str name = name_of(l->an->arena, location);
	struct str branch = json_get_str(state, "branch"),
		   revision = json_get_str(state, "revision");
	if (!version.n && (branch.n || revision.n)) {
		listing_note(l, "%.*s: no version is pinned, but %.*s", STR(name),
			     STR(branch.n ? branch : revision));
		return 0;
	}
	listing_set(l, listing_add(l, name, version), "reference", revision);
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = {
		{ "pins", on_pin },
		{ "object/pins", on_pin },
		{ 0 },
	};
	struct listing l;
	unsigned found = 0;
	(void)state;
	listing_begin(&l, an, f, "swift_resolved", "swift");
	int r = listing_json(whole, rules, &l, &found, e);
	if (r < 0)
		return err_in(e, "Package.resolved");
	return found ? listing_end(&l, e)
		     : err_set(e, ERR_INVALID, "Package.resolved: it has no pins");
}

static const char *const patterns[] = { "Package.resolved", NULL };

const struct analyzer analyzer_swift_resolved = {
	.name = "swift_resolved",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
