/* Versions of the scheme rpm. */
#define SCHEME "rpm"
#include "version.h"
