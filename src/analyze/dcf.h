/* Paragraphs of "Key: value" lines with continuation lines (Debian's control format), as R and opkg write them, from text
 * that is all there. dpkg's own database, which is large, is read line by line in dpkg.c. */
#ifndef LAZARET_ANALYZE_DCF_H
#define LAZARET_ANALYZE_DCF_H

#include "base/str.h"

struct dcf {
	struct str rest;
	bool broken; /* of this paragraph some line was no field */
};

/* Passes over empty lines to the next paragraph; false at the end. */
bool dcf_paragraph(struct dcf *d);
/* The paragraph's next field; the value is trimmed and has its line breaks still in it. False at its end. */
bool dcf_field(struct dcf *d, struct str *key, struct str *value);
/* The names of a list of packages, "a (>= 1), b | c": cut one off; false when there is none. */
bool dcf_name(struct str *list, struct str *name);

#endif
