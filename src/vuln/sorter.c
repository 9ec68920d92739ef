/* External merge sort. A run is a sequence of (key length, value length, key, value) in the machine's byte order: the file
 * never outlives the process. Full disks are ERR_IO. The merge keeps one window a run. */
#include "vuln/sorter.h"

#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMORY_LEAST = 1 << 20, PAIR_MAX = 64 << 20, WRITE_BUFFER = 256 * 1024, RUNS_MAX = 4096 };

struct pair_head {
	uint32_t key, value;
};
struct slot { /* offset into bytes; the order of adding is the order of offsets */
	uint64_t prefix; /* first bytes of the key, big end first: most comparisons end here */
	size_t at;
};
struct run {
	struct stream *in;
	struct buf pair;
	struct pair_head head;
};

struct sorter {
	int fd;
	size_t memory;
	char *bytes;
	size_t n_bytes;
	struct slot *slots;
	size_t n_slots, slots_cap;
	off_t file_end, *run_ends;
	size_t n_runs;
	struct run *runs; /* while merging */
	size_t *heap, n_heap; /* run numbers, the smallest first */
	size_t next_slot;
	bool merging, started;
};

int sorter_open(struct str dir, size_t memory, struct sorter **out, struct err *e)
{
	char path[4096];
	snprintf(path, sizeof path, "%.*s", STR(dir));
	int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		snprintf(path, sizeof path, "%.*s/sort.XXXXXX", STR(dir));
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd < 0)
		return err_sys(e, "make a file to sort in, in %.*s", STR(dir));
	struct sorter *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->fd = fd;
	s->memory = MAX(memory, (size_t)MEMORY_LEAST);
	*out = s;
	return 0;
}

void sorter_close(struct sorter *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->runs && i < s->n_runs; i++) {
		stream_close(s->runs[i].in);
		buf_done(&s->runs[i].pair);
	}
	close(s->fd);
	free(s->runs);
	free(s->heap);
	free(s->run_ends);
	free(s->slots);
	free(s->bytes);
	free(s);
}

void cleanup_sorter(struct sorter **s)
{
	sorter_close(*s);
}

static struct pair_head head_at(const char *p)
{
	struct pair_head h;
	memcpy(&h, p, sizeof h);
	return h;
}

static struct str key_at(const struct sorter *s, size_t at)
{
	return (struct str){ s->bytes + at + sizeof(struct pair_head), head_at(s->bytes + at).key };
}

static uint64_t prefix_of(struct str key)
{
	uint64_t v = 0;
	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (i < key.n ? (unsigned char)key.p[i] : 0);
	return v;
}

static int compare_slots(const void *x, const void *y, void *ctx)
{
	const struct sorter *s = ctx;
	const struct slot *a = x, *b = y;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int c = str_cmp(key_at(s, a->at), key_at(s, b->at));
	return c ? c : (a->at > b->at) - (a->at < b->at);
}

static void sort_slots(struct sorter *s)
{
	if (s->n_slots)
		qsort_r(s->slots, s->n_slots, sizeof *s->slots, compare_slots, s);
}

static int write_all(int fd, const char *p, size_t n, off_t at, struct err *e)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write a sorted run");
		p += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int flush_out(struct sorter *s, struct buf *out, struct err *e)
{
	int r = write_all(s->fd, out->p, out->n, s->file_end, e);
	s->file_end += (off_t)out->n;
	out->n = 0;
	return r;
}

static int write_run(struct sorter *s, struct err *e)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	int r = 0;
	if (s->n_runs == RUNS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d runs to sort", RUNS_MAX);
	sort_slots(s);
	for (size_t i = 0; i < s->n_slots && r == 0; i++) {
		const char *p = s->bytes + s->slots[i].at;
		struct pair_head h = head_at(p);
		buf_add(&out, p, sizeof h + h.key + h.value);
		if (out.n >= WRITE_BUFFER)
			r = flush_out(s, &out, e);
	}
	if (r == 0)
		r = flush_out(s, &out, e);
	if (r)
		return r;
	off_t *ends = realloc(s->run_ends, (s->n_runs + 1) * sizeof *ends);
	if (!ends)
		abort();
	s->run_ends = ends;
	ends[s->n_runs++] = s->file_end;
	s->n_slots = s->n_bytes = 0;
	return 0;
}

static void reserve(struct sorter *s, size_t need)
{
	/* A run is written before memory is full, so only a pair larger than all of it makes it grow. */
	if (!s->bytes || s->n_bytes + need > s->memory) {
		s->memory = MAX(s->memory, s->n_bytes + need);
		s->bytes = realloc(s->bytes, s->memory);
		if (!s->bytes)
			abort();
	}
	if (s->n_slots == s->slots_cap) {
		s->slots_cap = s->slots_cap ? s->slots_cap * 2 : 1024;
		struct slot *p = reallocarray(s->slots, s->slots_cap, sizeof *p);
		if (!p)
			abort();
		s->slots = p;
	}
}

