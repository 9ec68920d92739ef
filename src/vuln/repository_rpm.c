/* rpm repositories: repodata/repomd.xml, and the updateinfo it names by digest. repomd.xml is checked with repomd.xml.asc
 * when there is a keyring; without one only https (or a local folder) is accepted, for there the transport is all that
 * vouches for it. updateinfo.xml is parsed in a child. One advisory becomes one record for each CVE it names, so that
 * findings carry CVEs; an advisory without any stands for itself. */
#include "vuln/repository_run.h"

#include "base/map.h"
#include "base/stream.h"
#include "vuln/updateinfo.h"

enum { ANSWER_BYTES = 1 << 30, CVES_MAX = 1000 };

/* Child */
static int put_update(void *ctx, const struct update *u, struct err *e)
{
	struct line_out *o = ctx;
	char issued[24], updated[24];
	struct str i, m;
	(void)e;
	line_number(issued, u->issued > 0 ? (uint64_t)u->issued : 0, &i);
	line_number(updated, u->updated > 0 ? (uint64_t)u->updated : 0, &m);
	LINE(o, S("U"), u->id, u->severity, i, m,
	     str_upto(u->title.n ? u->title : u->summary, ADVISORY_SUMMARY));
	for (size_t k = 0; k < u->cves.n; k++)
		LINE(o, S("V"), u->cves.v[k]);
	for (size_t k = 0; k < u->references.n && k < ADVISORY_REFERENCES; k++)
		LINE(o, S("R"), u->references.v[k]);
	for (size_t k = 0; k < u->n_packages; k++)
		LINE(o, S("K"), u->packages[k].name, u->packages[k].version, u->packages[k].arch,
		     u->packages[k].module);
	LINE(o, S("Y"));
	return 0;
}

static int child_updateinfo(int in, int out, int spool, struct str params)
{
	static const struct inflate_limits limits = { UPDATEINFO_BYTES_MAX, 0, 27 };
	struct line_out o = { .fd = out };
	uint64_t skipped = 0;
	struct err e = { 0 };
	(void)spool;
	(void)params;
	struct stream *text CLEANUP(cleanup_stream) = stream_inflate_any(in, &limits);
	int r = updateinfo_read(text, put_update, &o, &skipped, &e);
	return line_end(&o, r, skipped, &e);
}

/* Parent: one update at a time into the segment. */
struct taker {
	struct repository_run *run;
	struct segment *segment;
	struct arena a; /* of the current update */
	struct advisory adv;
	struct strs cves;
	bool open;
	int64_t newest;
};

static int end_update(struct taker *t, struct err *e)
{
	struct str id = t->adv.id;
	int r = 0;
	t->open = false;
	if (t->adv.n_affected == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < t->cves.n; i++) {
		t->adv.id = t->cves.v[i];
		t->adv.related = (struct strs){ &id, 1, 1 };
		r = segment_add(t->segment, &t->adv, e);
	}
	if (t->cves.n == 0)
		r = segment_add(t->segment, &t->adv, e);
	t->run->done->advisories += t->cves.n ? t->cves.n : 1;
	return r;
}

static int begin_update(struct taker *t, const struct str *f, struct err *e)
{
	uint64_t issued, updated;
	if (!str_to_u64(f[3], 1ULL << 40, &issued) || !str_to_u64(f[4], 1ULL << 40, &updated) ||
	    f[1].n == 0)
		return err_set(e, ERR_INVALID, "the child's answer is broken");
	arena_done(&t->a);
	t->cves = (struct strs){ 0 };
	t->adv = (struct advisory){ .id = arena_str(&t->a, str_upto(f[1], 200)),
				    .feed = S("repository"),
				    .summary = arena_str(&t->a, str_upto(f[5], ADVISORY_SUMMARY)) };
	t->adv.published = (int64_t)issued;
	t->adv.modified = (int64_t)(updated ? updated : issued);
	t->newest = MAX(t->newest, t->adv.modified);
	if (!severity_parse(f[2], &t->adv.severity))
		t->adv.severity = SEVERITY_UNKNOWN;
	t->open = true;
	return 0;
}

static void add_package(struct taker *t, const struct str *f)
{
	if (t->adv.n_affected >= ADVISORY_AFFECTED) {
		repository_note(t->run, "%.*s: packages beyond %d left out", STR(t->adv.id),
				ADVISORY_AFFECTED);
		return;
	}
	struct affected *x =
		ARENA_PUSH(&t->a, t->adv.affected, t->adv.n_affected, t->adv.affected_cap);
	x->ns = t->run->inv->distribution.advisory_namespace;
	x->package = arena_str(&t->a, f[1]);
	x->scheme = "rpm";
	x->by_binary = true;
	x->arch = arena_str(&t->a, f[3]);
	x->module = arena_str(&t->a, f[4]);
	x->status = STATUS_AFFECTED;
	*ARENA_PUSH(&t->a, x->ranges, x->n_ranges, x->ranges_cap) =
		(struct range){ .introduced = S("0"), .fixed = arena_str(&t->a, f[2]) };
}

