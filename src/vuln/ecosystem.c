/* The table of language ecosystems.
 *
 * Those with the order of Semantic Versioning need no scheme of their own: npm (the semver scheme is its loose reading),
 * crates (the registry refuses two versions that differ in the build alone, and requirements do not see it), Hex and Swift
 * (both libraries implement the specification), actions (tags like "v4": missing numbers are 0). CocoaPods compares its
 * rows of numbers and then the prerelease in the same way; no OSV ecosystem publishes for it. Julia counts the build as
 * Dart does: its binary packages ("3.0.13+1") differ in nothing else.
 *
 * Names are as long as the caller let them be; normalising never makes one longer. */
#include "vuln/ecosystem.h"

#include "vuln/version_part.h"

const struct ecosystem ecosystems[] = {
	{ "npm", "npm", "npm", "semver", NORMALISE_NOTHING, true },
	{ "PyPI", "pypi", "pypi", "pep440", NORMALISE_PYPI, true },
	{ "Go", "golang", "golang", "golang", NORMALISE_NOTHING, true },
	{ "crates"
	  ".io",
	  "cargo", "cargo", "semver", NORMALISE_NOTHING, true },
	{ "Maven", "maven", "maven", "maven", NORMALISE_NOTHING, true },
	{ "RubyGems", "gem", "gem", "gem", NORMALISE_NOTHING, true },
	{ "Packagist", "composer", "composer", "composer", NORMALISE_LOWER, true },
	{ "NuGet", "nuget", "nuget", "nuget", NORMALISE_LOWER, true },
	{ "Pub", "pub", "pub", "pub", NORMALISE_NOTHING, true },
	{ "Hex", "hex", "hex", "semver", NORMALISE_LOWER, true },
	{ "SwiftURL", "swift", "swift", "semver", NORMALISE_URL, true },
	{ "CocoaPods", "cocoapods", "cocoapods", "semver", NORMALISE_NOTHING, false },
	{ "ConanCenter", "conan", "conan", "conan", NORMALISE_LOWER, true },
	{ "CRAN", "cran", "cran", "cran", NORMALISE_NOTHING, true },
	{ "Hackage", "hackage", "hackage", "hackage", NORMALISE_NOTHING, true },
	{ "Julia", "julia", "julia", "pub", NORMALISE_NOTHING, true },
	{ "Bitnami", "bitnami", "bitnami", "bitnami", NORMALISE_LOWER, true },
	{ "GitHub Actions", "githubactions", "githubactions", "semver", NORMALISE_LOWER, true },
	{ "GitHub Actions", "github", "githubactions", "semver", NORMALISE_LOWER, true },
	{ 0 },
};

const struct ecosystem *ecosystem_by_osv(struct str name)
{
	struct str base = str_cut(&name, ':');
	for (const struct ecosystem *e = ecosystems; e->osv; e++)
		if (str_eq_nocase(base, str_of(e->osv)))
			return e;
	return NULL;
}

const struct ecosystem *ecosystem_by_purl_type(struct str type)
{
	for (const struct ecosystem *e = ecosystems; e->osv; e++)
		if (str_eq_nocase(type, str_of(e->purl_type)))
			return e;
	return NULL;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		p[i] = part_lower(p[i]);
	return (struct str){ p, s.n };
}

static struct str pypi(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.';
		if (!dash || n == 0 || p[n - 1] != '-')
			p[n++] = dash ? '-' : part_lower(s.p[i]);
	}
	p[n] = '\0';
	return (struct str){ p, n };
}

/* "https://github.com/Apple/swift-nio.git", "git@github.com:apple/swift-nio" */
static struct str url(struct arena *a, struct str s)
{
	ssize_t scheme = str_find(s, S("://"));
	if (scheme >= 0)
		s = str_from(s, (size_t)scheme + 3);
	ssize_t slash = str_find_char(s, '/');
	ssize_t at = str_find_char(slash < 0 ? s : str_upto(s, (size_t)slash), '@');
	s = str_from(s, (size_t)(at + 1));
	while (str_ends(s, S("/")))
		s = str_upto(s, s.n - 1);
	if (str_ends(s, S(".git")))
		s = str_upto(s, s.n - 4);
	char *p = arena_cstr(a, s);
	ssize_t colon = str_find_char(s, ':');
	if (scheme < 0 && colon >= 0)
		p[colon] = '/';
	return lower(a, (struct str){ p, s.n });
}

struct str ecosystem_normalise(struct arena *a, const struct ecosystem *e, struct str name)
{
	switch (e->normalise) {
	case NORMALISE_LOWER:
		return lower(a, name);
	case NORMALISE_PYPI:
		return pypi(a, name);
	case NORMALISE_URL:
		return url(a, name);
	default:
		return arena_str(a, name);
	}
}
