/* Gemfile.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(gemfile_lock, "Gemfile.lock")
