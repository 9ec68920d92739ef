/* Bitnami's SPDX files: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(bitnami, "opt/bitnami/a/.spdx-a.spdx")
