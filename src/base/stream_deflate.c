/* Raw deflate (RFC 1951) in one call, by ISA-L, with one state for many texts; and the CRC of zip and gzip. A hostile
 * text can only fail: the output has a fixed size. */
#include "base/zip.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

struct deflate {
	struct inflate_state z;
};

struct deflate *deflate_open(void)
{
	struct deflate *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	return d;
}

void deflate_close(struct deflate *d)
{
	free(d);
}

bool deflate_inflate(struct deflate *d, struct str packed, void *out, size_t n)
{
	unsigned char none;
	if (packed.n > UINT32_MAX || n >= UINT32_MAX)
		return false;
	isal_inflate_init(&d->z);
	d->z.crc_flag = ISAL_DEFLATE;
	d->z.next_in = (unsigned char *)(uintptr_t)packed.p;
	d->z.avail_in = (uint32_t)packed.n;
	d->z.next_out = n ? out : &none;
	d->z.avail_out = (uint32_t)n;
	int r = isal_inflate(&d->z);
	/* With the output full the end of the last block may not have been met yet. */
	if (r == ISAL_DECOMP_OK && d->z.avail_out == 0 && d->z.block_state != ISAL_BLOCK_FINISH) {
		d->z.next_out = &none;
		d->z.avail_out = 1;
		r = isal_inflate(&d->z);
		if (d->z.avail_out == 0)
			return false;
		d->z.avail_out = 0;
	}
	return r == ISAL_DECOMP_OK && d->z.block_state == ISAL_BLOCK_FINISH && d->z.avail_out == 0;
}

uint32_t deflate_crc(const void *p, size_t n)
{
	return crc32_gzip_refl(0, p, n);
}
