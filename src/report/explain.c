/* Explanations as lists of (label, text), which both writers print: what is said to people and to machines is the same. */
#include "report/explain.h"

#include "base/json.h"
#include "base/time.h"
#include "report/text.h"

enum { WAYS_MAX = 3, WAY_LENGTH = 20, LABEL_WIDTH = 14 };

struct line {
	const char *label; /* "package" */
	struct str text;
};
struct explanation {
	struct str title;
	struct line *lines;
	size_t n, cap;
};
struct explanations {
	const struct report *r;
	struct arena *a;
	struct explanation *v;
	size_t n, cap;
};

static void put(struct explanations *x, struct explanation *t, const char *label, struct str text)
{
	if (text.n)
		*ARENA_PUSH(x->a, t->lines, t->n, t->cap) = (struct line){ label, text };
}

static struct explanation *begin(struct explanations *x, struct str title)
{
	struct explanation *t = ARENA_PUSH(x->a, x->v, x->n, x->cap);
	t->title = title;
	return t;
}

/* Pieces */
static struct str layer_text(const struct explanations *x, ssize_t layer)
{
	const struct inventory *inv = x->r->inventory;
	char digest[DIGEST_TEXT];
	if (layer < 0)
		return S("the image's configuration");
	if ((size_t)layer >= inv->n_layers || inv->layers[layer].digest.alg == DIGEST_NONE)
		return S("");
	const struct layer_info *l = &inv->layers[layer];
	return arena_printf(x->a, "%zd of %zu%s (%s)%s%.*s", layer, inv->n_layers,
			    (size_t)layer < inv->base.layers ? ", of the base image" : "",
			    digest_text(&l->digest, digest), l->created_by.n ? " " : "",
			    STR(l->created_by));
}

static struct str range_text(const struct explanations *x, const struct evidence *v)
{
	const struct range *r = &v->range;
	const char *scheme = v->scheme ? v->scheme : "?";
	if (v->enumerated)
		return arena_printf(x->a, "%.*s is one of the versions the record lists",
				    STR(v->version));
	struct str from = r->introduced.n && !str_eq(r->introduced, S("0"))
				  ? arena_printf(x->a, "from %.*s ", STR(r->introduced))
				  : S("from the first version ");
	struct str to = r->fixed.n ? arena_printf(x->a, "to before %.*s", STR(r->fixed))
			: r->last_affected.n
				? arena_printf(x->a, "up to %.*s", STR(r->last_affected))
				: S("on, without an end");
	return arena_printf(x->a, "%.*s%.*s; %.*s lies in it (compared as %s)", STR(from), STR(to),
			    STR(v->version), scheme);
}

/* Who needs the package: some ways up, the shortest first found. */
static void put_ways(struct explanations *x, struct explanation *t, const struct package *p)
{
	const struct inventory *inv = x->r->inventory;
	size_t shown = 0, at = (size_t)(p - inv->packages);
	for (size_t i = 0; i < inv->n_packages && shown < WAYS_MAX; i++) {
		const struct package *q = &inv->packages[i];
		for (size_t k = 0; k < q->n_needs; k++) {
			if (q->needs[k] != at)
				continue;
			put(x, t, "needed by",
			    arena_printf(x->a, "%.*s %.*s", STR(q->name), STR(q->version)));
			shown++;
			break;
		}
	}
}

/* The command of the packages' own tool. */
static struct str command_for(const struct explanations *x, const struct finding *f)
{
	static const struct {
		const char *type, *command;
		bool version;
	} t[] = {
		{ "deb", "apt-get install --only-upgrade %.*s", false },
		{ "rpm", "dnf upgrade %.*s", false },
		{ "apk", "apk upgrade %.*s", false },
		{ "npm", "npm install %.*s@%.*s", true },
		{ "pypi", "pip install '%.*s>=%.*s'", true },
		{ "gem", "gem install %.*s -v %.*s", true },
		{ "cargo", "cargo update -p %.*s --precise %.*s", true },
		{ "golang", "go get %.*s@v%.*s", true },
		{ "composer", "composer require %.*s:^%.*s", true },
		{ "nuget", "dotnet add package %.*s --version %.*s", true },
	};
	const struct package *p = f->package;
	for (size_t i = 0; i < COUNT(t); i++) {
		if (!str_eq(p->type, str_of(t[i].type)))
			continue;
		struct buf b = { 0 };
		struct str rest = str_of(t[i].command);
		for (size_t n = 0; rest.n; n++) {
			ssize_t hole = str_find(rest, S("%.*s"));
			buf_add_str(&b, hole < 0 ? rest : str_upto(rest, (size_t)hole));
			if (hole < 0)
				break;
			buf_add_str(&b, n == 0 ? p->name : f->fixed);
			rest = str_from(rest, (size_t)hole + 4);
		}
		struct str text = arena_str(x->a, str_buf(&b));
		buf_done(&b);
		return text;
	}
	return S("");
}

