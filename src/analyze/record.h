/* What one layer holds, as the sandboxed child reports it: a pure function of the layer's bytes, the analyzers and the
 * limits. It crosses a pipe and lies in the cache in the encoding of record.c; whoever made it may be hostile, so
 * record_decode is bounded and checks everything. */
#ifndef LAZARET_ANALYZE_RECORD_H
#define LAZARET_ANALYZE_RECORD_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/stream.h"

enum { RECORD_FORMAT = 2 };

struct attr {
	struct str key, value;
};

struct owned_file {                     /* a file that a package says it owns; path without a leading '/' */
	struct str path;
	const unsigned char *sum;       /* its digest's bytes, NULL when the package records none */
	unsigned char alg;              /* enum digest_alg */
	bool is_dir;
};

/* Attributes of language packages that inventory_add_packages lifts into fields: "dev" and "optional" ("true"),
 * "relation" ("root", "direct", "indirect": how the project at hand needs it), "inside" (the path within the archive
 * at record_file.path: "WEB-INF/lib/a.jar", nested ones joined by '!'). `depends` of a language package: "NAME@VERSION" of
 * another package of the same record_file where the file says which, else "NAME". */
struct record_package {
	struct str type;                /* purl type: "deb", "rpm", "apk", "npm", "pypi", "maven", "golang", ... */
	/* Name whole: "@scope/name", "group:artifact", "vendor/package", the module's path. Version whole: with epoch and
	 * release, as the distribution's tools print it; empty where nothing says it. */
	struct str name, version;
	struct str arch;
	struct str source_name, source_version;  /* never empty: the package itself when the database names none */
	struct strs licences;           /* as the database has them */
	struct strs depends, provides;
	struct attr *attrs;             /* "module", "vendor", "status", "hold", "maintainer", "origin", ... */
	size_t n_attrs, attrs_cap;
	struct owned_file *owned;
	size_t n_owned, owned_cap;
};

/* Something seen in a body: a secret, a licence's text, a YARA rule that hit. */
struct record_mark {
	struct str kind;                /* "secret", "licence", "malware" */
	struct str rule;                /* its rule's id, the licence's SPDX id */
	struct str text;                /* for people; a secret only redacted */
	uint64_t line, end_line;        /* from 1; 0: not known */
};

/* What one analyzer read from one file. */
struct record_file {
	struct str path;                /* in the layer, normalized: no leading '/', no '.', no '..' */
	struct str analyzer;            /* its name */
	uint64_t size;
	struct digest sha256, sha1, md5;        /* of the body, when the analyzer has `digests` (alg DIGEST_NONE otherwise) */
	struct record_package *packages;
	size_t n_packages, packages_cap;
	struct attr *attrs;             /* facts: os-release keys, and whatever a join wants */
	size_t n_attrs, attrs_cap;
	struct owned_file *owned;       /* dpkg's lists and md5sums, joined to their package after the fold */
	size_t n_owned, owned_cap;
	struct record_mark *marks;
	size_t n_marks, marks_cap;
	struct str unreadable;          /* why the file could not be read as what its path says; empty when it could */
};

struct record_link {
	struct str path, target;        /* symbolic: target as it is; hard: target normalized like a path */
	bool hard;
};

struct record_whiteout {
	struct str path;                /* the path that is hidden in lower layers; of an opaque one the directory */
	bool opaque;
};

struct record_mode {                    /* an entry that runs as somebody else, or that anybody may write */
	struct str path;
	unsigned mode;                  /* 07777 bits */
	unsigned uid, gid;
	bool is_dir;
};

struct record_note {
	struct str path, reason;        /* path empty: the layer as a whole */
};

struct layer_record {
	struct record_file *files;
	size_t n_files, files_cap;
	struct record_link *links;
	size_t n_links, links_cap;
	struct record_whiteout *whiteouts;
	size_t n_whiteouts, whiteouts_cap;
	struct record_mode *modes;      /* setuid, setgid (not of folders), world-writable without the sticky bit */
	size_t n_modes, modes_cap;
	struct record_note *notes;
	size_t n_notes, notes_cap;
	/* str_hash of every entry's path, sorted and unique; the lowest bit says 1 for a directory, 0 for anything else.
	 * Tells "this layer has something at P" without keeping a million names. Where P has entries below it but none of
	 * its own, the hash of "P/" is there, as a directory. */
	uint64_t *path_hashes;
	size_t n_path_hashes;
	uint64_t entries, bytes;        /* tar entries; inflated bytes */
	bool cut;                       /* something was left out, by a limit or where the archive is broken: notes say what */
};

/* Where the walk puts things: adds to the record in its arena. */
struct record_file *record_add_file(struct arena *a, struct layer_record *r, struct str path, const char *analyzer,
                                    uint64_t size);
struct record_package *record_add_package(struct arena *a, struct record_file *f);
void record_add_owned(struct arena *a, struct record_package *p, struct str path, enum digest_alg alg, struct str hex);
void record_add_attr(struct arena *a, struct record_file *f, struct str key, struct str value);
void record_add_mark(struct arena *a, struct record_file *f, const char *kind, struct str rule, struct str text,
                     uint64_t line, uint64_t end_line);
void record_package_attr(struct arena *a, struct record_package *p, struct str key, struct str value);
/* Bounded by limits.layer_notes: the last line then says how many more there were. */
void record_add_note(struct arena *a, struct layer_record *r, const struct limits *l, struct str path, struct str reason);
struct str record_attr(const struct attr *attrs, size_t n, struct str key);     /* empty when absent */
bool record_has_path(const struct layer_record *r, struct str path, bool *is_dir);

/* Encoding: a header with RECORD_FORMAT, then sections; see record.c. Decoded strings point into bytes. */
void record_encode(const struct layer_record *r, struct buf *out);
int record_decode(struct arena *a, struct str bytes, const struct limits *l, struct layer_record *out, struct err *e);

#endif
