/* ELF ("System V ABI", chapters 4 and 5), PE ("PE Format", Microsoft) and Mach-O ("OS X ABI Mach-O File Format Reference";
 * fat files: mach-o/fat.h). Only tables are read: program and section headers, load commands. What they say about places in
 * the file is checked when bytes are read, by whole_read.
 *
 * Hostile input: tables outside the body, counts of 2^32, sizes and offsets near 2^64 (sums are checked), names without
 * an end, slices inside slices (not entered). All loops are bounded by EXECUTABLE_PARTS_MAX. Not supported: a.out, XCOFF,
 * bigger PE symbol names ("/4" stays as it is), universal archives of 64 bit offsets are read like the others. */
#include "analyze/executable.h"

enum {
	ELF_CLASS = 4,
	ELF_DATA = 5,
	ELF_EXEC = 2,
	ELF_DYN = 3,
	ELF_LOAD = 1, /* p_type */
	ELF_NOBITS = 8, /* sh_type */
	ELF_MANY = 0xffff, /* shstrndx: the number is elsewhere */
	ELF_MANY_SEGMENTS = 0xffff,
	ELF_P_WRITE = 2,
	ELF_SH_WRITE = 1,
	PE_SECTION = 40,
	PE_OPTIONAL_BASE32 = 28,
	PE_OPTIONAL_BASE64 = 24,
	PE_WIDE = 0x20b,
	PE_NARROW = 0x10b,
	MACHO_SEGMENT = 1,
	MACHO_SEGMENT64 = 0x19,
	MACHO_WRITE = 2,
	MACHO_ZEROFILL = 1,
	MACHO_COMMANDS = 10000,
	MACHO_COMMAND_MAX = 1 << 20, /* bytes of one load command */
};
#define PE_WRITE 0x80000000u

uint64_t executable_number(const struct executable *x, const void *p, unsigned bytes)
{
	const unsigned char *b = p;
	uint64_t v = 0;
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | b[x->big ? i : bytes - 1 - i];
	return v;
}

static uint64_t fixed(const void *p, unsigned bytes, bool big)
{
	return executable_number(&(struct executable){ .big = big }, p, bytes);
}

static bool is_macho(uint64_t magic)
{
	return magic == 0xfeedface || magic == 0xfeedfacf;
}

/* Java classes have the same magic; there the number is a version, 45 and up. */
static bool is_fat(struct str head)
{
	uint64_t magic = fixed(head.p, 4, true), n = fixed(head.p + 4, 4, true);
	return (magic == 0xcafebabe || magic == 0xcafebabf) && n > 0 && n <= EXECUTABLE_SLICES_MAX;
}

bool executable_is(struct str head)
{
	if (head.n < 20)
		return false;
	if (memcmp(head.p, "\177ELF", 4) == 0) {
		uint64_t type = fixed(head.p + 16, 2, head.p[ELF_DATA] == 2);
		return type == ELF_EXEC || type == ELF_DYN;
	}
	return memcmp(head.p, "MZ", 2) == 0 || is_macho(fixed(head.p, 4, false)) ||
	       is_macho(fixed(head.p, 4, true)) || is_fat(head);
}

static int read_at(const struct executable *x, uint64_t at, void *p, size_t n, struct err *e)
{
	uint64_t from;
	if (__builtin_add_overflow(x->base, at, &from))
		return err_set(e, ERR_INVALID, "points behind its end");
	return whole_read(x->whole, from, p, n, e);
}

static struct executable_part *add_part(struct arena *a, struct executable *x, const char *name,
					size_t name_max)
{
	struct executable_part *p = ARENA_PUSH(a, x->parts, x->n_parts, x->parts_cap);
	size_t n = strnlen(name, MIN(name_max, sizeof p->name - 1));
	memcpy(p->name, name, n);
	return p;
}

/* ELF */
struct elf {
	uint64_t segments, sections; /* offsets of the tables */
	uint64_t segment_size, section_size; /* bytes of an entry */
	uint64_t n_segments, n_sections, names; /* entries; which section holds the names */
};

