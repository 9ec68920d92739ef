/* How commands get passwords: --password-file (of commands that have it), COSIGN_PASSWORD (an empty one counts), or a prompt
 * on the terminal, without echo. PINs of tokens: COSIGN_PKCS11_PIN and the URI are looked at by trust/key_token.c; here is
 * the prompt. */
#ifndef LAZARET_CMD_PASSWORD_H
#define LAZARET_CMD_PASSWORD_H

#include "cmd/command.h"
#include "trust/key_file.h"

/* Of a key that is there. `a` must outlive what is returned. */
struct password password_of(const struct args *a);
/* Of a key that is made: the prompt asks twice. Appends it to `out`; wipe it (secret_done in trust/pem.h). ERR_AUTH:
 * nobody to ask, or the two differ. */
int password_new(const struct args *a, struct buf *out, struct err *e);

#endif
