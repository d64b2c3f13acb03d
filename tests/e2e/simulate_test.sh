#!/bin/sh
# Simulate as a user meets it: every file of the contract with its shape and its mark, the
# same bytes for a seed, one line for each refusal; and a bulk whose truth the scan finds.
. "$(dirname "$0")/lib.sh"

two_nations

# ---- two nations: what stands there ----------------------------------------------------------

for name in blocks/blk00000.dat blocks/blk00001.dat blocks/rev00000.dat blocks/xor.dat book-xs.json \
    book-xp.json programme-xs.json programme-xp.json liabilities-xs.csv prices.csv truth.json \
    declarations/flows-xs.csv declarations/flows-xp.csv declarations/index.csv; do
    checks=$((checks + 1))
    [ -s "$two/$name" ] || bad "$name is missing"
done

for name in book-xs book-xp programme-xs programme-xp truth; do
    holds "$name.json carries its mark" "$two/$name.json" '.simulated == true'
done
for book in "$two"/book-*.json "$two"/declarations/book-*.json; do
    holds "$book: every name and note says SIMULATED" "$book" \
        '[.entities[].name.en, .wallets[].note] | all(startswith("SIMULATED"))'
    expect 0 "$book passes the check" sanad book check "$book" --chain regtest
done
for code in xs xp; do
    holds "programme-$code.json: every text and source says SIMULATED" "$two/programme-$code.json" '
        [.name, (.assumptions[].text), (.versions[].criteria[].name)]
        | all(.[] | .en, .es, .ur; startswith("SIMULATED"))'
    holds "programme-$code.json: every source says SIMULATED" "$two/programme-$code.json" \
        '.sources | length > 0 and all(.[]; .title | startswith("SIMULATED"))'
    # A register refuses what was known before its newest entry.
    awk -F, '{ print $6 }' "$two/declarations/flows-$code.csv" | sed 1d >"$work/known"
    LC_ALL=C sort "$work/known" >"$work/sorted"
    same "flows of $code stand in the order in which they were declared" "$work/known" "$work/sorted"
    last=$(tail -n 1 "$work/known")
    checks=$((checks + 1))
    grep -q "^flows-$code.csv,declaration,[A-Z]*,$last," "$two/declarations/index.csv" ||
        bad "index.csv: flows-$code.csv is not known as its last line is"
done
for name in liabilities-xs.csv prices.csv declarations/flows-xs.csv declarations/index.csv; do
    checks=$((checks + 1))
    unmarked=$(sed 1d "$two/$name" | grep -vc SIMULATED)
    [ "$unmarked" = 0 ] || bad "$name: $unmarked lines without SIMULATED"
done
checks=$((checks + 1))
grep -L SIMULATED "$two"/declarations/documents/* | grep . && bad "a document without its mark"

# The documents that flows and programmes name are there, byte for byte.
cut -d, -f5 "$two/declarations/flows-xs.csv" | sed 1d >"$work/all"
jq -r '.sources[].sha256' "$two/programme-xs.json" "$two/programme-xp.json" >>"$work/all"
sort -u "$work/all" >"$work/named"
sha256sum "$two"/declarations/documents/* | cut -d' ' -f1 | sort -u >"$work/there"
comm -23 "$work/named" "$work/there" >"$work/absent"
: >"$work/none"
same "every document that is named" "$work/none" "$work/absent"

# ---- the shape of the truth -------------------------------------------------------------------

holds "positions" "$truth" '.positions | length > 1000 and
    all(.[]; (.nation | test("^X[SP]$")) and (.height | type) == "number" and (.total_sat | type) == "number")'
holds "flows" "$truth" '.flows | length > 1000 and all(.[];
    (.txid | test("^[0-9a-f]{64}$")) and (.class | IN("mined", "external-in", "internal", "external-out", "mixed"))
    and .net_sat == .own_out_sat - .own_in_sat)'
holds "a transaction stands once a nation" "$truth" \
    '.flows | (map([.nation, .txid]) | unique | length) == length'
holds "criteria" "$truth" '.criteria | length > 500 and all(.[]; (.verdict | IN("met", "not-met"))
    and (.date | test("^2025-")) and (.criterion | length) > 0 and (.programme | length) > 0
    and (.value | type) == "number")'

# ---- the same bytes --------------------------------------------------------------------------------

expect 0 "a second run" sanad simulate --out "$work/again" --seed 1
checks=$((checks + 1))
diff -r "$two" "$work/again" >"$work/out" 2>&1 || bad "the same seed gave other bytes"
rm -rf "$work/again"
expect 0 "another seed, as JSON" sanad simulate --out "$work/other" --seed 2 --json
holds "its answer" "$work/out" '.simulated and .seed == 2 and .scenario == "two-nations"'
checks=$((checks + 1))
cmp -s "$two/blocks/blk00000.dat" "$work/other/blocks/blk00000.dat" && bad "two seeds, one chain"
rm -rf "$work/other"

# ---- refusals --------------------------------------------------------------------------------------

refused 4 'already holds block files' "a folder in use" sanad simulate --out "$two" --seed 1
refused 2 'out' "no folder" sanad simulate
refused 2 'neither two-nations nor bulk' "an unknown scenario" \
    sanad simulate --out "$work/x" --scenario three-nations
refused 2 'blocks or --bulk-bytes' "a bulk without end" \
    sanad simulate --out "$work/x" --scenario bulk
refused 2 'seed' "a seed that is no number" sanad simulate --out "$work/x" --seed one
refused 4 '' "a folder that cannot be made" sanad simulate --out /proc/none/x
checks=$((checks + 1))
[ -e "$work/x" ] && bad "a refused run left a folder"

# ---- bulk --------------------------------------------------------------------------------------------

expect 0 "a bulk" sanad simulate --out "$work/bulk" --scenario bulk --bulk-bytes 14000000 --seed 3
holds "its size" "$work/bulk/truth.json" '.simulated and .bytes >= 14000000 and .bytes < 16000000'
expect 0 "a scan of it" sanad scan --chain regtest --source "blocks:$work/bulk/blocks" \
    --book "$work/bulk/book-bulk.json" --store "$work/bulk.db" --json
jq -S '{coins, spends, transactions: (.transactions - 1)}' "$work/out" >"$work/found"
jq -S '{coins, spends, transactions}' "$work/bulk/truth.json" >"$work/expected"
same "coins and spends of the bulk" "$work/expected" "$work/found"
expect 0 "its position" sanad position --store "$work/bulk.db" --json
jq -S '[.wallets[] | {id, balance_sat}]' "$work/out" >"$work/found"
jq -S '[.wallets[] | {id, balance_sat}]' "$work/bulk/truth.json" >"$work/expected"
same "balances of the bulk" "$work/expected" "$work/found"

finish
