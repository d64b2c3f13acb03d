#!/bin/sh
# Snapshots of the unspent coins as a source: what they show is what the blocks show, what they
# can't show is said, a scan goes on behind them with the same flows as a scan of everything, and a
# file that is not what its hash says is refused.
. tests/e2e/lib.sh
coins=$build/e2e_coins
[ -x "$coins" ] || skip "$coins is not built"

two_nations
w=$two

# snapshot HEIGHT: $work/HEIGHT.dat, and base, header, hash of it.
snapshot() {
    "$coins" "$w/blocks" regtest "$1" "$work/$1.dat" >"$work/made" || exit 2
    base=$(sed -n 's/^base //p' "$work/made")
    header=$(sed -n 's/^header //p' "$work/made")
    hash=$(sed -n 's/^hash //p' "$work/made")
}

# scan STORE BOOK MORE...
scan() {
    store=$1
    shift
    "$SANAD_BIN" scan --chain regtest --store "$work/$store.db" --by clerk --approver head "$@"
}

# ---- fixed addresses: the same position ------------------------------------------------------

snapshot 4210
expect 0 'all blocks' scan all --book "$w/book-xp.json" --source "blocks:$w/blocks"
# A book of the scripts with the largest coins, so that nothing depends on ranges.
sed -n 's/^coin \([0-9a-f]*\) .*/\1/p' "$work/made" | sort -u >"$work/scripts"
jq -n --rawfile scripts "$work/scripts" --slurpfile old "$w/book-xp.json" '
    $old[0] | .wallets = [.wallets[0] + {id: "large", visibility: "public", since: null, until: null,
        descriptors: ($scripts | split("\n") | map(select(. != "") | "raw(\(.))"))}]' \
    >"$work/fixed.json"
expect 0 'fixed addresses, blocks' scan blocks --book "$work/fixed.json" \
    --source "blocks:$w/blocks"
expect 0 'fixed addresses, snapshot' scan fixed --book "$work/fixed.json" \
    --source "snapshot:$work/4210.dat" --anchor "4210:$base" --header "$header" \
    --utxo-hash "$hash"
expect 0 'position from blocks' "$SANAD_BIN" position --store "$work/blocks.db" --json
[ "$(jq .total_sat "$work/out")" -gt 0 ] || bad 'the largest coins are worth nothing'
parts='del(.grade, .from_height, .as_of.median_time_past, .exposed_key_sat, .wallets[].exposed_key_sat)'
jq -S "$parts" "$work/out" >"$work/a"
expect 0 'position from the snapshot' "$SANAD_BIN" position --store "$work/fixed.db" --json
[ "$(jq -r .grade "$work/out")" = snapshot ] || bad 'the grade is not snapshot'
[ "$(jq .complete "$work/out")" = true ] || bad 'fixed addresses are complete in a snapshot'
[ "$(jq .exposed_key_sat "$work/out")" = null ] || bad 'a snapshot shows no spent keys'
jq -S "$parts" "$work/out" >"$work/b"
same 'the position from blocks' "$work/a" "$work/b"
refused 3 'shows what is unspent after block 4210, not what moved' 'flows of a snapshot' \
    "$SANAD_BIN" flows --store "$work/fixed.db"

# ---- ranged wallets: said to be incomplete ---------------------------------------------------

expect 0 'ranged wallets' scan ranged --book "$w/book-xs.json" \
    --source "snapshot:$work/4210.dat" --anchor "4210:$base" --header "$header" \
    --utxo-hash "$hash"
expect 3 'ranged wallets: exit 3' "$SANAD_BIN" position --store "$work/ranged.db" --json
jq -r '.missing[]' "$work/out" | grep -q 'scripts used and empty before the snapshot' ||
    bad 'what a snapshot hides is not said'
[ "$(jq .complete "$work/out")" = false ] || bad 'called complete'

# ---- hashes -------------------------------------------------------------------------------------

wrong=$(printf '%s' "$hash" | tr '0123456789abcdef' '123456789abcdef0')
refused 1 'hash_serialized_3 is [0-9a-f]{64}, and must be' 'another hash' \
    scan no1 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" \
    --anchor "4210:$base" --header "$header" --utxo-hash "$wrong"
refused 1 'MuHash is [0-9a-f]{64}, and must be' 'another MuHash' \
    scan no2 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" \
    --anchor "4210:$base" --header "$header" --utxo-hash "muhash:$wrong"
muhash=$(sed -n 's/.*MuHash is \([0-9a-f]*\),.*/\1/p' "$work/err")
expect 0 'the right MuHash' scan muhash --book "$work/fixed.json" \
    --source "snapshot:$work/4210.dat" --anchor "4210:$base" --header "$header" \
    --utxo-hash "muhash:$muhash"
