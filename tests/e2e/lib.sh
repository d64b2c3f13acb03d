# Shared by the end-to-end tests: a folder of their own, the invented nations made once, and
# checks that say what failed and go on. Sourced, not run. The program under test is SANAD_BIN.
set -u
LC_ALL=C
TZ=UTC
NO_COLOR=1
export LC_ALL TZ NO_COLOR
unset SANAD_PASSPHRASE

skip() {
    echo "skipped: $1"
    exit 77
}

[ -n "${SANAD_BIN:-}" ] || { echo "SANAD_BIN must name the program"; exit 2; }
[ -x "$SANAD_BIN" ] || skip "$SANAD_BIN is not built"
command -v jq >/dev/null 2>&1 || skip "jq is not installed"
build=${SANAD_BUILD:-$(dirname "$SANAD_BIN")}
blocks=$build/e2e_blocks
positions=$build/e2e_positions

work=$(mktemp -d "${TMPDIR:-/tmp}/sanad-e2e-XXXXXX") || exit 2
trap 'clean' EXIT
trap 'exit 1' HUP INT TERM
clean() {
    [ -n "${SANAD_KEEP:-}" ] && echo "kept: $work" && return
    chmod -R u+w "$work" 2>/dev/null
    rm -rf "$work"
}

checks=0
failures=0

# bad WHAT: one check failed; what the program said last is shown.
bad() {
    failures=$((failures + 1))
    echo "FAILED: $1"
    [ -s "$work/out" ] && head -c 600 "$work/out" | sed 's/^/    stdout: /'
    [ -s "$work/err" ] && head -n 12 "$work/err" | sed 's/^/    stderr: /'
    return 0
}

# expect CODE WHAT COMMAND...: exit code; stdout and stderr stay in $work/out and $work/err.
expect() {
    wanted=$1
    what=$2
    shift 2
    checks=$((checks + 1))
    "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ $code = "$wanted" ] && return 0
    bad "$what: exit $code, expected $wanted: $*"
    return 1
}

# refused CODE PATTERN WHAT COMMAND...: as expect, and stderr is one line, `sanad: `, that
# matches PATTERN (extended), and stdout has nothing.
refused() {
    wanted=$1
    pattern=$2
    shift 2
    what=$1
    expect "$wanted" "$@" || return 1
    lines=$(wc -l <"$work/err")
    if [ "$lines" != 1 ] || ! grep -q '^sanad: ' "$work/err"; then
        bad "$what: $lines lines on stderr, expected one that begins with 'sanad: '"
    elif ! grep -Eq -e "$pattern" "$work/err"; then
        bad "$what: other words than '$pattern'"
    elif [ -s "$work/out" ]; then
        bad "$what: refused, yet it printed something"
    else
        return 0
    fi
    return 1
}

# same WHAT EXPECTED-FILE FILE: equal bytes.
same() {
    checks=$((checks + 1))
    diff "$2" "$3" >"$work/diff" 2>&1 && return 0
    failures=$((failures + 1))
    echo "FAILED: $1 (< expected, > found):"
    head -n 12 "$work/diff" | cut -c 1-220 | sed 's/^/    /'
    return 1
}

# holds WHAT FILE JQ-FILTER [ARGS...]: the filter gives true.
holds() {
    what=$1
    file=$2
    filter=$3
    shift 3
    checks=$((checks + 1))
    jq -e "$@" "$filter" "$file" >/dev/null 2>&1 && return 0
    cp "$file" "$work/out" 2>/dev/null
    : >"$work/err"
    bad "$what: not so: $filter"
    return 1
}

finish() {
    echo "$checks checks, $failures failed"
    [ $failures = 0 ] && [ $checks -gt 0 ]
    exit
}

# The two invented nations, made once for all tests of one build: $two.
two_nations() {
    two=$build/e2e-two-nations
    mkdir -p "$build"
    (
        flock 9
        [ -f "$two/truth.json" ] && [ ! "$SANAD_BIN" -nt "$two/truth.json" ] && exit 0
        rm -rf "$two" "$two.part"
        "$SANAD_BIN" simulate --out "$two.part" --seed 1 >/dev/null 2>"$two.log" &&
            touch "$two.part/truth.json" && mv "$two.part" "$two"
    ) 9>"$two.lock"
    if [ ! -f "$two/truth.json" ]; then
        echo "FAILED: simulate made no truth.json:"
        cat "$two.log"
        exit 1
    fi
    truth=$two/truth.json
}

# sanad VERB...: the program; regtest and quiet.
sanad() {
    "$SANAD_BIN" "$@"
}
