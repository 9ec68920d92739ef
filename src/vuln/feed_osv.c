/* OSV (https://ossf.github.io/osv-schema/, 1.7): one JSON record a file, bulk exports are zip archives of them. Read as
 * events; `affected` entry by entry, everything else that is wanted as a small tree.
 *
 * Ranges: SEMVER and ECOSYSTEM events become stretches (introduced to fixed, last_affected or the next introduced);
 * events out of order are sorted first. GIT ranges are commits and are left out. Enumerated versions are kept, but not
 * for a distribution's package that has ranges, from which they were computed. A hostile record may be of any shape: wrong
 * types read as absent, names and counts are bounded here and where records are written.
 *
 * Package names of deb and apk distributions are source packages, those of rpm distributions binary ones, but source
 * packages for SUSE; Rocky publishes either, so both are looked up. Names of language packages are kept in
 * their normal form (ecosystem.h). Not supported: ranges that only database_specific tells. */
#include "vuln/feed.h"

#include "analyze/distro.h"
#include "base/json.h"
#include "base/time.h"
#include "vuln/ecosystem.h"
#include "vuln/version.h"

#include <ctype.h>

enum { EVENTS_MAX = 20000, TEXT_MAX = 4096, CVSS_MAX = 32, IDS_MAX = 5000 };

/* What the names in a distribution's records are. */
enum naming { NAMES_SOURCE, NAMES_BINARY, NAMES_EITHER };

struct osv {
	struct arena arena;
	struct advisory adv;
	struct str details;
	bool in_affected;
};

static struct str keep(struct osv *o, struct str s, size_t max)
{
	return arena_str(&o->arena, s.n > max ? S("") : s);
}

static void add_str(struct osv *o, struct strs *v, struct str s, size_t max)
{
	if (s.n == 0 || s.n > TEXT_MAX || v->n >= max)
		return;
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], s))
			return;
	*ARENA_PUSH(&o->arena, v->v, v->n, v->cap) = arena_str(&o->arena, s);
}

/* Cut at a character's beginning. */
static struct str cut_text(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return str_upto(s, max);
}

static struct str first_paragraph(struct str s)
{
	s = str_trim(s);
	ssize_t end = str_find(s, S("\n\n"));
	return end < 0 ? s : str_upto(s, (size_t)end);
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)tolower((unsigned char)p[i]);
	return (struct str){ p, s.n };
}

/* The publisher, from the id: "GHSA-..." is "ghsa". */
static struct str publisher(struct osv *o)
{
	struct str id = o->adv.id;
	return lower(&o->arena, str_cut(&id, '-'));
}

static void add_cvss(struct osv *o, struct str vector)
{
	struct advisory *adv = &o->adv;
	if (vector.n == 0 || vector.n > TEXT_MAX || adv->n_cvss >= CVSS_MAX)
		return;
	for (size_t i = 0; i < adv->n_cvss; i++)
		if (str_eq(adv->cvss[i].vector, vector))
			return;
	struct cvss *c = ARENA_PUSH(&o->arena, adv->cvss, adv->n_cvss, adv->cvss_cap);
	c->vector = arena_str(&o->arena, vector);
	c->score = -1;
}

/* severity[]: vectors go to the record, a word of the publisher's own scale to *out. */
static void read_severities(struct osv *o, const struct json *array, enum severity *out)
{
	JSON_EACH(s, array)
	{
		struct str score = json_get_str(s, "score");
		if (str_starts(json_get_str(s, "type"), S("CVSS_")))
			add_cvss(o, score);
		else
			severity_parse(score, out);
	}
}

/* Names */
/* Namespace, package, scheme and, for a distribution, what its names are. True for a distribution. */
static bool place(struct arena *a, struct str ecosystem, struct str name, struct affected *f,
		  enum naming *naming)
{
	const struct ecosystem *l = ecosystem_by_osv(ecosystem);
	*naming = NAMES_SOURCE;
	if (l) {
		f->ns = str_of(l->ns);
		f->scheme = l->scheme;
		f->package = ecosystem_normalise(a, l, name);
		return false;
	}
	f->package = arena_str(a, name);
	f->ns = distro_of_ecosystem(a, ecosystem);
	f->scheme = f->ns.n ? distro_scheme(f->ns) : NULL;
	if (f->ns.n == 0)
		f->ns = lower(a, ecosystem);
	if (!f->scheme)
		return false;
	if (str_eq(str_of(f->scheme), S("rpm"))) {
		bool suse =
			str_starts(ecosystem, S("SUSE")) || str_starts(ecosystem, S("openSUSE"));
		*naming = suse				      ? NAMES_SOURCE
			  : str_starts(ecosystem, S("Rocky")) ? NAMES_EITHER
							      : NAMES_BINARY;
	}
	return true;
}

