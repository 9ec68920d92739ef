/* TUF metadata of every type: parsed, written in canonical form, asked who signed it, and as a root held against
 * itself. */
#include "trust/canonical_json.h"
#include "trust/tuf_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct tuf_metadata *m)
{
	struct buf once CLEANUP(buf_done) = { 0 };
	struct err e;
	canonical_json(m->body, &once, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "root", "timestamp", "snapshot", "targets" };
	struct str text = { (const char *)data, size };
	for (size_t i = 0; i < COUNT(types); i++) {
		struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
		const struct json *entry = NULL;
		uint64_t version = 0;
		struct err e;
		if (tuf_metadata_parse(text, types[i], &m, &e))
			continue;
		check_canonical(m);
		if (m->version == 0 || m->keys.n > TUF_KEYS_MAX)
			abort();
		if (i == 0)
			tuf_metadata_verify(m, m, tuf_root_role(m, "root"), "root", &e);
		else
			JSON_EACH(role, json_get(json_get(m->body, "delegations"), "roles"))
		tuf_metadata_verify(m, m, role, "delegated", &e);
		if (tuf_meta_entry(m, S("targets"), &entry, &version, &e) == 0)
			tuf_check_file(text, entry, true, &e);
	}
	return 0;
}
