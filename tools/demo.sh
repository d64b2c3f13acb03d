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

# must_fail CODE ARGUMENTS...: the same, and the exit code must be this one.
must_fail() {
    wanted=$1
    shift
    code=0
    run "$@" || code=$?
    if [ "$code" != "$wanted" ]; then
        echo "demo: sanad $1 ended with $code, not with $wanted" >&2
        exit 4
    fi
    echo "(exit code $code)"
}

rm -rf "$out"
mkdir -p "$out"
# Keys of invented nations: the passphrase is no secret.
SANAD_PASSPHRASE="simulated, not secret"
export SANAD_PASSPHRASE

title "Two invented nations, on a chain that a regtest node would accept"
run simulate --out "$out" --scenario two-nations

nation() {
    code=$1
    small=$(echo "$code" | tr '[:upper:]' '[:lower:]')
    folder=$out/$small
    mkdir -p "$folder/statements"
    cp "$out/book-$small.json" "$folder/book.json"
    on="--chain regtest --store $folder/$small.db"

    # shellcheck disable=SC2086 # $on is several words
    {
        title "$code: read every block, find every coin of the book"
        run scan $on --source "blocks:$out/blocks" --book "$folder/book.json"

        title "$code: what is held"
        run position $on --prices "$out/prices.csv"

        title "$code: what was bought, moved, mined, and what nobody explained"
        run flows $on --summary

        title "$code: the position, signed by two officers"
        statement=$folder/statements/position.note
        keys=
        for officer in 1 2; do
            run key new "$folder/k$officer.key" --name "$small.example/reserve/k$officer" --fast
            keys="$keys $("$sanad" key show "$folder/k$officer.key")"
        done
        run statement make reserve-position $on --authority "$small" --log "$small.example/log" \
            --key "$folder/k1.key" --out "$statement"
        run statement sign "$statement" --key "$folder/k2.key"
        run statement show "$statement"

        title "$code: a stranger with the same blocks recomputes it"
        jq -n --arg keys "$keys" '($keys | ltrimstr(" ") | split(" ")) as $k |
            {keys: $k, roles: {"reserve-position":
                {threshold: 2, keys: ($k | map(split("+")[0]))}}}' >"$folder/trust.json"
        run verify "$statement" --trust "$folder/trust.json" --book "$folder/book.json" \
            --source "blocks:$out/blocks"

        title "$code: a copy with one figure changed is contradicted"
        sed '2s/"total_sat":\([0-9]\)/"total_sat":9\1/' "$statement" >"$folder/tampered.note"
        must_fail 1 verify "$folder/tampered.note" --trust "$folder/trust.json" \
            --book "$folder/book.json" --source "blocks:$out/blocks"
    }
}
nation XS
nation XP

title "What was printed about real countries: claims, undecided without the real chain"
# Exit code 3 is the honest answer here: evidence is missing.
must_fail 3 claims check claims/2024-2025.csv
echo "To decide them, with a node's block files:"
echo "  build/sanad scan --source blocks:DIR --book books/sv-public.json --store sv.db"
echo "  build/sanad claims check claims/2024-2025.csv --store sv.db"

printf '\ndemo: done in %d s; all that it made is under %s\n' $(($(date +%s) - began)) "$out"
