/* A gem specification: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(gemspec, "usr/lib/ruby/gems/3.1.0/specifications/a-1.gemspec")
