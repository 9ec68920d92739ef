/* What is still in a lower layer can be read by everybody who has the image, so marks of every record count, not only those
 * that the fold leaves visible. */
#include "analyze/marks.h"

#include "base/map.h"

struct walk_of_marks {
	struct arena *arena;
	const char *kind;
	void (*each)(void *ctx, const struct mark_place *m);
	void *ctx;
	struct map seen;
};

static bool seen_before(struct walk_of_marks *w, const struct mark_place *p)
{
	struct buf b = { 0 };
	buf_addf(&b, "%.*s %llu ", STR(p->mark->rule), (unsigned long long)p->mark->line);
	buf_add_str(&b, p->path);
	buf_add_char(&b, '\0');
	buf_add_str(&b, p->mark->text);
	void **slot = map_at(&w->seen, arena_str(w->arena, str_buf(&b)));
	bool was = *slot != NULL;
	*slot = w;
	buf_done(&b);
	return was;
}

static void tell(struct walk_of_marks *w, const struct record_file *f, struct str path,
		 size_t layer, bool deleted)
{
	for (size_t i = 0; i < f->n_marks; i++) {
		struct mark_place p = { &f->marks[i], path, layer, deleted };
		if (str_eq(p.mark->kind, str_of(w->kind)) && !seen_before(w, &p))
			w->each(w->ctx, &p);
	}
}

static struct str key_of(const struct record_file *const *f)
{
	return (struct str){ (const char *)f, sizeof *f };
}

void marks_each(const struct fold *f, const char *kind,
		void (*each)(void *ctx, const struct mark_place *m), void *ctx)
{
	struct walk_of_marks w = { .arena = f->arena, .kind = kind, .each = each, .ctx = ctx };
	struct map visible;
	map_init(&w.seen, f->arena);
	map_init(&visible, f->arena);
	for (size_t i = 0; i < f->n_files; i++) {
		const struct folded_file *ff = &f->files[i];
		if (!ff->file->n_marks)
			continue;
		*map_at(&visible, key_of(&ff->file)) = &visible;
		tell(&w, ff->file, ff->path, ff->layer, false);
	}
	for (size_t i = f->n_layers; i-- > 0;) {
		for (size_t k = 0; f->records[i] && k < f->records[i]->n_files; k++) {
			const struct record_file *rf = &f->records[i]->files[k];
			if (rf->n_marks && !map_get(&visible, key_of(&rf)))
				tell(&w, rf, rf->path, i, true);
		}
	}
}
