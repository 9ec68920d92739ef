/* What an SBOM says, item by item, into a record: one file that holds every package, with facts as attributes. Runs in the
 * child. Names are put together as the purl's type has them; the distribution and source packages are found where the tools put
 * them (the operating system's component, qualifiers, properties), so that what others wrote is matched as an image is.
 *
 * References are resolved by a map and never followed in chains, so circles mean nothing; what points nowhere is dropped; a
 * package URL that breaks its specification makes the document invalid. */
#include "report/sbom.h"

#include "analyze/purl.h"
#include "analyze/rpm.h"
#include "base/map.h"

#include <stdio.h>

enum { RELATIONS_PER_ITEM = 64, ITEMS_BASE = 1000, FACTS_MAX = 65536, NOTES_MAX = 100 };

struct str sbom_keep(struct sbom *s, struct str text)
{
	return arena_str(s->a, text);
}

struct str sbom_fact(const struct sbom_facts *f, const char *key)
{
	return record_attr(f->v, f->n, str_of(key));
}

int sbom_add_item(struct sbom *s, enum sbom_kind kind, struct sbom_item **out, struct err *e)
{
	if (s->n_items >= s->limits->packages)
		return err_set(e, ERR_LIMIT, "it has more packages than packages, %llu",
			       (unsigned long long)s->limits->packages);
	struct sbom_item *item = ARENA_NEW(s->a, struct sbom_item);
	item->kind = kind;
	*ARENA_PUSH(s->a, s->items, s->n_items, s->items_cap) = item;
	*out = item;
	return 0;
}

int sbom_add_relation(struct sbom *s, enum sbom_relation_kind kind, struct str from, struct str to,
		      struct err *e)
{
	if (s->n_relations >= (s->limits->packages + ITEMS_BASE) * RELATIONS_PER_ITEM)
		return err_set(e, ERR_LIMIT, "it has more than %d relations for each of packages",
			       RELATIONS_PER_ITEM);
	*ARENA_PUSH(s->a, s->relations, s->n_relations, s->relations_cap) =
		(struct sbom_relation){ kind, sbom_keep(s, from), sbom_keep(s, to) };
	return 0;
}

/* Properties */

static void add(struct sbom *s, struct sbom_facts *f, struct str key, struct str value)
{
	if (f->n < FACTS_MAX || f == &s->facts)
		sbom_add_fact(s->a, f, sbom_keep(s, key), sbom_keep(s, value));
	else
		s->facts_dropped++;
}

static const struct {
	const char *name, *key;
} translations[] = {
	{ "aquasecurity:trivy:SrcName", "source" },
	{ "aquasecurity:trivy:SrcVersion", "source-version" },
	{ "aquasecurity:trivy:SrcRelease", "source-release" },
	{ "aquasecurity:trivy:SrcEpoch", "source-epoch" },
	{ "aquasecurity:trivy:FilePath", "path" },
	{ "aquasecurity:trivy:LayerDigest", "layer-digest" },
	{ "aquasecurity:trivy:LayerDiffID", "layer-diff-id" },
	{ "aquasecurity:trivy:Modularitylabel", "attr:module" },
	{ "aquasecurity:trivy:DiffID", "diff-id" },
	{ "aquasecurity:trivy:ImageID", "image:config" },
	{ "aquasecurity:trivy:RepoDigest", "reference" },
	{ "syft:location:0:path", "path" },
	{ "syft:location:0:layerID", "layer-diff-id" },
	{ "syft:metadata:source", "source" },
	{ "syft:metadata:sourceVersion", "source-version" },
	{ "syft:metadata:originPackage", "source" },
	{ "syft:metadata:sourceRpm", "source-rpm" },
	{ "syft:metadata:modularityLabel", "attr:module" },
	{ "syft:metadata:architecture", "arch" },
	{ "syft:distro:id", "os:id" },
	{ "syft:distro:versionID", "os:version-id" },
	{ "syft:distro:versionCodename", "os:codename" },
	{ "syft:distro:prettyName", "os:pretty-name" },
};

void sbom_property(struct sbom *s, struct sbom_item *item, struct str name, struct str value)
{
	struct sbom_facts *f = item ? &item->facts : &s->facts;
	if (str_starts(name, S("lazaret:"))) {
		add(s, f, str_from(name, S("lazaret:").n), value);
		return;
	}
	for (size_t i = 0; value.n && i < COUNT(translations); i++)
		if (str_eq(name, str_of(translations[i].name)))
			add(s, f, str_of(translations[i].key), value);
}

