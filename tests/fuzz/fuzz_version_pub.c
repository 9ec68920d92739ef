/* Versions of the scheme pub. */
#define SCHEME "pub"
#include "version.h"
