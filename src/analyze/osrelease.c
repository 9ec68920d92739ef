/* Which distribution an image is: os-release(5), and where there is none the older files, down to the version that busybox
 * carries inside. Each file becomes attributes; the join picks the best of what is visible.
 *
 * In this order: os-release of etc, of usr/lib; lsb-release; the release files of the Red Hat family (a rebuild's own
 * before redhat-release, which some keep beside theirs); system-release-cpe; SuSE-release; alpine-release;
 * debian_version; busybox. Debian's point release comes from debian_version also where os-release names the release.
 *
 * The files are what the image says of itself and prove nothing; they are bounded, control bytes end a value, and
 * os-release is not run through a shell: only its quotes and backslashes are understood, as the specification asks. */
#include "analyze/analyzer.h"
#include "analyze/distro.h"
#include "analyze/fold.h"

enum { TEXT_MAX = 64 * 1024, BUSYBOX_MAX = 8 << 20, VALUE_MAX = 1024 };

static const char analyzer_name[] = "osrelease";
static const struct str line_key = { "line", 4 };

/* Reading */

/* Up to the first control byte, white space off. */
static struct str clean(struct str s)
{
	size_t n = 0;
	while (n < s.n && n < VALUE_MAX && (unsigned char)s.p[n] >= ' ' && s.p[n] != 0x7F)
		n++;
	return str_trim(str_upto(s, n));
}

/* A value as a shell would take it: quotes off, backslashes too. */
static struct str unquote(struct arena *a, struct str v)
{
	char *p = arena_alloc(a, v.n + 1);
	size_t n = 0;
	char quote = 0;
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < v.n)
			c = v.p[++i];
		p[n++] = c;
	}
	return clean((struct str){ p, n });
}

static void read_assignments(struct arena *a, struct record_file *f, struct str text)
{
	static const char *const keys[] = {
		"ID",
		"ID_LIKE",
		"VERSION_ID",
		"VERSION_CODENAME",
		"PRETTY_NAME",
		"NAME",
		"VERSION",
		"VARIANT_ID",
		"DISTRIB_ID",
		"DISTRIB_RELEASE",
		"DISTRIB_CODENAME",
		"DISTRIB_DESCRIPTION",
		"PATCHLEVEL", /* SuSE-release, with spaces around '=' */
	};
	struct str line;
	while (str_line(&text, &line)) {
		struct str value = str_trim(line), key = str_trim(str_cut(&value, '='));
		for (size_t i = 0; i < COUNT(keys); i++)
			if (str_eq(key, str_of(keys[i])) &&
			    record_attr(f->attrs, f->n_attrs, key).p == NULL)
				record_add_attr(a, f, key, unquote(a, str_trim(value)));
	}
}

static void read_first_line(struct arena *a, struct record_file *f, struct str text)
{
	struct str line;
	while (str_line(&text, &line)) {
		line = clean(line);
		if (line.n == 0)
			continue;
		record_add_attr(a, f, line_key, line);
		return;
	}
}

/* "BusyBox v1.31.1 (2019-10-26 ...)" somewhere in the program. */
static void read_busybox(struct arena *a, struct record_file *f, struct str bytes)
{
	const struct str mark = S("BusyBox v");
	for (ssize_t at; (at = str_find(bytes, mark)) >= 0;) {
		bytes = str_from(bytes, (size_t)at + mark.n);
		size_t n = 0;
		while (n < bytes.n && n < 32 &&
		       ((bytes.p[n] >= '0' && bytes.p[n] <= '9') || bytes.p[n] == '.'))
			n++;
		if (n) {
			record_add_attr(a, f, line_key, str_upto(bytes, n));
			return;
		}
	}
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	(void)state;
	bool busybox = str_ends(f->path, S("bin/busybox"));
	size_t max = busybox ? (size_t)BUSYBOX_MAX : (size_t)TEXT_MAX;
	if (whole->size > max && busybox)
		return 0;
	if (whole->size > max)
		return err_set(e, ERR_LIMIT, "larger than %zu bytes", max);
	struct str text = whole->mem;
	if (whole->fd >= 0) {
		char *p = arena_alloc(an->arena, (size_t)whole->size + 1);
		int r = whole_read(whole, 0, p, (size_t)whole->size, e);
		if (r < 0)
			return r;
		text = (struct str){ p, (size_t)whole->size };
	}
	struct record_file *rf =
		record_add_file(an->arena, an->record, f->path, analyzer_name, f->size);
	if (busybox) {
		read_busybox(an->arena, rf, text);
		return 0;
	}
	if (str_ends(f->path, S("/os-release")) || str_ends(f->path, S("/lsb-release"))) {
		read_assignments(an->arena, rf, text);
		return 0;
	}
	read_first_line(an->arena, rf, text);
	if (str_ends(f->path, S("SuSE-release")))
		read_assignments(an->arena, rf, text);
	return 0;
}

