/* A report as a template says it. The language (doc/lazaret-template.5):
 *
 *	{{ name }}  {{ name | filter }}  {{ "text" }}     a value, a text as it is
 *	{{#each name}} .. {{else}} .. {{/each}}           once for each of a list, or what stands for an empty one
 *	{{#if name}} .. {{else}} .. {{/if}}               where it is there; also name = "text", name != "text", not name
 *	{{! remark }}                                     nothing;  {{- and -}} take the white space beside them away
 *
 * A name is looked up in the innermost each first. Everything is checked when the template is read: names, filters, and that
 * what is repeated is a list. There is no way out of a report, no assignment and no recursion; bytes, depth, steps and
 * output are bounded. */
#include "report/template.h"

#include "report/text.h"

enum {
	DEPTH_MAX = 16,
	FILTERS_MAX = 4,
	STEPS_MAX = 50000000,
	OUTPUT_MAX = 1 << 30,
};

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_EACH, NODE_IF };
enum test { TEST_TRUE, TEST_FALSE, TEST_EQUAL, TEST_UNEQUAL };
enum place { PLACE_FIELD, PLACE_FIRST, PLACE_LAST, PLACE_INDEX };
typedef void filter(struct buf *b, struct str s);

struct name {
	const struct template_field *field;
	enum place place;
	unsigned scope; /* how many scopes from the outermost */
};
struct node {
	enum node_kind kind;
	struct node *next, *body, *otherwise;
	struct str text; /* NODE_TEXT, or what a test compares with */
	struct name name;
	enum test test;
	filter *filters[FILTERS_MAX];
	unsigned n_filters;
};

struct parser {
	struct arena *arena;
	struct str rest; /* of the template */
	struct str whole;
	const char *from; /* its name, for messages */
	enum template_type scopes[DEPTH_MAX];
	unsigned depth, nested;
	bool trim; /* white space at the start of what follows goes */
	struct str
		end; /* the tag that ended the last block: "else", "/if", "/each", empty at the end */
};

static void filter_upper(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(b, (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 32 : s.p[i]));
}