/* Events */
enum event_kind { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST_AFFECTED };
struct event {
	struct str version;
	enum event_kind kind;
	const struct version_scheme *scheme;
};

/* Numbers by value, all else by byte: for schemes that are not known here. */
static int natural_compare(struct str a, struct str b)
{
	while (a.n && b.n) {
		size_t i = 0, k = 0;
		while (i < a.n && isdigit((unsigned char)a.p[i]))
			i++;
		while (k < b.n && isdigit((unsigned char)b.p[k]))
			k++;
		if (i && k) {
			struct str x = str_upto(a, i), y = str_upto(b, k);
			while (x.n > 1 && x.p[0] == '0')
				x = str_from(x, 1);
			while (y.n > 1 && y.p[0] == '0')
				y = str_from(y, 1);
			int c = x.n != y.n ? (x.n > y.n) - (x.n < y.n) : str_cmp(x, y);
			if (c)
				return c;
		} else {
			if (a.p[0] != b.p[0])
				return (unsigned char)a.p[0] < (unsigned char)b.p[0] ? -1 : 1;
			i = k = 1;
		}
		a = str_from(a, i);
		b = str_from(b, k);
	}
	return (a.n > 0) - (b.n > 0);
}

static int compare_versions(const struct event *a, const struct event *b)
{
	bool zero_a = str_eq(a->version, S("0")), zero_b = str_eq(b->version, S("0"));
	if (zero_a || zero_b)
		return (int)zero_b - (int)zero_a;
	return a->scheme ? a->scheme->compare(a->version, b->version)
			 : natural_compare(a->version, b->version);
}

static int compare_events(const void *x, const void *y)
{
	const struct event *a = x, *b = y;
	int c = compare_versions(a, b);
	/* A stretch ends before the next begins at the same version; one that ends with it ends after it began. */
	static const int order[] = {
		[EVENT_FIXED] = 0, [EVENT_INTRODUCED] = 1, [EVENT_LAST_AFFECTED] = 2
	};
	return c ? c : order[a->kind] - order[b->kind];
}

static bool alternate(const struct event *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((v[i].kind == EVENT_INTRODUCED) != (i % 2 == 0))
			return false;
	return true;
}

struct events {
	struct event *v;
	size_t n, cap;
	struct str limit;
};

static void take_events(struct osv *o, const struct json *array, const char *scheme,
			struct events *out)
{
	static const char *const keys[] = { "introduced", "fixed", "last_affected" };
	const struct version_scheme *s = scheme ? version_scheme_find(str_of(scheme)) : NULL;
	JSON_EACH(event, array)
	{
		for (size_t k = 0; k < COUNT(keys); k++) {
			struct str v = json_get_str(event, keys[k]);
			if (v.n == 0 || v.n > TEXT_MAX || out->n >= EVENTS_MAX)
				continue;
			*ARENA_PUSH(&o->arena, out->v, out->n, out->cap) =
				(struct event){ arena_str(&o->arena, v), (enum event_kind)k, s };
		}
		struct str limit = json_get_str(event, "limit");
		if (limit.n && limit.n <= TEXT_MAX && !str_eq(limit, S("*")))
			out->limit = arena_str(&o->arena, limit);
	}
}

static void add_stretches(struct osv *o, struct events *ev, struct affected *f)
{
	struct range *open = NULL;
	if (ev->n > 1 && !alternate(ev->v, ev->n))
		qsort(ev->v, ev->n, sizeof *ev->v, compare_events);
	for (size_t i = 0; i < ev->n; i++) {
		const struct event *x = &ev->v[i];
		if (x->kind == EVENT_INTRODUCED) {
			if (open) /* it never ended: the second beginning changes nothing */
				continue;
			open = ARENA_PUSH(&o->arena, f->ranges, f->n_ranges, f->ranges_cap);
			open->introduced = x->version;
			open->limit = ev->limit;
		} else if (open) {
			if (x->kind == EVENT_FIXED)
				open->fixed = x->version;
			else
				open->last_affected = x->version;
			open = NULL;
		}
	}
}

static void read_ranges(struct osv *o, const struct json *array, struct affected *f)
{
	JSON_EACH(range, array)
	{
		struct str type = json_get_str(range, "type");
		struct events ev = { 0 };
		if (str_eq(type, S("GIT")))
			continue;
		if (!f->scheme && str_eq(type, S("SEMVER")))
			f->scheme = "semver";
		take_events(o, json_get(range, "events"), f->scheme, &ev);
		add_stretches(o, &ev, f);
	}
}

