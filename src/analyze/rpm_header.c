/* A package header as the rpm database holds it: "Header Structure" of the rpm package format (the LSB describes it
 * too): two big-endian counts, index entries of 16 bytes (tag, type, offset, count), then the data. What the database
 * added after installing (file states and others) stands behind the region of the package's own entries and wins over
 * an entry of the same tag there, so the last of each tag counts.
 *
 * Hostile input may lie in every count and offset, let entries overlap, name folders that do not exist, or have one long
 * folder name repeated by a million short file names: the sink's path budget stops that. Only the tags named below are
 * looked at; what other entries say is not checked.
 *
 * Dependencies are names as rpm has them: packages, capabilities ("libz.so.1()(64bit)", "perl(strict)"), files; the versions that
 * they want and offer are left out, and so is what tells nothing of other packages: features of rpm itself, "config(NAME)", and
 * versions of a library's symbols, beside which the library itself stands.
 *
 * Versions are "[epoch:]version-release", epoch 0 left out, as dnf prints them. The source package is taken from the name
 * of the source rpm: that name carries no epoch, so source_version has none either. Ghost files, files of another colour,
 * not installed or replaced ones are not the package's, so they are not recorded as owned. Digests we do not compute
 * (SHA-224, SHA-384) are left out and the path stays. */
#include "analyze/rpm.h"

enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_VENDOR = 1011,
	TAG_LICENSE = 1014,
	TAG_ARCH = 1022,
	TAG_OLDFILENAMES = 1027,
	TAG_FILESTATES = 1029,
	TAG_FILEMODES = 1030,
	TAG_FILEDIGESTS = 1035,
	TAG_FILEFLAGS = 1037,
	TAG_SOURCERPM = 1044,
	TAG_PROVIDENAME = 1047,
	TAG_REQUIRENAME = 1049,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,
	TAG_FILEDIGESTALGO = 5011,
	TAG_MODULARITYLABEL = 5096,
};
enum {
	TYPE_CHAR = 1,
	TYPE_INT8,
	TYPE_INT16,
	TYPE_INT32,
	TYPE_INT64,
	TYPE_STRING,
	TYPE_BIN,
	TYPE_STRINGS,
	TYPE_I18N
};
enum {
	ENTRY_SIZE = 16,
	FLAG_GHOST = 1 << 6,
	MODE_TYPE = 0170000,
	MODE_DIR = 0040000,
};

/* The tags we want, in the order of slots. */
static const uint32_t wanted[] = {
	TAG_NAME,	 TAG_VERSION,	     TAG_RELEASE,	  TAG_EPOCH,	   TAG_VENDOR,
	TAG_LICENSE,	 TAG_ARCH,	     TAG_OLDFILENAMES,	  TAG_FILESTATES,  TAG_FILEMODES,
	TAG_FILEDIGESTS, TAG_FILEFLAGS,	     TAG_SOURCERPM,	  TAG_DIRINDEXES,  TAG_BASENAMES,
	TAG_DIRNAMES,	 TAG_FILEDIGESTALGO, TAG_MODULARITYLABEL, TAG_PROVIDENAME, TAG_REQUIRENAME,
};

struct entry {
	uint32_t type, count; /* type 0: not there */
	struct str data; /* from its offset to the end of the data */
};
struct header {
	struct entry slots[COUNT(wanted)];
};

static const struct entry *entry_of(const struct header *h, uint32_t tag)
{
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (wanted[i] == tag)
			return &h->slots[i];
	__builtin_unreachable();
}

