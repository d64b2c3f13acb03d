#!/bin/sh
# Proves: a checkpoint goes into a transaction, the transaction into a block, and from both a proof
# comes about that anybody checks without a network: against blocks, against headers, against a
# scanned store, in the log's folder, over HTTP, as a file and as a statement in the log itself.
# What does not fit is never said to hold: another block, another digest, another branch, a log that
# was rolled back or written anew, a height without a header, damaged files.
# shellcheck disable=SC2086 # lists of words
. tests/e2e/lib.sh
anchor=$build/e2e_anchor
blocks_of=$build/e2e_blocks
[ -x "$anchor" ] || skip "e2e_anchor is not built"
SANAD_PASSPHRASE=simulated
export SANAD_PASSPHRASE
server=
stop_all() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    clean
}
trap stop_all EXIT

# ---- a log of three entries and a chain ----------------------------------------------------------

for name in log root doc; do
    sanad key new "$work/$name.key" --name "xs.example/$name" --fast >"$work/$name.vkey" ||
        bad "key $name"
done
cat >"$work/root.json" <<END
{"version":1,"date":"2025-01-01","expires":"2030-01-01",
 "keys":["$(cat "$work/root.vkey")","$(cat "$work/doc.vkey")"],
 "roles":{"root":{"threshold":1,"keys":["xs.example/root"]},
          "anchor":{"threshold":1,"keys":["xs.example/doc"]},
          "document":{"threshold":1,"keys":["xs.example/doc"]}}}
END
expect 0 "root" sanad statement make root --members "$work/root.json" --authority xs \
    --log xs.example/log --key "$work/root.key" --out "$work/root.note"
document() { # document WORDS SEQ [--prev N]
    echo "$1" >"$work/memo"
    seq=$2
    shift 2
    expect 0 "document $seq" sanad statement make document --authority xs --log xs.example/log \
        --date 2025-03-01 --file "$work/memo" --media-type text/plain --language en \
        --title "en=Memorandum" --seq "$seq" "$@" --key "$work/doc.key" --out "$work/d$seq.note"
}
printf 'log %s\nquorum none\n' "$(cat "$work/log.vkey")" >"$work/policy"
log=$work/l
add() { # add FOLDER FILES...
    to=$1
    shift
    expect 0 "add to $to" sanad log add "$@" --dir "$to" --key "$work/log.key" \
        --policy "$work/policy"
}
document first 0
document second 1 --prev 1
expect 0 "init" sanad log init --dir "$log" --key "$work/log.key"
add "$log" "$work/root.note" "$work/d0.note" "$work/d1.note"
"$anchor" chain "$work/blocks" 30 || bad "chain"
chain="--chain regtest --source blocks:$work/blocks"

refused 3 'no checkpoint waits' "nothing is prepared" sanad log anchor --dir "$log" $chain
refused 2 'one DIR' "two folders" sanad log anchor "$log" "$log" --prepare

# ---- prepared, carried, proved -------------------------------------------------------------------

expect 0 "prepare" sanad log anchor "$log" --prepare --json
cp "$work/out" "$work/prepared"
script=$(jq -r .script "$work/prepared")
digest=$(sed '/^$/,$d' "$log/checkpoint" | sha256sum | cut -d ' ' -f 1)
holds "the digest is that of the text, by sha256sum" "$work/prepared" \
    '.digest == $d and .carried == $d and .script == ("6a20" + $d) and .size == 3' --arg d "$digest"
same "the checkpoint is kept" "$log/checkpoint" "$log/anchor/3.checkpoint"
expect 0 "prepare twice" sanad log anchor --dir "$log" --prepare --json
same "prepare twice says the same" "$work/prepared" "$work/out"
expect 3 "no block carries it yet" sanad log anchor --dir "$log" $chain --json
holds "it waits" "$work/out" '.anchored == [] and .waiting[0].size == 3'
expect 0 "a log with what waits is as before" sanad verify "$log" --policy "$work/policy"

"$anchor" carry "$work/blocks" 6a20"$(printf '%064d' 7)" 2 >/dev/null || bad "another block"
"$anchor" carry "$work/blocks" "$script" 6 >"$work/carried" || bad "carry"
read -r height hash txid raw <"$work/carried"
"$anchor" carry "$work/blocks" 6a01aa 1 >/dev/null || bad "a block on it"
expect 0 "anchor" sanad log anchor --dir "$log" $chain --json
holds "anchored where it was carried" "$work/out" '.waiting == [] and .chain == "regtest"
    and .anchored == [{size: 3, digest: $d, height: ($h | tonumber), block_hash: $b, txid: $t}]' \
    --arg d "$digest" --arg h "$height" --arg b "$hash" --arg t "$txid"