/* Choosing */

static const struct record_file *visible(const struct fold *f, const char *path)
{
	const struct folded_file *ff = fold_find(f, str_of(path), analyzer_name);
	return ff && ff->file->unreadable.n == 0 ? ff->file : NULL;
}

static struct str get(const struct record_file *f, const char *key)
{
	return f ? record_attr(f->attrs, f->n_attrs, str_of(key)) : (struct str){ 0 };
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] | 0x20);
	return (struct str){ p, s.n };
}

static bool from_os_release(const struct fold *f, struct arena *a, struct distribution *d)
{
	static const char *const paths[] = { "etc/os-release", "usr/lib/os-release" };
	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct record_file *r = visible(f, paths[i]);
		if (get(r, "ID").n == 0)
			continue;
		d->id = lower(a, get(r, "ID"));
		d->version_id = get(r, "VERSION_ID");
		d->codename = get(r, "VERSION_CODENAME");
		d->pretty_name = get(r, "PRETTY_NAME").n ? get(r, "PRETTY_NAME") : get(r, "NAME");
		d->path = str_of(paths[i]);
		return true;
	}
	return false;
}

static bool from_lsb_release(const struct fold *f, struct arena *a, struct distribution *d)
{
	const struct record_file *r = visible(f, "etc/lsb-release");
	if (get(r, "DISTRIB_ID").n == 0)
		return false;
	d->id = lower(a, get(r, "DISTRIB_ID"));
	d->version_id = get(r, "DISTRIB_RELEASE");
	d->codename = get(r, "DISTRIB_CODENAME");
	d->pretty_name = get(r, "DISTRIB_DESCRIPTION");
	d->path = S("etc/lsb-release");
	return true;
}

/* "CentOS release 5.7 (Final)": name, the word release, version. */
static bool parse_release_line(struct str line, struct distribution *d)
{
	static const char *const names[][2] = {
		{ "Red Hat Enterprise Linux", "rhel" },
		{ "CentOS Stream", "centos" },
		{ "CentOS", "centos" },
		{ "Rocky Linux", "rocky" },
		{ "AlmaLinux", "almalinux" },
		{ "Oracle Linux", "ol" },
		{ "Enterprise Linux", "ol" },
		{ "Fedora", "fedora" },
		{ "Amazon Linux", "amzn" },
		{ "Scientific Linux", "scientific" },
		{ "CBL-Mariner", "mariner" },
		{ "Microsoft Azure Linux", "azurelinux" },
		{ "VMware Photon", "photon" },
		{ "openSUSE", "opensuse-leap" },
		{ "SUSE Linux Enterprise", "sles" },
	};
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!str_starts(line, str_of(names[i][0])))
			continue;
		struct str rest = line, word;
		while (str_word(&rest, &word))
			if (word.p[0] >= '0' && word.p[0] <= '9') {
				d->version_id = word;
				break;
			}
		d->id = str_of(names[i][1]);
		d->pretty_name = line;
		return true;
	}
	return false;
}

static bool from_release_files(const struct fold *f, struct arena *a, struct distribution *d)
{
	static const char *const paths[] = {
		"etc/rocky-release",	  "etc/almalinux-release", "etc/oracle-release",
		"etc/centos-release",	  "etc/fedora-release",	   "etc/mariner-release",
		"etc/azurelinux-release", "etc/photon-release",	   "etc/redhat-release",
		"etc/system-release",
	};
	(void)a;
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (!parse_release_line(get(visible(f, paths[i]), line_key.p), d))
			continue;
		d->path = str_of(paths[i]);
		return true;
	}
	return false;
}

