/* Libraries that are loaded when they are needed, because starting with them would cost every command (fetch_curl.c,
 * secret_engine.c, yara.c). They stay loaded until the program ends: a second loading looks for no file. */
#ifndef LAZARET_BASE_LIBRARY_H
#define LAZARET_BASE_LIBRARY_H

#include "base/err.h"

#include <stddef.h>

struct library_symbol {
	const char *name;
	void *place; /* of the pointer to the function */
};
/* ERR_UNSUPPORTED when there is no such library ("libhs.so.5"), or a function is not in it. */
int library_load(const char *file, const struct library_symbol *symbols, size_t n, struct err *e);

#endif