echo 3 >"$work/three"
same "the index" "$work/three" "$log/anchor/index"
refused 3 'no checkpoint waits' "anchored once" sanad log anchor --dir "$log" $chain

# The same bytes from the transaction and its block alone.
"$anchor" block "$work/blocks" "$height" "$work/block.raw" || bad "block"
for how in "$chain --tx $raw" "$chain --block $height" "$chain --block $hash --tx $raw" \
    "--chain regtest --block $work/block.raw --height $height"; do
    rm -rf "$work/again"
    cp -r "$log" "$work/again"
    rm "$work/again/anchor/index" "$work/again/anchor/3.ots" "$work/again/anchor/3.header"
    expect 0 "anchor by $how" sanad log anchor --dir "$work/again" $how
    same "proof by $how" "$log/anchor/3.ots" "$work/again/anchor/3.ots"
    same "header by $how" "$log/anchor/3.header" "$work/again/anchor/3.header"
done
rm "$work/again/anchor/index"
echo "$raw" >"$work/tx.hex"
expect 0 "the transaction in a file" sanad log anchor --dir "$work/again" $chain \
    --tx "$work/tx.hex"
rm "$work/again/anchor/index"
refused 1 'carries no checkpoint that waits' "another transaction" sanad log anchor \
    --dir "$work/again" $chain --tx "$(echo "$raw" | sed "s/$digest/${digest#??}00/")"
refused 4 'not one whole transaction' "half a transaction" sanad log anchor --dir "$work/again" \
    $chain --tx "${raw%????}"
refused 2 'neither height nor hash nor file' "no block" sanad log anchor --dir "$work/again" \
    $chain --block tip
refused 3 'has no such block' "a block that is not there" sanad log anchor --dir "$work/again" \
    $chain --block 1000
refused 2 'height is needed' "a block without its height" sanad log anchor --dir "$work/again" \
    --chain regtest --block "$work/block.raw"
refused 4 'no proof of work of main' "a block of another chain" sanad log anchor \
    --dir "$work/again" --block "$work/block.raw" --height "$height"
refused 4 'height' "a block at another height" sanad log anchor --dir "$work/again" \
    --chain regtest --block "$work/block.raw" --height 5
expect 3 "another block does not carry it" sanad log anchor --dir "$work/again" $chain --block 7

# ---- a stranger --------------------------------------------------------------------------------------

"$anchor" headers "$work/blocks" "$work/headers" || bad "headers"
cat >"$work/book.json" <<END
{"nation":"XS","currency":"USD","simulated":true,
 "entities":[{"id":"e","name":{"en":"Office"},"sector":"S1311"}],
 "wallets":[{"id":"w","entity":"e","class":"reserve","temperature":"cold","control":"declared",
  "visibility":"public","descriptors":["raw(51)"],"since":null,"until":null}]}
END
expect 0 "scan" sanad scan $chain --book "$work/book.json" --known 2025-12-31 \
    --store "$work/xs.db"
verify() { # verify CODE WHAT SUBJECT ARGUMENTS...
    wanted=$1
    what=$2
    shift 2
    expect "$wanted" "$what" sanad verify "$@" --policy "$work/policy" --json
}
by_blocks="$chain"
by_headers="--chain regtest --headers $work/headers"
by_store="--store $work/xs.db"
for by in "$by_blocks" "$by_headers" "$by_store"; do
    verify 0 "the log, $by" "$log" $by
    holds "the log's anchor, $by" "$work/out" '.verdict == "holds" and
        any(.checks[]; .name == "anchors" and .subject == "1 of 1" and .verdict == "holds" and
        (.detail | contains($b) and contains("blocks on it: 1")))' --arg b "$hash"
    verify 0 "the file, $by" "$log/anchor/3.ots" $by
    holds "digest and block, $by" "$work/out" '[.checks[] | [.name, .verdict]] ==
        [["digest", "holds"], ["attestation", "holds"]]'
done
expect 0 "an audit" sanad log audit "$log" --policy "$work/policy" $by_headers
verify 3 "nothing to hold it against" "$log"
holds "what would decide" "$work/out" 'any(.checks[]; .name == "anchors" and
    .verdict == "undecided" and (.detail | contains($b)))' --arg b "$hash"
"$anchor" headers "$work/blocks" "$work/short" "$height" || bad "headers"
verify 3 "headers that end before" "$log" --chain regtest --headers "$work/short"
holds "headers that end before" "$work/out" \
    'any(.checks[]; .detail | contains("the chain at hand has no block"))'
