/* libcurl, loaded when the first fetch is opened: with it come thirty libraries, whose start-up would be most of the time of
 * a command that never asks the network. Private to fetch_curl.c and fetch_transfer.c. */
#ifndef LAZARET_BASE_FETCH_CURL_H
#define LAZARET_BASE_FETCH_CURL_H

#include "base/err.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define CURL_FUNCTIONS(F) \
	F(curl_easy_cleanup) \
	F(curl_easy_getinfo) \
	F(curl_easy_init) \
	F(curl_easy_pause) \
	F(curl_easy_reset) \
	F(curl_easy_setopt) \
	F(curl_easy_strerror) \
	F(curl_getdate) \
	F(curl_global_cleanup) \
	F(curl_global_init) \
	F(curl_multi_add_handle) \
	F(curl_multi_cleanup) \
	F(curl_multi_info_read) \
	F(curl_multi_init) \
	F(curl_multi_perform) \
	F(curl_multi_poll) \
	F(curl_multi_remove_handle) \
	F(curl_multi_setopt) \
	F(curl_slist_append) \
	F(curl_slist_free_all) \
	F(curl_version_info)

struct curl_functions {
#define F(name) __typeof__(name) *name;
	CURL_FUNCTIONS(F)
#undef F
};
/* Filled by the first fetch_curl_load that succeeds, then only read. */
extern struct curl_functions libcurl;
/* ERR_UNSUPPORTED when it cannot be loaded. Thread safe. */
int fetch_curl_load(struct err *e);

#endif
