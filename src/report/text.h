/* Text from an image, made fit for a format: one line of valid UTF-8 without control characters, and the escapes of the
 * formats that are no JSON. */
#ifndef LAZARET_REPORT_TEXT_H
#define LAZARET_REPORT_TEXT_H

#include "base/arena.h"

/* At most `max` characters on one line: line ends and tabs become spaces; other control characters (C0, C1, DEL), those
 * that turn the direction of writing, noncharacters and bytes that are no UTF-8 become U+FFFD. What is cut ends in U+2026.
 * The same bytes when there is nothing to change. */
struct str text_clean(struct arena *a, struct str s, size_t max);
/* As text_clean, on the way into a buffer and without a limit. */
void text_put_clean(struct buf *b, struct str s);

/* What follows cleans too. XML and HTML: content and quoted attributes. */
void text_put_xml(struct buf *b, struct str s);
/* RFC 4180; a cell that a spreadsheet would take for a formula gets a leading apostrophe. */
void text_put_csv(struct buf *b, struct str s);
/* GitHub's Markdown: nothing in it is markup, a mention, a link or the end of a table's cell. */
void text_put_markdown(struct buf *b, struct str s);
/* A path as the path of a URI reference (RFC 3986). */
void text_put_uri(struct buf *b, struct str s);
/* A JSON string with its quotes. */
void text_put_json(struct buf *b, struct str s);

/* An http or https address that may become a link. */
bool text_is_link(struct str s);

#endif
