#!/bin/sh
# The help of every verb, its man page and the completion tell of the same options, and what
# is no verb or no option ends with exit code 2 and one line.
set -eu
[ -x "${SANAD_BIN:-}" ] || exit 77

folder=$(mktemp -d "${TMPDIR:-/tmp}/sanad-help-XXXXXX")
trap 'rm -rf "$folder"' EXIT
bad=0
say() {
    echo "$1"
    bad=1
}

# The options that a text names at the beginning of a line, one a line.
options_of_help() {
    sed -n 's/^ *\(--[a-z0-9-]*\).*/\1/p' "$1" | sort -u
}
options_of_page() {
    sed -n 's/^\*\(--[a-z0-9-]*\)\*.*/\1/p' "$1" | sort -u
}

"$SANAD_BIN" --help >"$folder/all"
options_of_page doc/man/sanad.1.scd >"$folder/common"
verbs=$(sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' "$folder/all")
[ -n "$verbs" ] || say "sanad --help: names no verb"
for verb in $verbs; do
    page=doc/man/sanad-$verb.1.scd
    [ -f "$page" ] || { say "$page: missing"; continue; }
    grep -q "sanad-$verb" doc/man/sanad.1.scd || say "doc/man/sanad.1.scd: does not name $verb"
    "$SANAD_BIN" "$verb" --help >"$folder/help" || say "sanad $verb --help: exit code $?"
    options_of_help "$folder/help" >"$folder/has"
    options_of_page "$page" | sort -u - "$folder/common" >"$folder/told"
    comm -23 "$folder/has" "$folder/told" | sed "s|^|$page: does not tell of |" >"$folder/more"
    comm -13 "$folder/has" "$folder/told" | sed "s|^|$page: tells of what is not there: |" >>"$folder/more"
    cat "$folder/more"
    [ ! -s "$folder/more" ] || bad=1
done
for page in doc/man/sanad-*.1.scd; do
    verb=$(basename "$page" .1.scd | sed 's/^sanad-//')
    echo "$verbs" | grep -qx "$verb" || say "$page: of a verb that is not there"
done

# usage ARGUMENTS...: must end with exit code 2, one line on stderr, nothing on stdout.
usage() {
    code=0
    "$SANAD_BIN" "$@" >"$folder/out" 2>"$folder/err" || code=$?
    [ "$code" = 2 ] || say "sanad $*: exit code $code, not 2"
    [ ! -s "$folder/out" ] || say "sanad $*: writes to standard output"
    [ "$(wc -l <"$folder/err")" = 1 ] || say "sanad $*: not one line on stderr"
    grep -q '^sanad: ' "$folder/err" || say "sanad $*: the line does not begin with 'sanad: '"
}
usage no-such-verb
for verb in $verbs; do
    usage "$verb" --no-such-option
done

# The completion, as bash asks it.
if command -v bash >/dev/null 2>&1; then
    bash -c '
        . tools/completion.bash
        COMP_WORDS=("$SANAD_BIN" "") COMP_CWORD=1; _sanad; printf "%s\n" "${COMPREPLY[@]}"
        COMP_WORDS=("$SANAD_BIN" flows --po) COMP_CWORD=2; _sanad; printf "%s\n" "${COMPREPLY[@]}"
        COMP_WORDS=("$SANAD_BIN" scan --chain reg) COMP_CWORD=3; _sanad; printf "%s\n" "${COMPREPLY[@]}"
        ' >"$folder/completed"
    for word in $verbs --possible-own regtest; do
        grep -qxe "$word" "$folder/completed" || say "completion: does not offer $word"
    done
fi
exit $bad
