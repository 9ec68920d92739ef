/* Protocol buffers as JSON (protojson), as strictly as Sigstore's own readers: fields by their lowerCamelCase names, 64 bit
 * numbers as text (or number), bytes as base64, null for what is absent. */
#ifndef LAZARET_TRUST_PROTOJSON_H
#define LAZARET_TRUST_PROTOJSON_H

#include "base/arena.h"
#include "base/json.h"
#include "trust/x509.h"

enum { PROTO_FIELDS_MAX = 16 };

/* The members of an object by the names given (a NULL ends them), in their order into v[]: NULL where absent or null.
 * ERR_INVALID: no object, a field of another name (unless `others`), one that is there twice. */
int proto_fields(const struct json *object, const char *what, bool others, const char *const *names,
		 const struct json *v[PROTO_FIELDS_MAX], struct err *e);
/* Each takes what proto_fields gave; NULL is the zero value. */
int proto_bytes(const struct json *j, const char *what, struct arena *a, struct str *out,
		struct err *e);
int proto_text(const struct json *j, const char *what, struct arena *a, struct str *out,
	       struct err *e);
int proto_u63(const struct json *j, const char *what, uint64_t *out,
	      struct err *e); /* 0 to 2^63-1 */
/* The elements of an array: their count; ERR_LIMIT beyond max. */
int proto_count(const struct json *j, const char *what, size_t max, size_t *out, struct err *e);
/* An X509Certificate, one DER certificate, behind those that are there. */
int proto_cert(const struct json *j, bool others, struct arena *a, struct certs *out,
	       struct err *e);

#endif
