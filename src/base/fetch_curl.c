/* Loading libcurl. It stays loaded until the program ends. */
#include "base/fetch_curl.h"

#include "base/cleanup.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

struct curl_functions libcurl;

static const char library_name[] = "libcurl.so.4";
static char trouble[200]; /* empty: it is there */

static void load(void)
{
	static const struct {
		const char *name;
		size_t at;
	} functions[] = {
#define F(name) { #name, offsetof(struct curl_functions, name) },
		CURL_FUNCTIONS(F)
#undef F
	};
	void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const char *why = library ? NULL : dlerror();
	for (size_t i = 0; library && i < COUNT(functions) && !why; i++) {
		void *f = dlsym(library, functions[i].name);
		if (f)
			memcpy((char *)&libcurl + functions[i].at, &f, sizeof f);
		else
			why = functions[i].name;
	}
	if (why)
		memccpy(trouble, why, '\0', sizeof trouble - 1);
}

int fetch_curl_load(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	return trouble[0] ? err_set(e, ERR_UNSUPPORTED, "%s cannot be loaded: %s", library_name,
				    trouble)
			  : 0;
}
