/* A program of any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(golang, "usr/bin/x")
