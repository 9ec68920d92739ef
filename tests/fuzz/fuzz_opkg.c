/* opkg's status file: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(opkg, "usr/lib/opkg/status")
