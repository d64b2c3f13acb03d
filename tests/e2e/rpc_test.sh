# Proves: a node gives what its block files give, byte for byte, over REST (of today, without
# spent outputs, of before v24) and over JSON-RPC; `verify` recomputes over it; and what a node
# can do wrong is refused with one line and its exit code: passwords, errors, web pages, another
# chain, headers and blocks that lie, bodies cut, endless or slow, blocks that it has pruned or
# does not have yet. The node is ours (tests/e2e/node.c), and says so where it lies.
. tests/e2e/lib.sh
node=$build/e2e_node
[ -x "$node" ] || skip "$node is not built"
two_nations
server=
trap 'kill $server 2>/dev/null; clean' EXIT
unset SANAD_RPC_AUTH http_proxy
HOME=$work
export HOME
control=$work/control
: >"$control"

"$node" "$two/blocks" regtest 0 "$work/port" "$control" "$work/cookie" </dev/null >"$work/node.log" 2>&1 &
server=$!
tries=0
while [ ! -s "$work/port" ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { cat "$work/node.log"; echo "FAILED: the node does not start"; exit 1; }
    sleep 0.1
done
at=127.0.0.1:$(cat "$work/port")

# scan STORE [ARGS...]: with the cookie.
cookie=$work/cookie
scan() {
    store=$1
    shift
    sanad scan --chain regtest --source "rpc:$at" --rpc-cookie "$cookie" --rpc-wait 1 \
        --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 --store "$store" --json "$@"
}

# answers STORE FILE
answers() {
    for nation in XS XP; do
        for height in 1000 4110 4210; do
            sanad position --store "$1" --nation $nation --at $height --json || return 1
        done
        sanad flows --store "$1" --nation $nation --possible-own --json || return 1
    done >"$2" 2>"$work/err"
}

# ---- the same bytes -------------------------------------------------------------------------

expect 0 "scan of the files" sanad scan --chain regtest --source "blocks:$two/blocks" \
    --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 --store "$work/files.db" --json
jq '{chain, tip, blocks, transactions, coins, spends, grade, complete}' "$work/out" >"$work/files.scan"
answers "$work/files.db" "$work/files" || bad "the files' store does not answer"
echo 'a passphrase' >"$work/phrase"
expect 0 "key" sanad key new "$work/k1" --name xs.example/reserve/k1 --fast \
    --passphrase-file "$work/phrase" --json
jq '{keys: [.vkey], roles: {"reserve-position": {threshold: 1, keys: [.name]}}}' \
    "$work/out" >"$work/trust"
state() {
    rm -f "$2"
    expect 0 "statement" sanad statement make reserve-position --store "$1" --nation XP --at 4205 \
        --authority xp --log xp.example/log --key "$work/k1" --passphrase-file "$work/phrase" \
        --out "$2"
}
state "$work/files.db" "$work/files.note"

# gives WHAT WORDS: the node in that mood gives what the files gave.
gives() {
    echo "$2" >"$control"
    rm -f "$work/rpc.db"*
    expect 0 "$1: scan" scan "$work/rpc.db" || return
    jq '{chain, tip, blocks, transactions, coins, spends, grade, complete}' "$work/out" >"$work/rpc.scan"
    same "$1: what the scan says" "$work/files.scan" "$work/rpc.scan"
    answers "$work/rpc.db" "$work/rpc" || bad "$1: the store does not answer"
    same "$1: positions and flows" "$work/files" "$work/rpc"
    state "$work/rpc.db" "$work/rpc.note"
    same "$1: a statement" "$work/files.note" "$work/rpc.note"
}
gives "REST" ""
gives "REST without spent outputs" "nospent"
gives "REST of before v24, a node that may prune, a full queue" "old pruned=0 busy"
gives "JSON-RPC" "norest"
gives "REST without JSON-RPC's heights" "notx"
gives "JSON-RPC without transactions by block" "norest notx pruned=0"

# In steps, by turns from files and node, one store.
: >"$control"
rm -f "$work/rpc.db"*
expect 0 "to 700 by the node" scan "$work/rpc.db" --to 700
expect 0 "to 2000 by the files" sanad scan --chain regtest --source "blocks:$two/blocks" \
    --store "$work/rpc.db" --to 2000
echo norest >"$control"
expect 0 "the rest by JSON-RPC" scan "$work/rpc.db"
answers "$work/rpc.db" "$work/rpc" || bad "by turns: the store does not answer"
same "by turns" "$work/files" "$work/rpc"

# ---- verify ------------------------------------------------------------------------------------

verify() {
    sanad verify "$work/files.note" --trust "$work/trust" --book "$two/book-xp.json" \
        --source "rpc:http://$at/" --rpc-cookie "$work/cookie" --json "$@"
}
: >"$control"
expect 0 "verify over REST" verify
holds "verify over REST: figures" "$work/out" '.verdict == "holds" and
    any(.checks[]; .name == "figures" and .verdict == "holds")'
echo norest >"$control"
expect 0 "verify over JSON-RPC" verify
echo cut=4000 >"$control"
expect 3 "verify with a node that is behind" verify
holds "verify with a node that is behind: undecided" "$work/out" '.verdict == "undecided" and
    any(.checks[]; .detail | test("does not hold block 4205"))'

# ---- who we are --------------------------------------------------------------------------------------

echo norest >"$control"
fresh=$work/fresh.db
refused 4 "$at: answers 401: it wants a cookie \(--rpc-cookie\) or SANAD_RPC_AUTH" "no cookie" \
    sanad scan --chain regtest --source "rpc:$at" --book "$two/book-xs.json" --store "$fresh"
echo "__cookie__:0123456789abcdef" >"$work/stale"
cookie=$work/stale
refused 4 "401: the cookie .*/stale is not the one of the running node" "another node's cookie" \
    scan "$fresh"
cookie=$work/none
refused 4 "No such file" "a cookie that is not there" scan "$fresh"
printf 'no colon' >"$work/strange"
cookie=$work/strange
refused 4 "strange: not of the form USER:PASSWORD" "a cookie that is none" \
    scan "$fresh"
cookie=$work/cookie
refused 4 "$at: answers 401: the user or the password is wrong" "a wrong password" \
    sanad scan --chain regtest --source "rpc:http://alice:hunter2@$at" --book "$two/book-xs.json" \
    --store "$fresh"
grep -q hunter2 "$work/err" && bad "a wrong password: the error shows it"
SANAD_RPC_AUTH=alice:hunter2
export SANAD_RPC_AUTH
refused 4 "$at: answers 401: the user or the password is wrong" "a wrong password of the environment" \
    sanad scan --chain regtest --source "rpc:$at" --book "$two/book-xs.json" --store "$fresh"
SANAD_RPC_AUTH=$(cat "$work/cookie")
expect 0 "the right one of the environment" sanad scan --chain regtest --source "rpc:$at" \
    --book "$two/book-xs.json" --store "$fresh" --to 10
unset SANAD_RPC_AUTH
expect 0 "in the address" sanad scan --chain regtest --source "rpc:http://$(cat "$work/cookie")@$at" \
    --store "$fresh" --to 20
mkdir -p "$work/.bitcoin/regtest"
cp "$work/cookie" "$work/.bitcoin/regtest/.cookie"
expect 0 "where Core puts it" sanad scan --chain regtest --source "rpc:$at" --store "$fresh" --to 30
rm -r "$work/.bitcoin"
rm -f "$fresh"*

# ---- addresses -----------------------------------------------------------------------------------------

for spec in rpc: rpc:unix:/tmp/sock rpc:ftp://$at rpc:http:// rpc:$at/path rpc:127.0.0.1:0 rpc:127.0.0.1:99999 \
    "rpc:http://a b" rpc::8332 rpc:[::1; do
    checks=$((checks + 1))
    sanad scan --chain regtest --source "$spec" --book "$two/book-xs.json" --store "$fresh" \
        >"$work/out" 2>"$work/err"
    code=$?
    case $code in 2 | 4) ;; *) bad "$spec: exit $code" ;; esac
    [ "$(grep -c '^sanad: ' "$work/err")" = 1 ] || bad "$spec: not one line"
