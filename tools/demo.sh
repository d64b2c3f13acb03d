#!/bin/sh
# The tour that ./demo gives: two invented nations from raw blocks to a signed position, a
# stranger who recomputes it, a forger who is contradicted, and the real claims of the press.
# Uses build/sanad only; leaves all that it made under build/demo.
set -eu
cd "$(dirname "$0")/.."

sanad=build/sanad
out=build/demo
began=$(date +%s)

title() {
    printf '\n== %s\n' "$1"
}

# run ARGUMENTS...: shows the command as a reader would type it, then runs it.
run() {
    printf '$ sanad'
    printf ' %s' "$@"
    printf '\n'
    "$sanad" "$@"
}

# run_short ARGUMENTS...: only the last line of what it says: the rows before it are many.
run_short() {
    printf '$ sanad'
    printf ' %s' "$@"
    printf '\n'
    "$sanad" "$@" >"$out/last" || exit $?
    tail -n 1 "$out/last"
    rm -f "$out/last"
}

# must_end CODE ARGUMENTS...: the same, and the exit code must be this one.
must_end() {
    wanted=$1
    shift
    ended=0
    run "$@" || ended=$?
    if [ "$ended" != "$wanted" ]; then
        echo "demo: sanad $1 ended with $ended, not with $wanted" >&2
        exit 4
    fi
    echo "(exit code $ended)"
}

rm -rf "$out"
mkdir -p "$out"
# Keys of invented nations: the passphrase is no secret.
SANAD_PASSPHRASE="simulated, not secret"
export SANAD_PASSPHRASE

title "Two invented nations, on a chain that a regtest node accepts"
run simulate --out "$out" --scenario two-nations

# nation CC FROM TO WHY: one nation's books, and a window of days worth a look.
nation() {
    code=$1
    small=$(echo "$code" | tr '[:upper:]' '[:lower:]')
    folder=$out/$small
    store=$folder/$small.db
    note=$folder/statements/position.note
    mkdir -p "$folder/statements"
    cp "$out/book-$small.json" "$folder/book.json"

    title "$code: the address book, in every version that was published, each on its day"
    grep "^book-$small" "$out/declarations/index.csv" >"$folder/versions"
    while IFS=, read -r file _ _ known _; do
        run_short register book import "$out/declarations/$file" --chain regtest \
            --store "$store" --nation "$code" --known "$known" --by "$small-office" \
            --approver "$small-controller"
    done <"$folder/versions"

    title "$code: read every block, find every coin of the book"
    run scan --chain regtest --source "blocks:$out/blocks" --store "$store"

    title "$code: what the office declares its flows to have been, with a document each"
    run_short register declaration import "$out/declarations/flows-$small.csv" --store "$store" \
        --nation "$code" --by "$small-office" --approver "$small-controller"
    title "$code: what it owes its clients, in BTC"
    run_short register liability import "$out/liabilities-$small.csv" --store "$store" \
        --nation "$code" --by "$small-office" --approver "$small-controller"

    title "$code: what is held"
    run position --store "$store" --prices "$out/prices.csv"

    title "$code: what was bought, mined, moved, and what nobody explained"
    run flows --store "$store" --summary

    title "$code: $4"
    run flows --store "$store" --from "$2" --to "$3"

    title "$code: the position, signed"
    head -c 32 /dev/urandom >"$folder/salt"
    # A key does not know that its nation is invented.
    run key new "$folder/k1.key" --name "$small.example/reserve/k1" | sed '/^\$/!s/^/SIMULATED  /'
    run statement make reserve-position --store "$store" --authority "$small" \
        --log "$small.example/log" --salt-file "$folder/salt" \
        --public-book "$folder/book-public.json" --key "$folder/k1.key" --out "$note"
    run statement show "$note"
    "$sanad" key show "$folder/k1.key" >"$folder/k1.vkey"
    role='{"threshold":1,"keys":["'$small.example/reserve/k1'"]}'
    printf '{"keys":["%s"],"roles":{"reserve-position":%s,"criteria-report":%s}}\n' \
        "$(cat "$folder/k1.vkey")" "$role" "$role" >"$folder/trust.json"

    title "$code: a stranger with the same blocks recomputes it"
    must_end 0 verify "$note" --trust "$folder/trust.json" --book "$folder/book.json" \
        --source "blocks:$out/blocks"

    title "$code: a copy with one figure changed is contradicted"
    sed '2s/"total_sat":\([0-9]\)/"total_sat":9\1/' "$note" >"$folder/tampered.note"
    must_end 1 verify "$folder/tampered.note" --trust "$folder/trust.json" \
        --book "$folder/book.json" --source "blocks:$out/blocks"
}
nation XS 2025-08-28 2025-08-31 "one wallet is split to fourteen addresses: a sweep, not a sale"

