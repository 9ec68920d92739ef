/* Marks of a kind, of all layers' records: also of files that are not there any more in the final image. */
#ifndef LAZARET_ANALYZE_MARKS_H
#define LAZARET_ANALYZE_MARKS_H

#include "analyze/fold.h"

struct mark_place {
	const struct record_mark *mark;
	struct str path; /* as the container sees it; of a deleted file as its layer has it */
	size_t layer;
	bool deleted; /* a later layer deletes or replaces the file */
};
/* Each (rule, path, line, text) once: visible files first, then deleted ones, the newest layer first. */
void marks_each(const struct fold *f, const char *kind,
		void (*each)(void *ctx, const struct mark_place *m), void *ctx);

#endif
