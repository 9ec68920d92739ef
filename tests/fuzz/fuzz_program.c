/* A program of any bytes under names that many rows of the table are for. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(program, "usr/bin/nginx", "usr/lib/libpython3.11.so.1.0", "usr/bin/redis-server",
	      "bin/kubectl", "bin/envoy", "opt/java/release", "usr/bin/mysqld", "usr/bin/mongod",
	      "usr/sbin/sshd", "usr/bin/ruby3.1")
