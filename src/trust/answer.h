/* Answers. A function of this folder that judges returns 1 for yes, 0 for no (the text of *e says why; it is no
 * failure) and a negative code when it could not find out (a network, a file); the first two are verdicts, the last
 * closes the gate too but is told apart. A parse failure, an unknown critical field, a limit are a no.
 *
 * A proof is all that was found out about one signature, in the order it was found out. */
#ifndef LAZARET_TRUST_ANSWER_H
#define LAZARET_TRUST_ANSWER_H

#include "base/arena.h"
#include "base/digest.h"

/* Skipped: not asked for, or not there. */
enum check_result { CHECK_UNKNOWN, CHECK_YES, CHECK_NO, CHECK_SKIPPED };
struct check {
	const char *name;       /* stable, for machines: "signature", "certificate", "sct", "log-entry", "inclusion",
	                           "checkpoint", "timestamp", "time", "identity", "artifact", "predicate-type",
	                           "annotations", "expiry", "revocation", "trust-store", ... */
	enum check_result result;
	struct str text;        /* for people: who, when, which root, or why not */
};
struct proof {
	struct str format;      /* "sigstore-bundle", "cosign", "notation-jws", "notation-cose" */
	struct digest found;    /* manifest or blob the signature was read from; alg DIGEST_NONE: a file */
	enum check_result result;       /* all checks together; a proof without a good "signature" is never a yes */
	struct str why;         /* of a no or an unknown: the first check that was one */
	struct check *checks;
	size_t n_checks, checks_cap;

	struct digest artifact; /* what it speaks of */
	struct digest key;      /* SHA-256 of the signer's SPKI; of a certificate the certificate's key */
	struct str key_name;    /* what the caller named it: the --key reference */
	struct str identity, issuer;    /* of a Fulcio certificate: SAN and OIDC issuer; of notation: the subject */
	struct str algorithm;
	int64_t time;           /* trusted signing time, Unix seconds; 0: none */
	struct str time_from;   /* "timestamp TSA-NAME", "log LOG-NAME", "signed attribute" */
	struct str root;        /* file or store and entry that it ended in */
	struct str predicate_type;      /* of an attestation; empty for a signature */
	struct str payload;     /* the signed bytes: statement, simple signing or notation payload */
	struct annotations {
		struct annotation *v; /* oci/oci.h: key and value, signed */
		size_t n, cap;
	} annotations;
	struct claims {
		struct claim {
			const char *name; /* "workflow-repository", "source-repository-ref", ... */
			struct str value;
		} *v;
		size_t n, cap;
	} claims;               /* what the Fulcio certificate says beside the identity */
};
/* Adds a check and brings result and why up to date: NO when one is, else UNKNOWN when one is or none named "signature"
 * is a yes, else YES. Text is formatted into `a`, as buf_add_shown. */
void proof_check(struct proof *p, struct arena *a, const char *name, enum check_result r, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* "yes", "no", "unknown", "skipped". */
const char *check_result_name(enum check_result r);
/* Adds what a signature says beside the identity; an empty value is left out. */
void proof_claim(struct proof *p, struct arena *a, const char *name, struct str value);

#endif
