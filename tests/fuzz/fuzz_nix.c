/* A file of a Nix store: what counts is its path: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(nix, "nix/store/0c0ydvj5ldgfh1kpw0bsdy3k5v9l6xzv-glibc-2.35-163/lib/libc.so.6",
	      "nix/store/0c0ydvj5ldgfh1kpw0bsdy3k5v9l6xzv-glibc-2.35-163-dev/x",
	      "nix/store/0c0ydvj5ldgfh1kpw0bsdy3k5v9l6xzv-wrapper/bin/x", "nix/store/short-1.0/x")
