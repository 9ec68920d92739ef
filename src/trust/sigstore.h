/* Sigstore: bundles (protobuf-specs Bundle 0.1 to 0.3), cosign's older annotations and blob bundles, their log
 * entries and times, all brought into one shape and judged by one function. */
#ifndef LAZARET_TRUST_SIGSTORE_H
#define LAZARET_TRUST_SIGSTORE_H

#include "trust/dsse.h"
#include "trust/identity.h"
#include "trust/trusted_root.h"

enum { BUNDLE_MAX = 128 << 20, LOG_ENTRIES_MAX = 32, TIMESTAMPS_MAX = 32 };
#define BUNDLE_MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

struct log_entry {                              /* a TransparencyLogEntry, or a RekorBundle */
	uint64_t index;                         /* over all shards */
	int64_t integrated_time;                /* 0: none */
	struct str log_id;                      /* 32 bytes */
	struct str kind, version;
	struct str set;                         /* signed entry timestamp; empty: none */
	struct str body;                        /* canonicalized, decoded; empty in a Rekor 2 entry that has none */
	bool has_proof;
	uint64_t proof_index, tree_size;
	struct str root_hash, checkpoint;
	struct str *hashes;                     /* 32 bytes each */
	size_t n_hashes;
};
struct sigstore_bundle {
	struct str version;                     /* "0.1" to "0.3"; "cosign" for annotations and blob bundles */
	struct certs certs;                     /* leaf first; empty: a key */
	struct str key_hint;
	struct log_entry *entries;
	size_t n_entries;
	struct str *timestamps;                 /* DER */
	size_t n_timestamps;
	bool timestamps_of_envelope;            /* cosign's older attestations: over envelope_json, not the signature */
	struct str envelope_json;               /* the DSSE envelope's bytes; empty where they are not known */
	bool is_dsse;
	struct dsse dsse;
	struct digest message_digest;           /* a hint; alg DIGEST_NONE: none */
	struct str signature;                   /* of the message, or dsse.v[0].sig */
	struct arena arena;
};
/* Blob bundles of cosign ({"base64Signature", "cert", "rekorBundle"}) too. ERR_INVALID for all that the specification
 * does not allow, fields that we do not know, and what a bundle of its version must have and has not. */
int sigstore_bundle_parse(struct str json, struct sigstore_bundle **out, struct err *e);
/* Of cosign's annotations beside a payload: signature (base64), certificate and chain (PEM), bundle and rfc3161timestamp
 * (JSON). `payload` is DSSE JSON where is_dsse, and the signature is then the envelope's. Empty ones are absent. */
struct cosign_material {
	struct str signature, certificate, chain, rekor_bundle, timestamp;
};
int sigstore_bundle_from_cosign(const struct cosign_material *m, struct str payload, bool is_dsse,
				struct sigstore_bundle **out, struct err *e);
/* One TransparencyLogEntry as JSON, what Rekor 2 answers; everything lives in `a`. */
int log_entry_parse(struct str json, struct arena *a, struct log_entry *out, struct err *e);
void sigstore_bundle_close(struct sigstore_bundle *b);
void cleanup_sigstore_bundle(struct sigstore_bundle **b);

/* What was signed. For a DSSE bundle the payload is in the bundle and the subject is what is asked about. */
struct signed_bytes {
	struct digest sha256, sha384, sha512;   /* of the message; alg DIGEST_NONE: not known */
	bool has_message;                       /* digests that are not known are made of it */
	struct str message;
};
struct sigstore_policy {
	const struct trusted_root *const *roots;
	size_t n_roots;
	const struct key *const *keys;          /* any of them; key_names beside it */
	const struct str *key_names;
	size_t n_keys;
	const struct identity *identities;      /* any of them */
	size_t n_identities;
	bool require_log;                       /* also of a key's signature */
	bool ignore_log, ignore_sct;            /* as cosign's --insecure-ignore-tlog, --insecure-ignore-sct */
	bool require_timestamp;                 /* --use-signed-timestamps */
	const struct revocations *revoked;      /* trust/revoked.h; NULL: none */
	struct chain_cache *cache;              /* NULL: none */
	int64_t now;
};
/* Judges everything but what the statement or payload says: certificate at every trusted time, SCTs, log entries,
 * timestamps, signature, identity, revocation, of a message its digest. `what` is NULL for a DSSE bundle. Fills *out
 * (payload too for DSSE, borrowed from the bundle) and returns 0: out->result has the answer; a code only when nothing
 * could be found out. Checks are in the order signature, certificate, sct, log-entry, inclusion, checkpoint, timestamp,
 * time, identity, revocation, artifact; what was not asked for or is not there is CHECK_SKIPPED and says so. */
int sigstore_verify(const struct sigstore_bundle *b, const struct signed_bytes *what, const struct sigstore_policy *p,
		    struct arena *a, struct proof *out, struct err *e);

/* Writing a version 0.3 bundle. Exactly one of message and dsse; certs or key; entries and timestamps may be none. */
struct bundle_parts {
	const struct key *key;                  /* its hint is written */
	struct str cert_der;                    /* or this */
	struct digest message_digest;
	struct str signature;                   /* of the message */
	const struct dsse *dsse;
	const struct log_entry *entries;
	size_t n_entries;
	const struct str *timestamps;
	size_t n_timestamps;
};
void sigstore_bundle_write(const struct bundle_parts *p, struct buf *out);

#endif
