/* Timestamps of RFC 3161 and log entries: what they prove, and the times that may be believed of them.
 *
 * A timestamp or an entry that is of something else than the signature is a no. One that is of the signature but from an
 * authority or log that nobody here trusts proves nothing and is passed over. One from a log that is trusted has to be right
 * in all that it says. An integrated time counts only when the log signed it; a log's key only within its validity, and
 * where no time is known at all, now. */
#include "trust/judge.h"
#include "trust/rekor.h"
#include "trust/timestamp.h"

static void add_time(struct judge *j, int64_t time, struct str from)
{
	j->times[j->n_times++] = (struct trusted_time){ time, from };
}

/* A trust root that names the authority's own certificate means that one. */
static bool is_the_leaf(const struct trusted_authority *t, const struct timestamp *ts)
{
	bool critical, ca = false;
	int path;
	if (!t->others.n)
		return true;
	const struct cert *first = t->others.v[0];
	if (cert_basic_constraints(first, &critical, &ca, &path) && ca)
		return true;
	return digest_eq(cert_digest(first), cert_digest(ts->chain.v[0]));
}

static bool by_authority(struct judge *j, const struct trusted_authority *t, struct str der,
			 struct str message, struct err *e)
{
	struct timestamp ts CLEANUP(timestamp_done) = { 0 };
	if (timestamp_verify(der, message, &t->others, &t->anchors, j->p->cache, j->a, &ts, e) != 1)
		return false;
	if (!validity_has(&t->valid, ts.time)) {
		err_set(e, ERR_INVALID, "%.*s was not trusted at %s", STR(t->name),
			judge_time(j, ts.time));
		return false;
	}
	if (!is_the_leaf(t, &ts)) {
		err_set(e, ERR_INVALID, "it is by another certificate than %.*s has", STR(t->name));
		return false;
	}
	add_time(j, ts.time, arena_printf(j->a, "timestamp %.*s", STR(t->name)));
	j->n_timestamps++;
	proof_check(j->out, j->a, "timestamp", CHECK_YES, "%s by %.*s", judge_time(j, ts.time),
		    STR(t->name));
	return true;
}

static bool is_of(struct judge *j, struct str der, struct str message, struct err *e)
{
	struct timestamp ts CLEANUP(timestamp_done) = { 0 };
	struct digest d;
	if (timestamp_read(der, j->a, &ts, e))
		return false;
	digest_of(ts.imprint.alg, message, &d);
	if (!digest_eq(&d, &ts.imprint))
		err_set(e, ERR_INVALID, "the timestamp is of another signature");
	return digest_eq(&d, &ts.imprint);
}

static void judge_timestamp(struct judge *j, struct str der)
{
	struct str message = j->b->timestamps_of_envelope ? j->b->envelope_json : j->b->signature;
	struct err e = { 0 };
	size_t n = 0;
	if (!is_of(j, der, message, &e)) {
		proof_check(j->out, j->a, "timestamp", CHECK_NO, "%s", e.text);
		return;
	}
	for (size_t r = 0; r < j->p->n_roots; r++)
		for (size_t i = 0; i < j->p->roots[r]->n_tsas; i++, n++)
			if (by_authority(j, &j->p->roots[r]->tsas[i], der, message, &e))
				return;
	proof_check(j->out, j->a, "timestamp", CHECK_SKIPPED, "by no authority that is trusted%s%s",
		    n ? ": " : "", n ? e.text : "");
}

void judge_timestamps(struct judge *j)
{
	for (size_t i = 0; i < j->b->n_timestamps; i++)
		judge_timestamp(j, j->b->timestamps[i]);
	if (j->p->require_timestamp && !j->n_timestamps)
		proof_check(j->out, j->a, "timestamp", CHECK_NO,
			    "a timestamp is wanted, and none of a trusted authority is there");
	else if (!j->b->n_timestamps)
		proof_check(j->out, j->a, "timestamp", CHECK_SKIPPED, "there is none");
}

/* The log's key at the times that are known without the log's word, or now. */
static bool log_was_valid(struct judge *j, const struct log_entry *l, const struct trusted_log *log,
			  struct err *e)
{
	bool signed_time = l->set.n > 0;
	int64_t at = signed_time ? l->integrated_time : j->p->now;
	bool good = signed_time || !j->n_timestamps ? validity_has(&log->valid, at) : true;
	for (size_t i = 0; !signed_time && good && i < j->n_timestamps; i++) {
		at = j->times[i].time;
		good = validity_has(&log->valid, at);
	}
	if (!good)
		err_set(e, ERR_INVALID, "the log %.*s was not trusted at %s%s", STR(log->name),
			judge_time(j, at),
			signed_time || j->n_timestamps
				? ""
				: " (now: no timestamp says when it signed)");
	return good;
}

