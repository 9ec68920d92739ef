/* Versions of the scheme bitnami. */
#define SCHEME "bitnami"
#include "version.h"
