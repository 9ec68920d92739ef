/* Certificates for one registry from the certs.d folders of docker and podman: CERTS.D/HOST[:PORT]/ with *.crt (CA
 * certificates), *.cert and *.key (client certificate and its key, same name). Folders, all of which are read:
 * $XDG_CONFIG_HOME/containers/certs.d (~/.config), /etc/containers/certs.d, /etc/docker/certs.d. */
#ifndef LAZARET_SOURCE_CERTS_H
#define LAZARET_SOURCE_CERTS_H

#include "base/arena.h"
#include "base/err.h"

enum { CERT_FILES_MAX = 64 };           /* of one folder */

struct certs {
	struct strs ca;                 /* paths */
	struct str cert, key;           /* paths; empty: none */
};

/* `host` with its port as the reference writes it. A missing folder is fine; ERR_INVALID for a certificate without its
 * key or a key without its certificate, ERR_LIMIT for too many files, ERR_IO for a folder that cannot be read. */
int certs_find(struct arena *a, struct str host, struct certs *out, struct err *e);
/* One folder, added to *out: a client certificate that is there already stays. */
int certs_read_folder(struct arena *a, struct str path, struct certs *out, struct err *e);

#endif
