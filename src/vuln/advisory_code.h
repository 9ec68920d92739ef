/* The bytes of advisories: one encoding for the pipe from the parsing child, for segments and for the database. Reading is
 * bounded and checks everything: whoever wrote the bytes may be hostile or a disk may have lost some.
 *
 * Decoded strings point into the bytes; arrays lie in the arena. Every decoder wants the bytes whole, nothing behind. */
#ifndef LAZARET_VULN_ADVISORY_CODE_H
#define LAZARET_VULN_ADVISORY_CODE_H

#include "vuln/advisory_db.h"

enum {
	ADVISORY_FORMAT =
		1, /* bump when any encoding below changes: old segments and generations are then refused */
	ADVISORY_STRINGS = 20000, /* aliases, related ids of one record */
	ADVISORY_VERSIONS = 200000, /* enumerated versions, or ranges, of one affected package */
	ADVISORY_CVSS = 100,
};

/* Everything, with the affected packages. ERR_UNSUPPORTED for a version scheme that has no name in advisory_code.c. */
int advisory_encode(const struct advisory *adv, struct buf *out, struct err *e);
int advisory_decode(struct arena *a, struct str bytes, struct advisory *out, struct err *e);
/* Without `affected`: what all packages of the record share. */
void advisory_encode_body(const struct advisory *adv, struct buf *out);
int advisory_decode_body(struct arena *a, struct str bytes, struct advisory *out, struct err *e);
/* One affected package without its ns and package, which are the key. */
int affected_encode(const struct affected *f, struct buf *out, struct err *e);
int affected_decode(struct arena *a, struct str bytes, struct affected *out, struct err *e);

void kev_encode(const struct kev *k, struct buf *out);
int kev_decode(struct str bytes, struct kev *out, struct err *e);
void epss_encode(const struct epss *p, struct buf *out);
int epss_decode(struct str bytes, struct epss *out, struct err *e);
/* Without `fetched`, which is kept beside. */
void feed_info_encode(const struct feed_info *i, struct buf *out);
int feed_info_decode(struct str bytes, struct feed_info *out, struct err *e);

/* The pieces: numbers in base 128, the low end first; strings behind their length. */
struct code {
	const char *p, *end;
	bool bad; /* sticks; everything read after it is empty */
};
struct code code_of(struct str bytes);
void code_put_number(struct buf *b, uint64_t v);
void code_put_str(struct buf *b, struct str s);
uint64_t code_number(struct code *c, uint64_t max);
struct str code_str(struct code *c);

#endif
