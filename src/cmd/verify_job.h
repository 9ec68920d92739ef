/* What verify, verify-attestation and verify-provenance share: the options of verify_image.def, one target after the other,
 * answers as text and JSON. */
#ifndef LAZARET_CMD_VERIFY_JOB_H
#define LAZARET_CMD_VERIFY_JOB_H

#include "cmd/image_target.h"
#include "cmd/trust_options.h"
#include "trust/verify.h"

enum verify_format { VERIFY_TEXT, VERIFY_JSON, VERIFY_PAYLOAD };
struct verify_answer {
	struct str target, shown;       /* as typed; with the digest (empty when it could not be resolved) */
	int status;                     /* exit status of this one */
	struct str error;               /* of EXIT_FAILED, when nothing could be found out */
	bool skipped;                   /* notation's policy lets it through without a signature */
	struct verified verified;
};
struct verify_job {
	const struct args *args;
	struct source_options source;
	struct trust trust;
	struct verify_options options;  /* the command sets predicate_type and check */
	struct platform platform;
	struct notation_policy notation; /* trust NULL: no Notation */
	bool payloads;                  /* as text, what was signed goes to standard output, and all else to standard error */
	struct str notation_scope;      /* empty: the image's own name */
	enum verify_format format;
	struct verify_answer *answers;
	size_t n_answers, answers_cap;
};
/* `others`: believing nobody by key or identity is no mistake. Prints what is wrong; returns an exit status. */
int verify_job_open(struct verify_job *j, const struct args *a, bool others);
/* Adds the answer about one image. */
struct verify_answer *verify_job_target(struct verify_job *j, struct str target);
/* Prints all answers; the exit status of all. */
int verify_job_print(struct verify_job *j);
void verify_job_close(struct verify_job *j);

#endif
