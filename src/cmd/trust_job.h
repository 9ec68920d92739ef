/* What the verbs of lazaret trust share. */
#ifndef LAZARET_CMD_TRUST_JOB_H
#define LAZARET_CMD_TRUST_JOB_H

#include "cmd/command.h"
#include "trust/tuf_source.h"

struct trust_job {
	const struct args *a;
	struct str dir;
	int64_t now;
	struct fetch *fetch;
	struct tuf_source source; /* dir -1, no fetch: none */
	bool has_source;
};

/* Prints the error. What is not signed as it must be is a no (EXIT_NO); else we could not find out. */
int trust_verdict(const struct args *a, const struct err *e);
/* A web server is not asked under --offline. `plain`: it may be one without TLS. */
int trust_open_source(struct trust_job *j, struct str where, bool plain, struct err *e);

int trust_import_dct(struct trust_job *j);

#endif
