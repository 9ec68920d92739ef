/* Notation's folder is found here, for all commands. A name of a signing key never hides a file: what is a file, or has the form
 * of another reference to a key, is taken as that. */
#include "cmd/notation_options.h"

#include "trust/notation_dir.h"

#include <stdlib.h>
#include <unistd.h>

int notation_folder(const struct args *a, struct str named, struct str *out, struct err *e)
{
	struct str config = str_of(getenv("NOTATION_CONFIG")),
		   xdg = str_of(getenv("XDG_CONFIG_HOME")), home = str_of(getenv("HOME"));
	if (named.n)
		*out = named;
	else if (config.n)
		*out = config;
	else if (str_starts(xdg, S("/"))) /* what is relative is not valid, says XDG */
		*out = arena_printf(a->arena, "%.*s/notation", STR(xdg));
	else if (home.n)
		*out = arena_printf(a->arena, "%.*s/.config/notation", STR(home));
	else
		return err_set(
			e, ERR_INVALID,
			"where is notation's folder? NOTATION_CONFIG, XDG_CONFIG_HOME and HOME "
			"are not set");
	return 0;
}

static bool is_reference(const struct args *a, struct str key)
{
	return str_find(key, S("://")) >= 0 || str_starts(key, S("pkcs11:")) ||
	       access(arena_cstr(a->arena, key), F_OK) == 0;
}

int notation_key_find(const struct args *a, struct str *key, struct str *chain, struct err *e)
{
	struct str given = args_str(a, "key"), dir;
	struct notation_key found;
	*key = given;
	*chain = S("");
	if (given.n && is_reference(a, given))
		return 0;
	if (notation_folder(a, S(""), &dir, e))
		return e->code;
	int r = notation_signing_key(dir, given, a->arena, &found, e);
	if (r == ERR_NOT_FOUND && given.n)
		return err_set(
			e, ERR_INVALID,
			"%s: '%.*s' is neither a file nor a signing key of %.*s/signingkeys.json",
			args_from(a, "key"), STR(given), STR(dir));
	if (r == ERR_NOT_FOUND)
		return err_set(e, ERR_INVALID,
			       "a notation signature wants --key: there is no default key in "
			       "%.*s/signingkeys.json",
			       STR(dir));
	if (r)
		return r;
	*key = found.key_path;
	*chain = found.cert_path;
	return 0;
}
