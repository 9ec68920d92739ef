/* Which findings VEX statements suppress. The image is the root of a graph whose edges are "needs"; a statement holds for a
 * package when every way down from the root passes a product it names (vex.h). Walking goes upwards from the package,
 * over parents, and stops where the product is met; each package is visited once a statement, so that the work is bounded by
 * statements about the finding's vulnerability times the packages above. */
#include "vuln/vex.h"

#include "analyze/purl.h"
#include "base/map.h"

#include <stdio.h>

enum { SHOWN = 3 }; /* statements named in a warning */

struct vex_graph {
	const struct inventory *inv;
	struct arena *a;
	size_t *first, *parents; /* parents of i: parents[first[i] .. first[i + 1]) */
	unsigned *seen, round; /* seen[i] == round: visited */
	size_t *stack;
	struct map by_id; /* vulnerability or alias -> struct said */
};

struct said { /* statements about one id, in order */
	size_t *v, n, cap;
};

static void find_parents(struct vex_graph *g)
{
	const struct inventory *inv = g->inv;
	size_t n = inv->n_packages, edges = 0;
	g->first = arena_array(g->a, n + 2, sizeof *g->first);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < inv->packages[i].n_needs; k++, edges++)
			g->first[inv->packages[i].needs[k] + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		g->first[i] += g->first[i - 1];
	g->parents = arena_array(g->a, edges, sizeof *g->parents);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < inv->packages[i].n_needs; k++)
			g->parents[g->first[inv->packages[i].needs[k] + 1]++] = i;
	g->seen = arena_array(g->a, n, sizeof *g->seen);
	g->stack = arena_array(g->a, n, sizeof *g->stack);
}

/* Names: type and name as they stand in the text: "deb" and "bash" of "pkg:deb/debian/bash@5.1?arch=amd64". */
static void look_at(struct str purl, struct str *type, struct str *name)
{
	size_t end = 0;
	*type = str_cut(&purl, '/');
	while (end < purl.n && !strchr("?#", purl.p[end]))
		end++;
	purl = str_upto(purl, end);
	purl = str_from(purl, (size_t)(str_rfind_char(purl, '/') + 1));
	*name = str_cut(&purl, '@');
}

/* Most patterns are about other packages: seen by their names alone, unless those may be written in two ways. */
static bool package_is(const struct package *p, struct str pattern)
{
	struct str type, name, other_type, other_name;
	if (!str_starts(pattern, S("pkg:")) || !p->purl.n)
		return false;
	look_at(pattern, &type, &name);
	look_at(p->purl, &other_type, &other_name);
	bool plain = str_find_char(name, '%') < 0 && str_find_char(other_name, '%') < 0 &&
		     !str_eq_nocase(type, S("pkg:pypi"));
	if (!str_eq_nocase(type, other_type) || (plain && !str_eq_nocase(name, other_name)))
		return false;
	return purl_text_matches(pattern, p->purl);
}

static struct str registry_name(struct str host)
{
	static const char *const docker[] = { "index.docker.io", "registry-1.docker.io",
					      "registry.hub.docker.com" };
	for (size_t i = 0; i < COUNT(docker); i++)
		if (str_eq(host, str_of(docker[i])))
			return S("docker.io");
	return host;
}

/* "docker.io/library/debian" of a reference that may have a tag or a digest. */
static struct str repository_of(struct arena *a, struct str reference)
{
	struct str name = str_cut(&reference, '@');
	ssize_t colon = str_rfind_char(name, ':'), slash = str_rfind_char(name, '/');
	if (colon > slash)
		name = str_upto(name, (size_t)colon);
	struct str host = str_cut(&name, '/');
	return arena_printf(a, "%.*s/%.*s", STR(registry_name(host)), STR(name));
}

static struct str last_part(struct str path)
{
	return str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
}

