/* Versions of the scheme deb. */
#define SCHEME "deb"
#include "version.h"
