#!/bin/sh
# Functions of at most 70 lines and files of at most 1000, with the median and the 90th
# percentile of the product's functions. Leans on the format that clang-format keeps: the
# braces of a function stand alone in the first column.
. "$(dirname "$0")/prove.sh"

FUNCTION_MAX=70
FILE_MAX=1000

# Every function of the named files: "lines file:line name".
functions() {
    awk '
    FNR == 1 { head = 0; body = 0 }
    /^\{$/ { body = head ? head : FNR; next }
    /^\}/ { if (body) print FNR - body + 1, FILENAME ":" body, name; body = 0; head = 0; next }
    body { next }
    /^[ \t]*$/ || /^#/ || /^ ?\*/ || /^\/\*/ || /;$/ { head = 0; next }
    /^[A-Za-z_]/ && !head {
        head = FNR
        name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
    }' "$@" </dev/null
}

sources() {
    find src fuzz bench tests tools web -type f \
        \( -name '*.c' -o -name '*.h' -o -name '*.sh' -o -name '*.ts' \) 2>/dev/null | sort
}

check() {
    (
        cd "$1" || exit 1
        sources >"$proof/.files"
        # shellcheck disable=SC2046 # our file names have no spaces
        functions $(grep '\.[ch]$' "$proof/.files") >"$proof/.functions"
        bad=0
        awk -v max=$FUNCTION_MAX '$1 > max { print $2 ": " $3 ": " $1 " lines, at most " max; bad = 1 }
            END { exit bad }' "$proof/.functions" || bad=1
        while read -r file; do
            lines=$(wc -l <"$file")
            if [ "$lines" -gt $FILE_MAX ]; then
                echo "$file: $lines lines, at most $FILE_MAX"
                bad=1
            fi
        done <"$proof/.files"
        exit $bad
    )
}

function_of() {
    printf 'static int f(int a,\n             int b)\n{\n'
    i=0
    while [ $i -lt "$1" ]; do
        echo '    a += b;'
        i=$((i + 1))
    done
    printf '}\n'
}
function_of 66 | sample src/a/a.c
must_pass "a function of 70 lines"
grep -q '^70 src/a/a.c:1 f$' "$proof/.functions" || { echo "self-test: miscounted"; exit 1; }
function_of 67 | sample src/a/a.c
must_find "a function of 71 lines" "src/a/a.c:1: f: 71 lines"
function_of 1 | sample src/a/a.c
awk 'BEGIN { for (i = 0; i < 1001; i++) print "int x;" }' | sample src/a/long.h
must_find "a file of 1001 lines" "src/a/long.h: 1001 lines"
rm -r "$proof/src"

run_on "${1:-.}"
grep '^[0-9]* src/' "$proof/.functions" | grep -v '_test\.c:' | sort -n | awk '
    { size[NR] = $1; sum += $1 }
    END {
        if (NR == 0) exit
        printf "sizes: %d functions, median %d lines, 90%% under %d, longest %d\n",
            NR, size[int((NR + 1) / 2)], size[int((NR * 9 + 9) / 10)], size[NR]
    }'
