/* A notation signature taken out of its envelope, the same for JWS and COSE; inside of the notation files only. */
#ifndef LAZARET_TRUST_NOTATION_ENVELOPE_H
#define LAZARET_TRUST_NOTATION_ENVELOPE_H

#include "base/json.h"
#include "trust/notation.h"

enum {
	NOTATION_HEADERS_MAX = 64, /* signed ones */
	NOTATION_ANNOTATIONS_MAX = 1000,
	NOTATION_PAYLOAD_MAX = 1 << 20,
};
#define NOTATION_HEADER "io.cncf.notary."
enum notation_scheme { NOTATION_X509, NOTATION_AUTHORITY };

struct notation_attribute {
	struct str key, value;
	bool critical;
};
struct notation_envelope {
	struct str format; /* "notation-jws", "notation-cose" */
	enum signature_alg alg;
	struct str content_type;
	enum notation_scheme scheme;
	int64_t time, expiry; /* Unix seconds, as signed; expiry 0: none */
	struct notation_attribute
		*attributes; /* signed headers that are not of the specification */
	size_t n_attributes;
	struct strs chain; /* DER, leaf first */
	struct str agent, timestamp; /* not signed */
	struct str payload, signature; /* ECDSA: the two numbers side by side */
	struct str guarded; /* the protected header's bytes */
	struct str message; /* what is signed */
};

/* The signed headers of either format, by name. */
struct notation_header {
	struct str name;
	enum { HEADER_TEXT, HEADER_TIME, HEADER_OTHER } kind;
	struct str text;
	int64_t time;
};
struct notation_headers {
	struct str content_type;
	struct notation_header *v; /* but alg, crit and the content type */
	size_t n, cap;
	struct strs crit;
};
/* The rules of both formats: which headers must be there, which must not, which are critical. Fills scheme, times and
 * attributes; ERR_INVALID says which rule. */
int notation_headers_judge(const struct notation_headers *h, struct arena *a,
			   struct notation_envelope *out, struct err *e);
/* The names of the critical headers, in order; times go last in JWS, attributes in COSE. */
struct strs notation_critical(const struct notation_envelope *v, bool attributes_last,
			      struct arena *a);

/* An envelope by its media type; nothing in it is verified but its form. ERR_INVALID, ERR_LIMIT, ERR_UNSUPPORTED. */
int notation_envelope_read(struct str text, struct str media_type, struct arena *a,
			   struct notation_envelope *out, struct err *e);
int notation_jws_read(struct str text, struct arena *a, struct notation_envelope *out,
		      struct err *e);
int notation_cose_read(struct str text, struct arena *a, struct notation_envelope *out,
		       struct err *e);
/* Before signing: `guarded` and `message` of the rest; after it the envelope. */
void notation_jws_protect(struct notation_envelope *v, struct arena *a);
void notation_cose_protect(struct notation_envelope *v, struct arena *a);
void notation_jws_write(const struct notation_envelope *v, struct buf *out);
void notation_cose_write(const struct notation_envelope *v, struct buf *out);

/* JSON whose outermost value is an object; a key that is there twice anywhere in it is ERR_INVALID. */
int notation_json(struct str text, struct json **out, struct err *e);
/* The payload: the descriptor that was signed. */
int notation_payload_read(struct str payload, struct arena *a, struct descriptor *out,
			  struct err *e);
struct str notation_payload_write(const struct descriptor *target, const struct annotation *v,
				  size_t n, struct arena *a);

/* The certificate rules of the specification for a chain that signs, leaf to root; no times. ERR_INVALID says which. */
int notation_chain_check(const struct certs *chain, struct err *e);
/* The one algorithm that this key may sign with; SIGNATURE_NONE: none. */
enum signature_alg notation_alg(const struct key *k);
/* DER certificates, each exactly one. */
int notation_chain_parse(const struct strs *der, struct certs *out, struct err *e);

#endif