static void put_mending(struct explanations *x, struct explanation *t, const struct finding *f)
{
	const struct inventory *inv = x->r->inventory;
	if (!f->fixed.n) {
		put(x, t, "mend",
		    arena_printf(x->a, "no version is known to fix it (%s)",
				 status_name(f->status)));
		return;
	}
	put(x, t, "mend",
	    arena_printf(x->a, "%.*s %.*s or later", STR(f->package->source_name), STR(f->fixed)));
	put(x, t, "command", command_for(x, f));
	if (f->package->layer < inv->base.layers)
		put(x, t, "or",
		    arena_printf(x->a, "take a newer base image%s%.*s",
				 inv->base.name.n ? " than " : "", STR(inv->base.name)));
}

static void put_package(struct explanations *x, struct explanation *t, const struct package *p)
{
	static const char *const relations[] = { "", "the project itself",
						 "asked for by the project",
						 "pulled in by others" };
	put(x, t, "package",
	    arena_printf(x->a, "%.*s %.*s (%.*s)", STR(p->name), STR(p->version), STR(p->purl)));
	if (!str_eq(p->source_name, p->name))
		put(x, t, "source",
		    arena_printf(x->a, "%.*s %.*s", STR(p->source_name), STR(p->source_version)));
	put(x, t, "found in",
	    arena_printf(x->a, "%.*s%s%.*s, read as %.*s", STR(p->path), p->inside.n ? "!" : "",
			 STR(p->inside), STR(p->analyzer)));
	put(x, t, "layer", layer_text(x, (ssize_t)p->layer));
	put(x, t, "relation", str_of(relations[p->relation]));
	put_ways(x, t, p);
	if (p->owner >= 0)
		put(x, t, "owned by", x->r->inventory->packages[p->owner].purl);
}

static void put_suppression(struct explanations *x, struct explanation *t,
			    const struct suppression *s)
{
	if (s->by.n)
		put(x, t, "suppressed",
		    arena_printf(x->a, "by %.*s%s%.*s%s%.*s", STR(s->by), s->reason.n ? ": " : "",
				 STR(s->reason), s->source.n ? ", " : "", STR(s->source)));
}

static struct str join(struct arena *a, const struct strs *v)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < v->n; i++)
		buf_addf(&b, "%s%.*s", i ? ", " : "", STR(v->v[i]));
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

static void explain_finding(struct explanations *x, const struct finding *f)
{
	char date[DATE_TEXT];
	struct explanation *t =
		begin(x, arena_printf(x->a, "%.*s in %.*s %.*s", STR(f->id), STR(f->package->name),
				      STR(f->package->version)));
	put(x, t, "summary", f->summary);
	put(x, t, "aliases", join(x->a, &f->aliases));
	put(x, t, "severity",
	    arena_printf(x->a, "%s%s%.*s", severity_name(f->severity),
			 f->severity_source.n ? ", from " : "", STR(f->severity_source)));
	for (size_t i = 0; i < f->n_cvss; i++)
		put(x, t, "cvss",
		    arena_printf(x->a, "%.1f %.*s (%.*s)", f->cvss[i].score, STR(f->cvss[i].vector),
				 STR(f->cvss[i].source)));
	if (f->epss >= 0)
		put(x, t, "epss",
		    arena_printf(x->a, "%.5f, higher than %.1f %% of all", f->epss,
				 f->epss_percentile * 100));
	if (f->kev)
		put(x, t, "exploited",
		    arena_printf(x->a, "known since %.*s%s", STR(f->kev_added),
				 f->kev_ransomware ? ", by ransomware too" : ""));
	put(x, t, "record",
	    arena_printf(x->a, "%.*s of %.*s, about %.*s in %.*s", STR(f->evidence.advisory),
			 STR(f->feed), STR(f->evidence.name), STR(f->evidence.ns)));
	if (f->published)
		put(x, t, "published", arena_str(x->a, str_of(date_text(f->published, date))));
	put(x, t, "range", range_text(x, &f->evidence));
	put_package(x, t, f->package);
	put_suppression(x, t, &f->suppressed);
	put_mending(x, t, f);
	for (size_t i = 0; i < f->references.n && i < 5; i++)
		put(x, t, "see", f->references.v[i]);
}

static void explain_check(struct explanations *x, const struct config_finding *c)
{
	struct explanation *t =
		begin(x, arena_printf(x->a, "%s: %s", c->check->id, c->check->title));
	const struct suppression s = {
		c->suppressed.by, c->suppressed.reason, c->suppressed.source, { 0 }
	};
	put(x, t, "found", c->message);
	put(x, t, "severity", str_of(c->check->severity));
	for (const char *const *o = c->check->others; o && *o; o++)
		put(x, t, "also", str_of(*o));
	put(x, t, "path", c->path);
	put(x, t, "layer", layer_text(x, c->layer));
	put(x, t, "why", str_of(c->check->why));
	put_suppression(x, t, &s);
	put(x, t, "mend", str_of(c->check->fix));
	put(x, t, "see", c->check->url ? str_of(c->check->url) : S(""));
}

