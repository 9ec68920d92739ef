/* CBOR items; what is taken whole is looked into as deeply as it was checked. */
#include "trust/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size }, whole;
	struct cbor_pair v[CBOR_ITEMS_MAX];
	struct err e;
	int64_t number;
	size_t n;
	while (cbor_item(&s, &whole, &e) == 0) {
		struct buf b = { 0 };
		if (cbor_is_int(whole, &number))
			cbor_put_int(&b, number);
		else
			buf_add_str(&b, whole);
		if (!str_eq(str_buf(&b), whole))
			__builtin_trap();
		b.n = 0;
		if (cbor_map(whole, v, &n, &e) == 0)
			cbor_put_map(&b, v, n);
		if (b.n && b.n != whole.n)
			__builtin_trap();
		buf_done(&b);
	}
	return 0;
}
