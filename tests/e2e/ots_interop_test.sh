#!/bin/sh
# Proves: the reference library of OpenTimestamps (Debian's python3-opentimestamps) and we read each
# other's files. Proofs of digests in real blocks and of our own anchors are its proofs to the byte;
# its random trees and its files at every limit get the verdict that it gives them; of thousands of
# changed files whatever we take it takes, with the same attestations. Its half: tests/interop/ots.py.
. tests/e2e/lib.sh
helper=$build/e2e_ots
anchor=$build/e2e_anchor
[ -x "$helper" ] || skip "$helper is not built"
python=${SANAD_PYTHON:-/usr/bin/python3}
[ -x "$python" ] || skip "$python is not installed"
"$python" -c 'import opentimestamps.bitcoin, bitcoin.core' 2>/dev/null ||
    skip "python3-opentimestamps is not installed"
SANAD_PASSPHRASE=simulated
export SANAD_PASSPHRASE
reference() {
    "$python" -B tests/interop/ots.py "$@"
}

# judged WHAT FOLDER: both have their say on every file; the counts stay in $work/out.
judged() {
    expect 0 "$1: our verdicts" "$helper" judge "$2" || return 1
    cp "$work/out" "$work/ours"
    expect 0 "$1: held against its own" reference judge "$2" "$work/ours"
}
# count WORD: of the last judged.
count() {
    sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$work/out" | tail -n 1
}
at_least() { # at_least N WORD WHAT
    checks=$((checks + 1))
    [ "$(count "$2")" -ge "$1" ] || bad "$3: fewer than $1 $2"
}

# ---- its trees, its limits, its examples, and thousands of changed ones --------------------------

mkdir "$work/trees" "$work/limits" "$work/changed" "$work/examples"
expect 0 "trees" reference trees "$work/trees" 300 1
judged "trees" "$work/trees"
at_least 300 taken "trees"
expect 0 "limits" reference limits "$work/limits"
judged "limits" "$work/limits"
at_least 8 taken "limits"
at_least 5 refused "limits"
grep -q stricter "$work/out" && [ "$(count stricter)" = 0 ] || bad "limits: others than its own"
expect 0 "changed" reference change "$work/trees" "$work/changed" 4000 2
judged "changed" "$work/changed"
at_least 200 taken "changed"
at_least 1000 refused "changed"
if [ -d "${SANAD_DATA:-}/tlog/ots" ]; then
    cp "$SANAD_DATA"/tlog/ots/*.ots "$SANAD_DATA"/tlog/ots/invalid/*.ots "$work/examples"
    judged "examples" "$work/examples"
    at_least 11 taken "examples"
    at_least 3 refused "examples"
fi

# A verdict that can't fail proves nothing: another digest, another attestation are found.
sed 's/ taken \(..\) ../ taken \1 00/' "$work/ours" >"$work/forged"
expect 1 "a forged digest" reference judge "$work/examples" "$work/forged"
sed 's/ 0588960d73d71901:[0-9a-f]*:/ 0588960d73d71901:00:/' "$work/ours" >"$work/forged"
expect 1 "a forged height" reference judge "$work/examples" "$work/forged"

# ---- proofs of what blocks carry ------------------------------------------------------------------

# same_proof BLOCK DIGEST HEIGHT
same_proof() {
    expect 0 "our proof of $2" "$helper" make "$1" "$2" "$3" "$work/ours.ots"
    expect 0 "its proof of $2" reference make "$1" "$2" "$3" "$work/theirs.ots"
    checks=$((checks + 1))
    cmp -s "$work/ours.ots" "$work/theirs.ots" || bad "$2: our proof is not its proof"
}
for height in 0574200 0831330; do
    block=${SANAD_DATA:-}/blocks/block-$height.raw
    [ -f "$block" ] || continue
    expect 0 "what block $height carries" "$helper" carried "$block"
    # One transaction each: where two carry the same it takes the smaller, we the first.
    sort "$work/out" | uniq -u | head -n 6 >"$work/digests"
    while read -r digest; do
        same_proof "$block" "$digest" "${height#0}"
    done <"$work/digests"
done

# ---- our own anchor ----------------------------------------------------------------------------------

if [ -x "$anchor" ]; then
    sanad key new "$work/log.key" --name xs.example/log --fast >/dev/null || bad "key log"
    sanad key new "$work/root.key" --name xs.example/root --fast >"$work/root.vkey" ||
        bad "key root"
    cat >"$work/root.json" <<END
{"version":1,"date":"2025-01-01","expires":"2030-01-01","keys":["$(cat "$work/root.vkey")"],
 "roles":{"root":{"threshold":1,"keys":["xs.example/root"]}}}
END
    expect 0 "root" sanad statement make root --members "$work/root.json" --authority xs \
        --log xs.example/log --key "$work/root.key" --out "$work/root.note"
    expect 0 "init" sanad log init --dir "$work/log" --key "$work/log.key"
    expect 0 "add" sanad log add "$work/root.note" --dir "$work/log" --key "$work/log.key"
    expect 0 "prepare" sanad log anchor --dir "$work/log" --prepare --json
    digest=$(jq -r .digest "$work/out")
    "$anchor" chain "$work/blocks" 20 || bad "chain"
    "$anchor" carry "$work/blocks" "$(jq -r .script "$work/out")" 8 >"$work/carried" || bad "carry"
    read -r height hash txid raw <"$work/carried"
    expect 0 "anchor" sanad log anchor --dir "$work/log" --chain regtest \
        --source "blocks:$work/blocks"
    "$anchor" block "$work/blocks" "$height" "$work/block.raw" || bad "block"
    expect 0 "its proof" reference make "$work/block.raw" "$digest" "$height" "$work/theirs.ots"
    checks=$((checks + 1))
    cmp -s "$work/log/anchor/1.ots" "$work/theirs.ots" ||
        bad "our anchor is not its proof ($hash $txid $raw)"
fi

finish
