/* What golang.c and gomod.c share: how Go's tools write versions. */
#ifndef LAZARET_ANALYZE_GOLANG_H
#define LAZARET_ANALYZE_GOLANG_H

#include "analyze/analyzer.h"

enum { GO_TEXT_MAX = 2 << 20 }; /* bytes of a program's module list, of a go.mod */

/* "go1.22.1" -> "v1.22.1", "go1.22rc1" -> "v1.22.0-rc.1", as the advisories of the standard library count; what stands
 * around it ("devel", "X:boringcrypto", "(Red Hat ...)") is dropped. Empty when no version is in it. */
struct str golang_stdlib_version(struct arena *a, struct str text);
/* Adds a package of type golang, its source being itself. version may be empty; relation NULL: not known. */
struct record_package *golang_add(struct arena *a, struct record_file *f, struct str name,
				  struct str version, const char *relation);
/* The version that -X flags of the linker give, for the main package or for the module `main`: "v" and a dotted number.
 * Empty when none or when they disagree. flags as the build setting -ldflags has them, quoted or not. */
struct str golang_ldflags_version(struct arena *a, struct str flags, struct str main);

#endif
