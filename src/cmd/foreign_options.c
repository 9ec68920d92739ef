/* Options of cosign 1 to 3 and notation that no command of ours has by that name: foreign_options.def. */
#include "cmd/foreign_options.h"

#include <stddef.h>

#define SAME(name, ours) { name, ours, false, NULL, NULL },
#define IGNORED(name, value) { name, NULL, value, NULL, NULL },
#define REFUSED(name, value, harmless, why) { name, NULL, value, harmless, why },
static const struct foreign_option foreign_options[] = {
#include "cmd/foreign_options.def"
	{ 0 },
};

const struct foreign_option *foreign_option_find(struct str name)
{
	for (const struct foreign_option *f = foreign_options; f->name; f++)
		if (str_eq(name, str_of(f->name)))
			return f;
	return NULL;
}

int foreign_option_check(const struct foreign_option *f, struct str value, struct err *e)
{
	if (!f->why || (f->harmless && str_eq(value, str_of(f->harmless))))
		return 0;
	return err_set(e, ERR_INVALID, "there is no --%s: %s", f->name, f->why);
}
