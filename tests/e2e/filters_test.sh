# Proves: a scan that keeps filters says what one says that keeps none; a nation or a wallet added
# later is found by the filters, reading few blocks, and the store then says and holds what a
# full rescan's does; filters that are damaged, or another process's, are refused by name.
. tests/e2e/lib.sh
two_nations

# scan STORE BLOCKS BOOK... -- [ARGS...]
scan() {
    store=$1
    folder=$2
    books=
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        books="$books --book $1"
        shift
    done
    [ $# -gt 0 ] && shift
    # shellcheck disable=SC2086 # the books are words
    sanad scan --chain regtest --source "blocks:$folder" $books --known 2025-12-31 \
        --store "$store" --json "$@"
}

# answers STORE FILE NATION...: what a store says.
answers() {
    answered=$1
    into=$2
    shift 2
    for nation in "$@"; do
        sanad position --store "$answered" --nation "$nation" --json || return 1
        sanad flows --store "$answered" --nation "$nation" --possible-own --json || return 1
    done >"$into" 2>"$work/err"
}

# facts STORE FILE: the rows themselves, by script and outpoint: ids depend on who came first.
facts() {
    sqlite3 "$1" 'SELECT hex(s.script),s.complete_to,c.* FROM script s
        LEFT JOIN coin c ON c.script=s.id ORDER BY 1;' |
        sed 's/|[0-9]*|/|#|/' >"$2"
}

# ---- two nations ----

expect 0 "XS alone, filters kept" scan "$work/late.db" "$two/blocks" "$two/book-xs.json" -- --filters
holds "every block has one" "$work/out" '.filters == .blocks and .filters > 4000'
[ -s "$work/late.db.filters/filters.dat" ] || bad "no filters beside the store"
expect 0 "XS alone, none kept" scan "$work/plain.db" "$two/blocks" "$two/book-xs.json"
holds "none kept" "$work/out" '.filters == 0'
[ -e "$work/plain.db.filters" ] && bad "filters beside a store that asked for none"
answers "$work/late.db" "$work/late.txt" XS || bad "answers"
answers "$work/plain.db" "$work/plain.txt" XS || bad "answers"
same "keeping filters changes no figure" "$work/plain.txt" "$work/late.txt"

expect 0 "XP later" scan "$work/late.db" "$two/blocks" "$two/book-xp.json"
holds "few blocks are read for it" "$work/out" '.blocks == 0 and .late_scripts > 0
    and .blocks_again > 0 and .blocks_again < 2000'
expect 0 "both at once" scan "$work/full.db" "$two/blocks" "$two/book-xs.json" "$two/book-xp.json"
answers "$work/late.db" "$work/late.txt" XS XP || bad "answers"
answers "$work/full.db" "$work/full.txt" XS XP || bad "answers"
same "a nation added later is as in a full scan" "$work/full.txt" "$work/late.txt"
expect 0 "nothing is left to do" scan "$work/late.db" "$two/blocks"
holds "no block is read again" "$work/out" '.blocks == 0 and .blocks_again == 0'

# ---- filters alone, as a light client has them ----

# positions STORE FILE: at many heights, without the grade.
positions_of() {
    for nation in XS XP; do
        for height in 200 749 1500 2222 3000 3741 4000; do
            sanad position --store "$1" --nation $nation --at $height --json || return 1
        done
        sanad position --store "$1" --nation $nation --json || return 1
    done 2>"$work/err" | jq -c 'del(.grade)' >"$2"
}

light=$build/e2e_light
if [ -x "$light" ]; then
    expect 0 "light: XS" "$light" "$work/light.db" "$two/blocks" "$work/late.db.filters" \
        "$two/book-xs.json"
    read -r _ bytes <"$work/out"
    [ "$bytes" -lt $(($(cat "$two"/blocks/blk*.dat | wc -c) * 3 / 4)) ] ||
        bad "light: $bytes bytes of blocks were read"
    expect 0 "light: XP later" "$light" "$work/light.db" "$two/blocks" "$work/late.db.filters" \
        "$two/book-xp.json" "$two/book-xs.json"
    expect 0 "light: grade" sanad position --store "$work/light.db" --nation XS --json
    holds "light: grade" "$work/out" '.grade == "filter" and .complete'
    positions_of "$work/light.db" "$work/light.txt" || bad "light: positions"
    positions_of "$work/full.db" "$work/full.txt" || bad "light: positions"
    same "light: positions are those of all blocks but for the grade" "$work/full.txt" \
        "$work/light.txt"
    [ "$(wc -l <"$work/light.txt")" = 16 ] || bad "light: not all positions"
fi

# ---- the bulk ----

expect 0 "bulk" sanad simulate --out "$work/bulk" --seed 3 --scenario bulk --bulk-bytes 60000000
[ -s "$work/bulk/blocks/rev00000.dat" ] || bad "bulk: no rev files"
jq -c '.wallets |= map(select(.id != "cashier-till" and .id != "reserve-vault"))' \
    "$work/bulk/book-bulk.json" >"$work/few.json"
expect 0 "bulk: most wallets" scan "$work/b.db" "$work/bulk/blocks" "$work/few.json" -- --filters
holds "bulk: rev files prove" "$work/out" '.grade == "prevout" and .filters == .blocks'
expect 0 "bulk: two wallets later" scan "$work/b.db" "$work/bulk/blocks" "$work/bulk/book-bulk.json"
holds "bulk: less than all is read" "$work/out" '.late_scripts > 300 and .blocks == 0
    and .blocks_again < 150'
expect 0 "bulk: at once" scan "$work/c.db" "$work/bulk/blocks" "$work/few.json" \
    "$work/bulk/book-bulk.json"
holds "bulk: coins as the truth has them" "$work/out" '.coins == $t[0].coins and .spends ==
    $t[0].spends' --slurpfile t "$work/bulk/truth.json"
answers "$work/b.db" "$work/b.txt" XS || bad "answers"
answers "$work/c.db" "$work/c.txt" XS || bad "answers"
same "bulk: wallets added later are as in a full scan" "$work/c.txt" "$work/b.txt"
if command -v sqlite3 >/dev/null 2>&1; then
    facts "$work/b.db" "$work/b.facts"
    facts "$work/c.db" "$work/c.facts"
    same "bulk: the same rows" "$work/c.facts" "$work/b.facts"
fi

# ---- killed ----

for pause in 0.05 0.1 0.15 0.2 0.3 0.4 0.5; do
    "$SANAD_BIN" scan --chain regtest --source "blocks:$work/bulk/blocks" --book "$work/few.json" \
        --known 2025-12-31 --store "$work/k.db" --filters --checkpoint 20 >/dev/null 2>&1 &
    victim=$!
    sleep $pause
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
done
expect 0 "killed, and run to the end" scan "$work/k.db" "$work/bulk/blocks" "$work/few.json" -- \
    --filters
checks=$((checks + 1))
cmp "$work/b.db.filters/index.dat" "$work/k.db.filters/index.dat" >"$work/out" 2>&1 &&
    cmp "$work/b.db.filters/filters.dat" "$work/k.db.filters/filters.dat" >"$work/out" 2>&1 ||
    bad "filters after kills are not those of an undisturbed scan"

# ---- what is refused ----

cp -r "$work/late.db.filters" "$work/other.filters"
printf '\377' | dd of="$work/other.filters/index.dat" bs=1 seek=20 conv=notrunc 2>/dev/null
refused 4 'its head is damaged' "a damaged head" scan "$work/late.db" "$two/blocks" -- \
    --filters-dir "$work/other.filters"
printf '\377\377\377' |
    dd of="$work/b.db.filters/filters.dat" bs=1 seek=100000 conv=notrunc 2>/dev/null
jq -c '.wallets[0].descriptors = ["raw(0014000102030405060708090a0b0c0d0e0f10111213)"] |
    .wallets = [.wallets[0]]' "$work/bulk/book-bulk.json" >"$work/new.json"
refused 4 'the filter is damaged' "damaged filters" scan "$work/b.db" "$work/bulk/blocks" \
    "$work/new.json"
rm -r "$work/b.db.filters"
expect 0 "without them all blocks are read" scan "$work/b.db" "$work/bulk/blocks"
holds "all are read" "$work/out" '.late_scripts > 0 and .blocks_again > 100'
finish
