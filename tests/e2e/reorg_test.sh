# Proves: a scan follows reorganisations of 6 and of 100 blocks, there and back: what it says
# afterwards is what a fresh scan of the same folder says, byte for byte; the withdrawn blocks
# are counted; a statement of a block that lost is contradicted. Also when it is killed meanwhile.
. tests/e2e/lib.sh
two_nations
cp -r "$two/blocks" "$work/blocks"
phrase=$work/phrase
echo 'a passphrase' >"$phrase"

# scan STORE [ARGS...]
scan() {
    store=$1
    shift
    sanad scan --chain regtest --source "blocks:$work/blocks" --book "$two/book-xs.json" \
        "$two/book-xp.json" --known 2025-12-31 --store "$store" --json "$@"
}

# answers STORE FILE: what a store says at the tip and at heights around the forks.
answers() {
    for nation in XS XP; do
        sanad position --store "$1" --nation $nation --json || return 1
        for height in 749 4100 4110 4111 4112 4160 4204 4205 4210; do
            sanad position --store "$1" --nation $nation --at $height --json || return 1
        done
        sanad flows --store "$1" --nation $nation --possible-own --json || return 1
    done >"$2" 2>"$work/err"
}

# follows WHAT WITHDRAWN: the old store after one more scan, against a fresh one.
follows() {
    read -r height hash <<EOF
$("$blocks" tip "$work/blocks" regtest)
EOF
    expect 0 "$1: scan" scan "$work/old.db" || return
    holds "$1: new tip, blocks withdrawn" "$work/out" '.tip.height == $h and .tip.hash == $x
        and .withdrawn_blocks == $w' --argjson h "$height" --arg x "$hash" --argjson w "$2"
    stale=$(jq .stale_blocks "$work/out")
    rm -f "$work/fresh.db"*
    expect 0 "$1: fresh scan" scan "$work/fresh.db"
    holds "$1: nothing withdrawn by a fresh scan" "$work/out" '.withdrawn_blocks == 0
        and .stale_blocks == $s' --argjson s "$stale"
    checks=$((checks + 1))
    answers "$work/old.db" "$work/found" || bad "$1: the old store does not answer"
    answers "$work/fresh.db" "$work/expected" || bad "$1: the fresh store does not answer"
    same "$1: as a fresh scan" "$work/expected" "$work/found"
}

# ---- in steps ------------------------------------------------------------------------------

for to in 700 749 750 3000 4000; do
    expect 0 "scan to $to" scan "$work/old.db" --to $to
    holds "scan to $to: tip" "$work/out" '.tip.height == $h' --argjson h $to
done
follows "the rest of the chain" 0
cp "$work/expected" "$work/original"
tip=$(jq .tip.height "$truth")
tip_hash=$(jq -r .tip.hash "$truth")
checks=$((checks + 1))
[ "$tip" = 4210 ] || bad "the heights of this test are of a chain of 4210 blocks, not $tip"
cp "$work/old.db" "$work/before.db" # closed: nothing stands beside it
expect 0 "key" sanad key new "$work/k1" --name xs.example/reserve/k1 --fast \
    --passphrase-file "$phrase" --json
jq '{keys: [.vkey], roles: {"reserve-position": {threshold: 1, keys: [.name]}}}' \
    "$work/out" >"$work/trust"
for at in 4204 4205; do
    expect 0 "statement at $at" sanad statement make reserve-position --store "$work/old.db" \
        --nation XP --at $at --authority xp --log xp.example/log --key "$work/k1" \
        --passphrase-file "$phrase" --out "$work/$at.note"
done
verify() {
    sanad verify "$1" --trust "$work/trust" --book "$two/book-xp.json" \
        --source "blocks:$work/blocks" --json
}

# ---- six blocks ---------------------------------------------------------------------------------

# As long as the branch that stands: whoever was first stays.
"$blocks" fork "$work/blocks" regtest 4204 6 || bad "fork"
expect 0 "a fork of equal work" scan "$work/old.db"
holds "a fork of equal work changes nothing" "$work/out" \
    '.withdrawn_blocks == 0 and .tip.hash == $x' --arg x "$tip_hash"
expect 0 "before: 4205 holds" verify "$work/4205.note"
"$blocks" fork "$work/blocks" regtest 4204 7 || bad "fork"
follows "six blocks" 6
checks=$((checks + 1))
cmp -s "$work/original" "$work/expected" && bad "the fork changed no answer: it tests nothing"
expect 0 "the block before the fork still holds" verify "$work/4204.note"
expect 1 "a block that lost is contradicted" verify "$work/4205.note"
holds "it is named" "$work/out" \
    'any(.checks[]; .subject == "as_of block_hash" and .verdict == "contradicted")'
six_hash=$("$blocks" tip "$work/blocks" regtest | cut -d ' ' -f 2)

# ---- and back -----------------------------------------------------------------------------------

"$blocks" fork "$work/blocks" regtest "$tip_hash" 2 || bad "fork"
follows "back to the first branch" 7
expect 0 "the statement holds again" verify "$work/4205.note"

# ---- a hundred blocks ---------------------------------------------------------------------------

"$blocks" fork "$work/blocks" regtest 4112 101 || bad "fork"
follows "a hundred blocks" 100
expect 1 "a statement below is contradicted" verify "$work/4204.note"
"$blocks" fork "$work/blocks" regtest "$six_hash" 5 || bad "fork"
follows "another branch from further down" 101

# ---- killed while it follows --------------------------------------------------------------------

hits=0
for delay in 0.1 0.2 0.3 0.45 0.6; do
    cp "$work/before.db" "$work/killed.db"
    "$SANAD_BIN" scan --chain regtest --source "blocks:$work/blocks" --checkpoint 1 \
        --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 \
        --store "$work/killed.db" >"$work/out" 2>"$work/err" &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null
    wait $pid
    [ $? = 137 ] && hits=$((hits + 1))
    expect 0 "after a kill at $delay s" scan "$work/killed.db"
    checks=$((checks + 1))
    answers "$work/killed.db" "$work/found" || bad "after a kill at $delay s: no answers"
    same "after a kill at $delay s: as a fresh scan" "$work/expected" "$work/found"
    rm -f "$work/killed.db"*
done
echo "$hits of 5 kills hit"
finish
