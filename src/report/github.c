/* GitHub's dependency submission API: one snapshot, a manifest for the distribution's packages of each target and one for
 * each file that names others. Which commit it is of and which job made it comes from the options; sha and ref are
 * what GitHub files the snapshot under, so they must be there. */
#include "base/json.h"
#include "base/map.h"
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

struct snapshot {
	struct arena *arena;
	struct json_out o;
	bool several; /* targets */
};

/* Packages in the order of their manifests. */
struct member {
	const struct package *package;
	struct str manifest;
	size_t index;
};

static struct str manifest_of(struct snapshot *s, const struct report *r, const struct package *p)
{
	const struct inventory *inv = r->inventory;
	struct str target = text_clean(s->arena, inv->target, ITEM_PATH_MAX);
	struct str path = text_clean(s->arena, p->path, ITEM_PATH_MAX);
	if (package_is_os(p))
		return arena_printf(s->arena, "%.*s (%.*s %.*s)", STR(target),
				    STR(inv->distribution.id), STR(inv->distribution.version));
	return s->several ? arena_printf(s->arena, "%.*s:%.*s", STR(target), STR(path)) : path;
}

static int compare(const void *x, const void *y)
{
	const struct member *a = x, *b = y;
	int c = str_cmp(a->manifest, b->manifest);
	if (!c)
		c = str_cmp(a->package->purl, b->package->purl);
	return c ? c : (a->index > b->index) - (a->index < b->index);
}

static void put_needs(struct snapshot *s, const struct inventory *inv, const struct package *p)
{
	if (!p->n_needs)
		return;
	json_put_key(&s->o, "dependencies");
	json_begin_array(&s->o);
	for (size_t i = 0; i < p->n_needs; i++)
		if (p->needs[i] < inv->n_packages && inv->packages[p->needs[i]].purl.n)
			json_put_str(&s->o, inv->packages[p->needs[i]].purl);
	json_end_array(&s->o);
}

static void put_package(struct snapshot *s, const struct inventory *inv, const struct package *p)
{
	struct buf key CLEANUP(buf_done) = { 0 };
	text_put_clean(&key, p->purl);
	json_put_key(&s->o, buf_cstr(&key));
	json_begin_object(&s->o);
	json_put_member(&s->o, "package_url", p->purl);
	json_put_member(&s->o, "relationship",
			p->relation == RELATION_INDIRECT ? S("indirect") : S("direct"));
	json_put_member(&s->o, "scope", p->dev ? S("development") : S("runtime"));
	put_needs(s, inv, p);
	json_end_object(&s->o);
}

static void begin_manifest(struct snapshot *s, const struct report *r, const struct member *m)
{
	const struct inventory *inv = r->inventory;
	char text[DIGEST_TEXT];
	json_put_key(&s->o, arena_cstr(s->arena, m->manifest));
	json_begin_object(&s->o);
	json_put_member(&s->o, "name", m->manifest);
	if (!package_is_os(m->package)) {
		json_put_key(&s->o, "file");
		json_begin_object(&s->o);
		json_put_member(&s->o, "source_location",
				text_clean(s->arena, m->package->path, ITEM_PATH_MAX));
		json_end_object(&s->o);
	}
	json_put_key(&s->o, "metadata");
	json_begin_object(&s->o);
	json_put_member(&s->o, "target", text_clean(s->arena, inv->target, ITEM_PATH_MAX));
	if (inv->image)
		json_put_member(&s->o, "image_digest",
				str_of(digest_text(&inv->image->self.digest, text)));
	json_end_object(&s->o);
	json_put_key(&s->o, "resolved");
	json_begin_object(&s->o);
}

static void end_manifest(struct snapshot *s)
{
	json_end_object(&s->o);
	json_end_object(&s->o);
}

/* The manifests of one report; those whose name was written already (the same target twice) are left out. */
static void put_report(struct snapshot *s, const struct report *r, struct map *written)
{
	const struct inventory *inv = r->inventory;
	struct member *m = arena_array(s->arena, inv->n_packages, sizeof *m);
	size_t n = 0;
	for (size_t i = 0; i < inv->n_packages; i++)
		if (inv->packages[i].purl.n)
			m[n++] = (struct member){ &inv->packages[i],
						  manifest_of(s, r, &inv->packages[i]), i };
	if (n)
		qsort(m, n, sizeof *m, compare);
	for (size_t i = 0, to; i < n; i = to) {
		void **slot = map_at(written, m[i].manifest);
		for (to = i; to < n && str_eq(m[to].manifest, m[i].manifest);)
			to++;
		if (*slot)
			continue;
		*slot = m;
		begin_manifest(s, r, &m[i]);
		for (size_t k = i; k < to; k++)
			if (k == i || !str_eq(m[k].package->purl, m[k - 1].package->purl))
				put_package(s, inv, m[k].package);
		end_manifest(s);
	}
}

static void put_job(struct json_out *o, const struct github_job *job)
{
	json_put_key(o, "version");
	json_put_u64(o, 0);
	json_put_key(o, "job");
	json_begin_object(o);
	json_put_member(o, "id", job->id.n ? job->id : S("lazaret"));
	json_put_member(o, "correlator", job->correlator.n ? job->correlator : S("lazaret"));
	json_end_object(o);
	json_put_member(o, "sha", job->sha);
	json_put_member(o, "ref", job->ref);
	json_put_key(o, "detector");
	json_begin_object(o);
	json_put_member(o, "name", S("lazaret"));
	json_put_member(o, "version", S(LAZARET_VERSION));
	/* The API wants an address; a reserved one says that there is none. */
	json_put_member(o, "url", S("https://lazaret.invalid/"));
	json_end_object(o);
}

static int write_github(const struct report *reports, size_t n, const struct format_options *opt,
			struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct snapshot s = { .arena = &a, .several = n > 1 };
	struct map written;
	char time[TIME_TEXT];
	if (!opt->github.sha.n || !opt->github.ref.n)
		return err_set(e, ERR_INVALID,
			       "a dependency snapshot wants the commit and the ref that it is of "
			       "(GITHUB_SHA, GITHUB_REF)");
	map_init(&written, &a);
	json_out_init(&s.o, out, 2);
	json_begin_object(&s.o);
	put_job(&s.o, &opt->github);
	json_put_member(&s.o, "scanned", str_of(time_text(n ? reports[0].created : 0, time)));
	json_put_key(&s.o, "manifests");
	json_begin_object(&s.o);
	for (size_t i = 0; i < n; i++)
		put_report(&s, &reports[i], &written);
	json_end_object(&s.o);
	json_end_object(&s.o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_github = { "github", write_github };
