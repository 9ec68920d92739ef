/* Pipfile.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(pipfile_lock, "Pipfile.lock")
