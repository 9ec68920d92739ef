/* What the SBOM formats share. An SBOM has a place of its own for names, versions, licences, digests and dependencies; whatever
 * else the inventory knows goes along as facts, KEY=VALUE, which every format writes in its own way (properties,
 * annotations) under the prefix "lazaret:". Reading gives the inventory back from them. SBOMs of others have no such facts:
 * what they say in properties of their own is translated into ours.
 *
 * Keys of a package: analyzer, path, inside, files (how many it
 * owns), layer (index), relation, dev, optional, owner (reference of another package), owned,
 * name, source, source-version, arch, licence, depends, provides, attr:NAME. Of the document: target, reference, platform,
 * image:*, os:*, base:*, layer:N:*, not-examined:N:*. A '*' behind a key: the value has bytes that text cannot hold, and is
 * percent-escaped. */
#ifndef LAZARET_REPORT_SBOM_H
#define LAZARET_REPORT_SBOM_H

#include "report/format.h"

enum { UUID_TEXT = 37 };
struct sbom_facts {
	struct attr *v;
	size_t n, cap;
};

/* Writing */
struct sbom_out {
	struct arena a;
	const struct report *report;
	bool show_suppressed; /* findings too that filters and VEX documents hide */
	const struct inventory *inv;
	struct str *refs; /* of each package: unique in the document, the same for the same image */
	char uuid[UUID_TEXT]; /* from a digest of everything else in the document */
	char created[32];
};
/* Writes the document of the one report into `out`; ERR_UNSUPPORTED for several. `put` is called twice, and must depend on
 * nothing but what it is given. */
int sbom_write(const struct report *reports, size_t n, const struct format_options *options,
	       void (*put)(struct sbom_out *o, struct buf *out), struct buf *out, struct err *e);
void sbom_package_facts(struct sbom_out *o, const struct package *p, struct sbom_facts *out);
void sbom_document_facts(struct sbom_out *o, struct sbom_facts *out);
/* Facts as lines "lazaret:KEY=VALUE". */
struct str sbom_facts_text(struct arena *a, const struct sbom_facts *f);
/* What the document is about: the image's name without digest, or the archive's or folder's. Never empty. */
struct str sbom_root_name(const struct inventory *inv);
struct str sbom_root_purl(struct sbom_out *o);
/* The one that an analyzer gave, else a candidate made from name and version. */
struct str sbom_cpe(struct arena *a, const struct package *p);
/* Who made or maintains it; empty when nothing says so. */
struct str sbom_supplier(const struct package *p);
/* Is it something that is run by itself rather than linked or loaded? */
bool sbom_is_program(const struct package *p);
const char *sbom_version(void); /* of the tool, for documents that name it */

/* Reading. Everything here runs in the child; see sbom_read.h for the caller's side. */
enum sbom_kind { SBOM_PACKAGE, SBOM_SYSTEM, SBOM_ROOT, SBOM_FILE };
struct sbom_item {
	enum sbom_kind kind;
	struct str id; /* bom-ref, SPDXID, ... */
	struct str group, name, version, purl, cpe;
	struct str licence; /* an SPDX expression */
	struct strs licences; /* names */
	struct digest sha256, sha1, md5;
	struct sbom_facts facts;
};
enum sbom_relation_kind { SBOM_NEEDS, SBOM_CONTAINS, SBOM_DESCRIBES };
struct sbom_relation {
	enum sbom_relation_kind kind;
	struct str from, to;
};
struct sbom {
	struct arena *a;
	const struct limits *limits;
	struct sbom_item **items;
	size_t n_items, items_cap;
	struct sbom_relation *relations;
	size_t n_relations, relations_cap;
	struct sbom_facts facts; /* of the document */
	void *reader; /* the reader's own */
	struct strs notes;
	size_t facts_dropped;
	size_t vulnerabilities; /* that the document states itself */
};

/* ERR_LIMIT beyond limits.packages. */
int sbom_add_item(struct sbom *s, enum sbom_kind kind, struct sbom_item **out, struct err *e);
int sbom_add_relation(struct sbom *s, enum sbom_relation_kind kind, struct str from, struct str to,
		      struct err *e);
void sbom_add_fact(struct arena *a, struct sbom_facts *f, struct str key, struct str value);
/* A property of an item (NULL: of the document), ours or translated from Trivy's and Syft's; others are dropped. */
void sbom_property(struct sbom *s, struct sbom_item *item, struct str name, struct str value);
/* Lines made by sbom_facts_text, and Trivy's "KEY: value". */
void sbom_annotation(struct sbom *s, struct sbom_item *item, struct str text);
/* alg as "SHA-256", "SHA256" or "sha256"; others are dropped. */
void sbom_hash(struct sbom_item *item, struct str alg, struct str hex);
struct str sbom_keep(struct sbom *s, struct str text); /* a copy */
struct str sbom_fact(const struct sbom_facts *f,
		     const char *key); /* the first; empty when there is none */

/* The parts of a JSON document that a format wants: values of the outermost object (of an in-toto statement's predicate) as
 * trees; of arrays with `each` every element. */
struct json;
struct sbom_part {
	const char *key;
	bool each;
	int (*take)(struct sbom *s, const struct json *value, struct err *e);
};
int sbom_read_json(struct sbom *s, struct str text, const struct sbom_part *parts, struct err *e);

/* What a document shows at first sight. */
struct sbom_head {
	struct str bom_format, spdx_version,
		context; /* of JSON: values of bomFormat, spdxVersion, @context */
	bool artifacts, schema; /* of JSON: there are such keys */
	bool tag_value; /* its first tag is SPDXVersion */
};

/* The record that the child answers with: see sbom_items.c and sbom_inventory.c. */
int sbom_record(struct sbom *s, struct layer_record *out, struct err *e);
int sbom_inventory(const struct layer_record *r, const struct limits *l, struct inventory *inv,
		   struct err *e);

#endif
