/* packages.lock.json of NuGet: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(nuget_lock, "packages.lock.json")