expect 0 'no hash' scan claimed --book "$work/fixed.json" --source "snapshot:$work/4210.dat" \
    --anchor "4210:$base" --header "$header"
expect 3 'without a hash it is a claim' "$SANAD_BIN" position --store "$work/claimed.db" --json
[ "$(jq -r .grade "$work/out")" = claimed ] || bad 'the grade is not claimed'
refused 3 'the height of its block is in no table: --anchor HEIGHT:' 'no height' \
    scan no3 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" --header "$header"
refused 3 'holds no time: --header HEX' 'no header' \
    scan no4 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" --anchor "4210:$base"
refused 4 "anchor: not the snapshot's block" 'another anchor' \
    scan no5 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" \
    --anchor "4210:$wrong" --header "$header"
other=$(printf '%s' "$header" | sed 's/^../ff/')
refused 4 "header: not of the snapshot's block" 'another header' \
    scan no6 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" \
    --anchor "4210:$base" --header "$other"
refused 4 'another network than main' 'another network' "$SANAD_BIN" scan --chain main \
    --store "$work/no7.db" --source "snapshot:$work/4210.dat" --book "$work/fixed.json"

refused 2 'a snapshot holds no blocks to make them of' 'filters of a snapshot' \
    scan no8 --book "$work/fixed.json" --source "snapshot:$work/4210.dat" \
    --anchor "4210:$base" --header "$header" --utxo-hash "$hash" --filters
# Filters that were kept before are left alone.
mkdir "$work/beside.db.filters"
expect 0 'a folder of filters beside the store' scan beside --book "$work/fixed.json" \
    --source "snapshot:$work/4210.dat" --anchor "4210:$base" --header "$header" \
    --utxo-hash "$hash"

# ---- damage -------------------------------------------------------------------------------------

head -c 100000 "$work/4210.dat" >"$work/short.dat"
refused 4 'coin [0-9]+: ' 'cut short' scan cut --book "$work/fixed.json" \
    --source "snapshot:$work/short.dat" --anchor "4210:$base" --header "$header" \
    --utxo-hash "$hash"
{ cat "$work/4210.dat"; printf x; } >"$work/long.dat"
refused 4 'bytes follow the last coin' 'padded' scan cut --book "$work/fixed.json" \
    --source "snapshot:$work/long.dat" --anchor "4210:$base" --header "$header" \
    --utxo-hash "$hash"
refused 3 '' 'nothing half-written' "$SANAD_BIN" position --store "$work/cut.db"

# ---- going on with blocks -----------------------------------------------------------------------

snapshot 3000
opened() {
    scan opened --book "$w/book-xp.json" --source "snapshot:$work/3000.dat" \
        --anchor "3000:$base" --header "$header" --utxo-hash "$hash"
}
expect 0 'opened at 3000' opened
expect 0 'then the blocks' scan opened --source "blocks:$w/blocks"
expect 0 'the snapshot again changes nothing' opened
expect 3 'flows behind it' "$SANAD_BIN" flows --store "$work/opened.db" --json
cp "$work/out" "$work/f1"
expect 0 'flows of everything' "$SANAD_BIN" flows --store "$work/all.db" --from 3001 --json
for file in f1 out; do
    jq -S '[.flows[] | del(.fee_sat, .foreign_in_sat)], .conservation' "$work/$file" \
        >"$work/$file.flows"
done
same 'the flows of a scan of all blocks' "$work/out.flows" "$work/f1.flows"
[ "$(jq '.flows | length' "$work/f1")" -gt 10 ] || bad 'hardly a flow'
[ "$(jq '.from_height' "$work/f1")" = 3001 ] || bad 'from_height is not 3001'
expect 3 'the position at the end' "$SANAD_BIN" position --store "$work/opened.db" --json
jq .total_sat "$work/out" >"$work/a"
expect 0 'the position of everything' "$SANAD_BIN" position --store "$work/all.db" --json
jq .total_sat "$work/out" | cmp -s - "$work/a" || bad 'another total than from all blocks'
refused 4 'did not begin with this snapshot' 'another snapshot into it' \
    scan all --source "snapshot:$work/3000.dat" --anchor "3000:$base" --header "$header" \
    --utxo-hash "$hash"
# A book that comes later asks for the snapshot again.
refused 3 'came after the snapshot was read: scan it again' 'a late book' \
    scan opened --book "$w/book-xs.json" --source "blocks:$w/blocks"

finish
