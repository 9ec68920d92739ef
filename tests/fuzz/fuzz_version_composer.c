/* Versions of the scheme composer. */
#define SCHEME "composer"
#include "version.h"
