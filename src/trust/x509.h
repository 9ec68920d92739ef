/* Certificates (RFC 5280) as signatures need them: parsed once, a chain built and judged at a time that the caller
 * names, never "now" by itself. The certificates are DER exactly as they came. */
#ifndef LAZARET_TRUST_X509_H
#define LAZARET_TRUST_X509_H

#include "trust/key.h"

enum { CERT_DER_MAX = 64 * 1024, CERTS_MAX = 32, CERT_SANS_MAX = 64 };

struct cert;                                    /* immutable */
struct certs {                                  /* owned array; a zeroed one is empty */
	struct cert **v;
	size_t n, cap;
};
/* One DER certificate without trailing bytes. */
int cert_parse(struct str der, struct cert **out, struct err *e);
/* PEM blocks or DER certificates in a row; at most CERTS_MAX; ERR_INVALID when there is none. Adds to *out. */
int certs_parse(struct str text, struct certs *out, struct err *e);
void cert_close(struct cert *c);
void cleanup_cert(struct cert **c);
void certs_done(struct certs *c);

struct str cert_der(const struct cert *c);
struct cert_fields {                            /* whole DER values as they stand in it */
	struct str serial, issuer, subject, spki;
};
void cert_fields(const struct cert *c, struct cert_fields *out);
const struct digest *cert_digest(const struct cert *c); /* SHA-256 of the DER */
const struct key *cert_key(const struct cert *c);       /* NULL: of a kind that key.h does not know */
int64_t cert_not_before(const struct cert *c), cert_not_after(const struct cert *c);
/* RFC 4514 */
struct str cert_subject(const struct cert *c, struct arena *a), cert_issuer(const struct cert *c, struct arena *a);
/* The relative names of the subject, in order: type as "C", "ST", "O", "CN" or dotted OID. False when one is
 * multi-valued. */
struct name_part {
	struct str type, value;
};
bool cert_subject_parts(const struct cert *c, struct arena *a, struct name_part **v, size_t *n);
bool cert_self_signed(const struct cert *c);    /* and the signature holds; one of SHA-1 or MD5 does not */
bool cert_issued_by(const struct cert *c, const struct cert *issuer);   /* names, key identifiers and the signature */

enum san_kind { SAN_URI, SAN_EMAIL, SAN_DNS, SAN_OTHER_NAME, SAN_IP };
struct san {
	enum san_kind kind;
	struct str value;                       /* of a Fulcio OtherName (1.3.6.1.4.1.57264.1.7) its UTF-8 text */
};
/* Values with a NUL or that are no UTF-8 are left out. */
void cert_sans(const struct cert *c, struct arena *a, struct san **v, size_t *n);
/* The content of an extension's OCTET STRING, by dotted OID; false when absent. */
bool cert_extension(const struct cert *c, const char *oid, bool *critical, struct str *value);
/* Bits of keyUsage (bit 0 digitalSignature ... 5 keyCertSign, 6 cRLSign, 8 decipherOnly); false when absent. */
bool cert_key_usage(const struct cert *c, bool *critical, unsigned *bits);
/* Extended key usages as dotted OIDs; n 0 when absent. */
void cert_ext_key_usage(const struct cert *c, struct arena *a, bool *critical, struct strs *oids);
bool cert_basic_constraints(const struct cert *c, bool *critical, bool *ca, int *path_len /* -1: none */);
/* "sha256", "sha1", ... of the signature on it; "" when unknown. */
const char *cert_signature_hash(const struct cert *c);

/* A chain from leaf to one of the anchors (trusted as they are, also when they are no roots), through `others`, every
 * certificate valid at `at` (Unix seconds, both ends included), CAs with basicConstraints CA, keyCertSign and path
 * lengths, no SHA-1 or MD5 on what is not an anchor, unknown critical extensions refused (a critical SAN is known),
 * at most 10 deep. `eku`: dotted OID that leaf must have and CAs with extended key usages must allow; NULL: any. An
 * answer (answer.h). *out: leaf first, anchor last, borrowed. */
struct chain {
	const struct cert *v[12];
	size_t n;
};
/* May be NULL. Remembers which certificate (by digest) was found signed by which; no time is in it, so times are
 * judged anew. One thread at a time. At most CHAIN_CACHE_MAX pairs. */
struct chain_cache;
enum { CHAIN_CACHE_MAX = 4096 };
struct chain_cache *chain_cache_open(void);
void chain_cache_close(struct chain_cache *c);
int cert_chain(const struct cert *leaf, const struct certs *others, const struct certs *anchors, int64_t at,
	       const char *eku, struct chain_cache *cache, struct chain *out, struct err *e);
/* For a chain (leaf first, anchor last) whose order, uses and times are judged elsewhere: no certificate has a critical
 * extension that is not known here, none a name that an authority above it may not give. An answer. */
int certs_keep_rules(const struct certs *chain, struct err *e);
#define EKU_CODE_SIGNING "1.3.6.1.5.5.7.3.3"
#define EKU_TIME_STAMPING "1.3.6.1.5.5.7.3.8"

/* Signed certificate timestamps embedded in a certificate (RFC 6962, section 3.3; the extensions of static logs are
 * kept). */
struct sct {
	struct digest log;                      /* its key's SHA-256 */
	int64_t time;                           /* milliseconds */
	struct str extensions, signature;
	unsigned char hash_alg, signature_alg;  /* TLS: 4 is SHA-256, 3 is ECDSA, 1 is RSA */
};
enum { SCTS_MAX = 16 };
/* Count, 0 when there is no such extension, ERR_INVALID when it is broken. */
int cert_scts(const struct cert *c, struct sct v[SCTS_MAX], struct err *e);
/* Does the log's key say so of this certificate under this issuer? */
bool sct_verify(const struct sct *s, const struct cert *c, const struct cert *issuer, const struct key *log);

#endif
