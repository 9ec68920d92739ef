/* Versions of the scheme semver. */
#define SCHEME "semver"
#include "version.h"