void sbom_annotation(struct sbom *s, struct sbom_item *item, struct str text)
{
	struct str line;
	while (str_line(&text, &line)) {
		struct str value = line;
		if (str_starts(line, S("lazaret:"))) {
			struct str name = str_cut(&value, '=');
			sbom_property(s, item, name, value);
			continue;
		}
		/* "KEY: value" */
		char name[80];
		struct str key = str_cut(&value, ':');
		int n = snprintf(name, sizeof name, "aquasecurity:trivy:%.*s", STR(key));
		if (n > 0 && (size_t)n < sizeof name)
			sbom_property(s, item, str_of(name), str_trim(value));
	}
}

void sbom_hash(struct sbom_item *item, struct str alg, struct str hex)
{
	static const struct {
		const char *name;
		enum digest_alg alg;
	} known[] = {
		{ "SHA-256", DIGEST_SHA256 }, { "SHA256", DIGEST_SHA256 }, { "SHA-1", DIGEST_SHA1 },
		{ "SHA1", DIGEST_SHA1 },      { "MD5", DIGEST_MD5 },
	};
	for (size_t i = 0; i < COUNT(known); i++) {
		struct digest *to = known[i].alg == DIGEST_SHA256 ? &item->sha256
				    : known[i].alg == DIGEST_SHA1 ? &item->sha1
								  : &item->md5;
		if (str_eq_nocase(alg, str_of(known[i].name)))
			digest_from_hex(known[i].alg, hex, to);
	}
}

/* Names and versions */

struct naming {
	struct purl purl;
	struct str type, name, version, arch, source_name, source_version;
};

/* The component's own spelling where it means the same as the purl's, which some types write in small letters. */
static struct str whole_name(struct sbom *s, const struct sbom_item *it, const struct purl *u)
{
	struct purl again = { .type = u->type };
	struct str name = it->name, canonical = purl_package_name(s->a, u);
	if (it->group.n) {
		struct purl joined = { .type = u->type, .ns = it->group, .name = it->name };
		name = purl_package_name(s->a, &joined);
	}
	if (!name.n)
		return canonical;
	purl_set_package_name(s->a, &again, name);
	again.version = u->version;
	struct purl parsed;
	struct err e;
	if (purl_parse(s->a, purl_text(s->a, &again), &parsed, &e))
		return canonical;
	bool same =
		str_eq(parsed.name, u->name) && str_eq(purl_package_name(s->a, &parsed), canonical);
	return same ? name : canonical;
}

static bool has_epochs(struct str type)
{
	return str_eq(type, S("rpm")) || str_eq(type, S("deb")) || str_eq(type, S("alpm"));
}

static struct str with_epoch(struct sbom *s, struct str version, struct str epoch)
{
	if (!epoch.n || str_eq(epoch, S("0")) || str_find_char(version, ':') >= 0)
		return version;
	return arena_printf(s->a, "%.*s:%.*s", STR(epoch), STR(version));
}

/* "name", "name@version", "name-version-release.src.rpm" */
static void take_upstream(struct sbom *s, struct naming *n, struct str upstream)
{
	struct str version = upstream, name = str_cut(&version, '@');
	if (str_ends(upstream, S(".src.rpm")) && rpm_source_split(upstream, &name, &version)) {
		name = sbom_keep(s, name);
		version = sbom_keep(s, version);
	}
	if (name.n)
		n->source_name = name;
	if (version.n)
		n->source_version = version;
}

static void find_source(struct sbom *s, const struct sbom_item *it, struct naming *n)
{
	struct str release = sbom_fact(&it->facts, "source-release");
	struct str name = sbom_fact(&it->facts, "source"),
		   version = sbom_fact(&it->facts, "source-version");
	n->source_name = n->name;
	n->source_version = n->version;
	struct str upstream = purl_qualifier(&n->purl, "upstream");
	if (!upstream.n)
		upstream = sbom_fact(&it->facts, "source-rpm");
	if (upstream.n)
		take_upstream(s, n, upstream);
	if (name.n)
		n->source_name = name;
	if (version.n && release.n)
		version = arena_printf(s->a, "%.*s-%.*s", STR(version), STR(release));
	if (version.n)
		n->source_version = with_epoch(s, version, sbom_fact(&it->facts, "source-epoch"));
}

