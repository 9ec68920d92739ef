/* Podfile.lock of CocoaPods (YAML): PODS is a list of "NAME (VERSION)" or "NAME/SUBSPEC (VERSION)", each alone or a map to
 * what it needs; DEPENDENCIES is what the Podfile asks for. Subspecs are parts of their pod and listed as it.
 *
 * Hostile input: what yaml.c bounds. */
#include "analyze/lock.h"
#include "base/yaml.h"

/* "NAME/SUBSPEC (VERSION)", "NAME (~> 1.0)", "NAME (from `path`)" */
static struct str split(struct str s, struct str *version)
{
	struct str name = str_trim(str_cut(&s, '('));
	*version = str_trim(str_cut(&s, ')'));
	return str_cut(&name, '/');
}

static void add(struct listing *l, const struct yaml *y)
{
	const struct yaml *needs = y->kind == YAML_MAP ? y->first : NULL;
	struct str version, other;
	struct str name =
		split(y->kind == YAML_MAP && y->first ? y->first->key : y->value, &version);
	struct record_package *p = listing_add(l, name, version);
	for (const struct yaml *d = needs ? needs->first : NULL; d; d = d->next) {
		struct str need = split(d->value, &other);
		if (!str_eq(need, name))
			listing_need(l, p, need, S(""));
	}
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct yaml *doc;
	struct str text, version;
	struct map asked;
	(void)state;
	listing_begin(&l, an, f, "podfile_lock", "cocoapods");
	map_init(&asked, an->arena);
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = yaml_parse(an->arena, text, &doc, e);
	if (r)
		return err_in(e, "Podfile.lock");
	const struct yaml *pods = yaml_get(doc, S("PODS"));
	const struct yaml *direct = yaml_get(doc, S("DEPENDENCIES"));
	/* Without any pod CocoaPods writes only the checksum and its own version. */
	if (!yaml_get(doc, S("COCOAPODS")) && (!pods || pods->kind != YAML_LIST))
		return err_set(e, ERR_INVALID, "Podfile.lock: it has no PODS");
	for (const struct yaml *y = direct ? direct->first : NULL; y; y = y->next)
		*map_at(&asked, split(y->value, &version)) = &asked;
	for (const struct yaml *y = pods ? pods->first : NULL; y; y = y->next)
		add(&l, y);
	for (size_t i = 0; direct && i < l.file->n_packages; i++) {
		struct record_package *p = &l.file->packages[i];
		listing_set(&l, p, "relation",
			    map_get(&asked, p->name) ? S("direct") : S("indirect"));
	}
	return listing_end(&l, e);
}

static const char *const patterns[] = { "Podfile.lock", NULL };

const struct analyzer analyzer_podfile_lock = {
	.name = "podfile_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
