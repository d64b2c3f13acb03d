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
