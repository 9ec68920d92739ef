/* Reports made by hand that hold every kind of find: what every format is tried on, whatever the analyzers can do. */
#ifndef LAZARET_TESTS_CRAFTED_H
#define LAZARET_TESTS_CRAFTED_H

#include "report/report.h"

struct crafted {
	struct arena arena;
	struct report reports[30];
	size_t n;
	struct str extra; /* put behind every text that may come from outside */
};

/* What an image may put into a name: quotes, markup, formulas, ends of lines, escape sequences, bytes that are no UTF-8,
 * text that turns the direction of writing, mentions, ends of tables. */
static const char crafted_hostile[] =
	"\"'`</script><script>alert(1)</script>&amp;{{x}}\r\n\t=1+1|@all [a](http://b) #1 "
	"]]>\x1b[31m\x07"
	"\x9b\xff\xc0\x80\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xef\xbf\xbe\xed\xa0\x80%s%n${x}\\ "
	"\xf0\x9f\x92\xa9";

/* The same that is valid UTF-8 all the way. */
static const char crafted_turned[] = "\xe2\x80\xae\xe2\x81\xa6\xc2\x9b"
				     "31m\xe2\x80\xa8\xd8\x9c\xef\xbf\xbe\x1b[2J\b\x7f";

static inline struct str crafted_text(struct crafted *c, const char *text)
{
	return arena_printf(&c->arena, "%s%.*s", text, STR(c->extra));
}

static inline struct strs crafted_strs(struct crafted *c, const char *first, const char *second)
{
	struct strs s = { 0 };
	*ARENA_PUSH(&c->arena, s.v, s.n, s.cap) = crafted_text(c, first);
	if (second)
		*ARENA_PUSH(&c->arena, s.v, s.n, s.cap) = crafted_text(c, second);
	return s;
}

static inline void crafted_digest(struct digest *d, char seed)
{
	digest_of(DIGEST_SHA256, (struct str){ &seed, 1 }, d);
}

static inline void crafted_image(struct crafted *c, struct inventory *inv)
{
	static const char *const steps[] = { "ADD rootfs /", "RUN apt-get install nginx",
					     "COPY app /srv" };
	struct image *im = ARENA_NEW(&c->arena, struct image);
	crafted_digest(&im->self.digest, 'i');
	crafted_digest(&im->config.digest, 'c');
	im->self.media_type = S("application/vnd.oci.image.manifest.v1+json");
	im->cfg.created = S("2026-01-02T03:04:05Z");
	inv->image = im;
	inv->target = crafted_text(c, "registry.example.org/team/app:1.2");
	inv->reference = crafted_text(c, "registry.example.org/team/app@sha256:00");
	inv->platform = (struct platform){ .os = S("linux"), .arch = S("amd64") };
	inv->n_layers = COUNT(steps);
	inv->layers = arena_array(&c->arena, COUNT(steps), sizeof *inv->layers);
	for (size_t i = 0; i < COUNT(steps); i++) {
		inv->layers[i] = (struct layer_info){ .size = 1000 * (i + 1),
						      .created_by = crafted_text(c, steps[i]),
						      .examined = i != 1 };
		crafted_digest(&inv->layers[i].digest, (char)('0' + i));
		crafted_digest(&inv->layers[i].diff_id, (char)('a' + i));
	}
	inv->base = (struct base_image){ .name = crafted_text(c, "docker.io/library/debian:12"),
					 .layers = 1,
					 .evidence = S("annotation") };
}

