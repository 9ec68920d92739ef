/* The list of report formats. */
#include "report/format.h"

#define FORMAT(name) extern const struct format format_##name;
#include "report/formats.def"
#undef FORMAT

const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "report/formats.def"
#undef FORMAT
	NULL,
};

const struct format *format_find(struct str name)
{
	for (size_t i = 0; formats[i]; i++)
		if (formats[i]->write && str_eq(str_of(formats[i]->name), name))
			return formats[i];
	return NULL;
}
