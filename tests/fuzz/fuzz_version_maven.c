/* Versions of the scheme maven. */
#define SCHEME "maven"
#include "version.h"
