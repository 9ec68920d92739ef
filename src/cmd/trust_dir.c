/* The folder of trust roots. */
#include "cmd/trust_dir.h"

struct str trust_dir(const struct args *a)
{
	const char *named = getenv("TUF_ROOT"), *xdg = getenv("XDG_DATA_HOME"),
		   *home = getenv("HOME");
	if (named && named[0])
		return str_of(named);
	if (xdg && xdg[0] == '/')
		return arena_printf(a->arena, "%s/lazaret/trust", xdg);
	if (home && home[0] == '/')
		return arena_printf(a->arena, "%s/.local/share/lazaret/trust", home);
	return S("/var/lib/lazaret/trust");
}
