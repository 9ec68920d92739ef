/* Where images live. Read and write are one interface, so that copy, push, pull, mirror and patch are "read from one,
 * put into another". Optional operations are NULL.
 *
 * To add one:
 *   1. write source/NAME.c with a `const struct source_ops source_NAME`;
 *   2. add SOURCE(NAME) to sources.def;
 *   3. add its fixture to tests/backend (the same suite runs against every source) and a fuzzer for what it parses. */
#ifndef LAZARET_SOURCE_SOURCE_H
#define LAZARET_SOURCE_SOURCE_H

#include "base/stream.h"
#include "oci/oci.h"
#include "oci/reference.h"

/* Settings for all sources; plain data, set by the command. Strings live as long as the source. */
struct source_options {
	struct limits limits;
	struct str username, password;          /* registry; never logged */
	bool insecure;                          /* registry: plain http and unverified TLS are allowed */
	struct str config_dir;                  /* DOCKER_CONFIG, else ~/.docker; empty: by environment */
	struct strs mirrors;                    /* "docker.io=https://mirror.example/path", tried in order before the host */
	struct strs skip_files, skip_dirs;      /* dir: glob patterns relative to the root */
	bool cross_file_systems;                /* dir: leave the root's file system */
	unsigned retries;                       /* registry: tries after the first */
};

enum { SOURCE_WRITE_LAYERS = 1000 };    /* of a manifest that is written: cosign lists one signature a layer */

struct source;
struct source_ops {
	const char *scheme;     /* "registry", "oci", "oci-archive", "docker-archive", "docker", "podman", "dir" */
	/* `where` is the text behind the scheme, tag and digest still on it. Sets up s->state; ERR_NOT_FOUND when there
	 * is nothing there, ERR_INVALID when what is there is not of this kind. */
	int (*open)(struct source *s, struct str where, struct err *e);
	/* The descriptor of what s->wanted names (an index or a manifest); its media type may be empty. ERR_NOT_FOUND
	 * with the choice in the text when several images are there and none was named. */
	int (*resolve)(struct source *s, struct descriptor *out, struct err *e);
	/* The blob or manifest, unverified; the caller wraps it. May be called from several threads at once. A size of
	 * UINT64_MAX in d: unknown. *out is closed by the caller. */
	int (*get)(struct source *s, const struct descriptor *d, struct stream **out, struct err *e);
	int (*list)(struct source *s, struct strs *tags, struct err *e);
	/* Descriptors of the manifests whose subject this is, with their artifact types. NULL: the kind knows none. */
	int (*referrers)(struct source *s, const struct digest *subject, struct descriptors *out, struct err *e);
	/* Writing; NULL: the kind is read only. */
	/* A blob, or a manifest or index (by its media type), under its digest, which the bytes have; one that is there is
	 * not sent again, and `in` not read. A manifest is put after what it names. Durable on return. `in` is the
	 * caller's. */
	int (*put)(struct source *s, const struct descriptor *d, struct stream *in, struct err *e);
	/* Lets a name point at a manifest that is there. `expected`: NULL, or what the name must point at now (alg
	 * DIGEST_NONE: nothing); ERR_CONFLICT when it does not, as far as the kind can tell. An empty name enters an image
	 * without one, where the kind can. */
	int (*tag)(struct source *s, struct str name, const struct descriptor *d, const struct digest *expected,
	           struct err *e);
	/* A manifest by digest (with the names that point at it), or a name alone where `name` is not empty. */
	int (*remove)(struct source *s, const struct digest *d, struct str name, struct err *e);
	/* What was written becomes visible now; NULL: it is already. */
	int (*finish)(struct source *s, struct err *e);
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	const struct source_options *opt;
	struct arena arena;             /* one thread at a time: only open, resolve and list allocate from it */
	struct reference ref;           /* registry; also name and tag for engines */
	struct str path;                /* files and folders */
	struct str wanted;              /* tag or digest text asked for; empty: the only one */
	struct str target;              /* as the user typed it */
	bool create;                    /* opened by source_create */
	bool writing;                   /* something was written: what is read must not come from a mirror or a cache */
	bool lists_referrers;           /* the manifest put last is in the list of its subject's referrers */
	bool exact_tags;                /* `expected` of tag is certain: nobody can come in between */
	void *state;
};

