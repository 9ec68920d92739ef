/* The matcher. For every package the records of its name in its distribution's namespace, or its language's, are judged
 * one by one; records of one vulnerability (by CVE, through aliases) are then brought together: the feed closest to the
 * distribution decides, the others add a fixed version, scores and names. A version that does not parse is "unknown",
 * never "not affected". */
#include "vuln/match.h"
#include "base/map.h"
#include "base/time.h"
#include "vuln/ecosystem.h"
#include "vuln/version.h"

#include <stdlib.h>

enum { OLD_FEED_DAYS = 7, DAY = 86400, NAMES_MAX = 4000, UNVERSIONED_NAMED = 5 };

/* One record's judgement of one package. */
struct claim {
	const struct advisory *adv;
	const struct affected *aff;
	enum status status; /* STATUS_NOT_AFFECTED too: it may overrule */
	struct str fixed, version; /* version: what was compared */
	const struct range *range; /* that holds; NULL: none, or enumerated */
	bool enumerated;
	int rank;
};

/* All claims on one vulnerability in one package. */
struct group {
	struct str id;
	struct claim *claims;
	size_t n_claims, claims_cap;
	struct strs names; /* every other id, with repetitions */
};

/* Packages of one type, for what has to be said about them as a whole. */
struct type_count {
	struct str type;
	const struct ecosystem *ecosystem; /* NULL: no feed speaks of this type */
	size_t judged, without_version;
	struct str named; /* the first of those without a version */
	size_t n_named;
};

struct matcher {
	const struct inventory *inv;
	const struct match_options *o;
	bool covered; /* the distribution's advisories are there */
	struct type_count *types;
	size_t n_types, types_cap;
	struct advisory_db *db;
	struct arena *a;
	struct arena scratch; /* of the package at hand */
	struct match_result *out;
	struct map seen; /* ids of one package -> struct group */
	struct group **groups;
	size_t n_groups, groups_cap;
	struct feed_info *feeds;
	size_t n_feeds;
	bool beyond_repository; /* some record is from another feed than a package repository */
};

static bool is_cve(struct str id)
{
	return str_starts(id, S("CVE-"));
}

static struct strs copy(struct matcher *m, const struct strs *v)
{
	struct strs out = { arena_array(m->a, v->n, sizeof *v->v), v->n, v->n };
	if (v->n)
		memcpy(out.v, v->v, v->n * sizeof *v->v);
	return out;
}

static void push_name(struct matcher *m, struct strs *v, struct str s)
{
	*ARENA_PUSH(&m->scratch, v->v, v->n, v->cap) = s;
}

static void push(struct matcher *m, struct strs *v, struct str s)
{
	*ARENA_PUSH(m->a, v->v, v->n, v->cap) = s;
}

/* The distribution's own tracker before the collected records, those before what changelogs say. */
static int rank_of(struct str feed)
{
	if (str_starts(feed, S("repository")))
		return 1;
	return str_starts(feed, S("osv")) ? 2 : 3;
}

/* Version comparisons of one record against one installed version. */
static bool in_range(const struct version_scheme *s, const struct range *r, struct str v)
{
	bool from_start = !r->introduced.n || str_eq(r->introduced, S("0"));
	if (!from_start && s->compare(v, r->introduced) < 0)
		return false;
	if (r->limit.n && !str_eq(r->limit, S("*")) && s->compare(v, r->limit) >= 0)
		return false;
	if (r->fixed.n)
		return s->compare(v, r->fixed) < 0;
	return !r->last_affected.n || s->compare(v, r->last_affected) <= 0;
}

static bool bounds_valid(const struct version_scheme *s, const struct range *r)
{
	const struct str bounds[] = { r->introduced, r->fixed, r->last_affected };
	for (size_t i = 0; i < COUNT(bounds); i++)
		if (bounds[i].n && !str_eq(bounds[i], S("0")) && !s->valid(bounds[i]))
			return false;
	return true;
}

