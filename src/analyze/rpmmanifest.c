/* The manifests that distroless images of CBL-Mariner and Azure Linux have in place of an rpm database:
 * var/lib/rpmmanifest/container-manifest-2, one package a line, ten columns with tabs between, as `rpm --query
 * --queryformat` wrote them: NAME, VERSION-RELEASE, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM;
 * "(none)" where there is nothing. container-manifest-1 lists the same packages as name-version-release.arch: it is read
 * only where its layer has no container-manifest-2.
 *
 * Hostile input: any line; those that are no package are counted and make the whole an error, with the others kept. So is
 * an empty manifest. Neither names files: nothing is owned. Not recorded: times and sizes. */
#include "analyze/rpm.h"

enum { MANIFEST_BYTES_MAX = 16 << 20, MANIFEST_COLUMNS = 10 };
enum { COL_NAME, COL_VERSION, COL_VENDOR = 4, COL_EPOCH, COL_ARCH = 7, COL_EPOCHNUM, COL_SOURCE };

static const char *const patterns[] = { "var/lib/rpmmanifest/container-manifest-1",
					"var/lib/rpmmanifest/container-manifest-2", NULL };

struct shared {
	bool has_second;
	bool has_first;
	struct str first, path; /* the body and the path of a container-manifest-1 */
};

static struct str present(struct str s)
{
	s = str_trim(s);
	return str_eq(s, S("(none)")) ? (struct str){ 0 } : s;
}

static struct record_package *add(struct arena *a, struct record_file *file, struct str name,
				  struct str version, struct str arch, struct str source)
{
	struct record_package *p = record_add_package(a, file);
	p->type = S("rpm");
	p->name = arena_str(a, name);
	p->version = arena_str(a, version);
	p->arch = arena_str(a, arch);
	if (!rpm_source_split(arena_str(a, source), &p->source_name, &p->source_version)) {
		p->source_name = p->name;
		p->source_version = p->version;
	}
	return p;
}

static bool read_columns(struct arena *a, struct record_file *file, struct str line)
{
	struct str c[MANIFEST_COLUMNS] = { 0 };
	size_t n = 0;
	for (; line.n && n < MANIFEST_COLUMNS; n++)
		c[n] = present(str_cut(&line, '\t'));
	if (n <= COL_ARCH || !c[COL_NAME].n || str_rfind_char(c[COL_VERSION], '-') <= 0)
		return false;
	struct str epoch = c[COL_EPOCH].n ? c[COL_EPOCH] : c[COL_EPOCHNUM];
	uint64_t number = 0;
	if (epoch.n && !str_to_u64(epoch, UINT32_MAX, &number))
		return false;
	struct str version = c[COL_VERSION];
	if (number)
		version = arena_printf(a, "%llu:%.*s", (unsigned long long)number, STR(version));
	struct record_package *p = add(a, file, c[COL_NAME], version, c[COL_ARCH], c[COL_SOURCE]);
	if (number)
		record_package_attr(a, p, S("epoch"), arena_str(a, epoch));
	if (c[COL_VENDOR].n)
		record_package_attr(a, p, S("vendor"), arena_str(a, c[COL_VENDOR]));
	return true;
}

/* name-version-release.arch */
static bool read_plain(struct arena *a, struct record_file *file, struct str line)
{
	struct str s = str_trim(line);
	ssize_t dot = str_rfind_char(s, '.');
	ssize_t release = dot > 0 ? str_rfind_char(str_upto(s, (size_t)dot), '-') : -1;
	ssize_t version = release > 0 ? str_rfind_char(str_upto(s, (size_t)release), '-') : -1;
	if (version <= 0)
		return false;
	struct str evr = str_from(str_upto(s, (size_t)dot), (size_t)version + 1);
	add(a, file, str_upto(s, (size_t)version), evr, present(str_from(s, (size_t)dot + 1)),
	    (struct str){ 0 });
	return true;
}

static int read_manifest(struct analysis *an, struct record_file *file, struct str body,
			 struct err *e)
{
	size_t number = 0, broken = 0, first = 0;
	bool plain = str_ends(file->path, S("-1"));
	for (struct str line; str_line(&body, &line);) {
		number++;
		if (!str_trim(line).n)
			continue;
		if (file->n_packages >= an->limits->packages)
			return err_set(e, ERR_LIMIT, "rpm manifest: more than %llu packages",
				       (unsigned long long)an->limits->packages);
		bool good = plain ? read_plain(an->arena, file, line)
				  : read_columns(an->arena, file, line);
		if (!good && broken++ == 0)
			first = number;
	}
	if (broken)
		return err_set(e, ERR_INVALID,
			       "rpm manifest: %zu lines are no packages, the first is line %zu",
			       broken, first);
	return number ? 0 : err_set(e, ERR_INVALID, "rpm manifest: empty");
}

static int manifest_end(struct analysis *an, void *state, const struct file *f,
			const struct whole *whole, struct err *e)
{
	(void)state;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	struct shared *sh = an->shared;
	struct record_file *file =
		record_add_file(an->arena, an->record, f->path, "rpmmanifest", f->size);
	if (whole->size > MANIFEST_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "rpm manifest: more than %d bytes",
			       MANIFEST_BYTES_MAX);
	char *p = arena_alloc(an->arena, whole->size + 1);
	int r = whole_read(whole, 0, p, whole->size, e);
	if (r != 0)
		return r;
	struct str body = { p, whole->size };
	if (str_ends(f->path, S("-1"))) {
		sh->has_first = true;
		sh->first = body;
		sh->path = file->path;
		return 0;
	}
	sh->has_second = true;
	return read_manifest(an, file, body, e);
}

static int manifest_finish(struct analysis *an, struct err *e)
{
	(void)e;
	const struct shared *sh = an->shared;
	if (!sh || !sh->has_first || sh->has_second)
		return 0;
	for (size_t i = an->record->n_files; i-- > 0;) {
		struct record_file *file = &an->record->files[i];
		struct err why;
		if (!str_eq(file->path, sh->path) || !str_eq(file->analyzer, S("rpmmanifest")))
			continue;
		if (read_manifest(an, file, sh->first, &why) != 0)
			file->unreadable = arena_str(an->arena, str_of(why.text));
		break;
	}
	return 0;
}

const struct analyzer analyzer_rpmmanifest = {
	.name = "rpmmanifest",
	.version = 1,
	.database = true,
	.patterns = patterns,
	.want_whole = true,
	.end = manifest_end,
	.finish = manifest_finish,
};
