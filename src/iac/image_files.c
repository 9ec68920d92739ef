/* Files against the table of checks: modes, what the accounts analyzer says of passwd, shadow and group, what the
 * leftovers analyzer met. Paths and names come from layers; they are only quoted. */
#include "iac/image_parts.h"

#include <sys/stat.h>

static void check_modes(struct image_judge *j)
{
	for (size_t i = 0; i < j->inv->n_modes; i++) {
		const struct file_mode *m = &j->inv->modes[i];
		unsigned special = m->mode & (S_ISUID | S_ISGID);
		if (special && !m->is_dir)
			image_fail(j, IMAGE_SETUID, (ssize_t)m->layer, m->path,
				   "%s, owner %u, group %u, mode %04o",
				   special == S_ISGID	? "setgid"
				   : special == S_ISUID ? "setuid"
							: "setuid and setgid",
				   m->uid, m->gid, m->mode);
		/* A folder with the sticky bit is shared on purpose, as /tmp is. */
		if (m->mode & S_IWOTH && !(m->is_dir && m->mode & S_ISVTX))
			image_fail(j, IMAGE_WRITABLE, (ssize_t)m->layer, m->path, "%s, mode %04o",
				   m->is_dir ? "a folder" : "a file", m->mode);
	}
}

static void check_accounts(struct image_judge *j, const struct fact_file *f)
{
	static const struct {
		const char *key;
		enum image_check check;
		const char *text;
	} t[] = {
		{ "empty-password", IMAGE_EMPTY_PASSWORD, "the account" },
		{ "duplicate-id", IMAGE_DUPLICATE_ID, "the number and its names:" },
		{ "duplicate-name", IMAGE_DUPLICATE_NAME, "the name" },
	};
	for (size_t i = 0; i < f->n_attrs; i++)
		for (size_t k = 0; k < COUNT(t); k++)
			if (str_eq(f->attrs[i].key, str_of(t[k].key)))
				image_fail(j, t[k].check, (ssize_t)f->layer, f->path, "%s %.*s",
					   t[k].text, STR(str_upto(f->attrs[i].value, 300)));
}

/* Of a cache one line a layer. */
struct cache {
	struct str what, folder;
	size_t layer, files;
	uint64_t bytes;
	struct cache *next;
};

static void count_cache(struct image_judge *j, struct cache **list, const struct fact_file *f,
			struct str what)
{
	struct cache *c = *list;
	while (c && !(c->layer == f->layer && str_eq(c->what, what)))
		c = c->next;
	if (!c) {
		c = ARENA_NEW(j->a, struct cache);
		ssize_t slash = str_rfind_char(f->path, '/');
		*c = (struct cache){ .what = what,
				     .folder = str_upto(f->path, (size_t)MAX(slash, (ssize_t)0)),
				     .layer = f->layer,
				     .next = *list };
		*list = c;
	}
	c->files++;
	c->bytes += f->size;
}

void image_check_files(struct image_judge *j)
{
	struct cache *caches = NULL;
	check_modes(j);
	for (size_t i = 0; i < j->inv->n_facts; i++) {
		const struct fact_file *f = &j->inv->facts[i];
		if (str_eq(f->analyzer, S("accounts")))
			check_accounts(j, f);
		if (!str_eq(f->analyzer, S("leftovers")))
			continue;
		struct str cache = record_attr(f->attrs, f->n_attrs, S("cache"));
		struct str secret = record_attr(f->attrs, f->n_attrs, S("credential"));
		struct str stray = record_attr(f->attrs, f->n_attrs, S("stray"));
		if (cache.n)
			count_cache(j, &caches, f, cache);
		else if (secret.n)
			image_fail(j, IMAGE_SECRET_FILE, (ssize_t)f->layer, f->path, "%.*s",
				   STR(secret));
		else if (stray.n)
			image_fail(j, IMAGE_STRAY, (ssize_t)f->layer, f->path, "%.*s", STR(stray));
	}
	for (const struct cache *c = caches; c; c = c->next)
		image_fail(j, IMAGE_CACHE, (ssize_t)c->layer, c->folder,
			   "%.*s: %zu file%s, %llu bytes", STR(c->what), c->files,
			   c->files == 1 ? "" : "s", (unsigned long long)c->bytes);
}
