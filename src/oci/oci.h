/* OCI image specification 1.1 and Docker image manifest version 2, schema 2: descriptors, indexes, manifests, image
 * configurations. Parsing is in process, bounded by the manifest_bytes limit and JSON_DEPTH_MAX. All strings are
 * copies in the given arena. */
#ifndef LAZARET_OCI_OCI_H
#define LAZARET_OCI_OCI_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/limits.h"

struct platform {                       /* empty fields match anything */
	struct str os, arch, variant, os_version;
};

struct annotation {
	struct str key, value;
};

struct descriptor {
	struct str media_type, artifact_type;
	struct digest digest;
	uint64_t size;                  /* bytes */
	struct platform platform;       /* of an index entry */
	struct annotation *annotations;
	size_t n_annotations;
	bool foreign;                   /* "urls" or a non-distributable media type */
};

struct descriptors {
	struct descriptor *v;
	size_t n, cap;
};

struct history {
	struct str created, created_by, comment;
	bool empty_layer;
};

struct image_config {
	struct platform platform;
	struct str created, author, user;
	struct digest *diff_ids;
	size_t n_diff_ids;
	struct history *history;
	size_t n_history;
	struct str raw;                 /* the JSON as it came */
};

struct image {
	struct descriptor self, config, *layers;
	size_t n_layers;
	struct annotation *annotations;
	size_t n_annotations;
	struct str manifest;            /* the bytes as they came; empty for a directory */
	struct image_config cfg;
};

enum manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX };
struct manifest {
	enum manifest_kind kind;
	struct image image;             /* MANIFEST_IMAGE: cfg is empty until image_config_parse */
	struct descriptors index;       /* MANIFEST_INDEX */
	struct descriptor subject;      /* what it refers to; alg DIGEST_NONE: nothing */
};

/* The media types we ask for, by preference, as an Accept header's value. */
extern const char *const manifest_accept;

bool media_type_is_index(struct str t);
bool media_type_is_manifest(struct str t);
/* Encrypted ("+encrypted") or of no layer media type we know; *why says which. */
bool media_type_is_unknown_layer(struct str t, const char **why);
/* The compression that the media type promises; COMPRESSION_NONE for an uncompressed or unknown one. */
int media_type_compression(struct str t);

/* Parses an index or a manifest. `media_type` is what the descriptor or the server said (may be empty); a document
 * whose own mediaType contradicts it, or that is both index and manifest, is ERR_INVALID. Schema 1: ERR_UNSUPPORTED. */
int manifest_parse(struct arena *a, struct str bytes, struct str media_type, const struct limits *l, struct manifest *out,
                   struct err *e);
int image_config_parse(struct arena *a, struct str bytes, struct image_config *out, struct err *e);
/* The history line that made layer i (skips empty layers); empty when there is none. */
struct str image_layer_created_by(const struct image_config *c, size_t i);

/* "os/arch[/variant]", normalized (x86_64 -> amd64, aarch64 -> arm64/v8 -> arm64). ERR_INVALID for anything else. */
int platform_parse(struct arena *a, struct str s, struct platform *out, struct err *e);
void platform_host(struct platform *out);
struct str platform_text(struct arena *a, const struct platform *p);
/* 0 does not match, higher is better (an exact variant before a compatible lower one). */
int platform_match(const struct platform *have, const struct platform *want);

#endif
