#!/bin/sh
# Proves: a witness that is killed at any moment (SIGKILL), again and again, while a log tells it
# two stories, never signs two roots for one size, a smaller size or an earlier time; a second
# process is kept out; what is wrong with its files is told. SANAD_KILLS: how often, 10 where it
# is not set.
. tests/e2e/lib.sh
cosign=$build/e2e_cosign
[ -x "$cosign" ] || skip "$cosign is not built"
kills=${SANAD_KILLS:-10}
export SANAD_PASSPHRASE=witness

expect 0 "a cosigner's key" "$SANAD_BIN" key new "$work/w1.key" --name w1.example --type cosigner --fast
vkey=$(cat "$work/out")
expect 0 "a role key" "$SANAD_BIN" key new "$work/role.key" --name role.example --fast
printf 'log %s\nquorum none\n' "$("$cosign" vkey)" >"$work/policy"
printf 'quorum none\n' >"$work/empty"

# run PORT: a witness in the background; sets $pid and $port when it listens.
run() {
    "$SANAD_BIN" witness --key "$work/w1.key" --policy "$work/policy" --state "$work/state" \
        --listen "127.0.0.1:$1" 2>"$work/log" &
    pid=$!
    port=
    tries=0
    while [ -z "$port" ] && [ $tries -lt 300 ]; do
        port=$(sed -n 's/.*event=listening .*port=\([0-9]*\).*/\1/p' "$work/log")
        tries=$((tries + 1))
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$port" ] || { bad "the witness does not listen: $(cat "$work/log")"; finish; }
}

refused 4 "not a cosigner's key" "a role key is no cosigner's" "$SANAD_BIN" witness \
    --key "$work/role.key" --policy "$work/policy" --state "$work/state" --listen 127.0.0.1:0
refused 4 "names no log" "a policy without logs" "$SANAD_BIN" witness --key "$work/w1.key" \
    --policy "$work/empty" --state "$work/state" --listen 127.0.0.1:0
refused 2 "not HOST:PORT" "no address" "$SANAD_BIN" witness --key "$work/w1.key" \
    --policy "$work/policy" --state "$work/state" --listen nowhere
refused 2 "state is needed" "no state" "$SANAD_BIN" witness --key "$work/w1.key" \
    --policy "$work/policy" --listen 127.0.0.1:0

run 0
refused 4 "another witness" "a second process" "$SANAD_BIN" witness --key "$work/w1.key" \
    --policy "$work/policy" --state "$work/state" --listen 127.0.0.1:0
"$cosign" hammer "http://127.0.0.1:$port" "$vkey" "$work/cosigned" $((kills + 2)) &
client=$!
killed=0
while [ $killed -lt "$kills" ]; do
    sleep "0.$((killed * 37 % 10))"
    kill -9 $pid
    wait $pid 2>/dev/null
    killed=$((killed + 1))
    run "$port"
done
wait $client || bad "the client failed"
checks=$((checks + 1))
lines=$(wc -l <"$work/cosigned")
echo "killed $killed times; cosigned $lines checkpoints, $(cut -d' ' -f1 "$work/cosigned" | sort -un | wc -l) sizes"
[ "$lines" -gt 0 ] || bad "nothing was cosigned"
# In the order in which they were answered: never smaller, never earlier, one root a size.
awk '
$1 + 0 < size { print "goes back to " $1 " from " size; bad = 1 }
$3 + 0 < time { print "the time goes back at " $1; bad = 1 }
($1 in root) && root[$1] != $2 { print "two roots of size " $1; bad = 1 }
{ size = $1 + 0; time = $3 + 0; root[$1] = $2 }
END { exit bad }' "$work/cosigned" >"$work/out" || bad "two stories were cosigned"

# What is served is what was cosigned last or later, with both signatures.
hash=$(printf 'log.example/toy' | sha256sum | cut -d' ' -f1)
if command -v curl >/dev/null 2>&1; then
    expect 0 "the newest is served" curl -sf "http://127.0.0.1:$port/$hash/checkpoint"
    checks=$((checks + 1))
    for name in log.example/toy w1.example; do
        grep -q "^— $name " "$work/out" || bad "the served checkpoint lacks the line of $name"
    done
    [ "$(sed -n 2p "$work/out")" -ge "$(tail -n 1 "$work/cosigned" | cut -d' ' -f1)" ] ||
        bad "the served checkpoint is older than what was cosigned"
fi
checks=$((checks + 1))
ls "$work"/state/fraud-*.txt >/dev/null 2>&1 || bad "two stories of one size left no fraud proof"
kill -TERM $pid
code=0
wait $pid || code=$?
checks=$((checks + 1))
[ $code = 0 ] || bad "SIGTERM: it does not end well"

# A damaged state is refused.
dd if=/dev/zero of="$work/state/journal" bs=1 seek=40 count=8 conv=notrunc 2>/dev/null
refused 1 "damaged" "a damaged state" "$SANAD_BIN" witness --key "$work/w1.key" \
    --policy "$work/policy" --state "$work/state" --listen 127.0.0.1:0
finish
