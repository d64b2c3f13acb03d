# Proves: from raw blocks and declared books to positions at every height, flows and sums that
# equal what the generator of two invented nations wrote down itself; in every version of the
# books; on any day.
. tests/e2e/lib.sh
two_nations
store=$work/books.db

# declare CC DATE: scans with one version of a book, known at the time that index.csv says.
declare_book() {
    file=declarations/book-$1-$2.json
    known=$(awk -F, -v f="book-$1-$2.json" '$1 == f { print $4 }' "$two/declarations/index.csv")
    expect 0 "scan with $file" sanad scan --chain regtest --source "blocks:$two/blocks" \
        --book "$two/$file" --known "$known" --store "$store" --json
}
declare_book xs 2025-02-15
holds "tip of the scan" "$work/out" '.tip.height == $t[0].tip.height and .tip.hash == $t[0].tip.hash
    and .tip.time == $t[0].tip.time and .stale_blocks == ($t[0].stale_blocks | length)
    and .blocks == .tip.height + 1 and .grade == "prevout" and .simulated' --slurpfile t "$truth"
declare_book xs 2025-09-05
declare_book xs 2025-12-05
declare_book xp 2025-06-15
declare_book xp 2025-11-20
tip=$(jq .tip.height "$truth")

# ---- positions ---------------------------------------------------------------------------

# heights_of FILTER WHAT KNOWN: every position that the filter gives, against the program's.
heights_of() {
    jq -r "[$1] | sort_by(.nation, .height)[] |
        \"\(.nation) \(.height) \(.total_sat) \(.reserve_sat) \(.public_sat) \(.restricted_sat)\"" \
        "$truth" >"$work/expected"
    cut -d ' ' -f 1-2 "$work/expected" >"$work/heights"
    [ "$(wc -l <"$work/heights")" -gt 10 ] || bad "$2: truth.json has hardly any"
    "$positions" "$store" "$3" <"$work/heights" >"$work/found" 2>"$work/err" || bad "$2: helper"
    same "$2" "$work/expected" "$work/found"
}
heights_of '.positions[]' "positions at all heights" 0
reported() {
    heights_of ".as_reported.positions[] | select(.nation == \"$1\" and .book == \"$2\")" \
        "positions of $1 as known on $3" "$3"
}
reported XS 2025-02-15 2025-02-15T20:00:00Z
reported XS 2025-02-15 2025-09-05T19:59:59Z
reported XS 2025-09-05 2025-09-05T20:00:00Z
reported XP 2025-06-15 2025-11-20T12:00:00Z

