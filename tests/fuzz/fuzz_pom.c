/* A pom.xml of any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(pom, "pom.xml")
