/* Limits: the table, and one assignment. */
#include "base/limits.h"

static const struct {
	const char *name;
	uint64_t value;
	size_t offset;
} table[] = {
#define LIMIT(name, value, text) { #name, value, offsetof(struct limits, name) },
#include "base/limits.def"
#undef LIMIT
};

static uint64_t *field(struct limits *l, size_t i)
{
	return (uint64_t *)(void *)((char *)l + table[i].offset);
}

void limits_default(struct limits *l)
{
	for (size_t i = 0; i < COUNT(table); i++)
		*field(l, i) = table[i].value;
}

static bool parse_size(struct str s, uint64_t *out)
{
	unsigned shift = 0;
	if (s.n && strchr("KMG", s.p[s.n - 1]))
		shift = s.p[s.n - 1] == 'K' ? 10 : s.p[s.n - 1] == 'M' ? 20 : 30;
	if (shift)
		s.n--;
	uint64_t v;
	if (!str_to_u64(s, UINT64_MAX >> shift, &v))
		return false;
	*out = v << shift;
	return true;
}

int limits_set(struct limits *l, struct str assignment, struct err *e)
{
	struct str value = assignment;
	struct str name = str_cut(&value, '=');
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t v;
		if (!str_eq(name, str_of(table[i].name)))
			continue;
		if (!parse_size(value, &v) || v == 0)
			return err_set(e, ERR_INVALID, "limit %s: '%.*s' is no number above 0",
				       table[i].name, STR(value));
		*field(l, i) = v;
		return 0;
	}
	return err_set(e, ERR_INVALID, "there is no limit named '%.*s'", STR(name));
}
