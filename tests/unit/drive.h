/* Drives one analyzer by hand, as the walk of a layer would: files in chunks of any size, or whole in memory or in a
 * spool. For unit tests and fuzzers of analyzers; needs neither tar nor child.
 *
 *	struct drive d;
 *	drive_init(&d, &analyzer_dpkg);
 *	drive_file(&d, "var/lib/dpkg/status", body, 7);
 *	drive_finish(&d);
 *	... d.record.files ...
 *	drive_done(&d);
 */
#ifndef LAZARET_TESTS_DRIVE_H
#define LAZARET_TESTS_DRIVE_H

#include "analyze/analyzer.h"
#include "analyze/fold.h"

struct drive {
	struct arena arena;
	struct limits limits; /* the defaults; change them before the first file */
	struct layer_record record;
	struct analysis an;
	const struct analyzer *analyzer;
	bool spool; /* give whole bodies by file descriptor, at an offset that is not 0 */
};
void drive_init(struct drive *d, const struct analyzer *analyzer);
void drive_done(struct drive *d);
/* True when one of the analyzer's patterns takes the path. */
bool drive_wants(const struct analyzer *analyzer, const char *path);
/* One file through the analyzer. Fails with its code; as in a walk, the analyzer's record_file then says `unreadable`.
 * chunk 0: all at once; streaming analyzers only. The body is copied and overwritten afterwards, so that a borrowed
 * pointer shows. */
int drive_file(struct drive *d, const char *path, struct str body, size_t chunk);
int drive_finish(struct drive *d);
/* The analyzer's record of the path, or NULL. */
struct record_file *drive_record(struct drive *d, const char *path);
/* A fold of this one record as it is: every file visible under its own path, sorted. */
void drive_fold(struct drive *d, struct fold *out);
/* An inventory with the packages of the record's files, before any join. */
void drive_inventory(struct drive *d, const struct fold *fold, struct inventory *out);

/* A file of the test data: "DIR/NAME" below the folder that the environment variable names. False when the variable is
 * not set; a file that cannot be read ends the program. Freed with buf_done. */
bool drive_read(const char *variable, const char *name, struct buf *out);

#endif
