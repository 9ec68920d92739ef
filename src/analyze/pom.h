/* Maven's project descriptions (pom.xml): what java.c takes from those inside archives and pom.c lists of a project. */
#ifndef LAZARET_ANALYZE_POM_H
#define LAZARET_ANALYZE_POM_H

#include "analyze/analyzer.h"
#include "base/map.h"

enum {
	POM_TEXT_MAX = 4 << 20, /* bytes of a pom.xml */
	POM_PARENTS_MAX = 16, /* generations that are looked at */
	POM_VALUE_MAX = 1024, /* bytes of a value with its properties put in */
	POM_ITEMS_MAX = 20000, /* properties, dependencies and licences of one */
};

struct pom_id {
	struct str group, artifact, version;
};
struct pom_dependency {
	struct pom_id id; /* as written */
	struct str scope, type, optional;
};
struct pom { /* as written, nothing put in */
	struct str path;
	struct pom_id id, parent;
	struct map properties; /* name -> struct str */
	struct pom_dependency *depends, *managed;
	size_t n_depends, depends_cap, n_managed, managed_cap;
	struct strs licences;
	size_t items;
	/* Once pom_link has seen it: its parent, and "group:artifact" -> what it manages. */
	const struct pom *above;
	struct map managed_names;
};

/* ERR_INVALID for what is no pom, ERR_LIMIT. Strings are in the arena. */
int pom_parse(struct arena *a, struct str text, struct pom *out, struct err *e);
/* Connects poms with their parents among them. */
void pom_link(struct arena *a, struct pom *const *poms, size_t n);
/* The text with ${...} put in from the pom and its parents; empty when some of it is not known. */
struct str pom_value(struct arena *a, const struct pom *p, struct str text);
/* Group and version may be the parent's. Parts that are not known are empty. */
struct pom_id pom_identity(struct arena *a, const struct pom *p);
/* What the dependency asks for, by the pom, its parents and what they manage. *scope is set when it is not NULL. */
struct pom_id pom_resolve(struct arena *a, const struct pom *p, const struct pom_dependency *d,
			  struct str *scope);

#endif