static int take_line(void *ctx, const struct str *f, size_t n, struct err *e)
{
	struct taker *t = ctx;
	if (n == 6 && str_eq(f[0], S("U")))
		return begin_update(t, f, e);
	if (!t->open)
		return err_set(e, ERR_INVALID, "the child's answer is broken");
	if (n == 2 && str_eq(f[0], S("V"))) {
		if (t->cves.n < CVES_MAX)
			*ARENA_PUSH(&t->a, t->cves.v, t->cves.n, t->cves.cap) =
				arena_str(&t->a, str_upto(f[1], 64));
	} else if (n == 2 && str_eq(f[0], S("R"))) {
		if (t->adv.references.n < ADVISORY_REFERENCES)
			*ARENA_PUSH(&t->a, t->adv.references.v, t->adv.references.n,
				    t->adv.references.cap) = arena_str(&t->a, f[1]);
	} else if (n == 5 && str_eq(f[0], S("K"))) {
		add_package(t, f);
	} else if (n == 1 && str_eq(f[0], S("Y"))) {
		return end_update(t, e);
	} else {
		return err_set(e, ERR_INVALID, "the child's answer is broken");
	}
	return 0;
}

static int get_repomd(struct repository_run *run, struct str *text, struct err *e)
{
	struct buf body CLEANUP(buf_done) = { 0 }, signature CLEANUP(buf_done) = { 0 };
	struct str url = arena_printf(run->a, "%.*s/repodata/repomd.xml", STR(run->uri));
	bool with_keys = run->keys.keyrings.n > 0;
	if (!with_keys && str_starts(run->uri, S("http:")))
		return err_set(e, ERR_INVALID,
			       "%.*s: nothing vouches for a repository read by plain http; name "
			       "its keyring by --keyring, or use "
			       "https",
			       STR(run->uri));
	int r = repository_read(run, url, "repomd.xml", REPOMD_BYTES_MAX, &body, e);
	if (r)
		return r;
	*text = arena_str(run->a, str_buf(&body));
	if (!with_keys) {
		repository_note(run,
				"repomd.xml was not checked against a signature (no --keyring)");
		return 0;
	}
	r = repository_read(run, arena_printf(run->a, "%.*s.asc", STR(url)), NULL, REPOMD_BYTES_MAX,
			    &signature, e);
	if (r == 0 && signature.n == 0)
		r = err_set(e, ERR_INVALID, "repomd.xml.asc is empty");
	if (r == 0)
		r = gpgv_verify(run->a, &run->keys, *text, str_buf(&signature), text, e);
	if (r)
		repository_forget(run, "repomd.xml");
	return r ? err_in(e, "repomd.xml of %.*s", STR(run->uri)) : 0;
}

static int read_updateinfo(struct taker *t, const struct repomd_file *f, struct err *e)
{
	struct repository_run *run = t->run;
	char text[DIGEST_TEXT];
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct line_in lines = { .line = take_line, .ctx = t, .max = ANSWER_BYTES };
	struct str name = arena_printf(run->a, "updateinfo-%.64s",
				       strchr(digest_text(&f->digest, text), ':') + 1);
	int r = repository_file(run, arena_printf(run->a, "%.*s/%.*s", STR(run->uri), STR(f->href)),
				name, &f->digest, f->size, &in, e);
	if (r == 0)
		r = repository_child(run, child_updateinfo, (struct str){ 0 }, in, &lines, e);
	if (r)
		return err_in(e, "%.*s of %.*s", STR(f->href), STR(run->uri));
	if (lines.number)
		repository_note(run, "%llu broken records were passed over",
				(unsigned long long)lines.number);
	return 0;
}

int repository_rpm(struct repository_run *run, struct err *e)
{
	struct str text;
	struct repomd_file f;
	struct taker t = { .run = run };
	int r = get_repomd(run, &text, e);
	if (r == 0)
		r = repomd_find(run->a, text, S("updateinfo"), &f, e);
	if (r)
		return err_in(e, "%.*s", STR(run->uri));
	struct feed_info info = { .feed = S("repository"),
				  .name = run->done->name,
				  .origin = run->done->origin,
				  .fetched = run->o->now,
				  .newest = f.timestamp,
				  .repository = true };
	digest_of(DIGEST_SHA256, text, &info.digest);
	r = segment_begin(run->o->writer, &info, &t.segment, e);
	if (r)
		return r;
	r = read_updateinfo(&t, &f, e);
	arena_done(&t.a);
	if (r == 0)
		return segment_end(t.segment, run->done->notes.n, e);
	segment_abort(t.segment);
	return r;
}
