/* Lockfiles of Python in TOML: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(python_lock, "poetry.lock", "uv.lock", "pdm.lock", "pylock.toml")
