/* A Gradle lock file of any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(gradle_lock, "gradle.lockfile")
