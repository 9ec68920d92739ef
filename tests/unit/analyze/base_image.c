/* The base image by every kind of evidence, and the table of known layers. */
#include "drive.h"

#include "analyze/base_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ADD "{\"created_by\":\"/bin/sh -c #(nop) ADD file:a in / \"}"
#define RUN "{\"created_by\":\"RUN /bin/sh -c make # buildkit\"}"
#define CMD "{\"created_by\":\"/bin/sh -c #(nop)  CMD [\\\"sh\\\"]\",\"empty_layer\":true}"
#define ENTRY "{\"created_by\":\"ENTRYPOINT [\\\"x\\\"]\",\"empty_layer\":true}"
#define ENV "{\"created_by\":\"ENV A=CMD\",\"empty_layer\":true}"
#define FROM "{\"created_by\":\"/bin/sh -c make\",\"comment\":\"FROM docker.io/library/x:1\"}"

static void test_find(void **state)
{
	static const struct {
		const char *history, *labels, *known;
		size_t layers; /* of the image: diff ids aa.., bb.., cc.. */
		const char *name, *evidence;
		size_t base;
	} t[] = {
		{ ADD, "", "", 1, "", "", 0 },
		{ ADD "," CMD, "", "", 1, "", "", 0 },
		{ ADD "," CMD "," RUN, "", "", 2, "", "history", 1 },
		{ ADD "," CMD "," RUN "," CMD "," RUN "," ENV "," CMD, "", "", 3, "", "history",
		  2 },
		{ ADD "," ENTRY "," ENV "," RUN, "", "", 2, "", "history", 1 },
		{ ADD "," ENV "," RUN, "", "", 2, "", "", 0 },
		{ ADD "," CMD "," FROM "," RUN, "", "", 3, "docker.io/library/x:1", "history", 1 },
		{ FROM, "", "", 1, "", "", 0 },
		{ ADD "," CMD "," RUN, "\"org.opencontainers.image.base.name\":\"a/b:1\"", "", 2,
		  "a/b:1", "annotation", 1 },
		{ ADD "," CMD "," FROM, "\"org.opencontainers.image.base.name\":\"a/b:1\"", "", 2,
		  "a/b:1", "annotation", 1 },
		{ ADD, "\"org.opencontainers.image.base.name\":\"a\\nb\"", "", 1, "", "", 0 },
		{ ADD "," CMD "," RUN, "", "aa one\nbb one\n", 2, "one", "known layers", 2 },
		{ ADD "," RUN "," RUN, "", "aa one\naa two\nbb two\n", 3, "two", "known layers",
		  2 },
		{ ADD "," RUN "," RUN, "", "aa one\naa two\nbb two\ncc two\ndd two\n", 3, "one",
		  "known layers", 1 },
		{ ADD "," RUN "," RUN, "", "aa one\naa two\n", 3, "one", "known layers", 1 },
		{ ADD "," RUN "," RUN, "", "bb one\n", 3, "", "", 0 },
		{ ADD "," RUN "," RUN, "", "# nothing\n\n", 3, "", "", 0 },
		{ "", "", "", 0, "", "", 0 },
		/* More history than layers. */
		{ ADD "," ADD "," ADD "," CMD "," RUN, "", "", 2, "", "", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct err e = { 0 };
		struct image image = { 0 };
		struct base_layers known;
		struct buf table = { 0 };
		struct str rest = str_of(t[i].known), line;
		struct str config = arena_printf(&a,
						 "{\"config\":{\"Labels\":{%s}},\"rootfs\":{"
						 "\"type\":\"layers\",\"diff_ids\":[]},"
						 "\"history\":[%s]}",
						 t[i].labels, t[i].history);
		struct inventory inv = { .arena = &a, .image = &image, .n_layers = t[i].layers };
		if (image_config_parse(&a, config, &image.cfg, &e))
			fail_msg("case %zu: %s", i, e.text);
		inv.layers = arena_array(&a, 4, sizeof *inv.layers);
		for (size_t k = 0; k < 4; k++) {
			inv.layers[k] = (struct layer_info){ 0 };
			inv.layers[k].diff_id.alg = DIGEST_SHA256;
			inv.layers[k].diff_id.len = 32;
			memset(inv.layers[k].diff_id.bytes, (int)(0xAA + 0x11 * k), 32);
		}
		while (str_line(&rest, &line)) {
			if (line.n < 4 || line.p[0] == '#') {
				buf_addf(&table, "%.*s\n", STR(line));
				continue;
			}
			buf_addf(&table, "sha256:");
			for (size_t k = 0; k < 32; k++)
				buf_add_str(&table, str_upto(line, 2));
			buf_addf(&table, "%.*s\r\n", STR(str_from(line, 2)));
		}
		assert_int_equal(base_layers_parse(&a, str_buf(&table), &known, &e), 0);
		base_image_find(&inv, t[i].known[0] ? &known : NULL);
		if (!str_eq(inv.base.name, str_of(t[i].name)) ||
		    !str_eq(inv.base.evidence, str_of(t[i].evidence)) ||
		    inv.base.layers != t[i].base)
			fail_msg("case %zu: '%.*s', %.*s, %zu layers", i, STR(inv.base.name),
				 STR(inv.base.evidence), inv.base.layers);
		buf_done(&table);
		arena_done(&a);
	}
}

static void test_bad_tables(void **state)
{
	static const char *const t[] = {
		"x y\n", "sha256:12 y\n",
		"sha256:"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		"sha256:"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa a b\n"
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct err e;
		struct base_layers out;
		assert_int_equal(base_layers_parse(&a, str_of(t[i]), &out, &e), ERR_INVALID);
		assert_true(strstr(e.text, "line 1") != NULL);
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bad_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
