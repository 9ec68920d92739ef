/* Loading libcurl, once. */
#include "base/fetch_curl.h"

#include "base/cleanup.h"
#include "base/library.h"

#include <pthread.h>

struct curl_functions libcurl;

static struct err trouble; /* code 0: it is there */

static void load(void)
{
	static const struct library_symbol functions[] = {
#define F(name) { #name, &libcurl.name },
		CURL_FUNCTIONS(F)
#undef F
	};
	library_load("libcurl.so.4", functions, COUNT(functions), &trouble);
}

int fetch_curl_load(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	if (trouble.code)
		*e = trouble;
	return trouble.code;
}
