/* Trust policies and trust stores of the Notary Project, read; inside of the notation files only. */
#ifndef LAZARET_TRUST_NOTATION_POLICY_H
#define LAZARET_TRUST_NOTATION_POLICY_H

#include "trust/notation_envelope.h"

enum {
	NOTATION_POLICY_MAX = 1 << 20,
	NOTATION_STATEMENTS_MAX = 500,
	NOTATION_LIST_MAX = 1000, /* scopes, stores, identities of a statement */
	NOTATION_IDENTITIES_MAX = 100,
	NOTATION_STORE_FILES_MAX = 1000,
	NOTATION_CERT_FILE_MAX = 1 << 20,
};
enum notation_step {
	STEP_INTEGRITY,
	STEP_AUTHENTICITY,
	STEP_TIMESTAMP,
	STEP_EXPIRY,
	STEP_REVOCATION,
	STEPS
};
enum notation_action { ACTION_ENFORCE, ACTION_LOG, ACTION_SKIP };
enum notation_store_type { STORE_CA, STORE_AUTHORITY, STORE_TSA, STORE_TYPES };

struct notation_store {
	enum notation_store_type type;
	struct str name; /* in the arena of who asked */
	struct anchor {
		struct certs certs; /* of this file */
		struct str file; /* its name */
	} * v;
	size_t n, cap;
	int code; /* why it could not be read; 0: it could */
	struct str why;
};
struct notation_identity { /* a distinguished name; a zeroed one is nobody's */
	struct name_part *v;
	size_t n;
};
struct notation_statement {
	struct str name, level;
	struct strs scopes;
	enum notation_action actions[STEPS];
	bool stamp_after_expiry; /* the timestamp is looked at only once a certificate has expired */
	bool global; /* of a blob policy: the one without a name given */
	bool anybody; /* identity "*" */
	struct notation_identity *identities;
	size_t n_identities;
	size_t *stores; /* into those of the document */
	size_t n_stores;
};
struct notation_trust {
	struct arena arena;
	struct notation_statement *v;
	size_t n;
	struct notation_store *stores;
	size_t n_stores, cap_stores;
};

/* Parses a document: of images, or of blobs. No store is read. */
int notation_policy_parse(struct str json, bool blob, struct notation_trust *t, struct err *e);
/* The statement for HOST/REPOSITORY: an exact scope before "*"; NULL: none. */
const struct notation_statement *notation_policy_find(const struct notation_trust *t,
						      struct str scope);

/* "C=US, O=a\,b": RFC 4514 without multi-valued or hexadecimal parts; ERR_INVALID. */
int notation_name_parse(struct str text, struct arena *a, struct notation_identity *out,
			struct err *e);
/* Is every part of the one in the other? */
bool notation_name_subset(const struct notation_identity *part,
			  const struct notation_identity *whole);

/* [a-zA-Z0-9_.-]+, and no way out of a folder. */
bool notation_name_is_safe(struct str name);
const char *
notation_store_type_name(enum notation_store_type t); /* "ca", "signingAuthority", "tsa" */
bool notation_store_type_parse(struct str name, enum notation_store_type *out);
/* Reads `dir`/x509/TYPE/NAME; a failure goes into code and why. Nothing below `dir` may be a symbolic link. */
void notation_store_read(struct str dir, struct notation_store *s, struct arena *a);
void notation_store_done(struct notation_store *s);
/* A whole regular file that is no symbolic link. */
int notation_file_read(struct str path, size_t max, struct arena *a, struct str *out,
		       struct err *e);

#endif
