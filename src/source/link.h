/* The Link header (RFC 8288), as far as pagination needs it. */
#ifndef LAZARET_SOURCE_LINK_H
#define LAZARET_SOURCE_LINK_H

#include "base/str.h"

/* The target of the first link whose relation is "next"; empty when there is none or the field is broken. */
struct str link_next(struct str field);

#endif
