/* All rules' keywords at once over a stream: the part of the search that sees every byte. What it hits is then looked at by
 * secret_scan.c.
 *
 * The library behind it is loaded when it is first asked for and not before, as only some commands pay for it. A sandboxed
 * child opens nothing: call secret_engine_load before it is forked. */
#ifndef LAZARET_ANALYZE_SECRET_ENGINE_H
#define LAZARET_ANALYZE_SECRET_ENGINE_H

#include "analyze/secret_rules.h"

struct secret_engine;

/* ERR_UNSUPPORTED with the reason: no library, or a processor that it does not run on. */
int secret_engine_load(struct err *e);
/* What a compiled set depends on besides the rules: library and processor. */
int secret_engine_id(struct buf *out, struct err *e);
/* Compiles the rules' keywords; *out can be kept and opened by the same library on the same kind of processor.
 * ERR_INVALID names the rule that cannot be compiled. */
int secret_engine_compile(const struct secret_rules *r, struct buf *out, struct err *e);
int secret_engine_open(struct str compiled, struct secret_engine **out, struct err *e);
void secret_engine_close(struct secret_engine *s);

/* rule: index in secret_rules.v; word: it is one of that rule's `words` that was seen, not of its keyword. end: of the hit,
 * in bytes from the stream's beginning. Hits of one rule come with ascending ends. */
struct secret_engine_sink {
	void (*hit)(void *ctx, size_t rule, bool word, uint64_t end);
	void *ctx;
};
int secret_engine_scan(struct secret_engine *s, struct str piece,
		       const struct secret_engine_sink *sink, struct err *e);
/* Ends the stream; the next piece begins another. */
int secret_engine_end(struct secret_engine *s, struct err *e);

#endif
