/* Private to fetch.c and fetch_transfer.c: one request and its response under way, and the pool of handles. A transfer
 * is driven by whoever waits for it; nothing happens in between. */
#ifndef LAZARET_BASE_FETCH_TRANSFER_H
#define LAZARET_BASE_FETCH_TRANSFER_H

#include "base/fetch.h"
#include "base/url.h"

#include <pthread.h>

enum { FETCH_POOL_MAX = 16 };           /* idle connections kept */

struct fetch_handles {                  /* of libcurl: a multi handle and the easy handle in it */
	void *multi, *easy;
};

struct fetch {
	struct fetch_options o;
	struct arena arena;             /* strings of o */
	struct buf ca;                  /* all trusted certificates, when there are more than the system's */
	pthread_mutex_t lock;
	struct fetch_handles idle[FETCH_POOL_MAX];
	size_t n_idle;
};

struct transfer {
	struct stream s;                /* the body */
	struct fetch *f;
	struct arena arena;             /* copies of the request's strings */
	struct fetch_request r;
	struct url origin, at;          /* where it began, where redirects have led */
	struct fetch_handles h;         /* NULL inside: none under way */
	void *sent;                     /* header lines */

	int status;                     /* of the response under way */
	struct buf head;                /* its header lines */
	size_t n_lines;
	bool head_done, done, paused, too_many;
	int result;                     /* of libcurl, when done */
	char detail[256];
	bool upload_begun;              /* some of the request's stream is read */
	uint64_t uploaded;              /* bytes of it */
	struct err upload_failed;       /* what its stream said; code 0: nothing */
	struct buf body;                /* bytes for the reader */
	uint64_t skip;                  /* bytes to drop: the server sends again what we have */
	uint64_t noise;                 /* counts callbacks: any change is a sign of life */

	uint64_t delivered;             /* bytes of the body given to the reader */
	uint64_t resumed_at, total;     /* total UINT64_MAX: unknown */
	struct str validator;           /* strong ETag or Last-Modified; empty: none */
	unsigned tries_left;
	unsigned backoff;               /* milliseconds */
};

/* Sends the request to t->at, from t->resumed_at on. `a` is for what is needed only now. */
int transfer_start(struct transfer *t, struct arena *a, struct err *e);
/* Until the head is complete, or (want_body) until t->body has bytes or the end has come. ERR_IO, ERR_LIMIT. */
int transfer_pump(struct transfer *t, bool want_body, struct err *e);
/* Gives the handles back; drops the connection when the body was not read to its end. */
void transfer_stop(struct transfer *t);
/* True when the failure may pass: the network, not the certificate or a limit. */
bool transfer_worth_another_try(const struct transfer *t);
/* Seconds since 1970 of an HTTP date; -1 when it is none. */
int64_t transfer_date(const char *text);
void wipe_buf(struct buf *b);           /* zeroes and frees */

#endif
