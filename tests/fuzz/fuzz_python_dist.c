/* METADATA, RECORD, direct_url.json: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(python_dist, "a/b-1.dist-info/METADATA", "a/b-1.dist-info/RECORD",
	      "a/b-1.dist-info/direct_url.json")
