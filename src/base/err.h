/* Errors as values. A fallible function takes `struct err *e` last and returns 0 (or a count) or a negative
 * code from the list below; on failure its out parameters are untouched. The library never prints.
 *
 * A code exists only because some caller acts on it; the text is for people: what was attempted, on what, why.
 * Secrets never enter the text. */
#ifndef LAZARET_BASE_ERR_H
#define LAZARET_BASE_ERR_H

enum err_code {
	ERR_IO = -1,          /* disk, network or peer failed; retrying may help */
	ERR_NOT_FOUND = -2,
	ERR_INVALID = -3,     /* the input breaks its own specification */
	ERR_LIMIT = -4,       /* the input is larger than we allow */
	ERR_AUTH = -5,        /* our credentials were refused; a verdict of no is a value, never an error */
	ERR_CONFLICT = -6,    /* somebody else changed it first */
	ERR_UNSUPPORTED = -7,
};

/* Lives on the caller's stack; text is NUL-terminated and cut at the end when it is too long. */
struct err {
	int code;
	char text[500];
};

/* Sets code and text; returns code. `e` is never NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sets the code that fits errno (ENOENT: ERR_NOT_FOUND, others: ERR_IO) and "TEXT: strerror"; returns the code. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "TEXT: " before the text that is there; returns e->code. */
int err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* clang's analyzer sees one file at a time and would follow paths on which an error is no error. */
#ifdef __clang_analyzer__
#define ERR_IS_NEGATIVE(call) \
	({ \
		int code_ = (call); \
		if (code_ >= 0) \
			__builtin_unreachable(); \
		code_; \
	})
#define err_set(...) ERR_IS_NEGATIVE(err_set(__VA_ARGS__))
#define err_sys(...) ERR_IS_NEGATIVE(err_sys(__VA_ARGS__))
#define err_in(...) ERR_IS_NEGATIVE(err_in(__VA_ARGS__))
#endif

#endif
