/* Makes a log of N small entries in batches, then times an inclusion proof (the log opened anew for each, its
 * checkpoint's signature verified) and an append of one entry, durable when it returns. Usage: bench-tlog DIR N;
 * prints milliseconds. */
#include "base/time.h"
#include "trust/tlog.h"

#include <stdio.h>

enum { BATCH = 1000000, PROOFS = 200, APPENDS = 50, ENTRY = 24 };

static int compare(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;
	return d < 0 ? -1 : d > 0;
}

static double since(int64_t start)
{
	return (double)(time_monotonic() - start) / 1e6;
}

static int fill(struct tlog *t, uint64_t n, struct err *e)
{
	static char texts[BATCH][ENTRY];
	static struct str v[BATCH];
	uint64_t first = 0;
	for (uint64_t at = 0; at < n; at += BATCH) {
		size_t count = (size_t)MIN(n - at, (uint64_t)BATCH);
		for (size_t i = 0; i < count; i++)
			v[i] = (struct str){ texts[i],
					     (size_t)snprintf(texts[i], ENTRY, "entry %llu",
							      (unsigned long long)(at + i)) };
		if (tlog_append(t, v, count, &first, e))
			return e->code;
	}
	return 0;
}

static int time_proofs(struct str dir, const struct note_verifier *who, uint64_t n, struct err *e)
{
	static double ms[PROOFS];
	struct merkle_proof p = { .n = 0 };
	for (size_t i = 0; i < PROOFS; i++) {
		struct tlog *t CLEANUP(cleanup_tlog) = NULL;
		int64_t start = time_monotonic();
		if (tlog_open(dir, who, &t, e) ||
		    tlog_prove_inclusion(t, i * 7919 * 6353 % n, &p, e))
			return e->code;
		ms[i] = since(start);
	}
	qsort(ms, PROOFS, sizeof *ms, compare);
	printf("proof %.3f %.3f\n", ms[PROOFS / 2], ms[PROOFS - 1]);
	return 0;
}

static int time_appends(struct tlog *t, struct err *e)
{
	static double ms[APPENDS];
	uint64_t first = 0;
	for (size_t i = 0; i < APPENDS; i++) {
		struct str one = S("one more");
		int64_t start = time_monotonic();
		if (tlog_append(t, &one, 1, &first, e))
			return e->code;
		ms[i] = since(start);
	}
	qsort(ms, APPENDS, sizeof *ms, compare);
	printf("append %.3f %.3f\n", ms[APPENDS / 2], ms[APPENDS - 1]);
	return 0;
}

int main(int argc, char **argv)
{
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct note_verifier who = { S("example.com/bench"), NOTE_ED25519, NULL, { 0 } };
	struct err e = { 0 };
	uint64_t n = 0;
	if (argc != 3 || !str_to_u64(str_of(argv[2]), 1ULL << 40, &n) || n == 0)
		return 2;
	struct str dir = str_of(argv[1]);
	int64_t start = time_monotonic();
	if (key_generate(KEY_ED25519, 0, &key, &e) || tlog_create(dir, who.name, key, &e) ||
	    tlog_open_writer(dir, key, 0, &t, &e) || fill(t, n, &e))
		goto failed;
	printf("fill %.0f\n", since(start));
	who.key = key;
	note_hint(who.name, who.kind, key, who.hint);
	if (time_proofs(dir, &who, n, &e) || time_appends(t, &e))
		goto failed;
	return 0;
failed:
	fprintf(stderr, "%s\n", e.text);
	return 3;
}
