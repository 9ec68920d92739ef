/* SPDX 3.0.1 as JSON-LD (core, software and simple licensing profiles): writing. The graph holds one creation record, a document,
 * an SBOM element, the packages, their licences, annotations with the facts that SPDX has no property for, and relationships;
 * every element is named below a URN that a digest of the document makes. */
#include "base/json.h"
#include "base/map.h"
#include "report/spdx.h"

struct writer {
	struct sbom_out *o;
	struct json_out *j;
	struct strs elements; /* ids of all elements but the document */
	struct map licences; /* expression -> id of its element */
	struct strs wait; /* expressions not written yet */
};

static struct str iri(struct writer *w, const char *kind, struct str id)
{
	return arena_printf(&w->o->a, "urn:uuid:%s#%s%.*s", w->o->uuid, kind, STR(id));
}

/* The beginning that every element has. */
static void begin(struct writer *w, const char *type, struct str id)
{
	json_begin_object(w->j);
	json_put_member(w->j, "type", str_of(type));
	json_put_member(w->j, "spdxId", id);
	json_put_member(w->j, "creationInfo", S("_:creation"));
	*ARENA_PUSH(&w->o->a, w->elements.v, w->elements.n, w->elements.cap) = id;
}

static void put_list(struct json_out *j, const char *key, const struct str *v, size_t n)
{
	json_put_key(j, key);
	json_begin_array(j);
	for (size_t i = 0; i < n; i++)
		json_put_str(j, v[i]);
	json_end_array(j);
}

static void put_relation(struct writer *w, struct str id, struct str from, const char *kind,
			 const struct str *to, size_t n)
{
	if (n == 0)
		return;
	begin(w, "Relationship", id);
	json_put_member(w->j, "from", from);
	json_put_member(w->j, "relationshipType", str_of(kind));
	put_list(w->j, "to", to, n);
	json_end_object(w->j);
}

static void put_hashes(struct json_out *j, const struct spdx_package *p)
{
	static const char *const names[] = { "sha256", "sha1", "md5" };
	char text[DIGEST_TEXT];
	bool any = false;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!p->digests[i] || p->digests[i]->alg == DIGEST_NONE)
			continue;
		if (!any) {
			json_put_key(j, "verifiedUsing");
			json_begin_array(j);
		}
		any = true;
		struct str hex = str_of(digest_text(p->digests[i], text));
		str_cut(&hex, ':');
		json_begin_object(j);
		json_put_member(j, "type", S("Hash"));
		json_put_member(j, "algorithm", str_of(names[i]));
		json_put_member(j, "hashValue", hex);
		json_end_object(j);
	}
	if (any)
		json_end_array(j);
}

static void put_identifiers(struct json_out *j, const struct spdx_package *p)
{
	if (!p->cpe.n)
		return;
	json_put_key(j, "externalIdentifier");
	json_begin_array(j);
	json_begin_object(j);
	json_put_member(j, "type", S("ExternalIdentifier"));
	json_put_member(j, "externalIdentifierType", S("cpe23"));
	json_put_member(j, "identifier", p->cpe);
	json_end_object(j);
	json_end_array(j);
}

static struct str purpose_of(const struct spdx_package *p)
{
	static const char *const words[][2] = {
		{ "CONTAINER", "container" },
		{ "APPLICATION", "application" },
		{ "OPERATING-SYSTEM", "operatingSystem" },
	};
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(p->purpose, words[i][0]) == 0)
			return str_of(words[i][1]);
	return S("library");
}

static struct str licence_id(struct writer *w, struct str expression)
{
	void **place = map_at(&w->licences, expression);
	if (!*place) {
		struct str *id = ARENA_NEW(&w->o->a, struct str);
		*id = iri(w, "Licence-", str_from(spdx_id(&w->o->a, expression), S("Package-").n));
		*place = id;
		*ARENA_PUSH(&w->o->a, w->wait.v, w->wait.n, w->wait.cap) = expression;
	}
	return *(struct str *)*place;
}

static void put_package(void *ctx, const struct spdx_package *p)
{
	struct writer *w = ctx;
	struct str name = spdx_id(&w->o->a, p->ref), id = iri(w, "", name);
	begin(w, "software_Package", id);
	json_put_member(w->j, "name", p->name);
	json_put_member_opt(w->j, "software_packageVersion", p->version);
	json_put_member_opt(w->j, "software_packageUrl", p->purl);
	json_put_member_opt(w->j, "software_sourceInfo", p->source);
	json_put_member(w->j, "software_primaryPurpose", purpose_of(p));
	put_identifiers(w->j, p);
	put_hashes(w->j, p);
	json_end_object(w->j);
	if (p->facts.n) {
		begin(w, "Annotation", iri(w, "Annotation-", name));
		json_put_member(w->j, "annotationType", S("other"));
		json_put_member(w->j, "subject", id);
		json_put_member(w->j, "contentType", S("text/plain"));
		json_put_member(w->j, "statement", sbom_facts_text(&w->o->a, &p->facts));
		json_end_object(w->j);
	}
	if (p->licence.n) {
		struct str licence = licence_id(w, p->licence);
		put_relation(w, iri(w, "Declared-", name), id, "hasDeclaredLicense", &licence, 1);
	}
}

