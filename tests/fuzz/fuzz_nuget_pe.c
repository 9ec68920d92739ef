/* A .NET assembly: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(nuget_pe, "app/Acme.Json.dll")
