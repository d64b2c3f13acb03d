/* Which bytes are well-formed UTF-8, and which text may stand in signed bytes or on a
 * terminal. */
#include "base/base_priv.h"

size_t utf8_size(uint32_t *ret_point, const uint8_t *at, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0)
        return 0;
    size_t count = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (count == 0 || count > size)
        return 0;
    uint32_t point = count == 1 ? at[0] : at[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fu);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (at[0] > 0xf4 || point < least[count] || surrogate || point > 0x10ffff)
        return 0;
    *ret_point = point;
    return count;
}

bool text_is_control(uint32_t point)
{
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    return control || bidi;
}

/* What signed text must not hold: besides controls the noncharacters and U+FEFF, which is
 * invisible and takes part in nothing. */
static bool is_unclean(uint32_t point)
{
    enum { BYTE_ORDER_MARK = 0xfeff };
    bool noncharacter = (point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
    return text_is_control(point) || noncharacter || point == BYTE_ORDER_MARK;
}

bool text_is_utf8(struct bytes text)
{
    uint32_t point;
    for (size_t at = 0; at < text.size;) {
        size_t size = utf8_size(&point, text.data + at, text.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

bool text_is_clean(const char *text)
{
    size_t left = strlen(text);
    for (const uint8_t *p = (const uint8_t *)text; left > 0;) {
        uint32_t point;
        size_t size = utf8_size(&point, p, left);
        if (size == 0 || is_unclean(point))
            return false;
        p += size;
        left -= size;
    }
    return true;
}

void text_defuse(char *text)
{
    size_t left = strlen(text);
    for (uint8_t *p = (uint8_t *)text; left > 0;) {
        uint32_t point;
        size_t size = utf8_size(&point, p, left);
        if (size == 0 || is_unclean(point)) {
            size = size ? size : 1;
            memset(p, '?', size);
        }
        p += size;
        left -= size;
    }
}
