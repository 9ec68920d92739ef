/* DER (ITU-T X.690) piece by piece, for what has to be exact to the byte: definite lengths in their shortest form, tags of
 * one byte. */
#ifndef LAZARET_TRUST_DER_H
#define LAZARET_TRUST_DER_H

#include "base/str.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8 = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
enum { DER_DEPTH_MAX = 32 };

struct der {
	unsigned char tag;
	struct str content, whole; /* borrowed; whole: with tag and length */
};
/* Cuts one value off the front; false, and nothing moved, when none is there whole. */
bool der_next(struct str *in, struct der *out);
/* The same for a value of this tag: its content. */
bool der_take(struct str *in, unsigned char tag, struct str *content);
/* Exactly one value, and all that is constructed inside made of values. */
bool der_valid(struct str in);
/* A BIT STRING of whole bytes. */
bool der_take_bits(struct str *in, struct str *content);
/* GeneralizedTime ("20240102030405[.fraction]Z") or UTCTime ("240102030405Z", 1950 to 2049); Unix seconds. */
bool der_time(const struct der *d, int64_t *out);
/* Appends an OBJECT IDENTIFIER's content as dotted numbers; false, and nothing appended, for a broken one. */
bool der_oid_text(struct str oid, struct buf *out);
/* Appends tag and length of n bytes of content. */
void der_header(struct buf *out, unsigned char tag, size_t n);
/* Appends an INTEGER of these bytes, the highest first, without sign; leading zeros are cut. */
void der_unsigned(struct buf *out, struct str bytes);
/* What the buffer holds becomes the content of a value of this tag. */
void der_wrap(struct buf *b, unsigned char tag);

#endif