# The same through the program itself, at some heights.
for nation in XS XP; do
    for height in 0 749 750 1201 2000 2801 3390 3391 3750 3999 4100 "$tip"; do
        expect 0 "position of $nation at $height" \
            sanad position --store "$store" --nation $nation --at "$height" --json || continue
        holds "position of $nation at $height" "$work/out" '
            ([$t[0].positions[] | select(.nation == $n and .height <= $h)] | max_by(.height)) as $p
            | .total_sat == $p.total_sat and .public_sat == $p.public_sat
            and .restricted_sat == $p.restricted_sat and .as_of.height == $h
            and ([.wallets[].balance_sat] | add // 0) == $p.total_sat
            and ([.by_class[] | select(.class == "reserve").balance_sat] | add // 0) == $p.reserve_sat
            and ([.by_class[].balance_sat] | add // 0) == $p.total_sat
            and .complete and .simulated and .grade == "prevout" and .chain == "regtest"' \
            --slurpfile t "$truth" --arg n $nation --argjson h "$height"
    done
    holds "wallets of $nation at the tip" "$work/out" '
        ($t[0].positions[] | select(.nation == $n and .height == $t[0].tip.height)) as $p
        | [.wallets[] | {id, balance_sat}] as $have
        | all($p.wallets[]; . as $w | $have | any(.[]; . == $w))
        and ($have | length) == ($p.wallets | length)' --slurpfile t "$truth" --arg n $nation
done
refused 3 'was not scanned' "a height above the scan" \
    sanad position --store "$store" --nation XS --at $((tip + 1)) --json
refused 2 '\-\-nation is needed' "several nations and none named" sanad position --store "$store"
refused 3 'ZZ' "a nation that has no book" sanad position --store "$store" --nation ZZ

# ---- by day -------------------------------------------------------------------------------

# The highest block whose median-time-past is on the day or before it: the next one is after it.
for day in 2021-09-30 2022-12-31 2024-03-14 2025-01-31 2025-07-16 2025-08-29 2025-12-30; do
    expect 0 "position on $day" sanad position --store "$store" --nation XS --at $day --json ||
        continue
    cp "$work/out" "$work/day"
    height=$(jq .as_of.height "$work/day")
    holds "$day: the block is not later" "$work/day" \
        '.as_of.median_time_past <= $d + "T23:59:59Z"' --arg d $day
    expect 0 "the block after $day" sanad position --store "$store" --nation XS \
        --at $((height + 1)) --json
    holds "$day: the next block is later" "$work/out" \
        '.as_of.median_time_past > $d + "T23:59:59Z"' --arg d $day
    expect 0 "position at $height" sanad position --store "$store" --nation XS --at "$height" --json
    same "$day and its height give one answer" "$work/day" "$work/out"
done
# The figure that the story is about.
expect 0 "reserve in July" sanad position --store "$store" --nation XS --at 2025-07-16 --json
holds "reserve on 2025-07-16" "$work/out" \
    '(.by_class[] | select(.class == "reserve").balance_sat) == 623818000000'
refused 3 'no scanned block' "a day before the chain" \
    sanad position --store "$store" --nation XS --at 2001-01-01

# ---- what was known --------------------------------------------------------------------------

refused 3 '' "before any book was declared" \
    sanad position --store "$store" --nation XS --as-known 2025-01-01
expect 0 "as reported" sanad position --store "$store" --nation XS --at "$tip" \
    --as-known 2025-09-01 --json
holds "the first version knows neither vault nor fund" "$work/out" \
    '[.wallets[].id] | (index("reserve-vault") == null) and (index("development-fund") == null)'
expect 0 "as restated" sanad position --store "$store" --nation XS --at "$tip" --json
holds "today's version knows both" "$work/out" \
    '[.wallets[].id] | index("reserve-vault") and index("development-fund")'

# ---- a candidate book -----------------------------------------------------------------------

# With the knowledge of September the fund is a candidate; it is not declared by asking.
jq '{nation, currency, simulated, entities: [.entities[] | select(.id == "development-bank")],
    wallets: [.wallets[] | select(.id == "development-fund")]}' "$two/book-xs.json" >"$work/fund.json"
expect 0 "without the candidate" sanad position --store "$store" --nation XS --at 4000 \
    --as-known 2025-09-06 --json
cp "$work/out" "$work/without"
expect 0 "with the candidate" sanad position --store "$store" --nation XS --at 4000 \
    --as-known 2025-09-06 --with-book "$work/fund.json" --json
holds "the candidate adds its wallet and no more" "$work/out" '
    ([.wallets[] | select(.id == "development-fund").balance_sat] | add) as $fund
    | $fund > 0 and .total_sat == $w[0].total_sat + $fund
    and [.wallets[] | select(.id != "development-fund")] == $w[0].wallets
    and .book_sha256 != $w[0].book_sha256' --slurpfile w "$work/without"
expect 0 "asked again" sanad position --store "$store" --nation XS --at 4000 \
    --as-known 2025-09-06 --json
same "the candidate was not kept" "$work/without" "$work/out"
refused 4 'is of XP, the position is of XS' "a candidate of another nation" sanad position \
    --store "$store" --nation XS --with-book "$two/book-xp.json"

# ---- flows ---------------------------------------------------------------------------------

row='"\(.txid) \(.height) \(.class) \(.own_in_sat) \(.own_out_sat) \(.foreign_in_sat) \(.foreign_out_sat) \(.fee_sat) \(.net_sat)"'
for nation in XS XP; do
    expect 0 "flows of $nation" sanad flows --store "$store" --nation $nation --json || continue
    cp "$work/out" "$work/flows"
    jq -r ".flows[] | select(.nation == \"$nation\") | $row" "$truth" | sort >"$work/expected"
    jq -r ".flows[] | $row" "$work/flows" | sort >"$work/found"
    same "flows of $nation, each once" "$work/expected" "$work/found"
    holds "conservation of $nation" "$work/flows" '
        ($t[0].conservation[] | select(.nation == $n) | del(.nation)) as $c
        | (.conservation | del(.holds)) == $c and .conservation.holds' \
        --slurpfile t "$truth" --arg n $nation
    holds "wallets of each flow add up" "$work/flows" 'all(.flows[];
        ([.wallets[].in_sat] | add // 0) == .own_in_sat
        and ([.wallets[].out_sat] | add // 0) == .own_out_sat
        and .net_sat == .own_out_sat - .own_in_sat and .declared == null)'
    # The chain cut into ranges: each conserves, and one's end is the other's beginning.
    : >"$work/ranges"
    from=0
    for to in 0 749 750 2000 3391 3392 3800 "$tip"; do
        expect 0 "flows of $nation, $from to $to" sanad flows --store "$store" --nation $nation \
            --from $from --to "$to" --json || continue
        jq -c '{n: (.flows | length)} + .conservation' "$work/out" >>"$work/ranges"
        from=$((to + 1))
    done
    jq -s . "$work/ranges" >"$work/sums"
    holds "ranges of $nation meet and lose nothing" "$work/sums" '
        . as $r | all(.[]; .holds and .opening_sat + .entered_sat + .received_sat - .sent_sat
            - .fees_sat - .left_sat == .closing_sat)
        and all(range(1; length); $r[.].opening_sat == $r[. - 1].closing_sat)
        and ([.[].n] | add) == ($f[0].flows | length)
        and ([.[].received_sat] | add) == $f[0].conservation.received_sat
        and ([.[].fees_sat] | add) == $f[0].conservation.fees_sat' --slurpfile f "$work/flows"
    expect 0 "flows of $nation as a spreadsheet" \
        sanad flows --store "$store" --nation $nation --csv
    checks=$((checks + 1))
    [ "$(wc -l <"$work/out")" = $(($(jq '.flows | length' "$work/flows") + 1)) ] ||
        bad "flows of $nation as a spreadsheet: another number of lines"
done

# A range of days, from the block after the day before to the last block of the last day.
expect 0 "flows of August" sanad flows --store "$store" --nation XS --from 2025-08-01 \
    --to 2025-08-31 --json
cp "$work/out" "$work/august"
expect 0 "end of July" sanad position --store "$store" --nation XS --at 2025-07-31 --json
july=$(jq .total_sat "$work/out")
expect 0 "end of August" sanad position --store "$store" --nation XS --at 2025-08-31 --json
holds "August begins where July ends" "$work/august" '.conservation.opening_sat == $j
    and .conservation.closing_sat == $a and .conservation.holds' \
    --argjson j "$july" --argjson a "$(jq .total_sat "$work/out")"

# The split to 14 addresses is internal: nothing leaves but the fee.
holds "the split is internal" "$work/august" '
    any(.flows[]; .class == "internal" and (.time | startswith("2025-08-29"))
        and .net_sat == -.fee_sat and .foreign_out_sat == 0)'

# Hints are named and never summed.
expect 0 "possible own" sanad flows --store "$store" --nation XS --possible-own --json
cp "$work/out" "$work/hints"
holds "each hint of the generator is found" "$work/hints" '
    [.flows[] | .txid as $x | (.possible_own // [])[] | {txid: $x, value_sat}] as $found
    | all($t[0].possible_own[] | select(.nation == "XS"); {txid, value_sat} as $w
        | $found | any(.[]; . == $w))' --slurpfile t "$truth"
jq '{flows: [.flows[] | del(.possible_own)], conservation}' "$work/hints" >"$work/expected"
expect 0 "flows of XS" sanad flows --store "$store" --nation XS --json
jq '{flows: [.flows[] | del(.possible_own)], conservation}' "$work/out" >"$work/found"
same "hints change no figure" "$work/expected" "$work/found"

# ---- a run from an anchor ---------------------------------------------------------------------

# Nothing of XP is older than block 2500: its figures are whole, and still nobody may say so.
expect 0 "the anchor" sanad position --store "$store" --nation XP --at 2500 --json
anchor=2500:$(jq -r .as_of.block_hash "$work/out")
expect 0 "scan from the anchor" sanad scan --chain regtest --source "blocks:$two/blocks" \
    --anchor "$anchor" --book "$two/book-xs.json" "$two/book-xp.json" --store "$work/anchored.db"
for nation in XS XP; do
    expect 3 "flows of $nation from the anchor" \
        sanad flows --store "$work/anchored.db" --nation $nation --json
    cp "$work/out" "$work/flows"
    holds "flows of $nation from the anchor conserve" "$work/flows" '.conservation.holds
        and .complete == false and .from_height == 2500 and all(.flows[]; .height >= 2500)'
    expect 3 "position of $nation from the anchor" \
        sanad position --store "$work/anchored.db" --nation $nation --json
    holds "position of $nation from the anchor" "$work/out" '.complete == false
        and .total_sat == $c and .from_height == 2500' --argjson c "$(jq .conservation.closing_sat "$work/flows")"
done
short='"\(.txid) \(.height) \(.class) \(.own_in_sat) \(.own_out_sat) \(.foreign_out_sat) \(.net_sat)"'
jq -r ".flows[] | select(.nation == \"XP\") | $short" "$truth" | sort >"$work/expected"
jq -r ".flows[] | $short" "$work/flows" | sort >"$work/found"
same "flows of XP from the anchor" "$work/expected" "$work/found"

# ---- what flows meant -------------------------------------------------------------------------

for nation in XS XP; do
    small=$(echo $nation | tr XSP xsp)
    expect 0 "declarations of $nation" sanad register declaration import \
        "$two/declarations/flows-$small.csv" --store "$store" --nation $nation --by ana \
        --approver bruno
    expect 0 "flows of $nation, declared" sanad flows --store "$store" --nation $nation --json
    jq -r ".flows[] | select(.nation == \"$nation\") | \"\(.txid) \(.meaning)\"" "$truth" |
        sort >"$work/expected"
    jq -r '.flows[] | "\(.txid) \(.declared.kind)"' "$work/out" | sort >"$work/found"
    same "what the flows of $nation meant" "$work/expected" "$work/found"
    # Each line was known on the evening after its flow was settled, and not before.
    expect 0 "flows of $nation as known in July" sanad flows --store "$store" --nation $nation \
        --as-known 2025-07-01T20:00:00Z --json
    jq -r '.flows[] | select(.declared) | .txid' "$work/out" | sort >"$work/found"
    jq -r '.flows[].txid' "$work/out" | sort >"$work/there"
    awk -F, '$6 <= "2025-07-01T20:00:00Z" { print $1 }' "$two/declarations/flows-$small.csv" |
        sort | comm -12 - "$work/there" >"$work/expected"
    checks=$((checks + 1))
    [ -s "$work/expected" ] || bad "flows of $nation: none was declared by July"
    same "flows of $nation that were declared by July" "$work/expected" "$work/found"
done

# The round trip to an exchange is linked, and stays what it is.
holds "a round trip in June is linked" "$work/hints" '
    any(.flows[]; (.time | startswith("2025-06")) and .round_trip != null
        and .class == "external-out" and .declared == null)'
expect 0 "flows with a narrow window" sanad flows --store "$store" --nation XS --json \
    --round-trip-blocks 1
holds "no round trip in a window of one block" "$work/out" 'all(.flows[]; .round_trip == null)'
refused 2 'not a number' "a window of no number" sanad flows --store "$store" --nation XS --round-trip-blocks soon
finish