static inline void crafted_packages(struct crafted *c, struct inventory *inv)
{
	static const struct {
		const char *type, *name, *version, *purl, *path, *inside, *licence;
		size_t layer;
		enum relation relation;
	} rows[] = {
		{ "deb", "libssl3", "3.0.1-1",
		  "pkg:deb/debian/libssl3@3.0.1-1?arch=amd64&distro=debian-12",
		  "var/lib/dpkg/status", "", "Apache-2.0", 0, RELATION_UNKNOWN },
		{ "deb", "zlib1g", "1:1.2.13",
		  "pkg:deb/debian/zlib1g@1%3A1.2.13?arch=amd64&distro=debian-12",
		  "var/lib/dpkg/status", "", "Zlib", 1, RELATION_UNKNOWN },
		{ "maven", "org.apache.logging.log4j:log4j-core", "2.14.0",
		  "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0", "srv/app.jar",
		  "BOOT-INF/lib/log4j-core-2.14.0.jar", "Apache-2.0", 2, RELATION_UNKNOWN },
		{ "npm", "app", "1.0.0", "pkg:npm/app@1.0.0", "srv/package-lock.json", "", "MIT", 2,
		  RELATION_ROOT },
		{ "npm", "express", "4.17.0", "pkg:npm/express@4.17.0", "srv/package-lock.json", "",
		  "MIT", 2, RELATION_DIRECT },
		{ "npm", "qs", "6.7.0", "pkg:npm/qs@6.7.0", "srv/package-lock.json", "",
		  "BSD-3-Clause", 2, RELATION_INDIRECT },
		{ "npm", "qs", "6.9.0", "pkg:npm/qs@6.9.0", "srv/package-lock.json", "",
		  "BSD-3-Clause", 2, RELATION_INDIRECT },
		{ "pypi", "requests", "2.0", "pkg:pypi/requests@2.0",
		  "usr/lib/python3/dist-packages/requests-2.0.dist-info/METADATA", "",
		  "AGPL-3.0-only", 2, RELATION_UNKNOWN },
	};
	inv->n_packages = COUNT(rows);
	inv->packages = arena_array(&c->arena, COUNT(rows), sizeof *inv->packages);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct package *p = &inv->packages[i];
		*p = (struct package){ .type = str_of(rows[i].type),
				       .name = crafted_text(c, rows[i].name),
				       .version = crafted_text(c, rows[i].version),
				       .purl = str_of(rows[i].purl),
				       .path = crafted_text(c, rows[i].path),
				       .licence = str_of(rows[i].licence),
				       .relation = rows[i].relation,
				       .layer = rows[i].layer,
				       .owner = -1 };
		p->source_name = p->name;
		p->source_version = p->version;
		p->licences = crafted_strs(c, rows[i].licence, NULL);
		p->analyzer = S("crafted");
		if (rows[i].inside[0])
			p->inside = crafted_text(c, rows[i].inside);
		crafted_digest(&p->sha256, (char)('A' + i));
	}
	static const size_t app_needs[] = { 4 }, express_needs[] = { 5, 6 };
	inv->packages[3].needs = app_needs;
	inv->packages[3].n_needs = COUNT(app_needs);
	inv->packages[4].needs = express_needs;
	inv->packages[4].n_needs = COUNT(express_needs);
	inv->packages[6].dev = true;
	inv->packages[5].optional = true;
	inv->packages[7].owner = 1;
	inv->packages[7].is_owned = true;
}

static inline void crafted_findings(struct crafted *c, struct report *r)
{
	static const struct {
		const char *id, *fixed, *summary;
		size_t package;
		enum status status;
		enum severity severity;
		const char *by, *reason, *vex_status;
	} rows[] = {
		{ "CVE-2099-0001", "3.0.1-2",
		  "A certificate's name is copied without looking at its length.", 0, STATUS_FIXED,
		  SEVERITY_CRITICAL, "", "", "" },
		{ "CVE-2099-0002", "", "Timing of a comparison.", 0, STATUS_WILL_NOT_FIX,
		  SEVERITY_LOW, "", "", "" },
		{ "CVE-2099-0003", "", "", 1, STATUS_UNKNOWN, SEVERITY_UNKNOWN, "", "", "" },
		{ "CVE-2099-0004", "2.17.1", "Look-ups in what is logged.", 2, STATUS_FIXED,
		  SEVERITY_CRITICAL, "vex", "vulnerable_code_not_in_execute_path", "not_affected" },
		{ "GHSA-aaaa-bbbb-cccc", "6.7.3", "Prototype pollution.", 5, STATUS_FIXED,
		  SEVERITY_HIGH, "", "", "" },
		{ "GHSA-aaaa-bbbb-cccc", "6.9.7", "Prototype pollution.", 6, STATUS_FIXED,
		  SEVERITY_HIGH, "", "", "" },
		{ "CVE-2099-0005", "2.1", "Headers are sent to another host.", 7, STATUS_FIXED,
		  SEVERITY_MEDIUM, "ignore", "accepted until spring", "" },
		{ "CVE-2099-0006", "", "Nobody minds.", 1, STATUS_UNDER_INVESTIGATION,
		  SEVERITY_NEGLIGIBLE, "", "", "" },
	};
	r->n_findings = COUNT(rows);
	r->findings = arena_array(&c->arena, COUNT(rows), sizeof *r->findings);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct finding *f = &r->findings[i];
		*f = (struct finding){ .id = crafted_text(c, rows[i].id),
				       .package = &r->inventory->packages[rows[i].package],
				       .status = rows[i].status,
				       .severity = rows[i].severity,
				       .severity_source = S("osv"),
				       .feed = S("osv"),
				       .epss = i ? -1 : 0.97301,
				       .epss_percentile = i ? -1 : 0.99987,
				       .published = 1700000000,
				       .modified = 1710000000 };
		f->aliases = crafted_strs(c, "X-1", "X-2");
		f->references = crafted_strs(c, "https://example.org/advisory", "not an address");
		if (rows[i].fixed[0])
			f->fixed = crafted_text(c, rows[i].fixed);
		if (rows[i].summary[0])
			f->summary = crafted_text(c, rows[i].summary);
		f->suppressed.by = str_of(rows[i].by);
		f->suppressed.status = str_of(rows[i].vex_status);
		if (f->suppressed.by.n) {
			f->suppressed.reason = str_of(rows[i].reason);
			f->suppressed.source = crafted_text(c, "vex/app.openvex.json");
		}
		f->evidence = (struct evidence){ .advisory = f->id,
						 .ns = S("debian:12"),
						 .name = f->package->name,
						 .scheme = "deb",
						 .version = f->package->version };
		f->evidence.range.fixed = f->fixed;
	}
	struct finding *first = &r->findings[0];
	static struct cvss vectors[] = {
		{ { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 44 }, { "nvd", 3 }, 9.8 },
		{ { "AV:N/AC:L/Au:N/C:P/I:P/A:P", 26 }, { "nvd", 3 }, 7.5 },
		{ { "CVSS:3.1/rubbish", 16 }, { "nvd", 3 }, -1 },
	};
	first->cvss = vectors;
	first->n_cvss = COUNT(vectors);
	first->kev = first->kev_ransomware = true;
	first->kev_added = S("2099-01-02");
	first->kev_due = S("2099-01-23");
}

