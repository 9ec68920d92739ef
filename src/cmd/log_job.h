/* What the verbs of lazaret log share. */
#ifndef LAZARET_CMD_LOG_JOB_H
#define LAZARET_CMD_LOG_JOB_H

#include "cmd/command.h"
#include "trust/tlog.h"

/* Whose signature a checkpoint must have. */
struct log_who {
	struct note_verifier v;
	struct key *key; /* owned */
};
void log_who_done(struct log_who *w);
/* The option's value: a "vkey" or a key as key_load_public takes it, whose name is `origin` then. Without the
 * option the file DIR.vkey that init wrote; ERR_INVALID when there is none either. dir may be empty: no such file
 * is looked for. */
int log_who_load(const struct args *a, const char *option, struct str dir, struct str origin,
		 struct log_who *out, struct err *e);
/* The origin that a log's checkpoint, or a note, claims. */
int log_origin(const struct args *a, struct str dir, struct str *out, struct err *e);
int log_note_origin(const struct args *a, struct str note, struct str *out, struct err *e);
/* Opens to read, under --key. */
int log_open(const struct args *a, struct str dir, struct log_who *who, struct tlog **out,
	     struct err *e);
struct str log_hash(const struct args *a, const struct merkle_hash *h); /* base64 */
int log_number(const struct args *a, const char *option, uint64_t *out, struct err *e);
bool log_wants_json(const struct args *a);
/* Prints what is in the buffer to standard output. */
int log_print(const struct args *a, const struct buf *b);

int log_prove(const struct args *a, struct str dir);
int log_verify(const struct args *a, struct str dir); /* empty: a proof alone */
int log_consistency(const struct args *a, struct str dir);
int log_witness(const struct args *a, struct str dir);

#endif
