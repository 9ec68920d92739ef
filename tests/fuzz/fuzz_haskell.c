/* cabal.project.freeze and stack.yaml.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(haskell, "cabal.project.freeze", "stack.yaml.lock")
