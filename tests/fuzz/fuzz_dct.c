/* Notary v1's metadata: files one after the other, each behind a line "NAME\n" and ended by a NUL. */
#include "trust/dct.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int get(void *ctx, const char *name, size_t max, struct buf *out, struct err *e)
{
	struct str rest = *(struct str *)ctx;
	while (rest.n) {
		struct str file = str_cut(&rest, '\0');
		if (str_eq(str_cut(&file, '\n'), str_of(name)) && file.n <= max) {
			buf_add_str(out, file);
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "%s", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	const struct tuf_mirror m = { get, &text };
	struct arena a = { 0 };
	struct dct d = { 0 };
	struct err e;
	if (dct_read(&m, &a, &d, &e) == 0 && (d.n_roles == 0 || d.root_keys.n == 0))
		abort();
	arena_done(&a);
	return 0;
}
