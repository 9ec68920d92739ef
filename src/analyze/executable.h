/* Executables of three families: ELF (32 and 64 bits, both byte orders), PE (32 and 64) and Mach-O (thin, or one slice of
 * a fat one): where their sections and segments lie in the file and in memory. Nothing is relocated or run. */
#ifndef LAZARET_ANALYZE_EXECUTABLE_H
#define LAZARET_ANALYZE_EXECUTABLE_H

#include "analyze/analyzer.h"

enum {
	EXECUTABLE_HEAD = 64, /* bytes that executable_is wants */
	EXECUTABLE_PARTS_MAX = 8192, /* sections and segments */
	EXECUTABLE_NAMES_MAX = 1 << 20, /* bytes of the table of section names */
	EXECUTABLE_SLICES_MAX = 32, /* of a fat Mach-O */
};

enum executable_kind { EXECUTABLE_NONE, EXECUTABLE_ELF, EXECUTABLE_PE, EXECUTABLE_MACHO };

struct executable_part {
	char name[24]; /* of a section, cut at the end; a Mach-O segment's too; else empty */
	bool segment, writable;
	uint64_t address; /* in memory */
	uint64_t offset, size; /* in the body, as the headers say: perhaps not inside it */
};
struct executable {
	const struct whole *whole;
	enum executable_kind kind;
	bool wide, big; /* 64 bits; most significant byte first */
	uint64_t base; /* of a slice: where it begins in the body */
	struct executable_part *parts;
	size_t n_parts, parts_cap;
	struct err
		damaged; /* code != 0: sections are missing, for this reason; it would run all the same */
};

/* By magic, of programs and libraries that could run: no object files, no core dumps. */
bool executable_is(struct str head);
/* Reads the headers. slice: 0, or the number in a fat Mach-O. ERR_NOT_FOUND when there is no such slice, ERR_UNSUPPORTED
 * when it is no executable at all, ERR_INVALID when its headers are broken, ERR_LIMIT. Parts are in the arena. */
int executable_open(struct arena *a, const struct whole *w, unsigned slice, struct executable *out,
		    struct err *e);
/* The first part of that name, or NULL. */
const struct executable_part *executable_find(const struct executable *x, const char *name);
/* n bytes at an address in memory; ERR_INVALID when no part has them in the file. */
int executable_read(const struct executable *x, uint64_t address, void *p, size_t n, struct err *e);
/* A part's bytes in place of what is in b. ERR_LIMIT beyond max. */
int executable_part_read(const struct executable *x, const struct executable_part *p, size_t max,
			 struct buf *b, struct err *e);
/* A number of 1 to 8 bytes in this executable's byte order. */
uint64_t executable_number(const struct executable *x, const void *p, unsigned bytes);

#endif