static inline void crafted_others(struct crafted *c, struct report *r)
{
	static const char *const ids[] = { "CIS-DI-0001", "DS-0002", NULL };
	static const struct config_check check = {
		"LZ-IMG-001",
		"HIGH",
		"The image runs as root",
		"Who breaks out of the program is root in the container.",
		"Add a USER that is not root.",
		ids,
		"https://example.org/LZ-IMG-001"
	};
	struct secret *s = ARENA_NEW(&c->arena, struct secret);
	*s = (struct secret){ S("aws-access-key-id"),
			      S("AWS access key"),
			      S("cloud"),
			      S("CRITICAL"),
			      S("file"),
			      crafted_text(c, "srv/.env"),
			      crafted_text(c, "AKIA****************"),
			      3,
			      3,
			      2,
			      true };
	struct secret *env = ARENA_NEW(&c->arena, struct secret);
	*env = (struct secret){ S("generic-password"),
				S("Password"),
				S("generic"),
				S("MEDIUM"),
				S("env"),
				crafted_text(c, "DB_PASSWORD"),
				crafted_text(c, "hu*****"),
				0,
				0,
				-1,
				false };
	r->n_secrets = 2;
	r->secrets = arena_array(&c->arena, 2, sizeof *r->secrets);
	r->secrets[0] = (struct secret_finding){ .secret = s };
	r->secrets[1] = (struct secret_finding){ .secret = env };
	r->n_checks = 2;
	r->checks = arena_array(&c->arena, 2, sizeof *r->checks);
	r->checks[0] = (struct config_finding){ .check = &check,
					      .message = crafted_text(c, "No USER is set."),
					      .layer = -1 };
	r->checks[1] = (struct config_finding){ .check = &check,
					      .message = crafted_text(c, "setuid: usr/bin/su"),
					      .path = crafted_text(c, "usr/bin/su"),
					      .line = 1,
					      .layer = 0 };
	r->checks[1].suppressed.by = S("ignore");
	r->checks[1].suppressed.reason = crafted_text(c, "wanted");
	r->n_licences = 2;
	r->licences = arena_array(&c->arena, 2, sizeof *r->licences);
	r->licences[0] = (struct licence_finding){ .package = &r->inventory->packages[7],
						   .expression = S("AGPL-3.0-only"),
						   .category = S("forbidden"),
						   .severity = SEVERITY_CRITICAL,
						   .layer = 2 };
	r->licences[1] = (struct licence_finding){ .path = crafted_text(c, "srv/LICENSE"),
						   .expression = S("GPL-3.0-or-later"),
						   .category = S("restricted"),
						   .severity = SEVERITY_HIGH,
						   .layer = 2 };
	struct malware *m = ARENA_NEW(&c->arena, struct malware);
	*m = (struct malware){ S("Miner_A"), crafted_text(c, "A program that mines coins"),
			       crafted_text(c, "tmp/x"), 1, true };
	r->n_malware = 1;
	r->malware = arena_array(&c->arena, 1, sizeof *r->malware);
	r->malware[0] = (struct malware_finding){ .malware = m };
}