int sorter_add(struct sorter *s, struct str key, struct str value, struct err *e)
{
	if (key.n > PAIR_MAX || value.n > PAIR_MAX)
		return err_set(e, ERR_LIMIT, "a record of %zu bytes is too large to sort",
			       key.n + value.n);
	struct pair_head h = { (uint32_t)key.n, (uint32_t)value.n };
	size_t need = sizeof h + key.n + value.n;
	/* The slots count as memory too. */
	if (s->n_slots && s->n_bytes + need + s->n_slots * sizeof(struct slot) > s->memory) {
		int r = write_run(s, e);
		if (r)
			return r;
	}
	reserve(s, need);
	char *p = s->bytes + s->n_bytes;
	memcpy(p, &h, sizeof h);
	if (key.n)
		memcpy(p + sizeof h, key.p, key.n);
	if (value.n)
		memcpy(p + sizeof h + key.n, value.p, value.n);
	s->slots[s->n_slots++] = (struct slot){ prefix_of(key), s->n_bytes };
	s->n_bytes += need;
	return 0;
}

static struct str run_key(const struct sorter *s, size_t run)
{
	return (struct str){ s->runs[run].pair.p, s->runs[run].head.key };
}

/* Earlier runs were added earlier. */
static bool run_before(const struct sorter *s, size_t a, size_t b)
{
	int c = str_cmp(run_key(s, a), run_key(s, b));
	return c ? c < 0 : a < b;
}

static void sift_down(struct sorter *s, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1, least = i;
		for (size_t k = child; k < child + 2 && k < s->n_heap; k++)
			if (run_before(s, s->heap[k], s->heap[least]))
				least = k;
		if (least == i)
			return;
		size_t t = s->heap[i];
		s->heap[i] = s->heap[least];
		s->heap[least] = t;
		i = least;
	}
}

/* Loads the run's next pair: 1, 0 at its end, or a code. */
static int load(struct run *r, struct err *e)
{
	ssize_t n = stream_fill(r->in, e);
	if (n <= 0)
		return (int)n;
	int t = stream_read_exact(r->in, &r->head, sizeof r->head, e);
	if (t)
		return t;
	size_t size = (size_t)r->head.key + r->head.value;
	r->pair.n = 0;
	buf_reserve(&r->pair, size);
	t = stream_read_exact(r->in, r->pair.p, size, e);
	r->pair.n = size;
	return t ? t : 1;
}

static int start_merge(struct sorter *s, struct err *e)
{
	int r = write_run(s, e);
	if (r)
		return r;
	free(s->bytes);
	free(s->slots);
	s->bytes = NULL;
	s->slots = NULL;
	s->runs = calloc(s->n_runs, sizeof *s->runs);
	s->heap = calloc(s->n_runs, sizeof *s->heap);
	if (!s->runs || !s->heap)
		abort();
	for (size_t i = 0; i < s->n_runs; i++) {
		off_t from = i ? s->run_ends[i - 1] : 0;
		s->runs[i].in = stream_fd(s->fd, false, from, (uint64_t)(s->run_ends[i] - from));
		if ((r = load(&s->runs[i], e)) < 0)
			return r;
		if (r)
			s->heap[s->n_heap++] = i;
	}
	for (size_t i = s->n_heap; i-- > 0;)
		sift_down(s, i);
	s->merging = true;
	return 0;
}

static int advance(struct sorter *s, struct err *e)
{
	int r = load(&s->runs[s->heap[0]], e);
	if (r < 0)
		return r;
	if (r == 0)
		s->heap[0] = s->heap[--s->n_heap];
	sift_down(s, 0);
	return 0;
}

static int next_in_memory(struct sorter *s, struct str *key, struct str *value)
{
	if (s->next_slot == s->n_slots)
		return 0;
	size_t at = s->slots[s->next_slot++].at;
	*key = key_at(s, at);
	*value = (struct str){ key->p + key->n, head_at(s->bytes + at).value };
	return 1;
}

int sorter_next(struct sorter *s, struct str *key, struct str *value, struct err *e)
{
	if (!s->started) {
		s->started = true;
		int r = 0;
		if (s->n_runs)
			r = start_merge(s, e);
		else
			sort_slots(s);
		if (r)
			return r;
	} else if (s->merging && s->n_heap) {
		int r = advance(s, e);
		if (r)
			return r;
	}
	if (!s->merging)
		return next_in_memory(s, key, value);
	if (s->n_heap == 0)
		return 0;
	const struct run *top = &s->runs[s->heap[0]];
	*key = run_key(s, s->heap[0]);
	*value = (struct str){ top->pair.p + top->head.key, top->head.value };
	return 1;
}
