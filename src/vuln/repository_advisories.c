/* Changelog entries become advisories. The order of versions decides, not that of the file. */
#include "vuln/repository_deb.h"

void deb_advisories_init(struct deb_advisories *d, struct arena *a, struct str ns)
{
	*d = (struct deb_advisories){ .a = a, .ns = ns, .deb = version_scheme_find(S("deb")) };
	map_init(&d->by_id, a);
}

static struct advisory *advisory_of(struct deb_advisories *d, struct str id)
{
	struct advisory **slot = (struct advisory **)map_at(&d->by_id, id);
	if (!*slot) {
		*slot = ARENA_NEW(d->a, struct advisory);
		(*slot)->id = id;
		(*slot)->feed = S("repository");
		*ARENA_PUSH(d->a, d->v, d->n, d->cap) = *slot;
	}
	return *slot;
}

static void add_fix(struct deb_advisories *d, struct advisory *adv, struct str source,
		    struct str version, int64_t date)
{
	struct affected *x = adv->n_affected ? &adv->affected[adv->n_affected - 1] : NULL;
	if (!x || !str_eq(x->package, source)) {
		if (adv->n_affected >= ADVISORY_AFFECTED)
			return;
		x = ARENA_PUSH(d->a, adv->affected, adv->n_affected, adv->affected_cap);
		*x = (struct affected){
			.ns = d->ns, .package = source, .scheme = "deb", .status = STATUS_AFFECTED
		};
	}
	struct str from = x->n_ranges ? x->ranges[x->n_ranges - 1].fixed : S("0");
	if (str_eq(from, version))
		return;
	*ARENA_PUSH(d->a, x->ranges, x->n_ranges, x->ranges_cap) =
		(struct range){ .introduced = from, .fixed = version };
	if (adv->published == 0)
		adv->published = date;
	if (date > adv->modified)
		adv->modified = date;
	if (adv->summary.n == 0)
		adv->summary = arena_printf(d->a, "Named in the changelog of %.*s %.*s",
					    STR(source), STR(version));
}

static void add_once(struct arena *a, struct strs *to, struct str s)
{
	for (size_t i = 0; i < to->n; i++)
		if (str_eq(to->v[i], s))
			return;
	*ARENA_PUSH(a, to->v, to->n, to->cap) = s;
}

/* DSA, DLA and USN name an update, not a vulnerability. */
static bool is_notice(struct str id)
{
	return str_starts(id, S("DSA-")) || str_starts(id, S("DLA-")) || str_starts(id, S("USN-"));
}

static void add_entry(struct deb_advisories *d, struct str source, const struct changelog_entry *x)
{
	bool only_notices = true;
	for (size_t i = 0; i < x->n_ids; i++)
		only_notices = only_notices && is_notice(x->ids[i].id);
	for (size_t i = 0; i < x->n_ids; i++) {
		const struct changelog_id *id = &x->ids[i];
		if (is_notice(id->id) && !only_notices)
			continue;
		struct advisory *adv = advisory_of(d, id->alias.n ? id->alias : id->id);
		add_fix(d, adv, source, x->version, x->date);
		if (id->alias.n)
			add_once(d->a, &adv->aliases, id->id);
		for (size_t k = 0; k < x->n_ids && !only_notices; k++)
			if (is_notice(x->ids[k].id))
				add_once(d->a, &adv->related, x->ids[k].id);
	}
}

static struct str pending_id(struct arena *a, struct str source, struct str version)
{
	return arena_printf(a, "PENDING-%.*s-%.*s", STR(source), STR(version));
}

void deb_advisories_pending(struct deb_advisories *d, struct str source, struct str version,
			    int64_t date)
{
	struct advisory *adv = advisory_of(d, pending_id(d->a, source, version));
	adv->summary = arena_printf(d->a, "Security update %.*s of %.*s is available", STR(version),
				    STR(source));
	add_fix(d, adv, source, version, date);
}

bool deb_advisories_is_pending(const struct deb_advisories *d, struct str source,
			       struct str version)
{
	return map_get(&d->by_id, pending_id(d->a, source, version)) != NULL;
}

static int by_version(const void *a, const void *b, void *scheme)
{
	const struct changelog_entry *x = *(const struct changelog_entry *const *)a;
	const struct changelog_entry *y = *(const struct changelog_entry *const *)b;
	return ((const struct version_scheme *)scheme)->compare(x->version, y->version);
}

static bool is_security_upload(struct str distributions)
{
	struct str word;
	while (str_word(&distributions, &word))
		if (str_ends(word, S("-security")) || str_ends(word, S("/updates")))
			return true;
	return false;
}

int deb_advisories_add(struct deb_advisories *d, struct str source, struct str version,
		       const struct changelog *c, struct err *e)
{
	const struct changelog_entry **sorted = arena_array(d->a, c->n + 1, sizeof(void *)),
				     *silent = NULL;
	const struct changelog_entry *last = NULL;
	if (!d->deb)
		return err_set(e, ERR_UNSUPPORTED, "there is no version scheme 'deb'");
	for (size_t i = 0; i < c->n; i++)
		sorted[i] = &c->entries[i];
	if (c->n)
		qsort_r(sorted, c->n, sizeof *sorted, by_version, (void *)(uintptr_t)d->deb);
	for (size_t i = 0; i < c->n; i++) {
		const struct changelog_entry *x = sorted[i];
		if (d->deb->compare(x->version, version) > 0)
			break; /* newer than what the suite has: an entry of another branch */
		if (x->n_ids && silent)
			deb_advisories_pending(d, source, silent->version, silent->date);
		if (x->n_ids)
			silent = NULL;
		else if (is_security_upload(x->distributions))
			silent = x;
		add_entry(d, source, x);
		last = x;
	}
	bool named = last && last->n_ids && d->deb->compare(last->version, version) == 0;
	if (!named && (!silent || d->deb->compare(silent->version, version) != 0))
		deb_advisories_pending(d, source, version, 0);
	else if (silent)
		deb_advisories_pending(d, source, silent->version, silent->date);
	return 0;
}
