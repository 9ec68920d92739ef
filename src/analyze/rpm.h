/* The rpm database: three containers (Berkeley DB hash, ndb, SQLite) of one thing, the package header. A container's
 * reader hands every header it finds to the sink; the sink makes packages of them, bounds the work, and keeps count of
 * what could not be read, so that a damaged database yields what is left of it and says so.
 *
 * To add a container:
 *   1. write analyze/rpm_NAME.c with a reader of the shape below;
 *   2. give its file name to rpm.c;
 *   3. add data, reject samples and a fuzzer as for any analyzer. */
#ifndef LAZARET_ANALYZE_RPM_H
#define LAZARET_ANALYZE_RPM_H

#include "analyze/analyzer.h"

enum {
	RPM_HEADER_MAX = 256 << 20, /* bytes of one header: rpm's own limit */
	RPM_ENTRIES_MAX = 64 << 10, /* index entries of one header: rpm's own limit */
	RPM_PATH_FACTOR = 8, /* bytes of paths and dependencies for each byte of the database ... */
	RPM_PATH_BASE = 1 << 20, /* ... above this many */
};

struct rpm_sink {
	struct arena *arena;
	struct record_file *file; /* where the packages go */
	const struct limits *limits;
	uint64_t
		header_bytes; /* still to be taken: honest headers never overlap, so the database's own size */
	uint64_t
		path_bytes; /* still to be spent on joined paths, which share folders, and names of dependencies */
	uint64_t headers, troubles; /* headers tried; things that could not be read */
	struct err first; /* the first trouble */
};

/* size: bytes of the database with whatever belongs to it. */
void rpm_sink_init(struct rpm_sink *s, struct arena *a, struct record_file *file,
		   const struct limits *l, uint64_t size);
/* One header, as the container holds it: without lead and magic. Trouble in it is counted and 0 returned; ERR_LIMIT:
 * stop reading this database. */
int rpm_sink_header(struct rpm_sink *s, struct str header, struct err *e);
/* Counts trouble that the reader got over. Always returns 0. */
int rpm_sink_trouble(struct rpm_sink *s, const struct err *why);
/* After the reader, with what it returned: the verdict on the whole. An error when anything could not be read. */
int rpm_sink_result(const struct rpm_sink *s, int code, struct err *e);

/* Readers. 0: read as far as it goes (the sink knows of troubles); otherwise it is no such database or the work has
 * reached a limit. */
int rpm_bdb_read(const struct whole *w, struct rpm_sink *s, struct err *e);
int rpm_ndb_read(const struct whole *w, struct rpm_sink *s, struct err *e);
/* wal: the write-ahead log beside it, NULL when there is none. */
int rpm_sqlite_read(const struct whole *w, const struct whole *wal, struct rpm_sink *s,
		    struct err *e);

/* A header into a package. ERR_INVALID: no package could be made of it. A file list or dependencies that
 * cannot be had are a trouble of the sink's and the package stays. */
int rpm_header_read(struct rpm_sink *s, struct str header, struct err *e);
/* "bash-5.1.8-1.cm2.src.rpm" into name and version-release; false when it is no such name. */
bool rpm_source_split(struct str source_rpm, struct str *name, struct str *version);

/* The write-ahead log of SQLite: which page is newest where. */
struct rpm_wal_page {
	uint32_t page;
	uint64_t at; /* of its bytes in the log */
};
struct rpm_wal {
	const struct whole *file;
	struct rpm_wal_page *pages; /* sorted by page, one each; owned */
	size_t n;
	uint32_t page_size; /* bytes; 0: the log holds nothing that counts */
	uint32_t db_pages; /* pages of the database after the last commit */
};
/* Reads the log up to its last commit. A log with a broken head is an empty one, as for SQLite, and *why says so. */
int rpm_wal_open(struct rpm_wal *w, const struct whole *file, struct err *why, struct err *e);
void rpm_wal_done(struct rpm_wal *w);
/* Index into pages, or -1. */
ssize_t rpm_wal_find(const struct rpm_wal *w, uint32_t page);

static inline uint32_t rpm_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t rpm_le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline unsigned rpm_be16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* A set of small numbers: pages that were seen. */
static inline bool rpm_seen(unsigned char *set, uint64_t i)
{
	unsigned char bit = (unsigned char)(1U << (i & 7));
	bool was = set[i >> 3] & bit;
	set[i >> 3] |= bit;
	return was;
}

#endif