static int find_names(struct sbom *s, const struct sbom_item *it, struct naming *n, struct err *e)
{
	struct str type = sbom_fact(&it->facts, "type"), name = sbom_fact(&it->facts, "name"),
		   version = sbom_fact(&it->facts, "version"), arch = sbom_fact(&it->facts, "arch");
	*n = (struct naming){ 0 };
	if (it->purl.n && purl_parse(s->a, it->purl, &n->purl, e))
		return err_in(e, "package %.*s: '%.*s'", STR(str_upto(it->name, 100)),
			      STR(str_upto(it->purl, 100)));
	n->type = type.n ? type : n->purl.type;
	n->name = name.n ? name : it->purl.n ? whole_name(s, it, &n->purl) : it->name;
	n->version = version.n ? version : it->version.n ? it->version : n->purl.version;
	if (!version.n && has_epochs(n->type))
		n->version = with_epoch(s, n->version, purl_qualifier(&n->purl, "epoch"));
	n->arch = arch.n ? arch : purl_qualifier(&n->purl, "arch");
	find_source(s, it, n);
	return 0;
}

/* Into the record */

static struct strs facts_called(struct arena *a, const struct sbom_facts *f, struct str key)
{
	struct strs v = { 0 };
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->v[i].key, key))
			*ARENA_PUSH(a, v.v, v.n, v.cap) = f->v[i].value;
	return v;
}

/* "KEY*": the value is percent-escaped. */
static void decode_facts(struct sbom *s, struct sbom_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct attr *fact = &f->v[i];
		if (!str_ends(fact->key, S("*")))
			continue;
		fact->key = str_upto(fact->key, fact->key.n - 1);
		char *p = arena_cstr(s->a, fact->value);
		size_t n = 0;
		for (size_t k = 0; k < fact->value.n; k++) {
			uint64_t byte;
			if (p[k] == '%' &&
			    str_to_u64_base(str_upto(str_from(fact->value, k + 1), 2), 16, 255,
					    &byte)) {
				p[n++] = (char)byte;
				k += 2;
			} else {
				p[n++] = fact->value.p[k];
			}
		}
		fact->value = (struct str){ p, n };
	}
}

static bool is_digest_fact(struct str key)
{
	return str_eq(key, S("sha256")) || str_eq(key, S("sha1")) || str_eq(key, S("md5"));
}

/* What has become a field, and what the record alone may say. */
static bool is_done(struct str key)
{
	static const char *const done[] = { "type",	      "name",	      "version",
					    "arch",	      "source",	      "source-version",
					    "source-release", "source-epoch", "source-rpm",
					    "licence",	      "depends",      "provides",
					    "needs",	      "purl",	      "licence-expression",
					    "owner-index" };
	for (size_t i = 0; i < COUNT(done); i++)
		if (str_eq(key, str_of(done[i])))
			return true;
	return is_digest_fact(key);
}

static void attr(struct sbom *s, struct record_package *p, const char *key, struct str value)
{
	if (value.n)
		record_package_attr(s->a, p, str_of(key), value);
}

static void put_digest(struct sbom *s, struct record_package *p, const char *key,
		       const struct digest *d)
{
	char text[DIGEST_TEXT];
	if (d->alg == DIGEST_NONE)
		return;
	struct str hex = str_of(digest_text(d, text));
	str_cut(&hex, ':');
	attr(s, p, key, arena_str(s->a, hex));
}

static void put_licences(struct sbom *s, const struct sbom_item *it, struct record_package *p)
{
	p->licences = facts_called(s->a, &it->facts, S("licence"));
	if (!p->licences.n)
		p->licences = it->licences;
	if (!p->licences.n && it->licence.n)
		*ARENA_PUSH(s->a, p->licences.v, p->licences.n, p->licences.cap) = it->licence;
	attr(s, p, "licence-expression", it->licence);
}

/* One that the writer guessed from the name says nothing. */
static void put_cpe(struct sbom *s, const struct sbom_item *it, struct record_package *p)
{
	struct package like = { .type = p->type,
				.name = p->name,
				.version = p->version,
				.source_name = p->source_name };
	if (it->cpe.n && !sbom_fact(&it->facts, "attr:cpe").n &&
	    !str_eq(sbom_cpe(s->a, &like), it->cpe))
		attr(s, p, "attr:cpe", it->cpe);
}

