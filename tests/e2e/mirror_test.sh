#!/bin/sh
# Proves: a mirror that is killed at any moment (SIGKILL) continues, ends with the log's own bytes
# and never shows a checkpoint without them; a log that tells a second story, goes back or is
# damaged changes nothing, and a second story leaves a fraud proof. SANAD_KILLS: how often, 8
# where it is not set.
. tests/e2e/lib.sh
cosign=$build/e2e_cosign
[ -x "$cosign" ] || skip "$cosign is not built"
kills=${SANAD_KILLS:-8}
export SANAD_PASSPHRASE=mirror

expect 0 "a cosigner's key" "$SANAD_BIN" key new "$work/m1.key" --name m1.example --type cosigner --fast
printf 'log %s\nquorum none\n' "$("$cosign" vkey)" >"$work/policy"
printf 'log %s\nwitness w m1.example+%s\nquorum none\n' "$("$cosign" vkey)" x >"$work/broken"
"$cosign" write "$work/log" 20000 || bad "no log"
"$cosign" serve "$work/log" >"$work/port" &
server=$!
pid=
trap 'kill $server $pid 2>/dev/null; clean' EXIT
tries=0
while [ ! -s "$work/port" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
url=http://127.0.0.1:$(cat "$work/port")

# mirror ARGUMENTS...
mirror() {
    "$SANAD_BIN" mirror --policy "$work/policy" --out "$work/copy" --key "$work/m1.key" "$@"
}

# behind OUT ERR ARGUMENTS...: the same in the background; $pid is the program itself, not a shell
# that runs it, so that a signal reaches it and nothing outlives the test.
behind() {
    out=$1
    log=$2
    shift 2
    "$SANAD_BIN" mirror --policy "$work/policy" --out "$work/copy" --key "$work/m1.key" "$@" \
        >"$out" 2>"$log" &
    pid=$!
}

# same_files SIZE: what the copy serves is what the log has.
same_files() {
    checks=$((checks + 1))
    diff -rq "$work/log/tile" "$work/copy/tile" >"$work/out" 2>&1 || bad "other files than the log's"
    [ "$(sed -n 2p "$work/copy/checkpoint")" = "$1" ] || bad "the copy's size is not $1"
    grep -q '^— log.example/toy ' "$work/copy/checkpoint" || bad "no signature of the log"
    grep -q '^— m1.example ' "$work/copy/checkpoint" || bad "no cosignature of the mirror"
}

refused 2 "log is needed" "no log" "$SANAD_BIN" mirror --policy "$work/policy" --out "$work/copy"
refused 4 "verifier key" "a broken policy" "$SANAD_BIN" mirror --log "$url" \
    --policy "$work/broken" --out "$work/copy"
refused 4 "127.0.0.1:1" "nobody there" mirror --log http://127.0.0.1:1
refused 3 "not there" "an empty folder" mirror --log "$work"

killed=0
while [ $killed -lt "$kills" ]; do
    behind /dev/null /dev/null --log "$url"
    sleep "0.0$((killed * 7 % 9 + 1))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    killed=$((killed + 1))
    checks=$((checks + 1))
    [ ! -f "$work/copy/checkpoint" ] || [ "$(sed -n 2p "$work/copy/checkpoint")" = 20000 ] ||
        bad "half a checkpoint after a kill"
done
expect 0 "it continues" mirror --log "$url"
find "$work/copy" -name '*.tmp' -exec rm {} +
same_files 20000
expect 0 "again: nothing new" mirror --log "$url" --json
holds "again: nothing new" "$work/out" '.origin == "log.example/toy" and .size == 20000 and .before == 20000'
"$cosign" write "$work/log" 20500
expect 0 "it grows" mirror --log "$work/log" --json
holds "it grows" "$work/out" '.size == 20500 and .before == 20000 and .placed'
[ "$(sed -n 2p "$work/copy/checkpoint")" = 20500 ] || bad "the copy has not grown"

# Again and again, until it is told to stop.
behind /dev/null "$work/log-lines" --log "$url" --every 1
tries=0
while ! grep -q 'event=mirror' "$work/log-lines" && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -TERM $pid
wait $pid 2>/dev/null
checks=$((checks + 1))
grep -q 'event=mirror status=same .*size=20500' "$work/log-lines" || bad "no line for a round"

cp "$work/copy/checkpoint" "$work/before"
"$cosign" write "$work/older" 300
refused 4 "went back" "a rollback" mirror --log "$work/older"
"$cosign" write "$work/other" 20600 100
expect 1 "a second story" mirror --log "$work/other"
grep -q '^sanad: .*two stories' "$work/err" || bad "a second story has other words"
checks=$((checks + 1))
ls "$work"/copy/fraud-*.txt >/dev/null 2>&1 || bad "a second story leaves no fraud proof"
"$cosign" write "$work/damaged" 20600
printf x | dd of="$work/damaged/tile/entries/080.p/120" bs=1 seek=100 conv=notrunc 2>/dev/null
refused 1 "tile/entries/080.p/120" "damaged entries" mirror --log "$work/damaged"
same "a refusal changes nothing" "$work/before" "$work/copy/checkpoint"
finish
