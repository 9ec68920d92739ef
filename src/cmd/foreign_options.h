/* What people type who come from cosign and notation. */
#ifndef LAZARET_CMD_FOREIGN_OPTIONS_H
#define LAZARET_CMD_FOREIGN_OPTIONS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct foreign_option {
	const char *name;
	const char *same; /* our name for it; NULL: none */
	bool value; /* takes one; unused with `same` */
	const char *harmless; /* the value that asks for nothing; NULL: none */
	const char *why; /* what to do instead; NULL: it means nothing here */
};

/* NULL: no such option. */
const struct foreign_option *foreign_option_find(struct str name);
/* 0: nothing is asked by this value; ERR_INVALID with what to do. */
int foreign_option_check(const struct foreign_option *f, struct str value, struct err *e);

#endif