/* The second half of a section header, from sh_flags on, has native words; this is where a field lies. */
static uint64_t section_field(const struct executable *x, const unsigned char *h, unsigned word)
{
	unsigned bytes = x->wide ? 8 : 4;
	return executable_number(x, h + 8 + word * bytes, bytes);
}

static int elf_head(struct executable *x, struct elf *f, struct err *e)
{
	unsigned char h[64];
	int r = read_at(x, 0, h, 52, e);
	if (r)
		return err_in(e, "ELF header");
	x->wide = h[ELF_CLASS] == 2;
	x->big = h[ELF_DATA] == 2;
	if (h[ELF_CLASS] < 1 || h[ELF_CLASS] > 2 || h[ELF_DATA] < 1 || h[ELF_DATA] > 2)
		return err_set(e, ERR_INVALID, "ELF header of class %u, data %u", h[ELF_CLASS],
			       h[ELF_DATA]);
	if (x->wide && (r = read_at(x, 0, h, 64, e)))
		return err_in(e, "ELF header");
	unsigned word = x->wide ? 8 : 4;
	const unsigned char *counts = h + (x->wide ? 54 : 42);
	*f = (struct elf){
		.segments = executable_number(x, h + 24 + word, word),
		.sections = executable_number(x, h + 24 + 2 * word, word),
		.segment_size = executable_number(x, counts, 2),
		.n_segments = executable_number(x, counts + 2, 2),
		.section_size = executable_number(x, counts + 4, 2),
		.n_sections = executable_number(x, counts + 6, 2),
		.names = executable_number(x, counts + 8, 2),
	};
	return 0;
}

/* Entry i of a table into h[64]; entries shorter than `need` are refused. */
static int table_entry(const struct executable *x, uint64_t table, uint64_t size, uint64_t i,
		       size_t need, unsigned char *h, struct err *e)
{
	uint64_t at;
	if (size < need)
		return err_set(e, ERR_INVALID, "header entries of %llu bytes",
			       (unsigned long long)size);
	if (__builtin_add_overflow(table, i * size, &at))
		return err_set(e, ERR_INVALID, "points behind its end");
	return read_at(x, at, h, need, e);
}

static int elf_segments(struct arena *a, struct executable *x, const struct elf *f, struct err *e)
{
	unsigned char h[64];
	for (uint64_t i = 0; i < f->n_segments; i++) {
		int r = table_entry(x, f->segments, f->segment_size, i, x->wide ? 56 : 32, h, e);
		if (r)
			return err_in(e, "program header %llu", (unsigned long long)i);
		if (executable_number(x, h, 4) != ELF_LOAD)
			continue;
		struct executable_part *p = add_part(a, x, "", 0);
		unsigned word = x->wide ? 8 : 4;
		const unsigned char *place = h + word; /* 64 bits: flags stand before the offset */
		p->segment = true;
		p->writable = executable_number(x, h + (x->wide ? 4 : 24), 4) & ELF_P_WRITE;
		p->offset = executable_number(x, place, word);
		p->address = executable_number(x, place + word, word);
		p->size = executable_number(x, place + 3 * word, word);
	}
	return 0;
}

/* Section 0 holds what does not fit the header's short numbers. */
static int elf_many(const struct executable *x, struct elf *f, struct err *e)
{
	unsigned char h[64];
	if (f->sections == 0 || (f->n_sections != 0 && f->names != ELF_MANY))
		return 0;
	int r = table_entry(x, f->sections, f->section_size, 0, x->wide ? 64 : 40, h, e);
	if (r)
		return err_in(e, "section header 0");
	if (f->n_sections == 0)
		f->n_sections = section_field(x, h, 3);
	if (f->names == ELF_MANY)
		f->names = executable_number(x, h + (x->wide ? 40 : 24), 4);
	return 0;
}

static int elf_names(const struct executable *x, const struct elf *f, struct buf *names,
		     struct err *e)
{
	unsigned char h[64];
	if (f->n_sections == 0 || f->names == 0)
		return 0;
	if (f->names >= f->n_sections)
		return err_set(e, ERR_INVALID, "section names in section %llu of %llu",
			       (unsigned long long)f->names, (unsigned long long)f->n_sections);
	int r = table_entry(x, f->sections, f->section_size, f->names, x->wide ? 64 : 40, h, e);
	if (r)
		return r;
	struct executable_part p = { .offset = section_field(x, h, 2),
				     .size = section_field(x, h, 3) };
	r = executable_part_read(x, &p, EXECUTABLE_NAMES_MAX, names, e);
	return r ? err_in(e, "section names") : 0;
}

