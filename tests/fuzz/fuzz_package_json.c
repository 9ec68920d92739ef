/* A package.json of an installed package. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(package_json, "node_modules/a/package.json")