static inline struct report *crafted_add(struct crafted *c)
{
	struct report *r = &c->reports[c->n++];
	struct inventory *inv = ARENA_NEW(&c->arena, struct inventory);
	inv->arena = &c->arena;
	inv->scanners = ~0u;
	*r = (struct report){ .inventory = inv, .created = 1800000000, .database = S("sha256:00") };
	return r;
}

static inline void crafted_full(struct crafted *c)
{
	struct report *r = crafted_add(c);
	struct inventory *inv = (struct inventory *)r->inventory;
	crafted_image(c, inv);
	inv->distribution = (struct distribution){ .id = S("debian"),
						   .version = S("12"),
						   .version_id = S("12"),
						   .codename = S("bookworm"),
						   .pretty_name = crafted_text(
							   c, "Debian GNU/Linux 12 (bookworm)"),
						   .eol = 1780000000 };
	crafted_packages(c, inv);
	crafted_findings(c, r);
	crafted_others(c, r);
	inv->n_not_examined = 2;
	inv->not_examined = arena_array(&c->arena, 2, sizeof *inv->not_examined);
	inv->not_examined[0] =
		(struct not_examined){ crafted_text(c, "srv/big.jar"),
				       crafted_text(c, "larger than file_bytes"), 2, false };
	inv->not_examined[1] =
		(struct not_examined){ { 0 }, S("the layer is encrypted"), 1, false };
	r->unknown = crafted_strs(c, "1 version could not be compared", NULL);
	r->warnings = crafted_strs(c, "the database is 40 days old", NULL);
	r->verdict.kind = VERDICT_DENIED;
	r->verdict.reasons = crafted_strs(c, "4 findings of severity HIGH or above", NULL);
}

/* A folder with nothing in it. */
static inline void crafted_empty(struct crafted *c)
{
	struct report *r = crafted_add(c);
	((struct inventory *)r->inventory)->target = S("dir:/srv/rootfs");
}

/* So many finds that limits of formats are met; the names are long and differ. */
static inline void crafted_many(struct crafted *c, size_t n)
{
	crafted_full(c);
	struct report *r = &c->reports[c->n - 1];
	struct finding *few = r->findings;
	struct finding *f = arena_array(&c->arena, n, sizeof *f);
	for (size_t i = 0; i < n; i++) {
		f[i] = few[i % r->n_findings];
		f[i].id = arena_printf(&c->arena, "CVE-2099-%zu", 10000 + i);
	}
	r->findings = f;
	r->n_findings = n;
}

/* "full", "hostile", "turned", "long", "empty", "none", "two", "many", "targets"; false for another word. */
static inline bool crafted_make(struct crafted *c, const char *name)
{
	*c = (struct crafted){ 0 };
	if (strcmp(name, "hostile") == 0)
		c->extra = (struct str){ crafted_hostile, sizeof crafted_hostile - 1 };
	if (strcmp(name, "turned") == 0)
		c->extra = (struct str){ crafted_turned, sizeof crafted_turned - 1 };
	if (strcmp(name, "long") == 0) {
		/* crafted_text cuts at 10,000 bytes; one name is a million characters. */
		char *p = arena_alloc(&c->arena, 1000000);
		memset(p, 'x', 1000000);
		c->extra = (struct str){ p, 9000 };
		crafted_full(c);
		c->reports[0].inventory->packages[5].name = (struct str){ p, 1000000 };
		return true;
	}
	if (strcmp(name, "none") == 0)
		return true;
	if (strcmp(name, "empty") == 0 || strcmp(name, "two") == 0)
		crafted_empty(c);
	if (strcmp(name, "full") == 0 || strcmp(name, "hostile") == 0 || strcmp(name, "two") == 0 ||
	    strcmp(name, "turned") == 0)
		crafted_full(c);
	if (strcmp(name, "many") == 0)
		crafted_many(c, 40000);
	for (size_t i = 0; i < COUNT(c->reports) && strcmp(name, "targets") == 0; i++)
		crafted_full(c);
	return c->n != 0;
}

#endif
