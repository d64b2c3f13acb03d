# Proves the contract of the command line: one JSON document and nothing else with --json,
# tables where every line of a simulated nation bears its mark, colour on a terminal only,
# usage errors with exit code 2 and one line, and exit codes that tell what was found.
. tests/e2e/lib.sh
two_nations
store=$work/s.db
phrase=$work/phrase
echo 'a passphrase' >"$phrase"
printf 'forty bytes of nothing that anybody knows' >"$work/salt"
source="blocks:$two/blocks"

# one CODE WHAT COMMAND...: exit code, one document on stdout, nothing on stderr.
one() {
    expect "$@" || return 1
    what=$2
    checks=$((checks + 1))
    jq -s -e 'length == 1 and (.[0] | type) == "object"' "$work/out" >/dev/null 2>&1 ||
        bad "$what: not exactly one JSON document"
    [ -s "$work/err" ] && bad "$what: something on stderr"
    return 0
}

# marked CODE WHAT COMMAND...: a table of which every line says SIMULATED.
marked() {
    expect "$@" || return 1
    what=$2
    checks=$((checks + 1))
    [ -s "$work/out" ] || bad "$what: nothing was printed"
    grep -vq '^SIMULATED ' "$work/out" && bad "$what: a line without its mark"
    grep -q "$(printf '\033')" "$work/out" && bad "$what: colour in a file"
    [ -s "$work/err" ] && bad "$what: something on stderr"
    return 0
}

both() {
    what=$2
    marked "$@"
    one "$@" --json && holds "$what: the document says it too" "$work/out" \
        '.simulated == true or ((.flows // .checks // .claims // .records // [{}]) | length > 0)'
}

# ---- every verb, both ways ----------------------------------------------------------------

marked 0 "simulate" sanad simulate --out "$work/b1" --scenario bulk --blocks 3
one 0 "simulate" sanad simulate --out "$work/b2" --scenario bulk --blocks 3 --json
for sub in check show; do
    marked 0 "book $sub" sanad book $sub --chain regtest "$two/book-xs.json"
    one 0 "book $sub" sanad book $sub --chain regtest "$two/book-xs.json" --json
done
one 0 "book hash" sanad book hash --chain regtest "$two/book-xs.json" --json
both 0 "scan" sanad scan --chain regtest --source "$source" --book "$two/book-xs.json" \
    "$two/book-xp.json" --known 2025-12-31 --store "$store"
for keys in 'chain' 'tip.height' 'tip.hash' 'tip.time' 'tip.chainwork' 'from_height' 'blocks' \
    'stale_blocks' 'transactions' 'bytes' 'coins' 'spends' 'grade' 'seconds' 'bytes_per_second'; do
    holds "scan: $keys" "$work/out" ".$keys != null"
done
both 0 "position" sanad position --store "$store" --nation XS
for keys in chain nation simulated as_of.height as_of.block_hash as_of.time grade complete \
    book_sha256 total_sat by_class public_sat restricted_sat coin_count immature_sat \
    exposed_key_sat wallets 'wallets[0].largest_script_sat' 'wallets[0].script_count'; do
    holds "position: $keys" "$work/out" ".$keys != null"
done
both 0 "position with prices" sanad position --store "$store" --nation XS \
    --prices "$two/prices.csv" --at 2025-07-16
holds "position: value" "$work/out" '.value | .currency == "USD" and .amount_minor > 0
    and (.sources | length) == 3 and .price_minor_per_btc > 0 and .price_time != null'
expect 0 "position of a day" sanad position --store "$store" --nation XS --at 2025-07-16
both 0 "flows" sanad flows --store "$store" --nation XP
for keys in txid height block_hash time class own_in_sat own_out_sat foreign_out_sat fee_sat net_sat; do
    holds "flows: $keys" "$work/out" "all(.flows[]; .$keys != null)"
done
holds "flows: declared and round_trip are told" "$work/out" \
    'all(.flows[]; has("declared") and has("round_trip") and has("foreign_in_sat"))'
both 0 "flows, summary" sanad flows --store "$store" --nation XP --summary
both 0 "flows, possible own" sanad flows --store "$store" --nation XS --possible-own
for sub in 'book list' 'wallet list' 'entity list' 'book history' 'price list' check; do
    # shellcheck disable=SC2086 # words
    one 0 "register $sub" sanad register $sub --store "$store" --json
done
marked 0 "register book list" sanad register book list --store "$store"
one 0 "key new" sanad key new "$work/k1" --name xs.example/reserve/k1 --fast \
    --passphrase-file "$phrase" --json
jq '{keys: [.vkey], roles: {"reserve-position": {threshold: 1, keys: [.name]}}}' \
    "$work/out" >"$work/trust"
one 0 "key show" sanad key show "$work/k1" --json
expect 0 "statement make" sanad statement make reserve-position --store "$store" --nation XS \
    --authority xs --log xs.example/log --salt-file "$work/salt" --key "$work/k1" \
    --passphrase-file "$phrase" --out "$work/p.note"
both 0 "statement show" sanad statement show "$work/p.note"
both 0 "verify" sanad verify "$work/p.note" --trust "$work/trust" --book "$two/book-xs.json" \
    --source "$source"
both 3 "verify without a book" sanad verify "$work/p.note" --trust "$work/trust"
sed 's/"coin_count":[0-9]*/"coin_count":1/' "$work/p.note" >"$work/t.note"
both 1 "verify, tampered" sanad verify "$work/t.note" --trust "$work/trust" \
    --book "$two/book-xs.json" --source "$source"

