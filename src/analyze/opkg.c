/* opkg's database of OpenWrt, Entware and Yocto images: opkg/status, paragraphs of Package, Version, Depends, Provides,
 * Architecture and Status ("install user installed"). Only what is installed counts.
 *
 * Hostile input: any lines; a paragraph that is no package makes the file unreadable, the others are kept. Which files a
 * package owns (info/NAME.list, without digests) is not read. */
#include "analyze/dcf.h"
#include "analyze/listing.h"

struct fields {
	struct str name, version, arch, status, depends, provides, licence, source;
};

static bool read_fields(struct dcf *d, struct fields *f)
{
	const struct {
		const char *key;
		struct str *to;
	} known[] = {
		{ "Package", &f->name },      { "Version", &f->version },
		{ "Architecture", &f->arch }, { "Status", &f->status },
		{ "Depends", &f->depends },   { "Provides", &f->provides },
		{ "License", &f->licence },   { "Source", &f->source },
	};
	struct str key, value;
	while (dcf_field(d, &key, &value))
		for (size_t i = 0; i < COUNT(known); i++)
			if (str_eq(key, str_of(known[i].key)))
				*known[i].to = value;
	return f->name.n && f->version.n && f->status.n && !d->broken;
}

/* "WANT FLAGS STATE": files are there from "unpacked" on. */
static bool is_installed(struct str status)
{
	struct str word, last = { 0 };
	while (str_word(&status, &word))
		last = word;
	return str_eq(last, S("installed")) || str_eq(last, S("unpacked"));
}

static void add(struct listing *l, const struct fields *f)
{
	struct arena *a = l->an->arena;
	struct str rest, name;
	struct record_package *p = listing_add(l, f->name, f->version);
	p->arch = arena_str(a, f->arch);
	listing_licence(l, p, f->licence);
	for (rest = f->depends; dcf_name(&rest, &name);)
		listing_need(l, p, name, S(""));
	for (rest = f->provides; dcf_name(&rest, &name);)
		*ARENA_PUSH(a, p->provides.v, p->provides.n, p->provides.cap) = arena_str(a, name);
	listing_set(l, p, "source", f->source);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct dcf d = { 0 };
	size_t number = 0, broken = 0, first = 0;
	(void)state;
	listing_begin(&l, an, f, "opkg", "opkg");
	int r = listing_text(&l, whole, &d.rest, e);
	if (r < 0)
		return r;
	while (dcf_paragraph(&d)) {
		struct fields one = { 0 };
		number++;
		if (!read_fields(&d, &one)) {
			if (broken++ == 0)
				first = number;
		} else if (is_installed(one.status)) {
			add(&l, &one);
		}
	}
	if (broken)
		return err_set(
			e, ERR_INVALID,
			"opkg status: %zu paragraphs are no packages, the first is number %zu",
			broken, first);
	return listing_end(&l, e);
}

static const char *const patterns[] = { "usr/lib/opkg/status", "var/lib/opkg/status",
					"opt/lib/opkg/status", NULL };

const struct analyzer analyzer_opkg = {
	.name = "opkg",
	.version = 1,
	.database = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
