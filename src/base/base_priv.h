/* What the parts of base share among themselves. */
#ifndef SANAD_BASE_PRIV_H
#define SANAD_BASE_PRIV_H

#include "base/base.h"

/* Bytes of the well-formed UTF-8 sequence (Unicode table 3-7) that begins at `at`, of which
 * at most `size` bytes may be read; 0 where there is none: overlong forms, surrogates and
 * what lies past U+10FFFF are not well-formed. */
size_t utf8_size(uint32_t *ret_point, const uint8_t *at, size_t size);
/* C0, C1, and the bidi overrides and isolates, which change the order in which other
 * characters are shown. */
bool text_is_control(uint32_t point);
/* False at the first byte that is not part of a well-formed sequence. */
bool text_is_utf8(struct bytes text);
/* Replaces, byte by byte, by '?' what text_is_clean would refuse. */
void text_defuse(char *text);

#endif
