/* The coordinates feed's parser, and its probe. */
#include "fuzz_feed.h"

FUZZ_FEED(coordinates)
