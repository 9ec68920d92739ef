/* Versions of the scheme gem. */
#define SCHEME "gem"
#include "version.h"
