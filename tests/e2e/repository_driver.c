/* Drives the repository feed for the tests: a distribution and its packages come by arguments and standard input, what
 * was done and what the database then holds goes to standard output, one fact a line.
 *
 * usage: repository-driver DB CACHE APT_DIR KEYRING_DIR NAMESPACE CODENAME SCHEME NOW REPOSITORY KEYRING
 * ("-" for none); standard input: "NAME VERSION ARCH SOURCE SOURCE_VERSION" lines. */
#include "base/child.h"
#include "base/stream.h"
#include "vuln/repository.h"

#include <stdio.h>

static struct str given(const char *s)
{
	return strcmp(s, "-") == 0 ? (struct str){ 0 } : str_of(s);
}

static int read_packages(struct inventory *inv, struct arena *a, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(0, false, -1, UINT64_MAX);
	struct buf text CLEANUP(buf_done) = { 0 };
	int r = stream_read_all(in, 64 << 20, &text, e);
	struct str rest = arena_str(a, str_buf(&text)), line;
	while (r == 0 && str_line(&rest, &line)) {
		struct package *p =
			ARENA_PUSH(a, inv->packages, inv->n_packages, inv->packages_cap);
		p->type = str_of(inv->distribution.scheme);
		str_word(&line, &p->name);
		str_word(&line, &p->version);
		str_word(&line, &p->arch);
		str_word(&line, &p->source_name);
		str_word(&line, &p->source_version);
	}
	return r;
}

static void print_advisory(const struct advisory *x)
{
	const struct affected *f = x->affected;
	printf("advisory %.*s %.*s", STR(x->id), STR(f->package));
	for (size_t k = 0; k < f->n_ranges; k++)
		printf(" %.*s..%.*s", STR(f->ranges[k].introduced), STR(f->ranges[k].fixed));
	for (size_t k = 0; k < x->aliases.n; k++)
		printf(" alias=%.*s", STR(x->aliases.v[k]));
	for (size_t k = 0; k < x->related.n; k++)
		printf(" related=%.*s", STR(x->related.v[k]));
	printf(" arch=%.*s module=%.*s severity=%s\n", STR(f->arch), STR(f->module),
	       severity_name(x->severity));
}

static int print_database(const struct inventory *inv, struct str dir, struct arena *a,
			  struct err *e)
{
	struct advisory_db *db;
	struct str last = { 0 };
	int r = advisory_db_open(dir, &db, e);
	for (size_t i = 0; r == 0 && i < inv->n_packages; i++) {
		bool deb = str_eq(str_of(inv->distribution.scheme), S("deb"));
		struct str name = deb ? inv->packages[i].source_name : inv->packages[i].name;
		struct advisory *v;
		size_t n;
		if (str_eq(name, last))
			continue;
		last = name;
		r = advisory_db_find(db, inv->distribution.advisory_namespace, name, a, &v, &n, e);
		for (size_t k = 0; r == 0 && k < n; k++)
			print_advisory(&v[k]);
	}
	if (r == 0)
		advisory_db_close(db);
	return r;
}

static void print_done(const struct repository_result *result)
{
	for (size_t i = 0; i < result->v[0].notes.n; i++)
		printf("note %.*s\n", STR(result->v[0].notes.v[i]));
	for (size_t i = 0; i < result->n; i++) {
		const struct repository_done *d = &result->v[i];
		printf("done %.*s failed=%d advisories=%llu behind=%llu pending=%llu fetched=%llu "
		       "%.*s\n",
		       STR(d->origin), d->failed, (unsigned long long)d->advisories,
		       (unsigned long long)d->behind, (unsigned long long)d->pending,
		       (unsigned long long)d->fetched, STR(d->why));
	}
}

static int drive(char **arg, struct arena *a, struct err *e)
{
	struct inventory inv = { .arena = a };
	struct repository_result result = { 0 };
	struct strs repositories = { 0 };
	struct repository_options o = { .cache_dir = str_of(arg[2]),
					.apt_dir = str_of(arg[3]),
					.keyring_dir = str_of(arg[4]),
					.keyring = given(arg[10]) };
	uint64_t now;
	inv.distribution.advisory_namespace = str_of(arg[5]);
	inv.distribution.id = str_upto(str_of(arg[5]), (size_t)str_find_char(str_of(arg[5]), ':'));
	inv.distribution.codename = str_of(arg[6]);
	inv.distribution.scheme = arg[7];
	str_to_u64(str_of(arg[8]), INT64_MAX, &now);
	o.now = (int64_t)now;
	if (given(arg[9]).n)
		*ARENA_PUSH(a, repositories.v, repositories.n, repositories.cap) = given(arg[9]);
	o.repositories = repositories;
	int r = launcher_open(&o.launcher, e);
	if (r == 0)
		r = advisory_writer_open(str_of(arg[1]), &o.writer, e);
	if (r == 0)
		r = read_packages(&inv, a, e);
	if (r == 0)
		r = repository_update(&inv, &o, a, &result, e);
	if (r == 0)
		print_done(&result);
	if (r == 0)
		r = advisory_writer_commit(o.writer, e);
	if (r == 0)
		r = print_database(&inv, str_of(arg[1]), a, e);
	advisory_writer_close(o.writer);
	launcher_close(o.launcher);
	return r;
}

int main(int argc, char **argv)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct err e;
	if (argc != 11)
		return 2;
	if (drive(argv, &a, &e) == 0)
		return 0;
	fprintf(stderr, "%s\n", e.text);
	return 3;
}
