/* Distributions by table (distros.def): releases, codenames, advisory namespaces, end of support. What comes in is text
 * from an image, a feed or a command line; nothing in it is trusted beyond a look-up. Release numbers that no table
 * knows still get a namespace (a new release has advisories before we hear of it), but no end of life. */
#include "analyze/distro.h"

#include "base/time.h"

enum { RELEASE_MAX = 32 }; /* bytes of a release number */

static const struct distro {
	const char *id, *ns, *scheme;
	unsigned parts;
} distros[] = {
#define DISTRO(id, ns, scheme, parts) { id, ns, scheme, parts },
#include "analyze/distros.def"
};

static const struct release {
	const char *id, *release, *codename, *eol;
} releases[] = {
#define RELEASE(id, release, codename, eol) { id, release, codename, eol },
#include "analyze/distros.def"
};

static const struct distro *find_distro(struct str id)
{
	for (size_t i = 0; i < COUNT(distros); i++)
		if (str_eq(id, str_of(distros[i].id)))
			return &distros[i];
	return NULL;
}

/* By release number or, when that is empty, by codename. */
static const struct release *find_release(struct str id, struct str number, struct str codename)
{
	for (size_t i = 0; i < COUNT(releases); i++) {
		const struct release *r = &releases[i];
		if (str_eq(id, str_of(r->id)) &&
		    (number.n ? str_eq(number, str_of(r->release))
			      : codename.n && str_eq(codename, str_of(r->codename))))
			return r;
	}
	return NULL;
}

/* The ID whose releases the table has: rebuilds of one distribution differ in their dates, editions do not. */
static struct str release_id(struct str id, const struct distro *d)
{
	for (size_t i = 0; i < COUNT(releases); i++)
		if (str_eq(id, str_of(releases[i].id)))
			return id;
	return str_of(d->ns);
}

/* "9.4" with one part: "9". Nothing for what does not start with a digit. */
static struct str cut_release(struct str version_id, unsigned parts)
{
	size_t i = 0;
	unsigned dots = 0;
	while (i < version_id.n && i < RELEASE_MAX) {
		char c = version_id.p[i];
		if (c == '.' && ++dots == parts)
			break;
		if (c != '.' && (c < '0' || c > '9'))
			break;
		i++;
	}
	while (i && version_id.p[i - 1] == '.')
		i--;
	return str_upto(version_id, i);
}

static struct str release_of(const struct distribution *d, const struct distro *known)
{
	struct str v = cut_release(d->version_id, known->parts);
	if (str_eq(d->id, S("alpine")) &&
	    (str_find(d->version_id, S("_")) >= 0 || str_eq(d->version_id, S("edge")) ||
	     str_ends(d->pretty_name, S(" edge"))))
		return S("edge");
	/* Amazon Linux 1 numbers its releases by date. */
	if (str_eq(d->id, S("amzn")) && v.n == 4 && str_cmp(v, S("2022")) < 0)
		return S("1");
	/* SUSE's service pack 0 and the plain release are one; Leap writes the 0. */
	if (str_eq(str_of(known->ns), S("sles")) && str_ends(v, S(".0")) && !str_starts(v, S("16")))
		return str_upto(v, v.n - 2);
	if (str_eq(d->id, S("debian")) && v.n == 0 && str_find(d->pretty_name, S("sid")) >= 0 &&
	    d->codename.n == 0)
		return S("sid");
	return v;
}

/* Two distributions share the ID "centos". */
static struct str table_id(const struct distribution *d)
{
	bool stream = str_eq(d->id, S("centos")) && str_find(d->pretty_name, S("Stream")) >= 0;
	return stream ? S("centos-stream") : d->id;
}

void distro_complete(struct arena *a, struct distribution *d)
{
	struct str id = table_id(d);
	const struct distro *known = find_distro(id);
	d->version = d->advisory_namespace = (struct str){ 0 };
	d->scheme = NULL;
	d->eol = 0;
	if (!known)
		return;
	d->scheme = known->scheme;
	if (known->parts == 0) {
		d->advisory_namespace = str_of(known->ns);
		return;
	}
	struct str number = release_of(d, known);
	const struct release *r = find_release(release_id(id, known), number, d->codename);
	if (r) {
		number = str_of(r->release);
		if (d->codename.n == 0)
			d->codename = str_of(r->codename);
		(void)time_parse_date(str_of(r->eol), &d->eol);
	}
	if (number.n == 0)
		return;
	d->version = arena_str(a, number);
	d->advisory_namespace = arena_printf(a, "%s:%.*s", known->ns, STR(number));
}

