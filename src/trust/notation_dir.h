/* What else notation keeps in its folder: signing keys (signingkeys.json), trust stores as one lists and changes them. */
#ifndef LAZARET_TRUST_NOTATION_DIR_H
#define LAZARET_TRUST_NOTATION_DIR_H

#include "trust/notation_policy.h"

enum { NOTATION_KEYS_MAX = 1000 };
struct notation_key {
	struct str name, key_path, cert_path; /* a plugin's key has no paths */
	bool is_default;
};
struct notation_keys {
	struct notation_key *v;
	size_t n, cap;
};
/* Reads DIR/signingkeys.json; without that file there are none. ERR_INVALID for a name that is there twice. */
int notation_keys_read(struct str dir, struct arena *a, struct notation_keys *out, struct err *e);
/* The file's text for these keys. */
void notation_keys_write(const struct notation_keys *keys, struct buf *out);
/* The key of that name, or the default one for an empty name. ERR_NOT_FOUND; ERR_UNSUPPORTED for a plugin's. */
int notation_signing_key(struct str dir, struct str name, struct arena *a, struct notation_key *out,
			 struct err *e);

struct notation_stores {
	struct notation_store *v;
	size_t n, cap;
};
/* Every store below DIR/truststore, read (a broken one has its code); notation_stores_done frees the certificates. */
int notation_stores_list(struct str dir, struct arena *a, struct notation_stores *out,
			 struct err *e);
void notation_stores_done(struct notation_stores *s);
/* May this text (PEM or DER) go into a store of the type? ERR_INVALID says why not. */
int notation_anchor_check(struct str text, enum notation_store_type type, struct arena *a,
			  struct err *e);
/* DIR/truststore/x509/TYPE/NAME, of which the name was found safe. */
struct str notation_store_path(struct str dir, enum notation_store_type type, struct str name,
			       struct arena *a);

#endif