/* repository_url is the repository with or without its last part. */
static bool url_is(struct arena *a, struct str url, struct str repository)
{
	struct str scheme_end = S("://");
	ssize_t at = str_find(url, scheme_end);
	if (at >= 0)
		url = str_from(url, (size_t)at + scheme_end.n);
	while (str_ends(url, S("/")))
		url.n--;
	struct str host = str_cut(&url, '/');
	url = arena_printf(a, "%.*s%s%.*s", STR(registry_name(host)), url.n ? "/" : "", STR(url));
	return str_eq(url, repository) ||
	       (str_starts(repository, url) && repository.n > url.n &&
		str_eq(str_from(repository, url.n + 1), last_part(repository)));
}

static bool tag_is(struct str target, struct str tag)
{
	ssize_t colon = str_rfind_char(target, ':');
	return colon > 0 && str_eq(str_from(target, (size_t)colon + 1), tag);
}

/* Does a product name the image itself: pkg:oci/NAME@DIGEST?repository_url=...&tag=..., its digest, or its reference. */
static bool image_is(const struct vex_graph *g, struct str product)
{
	const struct inventory *inv = g->inv;
	char digest[DIGEST_TEXT] = "";
	struct err e;
	if (inv->image)
		digest_text(&inv->image->self.digest, digest);
	if (digest[0] && (str_eq(product, str_of(digest)) || str_eq(product, inv->reference)))
		return true;
	if (!str_starts(product, S("pkg:oci/")))
		return str_starts(product, S("pkg:")) && inv->purl.n &&
		       purl_text_matches(product, inv->purl);
	struct arena a = { 0 };
	struct purl *p = ARENA_NEW(&a, struct purl);
	struct str repository = repository_of(&a, inv->reference.n ? inv->reference : inv->target);
	bool same = purl_parse(&a, product, p, &e) == 0 && str_eq(p->name, last_part(repository)) &&
		    (!p->version.n || str_eq(p->version, str_of(digest)));
	struct str url = purl_qualifier(p, "repository_url"), tag = purl_qualifier(p, "tag"),
		   arch = purl_qualifier(p, "arch");
	same = same && (!url.n || url_is(&a, url, repository)) &&
	       (!tag.n || tag_is(inv->target, tag)) &&
	       (!arch.n || str_eq(arch, inv->platform.arch));
	arena_done(&a);
	return same || (inv->purl.n && purl_text_matches(product, inv->purl));
}

/* A link into an SBOM holds for that SBOM alone. */
static bool serial_is(const struct vex_graph *g, const struct vex_target *t)
{
	return !t->serial.n || str_eq(t->serial, g->inv->serial);
}

/* Some target stops the way at `node` (SIZE_MAX: the image) on the way to `leaf`. */
static bool stops(const struct vex_graph *g, const struct vex_statement *s, size_t node,
		  const struct package *leaf)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		const struct vex_target *t = &s->targets[i];
		if (!serial_is(g, t) || (t->component.n && !package_is(leaf, t->component)))
			continue;
		if (node == SIZE_MAX ? image_is(g, t->product)
				     : package_is(&g->inv->packages[node], t->product))
			return true;
	}
	return false;
}

/* What the distribution installed, what the project asks for itself, and what nobody needs hangs on the image. */
static bool hangs_on_image(const struct vex_graph *g, size_t i)
{
	const struct package *p = &g->inv->packages[i];
	return g->first[i] == g->first[i + 1] || package_is_os(p) || p->relation == RELATION_ROOT ||
	       p->relation == RELATION_DIRECT;
}

static bool holds(struct vex_graph *g, const struct vex_statement *s, size_t leaf)
{
	const struct package *p = &g->inv->packages[leaf];
	size_t n = 0;
	bool stopped = false;
	if (stops(g, s, SIZE_MAX, p))
		return true;
	g->round++;
	g->stack[n++] = leaf;
	g->seen[leaf] = g->round;
	while (n) {
		size_t i = g->stack[--n];
		if (stops(g, s, i, p)) {
			stopped = true;
			continue;
		}
		if (hangs_on_image(g, i))
			return false;
		for (size_t k = g->first[i]; k < g->first[i + 1]; k++) {
			size_t up = g->parents[k];
			if (g->seen[up] == g->round)
				continue;
			g->seen[up] = g->round;
			g->stack[n++] = up;
		}
	}
	return stopped; /* else a circle that nothing leads into */
}