static int elf_sections(struct arena *a, struct executable *x, struct elf *f, struct err *e)
{
	CLEANUP(buf_done) struct buf names = { 0 };
	unsigned char h[64];
	int r = elf_many(x, f, e);
	if (r == 0 && f->sections && f->n_sections > EXECUTABLE_PARTS_MAX)
		r = err_set(e, ERR_LIMIT, "%llu sections, more than %d",
			    (unsigned long long)f->n_sections, EXECUTABLE_PARTS_MAX);
	if (r == 0 && f->sections)
		r = elf_names(x, f, &names, e);
	buf_add_char(&names, '\0');
	for (uint64_t i = 0; r == 0 && f->sections && i < f->n_sections; i++) {
		r = table_entry(x, f->sections, f->section_size, i, x->wide ? 64 : 40, h, e);
		uint64_t type = r ? 0 : executable_number(x, h + 4, 4);
		if (r || type == 0 || type == ELF_NOBITS)
			continue;
		size_t name = (size_t)executable_number(x, h, 4);
		struct str text = str_from(str_buf(&names), name);
		struct executable_part *p = add_part(a, x, text.n ? text.p : "", text.n);
		p->writable = section_field(x, h, 0) & ELF_SH_WRITE;
		p->address = section_field(x, h, 1);
		p->offset = section_field(x, h, 2);
		p->size = section_field(x, h, 3);
	}
	return r ? err_in(e, "sections") : 0;
}

static int open_elf(struct arena *a, struct executable *x, struct err *e)
{
	struct elf f = { 0 };
	x->kind = EXECUTABLE_ELF;
	int r = elf_head(x, &f, e);
	if (r == 0 && f.n_segments == ELF_MANY_SEGMENTS)
		r = err_set(e, ERR_LIMIT, "too many program headers");
	if (r == 0 && f.n_segments > EXECUTABLE_PARTS_MAX)
		r = err_set(e, ERR_LIMIT, "%llu program headers, more than %d",
			    (unsigned long long)f.n_segments, EXECUTABLE_PARTS_MAX);
	if (r == 0)
		r = elf_segments(a, x, &f, e);
	if (r == 0)
		(void)elf_sections(a, x, &f, &x->damaged);
	return r;
}

/* PE */
static int pe_sections(struct arena *a, struct executable *x, uint64_t at, uint64_t n,
		       uint64_t image_base, struct err *e)
{
	unsigned char h[PE_SECTION];
	if (n > EXECUTABLE_PARTS_MAX)
		return err_set(e, ERR_LIMIT, "%llu sections", (unsigned long long)n);
	for (uint64_t i = 0; i < n; i++) {
		int r = read_at(x, at + i * PE_SECTION, h, sizeof h, e);
		if (r)
			return err_in(e, "section header %llu", (unsigned long long)i);
		struct executable_part *p = add_part(a, x, (const char *)h, 8);
		uint64_t virtual_size = executable_number(x, h + 8, 4);
		p->writable = executable_number(x, h + 36, 4) & PE_WRITE;
		p->address = image_base + executable_number(x, h + 12, 4);
		p->offset = executable_number(x, h + 20, 4);
		p->size = executable_number(x, h + 16, 4);
		/* In the file a section is padded; what is behind its size in memory is not part of it. */
		if (virtual_size && virtual_size < p->size)
			p->size = virtual_size;
	}
	return 0;
}