/* What a distribution adds */
static void read_status(struct affected *f, struct str status)
{
	static const struct {
		const char *word;
		enum status status;
	} words[] = {
		{ "needed", STATUS_AFFECTED },
		{ "pending", STATUS_AFFECTED },
		{ "in-progress", STATUS_AFFECTED },
		{ "active", STATUS_AFFECTED },
		{ "needs-triage", STATUS_UNDER_INVESTIGATION },
		{ "deferred", STATUS_FIX_DEFERRED },
		{ "postponed", STATUS_FIX_DEFERRED },
		{ "ignored", STATUS_WILL_NOT_FIX },
		{ "end-of-life", STATUS_END_OF_LIFE },
		{ "not-affected", STATUS_NOT_AFFECTED },
		{ "DNE", STATUS_NOT_AFFECTED },
	};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq_nocase(status, str_of(words[i].word)))
			f->status = words[i].status;
	if (f->status == STATUS_NOT_AFFECTED)
		f->not_affected = true;
}

static void read_word(struct osv *o, struct affected *f, struct str word)
{
	if (f->severity_text.n || word.n == 0 || word.n > TEXT_MAX)
		return;
	f->severity_text = arena_str(&o->arena, word);
	severity_parse(word, &f->severity);
}

/* "nodejs:18:8060020..." is module nodejs, stream 18. */
static struct str module_of(struct osv *o, struct str s)
{
	ssize_t first = str_find_char(s, ':');
	if (first < 0)
		return S("");
	ssize_t second = str_find_char(str_from(s, (size_t)first + 1), ':');
	return keep(o, second < 0 ? s : str_upto(s, (size_t)(first + 1 + second)), TEXT_MAX);
}

static void read_purl(struct osv *o, struct affected *f, struct str purl)
{
	ssize_t at = str_find_char(purl, '?');
	struct str rest = at < 0 ? S("") : str_from(purl, (size_t)at + 1), item;
	while (rest.n) {
		item = str_cut(&rest, '&');
		struct str value = item, key = str_cut(&value, '=');
		if (str_eq(key, S("rpmmod")))
			f->module = module_of(o, value);
		else if (str_eq(key, S("arch")) && !str_eq(value, S("source")) &&
			 !str_eq(value, S("src")) && !str_eq(value, S("noarch")))
			f->arch = keep(o, value, TEXT_MAX);
	}
}

static void read_specifics(struct osv *o, const struct json *x, struct affected *f)
{
	static const char *const words[] = { "severity", "urgency", "ubuntu_priority", "priority" };
	static const char *const modules[] = { "module", "modularity", "rpm_modularity" };
	read_status(f, json_get_str(x, "status"));
	for (size_t i = 0; i < COUNT(words); i++)
		read_word(o, f, json_get_str(x, words[i]));
	for (size_t i = 0; i < COUNT(modules); i++)
		if (json_get_str(x, modules[i]).n)
			f->module = module_of(o, json_get_str(x, modules[i]));
	if (str_eq_nocase(f->severity_text, S("end-of-life")))
		f->status = STATUS_END_OF_LIFE;
}

static void read_versions(struct osv *o, const struct json *array, struct affected *f)
{
	JSON_EACH(v, array)
	{
		struct str s = json_str(v);
		if (s.n && s.n <= TEXT_MAX)
			*ARENA_PUSH(&o->arena, f->versions.v, f->versions.n, f->versions.cap) =
				arena_str(&o->arena, s);
	}
}

static void push_affected(struct osv *o, const struct affected *f, enum naming naming)
{
	struct advisory *adv = &o->adv;
	for (int binary = 0; binary < 2; binary++) {
		if (naming != NAMES_EITHER && (naming == NAMES_BINARY) != (binary == 1))
			continue;
		struct affected *x =
			ARENA_PUSH(&o->arena, adv->affected, adv->n_affected, adv->affected_cap);
		*x = *f;
		x->by_binary = binary == 1;
	}
}