/* Statements */
static void file_under(struct vex_graph *g, struct str id, size_t statement)
{
	struct said **s = (struct said **)map_at(&g->by_id, id);
	if (!*s)
		*s = ARENA_NEW(g->a, struct said);
	*ARENA_PUSH(g->a, (*s)->v, (*s)->n, (*s)->cap) = statement;
}

/* An in-toto statement is about the digests it names. */
static bool is_about(const struct vex_graph *g, const struct vex_document *d)
{
	char digest[DIGEST_TEXT];
	for (size_t i = 0; i < d->subjects.n; i++)
		if (g->inv->image &&
		    str_eq(d->subjects.v[i],
			   str_of(digest_text(&g->inv->image->self.digest, digest))))
			return true;
	return d->subjects.n == 0;
}

static void choose(struct vex_graph *g, struct vex *v, struct str id, size_t leaf,
		   struct vex_statement **best)
{
	const struct said *s = map_get(&g->by_id, id);
	for (size_t i = 0; s && i < s->n; i++) {
		struct vex_statement *x = &v->statements[s->v[i]];
		if (*best && x->time < (*best)->time)
			continue;
		if (!holds(g, x, leaf))
			continue;
		x->matched = true;
		if (!*best || x->time > (*best)->time || x > *best)
			*best = x;
	}
}

static void suppress(const struct vex *v, const struct vex_statement *s, struct finding *f)
{
	if (s->status != STATUS_NOT_AFFECTED && s->status != STATUS_FIXED)
		return;
	f->suppressed =
		(struct suppression){ .by = S("vex"),
				      .reason = s->justification.n ? s->justification : s->text,
				      .source = v->documents[s->document].source,
				      .status = str_of(status_name(s->status)) };
}

/* One line a document: how many of its statements spoke of nothing here, and the first of them. */
static void warn_unmatched(const struct vex *v, struct arena *a, struct strs *warnings)
{
	for (size_t d = 0, i = 0; d < v->n_documents; d++) {
		struct buf b CLEANUP(buf_done) = { 0 };
		size_t all = 0, silent = 0;
		for (; i < v->n_statements && v->statements[i].document == d; i++, all++) {
			const struct vex_statement *s = &v->statements[i];
			if (s->matched || ++silent - 1 >= SHOWN)
				continue;
			buf_addf(&b, "%s%.*s", silent > 1 ? "; " : "", STR(s->vulnerability));
			if (s->n_targets)
				buf_addf(&b, " in %.*s", STR(s->targets[0].product));
		}
		if (!silent)
			continue;
		if (silent > SHOWN)
			buf_addf(&b, "; and %zu more", silent - SHOWN);
		*ARENA_PUSH(a, warnings->v, warnings->n, warnings->cap) =
			arena_printf(a,
				     "VEX document %.*s: %zu of %zu statements match nothing that "
				     "was found: %.*s",
				     STR(v->documents[d].source), silent, all, STR(str_buf(&b)));
	}
}

void vex_apply(struct vex *v, const struct inventory *inv, struct finding *findings, size_t n,
	       struct arena *a, struct strs *warnings)
{
	struct vex_graph g = { .inv = inv, .a = a };
	map_init(&g.by_id, a);
	for (size_t i = 0; i < v->n_statements; i++) {
		struct vex_statement *s = &v->statements[i];
		s->matched = false;
		if (!is_about(&g, &v->documents[s->document]))
			continue;
		file_under(&g, s->vulnerability, i);
		for (size_t k = 0; k < s->aliases.n; k++)
			file_under(&g, s->aliases.v[k], i);
	}
	if (g.by_id.n)
		find_parents(&g);
	for (size_t i = 0; i < n && g.by_id.n; i++) {
		struct finding *f = &findings[i];
		struct vex_statement *best = NULL;
		size_t leaf = (size_t)(f->package - inv->packages);
		choose(&g, v, f->id, leaf, &best);
		for (size_t k = 0; k < f->aliases.n; k++)
			choose(&g, v, f->aliases.v[k], leaf, &best);
		if (best && !f->suppressed.by.n)
			suppress(v, best, f);
	}
	warn_unmatched(v, a, warnings);
}
