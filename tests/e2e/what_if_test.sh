# Proves: `limits --what-if FILE.psbt` looks a payment up on the chain before it is signed, in both
# versions, as bytes and as base64: a move inside the book breaks nothing, a purchase breaks a
# ceiling and a sale a floor; a PSBT that the chain contradicts is refused, and one that nothing
# proves leaves the answer open.
. tests/e2e/lib.sh
two_nations
psbt=$build/e2e_psbt
store=$work/s.db
stranger=0014ffffffffffffffffffffffffffffffffffffffff

expect 0 "scan" sanad scan --chain regtest --source "blocks:$two/blocks" --book "$two/book-xs.json" \
    --known 2025-12-31 --store "$store"
expect 0 "position" sanad position --store "$store" --nation XS --json
total=$(jq .total_sat "$work/out")
expect 0 "coins of the book" "$psbt" coins "$store" XS
cp "$work/out" "$work/coins"
checks=$((checks + 1))
[ "$(awk '$5 == "held" {n += $3} END {printf "%.0f", n}' "$work/coins")" = "$total" ] ||
    bad "the coins are not the position"

# One satoshi may come in and one BTC may leave.
cat >"$work/programme.json" <<JSON
{"programme": "test", "nation": "XS", "simulated": true, "name": {"en": "test"},
 "timezone": "UTC", "utc_offset_minutes": 0,
 "sources": [{"id": "s", "title": "made for this test"}],
 "perimeters": {"all": {"holder_sectors": ["S13"]}},
 "versions": [{"version": "1", "from": "2025-01-01", "source": "s", "criteria": [
   {"id": "ceiling", "name": {"en": "ceiling"}, "kind": "performance-criterion",
    "continuity": "continuous", "unit": "BTC", "quantity": {"balance": {"perimeter": "all"}},
    "ceiling": $((total + 1))},
   {"id": "floor", "name": {"en": "floor"}, "kind": "performance-criterion",
    "continuity": "continuous", "unit": "BTC", "quantity": {"balance": {"perimeter": "all"}},
    "floor": $((total - 100000000))}]}]}
JSON
limits() {
    sanad limits --store "$store" --nation XS --programme "$work/programme.json" "$@"
}
# Two coins of more than 1 BTC from different wallets, and a spent one.
coin() {
    awk -v state="$1" -v not="$2" '$5 == state && $3 > 150000000 && $1 != not {print; exit}' "$work/coins"
}
read -r wallet_a out_a sat_a script_a _ <<EOF
$(coin held '')
EOF
read -r wallet_b out_b sat_b script_b _ <<EOF
$(coin held "$wallet_a")
EOF
read -r _ out_spent _ _ _ <<EOF
$(coin spent '')
EOF

# ---- what is decided ------------------------------------------------------------------------

expect 0 "nothing is broken yet" limits --json

# make VERSION PART...: a PSBT, as bytes and as base64.
make() {
    expect 0 "make" "$psbt" make "$work/p.psbt" regtest "$@"
    expect 0 "make" "$psbt" make "$work/p.base64" regtest "$@"
}
# answers CODE WHAT: the same of both forms.
answers() {
    expect "$1" "$2" limits --what-if "$work/p.psbt" --json && cp "$work/out" "$work/answer"
    expect "$1" "$2, base64" limits --what-if "$work/p.base64" --json &&
        same "$2: base64" "$work/answer" "$work/out"
}

for version in 0 2; do
    make $version "in=$out_a" "in=$out_b:$sat_b:$script_b" "out=$script_b:$((sat_a + sat_b - 1000))"
    answers 0 "a move inside the book, version $version"
    holds "only the fee leaves" "$work/answer" '.what_if.events | map(.delta_sat) | add == -1000'
    holds "each wallet's change" "$work/answer" '.what_if.events | sort_by(.wallet)
        == ([{wallet: $a, delta_sat: -$in}, {wallet: $b, delta_sat: ($in - 1000)}] | sort_by(.wallet))' \
        --arg a "$wallet_a" --arg b "$wallet_b" --argjson in "$sat_a"
    holds "nothing breaks" "$work/answer" '.what_if.criteria | map(.breaks) | any | not'

    make $version "new=200001000:$stranger" "out=$script_a:200000000"
    answers 1 "a purchase, version $version"
    holds "it breaks the ceiling alone" "$work/answer" \
        '[.what_if.criteria[] | select(.breaks) | .id] == ["ceiling"]'
    holds "the value after it" "$work/answer" '.what_if.criteria[0] | .value == $v
        and .headroom == -199999999 and .verdict == "not-met" and .verdict_before == "met"' \
        --argjson v $((total + 200000000))

    make $version "in=$out_a" "out=$stranger:150000000" "out=$script_a:$((sat_a - 150000500))"
    answers 1 "a sale, version $version"
    holds "it breaks the floor alone" "$work/answer" \
        '[.what_if.criteria[] | select(.breaks) | .id] == ["floor"]'
    holds "payment and fee leave" "$work/answer" \
        '.what_if.events == [{wallet: $a, delta_sat: -150000500}]' --arg a "$wallet_a"
done

# ---- what is refused or open ----------------------------------------------------------------

asks() {
    refused "$@" limits --what-if "$work/p.psbt"
}
make 0 "in=$out_a:$((sat_a + 1)):$script_a" "out=$stranger:1000"
asks 4 'p\.psbt: input 0: the PSBT says [0-9.]+ BTC, the chain' "another value"
make 2 "in=$out_a:$sat_a:$script_b" "out=$stranger:1000"
asks 4 'input 0: the PSBT says another script than the chain' "another script"
make 2 "in=$out_a" "in=$out_spent" "out=$stranger:1000"
asks 4 'input 1: that coin was spent in block [0-9]+' "a coin that is spent"
make 0 "in=$out_a" "out=$stranger:$((sat_a + 1))"
asks 4 'the PSBT pays [0-9.]+ BTC and spends only' "more than there is"
make 0 "in=$out_a" "in=$out_a" "out=$stranger:1000"
asks 4 'PSBT: input 1: spends what input 0 spends' "one coin twice"
make 2 "in=$out_a" "out=$stranger:-1"
asks 4 'PSBT: output 0: worth less than 0' "a negative output"
strange=1111111111111111111111111111111111111111111111111111111111111111:0
make 2 "in=$strange" "out=$script_a:1000"
asks 3 'input 0: not a coin of the book, and nothing proves' "a coin that nobody knows"
make 2 "in=$out_a" "in=$strange:5000:$stranger" "out=$script_a:1000"
asks 3 'input 1: not a coin of the book, and nothing proves' "a claim alone"
make 0 "new=5000:$script_a" "out=$stranger:1000"
asks 3 "input 0: pays from a script of wallet $wallet_a, but the scan does not have" \
    "our own coin that the scan has not seen"
make 0 "in=$out_a" "out=$stranger:1000"
size=$(wc -c <"$work/p.psbt")
head -c $((size - 1)) "$work/p.psbt" >"$work/short.psbt"
refused 4 'PSBT: output 0: ends early' "cut short" limits --what-if "$work/short.psbt"
echo 'not a PSBT' >"$work/text.psbt"
refused 4 'PSBT: does not begin with the magic' "a text" limits --what-if "$work/text.psbt"
refused 4 'none\.psbt' "no such file" limits --what-if "$work/none.psbt"

finish
