/* deps.json of .NET: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(nuget_deps, "app/App.deps.json")
