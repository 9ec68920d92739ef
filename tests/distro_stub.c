/* A few distributions, for tests, until the table of distributions is there. */
#include "analyze/distro.h"
#include <ctype.h>
struct str distro_of_ecosystem(struct arena *a, struct str eco)
{
	static const char *const names[][3] = {
		{ "Debian", "debian", "deb" },	   { "Ubuntu", "ubuntu", "deb" },
		{ "Alpine", "alpine", "apk" },	   { "AlmaLinux", "almalinux", "rpm" },
		{ "Rocky Linux", "rocky", "rpm" }, { "Red Hat", "rhel", "rpm" },
		{ "SUSE", "sles", "rpm" }
	};
	struct str rest = eco, base = str_cut(&rest, ':');
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(base, str_of(names[i][0]))) {
			struct str v = rest;
			v = str_cut(&rest, ':');
			if (str_starts(v, S("v")))
				v = str_from(v, 1);
			return arena_printf(a, "%s:%.*s", names[i][1], STR(v));
		}
	return S("");
}
struct str distro_of_codename(struct arena *a, struct str id, struct str c)
{
	static const char *const names[][2] = { { "jessie", "8" },    { "stretch", "9" },
						{ "buster", "10" },   { "bullseye", "11" },
						{ "bookworm", "12" }, { "trixie", "13" } };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(c, str_of(names[i][0])))
			return arena_printf(a, "%.*s:%s", STR(id), names[i][1]);
	return S("");
}
const char *distro_scheme(struct str ns)
{
	if (str_starts(ns, S("debian")) || str_starts(ns, S("ubuntu")))
		return "deb";
	if (str_starts(ns, S("alpine")))
		return "apk";
	return "rpm";
}
