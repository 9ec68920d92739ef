/* The package archives that a machine's apt is set up with (sources.list(5)): one-line .list files and deb822 .sources
 * files. Only binary archives ("deb") by http, https and file are taken; anything else that is enabled becomes a note. */
#ifndef LAZARET_VULN_APT_SOURCES_H
#define LAZARET_VULN_APT_SOURCES_H

#include "base/arena.h"
#include "base/err.h"

enum {
	APT_FILE_MAX = 1 << 20, /* bytes of one file */
	APT_FILES_MAX = 1000, /* files of one folder */
	APT_SOURCES_MAX = 10000, /* sources in all */
	APT_WORDS_MAX = 1000, /* words of one field */
};

struct apt_source {
	struct str uri, suite; /* suite never ends in '/': flat archives have no suite to match */
	struct strs components, architectures; /* architectures empty: any */
	struct strs keyrings; /* absolute paths of Signed-By */
	struct strs fingerprints; /* of Signed-By, upper-case hex, without a trailing '!' */
	struct str key; /* armored key given in place, empty: none */
	struct str file; /* that says so */
};
struct apt_sources {
	struct apt_source *v; /* one for each pair of URI and suite */
	size_t n, cap;
	struct strs notes; /* "FILE: what was passed over and why" */
};

/* Adds what a text says; a broken line or stanza is a note. ERR_LIMIT beyond the limits. Strings are copied into a. */
int apt_sources_list(struct arena *a, struct str text, struct str file, struct apt_sources *out,
		     struct err *e);
int apt_sources_deb822(struct arena *a, struct str text, struct str file, struct apt_sources *out,
		       struct err *e);
/* Everything below an apt folder ("/etc/apt"): sources.list and sources.list.d, in the order of their names. A folder or
 * file that is not there is nothing; one that cannot be read is an error. */
int apt_sources_read(struct arena *a, struct str dir, struct apt_sources *out, struct err *e);

#endif
