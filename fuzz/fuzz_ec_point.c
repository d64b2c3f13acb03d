/* Public keys as the world may hand them over: what parses has one compressed and one
 * uncompressed form, both parse to the same point, and its x alone gives the even one. */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_forms(const struct ec_point *point, struct bytes bytes)
{
    uint8_t compressed[33], uncompressed[65], again[33];
    struct ec_point parsed;
    ec_point_compressed(compressed, point);
    ec_point_uncompressed(uncompressed, point);
    sanad_assert(bytes.size == 33 ? memcmp(bytes.data, compressed, 33) == 0
                                  : memcmp(bytes.data, uncompressed, 65) == 0);
    sanad_assert(ec_point_parse(&parsed, bytes_of(compressed, 33)));
    ec_point_compressed(again, &parsed);
    sanad_assert(memcmp(again, compressed, 33) == 0);
    sanad_assert(ec_point_parse(&parsed, bytes_of(uncompressed, 65)));
    sanad_assert(ec_point_parse_xonly(&parsed, compressed + 1));
    ec_point_compressed(again, &parsed);
    sanad_assert(again[0] == 2 && memcmp(again + 1, compressed + 1, 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ec_point point;
    struct bytes bytes = bytes_of(data, size);
    if (ec_point_parse(&point, bytes)) {
        sanad_assert(size == 33 || size == 65);
        check_forms(&point, bytes);
        /* The second half of a long key serves as a tweak, in range or not. */
        if (size == 65)
            (void)ec_point_tweak_add(&point, data + 33); /* any answer, no crash */
    }
    uint8_t x[32];
    if (size >= 32 && ec_taproot_output(x, data, NULL))
        sanad_assert(ec_point_parse_xonly(&point, x));
    return 0;
}
