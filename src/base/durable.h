/* Files that are there after a crash, whole or not at all. Paths are below `dir` (a descriptor, or AT_FDCWD) where
 * one is taken; links in the last place are never followed. */
#ifndef LAZARET_BASE_DURABLE_H
#define LAZARET_BASE_DURABLE_H

#include "base/err.h"
#include "base/str.h"

#include <fcntl.h>

/* A whole regular file into `out`: ERR_LIMIT beyond max, ERR_NOT_FOUND. */
int durable_read(int dir, const char *path, size_t max, struct buf *out, struct err *e);
/* Writes in place, making the folders above; with `sync` file and folders are on disk when it returns. A crash may
 * leave a part: for names that nothing refers to yet. */
int durable_write(int dir, const char *path, struct str bytes, bool sync, struct err *e);
/* Written aside (PATH.new), synced, renamed, the folder synced. */
int durable_replace(struct str path, struct str bytes, struct err *e);
int durable_sync_dir(int dir, const char *path, struct err *e);
/* The folder that the path's last name is in. */
int durable_sync_parent(int dir, struct str path, struct err *e);
/* All of it, however much is taken at a time; nothing is synced. `what` is what errors call it. */
int write_all(int fd, struct str bytes, const char *what, struct err *e);

#endif
