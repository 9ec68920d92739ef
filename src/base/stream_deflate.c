/* Raw deflate (RFC 1951) in one call, by ISA-L, with one state for many texts; zlib streams (RFC 1950); and the CRC of zip
 * and gzip. A hostile text can only fail: the output has a fixed size or a limit. */
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

int zlib_inflate(struct str packed, size_t max, struct buf *b, struct err *e)
{
	enum { FIRST = 16 << 10 };
	CLEANUP(cleanup_free) struct inflate_state *z = calloc(1, sizeof *z);
	if (!z)
		abort();
	if (packed.n > UINT32_MAX || max >= UINT32_MAX)
		return err_set(e, ERR_LIMIT, "zlib data of %zu bytes", packed.n);
	isal_inflate_init(z);
	z->crc_flag = ISAL_ZLIB;
	z->next_in = (unsigned char *)(uintptr_t)packed.p;
	z->avail_in = (uint32_t)packed.n;
	b->n = 0;
	do {
		/* One byte more than allowed shows that there is more. */
		if (b->n > max)
			return err_set(e, ERR_LIMIT, "zlib data inflates to more than %zu bytes",
				       max);
		size_t room = MIN(MAX(b->n, (size_t)FIRST), max + 1 - b->n);
		buf_reserve(b, room);
		z->next_out = (unsigned char *)b->p + b->n;
		z->avail_out = (uint32_t)room;
		int r = isal_inflate(z);
		b->n += room - z->avail_out;
		if (r != ISAL_DECOMP_OK)
			return err_set(e, ERR_INVALID, "zlib data is broken");
		if (z->avail_out && z->avail_in == 0 && z->block_state != ISAL_BLOCK_FINISH)
			return err_set(e, ERR_INVALID, "zlib data ends early");
	} while (z->block_state != ISAL_BLOCK_FINISH);
	return b->n > max ? err_set(e, ERR_LIMIT, "zlib data inflates to more than %zu bytes", max)
			  : 0;
}
