/* A zipped egg: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(python_egg, "a-1.egg")
