/* Loading a library by its name, as the dynamic linker would find it. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

int library_load(const char *file, const struct library_symbol *symbols, size_t n, struct err *e)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!library)
		return err_set(e, ERR_UNSUPPORTED, "%s cannot be loaded: %s", file, dlerror());
	for (size_t i = 0; i < n; i++) {
		void *f = dlsym(library, symbols[i].name);
		if (!f)
			return err_set(e, ERR_UNSUPPORTED, "%s is of another version: no %s", file,
				       symbols[i].name);
		memcpy(symbols[i].place, &f, sizeof f);
	}
	return 0;
}
