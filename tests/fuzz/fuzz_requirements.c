/* requirements.txt: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(requirements, "requirements.txt")