static bool enumerated(const struct version_scheme *s, const struct affected *aff, struct str v)
{
	for (size_t i = 0; i < aff->versions.n; i++)
		if (str_eq(aff->versions.v[i], v) || s->compare(aff->versions.v[i], v) == 0)
			return true;
	return false;
}

static void judge(const struct affected *aff, struct str version, struct claim *c)
{
	c->version = version;
	const struct version_scheme *s = version_scheme_find(str_of(aff->scheme));
	c->status = STATUS_NOT_AFFECTED;
	if (aff->not_affected)
		return;
	if (!s || !s->valid(version)) {
		c->status = STATUS_UNKNOWN;
		return;
	}
	bool hit = c->enumerated = enumerated(s, aff, version);
	for (size_t i = 0; i < aff->n_ranges; i++) {
		const struct range *r = &aff->ranges[i];
		if (!bounds_valid(s, r)) {
			c->status = STATUS_UNKNOWN;
			continue;
		}
		if (!in_range(s, r, version))
			continue;
		hit = true;
		if (!c->range)
			c->range = r;
		if (r->fixed.n && (!c->fixed.n || s->compare(r->fixed, c->fixed) < 0)) {
			c->fixed = r->fixed;
			c->range = r;
		}
	}
	if (!hit)
		return;
	if (c->fixed.n)
		c->status = STATUS_FIXED;
	else
		c->status = aff->status == STATUS_UNKNOWN || aff->status == STATUS_FIXED
				    ? STATUS_AFFECTED
				    : aff->status;
}

static bool applies(const struct affected *aff, const struct package *p)
{
	if (aff->arch.n && p->arch.n && !str_eq(aff->arch, p->arch) &&
	    !str_eq(p->arch, S("noarch")) && !str_eq(aff->arch, S("noarch")))
		return false;
	if (!aff->module.n)
		return true;
	/* A package's label is NAME:STREAM:VERSION:CONTEXT:ARCH. */
	struct str have = record_attr(p->attrs, p->n_attrs, S("module"));
	return str_starts(have, aff->module) &&
	       (have.n == aff->module.n || have.p[aff->module.n] == ':');
}

static struct group *group_at(struct matcher *m, struct str id)
{
	struct group **g = (struct group **)map_at(&m->seen, id);
	if (!*g) {
		*g = ARENA_NEW(&m->scratch, struct group);
		(*g)->id = id;
		*ARENA_PUSH(&m->scratch, m->groups, m->n_groups, m->groups_cap) = *g;
	}
	return *g;
}

static void add_names(struct matcher *m, struct group *g, const struct strs *names)
{
	for (size_t i = 0; i < names->n && g->names.n < NAMES_MAX; i++)
		if (!is_cve(names->v[i]))
			push_name(m, &g->names, names->v[i]);
}

static void add_claim(struct matcher *m, struct str id, const struct claim *c)
{
	struct group *g = group_at(m, id);
	*ARENA_PUSH(&m->scratch, g->claims, g->n_claims, g->claims_cap) = *c;
	if (!str_eq(c->adv->id, id))
		push_name(m, &g->names, c->adv->id);
	add_names(m, g, &c->adv->aliases);
}

/* Which vulnerabilities a record speaks of: its CVE, or several (a distribution's advisory), or itself. */
static void spread(struct matcher *m, const struct claim *c)
{
	const struct advisory *adv = c->adv;
	size_t n = 0;
	if (is_cve(adv->id)) {
		add_claim(m, adv->id, c);
		return;
	}
	for (size_t i = 0; i < adv->aliases.n; i++) {
		if (!is_cve(adv->aliases.v[i]))
			continue;
		add_claim(m, adv->aliases.v[i], c);
		n++;
	}
	for (size_t i = 0; n == 0 && i < adv->related.n; i++)
		if (is_cve(adv->related.v[i]))
			add_claim(m, adv->related.v[i], c);
	for (size_t i = 0; i < adv->related.n; i++)
		n += is_cve(adv->related.v[i]);
	if (n == 0)
		add_claim(m, adv->id, c);
}