static void put_licences(struct writer *w)
{
	for (size_t i = 0; i < w->wait.n; i++) {
		begin(w, "simplelicensing_LicenseExpression", licence_id(w, w->wait.v[i]));
		json_put_member(w->j, "simplelicensing_licenseExpression", w->wait.v[i]);
		json_end_object(w->j);
	}
}

static void put_relations(struct writer *w)
{
	struct arena *a = &w->o->a;
	const struct inventory *inv = w->o->inv;
	size_t n = 0;
	struct str *ids = arena_array(a, inv->n_packages + 1, sizeof *ids);
	struct str *to = arena_array(a, inv->n_packages + 1, sizeof *to);
	struct str root = spdx_id(a, spdx_root_ref(w->o));
	if (inv->distribution.id.n)
		to[n++] = iri(w, "", spdx_id(a, spdx_system_ref(w->o)));
	for (size_t i = 0; i < inv->n_packages; i++)
		to[n++] = ids[i] = iri(w, "", spdx_id(a, w->o->refs[i]));
	put_relation(w, iri(w, "Contains-", root), iri(w, "", root), "contains", to, n);
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		for (n = 0; n < p->n_needs; n++)
			to[n] = ids[p->needs[n]];
		put_relation(w, iri(w, "DependsOn-", spdx_id(a, w->o->refs[i])), ids[i],
			     "dependsOn", to, n);
	}
}

static void put_creation(struct writer *w, struct str agent)
{
	json_begin_object(w->j);
	json_put_member(w->j, "type", S("CreationInfo"));
	json_put_member(w->j, "@id", S("_:creation"));
	json_put_member(w->j, "specVersion", S("3.0.1"));
	json_put_member(w->j, "created", str_of(w->o->created));
	put_list(w->j, "createdBy", &agent, 1);
	json_end_object(w->j);
	begin(w, "SoftwareAgent", agent);
	json_put_member(w->j, "name", arena_printf(&w->o->a, "lazaret-%s", sbom_version()));
	json_end_object(w->j);
}

static void put_collections(struct writer *w)
{
	static const struct str profiles[] = { { "core", 4 },
					       { "software", 8 },
					       { "simpleLicensing", 15 } };
	struct arena *a = &w->o->a;
	struct str root = iri(w, "", spdx_id(a, spdx_root_ref(w->o))), kind = S("analyzed"),
		   bom = iri(w, "Bom", S("")), name = sbom_root_name(w->o->inv);
	struct strs elements = w->elements;
	begin(w, "software_Sbom", bom);
	put_list(w->j, "rootElement", &root, 1);
	put_list(w->j, "element", elements.v, elements.n);
	put_list(w->j, "software_sbomType", &kind, 1);
	json_end_object(w->j);
	begin(w, "SpdxDocument", iri(w, "Document", S("")));
	json_put_member(w->j, "name", name);
	put_list(w->j, "profileConformance", profiles, COUNT(profiles));
	put_list(w->j, "rootElement", &bom, 1);
	put_list(w->j, "element", w->elements.v, w->elements.n - 1);
	json_end_object(w->j);
}

static void put(struct sbom_out *o, struct buf *out)
{
	struct json_out j;
	struct writer w = { .o = o, .j = &j };
	map_init(&w.licences, &o->a);
	json_out_init(&j, out, 2);
	json_begin_object(&j);
	json_put_member(&j, "@context", S("https://spdx.org/rdf/3.0.1/spdx-context.jsonld"));
	json_put_key(&j, "@graph");
	json_begin_array(&j);
	put_creation(&w, iri(&w, "Tool", S("")));
	spdx_each_package(o, put_package, &w);
	put_licences(&w);
	put_relations(&w);
	put_collections(&w);
	json_end_array(&j);
	json_end_object(&j);
	buf_add_char(out, '\n');
}

static int write_document(const struct report *reports, size_t n, const struct format_options *o,
			  struct buf *out, struct err *e)
{
	return sbom_write(reports, n, o, put, out, e);
}

const struct format format_spdx_3_json = { "spdx-3-json", write_document, spdx3_probe, spdx3_read };
