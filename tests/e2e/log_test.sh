#!/bin/sh
# Proves: two invented nations each keep a log of signed positions, cosigned by the partner and by
# one witness of neither; a stranger with a folder or an address, a policy and the blocks verifies
# it whole, figures included; a statement's place is proved by a file; what may not enter is
# refused and nothing changes; a partner that is down is told and costs no more; and a nation that
# writes its history anew is caught, with a proof that anyone can check.
. tests/e2e/lib.sh
two_nations
SANAD_PASSPHRASE=simulated
export SANAD_PASSPHRASE
running=
stop_all() {
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$running" ] || kill $running 2>/dev/null
    clean
}
trap stop_all EXIT

key() { # key FILE NAME ARGUMENTS...
    file=$1
    name=$2
    shift 2
    sanad key new "$work/$file.key" --name "$name" --fast "$@" >"$work/$file.vkey" ||
        bad "key $file"
}

# start LOG COMMAND...: in the background; sets $port when it listens.
start() {
    log=$1
    shift
    "$@" 2>"$log" &
    running="$running $!"
    port=
    tries=0
    while [ -z "$port" ] && [ $tries -lt 200 ]; do
        port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$log" | head -n 1)
        tries=$((tries + 1))
        [ -n "$port" ] || sleep 0.1
    done
    [ -n "$port" ] || { bad "$* does not listen: $(cat "$log")"; finish; }
}

# ---- keys, stores, witnesses ---------------------------------------------------------------

for cc in xs xp; do
    CC=$(echo $cc | tr '[:lower:]' '[:upper:]')
    key $cc-log $cc.example/log
    key $cc-root $cc.example/root-1
    key $cc-k1 $cc.example/reserve/k1
    key $cc-w $cc.example/witness --type cosigner
    expect 0 "scan $CC" sanad scan --chain regtest --source "blocks:$two/blocks" \
        --book "$two/book-$cc.json" --known 2025-12-31 --store "$work/$cc.db"
    expect 0 "begin the log of $CC" sanad log init --dir "$work/$cc/log" --key "$work/$cc-log.key"
