/* Versions of the scheme apk. */
#define SCHEME "apk"
#include "version.h"