static int header_index(struct str blob, struct header *h, struct err *e)
{
	const unsigned char *p = (const unsigned char *)blob.p;
	if (blob.n < 8)
		return err_set(e, ERR_INVALID, "header of %zu bytes", blob.n);
	uint64_t entries = rpm_be32(p), bytes = rpm_be32(p + 4);
	if (entries == 0 || entries > RPM_ENTRIES_MAX || bytes > RPM_HEADER_MAX)
		return err_set(e, ERR_INVALID, "header of %llu entries and %llu bytes",
			       (unsigned long long)entries, (unsigned long long)bytes);
	if (8 + entries * ENTRY_SIZE + bytes > blob.n)
		return err_set(e, ERR_INVALID, "header of %llu entries and %llu bytes in %zu",
			       (unsigned long long)entries, (unsigned long long)bytes, blob.n);
	struct str data = { blob.p + 8 + entries * ENTRY_SIZE, bytes };
	for (p += 8; entries; entries--, p += ENTRY_SIZE) {
		uint32_t tag = rpm_be32(p), offset = rpm_be32(p + 8);
		for (size_t i = 0; i < COUNT(wanted); i++)
			if (wanted[i] == tag && offset < bytes)
				h->slots[i] = (struct entry){ rpm_be32(p + 4), rpm_be32(p + 12),
							      str_from(data, offset) };
			else if (wanted[i] == tag)
				return err_set(e, ERR_INVALID,
					       "header: tag %u lies outside the data", tag);
	}
	return 0;
}

/* The next string of a list; false when it has no end within the data. */
static bool next_string(struct str *data, struct str *out)
{
	const char *end = data->n ? memchr(data->p, 0, data->n) : NULL;
	if (!end)
		return false;
	*out = str_upto(*data, (size_t)(end - data->p));
	*data = str_from(*data, out->n + 1);
	return true;
}

/* The tag's (first) string; empty when it has none. */
static struct str header_string(const struct header *h, uint32_t tag)
{
	const struct entry *x = entry_of(h, tag);
	struct str data = x->data, s;
	bool text = x->type == TYPE_STRING || x->type == TYPE_STRINGS || x->type == TYPE_I18N;
	return text && x->count && next_string(&data, &s) ? s : (struct str){ 0 };
}

/* True when the tag is an array of at least n elements of this type. */
static bool header_array(const struct header *h, uint32_t tag, uint32_t type, size_t n)
{
	const struct entry *x = entry_of(h, tag);
	size_t width = type == TYPE_INT32 ? 4 : type == TYPE_INT16 ? 2 : 1;
	return x->type == type && x->count >= n && x->data.n / width >= n;
}

static uint32_t element(const struct entry *x, size_t i)
{
	const unsigned char *p = (const unsigned char *)x->data.p;
	if (x->type == TYPE_INT32)
		return rpm_be32(p + 4 * i);
	return x->type == TYPE_INT16 ? rpm_be16(p + 2 * i) : p[i];
}

bool rpm_source_split(struct str source_rpm, struct str *name, struct str *version)
{
	struct str s = source_rpm;
	if (str_ends(s, S(".nosrc.rpm")))
		s.n -= S(".nosrc.rpm").n;
	else if (str_ends(s, S(".src.rpm")))
		s.n -= S(".src.rpm").n;
	else
		return false;
	ssize_t release = str_rfind_char(s, '-');
	ssize_t at = release > 0 ? str_rfind_char(str_upto(s, (size_t)release), '-') : -1;
	if (at <= 0 || release == at + 1 || (size_t)release + 1 == s.n)
		return false;
	*name = str_upto(s, (size_t)at);
	*version = str_from(s, (size_t)at + 1);
	return true;
}

/* Walks the file list; each list is a cursor, so that the whole is linear. */
struct files {
	struct str names, digests;
	struct str *dirs; /* NULL: names are whole paths */
	size_t n, n_dirs;
	enum digest_alg alg;
	bool has_digests, has_modes, has_flags, has_states;
};

static enum digest_alg digest_alg_of(const struct header *h)
{
	if (!header_array(h, TAG_FILEDIGESTALGO, TYPE_INT32, 1))
		return DIGEST_MD5;
	switch (element(entry_of(h, TAG_FILEDIGESTALGO), 0)) {
	case 1:
		return DIGEST_MD5;
	case 2:
		return DIGEST_SHA1;
	case 8:
		return DIGEST_SHA256;
	case 10:
		return DIGEST_SHA512;
	default:
		return DIGEST_NONE;
	}
}

