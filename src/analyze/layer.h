/* One layer (or a directory's stream) through a sandboxed child into a record. The caller hashes; the child inflates,
 * walks the tar, matches paths, runs analyzers, encodes. */
#ifndef LAZARET_ANALYZE_LAYER_H
#define LAZARET_ANALYZE_LAYER_H

#include "analyze/analyzer.h"

/* A second reading: the body of `source` in this layer is given to the analyzers as if it lay at `path`. When both end
 * in '/', that goes for everything below: source "data/dpkg/" and path "var/lib/dpkg/". A layer given with aliases has
 * only them read. */
struct launcher;

struct layer_alias {
	struct str source, path;
};
struct layer_input {
	struct stream *
		bytes; /* compressed or not, told by magic bytes; verified by the caller's stream */
	struct str media_type; /* may be empty; a disagreement is a note */
	const struct layer_alias *aliases; /* NULL: every file under its own path */
	size_t n_aliases;
	int64_t deadline; /* of the first input: CLOCK_MONOTONIC nanoseconds, 0: none */
};

/* Runs one child over one or more layers (several only for companions from different layers). Returns 0 with a record
 * in `a`; the code of a stream that failed (ERR_INVALID for a digest; then nothing of the record may be used), ERR_IO
 * "timeout" past the deadline, ERR_UNSUPPORTED when no sandboxed child can be started; other trouble
 * inside the layer or with the child is a note in the record. raw, when not NULL, receives the encoded record; it stays empty
 * when the child did not end well, as such a record must not be kept. */
int layer_analyze(struct launcher *launcher, const struct analysis_options *options,
		  const struct layer_input *inputs, size_t n, const struct limits *l, struct arena *a, struct layer_record *out,
		  struct buf *raw, struct err *e);

/* The child's side: reads frames from `in`, writes the encoded record to `out`. Also what the fuzzer drives: with a
 * plain stream and no sandbox. */
int layer_walk(struct stream *layer, const struct analysis_options *options,
	       const struct layer_input *in, const struct limits *l, struct arena *a,
	       struct layer_record *out, struct err *e);

/* Part of the cache key: changes with the name and version of every analyzer that runs, with rules and RECORD_FORMAT. */
void layer_analyzers_id(const struct analysis_options *options, struct buf *out);

#endif
