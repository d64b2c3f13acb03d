# Proves: `scan --follow` keeps a store at a node's tip as the chain grows, over REST and JSON-RPC
# by turns, through a reorganisation, through restarts of the node (with another cookie) and of
# itself (kill -9), and while the node lets nobody in; each wait is said once. SIGTERM ends it with
# 0; a node that turns out to be of another chain with 4. What the store then says is what a fresh
# scan of the node's files says. News by ZMQ alone are enough.
. tests/e2e/lib.sh
node=$build/e2e_node
[ -x "$node" ] || skip "$node is not built"
two_nations
server=
follower=
trap 'kill -9 $server $follower 2>/dev/null; clean' EXIT
unset SANAD_RPC_AUTH http_proxy
cp -r "$two/blocks" "$work/blocks"
control=$work/control
echo "cut=4000" >"$control"

wait_port() {
    tries=0
    while [ ! -s "$work/port" ]; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { cat "$work/node.log"; echo "FAILED: the node does not start"; exit 1; }
        sleep 0.1
    done
}

# reaches WHAT FILTER: the last document that the follower printed satisfies it, soon.
reaches() {
    checks=$((checks + 1))
    tries=0
    until jq -es "last | $2" "$work/followed" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -ge 600 ] || ! kill -0 "$follower" 2>/dev/null; then
            jq -sc 'last | {tip, withdrawn_blocks}' "$work/followed" >"$work/out" 2>/dev/null
            cp "$work/follow.err" "$work/err"
            bad "$1: not so: $2"
            return 1
        fi
        sleep 0.1
    done
}

# says WHAT COUNT PATTERN: so many lines of the follower's stderr, soon.
says() {
    checks=$((checks + 1))
    tries=0
    until [ "$(grep -Ec -e "$3" "$work/follow.err")" -ge "$2" ]; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { cp "$work/follow.err" "$work/err"; bad "$1: not said"; return 1; }
        sleep 0.1
    done
    [ "$(grep -Ec -e "$3" "$work/follow.err")" = "$2" ] || bad "$1: said more than $2 times"
}

# ends WHAT CODE: the follower's exit code.
ends() {
    checks=$((checks + 1))
    wait "$follower"
    code=$?
    follower=
    cp "$work/follow.err" "$work/err"
    [ $code = "$2" ] || bad "$1: exit $code, expected $2"
}

"$node" "$work/blocks" regtest 0 "$work/port" "$control" "$work/cookie" </dev/null >"$work/node.log" 2>&1 &
server=$!
wait_port
port=$(cat "$work/port")
"$SANAD_BIN" scan --chain regtest --source "rpc:127.0.0.1:$port" --rpc-cookie "$work/cookie" --rpc-wait 1 \
    --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 --store "$work/s.db" --json \
    --follow --every 1 </dev/null >"$work/followed" 2>"$work/follow.err" &
follower=$!
reaches "the first scan" '.tip.height == 4000 and .complete'
echo "cut=4100" >"$control"
reaches "it grows" '.tip.height == 4100 and .from_height == 4001'
echo "cut=4110 norest" >"$control"
reaches "REST is off now" '.tip.height == 4110'

# The node ends, and comes back with more blocks and another cookie.
kill "$server"
wait "$server" 2>/dev/null
says "the node is away" 1 'event=follow waits='
rm -f "$work/port"
old=$(cat "$work/cookie")
echo "cut=4200 norest" >"$control"
"$node" "$work/blocks" regtest "$port" "$work/port" "$control" "$work/cookie" </dev/null >"$work/node.log" 2>&1 &
server=$!
wait_port
[ "$old" != "$(cat "$work/cookie")" ] || bad "the node has its old cookie"
reaches "the node is back" '.tip.height == 4200'
says "the node was away" 1 'event=follow waits='
says "the node is back" 1 'event=follow goes=on'

# It starts slowly, then lets nobody in for a while.
echo "403" >"$control"
says "the node lets nobody in" 1 'event=follow waits=.*answers 403'
: >"$control"
reaches "it lets us in" '.tip.height == 4210'
says "it lets us in" 2 'event=follow goes=on'

# A reorganisation.
"$blocks" fork "$work/blocks" regtest 4204 20 || bad "fork"
reaches "a reorganisation" '.tip.height == 4224 and .withdrawn_blocks == 6 and .from_height == 4205'

# Killed, and started again; meanwhile the chain went back to another branch.
kill -9 "$follower"
wait "$follower" 2>/dev/null
: >"$work/followed"
"$blocks" fork "$work/blocks" regtest 4150 100 || bad "fork"
"$SANAD_BIN" scan --chain regtest --source "rpc:127.0.0.1:$port" --rpc-cookie "$work/cookie" \
    --store "$work/s.db" --json --follow --every 1 </dev/null >"$work/followed" 2>"$work/follow.err" &
follower=$!
reaches "started again, another branch" '.tip.height == 4250 and .withdrawn_blocks == 74'
kill "$follower"
ends "SIGTERM" 0

# answers STORE FILE
answers() {
    for nation in XS XP; do
        for height in 1000 4150 4204 4250; do
            sanad position --store "$1" --nation $nation --at $height --json || return 1
        done
        sanad flows --store "$1" --nation $nation --possible-own --json || return 1
    done >"$2" 2>"$work/err"
}
expect 0 "a fresh scan of the files" sanad scan --chain regtest --source "blocks:$work/blocks" \
    --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 --store "$work/fresh.db" --json
checks=$((checks + 1))
answers "$work/s.db" "$work/found" || bad "the followed store does not answer"
answers "$work/fresh.db" "$work/expected" || bad "the fresh store does not answer"
same "as a fresh scan of the files" "$work/expected" "$work/found"

# What no waiting mends ends it. It waits for a node that is not there from the start on, too.
kill "$server"
wait "$server" 2>/dev/null
: >"$work/followed"
"$SANAD_BIN" scan --chain regtest --source "rpc:127.0.0.1:$port" --rpc-cookie "$work/cookie" \
    --store "$work/s.db" --json --follow --every 1 </dev/null >"$work/followed" 2>"$work/follow.err" &
follower=$!
says "the node is not there yet" 1 'event=follow waits='
rm -f "$work/port"
"$node" "$work/blocks" regtest "$port" "$work/port" "$control" "$work/cookie" "ipc://$work/zmq" \
    </dev/null >"$work/node.log" 2>&1 &
server=$!
wait_port
reaches "the node is there" '.tip.height == 4250'
echo "chain=signet" >"$control"
ends "another chain" 4
grep -q '^sanad: .*the node is of the chain signet, not of regtest' "$work/follow.err" || bad "another chain: other words"

# ---- news by ZMQ: it would look by itself in an hour --------------------------------------------

echo "cut=4000" >"$control"
: >"$work/followed"
"$SANAD_BIN" scan --chain regtest --source "rpc:127.0.0.1:$port" --rpc-cookie "$work/cookie" \
    --book "$two/book-xs.json" --store "$work/zmq.db" --json --follow --every 3600 \
    --zmq "ipc://$work/zmq" </dev/null >"$work/followed" 2>"$work/follow.err" &
follower=$!
reaches "before any news" '.tip.height == 4000'
echo "cut=4010" >"$control"
reaches "news of one block" '.tip.height == 4010'
: >"$control"
reaches "news of many" '.tip.height == 4250'
kill -INT "$follower"
ends "SIGINT" 0
refused 2 'not of the form tcp://HOST:PORT' "news from elsewhere" \
    sanad scan --chain regtest --source "rpc:127.0.0.1:$port" --store "$work/zmq.db" --zmq http://x
finish
