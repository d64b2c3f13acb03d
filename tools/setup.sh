#!/bin/sh
# Set-up: installs the Debian packages that are missing, says which, and touches nothing
# else. `tools/setup.sh build` is what ./demo needs, `tools/setup.sh check` what ./check
# and `make fuzz` need. Safe to repeat; where nothing is missing no network is used.
# SANAD_SETUP=skip leaves the machine as it is.
set -u
LC_ALL=C
export LC_ALL

build="gcc libc6-dev cmake ninja-build pkgconf libssl-dev libsodium-dev libsecp256k1-dev
    libjansson-dev libsqlite3-dev libmicrohttpd-dev libcurl4-openssl-dev libqrencode-dev
    libzmq3-dev uthash-dev jq"
check="$build libcmocka-dev clang libclang-rt-14-dev clang-format clang-tidy cppcheck scdoc
    bash bash-completion zbar-tools age golang-go golang-golang-x-mod-dev
    python3-opentimestamps"

fail() {
    echo "setup: $1" >&2
    exit 4
}

case ${1:-build} in
build) wanted=$build ;;
check) wanted=$check ;;
*) fail "$1: unknown set; say build or check" ;;
esac

[ "${SANAD_SETUP:-}" != skip ] || exit 0
if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # joins the lines of the list
    set -- $wanted
    fail "no Debian here: install what stands for $*; then set SANAD_SETUP=skip"
fi

# shellcheck disable=SC2086 # a list of words
have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    sed -n 's/ installed$//p' | tr '\n' ' ')
missing=
for package in $wanted; do
    case " $have " in
    *" $package "*) ;;
    *) missing="$missing $package" ;;
    esac
done
if [ -z "$missing" ]; then
    echo "setup: nothing is missing"
    exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || fail "missing$missing; neither root nor sudo to install them"
    as_root=sudo
fi

log=$(mktemp "${TMPDIR:-/tmp}/sanad-setup-XXXXXX") || fail "no temporary file can be made"
trap 'rm -f "$log"' EXIT

# The first reason that apt gives is the one to tell. An update that misses a source is only
# warned of, and ends well: one source more or less may not matter. Its warning is told where
# the packages then are not there.
warned=
apt() {
    # shellcheck disable=SC2086 # nothing or sudo
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" \
        >"$log" 2>&1 </dev/null && {
        warned=$(sed -n 's/^W: //p' "$log" | head -n 1)
        return
    }
    reason=$(sed -n 's/^E: //p' "$log" | head -n 1)
    fail "apt-get $1: ${reason:-$(tail -n 1 "$log")}${warned:+ ($warned)}"
}

echo "setup: installing$missing"
apt update
# shellcheck disable=SC2086 # a list of words
apt install --no-install-recommends $missing
echo "setup: done"