/* Other names that people use on a command line. */
static struct str usual_id(struct str name)
{
	static const char *const other[][2] = {
		{ "redhat", "rhel" },
		{ "alma", "almalinux" },
		{ "rockylinux", "rocky" },
		{ "oracle", "ol" },
		{ "oraclelinux", "ol" },
		{ "amazon", "amzn" },
		{ "amazonlinux", "amzn" },
		{ "sle", "sles" },
		{ "suse", "sles" },
		{ "leap", "opensuse-leap" },
		{ "tumbleweed", "opensuse-tumbleweed" },
		{ "cbl-mariner", "mariner" },
		{ "azure", "azurelinux" },
	};
	for (size_t i = 0; i < COUNT(other); i++)
		if (str_eq(name, str_of(other[i][0])))
			return str_of(other[i][1]);
	return name;
}

int distro_parse(struct arena *a, struct str s, struct distribution *out, struct err *e)
{
	struct distribution d = { 0 };
	ssize_t at = str_find_char(s, ':');
	if (at < 0)
		at = str_find_char(s, '/');
	/* IDs hold dashes themselves: the last one, before a number or a known codename. */
	if (at < 0 && !find_distro(usual_id(s)))
		at = str_rfind_char(s, '-');
	d.id = usual_id(at < 0 ? s : str_upto(s, (size_t)at));
	if (!find_distro(d.id))
		return err_set(e, ERR_INVALID,
			       "distribution '%.*s' is not known; expected one like debian:12",
			       STR(s));
	struct str release = at < 0 ? S("") : str_from(s, (size_t)at + 1);
	if (str_starts(release, S("v")))
		release = str_from(release, 1);
	if (release.n > RELEASE_MAX)
		return err_set(e, ERR_INVALID, "distribution '%.*s': the release is too long",
			       STR(s));
	d.id = arena_str(a, d.id);
	bool number = release.n && release.p[0] >= '0' && release.p[0] <= '9';
	if (number || str_eq(release, S("edge")))
		d.version_id = arena_str(a, release);
	else
		d.codename = arena_str(a, release);
	distro_complete(a, &d);
	if (d.advisory_namespace.n == 0)
		return err_set(e, ERR_INVALID,
			       "distribution '%.*s': no such release; expected one like debian:12",
			       STR(s));
	if (d.version_id.n == 0)
		d.version_id = d.version;
	*out = d;
	return 0;
}

/* OSV's names (the ecosystem list of the OSV schema) */

static struct str namespace_of(struct arena *a, const char *id, struct str release)
{
	struct distribution d = { .id = str_of(id), .version_id = release };
	distro_complete(a, &d);
	return d.advisory_namespace;
}

/* "enterprise_linux:9::baseos": only the plain product; streams of extended support are namespaces of their own. */
static struct str red_hat(struct arena *a, struct str rest)
{
	static const char *const products[][2] = {
		{ "enterprise_linux", "rhel" }, { "rhel_eus", "rhel-eus" },
		{ "rhel_aus", "rhel-aus" },	{ "rhel_e4s", "rhel-e4s" },
		{ "rhel_tus", "rhel-tus" },	{ "rhel_els", "rhel-els" },
	};
	struct str product = str_cut(&rest, ':'), release = str_cut(&rest, ':');
	for (size_t i = 0; i < COUNT(products); i++) {
		struct str number = cut_release(release, i ? 2 : 1);
		if (str_eq(product, str_of(products[i][0])) && number.n)
			return arena_printf(a, "%s:%.*s", products[i][1], STR(number));
	}
	return (struct str){ 0 };
}

/* "Linux Enterprise Server 15 SP5", "Linux Enterprise Micro 5.3", and the modules that belong to a server's release
 * ("Linux Enterprise Module for Basesystem 15 SP5", ...). */
