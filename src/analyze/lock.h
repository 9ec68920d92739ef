/* What readers of lockfiles share. A reader adds entries (a name, a version, the keys others call it by) and what each of
 * them needs; then needs are resolved, roots say what is direct, what only development or only options reach, and each
 * listed (name, version) becomes one package of the record. For files without a graph listing.h is enough. */
#ifndef LAZARET_ANALYZE_LOCK_H
#define LAZARET_ANALYZE_LOCK_H

#include "analyze/fold.h"
#include "analyze/listing.h"


enum lock_kind { LOCK_NEEDED, LOCK_OPTIONAL, LOCK_DEV };
struct lock_entry;
struct lock_need {
	struct str what, range;         /* as the file writes them; resolve knows what they mean */
	enum lock_kind kind;
	struct lock_entry *to;          /* by lock_finish; NULL: not in the file */
	struct lock_need *next;
};
struct lock_entry {
	struct str name, version;       /* version may be empty */
	struct str key;                 /* the first of its keys */
	struct strs licences;
	struct strs specs;              /* kept for a join with what the project's manifest asks for; see lock_join */
	bool hidden;                    /* no package: the project itself, of which the file says only what it needs */
	bool root;                      /* a project: what it needs is direct */
	bool dev, optional;             /* as the file says; else see lock.marks */
	bool reached[3];                /* by enum lock_kind, from the roots */
	bool direct;
	struct attr *attrs;
	size_t n_attrs, attrs_cap;
	struct lock_need *needs, **tail;
	struct lock_entry *same, *queued;
};
struct lock {
	struct listing list;            /* begun: for text, notes and what has no graph */
	struct arena *arena;
	bool marks;                     /* the file has no marks for dev and optional: what the roots reach tells */
	struct map keys;
	struct lock_entry **v;
	size_t n, cap;
	/* The entry that is meant, or NULL. NULL: the key is need->what. */
	struct lock_entry *(*resolve)(struct lock *l, const struct lock_entry *from, const struct lock_need *need);
};

/* `wants` of readers of lockfiles: not those that came with an installed package. */
bool lock_wants(const struct file *f, struct str head);
/* Makes the record_file too. */
void lock_init(struct lock *l, struct analysis *an, const struct file *f, const char *analyzer, const char *type);
/* Strings are borrowed. A name or version beyond LISTING_NAME_MAX or with control characters is ERR_INVALID. */
int lock_add(struct lock *l, struct str name, struct str version, struct lock_entry **out, struct err *e);
/* Another name for the entry; the first of two entries with one key counts. */
void lock_key(struct lock *l, struct str key, struct lock_entry *entry);
struct lock_entry *lock_find(const struct lock *l, struct str key);
void lock_need(struct lock *l, struct lock_entry *from, struct str what, struct str range, enum lock_kind kind);
void lock_attr(struct lock *l, struct lock_entry *entry, struct str key, struct str value);
/* Resolves and marks only: for joins. */
void lock_mark(struct lock *l);
/* Resolves, marks, and adds the packages to the record. */
void lock_finish(struct lock *l);

/* A manifest's reader tells what the project asks for as attributes of its record_file: "needs", "needs-optional",
 * "needs-dev", each "WHAT" or "WHAT RANGE". */
void lock_manifest(struct arena *a, struct record_file *f, struct str what, struct str range, enum lock_kind kind);
/* The package's attributes say what its fields say, and nothing that was only for the join. */
void lock_tell(struct inventory *inv, struct package *p);
/* The join for lockfiles that do not say what the project asks for: the manifest of that name beside them tells what is
 * direct, and with `marks` what only development or options reach. Specs of packages are "WHAT" or "WHAT RANGE". */
void lock_join(const struct fold *f, struct inventory *inv, const char *lock_analyzer, const char *manifest_analyzer,
	       const char *manifest, bool marks);

#endif
