/* Segments: one feed document's records, one after the other, each behind its type and length; then the document's
 * description and a tail of fixed size that leads to it. The time of fetching stands in the tail, so that a document that
 * did not change needs eight bytes written. A segment appears under its name only when it is whole.
 *
 * Segments are ours, but disks fail: the tail's magic, every length and every record are checked when read. */
#include "vuln/advisory_store.h"

#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { WRITE_BUFFER = 256 * 1024, TAIL = 24, INFO_MAX = 1 << 20 };

static const char head_magic[8] = { 'L', 'Z', 'S', 'E', 'G', 0, 0, ADVISORY_FORMAT };
static const char tail_magic[8] = { 'L', 'Z', 'S', 'E', 'N', 'D', 0, ADVISORY_FORMAT };

struct segment {
	struct advisory_writer *writer;
	struct feed_info info;
	struct arena arena;
	int fd;
	uint64_t offset;
	struct buf out, record;
	char file[SEGMENT_NAME_MAX * 3 + 8], aside[SEGMENT_NAME_MAX * 3 + 16];
};

bool segment_file(struct str name, char out[SEGMENT_NAME_MAX * 3 + 8])
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = out;
	if (name.n == 0 || name.n > SEGMENT_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '_' || (c == '.' && i);
		if (plain) {
			*p++ = (char)c;
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	memcpy(p, ".seg", 5);
	return true;
}

static int flush(struct segment *s, struct err *e)
{
	const char *p = s->out.p;
	for (size_t left = s->out.n; left;) {
		ssize_t w = write(s->fd, p, left);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write the segment of %.*s", STR(s->info.name));
		p += w;
		left -= (size_t)w;
	}
	s->offset += s->out.n;
	s->out.n = 0;
	return 0;
}

int segment_begin(struct advisory_writer *w, const struct feed_info *info, struct segment **out,
		  struct err *e)
{
	char file[SEGMENT_NAME_MAX * 3 + 8];
	if (!segment_file(info->name, file))
		return err_set(e, ERR_LIMIT, "'%.*s' is no name for a document: 1 to %d bytes",
			       STR(info->name), SEGMENT_NAME_MAX);
	struct segment *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->writer = w;
	s->info = *info;
	s->info.feed = arena_str(&s->arena, info->feed);
	s->info.name = arena_str(&s->arena, info->name);
	s->info.origin = arena_str(&s->arena, info->origin);
	s->info.etag = arena_str(&s->arena, info->etag);
	s->info.last_modified = arena_str(&s->arena, info->last_modified);
	s->info.records = s->info.skipped = 0;
	memcpy(s->file, file, sizeof file);
	snprintf(s->aside, sizeof s->aside, "%s.tmp", file);
	s->fd = openat(w->segments_fd, s->aside,
		       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (s->fd < 0) {
		int r = err_sys(e, "create the segment of %.*s in %s", STR(info->name), w->dir);
		s->aside[0] = '\0';
		segment_abort(s);
		return r;
	}
	buf_add(&s->out, head_magic, sizeof head_magic);
	*out = s;
	return 0;
}

/* The record's bytes are in s->record. */
static int add_record(struct segment *s, enum segment_type type, struct err *e)
{
	if (s->record.n > ADVISORY_BYTES)
		return err_set(e, ERR_LIMIT, "a record of %zu bytes is larger than %d", s->record.n,
			       ADVISORY_BYTES);
	if (s->info.records == RECORDS_MAX)
		return err_set(e, ERR_LIMIT, "%.*s has more than %d records", STR(s->info.name),
			       RECORDS_MAX);
	buf_add_char(&s->out, (char)type);
	code_put_str(&s->out, str_buf(&s->record));
	s->info.records++;
	return s->out.n >= WRITE_BUFFER ? flush(s, e) : 0;
}

static int check_keys(const struct advisory *adv, struct err *e)
{
	if (adv->id.n == 0 || adv->id.n > STORE_KEY_MAX)
		return err_set(e, ERR_LIMIT, "an id of %zu bytes", adv->id.n);
	for (size_t i = 0; i < adv->n_affected; i++) {
		const struct affected *f = &adv->affected[i];
		if (f->ns.n == 0 || f->package.n == 0 || f->ns.n + 1 + f->package.n > STORE_KEY_MAX)
			return err_set(e, ERR_LIMIT, "%.*s: a package name of %zu bytes in '%.*s'",
				       STR(adv->id), f->package.n, STR(f->ns));
	}
	return 0;
}

int segment_add(struct segment *s, const struct advisory *adv, struct err *e)
{
	struct advisory named = *adv;
	if (named.feed.n == 0)
		named.feed = s->info.feed;
	s->record.n = 0;
	int r = check_keys(&named, e);
	if (r == 0)
		r = advisory_encode(&named, &s->record, e);
	if (r == 0)
		r = add_record(s, SEGMENT_ADVISORY, e);
	if (r == 0)
		s->info.newest = MAX(s->info.newest, adv->modified);
	return r;
}

int segment_add_kev(struct segment *s, const struct kev *k, struct err *e)
{
	int64_t added;
	if (k->id.n == 0 || k->id.n > STORE_KEY_MAX)
		return err_set(e, ERR_LIMIT, "an id of %zu bytes", k->id.n);
	s->record.n = 0;
	kev_encode(k, &s->record);
	int r = add_record(s, SEGMENT_KEV, e);
	if (r == 0 && time_parse_date(k->added, &added))
		s->info.newest = MAX(s->info.newest, added);
	return r;
}

int segment_add_epss(struct segment *s, const struct epss *p, struct err *e)
{
	if (p->id.n == 0 || p->id.n > STORE_KEY_MAX)
		return err_set(e, ERR_LIMIT, "an id of %zu bytes", p->id.n);
	s->record.n = 0;
	epss_encode(p, &s->record);
	return add_record(s, SEGMENT_EPSS, e);
}

static int write_tail(struct segment *s, struct err *e)
{
	uint64_t at = s->offset + s->out.n;
	s->record.n = 0;
	feed_info_encode(&s->info, &s->record);
	buf_add_char(&s->out, SEGMENT_END);
	code_put_str(&s->out, str_buf(&s->record));
	buf_add(&s->out, &at, sizeof at);
	buf_add(&s->out, &s->info.fetched, sizeof s->info.fetched);
	buf_add(&s->out, tail_magic, sizeof tail_magic);
	return flush(s, e);
}

int segment_end(struct segment *s, uint64_t skipped, struct err *e)
{
	s->info.skipped = skipped;
	int r = write_tail(s, e);
	if (r == 0 && (fchmod(s->fd, 0644) || fdatasync(s->fd)))
		r = err_sys(e, "sync the segment of %.*s", STR(s->info.name));
	if (r == 0 && renameat(s->writer->segments_fd, s->aside, s->writer->segments_fd, s->file))
		r = err_sys(e, "publish the segment of %.*s", STR(s->info.name));
	if (r == 0) {
		s->writer->changed = true;
		s->aside[0] = '\0';
	}
	segment_abort(s);
	return r;
}

void segment_abort(struct segment *s)
{
	if (!s)
		return;
	if (s->aside[0])
		unlinkat(s->writer->segments_fd, s->aside, 0);
	cleanup_fd(&s->fd);
	buf_done(&s->out);
	buf_done(&s->record);
	arena_done(&s->arena);
	free(s);
}

int segment_info(int fd, struct buf *bytes, struct feed_info *out, struct err *e)
{
	struct stat st;
	char tail[TAIL];
	uint64_t at, size;
	int64_t fetched;
	if (fstat(fd, &st))
		return err_sys(e, "stat a segment");
	size = (uint64_t)st.st_size;
	if (size < sizeof head_magic + TAIL || pread(fd, tail, TAIL, st.st_size - TAIL) != TAIL ||
	    memcmp(tail + 16, tail_magic, sizeof tail_magic) != 0)
		return err_set(e, ERR_INVALID, "the segment has no end of this format");
	memcpy(&at, tail, sizeof at);
	memcpy(&fetched, tail + 8, sizeof fetched);
	if (at < sizeof head_magic || at > size - TAIL || size - TAIL - at > INFO_MAX)
		return err_set(e, ERR_INVALID, "the segment's end is damaged");
	size_t n = (size_t)(size - TAIL - at);
	bytes->n = 0;
	buf_reserve(bytes, n + 1);
	if (pread(fd, bytes->p, n, (off_t)at) != (ssize_t)n)
		return err_set(e, ERR_IO, "the segment cannot be read");
	bytes->n = n;
	struct code c = code_of(str_buf(bytes));
	uint64_t type = code_number(&c, SEGMENT_EPSS);
	struct str info = code_str(&c);
	if (c.bad || c.p != c.end || type != SEGMENT_END)
		return err_set(e, ERR_INVALID, "the segment's description is damaged");
	int r = feed_info_decode(info, out, e);
	if (r == 0)
		out->fetched = fetched;
	return r;
}

/* A number in base 128 from the stream. */
static int read_number(struct stream *in, uint64_t max, uint64_t *out, struct err *e)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 63; shift += 7) {
		unsigned char c;
		int r = stream_read_exact(in, &c, 1, e);
		if (r)
			return r;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*out = v;
			return v <= max ? 0
					: err_set(e, ERR_INVALID,
						  "a length of the segment is damaged");
		}
	}
	return err_set(e, ERR_INVALID, "a length of the segment is damaged");
}

