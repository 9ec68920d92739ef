/* The part of CBOR (RFC 8949) that COSE messages are made of, read in place. */
#ifndef LAZARET_TRUST_CBOR_H
#define LAZARET_TRUST_CBOR_H

#include "base/err.h"
#include "base/str.h"

enum { CBOR_DEPTH_MAX = 8, CBOR_ITEMS_MAX = 64 };
enum cbor_type {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
	CBOR_SIMPLE
};
struct cbor {
	enum cbor_type type;
	uint64_t
		n; /* the number (NEGATIVE: -1 - n), length, count of items or pairs, tag, 20 false, 21 true, 22 null */
	struct str bytes; /* of BYTES and TEXT, borrowed */
};
/* Takes the head of an item off *s, and the bytes of a string with it; items of arrays, maps and tags follow. ERR_INVALID;
 * ERR_LIMIT for more than CBOR_ITEMS_MAX items or pairs. */
int cbor_next(struct str *s, struct cbor *out, struct err *e);
/* Takes a whole item off *s, with all that is inside it; keys that are there twice are refused at every depth. */
int cbor_item(struct str *s, struct str *whole, struct err *e);
/* The pairs of a whole map, each key and value a whole item; nothing may follow. */
struct cbor_pair {
	struct str key, value;
};
int cbor_map(struct str whole, struct cbor_pair v[CBOR_ITEMS_MAX], size_t *n, struct err *e);
/* An item that is this and nothing else: the text, the bytes, the number. False otherwise. */
bool cbor_is_text(struct str whole, struct str *text);
bool cbor_is_bytes(struct str whole, struct str *bytes);
bool cbor_is_int(struct str whole, int64_t *v);

/* Writing: the shortest head; a string's bytes too. A map's pairs are put into the order of their encoded keys. */
void cbor_put_head(struct buf *b, enum cbor_type type, uint64_t n);
void cbor_put_int(struct buf *b, int64_t v);
void cbor_put_bytes(struct buf *b, struct str bytes);
void cbor_put_text(struct buf *b, struct str text);
void cbor_put_map(struct buf *b, struct cbor_pair *v, size_t n);

#endif
