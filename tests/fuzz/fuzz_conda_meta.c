/* conda-meta: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(conda_meta, "opt/conda/conda-meta/a-1-0.json")
