/* Versions of the scheme nuget. */
#define SCHEME "nuget"
#include "version.h"