refused 4 'not the header behind' "headers of another chain" sanad verify "$log" \
    --policy "$work/policy" --headers "$work/headers"
head -c 100 "$work/headers" >"$work/bad"
refused 4 'not headers of 80 bytes' "half a header" sanad verify "$log" --chain regtest \
    --policy "$work/policy" --headers "$work/bad"
cp "$log/checkpoint" "$work/elsewhere"
verify 0 "the file of a checkpoint, given" "$log/anchor/3.ots" --file "$work/elsewhere" $by_headers
verify 1 "another file" "$log/anchor/3.ots" --file "$work/memo" $by_headers
cp "$log/anchor/3.ots" "$work/alone.ots"
verify 3 "without the file" "$work/alone.ots" $by_headers
sed '/^$/,$d' "$log/checkpoint" >"$work/alone"
verify 0 "the text itself beside" "$work/alone.ots" $by_headers
verify 3 "a store, and no header beside" "$work/alone.ots" $by_store

"$SANAD_BIN" log serve --dir "$log" --listen 127.0.0.1:0 2>"$work/serve.log" &
server=$!
port=
tries=0
while [ -z "$port" ] && [ $tries -lt 200 ]; do
    port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$work/serve.log" | head -n 1)
    tries=$((tries + 1))
    [ -n "$port" ] || sleep 0.1
done
verify 0 "over HTTP" "http://127.0.0.1:$port" $by_headers
holds "over HTTP" "$work/out" 'any(.checks[]; .name == "anchors" and .verdict == "holds")'
kill "$server"
server=

# ---- in the log itself -------------------------------------------------------------------------------

expect 0 "anchor statement" sanad statement make anchor --anchored "$log/anchor/3.ots" \
    --chain regtest --authority xs --log xs.example/log --key "$work/doc.key" \
    --out "$work/anchor.note"
sanad statement show "$work/anchor.note" --json >"$work/shown"
holds "its members" "$work/shown" '.size == 3 and .checkpoint_sha256 == $d and .block_hash == $b
    and .height == ($h | tonumber) and .chain == "regtest" and (.date | test("^2011-02-0"))' \
    --arg d "$digest" --arg b "$hash" --arg h "$height"
document third 2 --prev 2
add "$log" "$work/anchor.note" "$work/d2.note"
rm -rf "$work/bare"
cp -r "$log" "$work/bare"
rm -r "$work/bare/anchor"
for by in "$by_blocks" "--headers $work/headers"; do
    verify 0 "the log that grew, $by" "$log" $by
    holds "both anchors, $by" "$work/out" \
        'any(.checks[]; .name == "anchors" and .subject == "2 of 2" and .verdict == "holds")'
    verify 0 "the statement is enough, $by" "$work/bare" $by
    holds "the statement is enough, $by" "$work/out" \
        'any(.checks[]; .name == "anchors" and .subject == "1 of 1" and .verdict == "holds")'
done
for change in '.height = 5' '.block_hash = .checkpoint_sha256' '.root_hash = .block_hash' \
    '.checkpoint_sha256 = .root_hash' '.proof_sha256 = .root_hash' '.size = 2' 'del(.proof)' \
    '.proof = "AAAA"'; do
    jq "$change | del(.authority, .log, .seq, .prev)" "$work/shown" >"$work/members.json"
    rm -rf "$work/told" "$work/told.private"
    expect 0 "init for $change" sanad log init --dir "$work/told" --key "$work/log.key"
    expect 0 "a statement with $change" sanad statement make anchor --members \
        "$work/members.json" --authority xs --log xs.example/log --key "$work/doc.key" \
        --out "$work/told.note"
    add "$work/told" "$work/root.note" "$work/d0.note" "$work/d1.note" "$work/told.note"
    wanted=1
    [ "$change" != 'del(.proof)' ] || wanted=3
    verify $wanted "a statement with $change" "$work/told" $by_headers
done
verify 3 "a statement of another chain than asked" "$work/bare" --chain signet

# ---- two logs in one transaction ---------------------------------------------------------------------

sanad key new "$work/xp.key" --name "xp.example/log" --fast >/dev/null || bad "key xp"
expect 0 "init xp" sanad log init --dir "$work/xp" --key "$work/xp.key"
expect 0 "root of xp" sanad statement make root --members "$work/root.json" --authority xp \
    --log xp.example/log --key "$work/root.key" --out "$work/xp-root.note"
