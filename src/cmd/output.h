/* Where reports go: "-f F -o FILE" as in Trivy, and "--format F=FILE" any number of times. */
#ifndef LAZARET_CMD_OUTPUT_H
#define LAZARET_CMD_OUTPUT_H

#include "cmd/command.h"
#include "report/format.h"

struct output {
	const struct format *format;
	const char *path; /* NULL: standard output */
};
struct outputs {
	struct output *v;
	size_t n, cap;
	struct format_options options; /* but for the terminal's */
};
/* Reads --format (`otherwise` when there is none), --output, --template and --show-suppressed, where the command has them;
 * ERR_INVALID names an unknown format, two writers of one place, or what is wrong with the template. */
int outputs_parse(const struct args *a, const char *otherwise, struct outputs *out, struct err *e);
/* Writes every one; a file is written aside and renamed, so that it is there whole or not at all. */
int outputs_write(const struct outputs *o, const struct report *reports, size_t n, struct err *e);

#endif
