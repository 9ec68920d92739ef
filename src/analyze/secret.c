/* Secrets in files of any kind: every body passes through secret_scan.c, binaries and lines without end too. The rules come
 * prepared with the job; what is found becomes marks of the kind "secret", without the secret. A hostile layer may hold
 * files full of keywords (bounded a file and by the limit `secrets` of one layer; what is left out is a note). */
#include "analyze/analyzer.h"
#include "analyze/secret_scan.h"

struct keep {
	struct secret_scan *scan;
	uint64_t found;
	bool full;
};

static int open_scan(struct analysis *an, struct keep **out, struct err *e)
{
	struct keep *k = an->shared;
	if (!k) {
		struct secret_scan *s;
		int r = secret_scan_open(an->arena, an->options->secret_rules, &s, e);
		if (r)
			return r;
		k = an->shared = ARENA_NEW(an->arena, struct keep);
		k->scan = s;
	}
	*out = k;
	return 0;
}

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	struct keep *k = NULL;
	*state = NULL;
	if (f->size == 0 || !an->options || !an->options->secret_rules.n)
		return 0;
	int r = open_scan(an, &k, e);
	if (r)
		return r;
	if (k->found >= an->limits->secrets) {
		if (!k->full)
			record_add_note(
				an->arena, an->record, an->limits, f->path,
				arena_printf(an->arena,
					     "secrets: %llu were found in this layer (limit "
					     "secrets): the rest is not searched",
					     (unsigned long long)k->found));
		k->full = an->record->cut = true;
		return 0;
	}
	secret_scan_begin(k->scan, f->path, f->size);
	*state = k;
	return 0;
}

static int feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	struct keep *k = state;
	(void)an;
	return k ? secret_scan_feed(k->scan, chunk, e) : 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct keep *k = state;
	struct secret_find *v;
	size_t n;
	const char *cut;
	(void)whole;
	if (!k)
		return 0;
	if (secret_scan_end(k->scan, &v, &n, &cut, e))
		return e->code;
	if (n) {
		struct record_file *rf =
			record_add_file(an->arena, an->record, f->path, "secret", f->size);
		for (size_t i = 0; i < n; i++)
			record_add_mark(an->arena, rf, "secret", v[i].rule->id, v[i].text,
					v[i].line, v[i].end_line);
	}
	k->found += n;
	if (cut)
		record_add_note(an->arena, an->record, an->limits, f->path,
				arena_printf(an->arena, "secrets: %s", cut));
	return 0;
}

static int finish(struct analysis *an, struct err *e)
{
	struct keep *k = an->shared;
	(void)e;
	if (k)
		secret_scan_close(STEAL(k->scan));
	an->shared = NULL;
	return 0;
}

static const char *const patterns[] = { "*", NULL };

const struct analyzer analyzer_secret = {
	.name = "secret",
	.version = 2,
	.scanners = SCAN_SECRETS,
	.own_paths = true,
	.patterns = patterns,
	.begin = begin,
	.feed = feed,
	.end = end,
	.finish = finish,
};
