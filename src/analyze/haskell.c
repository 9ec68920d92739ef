/* Haskell's two lockfiles. cabal.project.freeze: "constraints: any.aeson ==2.1.0.0, aeson -flag, ..." over many lines.
 * stack.yaml.lock (YAML): packages, each with completed.hackage "aeson-2.1.0.0@sha256:...,123" or, from a repository,
 * completed.name and version; the packages of the snapshot itself are not in it: a note.
 *
 * Hostile input: any lines; what yaml.c bounds. Neither file has a graph or says what is direct. */
#include "analyze/lock.h"
#include "base/yaml.h"

static bool is_cabal_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

/* "any.NAME ==VERSION", "NAME ==VERSION", "NAME +flag" */
static void read_constraint(struct listing *l, struct str s)
{
	struct str word, version = s, name;
	if (!str_word(&version, &word))
		return;
	ssize_t dot = str_rfind_char(word, '.');
	name = str_from(word, (size_t)(dot + 1));
	version = str_trim(version);
	for (size_t i = 0; i < name.n; i++)
		if (!is_cabal_word(name.p[i]))
			return;
	if (str_starts(version, S("==")) && str_find_char(version, '*') < 0 &&
	    str_find(version, S("||")) < 0)
		listing_add(l, name, str_from(version, 2));
	else if (version.n && strchr("=<>^", version.p[0]))
		listing_note(l, "%.*s: not pinned to a version: %.*s", STR(name), STR(version));
}

static int read_freeze(struct listing *l, struct str text, struct err *e)
{
	struct str line;
	bool inside = false, any = false;
	while (str_line(&text, &line)) {
		bool continues = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
		struct str rest = str_trim(line);
		if (str_starts(rest, S("--")) || !rest.n)
			continue;
		if (!continues) {
			struct str key = str_cut(&rest, ':');
			inside = str_eq_nocase(str_trim(key), S("constraints"));
			any |= inside || str_eq_nocase(str_trim(key), S("active-repositories")) ||
			       str_eq_nocase(str_trim(key), S("index-state"));
		}
		while (inside && rest.n)
			read_constraint(l, str_trim(str_cut(&rest, ',')));
	}
	return any ? 0 : err_set(e, ERR_INVALID, "cabal.project.freeze: it has no constraints");
}

static struct str text_of(const struct yaml *map, const char *key)
{
	const struct yaml *y = yaml_get(map, str_of(key));
	return y && y->kind == YAML_SCALAR ? y->value : (struct str){ 0 };
}

static int read_stack(struct listing *l, struct str text, struct err *e)
{
	struct yaml *doc;
	int r = yaml_parse(l->an->arena, text, &doc, e);
	if (r < 0)
		return err_in(e, "stack.yaml.lock");
	const struct yaml *packages = yaml_get(doc, S("packages"));
	const struct yaml *snapshots = yaml_get(doc, S("snapshots"));
	if (!packages)
		return err_set(e, ERR_INVALID, "stack.yaml.lock: it has no packages");
	for (const struct yaml *y = packages->first; y; y = y->next) {
		const struct yaml *done = yaml_get(y, S("completed"));
		struct str hackage = text_of(done, "hackage"), version = text_of(done, "version");
		struct str name = text_of(done, "name"), pinned = str_cut(&hackage, '@');
		ssize_t dash = str_rfind_char(pinned, '-');
		if (dash > 0) {
			name = str_upto(pinned, (size_t)dash);
			version = str_from(pinned, (size_t)dash + 1);
		}
		listing_add(l, name, version);
	}
	if (snapshots && snapshots->first)
		listing_note(l, "the packages of the snapshot are not in this file");
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, "haskell", "hackage");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = str_ends(f->path, S(".freeze")) ? read_freeze(&l, text, e)
						    : read_stack(&l, text, e);
	return r < 0 ? r : listing_end(&l, e);
}

static const char *const patterns[] = { "cabal.project.freeze", "cabal.project.*.freeze",
					"stack.yaml.lock", NULL };

const struct analyzer analyzer_haskell = {
	.name = "haskell",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
