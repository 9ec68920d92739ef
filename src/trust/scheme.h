/* Signature formats: where their signatures lie on an image, how one is judged, how one is made.
 *
 * To add one:
 *   1. write trust/scheme_NAME.c with a `const struct scheme scheme_NAME`;
 *   2. add FORMAT(NAME) to formats.def;
 *   3. sign and verify with it in tests/e2e/test_sign.py, and write a fuzzer for what it parses. */
#ifndef LAZARET_TRUST_SCHEME_H
#define LAZARET_TRUST_SCHEME_H

#include "trust/attached.h"
#include "trust/keyless.h"
#include "trust/notation.h"

/* Whom we believe. NULL: signatures of that family are neither believed nor looked at. */
struct trust_policy {
	const struct sigstore_policy *sigstore;
	const struct notation_policy *notation;
};

/* What a signature must speak of. */
struct wanted {
	const struct descriptor *target;        /* media type, digest and size of the manifest */
	struct str manifest;                    /* its bytes */
	struct str predicate_type;              /* attestations of this type; empty: signatures, which no attestation is */
};

/* What a layer of an attached manifest may be, by its media type. */
enum finding_kind { FINDS_NOTHING, FINDS_SIGNATURE = 1, FINDS_ATTESTATION = 2 };        /* or both, in a bundle */
enum { JUDGED, JUDGED_OTHER };

/* What is made: a signature, or an attestation where there is a predicate type. */
struct making {
	struct source *into;                    /* where signatures are kept */
	const struct descriptor *target;
	struct str name;                        /* of the repository: what simple signing and statements call the image */
	const struct annotation *annotations;
	size_t n_annotations;
	struct str predicate_type, predicate;   /* JSON text */
	struct signer *signer;                  /* Sigstore formats */
	const struct key *key;                  /* its key, so that an equal signature is not made twice; NULL: keyless */
	const struct certs *chain;              /* leaf first; empty: the key alone. Notation wants one */
	int64_t now, expiry;                    /* Unix seconds; expiry 0: none (only Notation has one) */
	int64_t created;                        /* what a manifest says of its making; nothing is decided by it */
	bool docker_types;                      /* manifests behind tags get Docker's media types */
	/* Notation's timestamp, see notation.h; NULL: none. */
	int (*stamp)(void *ctx, const struct digest *d, struct buf *token, struct err *e);
	void *stamp_ctx;
};
struct made {
	struct descriptor manifest;             /* where it is now */
	struct str tag;                         /* that names it; empty: a referrer */
	bool was_there;                         /* an equal one of this key; nothing was written */
};

struct scheme {
	const char *name;                       /* of --format */
	const char *format;                     /* in answers */
	uint64_t blob_max;                      /* bytes of a layer */
	unsigned (*finds)(const struct descriptor *layer);      /* enum finding_kind */
	/* Does the policy say anything about this format? */
	bool (*believes)(const struct trust_policy *p);
	/* Is the manifest around it of the right shape? An answer; NULL: any is. */
	int (*check_manifest)(struct str manifest, const struct descriptor *subject, struct arena *a, struct err *e);
	/* JUDGED: out->result has the answer for signer, signature and what it speaks of. JUDGED_OTHER: it is none of
	 * what is wanted (an attestation of type out->predicate_type, a signature), and was not looked at further. */
	int (*judge)(struct str blob, const struct descriptor *layer, const struct wanted *w, const struct trust_policy *p,
		     struct arena *a, struct proof *out, struct err *e);
	int (*make)(const struct making *m, struct arena *a, struct made *out, struct err *e);
};
/* In the order of formats.def, then NULL. */
extern const struct scheme *const schemes[];
const struct scheme *scheme_find(struct str name);

/* For schemes: checks of a verified DSSE payload: it is a statement of the type that is wanted about the target. The
 * payload is out->payload. */
void scheme_check_statement(const struct wanted *w, struct arena *a, struct proof *out);
/* `judge` of a bundle that holds a statement; `signs` is the predicate type of one that is a signature, empty: none is. */
int scheme_judge_statement(const struct sigstore_bundle *b, struct str signs, const struct wanted *w,
			   const struct trust_policy *p, struct arena *a, struct proof *out, struct err *e);
/* The predicate type of an envelope that is not verified yet; ERR_INVALID for what is no statement. */
int scheme_peek(const struct dsse *d, struct arena *a, struct str *predicate_type, struct err *e);

#endif