static struct str suse(struct arena *a, struct str rest)
{
	struct str word, number = { 0 }, pack = { 0 };
	bool micro = str_find(rest, S("Micro")) >= 0,
	     server = str_starts(rest, S("Linux Enterprise "));
	while (str_word(&rest, &word)) {
		if (word.p[0] >= '0' && word.p[0] <= '9' && number.n == 0)
			number = cut_release(word, 2);
		else if (str_starts(word, S("SP")) && number.n)
			pack = cut_release(str_from(word, 2), 1);
		/* "-LTSS", "-ESPOS" and the like are sold: not what a plain server gets. */
		if (str_find(word, S("LTSS")) >= 0 || str_find(word, S("ESPOS")) >= 0)
			return (struct str){ 0 };
	}
	if (!server || number.n == 0)
		return (struct str){ 0 };
	if (pack.n)
		return arena_printf(a, "sles:%.*s.%.*s", STR(number), STR(pack));
	return namespace_of(a, micro ? "sle-micro" : "sles", number);
}

static struct str opensuse(struct arena *a, struct str rest)
{
	if (str_starts(rest, S("Tumbleweed")))
		return S("opensuse-tumbleweed");
	if (str_starts(rest, S("Leap Micro")) || !str_starts(rest, S("Leap ")))
		return (struct str){ 0 };
	return namespace_of(a, "opensuse-leap", str_from(rest, S("Leap ").n));
}

/* "22.04:LTS", "Pro:18.04:LTS", "Pro:FIPS:...": what only subscribers get is a namespace of its own. */
static struct str ubuntu(struct arena *a, struct str rest)
{
	bool pro = str_starts(rest, S("Pro:"));
	if (!pro)
		return namespace_of(a, "ubuntu", rest);
	struct str number = cut_release(str_from(rest, S("Pro:").n), 2);
	return number.n ? arena_printf(a, "ubuntu-pro:%.*s", STR(number)) : (struct str){ 0 };
}

struct str distro_of_ecosystem(struct arena *a, struct str ecosystem)
{
	static const struct {
		const char *name, *id;
		struct str (*parse)(struct arena *a, struct str rest);
	} names[] = {
		{ "Debian", "debian", NULL },
		{ "Ubuntu", NULL, ubuntu },
		{ "Alpine", "alpine", NULL },
		{ "Wolfi", "wolfi", NULL },
		{ "Chainguard", "chainguard", NULL },
		{ "MinimOS", "minimos", NULL },
		{ "Echo", "echo", NULL },
		{ "Red Hat", NULL, red_hat },
		{ "AlmaLinux", "almalinux", NULL },
		{ "Rocky Linux", "rocky", NULL },
		{ "SUSE", NULL, suse },
		{ "openSUSE", NULL, opensuse },
		{ "Photon OS", "photon", NULL },
		{ "Azure Linux", "azurelinux", NULL },
		{ "Mageia", "mageia", NULL },
	};
	struct str rest = ecosystem, name = str_cut(&rest, ':');
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!str_eq(name, str_of(names[i].name)))
			continue;
		if (names[i].parse)
			return names[i].parse(a, rest);
		if (str_starts(rest, S("v")))
			rest = str_from(rest, 1);
		/* Its second release went by another name. */
		if (str_eq(name, S("Azure Linux")) &&
		    (str_eq(rest, S("2")) || str_eq(rest, S("2.0"))))
			return S("mariner:2");
		return namespace_of(a, names[i].id, rest);
	}
	return (struct str){ 0 };
}

struct str distro_of_codename(struct arena *a, struct str id, struct str codename)
{
	const struct distro *d = find_distro(id);
	const struct release *r = codename.n ? find_release(id, S(""), codename) : NULL;
	return d && r ? arena_printf(a, "%s:%s", d->ns, r->release) : (struct str){ 0 };
}

const char *distro_scheme(struct str advisory_namespace)
{
	struct str name = str_cut(&advisory_namespace, ':');
	for (size_t i = 0; i < COUNT(distros); i++)
		if (str_eq(name, str_of(distros[i].ns)))
			return distros[i].scheme;
	if (str_starts(name, S("rhel-")))
		return "rpm";
	return str_eq(name, S("ubuntu-pro")) ? "deb" : NULL;
}
