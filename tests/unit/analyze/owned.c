/* Ownership by proof: digests, layers, links on the way, and what an installer wrote over a distribution's files. */
#include "analyze/owned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "../../layers.h"

struct made {
	struct arena a;
	struct limits l;
	struct fold f;
	struct inventory inv;
	unsigned char sums[4][16];
};

static void make(struct made *m, const char *layers)
{
	size_t n;
	memset(m, 0, sizeof *m);
	limits_default(&m->l);
	m->f = (struct fold){ .arena = &m->a, .limits = &m->l, .analyzers = test_analyzers };
	m->f.records = layers_parse(&m->a, str_of(layers), &n);
	m->f.n_layers = n;
	fold_layers(&m->f);
	m->inv = (struct inventory){ .arena = &m->a };
	for (unsigned i = 0; i < COUNT(m->sums); i++)
		memset(m->sums[i], (int)i, sizeof m->sums[i]);
}

static struct package *add(struct made *m, const char *type, const char *path, size_t layer)
{
	struct package *p =
		ARENA_PUSH(&m->a, m->inv.packages, m->inv.n_packages, m->inv.packages_cap);
	*p = (struct package){ .type = str_of(type),
			       .name = S("x"),
			       .path = str_of(path),
			       .analyzer = S("t"),
			       .layer = layer,
			       .owner = -1 };
	return p;
}

/* The distribution's package, with one file and the digest it recorded (sum < 0: none). */
static void add_owner(struct made *m, const char *path, int sum, size_t layer)
{
	struct package *p = add(m, "deb", "var/lib/dpkg/status", layer);
	p->owned = ARENA_NEW(&m->a, struct owned_file);
	p->n_owned = 1;
	p->owned[0].path = str_of(path);
	if (sum >= 0) {
		p->owned[0].sum = m->sums[sum];
		p->owned[0].alg = DIGEST_MD5;
	}
}

static void add_library(struct made *m, const char *path, int sum)
{
	struct package *p = add(m, "maven", path, 0);
	p->md5 = (struct digest){ .alg = DIGEST_MD5, .len = 16 };
	memcpy(p->md5.bytes, m->sums[sum], 16);
}

static void test_proof(void **state)
{
	static const struct {
		const char *layers, *owned;
		int recorded, is;
		size_t layer;
		bool proved;
	} t[] = {
		{ "f usr/share/x.jar", "usr/share/x.jar", 1, 1, 0, true },
		{ "f usr/share/x.jar", "usr/share/x.jar", 1, 2, 0, false },
		{ "f usr/share/x.jar", "usr/share/y.jar", 1, 1, 0, false },
		/* No digest: the layer decides. */
		{ "f usr/share/x.jar", "usr/share/x.jar", -1, 1, 0, true },
		{ "f usr/share/x.jar\n=\nf usr/share/x.jar", "usr/share/x.jar", -1, 1, 0, false },
		{ "x z\n=\nf usr/share/x.jar", "usr/share/x.jar", -1, 1, 1, true },
		/* The database names a path through a link of the root file system. */
		{ "l share usr/share\nd usr/share\nf usr/share/x.jar", "share/x.jar", 1, 1, 0,
		  true },
		{ "l share usr/other\nd usr/share\nf usr/share/x.jar", "share/x.jar", 1, 1, 0,
		  false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct made m;
		make(&m, t[i].layers);
		add_owner(&m, t[i].owned, t[i].recorded, t[i].layer);
		add_library(&m, "usr/share/x.jar", t[i].is);
		owned_prove(&m.f, &m.inv);
		if (m.inv.packages[1].is_owned != t[i].proved ||
		    m.inv.packages[1].owner != (t[i].proved ? 0 : -1))
			fail_msg("case %zu", i);
		assert_int_equal(m.inv.packages[0].owner, -1);
		arena_done(&m.a);
	}
}

/* Without digests whatever a distribution installed would count as somebody else's. */
static void test_who_takes_digests(void **state)
{
	/* What no distribution's package holds, or what lists none. */
	static const char *const other[] = { "osrelease", "bitnami", "nix" };
	(void)state;
	for (size_t i = 0; analyzers[i]; i++) {
		const struct analyzer *z = analyzers[i];
		bool needs = !z->lockfile && !z->database &&
			     (!z->scanners || z->scanners & SCAN_PACKAGES);
		for (size_t k = 0; k < COUNT(other); k++)
			needs &= strcmp(other[k], z->name) != 0;
		if (needs && !z->digests)
			fail_msg("%s takes none", z->name);
		if (z->digests && !z->want_whole)
			fail_msg("%s takes some of bodies that are not kept", z->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof),
		cmocka_unit_test(test_who_takes_digests),
	};
	return cmocka_run_group_tests_name("analyze/owned", tests, NULL, NULL);
}
