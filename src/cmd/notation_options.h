/* What commands share that use notation's folder: where it is, and the signing keys that are named in it. */
#ifndef LAZARET_CMD_NOTATION_OPTIONS_H
#define LAZARET_CMD_NOTATION_OPTIONS_H

#include "cmd/command.h"

/* `named` where there is an option for it, else NOTATION_CONFIG, $XDG_CONFIG_HOME/notation, ~/.config/notation. ERR_INVALID when
 * nothing says where. */
int notation_folder(const struct args *a, struct str named, struct str *out, struct err *e);
/* What --key means to notation: a file, a variable or a token as everywhere, else the name of a signing key in the folder;
 * without --key its default one. *chain is the path of its certificates, empty where --key was none of the folder's names.
 * ERR_INVALID for what is none of these. */
int notation_key_find(const struct args *a, struct str *key, struct str *chain, struct err *e);

#endif
