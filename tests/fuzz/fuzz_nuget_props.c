/* Directory.Packages.props: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(nuget_props, "Directory.Packages.props")