/* A source rpm's name has no epoch; its packages' nearly always is the source's own. */
static struct str source_version(struct matcher *m, const struct package *p)
{
	struct str epoch = record_attr(p->attrs, p->n_attrs, S("epoch"));
	if (!epoch.n || str_find_char(p->source_version, ':') >= 0)
		return p->source_version;
	return arena_printf(&m->scratch, "%.*s:%.*s", STR(epoch), STR(p->source_version));
}

/* binary: which records count; version: what is compared with them. */
static int look_up(struct matcher *m, const struct package *p, struct str ns, struct str name,
		   bool binary, struct str version, struct err *e)
{
	struct advisory *hits = NULL;
	size_t n = 0;
	int r = advisory_db_find(m->db, ns, name, &m->scratch, &hits, &n, e);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct affected *aff = &hits[i].affected[0];
		if (hits[i].withdrawn || aff->by_binary != binary || !applies(aff, p))
			continue;
		struct claim c = { .adv = &hits[i], .aff = aff, .rank = rank_of(hits[i].feed) };
		judge(aff, version, &c);
		m->beyond_repository |= c.rank > 1;
		spread(m, &c);
	}
	return r < 0 ? r : 0;
}

/* The claim that decides: highest rank; inside a rank one that says affected, with a fix before one without. */
static const struct claim *decide(const struct group *g)
{
	const struct claim *best = NULL;
	for (size_t i = 0; i < g->n_claims; i++) {
		const struct claim *c = &g->claims[i];
		if (!best || c->rank > best->rank)
			best = c;
		else if (c->rank == best->rank && !best->aff->not_affected &&
			 (c->aff->not_affected || best->status == STATUS_NOT_AFFECTED ||
			  (c->status == STATUS_FIXED && best->status != STATUS_FIXED)))
			best = c;
	}
	return best;
}

static void set_severity(struct finding *f, enum severity s, struct str source)
{
	if (f->severity != SEVERITY_UNKNOWN || s == SEVERITY_UNKNOWN)
		return;
	f->severity = s;
	f->severity_source = source;
}

static void add_cvss(struct matcher *m, struct finding *f, const struct advisory *adv)
{
	for (size_t i = 0; i < adv->n_cvss; i++) {
		struct cvss c = adv->cvss[i];
		int version;
		bool twice = false;
		for (size_t k = 0; k < f->n_cvss; k++)
			twice |= str_eq(f->cvss[k].vector, c.vector);
		if (twice)
			continue;
		if (!cvss_score(c.vector, &c.score, &version))
			c.score = -1;
		if (!c.source.n)
			c.source = adv->feed;
		*ARENA_PUSH(m->a, f->cvss, f->n_cvss, f->cvss_cap) = c;
	}
}

/* The vector that tells a severity: version 3.1, then 3.0, 4.0, 2. */
static void severity_of_cvss(struct matcher *m, struct finding *f)
{
	static const int order[] = { 31, 30, 40, 20 };
	for (size_t o = 0; o < COUNT(order); o++) {
		for (size_t i = 0; i < f->n_cvss; i++) {
			double score;
			int version;
			if (cvss_score(f->cvss[i].vector, &score, &version) && version == order[o])
				set_severity(
					f, cvss_severity(score, version),
					arena_printf(m->a, "cvss:%.*s", STR(f->cvss[i].source)));
		}
	}
}

static void add_details(struct matcher *m, struct finding *f, const struct advisory *adv)
{
	add_cvss(m, f, adv);
	if (!f->summary.n)
		f->summary = adv->summary;
	if (!f->references.n)
		f->references = copy(m, &adv->references);
	if (adv->published && (!f->published || adv->published < f->published))
		f->published = adv->published;
	f->modified = MAX(f->modified, adv->modified);
}