static void filter_lower(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(b, (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
}

static void filter_short(struct buf *b, struct str s)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	buf_add_str(b, text_clean(&a, s, 80));
}

static const struct {
	const char *name;
	filter *run;
} filters[] = {
	{ "html", text_put_xml },  { "xml", text_put_xml },	      { "csv", text_put_csv },
	{ "json", text_put_json }, { "markdown", text_put_markdown }, { "uri", text_put_uri },
	{ "upper", filter_upper }, { "lower", filter_lower },	      { "short", filter_short },
};

static int wrong(const struct parser *p, const char *what, struct str word, struct err *e)
{
	size_t line = 1, at = (size_t)(p->rest.p - p->whole.p);
	for (size_t i = 0; i < at && i < p->whole.n; i++)
		line += p->whole.p[i] == '\n';
	struct arena a CLEANUP(arena_done) = { 0 };
	return err_set(e, ERR_INVALID, "template %s, line %zu: %s%s%.*s%s", p->from, line, what,
		       word.n ? " '" : "", STR(text_clean(&a, word, 60)), word.n ? "'" : "");
}

/* The next word of a tag: a name, a quoted string with its quotes, or a sign. */
static bool next_word(struct str *tag, struct str *word)
{
	*tag = str_trim(*tag);
	if (!tag->n)
		return false;
	size_t n = 1;
	if (tag->p[0] == '"') {
		ssize_t end = str_find_char(str_from(*tag, 1), '"');
		n = end < 0 ? tag->n : (size_t)end + 2;
	} else if (tag->p[0] == '!' && tag->n > 1 && tag->p[1] == '=') {
		n = 2;
	} else if (!strchr("|=!", tag->p[0])) {
		while (n < tag->n && !strchr("|=! \t\r\n\"", tag->p[n]))
			n++;
	}
	*word = str_upto(*tag, n);
	*tag = str_from(*tag, n);
	return true;
}

static bool is_quoted(struct str w)
{
	return w.n >= 2 && w.p[0] == '"' && w.p[w.n - 1] == '"';
}

static int parse_name(struct parser *p, struct str word, struct name *out, struct err *e)
{
	static const char *const places[] = { "", "@first", "@last", "@index" };
	for (enum place k = PLACE_FIRST; k <= PLACE_INDEX; k++) {
		if (!str_eq(word, str_of(places[k])))
			continue;
		if (p->depth < 2)
			return wrong(p, "outside of any #each there is no", word, e);
		*out = (struct name){ NULL, k, p->depth - 1 };
		return 0;
	}
	for (unsigned s = p->depth; s-- > 0;) {
		const struct template_field *f = template_field(p->scopes[s], word);
		if (f) {
			*out = (struct name){ f, PLACE_FIELD, s };
			return 0;
		}
	}
	struct arena a CLEANUP(arena_done) = { 0 };
	struct str what =
		arena_printf(&a, "%s has no field", template_type_name(p->scopes[p->depth - 1]));
	return wrong(p, what.p, word, e);
}

static int parse_filters(struct parser *p, struct str tag, struct node *n, struct err *e)
{
	struct str word;
	while (next_word(&tag, &word)) {
		if (!str_eq(word, S("|")) || !next_word(&tag, &word))
			return wrong(p, "wanted: | and a filter, not", word, e);
		size_t k = 0;
		while (k < COUNT(filters) && !str_eq(word, str_of(filters[k].name)))
			k++;
		if (k == COUNT(filters))
			return wrong(p, "there is no filter", word, e);
		if (n->n_filters == FILTERS_MAX)
			return wrong(p, "too many filters", (struct str){ 0 }, e);
		n->filters[n->n_filters++] = filters[k].run;
	}
	return 0;
}

static struct node *add_node(struct parser *p, struct node ***at, enum node_kind kind)
{
	struct node *n = ARENA_NEW(p->arena, struct node);
	n->kind = kind;
	**at = n;
	*at = &n->next;
	return n;
}

static void add_text(struct parser *p, struct node ***at, struct str text)
{
	if (text.n)
		add_node(p, at, NODE_TEXT)->text = text;
}

static int parse_value(struct parser *p, struct str word, struct str tag, struct node ***at,
		       struct err *e)
{
	struct node *n = add_node(p, at, is_quoted(word) ? NODE_TEXT : NODE_VALUE);
	if (n->kind == NODE_TEXT) {
		n->text = str_upto(str_from(word, 1), word.n - 2);
		return str_trim(tag).n ? wrong(p, "behind a text there is", str_trim(tag), e) : 0;
	}
	if (parse_name(p, word, &n->name, e))
		return e->code;
	if (n->name.field && n->name.field->kind == TEMPLATE_LIST)
		return wrong(p, "a list is for #each and #if:", word, e);
	return parse_filters(p, tag, n, e);
}

static int parse_block(struct parser *p, struct node **out, struct err *e);

/* What follows an opening tag, up to its end; `end` is "/each" or "/if". */
static int parse_bodies(struct parser *p, struct node *n, const char *end, struct err *e)
{
	unsigned depth = p->depth;
	if (p->nested == DEPTH_MAX - 1)
		return wrong(p, "too many blocks inside one another", (struct str){ 0 }, e);
	p->nested++;
	if (n->kind == NODE_EACH)
		p->scopes[p->depth++] = n->name.field->type;
	if (parse_block(p, &n->body, e))
		return e->code;
	p->depth = depth;
	if (str_eq(p->end, S("else")) && parse_block(p, &n->otherwise, e))
		return e->code;
	p->nested--;
	if (!str_eq(p->end, str_of(end)))
		return wrong(p,
			     end[1] == 'e' ? "an #each is not ended by" : "an #if is not ended by",
			     p->end.n ? p->end : S("the end of the template"), e);
	return 0;
}

static int parse_each(struct parser *p, struct str tag, struct node ***at, struct err *e)
{
	struct str word;
	struct node *n = add_node(p, at, NODE_EACH);
	if (!next_word(&tag, &word))
		return wrong(p, "#each wants a list", (struct str){ 0 }, e);
	if (parse_name(p, word, &n->name, e))
		return e->code;
	if (!n->name.field || n->name.field->kind != TEMPLATE_LIST)
		return wrong(p, "#each wants a list, not", word, e);
	if (str_trim(tag).n)
		return wrong(p, "behind the list there is", str_trim(tag), e);
	return parse_bodies(p, n, "/each", e);
}

static int parse_if(struct parser *p, struct str tag, struct node ***at, struct err *e)
{
	struct str word = { 0 }, sign, with;
	struct node *n = add_node(p, at, NODE_IF);
	bool there = next_word(&tag, &word), not = there && str_eq(word, S("not"));
	if (not )
		there = next_word(&tag, &word);
	if (!there)
		return wrong(p, "#if wants a name", (struct str){ 0 }, e);
	if (parse_name(p, word, &n->name, e))
		return e->code;
	n->test = not ? TEST_FALSE : TEST_TRUE;
	if (next_word(&tag, &sign)) {
		bool equal = str_eq(sign, S("="));
		if (not || (!equal && !str_eq(sign, S("!="))) || !next_word(&tag, &with) ||
		    !is_quoted(with) || str_trim(tag).n)
			return wrong(p,
				     "#if wants NAME, not NAME, NAME = \"TEXT\" or NAME != "
				     "\"TEXT\"; here is",
				     sign, e);
		if (n->name.field && n->name.field->kind == TEMPLATE_LIST)
			return wrong(p, "a list is no text:", word, e);
		n->test = equal ? TEST_EQUAL : TEST_UNEQUAL;
		n->text = str_upto(str_from(with, 1), with.n - 2);
	}
	return parse_bodies(p, n, "/if", e);
}

/* Text up to the next tag, and that tag without its braces. 1: there was a tag, 0: the template's end. */
static int next_tag(struct parser *p, struct str *text, struct str *tag, struct err *e)
{
	ssize_t open = str_find(p->rest, S("{{"));
	*text = open < 0 ? p->rest : str_upto(p->rest, (size_t)open);
	if (p->trim)
		while (text->n && strchr(" \t\r\n", text->p[0]))
			*text = str_from(*text, 1);
	p->trim = false;
	if (open < 0) {
		p->rest = str_from(p->rest, p->rest.n);
		return 0;
	}
	struct str inside = str_from(p->rest, (size_t)open + 2);
	/* A quoted text may hold braces. */
	size_t n = 0;
	bool quoted = false,
	     remark = inside.n && (inside.p[0] == '!' || str_starts(inside, S("-!")));
	for (; n + 1 < inside.n && (quoted || inside.p[n] != '}' || inside.p[n + 1] != '}'); n++)
		quoted ^= inside.p[n] == '"' && !remark;
	if (n + 1 >= inside.n)
		return wrong(p, "a {{ is never closed", (struct str){ 0 }, e);
	p->rest = str_from(inside, n + 2);
	*tag = str_upto(inside, n);
	if (tag->n && tag->p[0] == '-') {
		*tag = str_from(*tag, 1);
		while (text->n && strchr(" \t\r\n", text->p[text->n - 1]))
			text->n--;
	}
	if (tag->n && tag->p[tag->n - 1] == '-') {
		tag->n--;
		p->trim = true;
	}
	*tag = str_trim(*tag);
	return 1;
}

static int parse_block(struct parser *p, struct node **out, struct err *e)
{
	struct node **at = out;
	struct str text, tag, word;
	for (;;) {
		int r = next_tag(p, &text, &tag, e);
		if (r < 0)
			return r;
		add_text(p, &at, text);
		p->end = (struct str){ 0 };
		if (r == 0)
			return 0;
		if (tag.n && tag.p[0] == '!')
			continue;
		if (!next_word(&tag, &word))
			return wrong(p, "an empty tag", (struct str){ 0 }, e);
		if (str_eq(word, S("else")) || word.p[0] == '/') {
			p->end = word;
			return str_trim(tag).n
				       ? wrong(p, "behind the end there is", str_trim(tag), e)
				       : 0;
		}
		if (str_eq(word, S("#each")))
			r = parse_each(p, tag, &at, e);
		else if (str_eq(word, S("#if")))
			r = parse_if(p, tag, &at, e);
		else if (word.p[0] == '#')
			r = wrong(p, "there is no block", word, e);
		else
			r = parse_value(p, word, tag, &at, e);
		if (r)
			return r;
	}
}

static int parse(struct arena *a, const struct format_options *opt, struct node **out,
		 struct err *e)
{
	struct parser p = {
		.arena = a, .rest = opt->template_text, .whole = opt->template_text, .depth = 1
	};
	struct node *first = NULL;
	p.from = arena_cstr(a, text_clean(a, opt->template_name, 100));
	p.scopes[0] = TEMPLATE_RUN;
	if (p.whole.n > TEMPLATE_MAX)
		return err_set(e, ERR_LIMIT, "template %s: longer than %d bytes", p.from,
			       TEMPLATE_MAX);
	if (parse_block(&p, &first, e))
		return e->code;
	if (p.end.n)
		return wrong(&p, "nothing was open before", p.end, e);
	*out = first;
	return 0;
}

int template_check(const struct format_options *opt, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct node *first;
	return parse(&a, opt, &first, e);
}

struct writer {
	struct template_run run;
	struct template_scope scopes[DEPTH_MAX];
	unsigned depth;
	struct buf *out;
	uint64_t steps;
	size_t start;
};

static void value_of(struct writer *w, const struct name *n, struct template_value *v)
{
	const struct template_scope *s = &w->scopes[n->scope];
	*v = (struct template_value){ 0 };
	switch (n->place) {
	case PLACE_FIELD:
		n->field->get(s, v);
		break;
	case PLACE_FIRST:
		v->truth = s->index == 0;
		break;
	case PLACE_LAST:
		v->truth = s->index + 1 == s->count;
		break;
	case PLACE_INDEX:
		v->text = arena_printf(w->run.arena, "%zu", s->index);
		v->truth = s->index != 0;
		break;
	}
	if (n->place == PLACE_FIRST || n->place == PLACE_LAST)
		v->text = v->truth ? S("true") : S("false");
}

static void put_value(struct writer *w, const struct node *n)
{
	struct template_value v;
	value_of(w, &n->name, &v);
	struct buf a CLEANUP(buf_done) = { 0 }, b CLEANUP(buf_done) = { 0 };
	buf_add_str(&a, v.text);
	for (unsigned i = 0; i < n->n_filters; i++) {
		b.n = 0;
		n->filters[i](&b, str_buf(&a));
		struct buf swap = a;
		a = b;
		b = swap;
	}
	buf_add_str(w->out, str_buf(&a));
}

static int put_nodes(struct writer *w, const struct node *n, struct err *e);

static int put_each(struct writer *w, const struct node *n, struct err *e)
{
	struct template_value v;
	value_of(w, &n->name, &v);
	if (!v.n)
		return put_nodes(w, n->otherwise, e);
	const struct template_view *view = w->scopes[w->depth - 1].view;
	for (size_t i = 0; i < v.n; i++) {
		const void *thing = v.base + i * v.stride;
		w->scopes[w->depth++] = (struct template_scope){
			.type = n->name.field->type,
			.thing = thing,
			.view = n->name.field->type == TEMPLATE_REPORT ? thing : view,
			.run = &w->run,
			.index = i,
			.count = v.n,
		};
		int r = put_nodes(w, n->body, e);
		w->depth--;
		if (r)
			return r;
	}
	return 0;
}

static int put_if(struct writer *w, const struct node *n, struct err *e)
{
	struct template_value v;
	value_of(w, &n->name, &v);
	bool yes = n->test == TEST_TRUE	   ? v.truth
		   : n->test == TEST_FALSE ? !v.truth
		   : n->test == TEST_EQUAL ? str_eq(v.text, n->text)
					   : !str_eq(v.text, n->text);
	return put_nodes(w, yes ? n->body : n->otherwise, e);
}

static int put_nodes(struct writer *w, const struct node *n, struct err *e)
{
	if (++w->steps > STEPS_MAX || w->out->n - w->start > OUTPUT_MAX)
		return err_set(e, ERR_LIMIT, "the template makes more than %d steps or %d bytes",
			       STEPS_MAX, OUTPUT_MAX);
	for (; n; n = n->next) {
		int r = 0;
		if (n->kind == NODE_TEXT)
			buf_add_str(w->out, n->text);
		else if (n->kind == NODE_VALUE)
			put_value(w, n);
		else
			r = n->kind == NODE_EACH ? put_each(w, n, e) : put_if(w, n, e);
		if (r)
			return r;
	}
	return 0;
}

static int write_template(const struct report *reports, size_t n, const struct format_options *opt,
			  struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct node *first = NULL;
	struct writer w = { .out = out, .depth = 1, .start = out->n };
	if (parse(&a, opt, &first, e))
		return e->code;
	template_views(&a, reports, n, opt->show_suppressed, &w.run);
	w.scopes[0] = (struct template_scope){
		.type = TEMPLATE_RUN, .thing = &w.run, .run = &w.run, .count = 1
	};
	return put_nodes(&w, first, e);
}

const struct format format_template = { "template", write_template };