done
key third-w third.example/witness --type cosigner
head -c 32 /dev/zero >"$work/salt"
{
    echo "log $(cat "$work/xs-log.vkey")"
    echo "log $(cat "$work/xp-log.vkey")"
} >"$work/logs"
{
    cat "$work/logs"
    echo "quorum none"
} >"$work/known"
cp "$work/logs" "$work/policy"
for name in xs xp third; do
    start "$work/$name-w.log" "$SANAD_BIN" witness --key "$work/$name-w.key" \
        --policy "$work/known" --state "$work/$name-w.state" --listen 127.0.0.1:0
    echo "witness $name $(cat "$work/$name-w.vkey") http://127.0.0.1:$port" >>"$work/policy"
    [ $name = third ] && third=${running##* }
done
echo "group both all xs xp third" >>"$work/policy"
echo "quorum both" >>"$work/policy"

# ---- publish -----------------------------------------------------------------------------------

position() { # position CC FILE ARGUMENTS...
    who=$1
    file=$2
    shift 2
    expect 0 "a position of $who" sanad statement make reserve-position --store "$work/$who.db" \
        --authority "$who" --log "$who.example/log" --salt-file "$work/salt" \
        --key "$work/$who-k1.key" --out "$work/$file" "$@"
}
for cc in xs xp; do
    cat >"$work/$cc-root.json" <<END
{"version":1,"date":"2025-12-31","expires":"2030-01-01",
 "keys":["$(cat "$work/$cc-root.vkey")","$(cat "$work/$cc-k1.vkey")"],
 "roles":{"root":{"threshold":1,"keys":["$cc.example/root-1"]},
          "reserve-position":{"threshold":1,"keys":["$cc.example/reserve/k1"]}}}
END
    expect 0 "the root of $cc" sanad statement make root --members "$work/$cc-root.json" \
        --authority $cc --log $cc.example/log --key "$work/$cc-root.key" --out "$work/$cc-root.note"
    position $cc $cc-p0.note --at 4000
    expect 0 "$cc publishes" sanad log add "$work/$cc-root.note" "$work/$cc-p0.note" \
        --dir "$work/$cc/log" --key "$work/$cc-log.key" --policy "$work/policy" --json
    holds "$cc publishes: all three have cosigned" "$work/out" \
        '.size == 2 and [.added[].index] == [0, 1] and all(.witnesses[]; .cosigned)
         and (.witnesses | length) == 3'
    cp "$two/book-$cc.json" "$work/$cc/book.json"
done

# ---- a stranger -----------------------------------------------------------------------------------

for cc in xs xp; do
    expect 0 "a stranger verifies the folder of $cc" sanad verify "$work/$cc/log" \
        --policy "$work/policy" --book "$work/$cc/book.json" --source "blocks:$two/blocks" --json
    cp "$work/out" "$work/found-$cc"
    holds "the folder of $cc: figures too" "$work/out" '.verdict == "holds"
        and any(.checks[]; .name == "figures" and .subject == "total_sat" and .verdict == "holds")
        and any(.checks[]; .name == "tiles") and ([.checks[] | select(.name == "cosignature")]
        | length) == 3'
    expect 0 "proof of $cc" sanad log prove "$work/$cc-p0.note" --dir "$work/$cc/log" \
        --out "$work/$cc-p0.tlog-proof"
    printf '{"keys":["%s"],"roles":{"reserve-position":{"threshold":1,"keys":["%s"]}}}\n' \
        "$(cat "$work/$cc-k1.vkey")" "$cc.example/reserve/k1" >"$work/$cc-trust.json"
    expect 0 "a statement with its proof, $cc" sanad verify "$work/$cc-p0.note" \
        --proof "$work/$cc-p0.tlog-proof" --policy "$work/policy" --trust "$work/$cc-trust.json" \
        --book "$work/$cc/book.json" --json
    holds "a statement with its proof, $cc: it stands there" "$work/out" \
        'any(.checks[]; .name == "inclusion" and .verdict == "holds")'
done
expect 1 "a proof of another statement" sanad verify "$work/xp-p0.note" \
    --proof "$work/xs-p0.tlog-proof" --policy "$work/policy" --json
pin=$(jq -r '.checks[] | select(.name == "root") | .subject' "$work/found-xs" 2>/dev/null)
expect 0 "a pinned root" sanad log audit "$work/xs/log" --policy "$work/policy" \
    --root-sha256 "$pin" --json
holds "a pinned root" "$work/out" \
    'any(.checks[]; .name == "root" and (.detail | test("is the pinned one")))'
expect 1 "another root is pinned" sanad log audit "$work/xs/log" --policy "$work/policy" \
    --root-sha256 "$(printf '0%.0s' $(seq 64))" --json
expect 3 "without a policy nobody says whose log it is" sanad log audit "$work/xs/log" --json
start "$work/serve.log" "$SANAD_BIN" log serve --dir "$work/xs/log" --listen 127.0.0.1:0
expect 0 "from a server" sanad log audit "http://127.0.0.1:$port" --policy "$work/policy" --json
echo secret >"$work/xs/log/checkpoint.new"
refused 3 '404' "what is no tile is not served" sanad log audit "http://127.0.0.1:$port/tile" \
    --policy "$work/policy"
checks=$((checks + 1))
if command -v curl >/dev/null 2>&1; then
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/checkpoint.new")" = 404 ] ||
        bad "a file that a writer left behind is served"
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/checkpoint")" = 200 ] ||
        bad "the checkpoint is not served"
fi
rm "$work/xs/log/checkpoint.new"
refused 4 "a cosigner's key, which signs no log" "a cosigner's key" sanad log init \
    --dir "$work/none" --key "$work/xs-w.key"
expect 3 "from a server that has no such log" sanad log audit "http://127.0.0.1:$port/none" \
    --policy "$work/policy"

# ---- what may not enter ---------------------------------------------------------------------------

