/* A Java archive of any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(java, "app/a-1.0.jar", "app/META-INF/maven/a/a/pom.properties")