static int open_pe(struct arena *a, struct executable *x, struct err *e)
{
	unsigned char h[64], coff[24], optional[32];
	x->kind = EXECUTABLE_PE;
	/* Programs of DOS have nothing behind their own header. */
	if (read_at(x, 0, h, sizeof h, e))
		return err_set(e, ERR_UNSUPPORTED, "no executable");
	uint64_t at = executable_number(x, h + 60, 4);
	if (read_at(x, at, coff, sizeof coff, e) || memcmp(coff, "PE\0\0", 4) != 0)
		return err_set(e, ERR_UNSUPPORTED, "no executable");
	uint64_t n = executable_number(x, coff + 6, 2), size = executable_number(x, coff + 20, 2);
	uint64_t image_base = 0;
	if (size >= sizeof optional) {
		int r = read_at(x, at + sizeof coff, optional, sizeof optional, e);
		if (r)
			return err_in(e, "PE header");
		uint64_t magic = executable_number(x, optional, 2);
		if (magic != PE_WIDE && magic != PE_NARROW)
			return err_set(e, ERR_INVALID, "PE header of kind %llu",
				       (unsigned long long)magic);
		x->wide = magic == PE_WIDE;
		image_base = x->wide ? executable_number(x, optional + PE_OPTIONAL_BASE64, 8)
				     : executable_number(x, optional + PE_OPTIONAL_BASE32, 4);
	}
	return pe_sections(a, x, at + sizeof coff + size, n, image_base, e);
}

/* Mach-O */
static int macho_segment(struct arena *a, struct executable *x, const struct buf *cmd,
			 struct err *e)
{
	unsigned word = x->wide ? 8 : 4;
	size_t head = x->wide ? 72 : 56, entry = x->wide ? 80 : 68;
	if (cmd->n < head)
		return err_set(e, ERR_INVALID, "segment command of %zu bytes", cmd->n);
	const char *h = cmd->p, *places = h + 24, *protection = places + 4 * word;
	bool writable = executable_number(x, protection + 4, 4) & MACHO_WRITE;
	uint64_t n = executable_number(x, protection + 8, 4);
	struct executable_part *p = add_part(a, x, h + 8, 16);
	p->segment = true;
	p->writable = writable;
	p->address = executable_number(x, places, word);
	p->offset = executable_number(x, places + 2 * word, word);
	p->size = executable_number(x, places + 3 * word, word);
	if (n > (cmd->n - head) / entry)
		return err_set(e, ERR_INVALID, "%llu sections in a command of %zu bytes",
			       (unsigned long long)n, cmd->n);
	if (n > EXECUTABLE_PARTS_MAX - MIN(x->n_parts, (size_t)EXECUTABLE_PARTS_MAX))
		return err_set(e, ERR_LIMIT, "more than %d sections", EXECUTABLE_PARTS_MAX);
	for (uint64_t i = 0; i < n; i++) {
		const char *s = h + head + i * entry, *tail = s + 32 + 2 * word;
		if ((executable_number(x, tail + 16, 4) & 0xff) == MACHO_ZEROFILL)
			continue;
		p = add_part(a, x, s, 16);
		p->writable = writable;
		p->address = executable_number(x, s + 32, word);
		p->size = executable_number(x, s + 32 + word, word);
		p->offset = executable_number(x, tail, 4);
	}
	return 0;
}

static int open_macho(struct arena *a, struct executable *x, struct err *e)
{
	CLEANUP(buf_done) struct buf cmd = { 0 };
	unsigned char h[32];
	x->kind = EXECUTABLE_MACHO;
	int r = read_at(x, 0, h, 28, e);
	if (r)
		return err_in(e, "Mach-O header");
	x->big = is_macho(fixed(h, 4, true));
	x->wide = executable_number(x, h, 4) == 0xfeedfacf;
	uint64_t n = executable_number(x, h + 16, 4), at = x->wide ? 32 : 28;
	if (n > MACHO_COMMANDS)
		return err_set(e, ERR_LIMIT, "%llu load commands", (unsigned long long)n);
	for (uint64_t i = 0; i < n && r == 0; i++) {
		if ((r = read_at(x, at, h, 8, e)))
			return err_in(e, "load command %llu", (unsigned long long)i);
		uint64_t kind = executable_number(x, h, 4);
		struct executable_part p = { .offset = at, .size = executable_number(x, h + 4, 4) };
		if (p.size < 8)
			return err_set(e, ERR_INVALID, "load command %llu has %llu bytes",
				       (unsigned long long)i, (unsigned long long)p.size);
		at += p.size;
		if (kind != (x->wide ? MACHO_SEGMENT64 : MACHO_SEGMENT))
			continue;
		r = executable_part_read(x, &p, MACHO_COMMAND_MAX, &cmd, e);
		if (r == 0 && x->n_parts >= EXECUTABLE_PARTS_MAX)
			r = err_set(e, ERR_LIMIT, "more than %d segments", EXECUTABLE_PARTS_MAX);
		if (r == 0)
			r = macho_segment(a, x, &cmd, e);
	}
	return r;
}

