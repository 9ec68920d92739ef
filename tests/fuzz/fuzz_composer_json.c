/* composer.json: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(composer_json, "composer.json")
