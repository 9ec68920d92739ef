/* Versions of the scheme conan. */
#define SCHEME "conan"
#include "version.h"
