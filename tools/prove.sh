# Shared by the tests of tools/: a test that cannot fail is a defect, so each of them
# first breaks its own rule on purpose in a folder of its own and must notice.
# Sourced, not run. The test defines `check ROOT`: findings on stdout, 1 if any.
set -eu
LC_ALL=C
export LC_ALL

proof=$(mktemp -d "${TMPDIR:-/tmp}/sanad-prove-XXXXXX")
trap 'rm -rf "$proof"' EXIT
trap 'exit 1' HUP INT TERM

# sample FILE: standard input becomes FILE of the sample tree.
sample() {
    mkdir -p "$proof/$(dirname "$1")"
    cat >"$proof/$1"
}

# must_pass WHAT: the sample as it stands breaks no rule.
must_pass() {
    if ! check "$proof" >"$proof/.findings" 2>&1; then
        echo "self-test: $1: refused, though it breaks no rule:"
        cat "$proof/.findings"
        exit 1
    fi
}

# must_find WHAT PATTERN: the sample is refused, in words that match PATTERN.
must_find() {
    if check "$proof" >"$proof/.findings" 2>&1; then
        echo "self-test: $1: not noticed"
        exit 1
    fi
    if ! grep -q -e "$2" "$proof/.findings"; then
        echo "self-test: $1: refused in other words than '$2':"
        cat "$proof/.findings"
        exit 1
    fi
}

# run_on ROOT: the real tree, after the proofs.
run_on() {
    if ! check "$1"; then
        exit 1
    fi
}