static int files_dirs(struct rpm_sink *s, const struct header *h, struct files *f, struct err *e)
{
	const struct entry *dirs = entry_of(h, TAG_DIRNAMES);
	struct str data = dirs->data;
	if (!header_array(h, TAG_DIRINDEXES, TYPE_INT32, f->n) || dirs->type != TYPE_STRINGS ||
	    dirs->count > f->n || dirs->count > data.n)
		return err_set(e, ERR_INVALID, "folders of the file list are missing");
	f->dirs = arena_array(s->arena, dirs->count, sizeof *f->dirs);
	for (; f->n_dirs < dirs->count; f->n_dirs++)
		if (!next_string(&data, &f->dirs[f->n_dirs]))
			return err_set(e, ERR_INVALID, "list of folders has no end");
	return 0;
}

/* 0 with f->n == 0: no files. */
static int files_open(struct rpm_sink *s, const struct header *h, struct files *f, struct err *e)
{
	bool whole = entry_of(h, TAG_BASENAMES)->type == 0;
	const struct entry *names = entry_of(h, whole ? TAG_OLDFILENAMES : TAG_BASENAMES);
	if (names->type == 0)
		return 0;
	if (names->type != TYPE_STRINGS || names->count > names->data.n)
		return err_set(e, ERR_INVALID, "file list of %u names in %zu bytes", names->count,
			       names->data.n);
	f->n = names->count;
	f->names = names->data;
	f->alg = digest_alg_of(h);
	f->digests = entry_of(h, TAG_FILEDIGESTS)->data;
	f->has_digests = header_array(h, TAG_FILEDIGESTS, TYPE_STRINGS, f->n);
	f->has_modes = header_array(h, TAG_FILEMODES, TYPE_INT16, f->n);
	f->has_flags = header_array(h, TAG_FILEFLAGS, TYPE_INT32, f->n);
	f->has_states = header_array(h, TAG_FILESTATES, TYPE_CHAR, f->n);
	return whole ? 0 : files_dirs(s, h, f, e);
}

/* The path without leading '/', on the budget. */
static int file_path(struct rpm_sink *s, const struct header *h, const struct files *f, size_t i,
		     struct str base, struct str *out, struct err *e)
{
	struct str dir = { 0 };
	if (f->dirs) {
		uint32_t d = element(entry_of(h, TAG_DIRINDEXES), i);
		if (d >= f->n_dirs)
			return err_set(e, ERR_INVALID, "file %zu is in folder %u of %zu", i, d,
				       f->n_dirs);
		dir = f->dirs[d];
	}
	while (dir.n && dir.p[0] == '/')
		dir = str_from(dir, 1);
	while (!dir.n && base.n && base.p[0] == '/')
		base = str_from(base, 1);
	size_t n = dir.n + base.n;
	if (n > s->limits->path_bytes || n > s->path_bytes)
		return err_set(e, ERR_LIMIT,
			       "path of file %zu: %zu bytes, and %llu are left for the database", i,
			       n, (unsigned long long)s->path_bytes);
	s->path_bytes -= n;
	char *p = arena_alloc(s->arena, n + 1);
	if (dir.n)
		memcpy(p, dir.p, dir.n);
	if (base.n)
		memcpy(p + dir.n, base.p, base.n);
	p[n] = 0;
	*out = (struct str){ p, n };
	return 0;
}

static bool file_is_ours(const struct header *h, const struct files *f, size_t i)
{
	if (f->has_flags && element(entry_of(h, TAG_FILEFLAGS), i) & FLAG_GHOST)
		return false;
	return !f->has_states || element(entry_of(h, TAG_FILESTATES), i) == 0;
}

static void add_owned(struct rpm_sink *s, struct record_package *p, const struct files *f,
		      struct str path, struct str hex, bool is_dir)
{
	struct owned_file *o = ARENA_PUSH(s->arena, p->owned, p->n_owned, p->owned_cap);
	struct digest d;
	o->path = path;
	o->is_dir = is_dir;
	if (is_dir || !hex.n || f->alg == DIGEST_NONE || !digest_from_hex(f->alg, hex, &d))
		return;
	unsigned char *sum = arena_alloc(s->arena, d.len);
	memcpy(sum, d.bytes, d.len);
	o->sum = sum;
	o->alg = d.alg;
}

