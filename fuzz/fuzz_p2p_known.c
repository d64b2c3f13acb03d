/* Fuzzes the files of peers and bans: the first byte chooses which. What is accepted can be asked
 * for and holds nothing that would steer a terminal. */
#include "p2p/p2p_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct known known;
    if (size == 0)
        return 0;
    known_init(&known);
    enum known_file kind = data[0] & 1 ? KNOWN_BANS : KNOWN_PEERS;
    if (known_parse(&known, kind, "fuzz", bytes_of(data + 1, size - 1), NULL) == 0) {
        sanad_assert(known.peer_count <= KNOWN_MAX && known.ban_count <= BAN_MAX);
        for (size_t i = 0; i < known.ban_count; i++) {
            const struct known_ban *ban = &known.bans[i];
            sanad_assert(text_is_clean(ban->reason) && text_is_clean(ban->address.host));
            sanad_assert(ban->until == 0 ||
                         known_ban_of(&known, &ban->address, ban->until - 1) != NULL);
        }
    }
    known_free(&known);
    return 0;
}
