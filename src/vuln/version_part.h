/* Pieces of versions, shared by the schemes. Nothing allocates; numbers may have any length. */
#ifndef LAZARET_VULN_VERSION_PART_H
#define LAZARET_VULN_VERSION_PART_H

#include "base/str.h"

bool part_is_digit(char c);
bool part_is_alpha(char c);
char part_lower(char c);
/* Cuts the longest run of such bytes off *s; may be empty. */
struct str part_cut(struct str *s, bool (*is)(char));
/* Not empty, and all bytes are such. */
bool part_all(struct str s, bool (*is)(char));
/* By value; an empty one is 0. */
int part_compare_digits(struct str a, struct str b);
bool part_is_zero(struct str digits);
/* By byte, ASCII letters as small ones; a prefix is lower. */
int part_compare_nocase(struct str a, struct str b);
/* Of a row: nothing, then a leading number by value and what is behind it by byte, then all else by byte. */
int part_compare_item(struct str a, struct str b);
/* Rows of items between any bytes of `separators`; one that goes on is above one that ends. */
int part_compare_row(struct str a, struct str b, const char *separators);

#endif
