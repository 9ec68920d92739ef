/* Versions of the scheme cran. */
#define SCHEME "cran"
#include "version.h"
