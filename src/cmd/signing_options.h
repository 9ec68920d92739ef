/* What signing commands (sign, sign-blob, attest, attest-blob) share: the options of signing_options.def become a signer.
 *
 *	static const struct option options[] = {
 *	#include "cmd/signing_options.def"
 *		...
 *	struct signing s CLEANUP(signing_close) = { 0 };
 *	if (signing_open(args, &s, &e))
 *		return fail(args, &e);
 *	signer_sign_dsse(s.signer, type, payload, arena, &parts, &e) */
#ifndef LAZARET_CMD_SIGNING_OPTIONS_H
#define LAZARET_CMD_SIGNING_OPTIONS_H

#include "cmd/command.h"
#include "trust/keyless.h"

struct signing {
	struct signer *signer;
	struct key *key; /* of --key; NULL: keyless */
	struct fetch *fetch; /* NULL: no service is asked */
	struct trusted_root **roots;
	size_t n_roots;
	struct buf token;
	struct arena arena;
};
/* Reads key, token, signing configuration and trust roots. Nothing is assumed: without a key, each service and the
 * token must have been named, and the error says which option is missing (ERR_INVALID). */
int signing_open(const struct args *a, struct signing *out, struct err *e);
/* With this key in place of the one that --key names. */
int signing_open_key(const struct args *a, struct str key, struct signing *out, struct err *e);
void signing_close(struct signing *s);

/* What manifests and predicates say of their making: SOURCE_DATE_EPOCH, else now. Unix seconds. */
int64_t signing_created(void);

#endif
