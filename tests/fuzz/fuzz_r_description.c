/* DESCRIPTION of an R package: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(r_description, "usr/lib/R/library/a/DESCRIPTION")
