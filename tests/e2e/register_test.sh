#!/bin/sh
# Books and registers as a user meets them: what is refused and with which exit code, that
# half an import leaves nothing, four eyes, and that a day's question gets that day's answer.
set -u
[ -x "${SANAD_BIN:-}" ] || { echo "no program to run"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
sanad() { "$SANAD_BIN" "$@" >"$work/out" 2>"$work/err"; }
# expect CODE PART ARGUMENTS: exit code, and a part of what was printed
expect() {
    want=$1
    part=$2
    shift 2
    sanad "$@"
    got=$?
    if [ $got -ne "$want" ] || ! cat "$work/out" "$work/err" | grep -qF -- "$part"; then
        echo "sanad $*: exit $got, wanted $want and \"$part\":"
        cat "$work/out" "$work/err"
        failed=1
    fi
}
book=books/sv-public.json
store=$work/s.db

expect 0 '20 wallets, 20 scripts' book check $book
expect 0 '"script_count": 20' book check $book --json
expect 0 '32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo' book show $book
expect 0 '"first_addresses"' book show $book --json
expect 4 'another network' book check $book --chain regtest
sanad book hash $book && hash=$(cat "$work/out")
tr -d '\n' <$book >"$work/same.json"
expect 0 "$hash" book hash "$work/same.json"
sed 's/"since": "2024-03-14"/"since": "2024-03-15"/' $book >"$work/other.json"
sanad book hash "$work/other.json"
[ "$(cat "$work/out")" != "$hash" ] || { echo "another book, the same hash"; failed=1; }
sed 's/"reserve-20"/"reserve-19"/' $book >"$work/twice.json"
expect 4 'wallet "reserve-19": the id stands twice' book check "$work/twice.json"
sed 's/359jBt2XuTdgk6YEz1WwhwMwrzTd7Qb3Gw/32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo/' $book >"$work/shared.json"
expect 4 'at the same time' book check "$work/shared.json"
expect 2 'say `book check' book
expect 4 'no/such' book check no/such.json

printf 'address\n32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo\n' >"$work/a.csv"
expect 0 '"addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo)"' book import --csv "$work/a.csv" --nation SV --currency USD
cp "$work/out" "$work/made.json"
expect 0 'valid' book check "$work/made.json"
head -c 32 /dev/zero >"$work/secret"
sed 's/"visibility": "public"/"visibility": "sealed"/' $book >"$work/sealed.json"
expect 0 '"commitment"' book public "$work/sealed.json" --salt-secret "$work/secret"
if grep -q 32ixEd "$work/out"; then echo "the public form shows a sealed address"; failed=1; fi
cp "$work/out" "$work/public.json"
expect 0 '20 wallets, 0 scripts' book check "$work/public.json"

expect 4 "can't approve" register book import $book --store "$store" --by ana --approver Ana
expect 0 'wallet' register book import $book --store "$store" --by ana --approver bruno --known 2025-01-01
expect 0 'approved' register book list --store "$store"
expect 4 'known: before the newest entry' register book import "$work/other.json" --store "$store" --by ana --known 2024-12-31
expect 0 'added' register book import "$work/other.json" --store "$store" --by ana --known 2025-02-01
expect 0 '"records": []' register book list --store "$store" --as-known 2024-12-31 --json
expect 0 "$hash" register book list --store "$store" --as-known 2025-03-01 --json

printf 'time,source,currency,price_minor_per_btc\n2025-07-16,a,USD,11888000\n2025-07-16,b,USD,100\n' >"$work/p.csv"
expect 4 'line 3: price: a price of 1' register price import "$work/p.csv" --store "$store" --by ana
expect 0 '"records": []' register price list --store "$store" --json
sed -i 3d "$work/p.csv"
expect 0 '"added": 1' register price import "$work/p.csv" --store "$store" --by ana --known 2025-07-17 --json
expect 0 '"unchanged": 1' register price import "$work/p.csv" --store "$store" --by ana --known 2025-07-18 --json
number=$("$SANAD_BIN" register price list --store "$store" --json | sed -n 's/.*"number": \([0-9]*\).*/\1/p')
expect 4 "who prepared it can't approve" register price approve "$number" --store "$store" --by ana
expect 0 '"state": "approved"' register price approve "$number" --store "$store" --by bruno
expect 4 'already approved' register price reject "$number" --store "$store" --by bruno
sanad register price export --store "$store" && cp "$work/out" "$work/back.csv"
expect 0 '"unchanged": 1' register price import "$work/back.csv" --store "$store" --by ana --json

tx=$(printf '%064d' 1)
doc=$(printf '%064d' 2)
printf 'txid,meaning\n%s,purchase\n' "$tx" >"$work/d.csv"
expect 4 'no document' register declaration import "$work/d.csv" --store "$store" --nation SV
expect 0 'added' register declaration import "$work/d.csv" --store "$store" --nation SV --document "$doc" --known 2025-07-01
printf '{"txid":"%s","meaning":"seizure"}' "$tx" >"$work/b.json"
expect 0 '"state": "proposed"' register declaration propose --body "$work/b.json" --store "$store" --nation SV --document "$doc" --by ana --known 2025-08-01
expect 0 '"meaning": "purchase"' register declaration list --store "$store" --as-known 2025-07-15 --json
expect 0 '"meaning": "seizure"' register declaration list --store "$store" --json
expect 0 'operator' register declaration history --store "$store"

printf 'time,entity,holder,holder_sector,amount_sat,document_sha256,note\n' >"$work/l.csv"
printf '2025-06-30T12:00:00Z,bank,clients,S14,500000,%s,first\n' "$doc" >>"$work/l.csv"
expect 0 'added' register liability import "$work/l.csv" --store "$store" --nation SV --by ana --approver bruno --known 2025-07-01
expect 0 '"amount_sat": 500000' register liability list --store "$store" --json
sed -i 's/500000/-1/' "$work/l.csv"
expect 4 'line 2: "amount_sat" must be a whole number' register liability import "$work/l.csv" --store "$store" --nation SV
printf 'name,time,unit,value,document_sha256\narrears,2025-06-30,USD,-7,%s\n' "$doc" >"$work/n.csv"
expect 0 'added' register series import "$work/n.csv" --store "$store" --nation SV --known 2025-07-01
expect 0 'arrears,2025-06-30T00:00:00Z,USD,-7,' register series export --store "$store"
printf '{"id":"p","version":"1","sha256":"%s","programme":{}}' "$doc" >"$work/g.json"
expect 0 '"state": "proposed"' register programme propose --body "$work/g.json" --store "$store" --nation SV --document "$doc" --by ana --known 2025-07-01
expect 0 'the journal holds' register check --store "$store"
expect 0 '"simulated": false' register check --store "$store" --json
expect 2 'no such kind' register gossip list --store "$store"
expect 2 '--store is needed' register price list
expect 3 'there is none' register price show 9999 --store "$store"
expect 4 'no/such' register price list --store "$work/no/such.db"
exit $failed
