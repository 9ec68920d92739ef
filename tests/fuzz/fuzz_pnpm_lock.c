/* pnpm-lock.yaml of any version. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(pnpm_lock, "pnpm-lock.yaml")
