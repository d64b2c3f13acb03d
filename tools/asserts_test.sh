#!/bin/sh
# At least 10 assertions per 1000 lines in the modules whose mistakes would become figures.
# An assertion states what must be true if our own code is right; what the world may get
# wrong is returned as an error instead.
. "$(dirname "$0")/prove.sh"

MODULES="chain scan stmt tlog verify"
PER_1000=10

check() {
    (
        cd "$1" || exit 1
        bad=0
        for module in $MODULES; do
            files=$(find "src/$module" -name '*.c' ! -name '*_test.c' 2>/dev/null | sort)
            [ -n "$files" ] || continue
            # shellcheck disable=SC2086 # our file names have no spaces
            cat $files | awk -v module="$module" -v least=$PER_1000 '
                { count += gsub(/sanad_assert\(|_Static_assert\(/, "&") }
                END {
                    density = count * 1000 / NR
                    printf "asserts: %s: %d in %d lines, %.1f per 1000", module, count, NR, density
                    if (density < least) { print ": fewer than " least; exit 1 }
                    print ""
                }' || bad=1
        done
        exit $bad
    )
}

awk 'BEGIN { for (i = 0; i < 99; i++) print "int x;"; print "sanad_assert(x);" }' |
    sample src/scan/a.c
must_pass "1 in 100 lines"
echo 'int y;' >>"$proof/src/scan/a.c"
must_find "1 in 101 lines" "scan: 1 in 101 lines, 9.9 per 1000: fewer than 10"
rm -r "$proof/src"

run_on "${1:-.}"
