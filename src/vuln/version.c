/* The list of version schemes. */
#include "vuln/version.h"

#define VERSION(name) extern const struct version_scheme version_##name;
#include "vuln/versions.def"
#undef VERSION

const struct version_scheme *const version_schemes[] = {
#define VERSION(name) &version_##name,
#include "vuln/versions.def"
#undef VERSION
	NULL,
};

const struct version_scheme *version_scheme_find(struct str name)
{
	for (size_t i = 0; version_schemes[i]; i++)
		if (str_eq(str_of(version_schemes[i]->name), name))
			return version_schemes[i];
	return NULL;
}
