/* What a Java archive says about itself where it holds no Maven files: by its manifest and its file name. */
#ifndef LAZARET_ANALYZE_JAVA_NAME_H
#define LAZARET_ANALYZE_JAVA_NAME_H

#include "base/arena.h"

enum { MANIFEST_MAX = 1 << 20 }; /* bytes of a MANIFEST.MF that are looked at */

struct java_manifest { /* of the main section; empty where absent */
	struct str implementation_title, implementation_version, implementation_vendor,
		implementation_vendor_id;
	struct str specification_title, specification_version, specification_vendor;
	struct str bundle_name, bundle_version, bundle_symbolic_name, bundle_license;
	struct str automatic_module_name;
	struct str group_id, short_name, plugin_version; /* of Jenkins plugins */
	struct str plugin_license_name, plugin_license_name_2, plugin_license_name_3;
};
/* Strings are in the arena. Lines that are none are passed over. */
void java_manifest_parse(struct arena *a, struct str text, struct java_manifest *out);

/* "guava-29.0-jre.jar" -> "guava", "29.0-jre"; false when no version is in it (then *artifact is all but the ending). */
bool java_file_name(struct str file, struct str *artifact, struct str *version);
/* Group, artifact and version as the manifest and the name suggest; any may be empty. */
void java_guess(const struct java_manifest *m, struct str file, struct str *group,
		struct str *artifact, struct str *version);
/* Licences as the manifest names them; addresses that are known become SPDX ids. */
void java_manifest_licences(struct arena *a, const struct java_manifest *m, struct strs *out);

#endif