static int read_affected(struct osv *o, const struct json *tree, struct err *e)
{
	const struct json *package = json_get(tree, "package");
	struct str name = json_get_str(package, "name"),
		   ecosystem = json_get_str(package, "ecosystem");
	struct affected f = { .status = STATUS_AFFECTED };
	enum naming naming;
	if (o->adv.n_affected + 2 > ADVISORY_AFFECTED)
		return err_set(e, ERR_LIMIT, "the record affects more than %d packages",
			       ADVISORY_AFFECTED);
	read_severities(o, json_get(tree, "severity"), &f.severity);
	/* Commits of a repository have no package. */
	if (name.n == 0 || ecosystem.n == 0 || name.n > TEXT_MAX || ecosystem.n > TEXT_MAX)
		return 0;
	bool distribution = place(&o->arena, ecosystem, name, &f, &naming);
	read_ranges(o, json_get(tree, "ranges"), &f);
	if (!distribution || f.n_ranges == 0)
		read_versions(o, json_get(tree, "versions"), &f);
	if (distribution)
		read_purl(o, &f, json_get_str(package, "purl"));
	read_specifics(o, json_get(tree, "ecosystem_specific"), &f);
	read_specifics(o, json_get(tree, "database_specific"), &f);
	/* Nothing but commits, or a range that never begins: not a statement about versions. */
	if (f.n_ranges || f.versions.n || f.not_affected)
		push_affected(o, &f, naming);
	return 0;
}

/* The record */
static void read_time(const struct json *tree, int64_t *out)
{
	time_parse(json_str(tree), out);
}

static void read_ids(struct osv *o, const struct json *array, struct strs *out)
{
	JSON_EACH(id, array)
	add_str(o, out, json_str(id), IDS_MAX);
}

static void read_references(struct osv *o, const struct json *array)
{
	JSON_EACH(r, array)
	add_str(o, &o->adv.references, json_get_str(r, "url"), ADVISORY_REFERENCES);
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct osv *o = ctx;
	struct advisory *adv = &o->adv;
	(void)index;
	if (depth == 2)
		return read_affected(o, tree, e);
	if (str_eq(key, S("id")))
		adv->id = keep(o, json_str(tree), TEXT_MAX);
	else if (str_eq(key, S("summary")))
		adv->summary =
			arena_str(&o->arena, cut_text(str_trim(json_str(tree)), ADVISORY_SUMMARY));
	else if (str_eq(key, S("details")))
		o->details = arena_str(&o->arena,
				       cut_text(first_paragraph(json_str(tree)), ADVISORY_SUMMARY));
	else if (str_eq(key, S("aliases")))
		read_ids(o, tree, &adv->aliases);
	else if (str_eq(key, S("related")) || str_eq(key, S("upstream")))
		read_ids(o, tree, &adv->related);
	else if (str_eq(key, S("published")))
		read_time(tree, &adv->published);
	else if (str_eq(key, S("modified")))
		read_time(tree, &adv->modified);
	else if (str_eq(key, S("withdrawn")))
		read_time(tree, &adv->withdrawn);
	else if (str_eq(key, S("severity")))
		read_severities(o, tree, &adv->severity);
	else if (str_eq(key, S("references")))
		read_references(o, tree);
	else if (str_eq(key, S("database_specific")) && adv->severity == SEVERITY_UNKNOWN)
		severity_parse(json_get_str(tree, "severity"), &adv->severity);
	return 0;
}

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	static const char *const wanted[] = {
		"id",	     "summary",	 "details",   "aliases",  "related",	"upstream",
		"published", "modified", "withdrawn", "severity", "references", "database_specific",
	};
	struct osv *o = ctx;
	(void)index;
	(void)e;
	if (depth == 2)
		return o->in_affected && key.n == 0 ? 1 : 2;
	o->in_affected = depth == 1 && str_eq(key, S("affected"));
	if (o->in_affected)
		return 0;
	for (size_t i = 0; depth == 1 && i < COUNT(wanted); i++)
		if (str_eq(key, str_of(wanted[i])))
			return 1;
	return 2;
}

/* "UBUNTU-CVE-2024-1" is what Ubuntu says about CVE-2024-1, the same thing. */
static void add_own_cve(struct osv *o)
{
	ssize_t at = str_find(o->adv.id, S("-CVE-"));
	if (at > 0)
		add_str(o, &o->adv.aliases, str_from(o->adv.id, (size_t)at + 1), IDS_MAX);
}

static bool names_cve(const struct strs *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_starts(v->v[i], S("CVE-")))
			return true;
	return false;
}

/* Updates that mend bugs or add features are published beside those for security; they affect nobody. */
static bool is_errata(const struct advisory *adv)
{
	static const char *const prefixes[] = {
		"ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-"
	};
	if (names_cve(&adv->aliases) || names_cve(&adv->related))
		return false;
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (str_starts(adv->id, str_of(prefixes[i])))
			return true;
	return false;
}

