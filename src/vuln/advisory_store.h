/* How the advisory database lies on disk; between advisory_db.c, advisory_build.c, advisory_segment.c and
 * advisory_writer.c only.
 *
 *     DIR/current                    text: format, file, size and digest of the newest generation; replaced by rename
 *     DIR/advisories-DIGEST.mdb      a generation: LMDB, never changed once it has this name
 *     DIR/segments/NAME.seg          each feed document, parsed; NAME with %XX for bytes that file names do not take
 *     DIR/lock                       the writer's, by flock
 *     anything ending in .tmp        what a writer that died left; the next one removes it
 *
 * Tables of a generation:
 *
 *     meta       "format", "created" -> number
 *     body       u32 -> record without its packages
 *     affected   NAMESPACE NUL PACKAGE -> entries: length, body number, affected package
 *     id         id or alias -> body numbers
 *     kev, epss  CVE -> entry
 *     feeds      name -> fetched, description
 *     ns         namespace -> number of records */
#ifndef LAZARET_VULN_ADVISORY_STORE_H
#define LAZARET_VULN_ADVISORY_STORE_H

#include "base/stream.h"
#include "vuln/advisory_code.h"

enum {
	STORE_KEY_MAX = 511, /* what LMDB takes */
	STORE_PATH = 4096,
	SEGMENT_NAME_MAX = 80, /* bytes of a document's name */
	SEGMENTS_MAX = 10000,
	RECORDS_MAX = 1 << 30,
	GROUP_BYTES_MAX = 256 << 20, /* everything about one package name */
};

enum table {
	TABLE_META,
	TABLE_BODY,
	TABLE_AFFECTED,
	TABLE_ID,
	TABLE_KEV,
	TABLE_EPSS,
	TABLE_FEEDS,
	TABLE_NS,
	TABLES
};
extern const char *const store_tables[TABLES];

struct advisory_writer {
	char dir[STORE_PATH];
	int dir_fd, segments_fd, lock_fd;
	bool changed; /* something differs from the current generation */
};

struct current { /* what `current` says */
	char file[128];
	uint64_t size;
	struct digest digest;
};
int current_read(struct str dir, struct current *out, struct err *e);

/* Segments, read. */
enum segment_type { SEGMENT_END, SEGMENT_ADVISORY, SEGMENT_KEV, SEGMENT_EPSS };
/* Strings of *out point into bytes. */
int segment_info(int fd, struct buf *bytes, struct feed_info *out, struct err *e);
int segment_each(int fd,
		 int (*record)(void *ctx, enum segment_type type, struct str bytes, struct err *e),
		 void *ctx, struct err *e);
/* The names of the segment files, sorted. */
int segments_list(const struct advisory_writer *w, struct arena *a, struct strs *out,
		  struct err *e);
/* NAME.seg; false when the name is empty or too long. */
bool segment_file(struct str name, char out[SEGMENT_NAME_MAX * 3 + 8]);

/* Builds a generation from all segments at `path` (no file there), synced. bad: the segment file at fault on ERR_INVALID. */
int generation_build(const struct advisory_writer *w, const char *path, int64_t now, char bad[256],
		     struct err *e);

#endif
