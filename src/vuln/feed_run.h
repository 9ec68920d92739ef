/* One feed document, parsed in a sandboxed child: it goes in by a pipe, records come back by another, framed and encoded;
 * what comes back is hostile input and is decoded with bounds. */
#ifndef LAZARET_VULN_FEED_RUN_H
#define LAZARET_VULN_FEED_RUN_H

#include "base/child.h"
#include "vuln/feed.h"

enum feed_shape {
	FEED_PLAIN, /* one document, compressed or not */
	FEED_ZIP, /* a zip archive of documents */
	FEED_FILES, /* documents behind one another: u32 length of name, u32 of bytes, name, bytes */
};

enum {
	FEED_MEMBER_BYTES = 64 << 20, /* one document of a zip archive, or of FEED_FILES */
	FEED_MEMBERS = 5000000,
	FEED_SECONDS = 3600, /* processor time of one document's child */
};
#define FEED_DOCUMENT_BYTES (4ULL << 30) /* one document, inflated; also a zip archive as it is */
#define FEED_ZIP_BYTES (256ULL << 30) /* all documents of a zip archive, inflated */
#define FEED_MEMORY (768ULL << 20) /* address space of a child */

/* Parses `in` (not closed; read to its end unless it fails) and gives the records to sink in this process. launcher
 * NULL: in this process, for tests. Returns 0, the parser's code, or the code of in. The text of a parser's error is made
 * printable. */
int feed_run(struct launcher *launcher, const struct feed *feed, enum feed_shape shape,
	     struct str detail, struct stream *in, const struct feed_sink *sink, struct err *e);

/* Takes the frames of a child; for its fuzzer. */
struct feed_answer;
struct feed_answer *feed_answer_open(const struct feed_sink *sink);
int feed_answer_take(void *answer, struct str piece, struct err *e);
int feed_answer_end(struct feed_answer *answer, struct err *e); /* the child's own verdict */
void feed_answer_close(struct feed_answer *answer);

#endif
