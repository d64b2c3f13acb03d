/* The sets of coins that Bitcoin Core has compiled in: block and hash_serialized_3. Facts of
 * src/kernel/chainparams.cpp of Bitcoin Core 30 (m_assumeutxo_data). */
#include "snapshot/snapshot_priv.h"

static const struct snapshot_known known[] = {
    {CHAIN_MAIN, 840000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5",
     "a2a5521b1b5ab65f67818e5e8eccabb7171a517f9e2382208f77687310768f96"},
    {CHAIN_MAIN, 880000, "000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880",
     "dbd190983eaf433ef7c15f78a278ae42c00ef52e0fd2a54953782175fbadcea9"},
    {CHAIN_MAIN, 910000, "0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821",
     "4daf8a17b4902498c5787966a2b51c613acdab5df5db73f196fa59a4da2f1568"},
    {CHAIN_MAIN, 935000, "0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee",
     "e4b90ef9eae834f56c4b64d2d50143cee10ad87994c614d7d04125e2a6025050"},
    {CHAIN_TESTNET4, 90000, "0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b",
     "784fb5e98241de66fdd429f4392155c9e7db5c017148e66e8fdbc95746f8b9b5"},
    {CHAIN_TESTNET4, 120000, "000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8",
     "10b05d05ad468d0971162e1b222a4aa66caca89da2bb2a93f8f37fb29c4794b0"},
    {CHAIN_SIGNET, 160000, "0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c",
     "fe0a44309b74d6b5883d246cb419c6221bcccf0b308c9b59b7d70783dbdf928a"},
    {CHAIN_SIGNET, 290000, "0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0",
     "97267e000b4b876800167e71b9123f1529d13b14308abec2888bbd2160d14545"},
};

const struct snapshot_known *snapshot_known_find(const struct chain_params *params,
                                                 const struct hash256 *base)
{
    char text[HEX256_SIZE];
    hash256_display(text, base);
    for (size_t i = 0; i < countof(known); i++)
        if (known[i].chain == params->id && strcmp(known[i].base, text) == 0)
            return &known[i];
    return NULL;
}