done
refused 2 "not of the form blocks:DIR or rpc:URL" "a form that is none" \
    sanad scan --chain regtest --source "http://alice:hunter2@$at" --book "$two/book-xs.json" --store "$fresh"
grep -q hunter2 "$work/err" && bad "a form that is none: the error shows the password"
refused 4 "127.0.0.1:9: |127.0.0.1 port 9" "nobody there" \
    sanad scan --chain regtest --source rpc:127.0.0.1:9 --book "$two/book-xs.json" --store "$fresh"

# ---- what a node can do wrong ----------------------------------------------------------------------------

# wrong CODE PATTERN WORDS [ARGS...]: refused, and no store is left behind that holds a block.
wrong() {
    wanted=$1
    pattern=$2
    words=$3
    shift 3
    echo "$words" >"$control"
    rm -f "$fresh"*
    refused "$wanted" "$pattern" "a node: $words" scan "$fresh" "$@"
}
for via in "" " norest"; do
    wrong 4 "answers 401: the cookie .* is not the one" "401$via"
    wrong 4 "answers 403: the node does not allow this machine" "403$via"
    wrong 4 "answers 500" "500$via"
    wrong 4 "answers 200 with a web page: no node's RPC is there" "html$via"
    wrong 4 "answers 302; redirects are not followed" "redirect$via"
    wrong 4 "the node is of the chain main, not of regtest" "chain=main$via"
    wrong 4 "sends another block than was asked for" "wrongblock$via"
    wrong 4 "block 21: merkle root differs|block 21: transaction" "badbody$via"
    wrong 4 "header|do not begin|does not follow" "badheader$via"
    wrong 4 "[0-9]+ bytes|its answer is over|closed" "truncate$via"
    wrong 4 "its answer is over|larger|exceeded" "biglength$via"
    wrong 4 "block [0-9]+: transaction|ends early" "shortblock$via"
    wrong 4 "[Tt]imed? ?out|timeout" "slow=1500$via" --rpc-timeout 1
    wrong 4 "[Tt]imed? ?out|timeout" "trickle$via" --rpc-timeout 1
    wrong 3 "pruned what lies below height 100, block 0 is needed.*--anchor" "pruned=100$via"
