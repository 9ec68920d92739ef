/* Versions of the scheme pacman. */
#define SCHEME "pacman"
#include "version.h"
