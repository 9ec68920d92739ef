/* 100,000 packages against 500,000 advisories, in one thread: the matcher alone, on a database made for it.
 * match DIR : makes the database below DIR when it is not there; prints the seconds of opening and matching, and how many
 * findings there were. Every other package has a record that holds. */
#include "base/time.h"
#include "vuln/match.h"

#include <stdio.h>
#include <stdlib.h>

enum { PACKAGES = 100000, ADVISORIES = 500000, NAMES = 250000 };

static const struct {
	const char *type, *ns, *scheme;
} kinds[] = {
	{ "npm", "npm", "semver" },	  { "pypi", "pypi", "pep440" },
	{ "maven", "maven", "maven" },	  { "deb", "debian:12", "deb" },
	{ "golang", "golang", "golang" },
};

static void stop(const struct err *e)
{
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

static struct str name_of(struct arena *a, size_t i)
{
	return arena_printf(a, i % COUNT(kinds) == 2 ? "group.x%zu:artifact" : "package-%zu", i);
}

static void make(const char *dir)
{
	struct advisory_writer *w;
	struct segment *s;
	struct err e = { 0 };
	const struct feed_info info = {
		.feed = S("osv"), .name = S("osv"), .origin = S("bench"), .fetched = time_now()
	};
	if (advisory_writer_open(str_of(dir), &w, &e) || segment_begin(w, &info, &s, &e))
		stop(&e);
	for (size_t i = 0; i < ADVISORIES; i++) {
		struct arena a = { 0 };
		size_t n = i % NAMES;
		struct range range = { .introduced = i < NAMES ? S("1.0.0") : S("5.0.0"),
				       .fixed = i < NAMES ? S("1.5.0") : S("5.5.0") };
		struct affected aff = { .ns = str_of(kinds[n % COUNT(kinds)].ns),
					.package = name_of(&a, n),
					.scheme = kinds[n % COUNT(kinds)].scheme,
					.status = STATUS_AFFECTED,
					.ranges = &range,
					.n_ranges = 1 };
		struct advisory adv = { .id = arena_printf(&a, "CVE-2026-%zu", i),
					.feed = S("osv"),
					.severity = SEVERITY_HIGH,
					.summary = S("a text of the length that summaries have"),
					.affected = &aff,
					.n_affected = 1 };
		if (segment_add(s, &adv, &e))
			stop(&e);
		arena_done(&a);
	}
	if (segment_end(s, 0, &e) || advisory_writer_commit(w, &e))
		stop(&e);
	advisory_writer_close(w);
}

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct advisory_db *db;
	struct match_result m = { 0 };
	struct match_options o = { .now = time_now() };
	struct inventory inv = { .arena = &a,
				 .distribution = { .id = S("debian"),
						   .version = S("12"),
						   .advisory_namespace = S("debian:12"),
						   .scheme = "deb" } };
	struct err e = { 0 };
	if (argc != 2)
		return 2;
	if (advisory_db_open(str_of(argv[1]), &db, &e) == 0)
		advisory_db_close(db);
	else
		make(argv[1]);
	inv.packages = arena_array(&a, PACKAGES, sizeof *inv.packages);
	inv.n_packages = PACKAGES;
	for (size_t i = 0; i < PACKAGES; i++) {
		struct package *p = &inv.packages[i];
		p->type = str_of(kinds[i % COUNT(kinds)].type);
		p->name = p->source_name = name_of(&a, i);
		p->version = p->source_version = i % 2 ? S("1.4.2") : S("2.0.0");
		p->owner = -1;
	}
	int64_t t = time_monotonic();
	if (advisory_db_open(str_of(argv[1]), &db, &e) || match_inventory(&inv, db, &o, &a, &m, &e))
		stop(&e);
	printf("%.3f %zu\n", (double)(time_monotonic() - t) / 1e9, m.n_findings);
	advisory_db_close(db);
	return m.n_findings == PACKAGES / 2 ? 0 : 1;
}