expect 0 "xp adds" sanad log add "$work/xp-root.note" --dir "$work/xp" --key "$work/xp.key"
expect 0 "xp's digest" sanad log anchor --dir "$work/xp" --prepare --json
theirs=$(jq -r .digest "$work/out")
expect 0 "our digest" sanad log anchor --dir "$log" --prepare --json
ours=$(jq -r .digest "$work/out")
expect 0 "together" sanad log anchor --dir "$log" --prepare --with "$theirs" --json
script=$(jq -r .script "$work/out")
expect 0 "together, from the other side" sanad log anchor --dir "$work/xp" --prepare \
    --with "$ours" --json
holds "one root" "$work/out" '.script == $s and .carried != .digest' --arg s "$script"
"$anchor" carry "$work/blocks" "$script" 3 >/dev/null || bad "carry both"
expect 0 "ours" sanad log anchor --dir "$log" $chain --with "$theirs"
expect 0 "theirs" sanad log anchor --dir "$work/xp" $chain --with "$ours"
"$anchor" headers "$work/blocks" "$work/headers" || bad "headers"
verify 0 "ours holds" "$log" $by_headers
holds "ours holds" "$work/out" 'any(.checks[]; .name == "anchors" and .subject == "3 of 3")'
expect 0 "theirs holds" sanad verify "$work/xp/anchor/1.ots" $by_headers
printf '3\n5\n' >"$work/index"
same "the index of two" "$work/index" "$log/anchor/index"

# ---- what does not fit -------------------------------------------------------------------------------

damaged() { # damaged CODE WHAT: $work/hurt is a copy of the log that something was done to
    verify "$1" "$2" "$work/hurt" $by_headers
    [ "$1" = 0 ] || holds "$2: no anchor of this size is said to hold" "$work/out" \
        '.verdict != "holds"'
}
hurt() {
    rm -rf "$work/hurt"
    cp -r "$log" "$work/hurt"
}
proof=anchor/5.ots
size=$(wc -c <"$log/$proof")
hurt
damaged 0 "an unhurt copy"
for cut in 0 10 64 200 $((size - 1)); do
    hurt
    head -c "$cut" "$log/$proof" >"$work/hurt/$proof"
    damaged 1 "cut to $cut bytes"
    refused 4 '.' "a file cut to $cut bytes" sanad verify "$work/hurt/$proof" $by_headers
done
hurt
printf x >>"$work/hurt/$proof"
damaged 1 "a byte behind the end"
bit=3
while [ $bit -lt $((8 * size)) ]; do
    hurt
    "$anchor" flip "$work/hurt/$proof" $bit || bad "flip"
    sanad verify "$work/hurt/$proof" $by_headers >/dev/null 2>&1
    code=$?
    checks=$((checks + 1))
    [ $code != 0 ] || bad "bit $bit was flipped, and it holds"
    bit=$((bit + 101))
done
# The text of a kept checkpoint decides; its signatures are evidence only against another tree, and
# the header beside counts for nothing where headers are at hand.
text=$(sed '/^$/,$d' "$log/anchor/5.checkpoint" | wc -c)
bit=2
while [ $bit -lt $((8 * text)) ]; do
    hurt
    "$anchor" flip "$work/hurt/anchor/5.checkpoint" $bit || bad "flip"
    damaged 1 "bit $bit of the checkpoint's text was flipped"
    bit=$((bit + 67))
done
hurt
"$anchor" flip "$work/hurt/anchor/5.header" 300 || bad "flip"
damaged 0 "a header beside that nobody needs"
hurt
rm "$work/hurt/$proof"
damaged 3 "a proof that is not there"
hurt
rm "$work/hurt/anchor/5.checkpoint"
damaged 3 "a checkpoint that is not there"
hurt
cp "$work/hurt/anchor/3.ots" "$work/hurt/$proof"
damaged 1 "the proof of another checkpoint"
hurt
cp "$work/hurt/anchor/3.checkpoint" "$work/hurt/anchor/5.checkpoint"
damaged 1 "the checkpoint of another size"
for index in '5\n3\n' '3\n5' 'three\n'; do
    hurt
    # shellcheck disable=SC2059 # the format is the text
    printf "$index" >"$work/hurt/anchor/index"
    damaged 1 "an index that is none"
done
hurt
rm "$work/hurt/anchor/index"
damaged 0 "without its index the statement is left"
hurt
cp "$work/hurt/anchor/3.header" "$work/hurt/anchor/5.header"
verify 3 "the header of another block, and a store" "$work/hurt" --store "$work/xs.db"

# Another block: a longer branch that has not the transaction.
cp -r "$work/blocks" "$work/fork"
"$blocks_of" fork "$work/fork" regtest $((height - 2)) 10 || bad "fork"
verify 1 "the chain went another way" "$log" --chain regtest --source "blocks:$work/fork"
holds "the chain went another way" "$work/out" \
    'any(.checks[]; .name == "anchor" and (.detail | contains("its merkle root is another")))'

