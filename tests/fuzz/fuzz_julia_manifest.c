/* Manifest.toml of Julia: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(julia_manifest, "Manifest.toml")
