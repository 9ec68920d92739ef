/* Whom to say we are to a registry. Looked up in this order; the first that knows the registry wins:
 *   1. $DOCKER_AUTH_CONFIG (the JSON itself)
 *   2. $REGISTRY_AUTH_FILE, and then none of the next two
 *   3. $XDG_RUNTIME_DIR/containers/auth.json (without it: /run/containers/UID/auth.json)
 *   4. $XDG_CONFIG_HOME/containers/auth.json (~/.config)
 *   5. config.json in the given folder, else in $DOCKER_CONFIG, else in ~/.docker
 * Inside a file: credHelpers, then credsStore, then auths. Keys are a host, or a host with a leading part of the
 * repository ("quay.io/team"); the longest that fits wins. Docker Hub is also known as https://index.docker.io/v1/.
 *
 * Secrets live in buffers that are wiped by credentials_done; they never enter an error's text. */
#ifndef LAZARET_SOURCE_CREDENTIALS_H
#define LAZARET_SOURCE_CREDENTIALS_H

#include "base/arena.h"
#include "base/err.h"

enum {
	CREDENTIALS_FILE_MAX = 1 << 20,         /* bytes of a configuration file */
	CREDENTIALS_SECRET_MAX = 64 * 1024,     /* bytes of one secret or of a helper's answer */
	CREDENTIALS_HELPER_SECONDS = 30,
};

struct credentials {
	bool found;
	struct buf username, password;
	struct buf identity_token;              /* to be exchanged at the token service */
	struct buf registry_token;              /* a bearer token as it is */
	struct buf origin;                      /* where they were found, for messages */
};
void credentials_done(struct credentials *c);   /* wipes and frees; a zeroed one is empty */

/* *out must be zeroed; found stays false when nobody knows the registry. A file that is there but cannot be read or
 * understood is an error, and so is a helper that fails: without it we might be somebody else than we were told to be. */
int credentials_find(struct str host, struct str repository, struct str config_dir, struct credentials *out,
                     struct err *e);
/* In the text of one configuration file; `origin` names it in messages. */
int credentials_from_config(struct str text, struct str host, struct str repository, const char *origin,
                            struct credentials *out, struct err *e);
/* Runs docker-credential-NAME with `get`. `server` is what the helper knows the registry by. */
int credentials_from_helper(struct str name, struct str server, struct credentials *out, struct err *e);
/* The answer of a helper. */
int credentials_from_answer(struct str json, struct credentials *out, struct err *e);
void credentials_wipe_str(struct str s);        /* memory that a JSON tree holds */
void credentials_wipe_buf(struct buf *b);

#endif