done
wrong 4 "another chain: its block 0 is not the one of regtest" "genesis"
wrong 4 "does not follow the one before" "loosehead"
wrong 4 "JSON" "junk norest"
wrong 4 "spent outputs of block .* gives another value than the output has" "spentlie"
wrong 4 "spent outputs of block .* names a transaction that is not there" "heightlie"

# One that starts is waited for, and said so.
echo "warmup=99999999" >"$control"
expect 4 "a node that never is ready" scan "$fresh"
grep -q 'waits=.*Loading block index' "$work/err" || bad "a node that never is ready: it is not said"
grep -q '^sanad: .*answers 503: .*Loading block index' "$work/err" || bad "a node that never is ready: other words"
echo "warmup=99999999 norest" >"$control"
expect 4 "the same by JSON-RPC" scan "$fresh"
grep -q '^sanad: .*Loading block index' "$work/err" || bad "the same by JSON-RPC: other words"

# ---- blocks that are not there ------------------------------------------------------------------------------

# More headers than it says to have blocks: taken up to a bound, the rest when it says so.
echo "says=500" >"$control"
rm -f "$fresh"*
expect 0 "headers without end" scan "$fresh"
holds "headers without end: a bound" "$work/out" '.tip.height == 2516'
: >"$control"
expect 0 "when it says so" scan "$fresh"
holds "when it says so: all" "$work/out" '.tip.height == 4210'

echo "ibd=100 cut=500" >"$control"
rm -f "$fresh"*
expect 3 "in its first download" scan "$fresh"
holds "in its first download: what it has" "$work/out" '.tip.height == 500 and .complete == false and
    (.missing[0] | test("height 501 has no block: .* first download, to height 600"))'
: >"$control"
expect 0 "when it has them" scan "$fresh"
holds "when it has them: complete" "$work/out" '.tip.height == 4210 and .complete'

rm -f "$fresh"*
expect 0 "to 4000" scan "$fresh" --to 4000
anchor=4000:$(jq -r .tip.hash "$work/out")
echo "pruned=3990" >"$control"
rm -f "$fresh"*
expect 0 "a pruned node from an anchor" scan "$fresh" --anchor "$anchor"
holds "a pruned node from an anchor: from there" "$work/out" '.from_height == 4000 and .tip.height == 4210'
rm -f "$work/anchored.db"*
expect 0 "the files from an anchor" sanad scan --chain regtest --source "blocks:$two/blocks" \
    --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 --store "$work/anchored.db" \
    --anchor "$anchor" --json
for nation in XS XP; do
    sanad position --store "$fresh" --nation $nation --json >"$work/a" 2>/dev/null
    sanad position --store "$work/anchored.db" --nation $nation --json >"$work/b" 2>/dev/null
    same "from an anchor, $nation" "$work/b" "$work/a"
done
rm -f "$fresh"*
echo "pruned=4001" >"$control"
refused 3 "pruned what lies below height 4001, block 4000 is needed" "an anchor below what is pruned" \
    scan "$fresh" --anchor "$anchor"
: >"$control"
refused 3 "the anchor 3999:[0-9a-f]+ is no block of the node's chain" "an anchor at another height" \
    scan "$fresh" --anchor "3999:${anchor#*:}"
finish