cp "$work/xs/log/checkpoint" "$work/before"
refuse() { # refuse PATTERN WHAT FILE
    refused 4 "$1" "$2" sanad log add "$3" --dir "$work/xs/log" --key "$work/xs-log.key" \
        --policy "$work/policy"
    cmp -s "$work/before" "$work/xs/log/checkpoint" || bad "$2: the checkpoint changed"
}
refuse 'stands in the log already|twice' "the same again" "$work/xs-p0.note"
refuse 'log|origin|authority' "a statement of the other nation" "$work/xp-p0.note"
position xs xs-gap.note --at 4100 --seq 5 --prev 1
refuse 'seq' "a gap in the sequence" "$work/xs-gap.note"
position xs xs-p1.note --at 4100 --dir "$work/xs/log"
expect 0 "its place" sanad statement show "$work/xs-p1.note" --json
holds "its place is what the log says" "$work/out" '.seq == 1 and .prev == 1'
sed '2s/"total_sat":\([0-9]\)/"total_sat":9\1/' "$work/xs-p1.note" >"$work/tampered.note"
refuse 'signature' "one figure changed" "$work/tampered.note"
refused 4 "No such file|open" "a file that is not there" sanad log add "$work/none.note" \
    --dir "$work/xs/log" --key "$work/xs-log.key"
refused 1 "it is of xs.example/log" "another nation's key" sanad log add "$work/xs-p1.note" \
    --dir "$work/xs/log" --key "$work/xp-log.key"

# ---- a partner that is down -------------------------------------------------------------------------

kill "$third"
wait "$third" 2>/dev/null
expect 0 "one witness is down" sanad log add "$work/xs-p1.note" --dir "$work/xs/log" \
    --key "$work/xs-log.key" --policy "$work/policy" --timeout 5 --json
holds "one witness is down: it is told" "$work/out" '.size == 3
    and ([.witnesses[] | select(.cosigned)] | length) == 2
    and any(.witnesses[]; .name == "third" and (.cosigned | not) and (.why | length) > 5)'
expect 3 "the quorum is not reached" sanad verify "$work/xs/log" --policy "$work/policy" --json
start "$work/third-w2.log" "$SANAD_BIN" witness --key "$work/third-w.key" --policy "$work/known" \
    --state "$work/third-w.state" --listen 127.0.0.1:0
sed "s#^\(witness third [^ ]*\) .*#\1 http://127.0.0.1:$port#" "$work/policy" >"$work/policy2"
expect 0 "it is back" sanad log add --dir "$work/xs/log" --key "$work/xs-log.key" \
    --policy "$work/policy2" --json
expect 0 "the quorum is reached again" sanad log audit "$work/xs/log" --policy "$work/policy2"
checks=$((checks + 1))
grep -qv '^SIMULATED' "$work/out" && bad "a line about a simulated nation's log is not marked"

# ---- damage and two stories -------------------------------------------------------------------------

cp -r "$work/xs/log" "$work/damaged"
for file in $(cd "$work/damaged" && find tile -type f -name 3); do
    size=$(wc -c <"$work/damaged/$file")
    printf '\377' | dd of="$work/damaged/$file" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
    expect 1 "a byte of $file" sanad log audit "$work/damaged" --policy "$work/policy2"
    cp "$work/xs/log/$file" "$work/damaged/$file"
done
expect 0 "another story: begun" sanad log init --dir "$work/story" --key "$work/xs-log.key"
position xs xs-other.note --at 3900
position xs xs-other1.note --at 4100 --seq 1 --prev 1 # behind one that no log has yet
expect 0 "another story: published" sanad log add "$work/xs-root.note" "$work/xs-other.note" \
    "$work/xs-other1.note" --dir "$work/story" --key "$work/xs-log.key" --policy "$work/policy2" \
    --json
holds "another story: nobody cosigns it" "$work/out" 'all(.witnesses[]; .cosigned | not)'
expect 3 "another story: no quorum" sanad verify "$work/story" --policy "$work/policy2"
fraud=$(find "$work/xp-w.state" -type f -exec grep -l '^sanad/tlog-fraud/v1' {} + | head -n 1)
checks=$((checks + 1))
if [ -z "$fraud" ]; then
    bad "the partner keeps no fraud proof"
else
    expect 0 "the fraud proof convinces anyone" sanad verify "$fraud" --policy "$work/known" --json
    holds "the fraud proof says so" "$work/out" \
        '.verdict == "holds" and (.checks[0].detail | test("^xs.example/log has.*contradict")
        and test("simulated, this file does not say"))'
    sed 's/xs.example/xq.example/' "$fraud" >"$work/forged"
    expect 3 "a forged one convinces nobody" sanad verify "$work/forged" --policy "$work/known"
fi
finish