/* TARGET as the user types it: "scheme:rest", "docker://NAME", a path (probed: OCI layout folder, archive file,
 * docker archive, other folder: a root file system), else a registry reference. *out is closed with source_close. */
int source_open(struct str target, const struct source_options *opt, struct source **out, struct err *e);
/* As source_open, for writing: layouts and archives that are not there yet are made. An archive becomes visible, whole,
 * with source_finish. ERR_UNSUPPORTED: the kind is read only. */
int source_create(struct str target, const struct source_options *opt, struct source **out, struct err *e);
int source_finish(struct source *s, struct err *e);
void source_close(struct source *s);
void cleanup_source(struct source **s);
/* True for a root file system: no manifest, no layers; use dir_stream. */
bool source_is_dir(const struct source *s);

/* get + limit + verify against digest and size. */
int source_get_verified(struct source *s, const struct descriptor *d, struct stream **out, struct err *e);
/* A verified manifest, index or configuration as bytes in `a`; bounded by limits.manifest_bytes. */
int source_get_document(struct source *s, const struct descriptor *d, struct arena *a, struct str *out, struct err *e);

/* What a tag (or a digest's text) names in this repository, whatever the target was; ERR_NOT_FOUND. */
int source_find(struct source *s, struct str name, struct descriptor *out, struct err *e);
/* Puts a small blob or manifest; fills *out (its media type, digest and size). */
int source_put_document(struct source *s, struct str media_type, struct str bytes, struct descriptor *out, struct err *e);
/* Puts a manifest that has a subject, and sees to it that the subject's referrers list it: by the registry, or by the
 * tag sha256-HEX, read again after writing and written again when another writer was faster. */
int source_put_referrer(struct source *s, struct str manifest, struct descriptor *out, struct err *e);
/* Removes a manifest that refers to `subject`, and sees to it that it is not listed any more. */
int source_remove_referrer(struct source *s, const struct digest *subject, const struct digest *d, struct err *e);
/* A blob or manifest from one into the other: verified, read only when it is not there yet, mounted within a registry. */
int source_copy(struct source *from, struct source *to, const struct descriptor *d, struct err *e);
/* Changes the manifest that a tag names: `change` gets what is there (empty: nothing) and gives what shall be (unchanged
 * bytes: nothing to do); it is called again when another writer was faster, and what it needs is put before it returns. */
/* Where `expected` is not certain (a registry), the window that remains is this: another writer read the tag before our
 * write, and writes after we looked again, some round trips later. Who looks first and then writes at once, as
 * lazaret does, would have to be held up for longer than that in between. */
int source_update_tag(struct source *s, struct str tag,
                      int (*change)(void *ctx, struct str old, struct buf *now, struct err *e), void *ctx,
                      struct descriptor *out, struct err *e);

/* What refers to this manifest (distribution specification 1.1, "Listing Referrers", with the tag in its place where the
 * registry has no such list); none is no error. In the source's arena. */
int source_referrers(struct source *s, const struct digest *subject, struct descriptors *out, struct err *e);
/* The tags of a repository, the names of a layout or archive; in the source's arena. ERR_UNSUPPORTED: the kind has none. */
int source_tags(struct source *s, struct strs *out, struct err *e);

/* Resolves, follows indexes (nested too), reads manifest and configuration. `want` NULL: every platform (attestation
 * manifests and unknown/unknown entries of an index are left out). images is an array in `a`. ERR_NOT_FOUND names the
 * platforms that are there. */
int source_images(struct source *s, const struct platform *want, struct arena *a, struct image **images, size_t *n,
                  struct err *e);

/* A root file system as an uncompressed tar stream (pax, sorted by readdir order): every entry is there, bodies only
 * of the files that `wants` says yes to (others have size 0). Walks with openat2 (RESOLVE_IN_ROOT,
 * RESOLVE_NO_MAGICLINKS). What could not be read is told to `note`. */
struct dir_filter {
	bool (*wants)(void *ctx, struct str path);
	void (*note)(void *ctx, struct str path, const char *reason);
	void *ctx;
};
int dir_stream(struct source *s, const struct dir_filter *filter, struct stream **out, struct err *e);

#endif
