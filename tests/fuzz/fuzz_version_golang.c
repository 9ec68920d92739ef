/* Versions of the scheme golang. */
#define SCHEME "golang"
#include "version.h"