title "XS: whoever has only the public book learns the public part, and that the rest is sealed"
must_end 3 verify "$out/xs/statements/position.note" --trust "$out/xs/trust.json" \
    --book "$out/xs/book-public.json" --source "blocks:$out/blocks"

nation XP 2025-08-10 2025-09-05 "a desk that explains nothing, and a seizure swept into the reserve"

# ---- two countries that cannot change their story --------------------------------------------

witnesses=
# shellcheck disable=SC2317 # run on exit
end_witnesses() {
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$witnesses" ] || kill $witnesses 2>/dev/null || true
}
trap end_witnesses EXIT
trap 'exit 1' HUP INT TERM

# key FILE NAME ARGUMENTS...: a key of an invented nation, cheaply sealed; FILE.vkey is public.
key() {
    key_file=$1
    key_name=$2
    shift 2
    "$sanad" key new "$key_file.key" --name "$key_name" --fast "$@" >"$key_file.vkey"
}

# witness NAME FOLDER: runs in the background on a free port of this machine alone.
witness() {
    printf '$ sanad witness --key %s --policy %s --state %s --listen 127.0.0.1:0 &\n' \
        "$2/witness.key" "$out/logs.policy" "$2/witness"
    "$sanad" witness --key "$2/witness.key" --policy "$out/logs.policy" --state "$2/witness" \
        --listen 127.0.0.1:0 2>"$2/witness.log" &
    witnesses="$witnesses $!"
    port=
    tries=0
    while [ -z "$port" ] && [ $tries -lt 100 ]; do
        port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$2/witness.log" | head -n 1)
        tries=$((tries + 1))
        [ -n "$port" ] || sleep 0.1
    done
    [ -n "$port" ] || { echo "demo: a witness does not listen: $2/witness.log" >&2; exit 4; }
    echo "witness $1 $(cat "$2/witness.vkey") http://127.0.0.1:$port" >>"$out/policy"
}

title "Two logs, a witness in each country, and one that belongs to neither"
mkdir -p "$out/third"
key "$out/third/witness" third.example/witness --type cosigner
for small in xs xp; do
    key "$out/$small/log" "$small.example/log"
    key "$out/$small/root" "$small.example/root-1"
    key "$out/$small/witness" "$small.example/witness" --type cosigner
    run log init --dir "$out/$small/log" --key "$out/$small/log.key" | sed '/^\$/!s/^/SIMULATED  /'
    echo "log $(cat "$out/$small/log.vkey")" >>"$out/policy"
done
{
    cat "$out/policy"
    echo "quorum none"
} >"$out/logs.policy"
witness xs "$out/xs"
witness xp "$out/xp"
witness third "$out/third"
{
    echo "group partners any xs xp"
    echo "group both all partners third"
    echo "quorum both"
} >>"$out/policy"

