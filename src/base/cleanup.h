/* Scope-bound handles: CLEANUP(fn) calls fn(&variable) when the variable leaves its scope; STEAL moves a pointer
 * or a descriptor out of its variable, so that the cleanup finds nothing. Checked arithmetic for sizes from input. */
#ifndef LAZARET_BASE_CLEANUP_H
#define LAZARET_BASE_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define STEAL(p) \
	({ \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL; \
		stolen_; \
	})
#define STEAL_FD(fd) \
	({ \
		int stolen_ = (fd); \
		(fd) = -1; \
		stolen_; \
	})
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) \
	({ \
		__typeof__(a) min_a_ = (a); \
		__typeof__(b) min_b_ = (b); \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	})
#define MAX(a, b) \
	({ \
		__typeof__(a) max_a_ = (a); \
		__typeof__(b) max_b_ = (b); \
		max_a_ > max_b_ ? max_a_ : max_b_; \
	})

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *pp)
{
	free(*(void **)pp);
}

/* True when the result fits; *out is written only then. */
static inline bool size_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool size_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

#endif