/* Moves to a slice of a fat file. */
static int enter_slice(struct executable *x, struct str head, unsigned slice, struct err *e)
{
	unsigned char h[32];
	bool wide = (unsigned char)head.p[3] == 0xbf;
	uint64_t n = fixed(head.p + 4, 4, true), entry = wide ? 32 : 20;
	if (slice >= n)
		return err_set(e, ERR_NOT_FOUND, "no slice %u", slice);
	int r = read_at(x, 8 + slice * entry, h, entry, e);
	if (r)
		return err_in(e, "slice %u", slice);
	x->base = wide ? fixed(h + 8, 8, true) : fixed(h + 8, 4, true);
	return 0;
}

static int open_thin(struct arena *a, struct executable *x, struct err *e)
{
	unsigned char h[4];
	int r = read_at(x, 0, h, sizeof h, e);
	if (r)
		return err_in(e, "header");
	if (memcmp(h, "\177ELF", 4) == 0)
		return open_elf(a, x, e);
	if (is_macho(fixed(h, 4, true)) || is_macho(fixed(h, 4, false)))
		return open_macho(a, x, e);
	if (memcmp(h, "MZ", 2) == 0)
		return open_pe(a, x, e);
	return err_set(e, ERR_UNSUPPORTED, "no executable");
}

int executable_open(struct arena *a, const struct whole *w, unsigned slice, struct executable *out,
		    struct err *e)
{
	struct executable x = { .whole = w };
	char h[8];
	if (w->size < sizeof h)
		return err_set(e, ERR_UNSUPPORTED, "no executable");
	int r = whole_read(w, 0, h, sizeof h, e);
	if (r == 0 && is_fat((struct str){ h, sizeof h }))
		r = enter_slice(&x, (struct str){ h, sizeof h }, slice, e);
	else if (r == 0 && slice)
		r = err_set(e, ERR_NOT_FOUND, "no slice %u", slice);
	if (r == 0)
		r = open_thin(a, &x, e);
	if (r == 0)
		*out = x;
	return r;
}

const struct executable_part *executable_find(const struct executable *x, const char *name)
{
	for (size_t i = 0; i < x->n_parts; i++)
		if (strcmp(x->parts[i].name, name) == 0)
			return &x->parts[i];
	return NULL;
}

int executable_read(const struct executable *x, uint64_t address, void *p, size_t n, struct err *e)
{
	for (size_t i = 0; i < x->n_parts; i++) {
		const struct executable_part *part = &x->parts[i];
		uint64_t at;
		/* Sections that are not loaded have no address. */
		if (part->address == 0 && !part->segment)
			continue;
		if (address < part->address || address - part->address > part->size ||
		    n > part->size - (address - part->address))
			continue;
		if (!__builtin_add_overflow(part->offset, address - part->address, &at))
			return read_at(x, at, p, n, e);
	}
	return err_set(e, ERR_INVALID, "nothing lies at address %llx", (unsigned long long)address);
}

int executable_part_read(const struct executable *x, const struct executable_part *p, size_t max,
			 struct buf *b, struct err *e)
{
	uint64_t from;
	if (p->size > max)
		return err_set(e, ERR_LIMIT, "part %s has %llu bytes, more than %zu", p->name,
			       (unsigned long long)p->size, max);
	/* Asked before memory is taken for it. */
	if (__builtin_add_overflow(x->base, p->offset, &from) || from > x->whole->size ||
	    p->size > x->whole->size - from)
		return err_set(e, ERR_INVALID, "part %s lies behind the end", p->name);
	b->n = 0;
	buf_reserve(b, (size_t)p->size + 1);
	int r = whole_read(x->whole, from, b->p, (size_t)p->size, e);
	b->n = r ? 0 : (size_t)p->size;
	return r;
}
