/* Inside of the repository feed: what its Debian and rpm halves share. */
#ifndef LAZARET_VULN_REPOSITORY_RUN_H
#define LAZARET_VULN_REPOSITORY_RUN_H

#include "base/child.h"
#include "base/fetch.h"
#include "vuln/gpgv.h"
#include "vuln/repository.h"

struct repository_run { /* one repository */
	const struct inventory *inv;
	const struct repository_options *o;
	struct fetch *fetch;
	struct arena *a;
	struct repository_done *done;
	struct gpgv_keys keys;
	struct str uri; /* without a '/' at the end */
	struct str suite; /* Debian */
	struct strs components; /* Debian; empty: all */
	struct str folder; /* in the cache, exists */
};

int repository_deb(struct repository_run *run, struct err *e);
int repository_rpm(struct repository_run *run, struct err *e);

void repository_note(struct repository_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A document of the repository into memory. `name`: its place in the cache, asked for conditionally and served from
 * there when unchanged; NULL: not kept. ERR_NOT_FOUND for 404 and 410. */
int repository_read(struct repository_run *run, struct str url, const char *name, size_t max,
		    struct buf *out, struct err *e);
/* Asks for it anew next time: what lies in the cache was no good. */
void repository_forget(struct repository_run *run, const char *name);
/* A file whose digest is known, from the cache or fetched into it; the stream checks size and digest. */
int repository_file(struct repository_run *run, struct str url, struct str name,
		    const struct digest *digest, uint64_t size, struct stream **out, struct err *e);
/* The body of an address (http, https, file). */
int repository_open(struct repository_run *run, struct str url, struct stream **out, struct err *e);
int repository_load(struct repository_run *run, struct str name, size_t max, struct buf *out,
		    struct err *e);
int repository_store(struct repository_run *run, struct str name, struct str bytes, struct err *e);

/* Lines between child and parent: fields apart by tabs. The parent believes nothing of them but their shape; a line "Z"
 * ends a whole answer, "F CODE TEXT" says why there is none. */
enum { LINE_FIELDS = 12, LINE_MAX_BYTES = 64 << 10 };
struct line_out {
	int fd;
	struct buf b;
	bool failed;
};
void line_put(struct line_out *o, size_t n, const struct str *fields);
#define LINE(o, ...) \
	line_put((o), COUNT(((struct str[]){ __VA_ARGS__ })), (struct str[]){ __VA_ARGS__ })
void line_number(char text[24], uint64_t v, struct str *out);
/* Ends an answer: "Z NUMBER" when r is 0, else "F". Returns the child's exit status. */
int line_end(struct line_out *o, int r, uint64_t number, const struct err *e);

struct line_in {
	int (*line)(void *ctx, const struct str *fields, size_t n, struct err *e);
	void *ctx;
	uint64_t max; /* bytes of the whole answer */
	/* Private. */
	struct buf partial;
	uint64_t seen, number;
	bool ended;
};
/* Feeds a piece; a child_answer's take with the line_in as ctx. */
int line_take(void *ctx, struct str piece, struct err *e);
/* 0 when the answer was whole. Frees. */
int line_done(struct line_in *in, struct err *e);
/* One job: child, answer, completeness. */
int repository_child(struct repository_run *run, child_main *main, struct str params,
		     struct stream *in, struct line_in *lines, struct err *e);

#endif