/* Everything that the entry claims of this log; each check that fails is a no. */
static bool by_log(struct judge *j, const struct log_entry *l, const struct trusted_log *log,
		   struct str body)
{
	struct checkpoint c = { 0 };
	struct err e = { 0 };
	bool proof = l->has_proof && l->checkpoint.n;
	if (!log_was_valid(j, l, log, &e)) {
		proof_check(j->out, j->a, "log-entry", CHECK_NO, "%s", e.text);
		return false;
	}
	if (l->set.n && !rekor_set_verify(l, log)) {
		proof_check(j->out, j->a, "log-entry", CHECK_NO,
			    "the signed entry timestamp is not by %.*s, or of another entry",
			    STR(log->name));
		return false;
	}
	if (proof && rekor_checkpoint_verify(l, log, j->a, &c, &e) != 1) {
		proof_check(j->out, j->a, "checkpoint", CHECK_NO, "%s", e.text);
		return false;
	}
	if (proof)
		proof_check(j->out, j->a, "checkpoint", CHECK_YES, "signed by %.*s, %llu entries",
			    STR(log->name), (unsigned long long)c.size);
	if (proof && rekor_inclusion_verify(l, body, &c, &e) != 1) {
		proof_check(j->out, j->a, "inclusion", CHECK_NO, "%s", e.text);
		return false;
	}
	proof_check(j->out, j->a, "inclusion", proof ? CHECK_YES : CHECK_SKIPPED, "%s",
		    proof ? "the entry is in the log" : "the entry has no proof with a checkpoint");
	proof_check(j->out, j->a, "log-entry", CHECK_YES,
		    "entry %llu of %.*s is of this signature, key and digest%s",
		    (unsigned long long)l->index, STR(log->name),
		    l->set.n ? ", its time signed" : "");
	if (l->set.n)
		add_time(j, l->integrated_time, arena_printf(j->a, "log %.*s", STR(log->name)));
	return l->set.n || proof;
}

/* The instance whose validity fits, where a log is there several times. */
static const struct trusted_log *log_of(struct judge *j, const struct log_entry *l)
{
	const struct trusted_log *any = NULL;
	for (size_t r = 0; r < j->p->n_roots; r++)
		for (size_t i = 0; i < j->p->roots[r]->n_tlogs; i++) {
			const struct trusted_log *log = &j->p->roots[r]->tlogs[i];
			struct err e;
			if (!str_eq(log->id, l->log_id))
				continue;
			if (log_was_valid(j, l, log, &e))
				return log;
			any = log;
		}
	return any;
}

static bool judge_entry(struct judge *j, const struct log_entry *l)
{
	struct rekor_subject s = { .signature = j->b->signature,
				   .alg = j->alg,
				   .key = j->key,
				   .what = &j->what,
				   .dsse = j->b->is_dsse ? &j->b->dsse : NULL,
				   .envelope_json = j->b->envelope_json };
	struct str body = { 0 };
	struct err e = { 0 };
	if (j->leaf)
		s.cert_der = cert_der(j->leaf);
	if (rekor_entry_is_of(l, &s, j->a, &body, &e) != 1) {
		proof_check(j->out, j->a, "log-entry", CHECK_NO, "%s", e.text);
		return false;
	}
	const struct trusted_log *log = log_of(j, l);
	if (log)
		return by_log(j, l, log, body);
	proof_check(j->out, j->a, "log-entry", CHECK_SKIPPED,
		    "entry %llu is of this signature, in a log that is not trusted here",
		    (unsigned long long)l->index);
	return false;
}

void judge_log(struct judge *j)
{
	size_t good = 0;
	bool needed = j->p->require_log || !j->by_key;
	if (j->p->ignore_log) {
		proof_check(j->out, j->a, "log-entry", CHECK_SKIPPED, "logs are ignored, as asked");
		return;
	}
	for (size_t i = 0; i < j->b->n_entries; i++)
		good += judge_entry(j, &j->b->entries[i]);
	if (good == 0 && needed)
		proof_check(j->out, j->a, "log-entry", CHECK_NO,
			    "no entry of a trusted log is there");
	else if (!j->b->n_entries)
		proof_check(j->out, j->a, "log-entry", CHECK_SKIPPED,
			    "there is none, and a key's signature needs none");
}
