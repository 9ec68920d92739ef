/* Keys that different JSON decoders would read differently are refused (see the header). Hostile input: duplicates,
 * other case, the two letters outside ASCII that fold to ASCII ones (U+017F to s, U+212A to k). */
#include "oci/fields.h"

/* The next character of a key as Go's decoder folds it. */
static unsigned char folded(struct str *k)
{
	unsigned char c = (unsigned char)k->p[0];
	if (str_starts(*k, S("\xc5\xbf"))) {
		*k = str_from(*k, 2);
		return 's';
	}
	if (str_starts(*k, S("\xe2\x84\xaa"))) {
		*k = str_from(*k, 3);
		return 'k';
	}
	*k = str_from(*k, 1);
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c;
}

static bool reads_like(struct str key, struct str name)
{
	while (key.n && name.n)
		if (folded(&key) != folded(&name))
			return false;
	return key.n == 0 && name.n == 0;
}

int fields_check(const struct json *object, const char *const *names, struct err *e)
{
	uint64_t seen = 0;
	JSON_EACH(child, json_is_object(object) ? object : NULL)
	{
		struct str key = json_key(child);
		for (size_t i = 0; names[i] && i < 64; i++) {
			if (!reads_like(key, str_of(names[i])))
				continue;
			if (!str_eq(key, str_of(names[i])))
				return err_set(e, ERR_INVALID,
					       "a field is spelled '%.*s' in place of '%s'",
					       STR(key), names[i]);
			if (seen & 1ULL << i)
				return err_set(e, ERR_INVALID, "the field '%s' is there twice",
					       names[i]);
			seen |= 1ULL << i;
		}
	}
	return 0;
}
