/* An image archive (a tar file with an image inside) opened for random access: entries by name, bodies by pread from
 * several threads at once. A compressed archive, or one that comes from a stream, is first put whole into an unlinked
 * temporary file in TMPDIR (/var/tmp by default), at most limits.archive_bytes. */
#ifndef LAZARET_SOURCE_ARCHIVE_H
#define LAZARET_SOURCE_ARCHIVE_H

#include "source/source.h"

struct archive;
/* ERR_NOT_FOUND when there is no such file, ERR_INVALID for what is no tar file or breaks off, ERR_LIMIT above
 * limits.archive_entries or archive_bytes. The limits must outlive the archive. */
int archive_open(struct str path, const struct limits *l, struct archive **out, struct err *e);
/* As archive_open, from a stream (which it closes). */
int archive_spool(struct stream *in, const struct limits *l, struct archive **out, struct err *e);
void archive_close(struct archive *a);          /* NULL is allowed */
void cleanup_archive(struct archive **a);

bool archive_has(const struct archive *a, struct str name);
/* More than one entry has this name. */
bool archive_is_twice(const struct archive *a, struct str name);
/* The body of a regular file, links inside the archive followed. ERR_NOT_FOUND, or ERR_INVALID for links that leave
 * the archive, turn in circles or lead to no regular file. */
int archive_get(const struct archive *a, struct str name, struct stream **out, uint64_t *size, struct err *e);
/* A small document, whole, at most limits.manifest_bytes. There twice: ERR_INVALID, since readers differ in which one
 * they take. */
int archive_document(const struct archive *a, struct str name, struct arena *arena, struct str *out, struct err *e);

/* "FILE[:TAG]" or "DIR[@DIGEST]": the longest part that exists is the path, what is behind it names the image. */
int path_and_name(struct source *s, struct str where, struct err *e);

/* Make `s` read from an archive that is open already; s->state owns it from then on, also after
 * a failure (source_close). s->path is what errors call it. */
int docker_archive_use(struct source *s, struct archive *a, struct err *e);
int oci_archive_use(struct source *s, struct archive *a, struct err *e);
extern const struct source_ops source_docker_archive, source_docker, source_podman;

#endif
