/* packages.config of NuGet: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(nuget_config, "packages.config")