static int cmp_str(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

static void sort_names(struct group *g)
{
	struct strs *v = &g->names;
	size_t kept = 0;
	if (v->n)
		qsort(v->v, v->n, sizeof *v->v, cmp_str);
	for (size_t i = 0; i < v->n; i++)
		if (!str_eq(v->v[i], g->id) && (kept == 0 || !str_eq(v->v[i], v->v[kept - 1])))
			v->v[kept++] = v->v[i];
	v->n = kept;
}

static int fill_finding(struct matcher *m, struct finding *f, const struct group *g,
			const struct claim *best, struct err *e)
{
	struct advisory *more = NULL;
	size_t n = 0;
	struct kev kev = { 0 };
	struct epss epss = { 0 };
	set_severity(f, best->aff->severity, best->adv->feed);
	set_severity(f, best->adv->severity, best->adv->feed);
	add_details(m, f, best->adv);
	for (size_t i = 0; i < g->n_claims; i++) {
		const struct claim *c = &g->claims[i];
		add_details(m, f, c->adv);
		if (!f->fixed.n && c->status == STATUS_FIXED && f->status != STATUS_UNKNOWN) {
			f->fixed = c->fixed;
			f->status = STATUS_FIXED;
		}
		set_severity(f, c->aff->severity, c->adv->feed);
	}
	int r = advisory_db_get(m->db, g->id, &m->scratch, &more, &n, e);
	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	for (size_t i = 0; r >= 0 && i < n; i++)
		add_details(m, f, &more[i]);
	severity_of_cvss(m, f);
	for (size_t i = 0; r >= 0 && i < n; i++)
		set_severity(f, more[i].severity, more[i].feed);
	f->epss = f->epss_percentile = -1;
	if (advisory_db_epss(m->db, g->id, &epss)) {
		f->epss = (double)epss.score;
		f->epss_percentile = (double)epss.percentile;
	}
	if (advisory_db_kev(m->db, g->id, &kev)) {
		f->kev = true;
		f->kev_added = kev.added;
		f->kev_due = kev.due;
		f->kev_ransomware = kev.ransomware;
	}
	return 0;
}

static int look_up_os(struct matcher *m, const struct package *p, struct err *e)
{
	struct str ns = m->inv->distribution.advisory_namespace;
	if (!ns.n)
		return 0;
	int r = look_up(m, p, ns, p->source_name, false, source_version(m, p), e);
	return r ? r : look_up(m, p, ns, p->name, true, p->version, e);
}

static struct type_count *type_at(struct matcher *m, struct str type)
{
	for (size_t i = 0; i < m->n_types; i++)
		if (str_eq(m->types[i].type, type))
			return &m->types[i];
	struct type_count *t = ARENA_PUSH(m->a, m->types, m->n_types, m->types_cap);
	t->type = type;
	/* Programs are published under their usual names by Bitnami alone. */
	bool program = str_eq(type, S("generic"));
	t->ecosystem = ecosystem_by_purl_type(program ? S("bitnami") : type);
	return t;
}

/* What a distribution made of a language's package carries its own fixes under the upstream version: its advisories
 * speak for it, where there are any. */
static int look_up_library(struct matcher *m, const struct package *p, struct err *e)
{
	if (p->is_owned && m->covered && !m->o->include_owned)
		return 0;
	struct type_count *t = type_at(m, p->type);
	if (!p->version.n || str_eq(p->version, S("(devel)"))) {
		bool told = str_find(t->named, p->name) >= 0;
		t->n_named += !told;
		if (!told && t->n_named <= UNVERSIONED_NAMED)
			t->named = arena_printf(m->a, "%.*s%s%.*s", STR(t->named),
						t->named.n ? ", " : "", STR(p->name));
		t->without_version++;
		return 0;
	}
	t->judged++;
	if (!t->ecosystem)
		return 0;
	return look_up(m, p, str_of(t->ecosystem->ns),
		       ecosystem_normalise(&m->scratch, t->ecosystem, p->name), false, p->version,
		       e);
}

static struct evidence evidence_of(const struct matcher *m, const struct claim *c)
{
	struct evidence e = { .advisory = c->adv->id,
			      .ns = arena_str(m->a, c->aff->ns),
			      .name = arena_str(m->a, c->aff->package),
			      .scheme = c->aff->scheme,
			      .enumerated = c->enumerated && !c->range,
			      .version = arena_str(m->a, c->version) };
	if (c->range)
		e.range = *c->range;
	return e;
}

static int match_package(struct matcher *m, const struct package *p, struct err *e)
{
	unsigned kinds = m->o->kinds ? m->o->kinds : MATCH_OS | MATCH_LIBRARY;
	arena_reset(&m->scratch);
	map_init(&m->seen, &m->scratch);
	m->groups = NULL;
	m->n_groups = m->groups_cap = 0;
	int r = 0;
	if (package_is_os(p))
		r = kinds & MATCH_OS ? look_up_os(m, p, e) : 0;
	else if (kinds & MATCH_LIBRARY)
		r = look_up_library(m, p, e);
	for (size_t i = 0; r == 0 && i < m->n_groups; i++) {
		struct group *g = m->groups[i];
		const struct claim *best = decide(g);
		if (best->status == STATUS_NOT_AFFECTED)
			continue;
		sort_names(g);
		struct finding *f = ARENA_PUSH(m->a, m->out->findings, m->out->n_findings,
					       m->out->findings_cap);
		*f = (struct finding){ .id = g->id,
				       .aliases = copy(m, &g->names),
				       .package = p,
				       .fixed = best->fixed,
				       .status = best->status,
				       .feed = best->adv->feed,
				       .evidence = evidence_of(m, best) };
		r = fill_finding(m, f, g, best, e);
	}
	return r;
}

static int cmp_finding(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	int r = str_cmp(a->package->name, b->package->name);
	if (r == 0)
		r = str_cmp(a->id, b->id);
	if (r == 0)
		r = str_cmp(a->package->arch, b->package->arch);
	return r ? r : str_cmp(a->package->path, b->package->path);
}

/* True when the package repository of this namespace was read, whether it had anything to say or not. */
static bool repository_read(const struct matcher *m)
{
	struct str prefix = arena_printf(m->a, "repository/%.*s/",
					 STR(m->inv->distribution.advisory_namespace));
	for (size_t i = 0; i < m->n_feeds; i++)
		if (m->feeds[i].repository && str_starts(m->feeds[i].name, prefix))
			return true;
	return false;
}

static void say_unknown_distribution(struct matcher *m, int64_t now)
{
	const struct distribution *d = &m->inv->distribution;
	struct strs *u = &m->out->unknown;
	char date[DATE_TEXT];
	size_t os = 0;
	for (size_t i = 0; i < m->inv->n_packages; i++)
		os += package_is_os(&m->inv->packages[i]);
	if (m->o->kinds && !(m->o->kinds & MATCH_OS))
		return;
	/* A project's folder, or an image with one program in it, has none; that is fine when something was found. */
	if (!d->id.n && !os && m->inv->n_packages)
		return;
	if (!d->id.n)
		push(m, u,
		     S("no distribution was recognised and no package was found; name the "
		       "distribution "
		       "with --distro if there is one"));
	else if (!d->advisory_namespace.n)
		push(m, u,
		     arena_printf(m->a, "no feed has advisories for %.*s %.*s", STR(d->id),
				  STR(d->version_id)));
	else if (!repository_read(m) &&
		 !advisory_db_namespace_records(m->db, d->advisory_namespace))
		push(m, u,
		     arena_printf(m->a, "the advisory database has nothing for %.*s",
				  STR(d->advisory_namespace)));
	if (d->eol && d->eol < now)
		push(m, u,
		     arena_printf(m->a,
				  "%.*s %.*s has been without public support since %s: new "
				  "vulnerabilities may not be "
				  "recorded",
				  STR(d->id), STR(d->version), date_text(d->eol, date)));
	if (d->id.n && !os)
		push(m, u, S("no package database was found"));
}

/* Languages whose advisories are missing, packages that cannot be judged. */
static void say_unknown_libraries(struct matcher *m)
{
	for (size_t i = 0; i < m->n_types; i++) {
		const struct type_count *t = &m->types[i];
		bool program = str_eq(t->type, S("generic"));
		bool none = !t->ecosystem ||
			    !advisory_db_namespace_records(m->db, str_of(t->ecosystem->ns));
		if (t->without_version)
			push(m, &m->out->warnings,
			     arena_printf(m->a,
					  "%zu package%s of type %.*s without a version, of which "
					  "nothing can be said: %.*s%s",
					  t->without_version, t->without_version == 1 ? "" : "s",
					  STR(t->type), STR(t->named),
					  t->n_named > UNVERSIONED_NAMED ? ", ..." : ""));
		if (t->judged && none)
			push(m, t->ecosystem && !program ? &m->out->unknown : &m->out->warnings,
			     arena_printf(m->a,
					  "the advisory database has nothing for %zu package%s of "
					  "type %.*s",
					  t->judged, t->judged == 1 ? "" : "s", STR(t->type)));
	}
}

/* Layers and package databases that could not be looked at. */
static void say_unknown_parts(struct matcher *m)
{
	struct strs *u = &m->out->unknown;
	for (size_t i = 0; i < m->inv->n_not_examined; i++) {
		const struct not_examined *n = &m->inv->not_examined[i];
		if (n->database)
			push(m, u,
			     arena_printf(m->a, "%.*s could not be read: %.*s", STR(n->path),
					  STR(n->reason)));
		else if (n->layer >= 0 && !m->inv->layers[n->layer].examined)
			push(m, u,
			     arena_printf(m->a, "layer %zd was not examined: %.*s", n->layer,
					  STR(n->reason)));
	}
	for (size_t i = 0; i < m->inv->n_layers; i++) {
		if (!m->inv->layers[i].cut)
			continue;
		push(m, u,
		     m->inv->image ? arena_printf(m->a, "layer %zu was not examined wholly", i)
				   : S("the folder was not examined wholly"));
	}
}

static void say_warnings(struct matcher *m, int64_t now)
{
	struct strs *w = &m->out->warnings;
	for (size_t i = 0; i < m->n_feeds; i++) {
		const struct feed_info *f = &m->feeds[i];
		if (f->fetched && now - f->fetched > OLD_FEED_DAYS * DAY)
			push(m, w,
			     arena_printf(m->a, "feed %.*s was fetched %lld days ago", STR(f->name),
					  (long long)((now - f->fetched) / DAY)));
	}
	if (!m->beyond_repository && repository_read(m))
		push(m, w,
		     S("only the distribution's package repository was asked: vulnerabilities "
		       "without a published fix "
		       "are not known"));
}

int match_inventory(const struct inventory *inv, struct advisory_db *db,
		    const struct match_options *o, struct arena *a, struct match_result *out,
		    struct err *e)
{
	struct match_result result = { 0 };
	struct matcher m = { .inv = inv, .o = o, .db = db, .a = a, .out = &result };
	struct str ns = inv->distribution.advisory_namespace;
	int r = advisory_db_feeds(db, a, &m.feeds, &m.n_feeds, e);
	m.covered = ns.n && (repository_read(&m) || advisory_db_namespace_records(db, ns));
	for (size_t i = 0; r == 0 && i < inv->n_packages; i++)
		r = match_package(&m, &inv->packages[i], e);
	arena_done(&m.scratch);
	if (r < 0)
		return r;
	say_warnings(&m, o->now);
	say_unknown_distribution(&m, o->now);
	say_unknown_libraries(&m);
	say_unknown_parts(&m);
	if (result.n_findings)
		qsort(result.findings, result.n_findings, sizeof *result.findings, cmp_finding);
	*out = result;
	return 0;
}