# publish CC: the root that says whose signatures count, then the signed position.
publish() {
    folder=$out/$1
    printf '{"version":1,"date":"2025-12-31","expires":"2030-01-01","keys":["%s","%s"],\n' \
        "$(cat "$folder/root.vkey")" "$(cat "$folder/k1.vkey")" >"$folder/root.json"
    printf '"roles":{"root":{"threshold":1,"keys":["%s"]},"reserve-position":%s}}\n' \
        "$1.example/root-1" '{"threshold":1,"keys":["'"$1"'.example/reserve/k1"]}' \
        >>"$folder/root.json"
    title "$1: its root and its position enter its log, and the partner cosigns"
    run statement make root --members "$folder/root.json" --authority "$1" \
        --log "$1.example/log" --key "$folder/root.key" --out "$folder/statements/root.note"
    run log add "$folder/statements/root.note" "$folder/statements/position.note" \
        --dir "$folder/log" --key "$folder/log.key" --policy "$out/policy" |
        sed '/^\$/!s/^/SIMULATED  /'
}
for small in xs xp; do
    publish $small
    title "$small: a stranger with its folder, the policy and the blocks verifies all of it"
    must_end 0 verify "$out/$small/log" --policy "$out/policy" --book "$out/$small/book.json" \
        --source "blocks:$out/blocks"
done

title "XS writes its history anew: nobody cosigns it, and the partner keeps the proof"
run statement make reserve-position --store "$out/xs/xs.db" --at 4000 --authority xs \
    --log xs.example/log --salt-file "$out/xs/salt" --key "$out/xs/k1.key" \
    --out "$out/xs/statements/other.note"
run log init --dir "$out/xs/another-story" --key "$out/xs/log.key" | sed '/^\$/!s/^/SIMULATED  /'
run log add "$out/xs/statements/root.note" "$out/xs/statements/other.note" \
    --dir "$out/xs/another-story" --key "$out/xs/log.key" --policy "$out/policy" |
    sed '/^\$/!s/^/SIMULATED  /'
fraud=$(find "$out/xp/witness" -type f -exec grep -l '^sanad/tlog-fraud/v1' {} + | head -n 1)
[ -n "$fraud" ] || { echo "demo: the partner keeps no fraud proof" >&2; exit 4; }
cp "$fraud" "$out/xs.fraud"
must_end 0 verify "$out/xs.fraud" --policy "$out/logs.policy" >"$out/last"
sed '/^[$(]/!s/^/SIMULATED  /' "$out/last" # a fraud proof does not know that its nation is invented
rm -f "$out/last"
end_witnesses
witnesses=

title "What was printed about real countries: claims, undecided without the real chain"
# Exit code 3 is the honest answer here: evidence is missing.
must_end 3 claims check claims/2024-2025.csv
echo "To decide them, with the block files of a node:"
echo "  build/sanad scan --source blocks:DIR --book books/sv-public.json --store sv.db"
echo "  build/sanad claims check claims/2024-2025.csv --store sv.db"

title "XS: its programme forbids to accumulate; a breach although no coin moved"
must_end 1 limits --store "$out/xs/xs.db" --programme "$out/programme-xs.json" \
    --version 2025-02-26 --at 2025-07-16

title "XS: at the end of the year, under the version that replaced it"
must_end 1 limits --store "$out/xs/xs.db" --programme "$out/programme-xs.json" --at 2025-12-31

title "XS: what the Fund receives: signed statements, tables, and a page to print"
run statement make pack --store "$out/xs/xs.db" --programme "$out/programme-xs.json" \
    --prices "$out/prices.csv" --dir "$out/xs/log" --salt-file "$out/xs/salt" \
    --key "$out/xs/k1.key" --out "$out/xs/pack"
must_end 0 verify "$out/xs/pack/criteria-report.note" --trust "$out/xs/trust.json"
echo "To print: $out/xs/pack/pack-en.html (and -es, -ur)"

title "XP: what was reported, and what a wallet declared late did to it"
must_end 1 limits --store "$out/xp/xp.db" --programme "$out/programme-xp.json"

title "XP: before signing: a purchase that its programme would not allow"
must_end 1 limits --store "$out/xp/xp.db" --programme "$out/programme-xp.json" --at 2025-08-10 \
    --what-if 55

printf '\ndemo: done in %d s; all that it made is under %s\n' $(($(date +%s) - began)) "$out"