static int finish(struct osv *o, const struct feed_sink *sink, struct err *e)
{
	struct advisory *adv = &o->adv;
	if (adv->id.n == 0)
		return err_set(e, ERR_INVALID, "the record has no id");
	if (adv->summary.n == 0)
		adv->summary = o->details;
	add_own_cve(o);
	/* "Important: kernel security update" */
	struct str rest = adv->summary, word = str_cut(&rest, ':');
	if (adv->severity == SEVERITY_UNKNOWN && rest.n)
		severity_parse(word, &adv->severity);
	struct str who = publisher(o);
	for (size_t i = 0; i < adv->n_cvss; i++)
		adv->cvss[i].source = who;
	if (is_errata(adv))
		adv->n_affected = 0;
	return sink->advisory(sink->ctx, adv, e);
}

static int osv_parse(struct stream *in, struct str detail, const struct feed_sink *sink,
		     struct err *e)
{
	static const struct json_handlers handlers = { on_member, on_value, NULL };
	struct osv o = { 0 };
	(void)detail;
	int r = json_read(in, &handlers, &o, e);
	if (r == 0)
		r = finish(&o, sink, e);
	arena_done(&o.arena);
	return r;
}

static bool osv_probe(struct arena *a, struct str path, struct str head, struct str *detail)
{
	enum { LOCAL = 30, NAME_LENGTH = 26 };
	bool zip = str_starts(head, S("PK\3\4")) && head.n > LOCAL;
	if (zip) {
		size_t n = (unsigned char)head.p[NAME_LENGTH] |
			   (size_t)(unsigned char)head.p[NAME_LENGTH + 1] << 8;
		if (!str_ends(str_upto(str_from(head, LOCAL), n), S(".json")))
			return false;
	} else if (!str_starts(str_trim(head), S("{")) || str_find(head, S("\"id\"")) < 0 ||
		   (str_find(head, S("\"modified\"")) < 0 &&
		    str_find(head, S("\"affected\"")) < 0)) {
		return false;
	}
	/* The folder names the ecosystem: "Go/all.zip", "Go/GO-2024-1.json". */
	ssize_t slash = str_rfind_char(path, '/');
	struct str folder = slash < 0 ? S("") : str_upto(path, (size_t)slash);
	folder = str_from(folder, (size_t)(str_rfind_char(folder, '/') + 1));
	*detail = str_eq(folder, S("crates")) ? arena_printf(a, "%.*s.io", STR(folder))
					      : arena_str(a, folder);
	return true;
}

static struct str escape_spaces(struct arena *a, struct str s)
{
	ssize_t at = str_find_char(s, ' ');
	return at < 0 ? s
		      : arena_printf(a, "%.*s%%20%.*s", STR(str_upto(s, (size_t)at)),
				     STR(str_from(s, (size_t)at + 1)));
}

static struct feed_source osv_source(struct arena *a, struct str base, struct str ecosystem)
{
	return (struct feed_source){
		.name = arena_printf(a, "osv/%.*s", STR(ecosystem)),
		.url = arena_printf(a, "%.*s/%.*s/all.zip", STR(base),
				    STR(escape_spaces(a, ecosystem))),
		.detail = ecosystem,
	};
}

static void osv_sources(struct arena *a, struct str base_url, struct feed_source **v, size_t *n)
{
	static const char *const distributions[] = {
		"AlmaLinux", "Alpine",	    "Azure Linux", "Chainguard", "Debian", "Photon OS",
		"Red Hat",   "Rocky Linux", "SUSE",	   "Ubuntu",	 "Wolfi",  "openSUSE",
	};
	struct str base =
		base_url.n ? base_url : S("https://osv-vulnerabilities.storage.googleapis.com");
	size_t languages = 0, count = 0;
	while (ecosystems[languages].osv)
		languages++;
	*v = arena_array(a, COUNT(distributions) + languages, sizeof **v);
	for (size_t i = 0; i < COUNT(distributions); i++)
		(*v)[count++] = osv_source(a, base, str_of(distributions[i]));
	/* One that purls call by two names is in the table twice. */
	for (size_t i = 0; i < languages; i++)
		if (ecosystems[i].published &&
		    &ecosystems[i] == ecosystem_by_osv(str_of(ecosystems[i].osv)))
			(*v)[count++] = osv_source(a, base, str_of(ecosystems[i].osv));
	*n = count;
}

const struct feed feed_osv = {
	.name = "osv",
	.probe = osv_probe,
	.sources = osv_sources,
	.parse = osv_parse,
	.zip = true,
};
