/* A rockspec: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(rockspec, "usr/local/lib/luarocks/rocks-5.1/a/1-1/a-1-1.rockspec")
