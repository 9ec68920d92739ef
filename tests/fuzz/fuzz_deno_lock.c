/* deno.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(deno_lock, "deno.lock")