static int read_files(struct rpm_sink *s, const struct header *h, struct record_package *p,
		      struct err *e)
{
	struct files f = { 0 };
	int r = files_open(s, h, &f, e);
	if (r != 0)
		return r;
	for (size_t i = 0; i < f.n; i++) {
		struct str base, path = { 0 }, hex = { 0 };
		if (!next_string(&f.names, &base))
			return err_set(e, ERR_INVALID, "file list ends after %zu of %zu names", i,
				       f.n);
		if (f.has_digests && !next_string(&f.digests, &hex))
			return err_set(e, ERR_INVALID, "digests end after %zu of %zu", i, f.n);
		if (!file_is_ours(h, &f, i))
			continue;
		if ((r = file_path(s, h, &f, i, base, &path, e)) != 0)
			return r;
		bool is_dir = f.has_modes &&
			      (element(entry_of(h, TAG_FILEMODES), i) & MODE_TYPE) == MODE_DIR;
		add_owned(s, p, &f, path, hex, is_dir);
	}
	return 0;
}

/* "libc.so.6(GLIBC_2.34)(64bit)" */
static bool is_symbol_version(struct str name)
{
	struct str rest = name, library = str_cut(&rest, '(');
	return rest.n && rest.p[0] != ')' && str_find(library, S(".so")) > 0;
}

static bool is_dependency(struct str name)
{
	return name.n && !str_starts(name, S("rpmlib(")) && !str_starts(name, S("config(")) &&
	       !is_symbol_version(name);
}

/* rpm sorts them, so that what is there for several reasons stands side by side. */
static int read_names(struct rpm_sink *s, const struct header *h, uint32_t tag, struct strs *out,
		      struct err *e)
{
	const struct entry *x = entry_of(h, tag);
	struct str data = x->data, name, before = { 0 };
	if (x->type == 0)
		return 0;
	if (x->type != TYPE_STRINGS)
		return err_set(e, ERR_INVALID, "tag %u is no list of names", tag);
	for (uint32_t i = 0; i < x->count; i++) {
		if (!next_string(&data, &name))
			return err_set(e, ERR_INVALID, "tag %u ends after %u of %u names", tag, i,
				       x->count);
		if (!is_dependency(name) || str_eq(name, before))
			continue;
		uint64_t cost = name.n + sizeof name;
		if (name.n > s->limits->path_bytes || cost > s->path_bytes)
			return err_set(e, ERR_LIMIT,
				       "name %u of tag %u: %zu bytes, and %llu are left for the "
				       "database",
				       i, tag, name.n, (unsigned long long)s->path_bytes);
		s->path_bytes -= cost;
		before = arena_str(s->arena, name);
		*ARENA_PUSH(s->arena, out->v, out->n, out->cap) = before;
	}
	return 0;
}

static int read_dependencies(struct rpm_sink *s, const struct header *h, struct record_package *p,
			     struct err *e)
{
	int r = read_names(s, h, TAG_REQUIRENAME, &p->depends, e);
	return r ? r : read_names(s, h, TAG_PROVIDENAME, &p->provides, e);
}

static void read_attrs(struct rpm_sink *s, const struct header *h, struct record_package *p)
{
	struct str module = header_string(h, TAG_MODULARITYLABEL),
		   vendor = header_string(h, TAG_VENDOR);
	uint32_t epoch =
		header_array(h, TAG_EPOCH, TYPE_INT32, 1) ? element(entry_of(h, TAG_EPOCH), 0) : 0;
	if (epoch)
		record_package_attr(s->arena, p, S("epoch"), arena_printf(s->arena, "%u", epoch));
	if (module.n)
		record_package_attr(s->arena, p, S("module"), arena_str(s->arena, module));
	if (vendor.n)
		record_package_attr(s->arena, p, S("vendor"), arena_str(s->arena, vendor));
	if (str_eq(p->name, S("gpg-pubkey")))
		record_package_attr(s->arena, p, S("pseudo"), S("key"));
}