/* One record into *b; its type, or a code. */
static int read_record(struct stream *in, struct buf *b, struct err *e)
{
	unsigned char type;
	uint64_t n = 0;
	int r = stream_read_exact(in, &type, 1, e);
	if (r == 0 && type > SEGMENT_EPSS)
		r = err_set(e, ERR_INVALID, "a record of the segment has an unknown type");
	if (r == 0)
		r = read_number(in, ADVISORY_BYTES, &n, e);
	if (r)
		return r;
	b->n = 0;
	buf_reserve(b, (size_t)n + 1);
	r = stream_read_exact(in, b->p, (size_t)n, e);
	b->n = (size_t)n;
	return r ? r : type;
}

int segment_each(int fd,
		 int (*record)(void *ctx, enum segment_type type, struct str bytes, struct err *e),
		 void *ctx, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, false, 0, UINT64_MAX);
	struct buf b CLEANUP(buf_done) = { 0 };
	char magic[sizeof head_magic];
	int r = stream_read_exact(in, magic, sizeof magic, e);
	if (r == 0 && memcmp(magic, head_magic, sizeof magic) != 0)
		r = err_set(e, ERR_INVALID, "the segment is of another format");
	while (r == 0) {
		int type = read_record(in, &b, e);
		if (type <= 0)
			return type;
		r = record(ctx, (enum segment_type)type, str_buf(&b), e);
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

int segments_list(const struct advisory_writer *w, struct arena *a, struct strs *out, struct err *e)
{
	int fd = openat(w->segments_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct strs v = { 0 };
	if (!d)
		return err_sys(e, "list the segments in %s", w->dir);
	for (struct dirent *x; (x = readdir(d)) && v.n < SEGMENTS_MAX;)
		if (str_ends(str_of(x->d_name), S(".seg")))
			*ARENA_PUSH(a, v.v, v.n, v.cap) = arena_str(a, str_of(x->d_name));
	closedir(d);
	if (v.n)
		qsort(v.v, v.n, sizeof *v.v, compare_names);
	*out = v;
	return v.n < SEGMENTS_MAX
		       ? 0
		       : err_set(e, ERR_LIMIT, "more than %d segments in %s", SEGMENTS_MAX, w->dir);
}
