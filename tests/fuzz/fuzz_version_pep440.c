/* Versions of the scheme pep440. */
#define SCHEME "pep440"
#include "version.h"
