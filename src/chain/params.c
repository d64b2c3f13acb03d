/* The networks: what tells them apart, as Bitcoin Core's kernel/chainparams.cpp states it.
 * params_test.c proves the genesis headers and the signet magic by hashing. */
#include "chain/chain_priv.h"

#define ZERO_8 0, 0, 0, 0, 0, 0, 0, 0
/* Version 1 and no predecessor. */
#define GENESIS_HEAD 1, 0, 0, 0, ZERO_8, ZERO_8, ZERO_8, ZERO_8

/* Merkle root of the block that quotes The Times of 3 January 2009; three networks share it. */
#define MERKLE_2009                                                                                \
    0x3b, 0xa3, 0xed, 0xfd, 0x7a, 0x7b, 0x12, 0xb2, 0x7a, 0xc7, 0x2c, 0x3e, 0x67, 0x76, 0x8f,      \
        0x61, 0x7f, 0xc8, 0x1b, 0xc3, 0x88, 0x8a, 0x51, 0x32, 0x3a, 0x9f, 0xb8, 0xaa, 0x4b, 0x1e,  \
        0x5e, 0x4a

#define MERKLE_TESTNET4                                                                            \
    0x4e, 0x7b, 0x2b, 0x91, 0x28, 0xfe, 0x02, 0x91, 0xdb, 0x06, 0x93, 0xaf, 0x2a, 0xe4, 0x18,      \
        0xb7, 0x67, 0xe6, 0x57, 0xcd, 0x40, 0x7e, 0x80, 0xcb, 0x14, 0x34, 0x22, 0x1e, 0xae, 0xa7,  \
        0xa0, 0x7a

enum { TWO_WEEKS_S = 1209600, ONE_DAY_S = 86400, TEN_MINUTES_S = 600 };