static void put_package(struct sbom *s, const struct sbom_item *it, const struct naming *n,
			struct record_file *f)
{
	struct record_package *p = record_add_package(s->a, f);
	p->type = n->type;
	p->name = n->name;
	p->version = n->version;
	p->arch = n->arch;
	p->source_name = n->source_name;
	p->source_version = n->source_version;
	p->depends = facts_called(s->a, &it->facts, S("depends"));
	p->provides = facts_called(s->a, &it->facts, S("provides"));
	attr(s, p, "purl", it->purl);
	put_licences(s, it, p);
	put_digest(s, p, "sha256", &it->sha256);
	put_digest(s, p, "sha1", &it->sha1);
	put_digest(s, p, "md5", &it->md5);
	for (size_t i = 0; i < it->facts.n; i++)
		if (!is_done(it->facts.v[i].key))
			record_package_attr(s->a, p, it->facts.v[i].key, it->facts.v[i].value);
	put_cpe(s, it, p);
}

static void note(struct sbom *s, struct str what, const char *why)
{
	if (s->notes.n < NOTES_MAX)
		*ARENA_PUSH(s->a, s->notes.v, s->notes.n, s->notes.cap) =
			arena_printf(s->a, "%.*s: %s", STR(str_upto(what, 200)), why);
	else if (s->notes.n == NOTES_MAX)
		*ARENA_PUSH(s->a, s->notes.v, s->notes.n, s->notes.cap) =
			S("there are more of these");
}

static int put_packages(struct sbom *s, struct record_file *f, size_t *place, struct err *e)
{
	for (size_t i = 0; i < s->n_items; i++) {
		struct sbom_item *it = s->items[i];
		struct naming n;
		place[i] = SIZE_MAX;
		if (it->kind != SBOM_PACKAGE)
			continue;
		int r = find_names(s, it, &n, e);
		if (r)
			return r;
		if (!n.type.n || !n.name.n) {
			note(s, it->name, "has no package URL: nothing is known of it");
			continue;
		}
		place[i] = f->n_packages;
		put_package(s, it, &n, f);
	}
	return 0;
}

/* Owners are told by package URL: documents change the ids of others. */
static void put_owners(struct sbom *s, struct record_file *f, const size_t *place)
{
	struct map purls;
	map_init(&purls, s->a);
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i]->purl.n && !map_get(&purls, s->items[i]->purl))
			*map_at(&purls, s->items[i]->purl) = s->items + i;
	for (size_t i = 0; i < s->n_items; i++) {
		struct str owner = sbom_fact(&s->items[i]->facts, "owner");
		struct sbom_item **o = owner.n ? map_get(&purls, owner) : NULL;
		if (o && place[i] != SIZE_MAX && place[o - s->items] != SIZE_MAX)
			attr(s, &f->packages[place[i]], "owner-index",
			     arena_printf(s->a, "%zu", place[o - s->items]));
	}
}

/* Relations between packages, and what tells their place. */
static void put_relations(struct sbom *s, struct record_file *f, const size_t *place)
{
	struct map ids;
	map_init(&ids, s->a);
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i]->id.n && !map_get(&ids, s->items[i]->id))
			*map_at(&ids, s->items[i]->id) = s->items + i;
	for (size_t i = 0; i < s->n_relations; i++) {
		const struct sbom_relation *r = &s->relations[i];
		struct sbom_item **from = map_get(&ids, r->from), **to = map_get(&ids, r->to);
		if (!from || !to || from == to)
			continue;
		size_t a = place[from - s->items], b = place[to - s->items];
		if (r->kind == SBOM_NEEDS && a != SIZE_MAX && b != SIZE_MAX)
			attr(s, &f->packages[a], "needs", arena_printf(s->a, "%zu", b));
		else if (b != SIZE_MAX && (*from)->kind == SBOM_FILE &&
			 !sbom_fact(&(*to)->facts, "path").n)
			attr(s, &f->packages[b], "path", (*from)->name);
		else if (a != SIZE_MAX && (*to)->kind == SBOM_FILE &&
			 !sbom_fact(&(*from)->facts, "path").n)
			attr(s, &f->packages[a], "path", (*to)->name);
	}
	put_owners(s, f, place);
}

/* The document */