# Real claims carry no mark, whatever store they are held against.
expect 3 "claims without a chain" sanad claims check claims/2024-2025.csv
checks=$((checks + 1))
grep -q SIMULATED "$work/out" && bad "a real claim is marked SIMULATED"
one 3 "claims without a chain" sanad claims check claims/2024-2025.csv --json
holds "claims: all undecided" "$work/out" \
    '.claims | length > 10 and all(.[]; .verdict == "undecided" and .printed != null)'
one 3 "claims against another nation's store" sanad claims check claims/2024-2025.csv \
    --store "$store" --nation XS --json
holds "a simulated nation decides nothing" "$work/out" 'all(.claims[]; .verdict == "undecided")'

# ---- help -----------------------------------------------------------------------------------

expect 0 "--help" sanad --help
sed -n 's/^  \([a-z]*\)  .*/\1/p' "$work/out" >"$work/verbs"
for verb in simulate book scan position flows register claims statement key verify; do
    checks=$((checks + 1))
    grep -qx $verb "$work/verbs" || bad "--help does not name $verb"
    expect 0 "$verb --help" sanad $verb --help
    checks=$((checks + 1))
    grep -q "^usage: sanad $verb" "$work/out" || bad "$verb --help: no usage"
    expect 0 "$verb --help wins over what is missing" sanad $verb --json --help
    refused 2 "unknown option" "$verb, an unknown option" sanad $verb --colour
    refused 2 "takes no value" "$verb, a flag with a value" sanad $verb --json=1
    refused 2 "needs" "$verb, an option without its value" sanad $verb --store
    refused 2 "given twice" "$verb, an option twice" sanad $verb --store a --store b
done
expect 0 "--version" sanad --version
expect 2 "no verb" sanad
refused 2 "no such verb" "an unknown verb" sanad audit
refused 2 "no such verb" "a verb that turns the terminal" sanad "$(printf 'a\033[31mb')"
checks=$((checks + 1))
grep -q "$(printf '\033')" "$work/err" && bad "an escape sequence of the user is printed"

# ---- usage ------------------------------------------------------------------------------------

refused 2 '\-\-store is needed' "position without a store" sanad position
refused 2 '\-\-source is needed' "scan without a source" sanad scan --store "$store"
refused 2 '\-\-store is needed' "scan without a store" sanad scan --source "$source"
refused 2 'main, testnet4, signet or regtest' "a chain that is none" \
    sanad scan --chain mainnet --source "$source" --store "$store"
refused 2 'HEIGHT:HASH' "an anchor that is none" \
    sanad scan --chain regtest --source "$source" --store "$store" --anchor 17
refused 2 '\-\-threads' "threads that are none" \
    sanad scan --chain regtest --source "$source" --store "$store" --threads two
refused 2 '\-\-to' "a height that is none" \
    sanad scan --chain regtest --source "$source" --store "$store" --to -1
refused 2 '\-\-known' "a time that is none" \
    sanad scan --chain regtest --source "$source" --store "$store" --known never
for at in yesterday 2025-02-30 2025-7-1 -5 1e3 99999999999; do
    refused 2 "\-\-at: $at: not a height or a date" "--at $at" \
        sanad position --store "$store" --nation XS --at "$at"
done
refused 2 '\-\-as-known' "--as-known of a height" \
    sanad position --store "$store" --nation XS --as-known 100
refused 2 '\-\-at' "--at of a time that is none" \
    sanad statement make reserve-position --store "$store" --authority a --log b --at x
for words in '' 'check' 'check a b' 'burn a'; do
    # shellcheck disable=SC2086 # words
    expect 2 "book $words" sanad book $words
done
for words in '' 'make' 'sign' 'show' 'make claim x' 'burn x'; do
    # shellcheck disable=SC2086 # words
    expect 2 "statement $words" sanad statement $words
done
for words in '' 'a b'; do
    # shellcheck disable=SC2086 # words
    refused 2 'verify' "verify $words" sanad verify $words
done
for words in '' 'new' 'show' 'burn k'; do
    # shellcheck disable=SC2086 # words
    refused 2 'key' "key $words" sanad key $words
done
refused 2 'claims' "claims alone" sanad claims
refused 2 'from|to' "flows from after to" \
    sanad flows --store "$store" --nation XS --from 200 --to 100
checks=$((checks + 1))
printf x | sanad position --store "$store" --nation XS --json 2>&1 >/dev/null | grep . &&
    bad "position reads or says something beside"

# ---- a terminal ---------------------------------------------------------------------------------

# terminal COMMAND: runs it on a terminal of its own, what it shows into $work/out.
terminal() {
    script -qec "$1" /dev/null >"$work/out" 2>"$work/err" </dev/null
}
escape=$(printf '\033')
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    unset NO_COLOR
    terminal "$SANAD_BIN position --store $store --nation XS"
    checks=$((checks + 1))
    grep -q "$escape" "$work/out" || bad "no colour on a terminal"
    tr -d '\r' <"$work/out" | grep -v '^SIMULATED ' | grep -q . &&
        bad "a line without its mark on a terminal"
    NO_COLOR=1
    export NO_COLOR
    terminal "$SANAD_BIN position --store $store --nation XS"
    checks=$((checks + 1))
    grep -q "$escape" "$work/out" && bad "colour although NO_COLOR is set"
    terminal "$SANAD_BIN position --store $store --nation XS --json | cat"
    checks=$((checks + 1))
    tr -d '\r' <"$work/out" | jq -e .simulated >/dev/null || bad "JSON through a terminal"
else
    echo "skipped: colour on a terminal: no script(1), or no terminal to be had"
fi
finish