static struct str read_version(struct arena *a, const struct header *h)
{
	struct str version = header_string(h, TAG_VERSION), release = header_string(h, TAG_RELEASE);
	struct buf b = { 0 };
	if (header_array(h, TAG_EPOCH, TYPE_INT32, 1) && element(entry_of(h, TAG_EPOCH), 0))
		buf_addf(&b, "%u:", element(entry_of(h, TAG_EPOCH), 0));
	buf_add_str(&b, version);
	buf_add_char(&b, '-');
	buf_add_str(&b, release);
	struct str out = arena_str(a, str_buf(&b));
	buf_done(&b);
	return out;
}

int rpm_header_read(struct rpm_sink *s, struct str blob, struct err *e)
{
	struct header h = { 0 };
	int r = header_index(blob, &h, e);
	if (r != 0)
		return r;
	struct str name = header_string(&h, TAG_NAME), source;
	if (!name.n || !header_string(&h, TAG_VERSION).n || !header_string(&h, TAG_RELEASE).n)
		return err_set(e, ERR_INVALID, "header without name, version or release ('%.*s')",
			       STR(str_upto(name, 80)));
	struct record_package *p = record_add_package(s->arena, s->file);
	p->type = S("rpm");
	p->name = arena_str(s->arena, name);
	p->version = read_version(s->arena, &h);
	p->arch = arena_str(s->arena, header_string(&h, TAG_ARCH));
	source = arena_str(s->arena, header_string(&h, TAG_SOURCERPM));
	if (!rpm_source_split(source, &p->source_name, &p->source_version)) {
		p->source_name = p->name;
		p->source_version = p->version;
	}
	struct str licence = header_string(&h, TAG_LICENSE);
	if (licence.n)
		*ARENA_PUSH(s->arena, p->licences.v, p->licences.n, p->licences.cap) =
			arena_str(s->arena, licence);
	read_attrs(s, &h, p);
	struct err why;
	if (read_files(s, &h, p, &why) != 0) {
		err_in(&why, "files of %.*s", STR(str_upto(name, 80)));
		rpm_sink_trouble(s, &why);
	}
	if (read_dependencies(s, &h, p, &why) != 0) {
		err_in(&why, "dependencies of %.*s", STR(str_upto(name, 80)));
		rpm_sink_trouble(s, &why);
	}
	return 0;
}

void rpm_sink_init(struct rpm_sink *s, struct arena *a, struct record_file *file,
		   const struct limits *l, uint64_t size)
{
	*s = (struct rpm_sink){
		.arena = a,
		.file = file,
		.limits = l,
		.header_bytes = size,
		.path_bytes = RPM_PATH_BASE +
			      RPM_PATH_FACTOR * MIN(size, UINT64_MAX / 2 / RPM_PATH_FACTOR),
	};
}

int rpm_sink_header(struct rpm_sink *s, struct str header, struct err *e)
{
	if (header.n > s->header_bytes)
		return err_set(e, ERR_LIMIT,
			       "headers overlap: together they are larger than the database");
	if (s->file->n_packages >= s->limits->packages)
		return err_set(e, ERR_LIMIT, "more than %llu packages",
			       (unsigned long long)s->limits->packages);
	s->header_bytes -= header.n;
	s->headers++;
	struct err why;
	if (rpm_header_read(s, header, &why) != 0)
		rpm_sink_trouble(s, &why);
	return 0;
}

int rpm_sink_trouble(struct rpm_sink *s, const struct err *why)
{
	if (s->troubles++ == 0)
		s->first = *why;
	return 0;
}

int rpm_sink_result(const struct rpm_sink *s, int code, struct err *e)
{
	if (code == 0 && s->troubles == 0)
		return 0;
	if (code == 0) {
		*e = s->first;
		if (s->troubles > 1)
			err_in(e, "%llu things could not be read, the first",
			       (unsigned long long)s->troubles);
	}
	return err_in(e, "rpm database, %zu packages read", s->file->n_packages);
}