/* "cpe:/o:centos:linux:6:GA" or "cpe:2.3:o:...". */
static bool from_cpe(const struct fold *f, struct arena *a, struct distribution *d)
{
	static const char *const vendors[][2] = {
		{ "centos", "centos" },
		{ "redhat", "rhel" },
		{ "oracle", "ol" },
		{ "amazon", "amzn" },
		{ "fedoraproject", "fedora" },
		{ "rocky", "rocky" },
		{ "almalinux", "almalinux" },
		{ "scientificlinux", "scientific" },
	};
	struct str rest = get(visible(f, "etc/system-release-cpe"), line_key.p);
	(void)a;
	if (!str_eq(str_cut(&rest, ':'), S("cpe")))
		return false;
	if (str_eq(str_cut(&rest, ':'), S("2.3")))
		str_cut(&rest, ':');
	struct str vendor = str_cut(&rest, ':');
	str_cut(&rest, ':');
	for (size_t i = 0; i < COUNT(vendors); i++) {
		if (!str_eq(vendor, str_of(vendors[i][0])))
			continue;
		d->id = str_of(vendors[i][1]);
		d->version_id = str_cut(&rest, ':');
		d->pretty_name = vendor;
		d->path = S("etc/system-release-cpe");
		return true;
	}
	return false;
}

static bool from_suse(const struct fold *f, struct arena *a, struct distribution *d)
{
	const struct record_file *r = visible(f, "etc/SuSE-release");
	struct str line = get(r, line_key.p), version = get(r, "VERSION"),
		   patch = get(r, "PATCHLEVEL");
	if (line.n == 0)
		return false;
	d->id = str_find(line, S("openSUSE")) >= 0 ? S("opensuse-leap") : S("sles");
	d->version_id = patch.n && !str_eq(patch, S("0"))
				? arena_printf(a, "%.*s.%.*s", STR(version), STR(patch))
				: version;
	d->pretty_name = line;
	d->path = S("etc/SuSE-release");
	return true;
}

static bool from_plain(const struct fold *f, struct arena *a, struct distribution *d)
{
	static const char *const files[][2] = {
		{ "etc/alpine-release", "alpine" },
		{ "etc/debian_version", "debian" },
		{ "bin/busybox", "busybox" },
		{ "usr/bin/busybox", "busybox" },
	};
	for (size_t i = 0; i < COUNT(files); i++) {
		struct str line = get(visible(f, files[i][0]), line_key.p);
		if (line.n == 0)
			continue;
		d->id = str_of(files[i][1]);
		d->path = str_of(files[i][0]);
		if (str_eq(d->id, S("busybox")))
			d->pretty_name = arena_printf(a, "BusyBox v%.*s", STR(line));
		if (!str_eq(d->id, S("debian")))
			d->version_id = line;
		return true;
	}
	return false;
}

/* The point release, or "forky/sid", from the file that Debian keeps it in. */
static void refine_debian(const struct fold *f, struct distribution *d)
{
	struct str line = get(visible(f, "etc/debian_version"), line_key.p), major = line,
		   told = d->version_id;
	if (line.n == 0)
		return;
	if (line.p[0] < '0' || line.p[0] > '9') {
		if (d->codename.n == 0 && d->version_id.n == 0)
			d->codename = str_cut(&major, '/');
		return;
	}
	if (told.n == 0 || str_eq(str_cut(&major, '.'), str_cut(&told, '.')))
		d->version_id = line;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	static bool (*const sources[])(const struct fold *f, struct arena *a,
				       struct distribution *d) = {
		from_os_release, from_lsb_release, from_release_files,
		from_cpe,	 from_suse,	   from_plain,
	};
	struct distribution d = { 0 };
	(void)e;
	for (size_t i = 0; i < COUNT(sources); i++)
		if (sources[i](f, inv->arena, &d))
			break;
	if (str_eq(d.id, S("debian")))
		refine_debian(f, &d);
	if (str_eq(d.id, S("alpine")) && d.version_id.n == 0)
		d.version_id = get(visible(f, "etc/alpine-release"), line_key.p);
	distro_complete(inv->arena, &d);
	inv->distribution = d;
	return 0;
}

static const char *const patterns[] = {
	"etc/os-release",	 "usr/lib/os-release",
	"etc/lsb-release",	 "etc/rocky-release",
	"etc/almalinux-release", "etc/oracle-release",
	"etc/centos-release",	 "etc/fedora-release",
	"etc/mariner-release",	 "etc/azurelinux-release",
	"etc/photon-release",	 "etc/redhat-release",
	"etc/system-release",	 "etc/system-release-cpe",
	"etc/SuSE-release",	 "etc/alpine-release",
	"etc/debian_version",	 "bin/busybox",
	"usr/bin/busybox",	 NULL,
};

const struct analyzer analyzer_osrelease = {
	.name = analyzer_name,
	.scanners = SCAN_ALL,
	.version = 1,
	.database = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
	.join = join,
};
