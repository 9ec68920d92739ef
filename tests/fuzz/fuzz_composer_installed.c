/* installed.json of Composer: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(composer_installed, "vendor/composer/installed.json")
