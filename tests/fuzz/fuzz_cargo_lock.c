/* Cargo.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(cargo_lock, "Cargo.lock")
