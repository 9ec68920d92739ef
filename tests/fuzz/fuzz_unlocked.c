/* Manifests of projects: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(unlocked, "Cargo.toml")
