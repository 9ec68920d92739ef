/* Platforms: "os/arch[/variant]" with Go's names for them, as image indexes use. Names of the kernel and of other tools
 * (x86_64, aarch64, armhf) are taken for the same; arm64's v8 and amd64's v1 are the plain architecture, plain arm is v7. */
#include "oci/oci.h"

#include <sys/utsname.h>

enum { EXACT = 1000, UNSTATED = 1, PLATFORM_PART_MAX = 64 };

static const struct {
	const char *name, *arch, *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" },
	{ "x86-64", "amd64", "" },
	{ "aarch64", "arm64", "" },
	{ "arm64e", "arm64", "" },
	{ "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },
	{ "armv5l", "arm", "v5" },
	{ "armv6l", "arm", "v6" },
	{ "armv7l", "arm", "v7" },
	{ "armv8l", "arm", "v8" },
	{ "i386", "386", "" },
	{ "i486", "386", "" },
	{ "i586", "386", "" },
	{ "i686", "386", "" },
	{ "x86", "386", "" },
	{ "ppc64el", "ppc64le", "" },
	{ "loongarch64", "loong64", "" },
};

static void normalize(struct platform *p)
{
	for (size_t i = 0; i < COUNT(aliases); i++) {
		if (!str_eq(p->arch, str_of(aliases[i].name)))
			continue;
		p->arch = str_of(aliases[i].arch);
		if (p->variant.n == 0)
			p->variant = str_of(aliases[i].variant);
		break;
	}
	if ((str_eq(p->arch, S("arm64")) &&
	     (str_eq(p->variant, S("v8")) || str_eq(p->variant, S("8")))) ||
	    (str_eq(p->arch, S("amd64")) && str_eq(p->variant, S("v1"))))
		p->variant = S("");
	if (str_eq(p->arch, S("arm")) && p->variant.n == 0)
		p->variant = S("v7");
}

static bool part_valid(struct str s)
{
	if (s.n == 0 || s.n > PLATFORM_PART_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      (s.p[i] && strchr("_.-", s.p[i]))))
			return false;
	return true;
}

int platform_parse(struct arena *a, struct str s, struct platform *out, struct err *e)
{
	struct str rest = s;
	struct platform p = { .os = str_cut(&rest, '/') };
	p.arch = str_cut(&rest, '/');
	p.variant = rest;
	if (!part_valid(p.os) || !part_valid(p.arch) || (p.variant.n && !part_valid(p.variant)) ||
	    str_ends(s, S("/")))
		return err_set(e, ERR_INVALID,
			       "'%.*s' is no platform; write os/arch or os/arch/variant, such as "
			       "linux/arm64",
			       STR(s));
	p.os = arena_str(a, p.os);
	p.arch = arena_str(a, p.arch);
	p.variant = arena_str(a, p.variant);
	normalize(&p);
	*out = p;
	return 0;
}

/* What the machine calls itself: a fixed set, so that the strings may be static. */
void platform_host(struct platform *out)
{
	static const char *const known[] = { "amd64",	"arm64",  "arm",     "386",
					     "ppc64le", "ppc64",  "s390x",   "riscv64",
					     "mips",	"mips64", "loong64", "mips64le" };
	struct utsname u;
	struct platform p = { .os = S("linux") };
	if (uname(&u) == 0) {
		p.arch = str_of(u.machine);
		normalize(&p);
	}
	out->os = S("linux");
	out->arch = out->variant = out->os_version = S("");
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(p.arch, str_of(known[i])))
			out->arch = str_of(known[i]);
	for (size_t i = 0; i < COUNT(aliases); i++)
		if (str_eq(p.variant, str_of(aliases[i].variant)))
			out->variant = str_of(aliases[i].variant);
}

struct str platform_text(struct arena *a, const struct platform *p)
{
	if (p->os.n == 0 && p->arch.n == 0)
		return S("unknown");
	return arena_printf(a, "%.*s/%.*s%s%.*s", STR(p->os), STR(p->arch), p->variant.n ? "/" : "",
			    STR(p->variant));
}

/* "v7" is 700, "v8.1" is 801; an unset one is the lowest. -1: not of this form. */
static int variant_rank(struct str v)
{
	uint64_t major, minor = 0;
	if (v.n == 0)
		return 0;
	if (v.p[0] == 'v')
		v = str_from(v, 1);
	struct str first = str_cut(&v, '.');
	if (!str_to_u64(first, 99, &major) || (v.n && !str_to_u64(v, 99, &minor)))
		return -1;
	return (int)(major * 100 + minor);
}

static int variant_match(struct str have, struct str want)
{
	int h = variant_rank(have), w = variant_rank(want);
	if (str_eq(have, want))
		return EXACT;
	if (want.n == 0)
		return UNSTATED + 1;
	if (have.n == 0)
		return UNSTATED + 2;
	if (h < 0 || w < 0 || h > w)
		return 0;
	return UNSTATED + 2 + h / 100;
}

int platform_match(const struct platform *have, const struct platform *want)
{
	struct platform h = *have, w = *want;
	normalize(&h);
	normalize(&w);
	if ((h.os.n && w.os.n && !str_eq(h.os, w.os)) ||
	    (h.arch.n && w.arch.n && !str_eq(h.arch, w.arch)) ||
	    (h.os_version.n && w.os_version.n && !str_eq(h.os_version, w.os_version)))
		return 0;
	if (h.os.n == 0 || h.arch.n == 0)
		return UNSTATED;
	return variant_match(h.variant, w.variant);
}
