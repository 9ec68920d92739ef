/* A tar archive read once, forwards, from a stream: v7, ustar, star, GNU and pax. Container runtimes read layers with
 * Go's archive/tar; where readers differ we side with that one, so that what we see is what will be unpacked.
 *
 * Names come as they stand in the archive (no normalization). Bodies are given in place, piece by piece; a body nobody
 * asks for is passed over without a copy. */
#ifndef LAZARET_OCI_TAR_H
#define LAZARET_OCI_TAR_H

#include "base/stream.h"

enum { TAR_BLOCK = 512, TAR_META_MAX = 1 << 20 }; /* bytes of one long name or pax header */

enum tar_type {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_CHAR_DEVICE,
	TAR_BLOCK_DEVICE,
	TAR_DIR,
	TAR_FIFO,
	TAR_OTHER, /* volume labels, continuations, types of vendors: `flag` says which */
};

struct tar_entry {
	enum tar_type type;
	char flag; /* the type byte of the header */
	bool sparse; /* GNU sparse: the body is the stored pieces (and a map), not the file */
	struct str name, link; /* valid until the next tar_next */
	uint64_t size; /* bytes of the body in the archive; 0 for links, directories, devices */
	uint64_t real_size; /* of a sparse file when unpacked; else = size */
	uint64_t offset; /* where the body begins, in bytes from the start of the archive */
	unsigned mode, uid, gid;
	int64_t mtime; /* Unix seconds */
};

struct tar {
	struct stream *below; /* not owned */
	uint64_t at; /* bytes consumed */
	uint64_t left, padding; /* of the current body */
	/* A global pax header wanted to rename or resize every entry. Runtimes do not apply those, so neither do we. */
	bool global_ignored;
	bool ended;
	struct buf name, link; /* long ones */
	unsigned char block[TAR_BLOCK];
};

void tar_open(struct tar *t, struct stream *below);
void tar_close(struct tar *t); /* frees what tar_open's struct holds; not the stream */
/* The next entry: 1, 0 at the end of the archive (two zero blocks, or the end of the stream between entries), ERR_INVALID
 * for a header that breaks the format, ERR_LIMIT for a name or pax header above TAR_META_MAX, or the stream's code. */
int tar_next(struct tar *t, struct tar_entry *out, struct err *e);
/* The next piece of the current body, in place, valid until the next call: its length, 0 behind the last,
 * ERR_INVALID when the archive ends inside the body. */
ssize_t tar_body(struct tar *t, struct str *piece, struct err *e);

#endif
