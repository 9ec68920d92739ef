/* The list of feeds. */
#include "vuln/feed.h"

#define FEED(name) extern const struct feed feed_##name;
#include "vuln/feeds.def"
#undef FEED

const struct feed *const feeds[] = {
#define FEED(name) &feed_##name,
#include "vuln/feeds.def"
#undef FEED
	NULL,
};
