/* Files that commands write: keys, certificates, bundles. */
#ifndef LAZARET_CMD_FILE_H
#define LAZARET_CMD_FILE_H

#include "base/err.h"
#include "base/str.h"

#include <sys/stat.h>

/* Written aside with this mode, synced, and put at its place in one step: there whole or not at all. Without `overwrite` a
 * file that is there stays (ERR_CONFLICT). A device or a pipe is written as it is. */
int file_write(const char *path, mode_t mode, bool overwrite, struct str bytes, struct err *e);

/* Every folder of a path up to its last slash, mode 0700. */
int file_folders(const char *path, struct err *e);

#endif
