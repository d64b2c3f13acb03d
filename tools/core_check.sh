#!/bin/sh
# Lets a Bitcoin Core node judge the simulated chain: -reindex on a copy of its block files
# must accept every block, and the unspent coins of every declared wallet must be worth what
# truth.json says. BITCOIND names the program (bitcoin-cli stands beside it), SANAD_BIN ours;
# exit 77 where there is no node. The node speaks to nobody: loopback only, no network.
#   usage: BITCOIND=/path/to/bitcoind tools/core_check.sh [SEED]
set -eu

seed=${1:-1}
sanad=${SANAD_BIN:-build/sanad}
if [ -z "${BITCOIND:-}" ] || [ ! -x "$BITCOIND" ]; then
    echo "core_check: skipped: BITCOIND does not name a bitcoind"
    exit 77
fi
folder=$(mktemp -d)
port=$((20000 + $$ % 20000))
cli() {
    "$(dirname "$BITCOIND")/bitcoin-cli" -regtest -datadir="$folder/node" -rpcport=$port "$@"
}
finish() {
    cli stop >/dev/null 2>&1 || true
    # The node closes its files before the folder goes.
    for _ in $(seq 100); do
        [ -e "$folder/node/regtest/bitcoind.pid" ] || break
        sleep 0.2
    done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    echo "core_check: $*" >&2
    exit 1
}

# The first value of a member in indented JSON.
member() {
    sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" | head -n 1
}

"$sanad" simulate --out "$folder/sim" --seed "$seed" >/dev/null
truth=$folder/sim/truth.json
height=$(sed -n '/^ "tip"/,/}/p' "$truth" | member height)
hash=$(sed -n '/^ "tip"/,/}/p' "$truth" | member hash)
stale=$(sed -n '/^ "stale_blocks"/,/^ ]/p' "$truth" | grep -c '"hash"')

mkdir -p "$folder/node/regtest"
cp -r "$folder/sim/blocks" "$folder/node/regtest/blocks"
"$BITCOIND" -regtest -datadir="$folder/node" -rpcport=$port -reindex -networkactive=0 -listen=0 \
    -dnsseed=0 -fixedseeds=0 -server=1 -daemonwait >/dev/null
for _ in $(seq 600); do
    [ "$(cli getbestblockhash)" = "$hash" ] && break
    sleep 0.2
done
cli getblockchaininfo >"$folder/info"
[ "$(member bestblockhash <"$folder/info")" = "$hash" ] || fail "another tip than $hash"
[ "$(member blocks <"$folder/info")" = "$height" ] || fail "another height than $height"
cli getchaintips >"$folder/tips"
if grep -q '"status": "invalid' "$folder/tips"; then
    fail "a block is invalid: $(cat "$folder/tips")"
fi
echo "core_check: $("$BITCOIND" --version | head -n 1): accepts $height blocks and $stale stale ones"

# Wallet by wallet: "id balance" of the truth against "id descriptor" of the book.
sed '/^ "flows"/,$d' "$truth" | sed -n '/"wallets": \[/,/\]/p' | tr -d '", ' | awk -F: '
    $1 == "id" { id = $2 } $1 == "balance_sat" { print id, $2 }' | sort >"$folder/balances"
for book in "$folder/sim/book-xs.json" "$folder/sim/book-xp.json"; do
    awk -F'"' '$2 == "id" { id = $4 } /#[a-z0-9]*"$/ { print id, $2 }' "$book"
done | sort >"$folder/descriptors"
wallets=0
while read -r id descriptor; do
    expected=$(sed -n "s/^$id //p" "$folder/balances")
    [ -n "$expected" ] || continue # it does not count any more
    case $descriptor in
    *'*'*) object="{\"desc\":\"$descriptor\",\"range\":2000}" ;;
    *) object="{\"desc\":\"$descriptor\"}" ;;
    esac
    found=$(cli scantxoutset start "[$object]" | member total_amount | tr -d . | sed 's/^0*//')
    [ "${found:-0}" = "$expected" ] || fail "$id: the node finds ${found:-0} sat, truth $expected"
    wallets=$((wallets + 1))
done <"$folder/descriptors"
[ "$wallets" -ge 15 ] || fail "only $wallets wallets were compared"
echo "core_check: unspent coins of $wallets wallets agree with truth.json"