/* From "distro=debian-12", "distro=3.16.0", "distro=jessie" beside a namespace. */
static void distribution_of_purl(struct sbom *s, const struct sbom_item *it)
{
	struct purl u;
	struct err e;
	if (it->kind != SBOM_PACKAGE || !it->purl.n || purl_parse(s->a, it->purl, &u, &e))
		return;
	struct str distro = purl_qualifier(&u, "distro");
	struct package like = { .type = u.type };
	ssize_t dash = str_rfind_char(distro, '-');
	if (!distro.n || !package_is_os(&like))
		return;
	bool named = dash > 0 && (distro.p[0] < '0' || distro.p[0] > '9');
	add(s, &s->facts, S("os:name"), named ? str_upto(distro, (size_t)dash) : u.ns);
	add(s, &s->facts, S("os:version"), named ? str_from(distro, (size_t)dash + 1) : distro);
}

static void find_distribution(struct sbom *s)
{
	for (size_t i = 0; i < s->n_items && !sbom_fact(&s->facts, "os:id").n; i++) {
		struct sbom_item *it = s->items[i];
		if (it->kind != SBOM_SYSTEM)
			continue;
		for (size_t k = 0; k < it->facts.n; k++)
			if (str_starts(it->facts.v[k].key, S("os:")))
				add(s, &s->facts, it->facts.v[k].key, it->facts.v[k].value);
		if (sbom_fact(&s->facts, "os:name").n)
			continue;
		add(s, &s->facts, S("os:name"), it->name);
		add(s, &s->facts, S("os:version"), it->version);
	}
	for (size_t i = 0; i < s->n_items; i++) {
		if (sbom_fact(&s->facts, "os:id").n || sbom_fact(&s->facts, "os:name").n)
			return;
		distribution_of_purl(s, s->items[i]);
	}
}

/* What describes itself rather than a part. */
static void find_root(struct sbom *s)
{
	for (size_t i = 0; i < s->n_items; i++) {
		struct sbom_item *it = s->items[i];
		bool image = str_starts(it->purl, S("pkg:oci/")) ||
			     str_starts(it->purl, S("pkg:docker/"));
		if (image || (it->kind == SBOM_PACKAGE && sbom_fact(&it->facts, "target").n))
			it->kind = SBOM_ROOT;
		if (it->kind != SBOM_ROOT)
			continue;
		size_t layers = 0;
		for (size_t k = 0; k < it->facts.n; k++) {
			struct str key = it->facts.v[k].key;
			if (str_eq(key, S("diff-id")))
				key = arena_printf(s->a, "layer:%zu:diff-id", layers++);
			add(s, &s->facts, key, it->facts.v[k].value);
		}
	}
}

static void mark_described(struct sbom *s)
{
	struct map described;
	map_init(&described, s->a);
	for (size_t i = 0; i < s->n_relations; i++)
		if (s->relations[i].kind == SBOM_DESCRIBES)
			*map_at(&described, s->relations[i].to) = s;
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i]->kind == SBOM_PACKAGE && !s->items[i]->purl.n &&
		    map_get(&described, s->items[i]->id))
			s->items[i]->kind = SBOM_ROOT;
}

int sbom_record(struct sbom *s, struct layer_record *out, struct err *e)
{
	struct layer_record r = { 0 };
	struct record_file *f = record_add_file(s->a, &r, S("sbom"), "sbom", 0);
	size_t *place = arena_array(s->a, s->n_items, sizeof *place);
	decode_facts(s, &s->facts);
	for (size_t i = 0; i < s->n_items; i++)
		decode_facts(s, &s->items[i]->facts);
	mark_described(s);
	find_root(s);
	int code = put_packages(s, f, place, e);
	if (code)
		return code;
	put_relations(s, f, place);
	find_distribution(s);
	for (size_t i = 0; i < s->facts.n; i++)
		record_add_attr(s->a, f, s->facts.v[i].key, s->facts.v[i].value);
	if (s->facts_dropped)
		record_add_note(
			s->a, &r, s->limits, (struct str){ 0 },
			arena_printf(s->a,
				     "the SBOM states more than %d properties of one package: "
				     "%zu were left out",
				     FACTS_MAX, s->facts_dropped));
	if (s->vulnerabilities)
		record_add_note(
			s->a, &r, s->limits, (struct str){ 0 },
			arena_printf(s->a,
				     "the SBOM states %zu vulnerabilities of its own, which are "
				     "not taken over: its packages are matched anew (--vex FILE "
				     "takes what it says about them)",
				     s->vulnerabilities));
	for (size_t i = 0; i < s->notes.n; i++)
		record_add_note(s->a, &r, s->limits, (struct str){ 0 }, s->notes.v[i]);
	*out = r;
	return 0;
}
