/* Analyzers: each sees the matching files of ONE layer; what it finds is keyed by path. Runs in the sandboxed child.
 * A layer's record depends on nothing but the layer's bytes, so it is made once and shared by every image with that layer.
 *
 * To add one:
 *   1. write analyze/NAME.c with a `const struct analyzer analyzer_NAME`;
 *   2. add ANALYZER(NAME) to analyzers.def;
 *   3. add tests/data/NAME/ (inputs and expected results), tests/reject/NAME/ and a fuzzer tests/fuzz/fuzz_NAME.c. */
#ifndef LAZARET_ANALYZE_ANALYZER_H
#define LAZARET_ANALYZE_ANALYZER_H

#include "analyze/record.h"

struct file {                           /* a regular file of the layer, or a hard link given a second time */
	struct str path;
	uint64_t size;
	unsigned mode, uid, gid;
	int64_t mtime;
};

/* The file's body for analyzers that want it whole: in memory up to limits.memory_file, else in the spool. What lies
 * in the spool stays until the child ends where the analyzer has a `finish`; else it is gone when `end` returns, as what
 * lies in memory always is (copy it to keep it). */
struct whole {
	struct str mem;                 /* used when fd < 0 */
	int fd;                         /* the spool: read with pread at offset + i */
	uint64_t offset, size;
};
/* Copies [at, at + n) of the body; ERR_INVALID when it is not all there. */
int whole_read(const struct whole *w, uint64_t at, void *p, size_t n, struct err *e);

/* What is asked for. Decides which analyzers run, and is part of a record's cache key. */
enum scanner {
	SCAN_PACKAGES = 1,              /* packages of every kind: --scanners vuln, SBOMs */
	SCAN_SECRETS = 2,
	SCAN_CONFIG = 4,
	SCAN_LICENCES = 8,
	SCAN_MALWARE = 16,
	SCAN_ALL = 31,
};
struct analysis_options {
	unsigned scanners;              /* bits of enum scanner; 0: SCAN_PACKAGES */
	bool lockfiles;                 /* analyzers of lockfiles run too: for directories */
	bool databases_only;            /* of those that find packages, only those of distributions */
	struct str secret_rules;        /* compiled by us, see secret.h; empty: none */
	struct str yara_rules;          /* as text; empty: none */
};

struct analysis {                       /* what an analyzer works with; lives as long as the layer's child */
	struct arena *arena;            /* for what goes into the record and for the analyzer's own state */
	void *shared;                   /* the analyzer's own, NULL at first: what it keeps from file to file */
	struct layer_record *record;
	const struct limits *limits;
	const struct analysis_options *options;
};

/* A quarter of limits.layer_memory went into the record: arrays may still double, and it must be encoded. From here on only
 * the distribution's databases are read; what is left out is said, and what was found stays. */
bool analysis_full(const struct analysis *an);

struct inventory;
struct fold;
struct analyzer {
	const char *name;                       /* recorded as evidence */
	unsigned version;                       /* bump to drop cached records */
	unsigned scanners;                      /* runs when one of these is asked for; 0: SCAN_PACKAGES */
	bool lockfile;                          /* reads what a project asks for, not what is installed: directories only */
	bool database;                          /* of a distribution's packages: unreadable makes the verdict unknown */
	/* Files are taken under their own paths only: links to them are not followed, what lies under another name is not
	 * read again. For analyzers that go by content and want every file. */
	bool own_paths;
	/* Its record_files get sha256, sha1 and md5 of a body in which it found packages; with want_whole only. Without
	 * them what a distribution installed cannot be told from what came otherwise: set it for all that is installed. */
	bool digests;
	/* Paths without leading '/', NULL-terminated. With a '/' inside: the whole path, '*' and '?' do not match '/',
	 * a leading "**" and '/' matches any directories or none. Without: the last component, anywhere. */
	const char *const *patterns;
	/* Either streaming: begin (NULL: no state), feed for each chunk, end with whole NULL. Or want_whole: only end, with
	 * the body. An error return means the file could not be read as what it should be: the walk records it as
	 * `unreadable` on the analyzer's record_file (made when there is none) and goes on. */
	bool want_whole;
	/* A look at the body's beginning (64 bytes, or all of a shorter body; sometimes a long body's is not at hand and
	 * `head` is empty: say true then) before it is kept or hashed. False: the file is none of ours. NULL: all are. */
	bool (*wants)(const struct file *f, struct str head);
	int (*begin)(struct analysis *an, const struct file *f, void **state, struct err *e);
	int (*feed)(struct analysis *an, void *state, struct str chunk, struct err *e);
	int (*end)(struct analysis *an, void *state, const struct file *f, const struct whole *whole, struct err *e);
	/* Files that must be read together with one of ours to make sense ("rpmdb.sqlite" and "rpmdb.sqlite-wal"): called
	 * once when the layer has ended, in the child. NULL: nothing to do. Keep what `end` saw in an->shared. Where the
	 * final files come from different layers, fold.c has both layers read once more into one child. */
	int (*finish)(struct analysis *an, struct err *e);
	const char *const *companions;          /* pairs of suffixes, NULL-terminated: "", "-wal"; NULL: none */
	/* After the fold, in the parent, from records alone: connects what different files say (dpkg's lists to its
	 * packages, path order of distribution files, ...). NULL: none. */
	int (*join)(const struct fold *fold, struct inventory *inv, struct err *e);
};

extern const struct analyzer *const analyzers[];        /* NULL-terminated, from analyzers.def */
/* Those of them that run for these options, NULL-terminated. */
const struct analyzer *const *analyzers_chosen(struct arena *a, const struct analysis_options *o);
const struct analyzer *analyzer_find(struct str name);  /* NULL: there is none of that name */

#endif