static const struct chain_params networks[CHAIN_COUNT] =
    {
        [CHAIN_MAIN] =
            {
                .id = CHAIN_MAIN,
                .name = "main",
                .magic = {0xf9, 0xbe, 0xb4, 0xd9},
                .genesis_header = {GENESIS_HEAD, MERKLE_2009, 0x29, 0xab, 0x5f, 0x49, 0xff, 0xff,
                                   0x00, 0x1d, 0x1d, 0xac, 0x2b, 0x7c},
                .genesis_hash = {{0x6f, 0xe2, 0x8c, 0x0a, 0xb6, 0xf1, 0xb3, 0x72, 0xc1, 0xa6, 0xa2,
                                  0x46, 0xae, 0x63, 0xf7, 0x4f, 0x93, 0x1e, 0x83, 0x65, 0xe1, 0x5a,
                                  0x08, 0x9c, 0x68, 0xd6, 0x19, 0x00, 0x00, 0x00, 0x00, 0x00}},
                .pow_limit_bits = 0x1d00ffff,
                .halving_interval = 210000,
                .target_timespan = TWO_WEEKS_S,
                .target_spacing = TEN_MINUTES_S,
                .bip34_height = 227931,
                .segwit_height = 481824,
                .taproot_height = 709632,
                .p2pkh_prefix = 0,
                .p2sh_prefix = 5,
                .bech32_prefix = "bc",
                .xpub_version = 0x0488b21e,
                .xprv_version = 0x0488ade4,
            },
        [CHAIN_TESTNET4] =
            {
                .id = CHAIN_TESTNET4,
                .name = "testnet4",
                .magic = {0x1c, 0x16, 0x3f, 0x28},
                .genesis_header = {GENESIS_HEAD, MERKLE_TESTNET4, 0x04, 0x6f, 0x35, 0x66, 0xff,
                                   0xff, 0x00, 0x1d, 0xbb, 0x0c, 0x78, 0x17},
                .genesis_hash = {{0x43, 0xf0, 0x8b, 0xda, 0xb0, 0x50, 0xe3, 0x5b, 0x56, 0x7c, 0x86,
                                  0x4b, 0x91, 0xf4, 0x7f, 0x50, 0xae, 0x72, 0x5a, 0xe2, 0xde, 0x53,
                                  0xbc, 0xfb, 0xba, 0xf2, 0x84, 0xda, 0x00, 0x00, 0x00, 0x00}},
                .pow_limit_bits = 0x1d00ffff,
                .halving_interval = 210000,
                .allow_min_difficulty = true,
                .enforce_bip94 = true,
                .target_timespan = TWO_WEEKS_S,
                .target_spacing = TEN_MINUTES_S,
                .bip34_height = 1,
                .segwit_height = 1,
                .taproot_height = 1,
                .p2pkh_prefix = 111,
                .p2sh_prefix = 196,
                .bech32_prefix = "tb",
                .xpub_version = 0x043587cf,
                .xprv_version = 0x04358394,
            },
        [CHAIN_SIGNET] =
            {
                .id = CHAIN_SIGNET,
                .name = "signet",
                .magic = {0x0a, 0x03, 0xcf, 0x40}, /* of the default challenge (BIP325) */
                .genesis_header = {GENESIS_HEAD, MERKLE_2009, 0x00, 0x8f, 0x4d, 0x5f, 0xae, 0x77,
                                   0x03, 0x1e, 0x8a, 0xd2, 0x22, 0x03},
                .genesis_hash = {{0xf6, 0x1e, 0xee, 0x3b, 0x63, 0xa3, 0x80, 0xa4, 0x77, 0xa0, 0x63,
                                  0xaf, 0x32, 0xb2, 0xbb, 0xc9, 0x7c, 0x9f, 0xf9, 0xf0, 0x1f, 0x2c,
                                  0x42, 0x25, 0xe9, 0x73, 0x98, 0x81, 0x08, 0x00, 0x00, 0x00}},
                .pow_limit_bits = 0x1e0377ae,
                .halving_interval = 210000,
                .target_timespan = TWO_WEEKS_S,
                .target_spacing = TEN_MINUTES_S,
                .bip34_height = 1,
                .segwit_height = 1,
                .taproot_height = 1,
                .p2pkh_prefix = 111,
                .p2sh_prefix = 196,
                .bech32_prefix = "tb",
                .xpub_version = 0x043587cf,
                .xprv_version = 0x04358394,
            },
        [CHAIN_REGTEST] =
            {
                .id = CHAIN_REGTEST,
                .name = "regtest",
                .magic = {0xfa, 0xbf, 0xb5, 0xda},
                .genesis_header = {GENESIS_HEAD, MERKLE_2009, 0xda, 0xe5, 0x49, 0x4d, 0xff, 0xff,
                                   0x7f, 0x20, 0x02, 0x00, 0x00, 0x00},
                .genesis_hash = {{0x06, 0x22, 0x6e, 0x46, 0x11, 0x1a, 0x0b, 0x59, 0xca, 0xaf, 0x12,
                                  0x60, 0x43, 0xeb, 0x5b, 0xbf, 0x28, 0xc3, 0x4f, 0x3a, 0x5e, 0x33,
                                  0x2a, 0x1f, 0xc7, 0xb2, 0xb7, 0x3c, 0xf1, 0x88, 0x91, 0x0f}},
                .pow_limit_bits = 0x207fffff,
                .halving_interval = 150,
                .no_retarget = true,
                .allow_min_difficulty = true,
                .target_timespan = ONE_DAY_S,
                .target_spacing = TEN_MINUTES_S,
                .bip34_height = 1,
                .segwit_height = 0,
                .taproot_height = 0,
                .p2pkh_prefix = 111,
                .p2sh_prefix = 196,
                .bech32_prefix = "bcrt",
                .xpub_version = 0x043587cf,
                .xprv_version = 0x04358394,
            },
};

const struct chain_params *chain_params_get(enum chain_id id)
{
    sanad_assert((unsigned)id < CHAIN_COUNT);
    return &networks[id];
}

const struct chain_params *chain_params_find(const char *name)
{
    for (size_t i = 0; i < CHAIN_COUNT; i++)
        if (strcmp(networks[i].name, name) == 0)
            return &networks[i];
    return NULL;
}

struct amount chain_subsidy(const struct chain_params *params, uint32_t height)
{
    uint32_t halvings = height / params->halving_interval;
    int64_t first = INT64_C(50) * SAT_PER_BTC;
    return amount_of(halvings < 63 ? first >> halvings : 0);
}