# The log finds out too: what the chain has left waits again. The branch repeats the transaction of
# one checkpoint in another block; the other's it has only once it is carried again.
hurt
expect 3 "anchors that were lost" sanad log anchor --dir "$work/hurt" --chain regtest \
    --source "blocks:$work/fork" --json
holds "anchors that were lost" "$work/out" '.waiting == [{size: 5, digest: $d, lost: true}] and
    (.anchored | length) == 1 and .anchored[0].size == 3 and .anchored[0].lost
    and .anchored[0].block_hash != $b and .anchored[0].txid == $t' \
    --arg d "$ours" --arg b "$hash" --arg t "$txid"
same "the other one left the index" "$work/three" "$work/hurt/anchor/index"
expect 0 "it holds there" sanad verify "$work/hurt/anchor/3.ots" --chain regtest \
    --source "blocks:$work/fork"
"$anchor" carry "$work/fork" 6a20"$ours" 2 >/dev/null || bad "carry again"
expect 0 "both are anchored anew" sanad log anchor --dir "$work/hurt" --chain regtest \
    --source "blocks:$work/fork" --with "$theirs"
same "both are in the index" "$work/index" "$work/hurt/anchor/index"
verify 1 "the statement tells of the lost block" "$work/hurt" --chain regtest \
    --source "blocks:$work/fork"
holds "the statement alone" "$work/out" 'any(.checks[]; .name == "anchors" and .subject == "2 of 3"
    and .verdict == "holds")'
hurt
: >"$work/hurt/anchor/5.ots"
expect 0 "a proof that was lost is made again" sanad log anchor --dir "$work/hurt" $chain \
    --with "$theirs"
same "the same proof" "$log/anchor/5.ots" "$work/hurt/anchor/5.ots"

# Rolled back: an older log that has not lost its anchors.
hurt
rm -r "$work/hurt/tile"
cp -r "$work/told/tile" "$work/hurt/tile"
cp "$work/told/checkpoint" "$work/hurt/checkpoint"
damaged 1 "rolled back to four entries"
holds "rolled back" "$work/out" 'any(.checks[]; .detail | contains("it was rolled back"))'

# Written anew: the same key signs another history of the same length and more.
document other 0
document second 1 --prev 1
document third 2 --prev 2
document fourth 3 --prev 3
document fifth 4 --prev 4
rm -rf "$work/hurt" "$work/hurt.private"
expect 0 "begun anew" sanad log init --dir "$work/hurt" --key "$work/log.key"
add "$work/hurt" "$work/root.note" "$work/d0.note" "$work/d1.note" "$work/d2.note" \
    "$work/d3.note" "$work/d4.note"
verify 0 "alone it looks well" "$work/hurt" $by_headers
cp -r "$log/anchor" "$work/hurt/anchor"
mkdir "$work/frauds"
verify 1 "against its anchors it does not" "$work/hurt" $by_headers --fraud "$work/frauds"
holds "it has signed both" "$work/out" 'any(.checks[]; .detail | contains("has signed both"))'
for fraud in "$work"/frauds/fraud-*.txt; do
    expect 0 "the fraud proof" sanad verify "$fraud" --policy "$work/policy"
done

# ---- the real chain ------------------------------------------------------------------------------------

real=${SANAD_DATA:-}/blocks
if [ -x "$build/e2e_ots" ] && [ -f "$real/block-0831330.raw" ]; then
    "$build/e2e_ots" folder "$work/main" "$real"/block-083132[89].raw "$real"/block-083133[0-5].raw ||
        bad "folder"
    begin="831328:$(sed -n 's/^[^,]*,831328,\([0-9a-f]*\),.*/\1/p' "$real/index.csv")"
    digest=$("$build/e2e_ots" carried "$real/block-0831330.raw" | head -n 1)
    "$build/e2e_ots" make "$real/block-0831330.raw" "$digest" 831330 "$work/main.ots" || bad "make"
    for by in "--source blocks:$work/main" "--headers $work/main/headers"; do
        expect 3 "a real block, $by" sanad verify "$work/main.ots" $by --anchor "$begin" --json
        holds "a real block, $by" "$work/out" 'any(.checks[]; .name == "attestation" and
            .subject == "block 831330" and .verdict == "holds" and
            (.detail | contains("blocks on it: 5")))'
    done
    "$build/e2e_ots" make "$real/block-0831330.raw" "$digest" 831331 "$work/main.ots" || bad "make"
    expect 1 "the real block beside it" sanad verify "$work/main.ots" --anchor "$begin" \
        --headers "$work/main/headers"
fi

finish
