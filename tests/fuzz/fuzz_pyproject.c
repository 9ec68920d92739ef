/* pyproject.toml: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(pyproject, "pyproject.toml")