static void explain_secret(struct explanations *x, const struct secret_finding *f)
{
	const struct secret *s = f->secret;
	struct explanation *t =
		begin(x, arena_printf(x->a, "%.*s: %.*s", STR(s->rule), STR(s->title)));
	put(x, t, "severity", s->severity);
	put(x, t, "found in", arena_printf(x->a, "%.*s %.*s", STR(s->where), STR(s->path)));
	if (s->line)
		put(x, t, "line", arena_printf(x->a, "%llu", (unsigned long long)s->line));
	put(x, t, "match", s->match);
	put(x, t, "layer", layer_text(x, s->layer));
	put_suppression(x, t, &f->suppressed);
	put(x, t, "mend",
	    s->deleted ? S("revoke it; a later layer deletes the file, but the layer still has it: "
			   "build the image without it")
		       : S("revoke it, and build the image without it: give it at run time or as "
			   "a build secret"));
}

static void explain_licence(struct explanations *x, const struct licence_finding *l)
{
	struct explanation *t = begin(x, arena_printf(x->a, "licence %.*s", STR(l->expression)));
	put(x, t, "category", l->category);
	put(x, t, "severity", str_of(severity_name(l->severity)));
	if (l->package)
		put_package(x, t, l->package);
	else
		put(x, t, "found in", l->path);
	put_suppression(x, t, &l->suppressed);
}

static void explain_malware(struct explanations *x, const struct malware_finding *f)
{
	const struct malware *m = f->malware;
	struct explanation *t = begin(x, arena_printf(x->a, "malware rule %.*s", STR(m->rule)));
	put(x, t, "says", m->description);
	put(x, t, "found in", m->path);
	put(x, t, "layer", layer_text(x, (ssize_t)m->layer));
	put_suppression(x, t, &f->suppressed);
}

static bool finding_is(const struct finding *f, struct str id)
{
	bool is = str_eq_nocase(f->id, id) || str_eq_nocase(f->evidence.advisory, id);
	for (size_t i = 0; i < f->aliases.n && !is; i++)
		is = str_eq_nocase(f->aliases.v[i], id);
	return is;
}

static bool check_is(const struct config_check *c, struct str id)
{
	bool is = str_eq_nocase(str_of(c->id), id);
	for (const char *const *o = c->others; o && *o && !is; o++)
		is = str_eq_nocase(str_of(*o), id);
	return is;
}

static void collect(struct explanations *x, struct str id)
{
	const struct report *r = x->r;
	for (size_t i = 0; i < r->n_findings; i++)
		if (finding_is(&r->findings[i], id))
			explain_finding(x, &r->findings[i]);
	for (size_t i = 0; i < r->n_checks; i++)
		if (check_is(r->checks[i].check, id))
			explain_check(x, &r->checks[i]);
	for (size_t i = 0; i < r->n_secrets; i++)
		if (str_eq_nocase(r->secrets[i].secret->rule, id))
			explain_secret(x, &r->secrets[i]);
	for (size_t i = 0; i < r->n_licences; i++)
		if (str_eq_nocase(r->licences[i].expression, id))
			explain_licence(x, &r->licences[i]);
	for (size_t i = 0; i < r->n_malware; i++)
		if (str_eq_nocase(r->malware[i].malware->rule, id))
			explain_malware(x, &r->malware[i]);
}

size_t explain_text(const struct report *r, struct str id, struct arena *a, struct buf *out)
{
	struct explanations x = { .r = r, .a = a };
	collect(&x, id);
	for (size_t i = 0; i < x.n; i++) {
		const struct explanation *t = &x.v[i];
		if (i)
			buf_add_char(out, '\n');
		text_put_clean(out, t->title);
		buf_add_char(out, '\n');
		for (size_t k = 0; k < t->n; k++) {
			bool again = k && t->lines[k].label == t->lines[k - 1].label;
			buf_addf(out, "  %-*s ", LABEL_WIDTH, again ? "" : t->lines[k].label);
			text_put_clean(out, t->lines[k].text);
			buf_add_char(out, '\n');
		}
	}
	return x.n;
}

size_t explain_json(const struct report *r, struct str id, struct arena *a, struct buf *out)
{
	struct explanations x = { .r = r, .a = a };
	struct json_out o;
	collect(&x, id);
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_put_member(&o, "target", r->inventory->target);
	json_put_member(&o, "id", id);
	json_put_key(&o, "explanations");
	json_begin_array(&o);
	for (size_t i = 0; i < x.n; i++) {
		const struct explanation *t = &x.v[i];
		json_begin_object(&o);
		json_put_member(&o, "title", t->title);
		for (size_t k = 0; k < t->n;) {
			const char *label = t->lines[k].label;
			json_put_key(&o, label);
			json_begin_array(&o);
			for (; k < t->n && t->lines[k].label == label; k++)
				json_put_str(&o, t->lines[k].text);
			json_end_array(&o);
		}
		json_end_object(&o);
	}
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
	return x.n;
}
