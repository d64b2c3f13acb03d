/* What each network's peers are found by and held against: port, DNS seeds, the least work that
 * its chain has, and blocks that stand in it. As Bitcoin Core's kernel/chainparams.cpp states
 * them; the anchors below height 800,000 are boundaries of retarget periods. */
#include "p2p/p2p_priv.h"

/* The first answers for NETWORK + WITNESS + COMPACT_FILTERS (x49) itself; of the others, which
 * know no such subdomain, some peers of each answer do. */
static const char *const main_seeds[] = {
    "x49.seed.mainnet.achownodes.xyz",
    "seed.bitcoin.sprovoost.nl",
    "dnsseed.emzy.de",
    "seed.bitcoin.wiz.biz",
    "x9.dnsseed.bluematt.me",
    "x9.seed.bitcoin.jonasschnelli.ch",
    "x9.seed.btc.petertodd.net",
    NULL,
};
static const char *const testnet4_seeds[] = {
    "seed.testnet4.bitcoin.sprovoost.nl",
    "seed.testnet4.wiz.biz",
    NULL,
};
static const char *const signet_seeds[] = {
    "x49.seed.signet.achownodes.xyz",
    "seed.signet.bitcoin.sprovoost.nl",
    NULL,
};
static const char *const no_seeds[] = {NULL};

static const struct p2p_anchor main_anchors[] = {
    {210000, "000000000000048b95347e83192f69cf0366076336c639f9b7228e9ba171342e"},
    {399168, "000000000000000002ee8708b6c5ca0b4e055fbeed16189af256ed8a8d4b181d"},
    {600768, "0000000000000000000983a15a2735b4f37861c4019d97200820cd190f28dba5"},
    {840000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"},
    {880000, "000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880"},
    {910000, "0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821"},
    {935000, "0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee"},
    {965000, "00000000000000000001595977e6000ce56129f5c9b4073e31ccc30b90b97da9"},
    {0, NULL},
};
static const struct p2p_anchor testnet4_anchors[] = {
    {90000, "0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b"},
    {120000, "000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8"},
    {150000, "0000000000d9877342754dea8ec1eb24631517d38e3443c370465ee53a8b7434"},
    {0, NULL},
};
static const struct p2p_anchor signet_anchors[] = {
    {160000, "0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c"},
    {290000, "0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0"},
    {320000, "0000000740ae66b284da84387dcfa14d7b1385b0bad482005ba4e770ea6c4b95"},
    {0, NULL},
};
static const struct p2p_anchor no_anchors[] = {{0, NULL}};

static const struct p2p_network networks[CHAIN_COUNT] = {
    [CHAIN_MAIN] = {8333, "000000000000000000000000000000000000000145ec036acc5ba740052af1a0",
                    main_seeds, main_anchors},
    [CHAIN_TESTNET4] = {48333, "000000000000000000000000000000000000000000000e346a558455ade8eca9",
                        testnet4_seeds, testnet4_anchors},
    [CHAIN_SIGNET] = {38333, "00000000000000000000000000000000000000000000000000001090e9dc1520",
                      signet_seeds, signet_anchors},
    [CHAIN_REGTEST] = {18444, "0000000000000000000000000000000000000000000000000000000000000000",
                       no_seeds, no_anchors},
};

const struct p2p_network *p2p_network_of(enum chain_id chain)
{
    sanad_assert(chain < CHAIN_COUNT);
    return &networks[chain];
}
