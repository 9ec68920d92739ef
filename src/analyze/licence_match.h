/* Which licences a text is, or says it is under. */
#ifndef LAZARET_ANALYZE_LICENCE_MATCH_H
#define LAZARET_ANALYZE_LICENCE_MATCH_H

#include "base/arena.h"

enum { LICENCE_TEXT_MAX = 4 << 20 }; /* bytes that are read of a text */

struct licence_matcher;
/* The phrases, ready to be looked for; lives in the arena. */
struct licence_matcher *licence_matcher_open(struct arena *a);
/* Adds the expression of every rule that holds; constant strings, in the order of the rules, each once. */
void licence_match(const struct licence_matcher *m, struct str text, struct arena *a,
		   struct strs *out);
/* What a copyright file in Debian's machine-readable format 1.0 says: the License fields of its Files paragraphs (of all when
 * it has none), as they are, each once. False: it is no such file. Strings live in `a`. */
bool licence_debian(struct str text, struct arena *a, struct strs *out);

#endif
