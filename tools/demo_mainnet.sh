#!/bin/sh
# ./demo --mainnet: the real claims, checked by the light client over the Bitcoin network with the
# published address of El Salvador's reserve. Without a node; with a network, 3 GB of room and an
# hour or so (doc/guide/light-client.md). What was received is kept: interrupted or run again, it
# goes on. `./demo --mainnet whole` looks at every block since 2009 (12 GB), which alone can call a
# claim consistent: from a birthday on, older coins are unknown. SANAD_SOURCE names another source
# (p2p:HOST:PORT, blocks:DIR, rpc:URL), SANAD_PROXY a SOCKS5 proxy.
set -eu
cd "$(dirname "$0")/.."

sanad=build/sanad
out=build/demo-mainnet
source=${SANAD_SOURCE:-p2p}
# The reserve's address became known in March 2024, near this height.
birthday=834000

case ${1:-} in
'') ;;
whole) birthday= ;;
*)
    echo "demo: --mainnet $1: unknown; say --mainnet or --mainnet whole" >&2
    exit 2
    ;;
esac

mkdir -p "$out"
echo "SIMULATED is nothing of this: the book is books/sv-public.json, an attribution by others"
echo "that El Salvador has not signed; the claims are those of the press."
set -- scan --source "$source" --book books/sv-public.json --store "$out/sv.db" --by demo
case $source in
p2p*)
    [ -z "$birthday" ] || set -- "$@" --birthday "$birthday"
    [ -z "${SANAD_PROXY:-}" ] || set -- "$@" --proxy "$SANAD_PROXY"
    ;;
esac

# run ARGUMENTS...: shows the command and runs it; undecided (3) is an answer, all else ends here.
run() {
    printf '\n$ sanad'
    printf ' %s' "$@"
    printf '\n'
    code=0
    "$sanad" "$@" || code=$?
    case $code in
    0 | 1 | 3) ;;
    *) exit "$code" ;;
    esac
}

run "$@"
# Without a scan there is nothing to show.
[ "$code" = 0 ] || exit "$code"
run position --store "$out/sv.db"
run claims check claims/2024-2025.csv --store "$out/sv.db"
echo
echo "What the words mean: doc/guide/light-client.md, doc/formats/claims.md (exit code $code)"
exit "$code"
