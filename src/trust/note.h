/* Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), and the checkpoints of Rekor 1,
 * whose key hints are made otherwise. What is signed is the text up to and with the newline before the empty line. */
#ifndef LAZARET_TRUST_NOTE_H
#define LAZARET_TRUST_NOTE_H

#include "trust/key.h"
#include "trust/merkle.h"

enum { NOTE_MAX = 64 * 1024, NOTE_SIGNATURES_MAX = 100 };

struct note_signature {
	struct str name;
	unsigned char hint[4];
	struct str bytes; /* behind the hint */
};
struct note {
	struct str text; /* with its last newline; borrowed */
	struct note_signature *v;
	size_t n;
};
struct checkpoint {
	struct str origin;
	uint64_t size;
	struct merkle_hash root;
	struct str extensions; /* other lines */
};
/* ERR_INVALID, or ERR_LIMIT beyond NOTE_MAX and NOTE_SIGNATURES_MAX. Nothing is verified. */
int note_parse(struct str bytes, struct arena *a, struct note *out, struct err *e);
/* Of a note's text, which it borrows. */
int checkpoint_parse(struct str text, struct checkpoint *out, struct err *e);
void checkpoint_text(const struct checkpoint *c, struct buf *out);
/* Base64 of 32 bytes, in the one way it can be written. */
bool merkle_hash_parse(struct str text, struct merkle_hash *out);

enum note_kind {
	NOTE_ED25519, /* 0x01: hint over name, newline, 0x01, 32 byte key */
	NOTE_COSIGNATURE, /* 0x04: Ed25519 with a time */
	/* Rekor 1 and type 0x02: ECDSA or RSA with SHA-256, or Ed25519; the hint is the key id's first bytes. */
	NOTE_SPKI,
};
struct note_verifier {
	struct str name; /* exact */
	enum note_kind kind;
	const struct key *key;
	unsigned char hint[4]; /* note_hint, or what a trust root says */
};
void note_hint(struct str name, enum note_kind kind, const struct key *k, unsigned char hint[4]);
/* Is there a line of this verifier (name and hint), and does every such line verify? Lines of others do not matter.
 * *time: of a cosignature, Unix seconds, the latest; may be NULL. */
bool note_verify(const struct note *n, const struct note_verifier *v, int64_t *time);
/* Not empty, no spaces, no '+'. */
bool note_name_valid(struct str name);
/* "name+hash+base64" keys as C2SP writes them. */
int note_verifier_parse(struct str vkey, struct arena *a, struct note_verifier *out,
			struct key **owned, struct err *e);
void note_vkey(struct str name, enum note_kind kind, const struct key *k, struct buf *out);
/* Appends a signature line to a note's text (or whole note). `time`: of a cosignature. ERR_UNSUPPORTED: a key that
 * cannot sign this kind. */
int note_sign(struct buf *note, struct str name, enum note_kind kind, const struct key *k,
	      int64_t time, struct err *e);

#endif
