/* Versions of the scheme hackage. */
#define SCHEME "hackage"
#include "version.h"
