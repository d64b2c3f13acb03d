#!/bin/sh
# Money is summed in one file: the field of struct amount is named only in
# src/base/amount.c and in the struct itself, so that no other sum can overflow silently
# or forget that an amount is unknown.
. "$(dirname "$0")/prove.sh"

FIELD=raw_minor_units

check() {
    (
        cd "$1" || exit 1
        found=$(find src fuzz bench tests include -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null |
            grep -v '^src/base/amount\.c$' | sort |
            xargs grep -n "$FIELD" /dev/null |
            grep -v "^src/base/base\.h:[0-9]*:    int64_t $FIELD;" || true)
        if [ -n "$found" ]; then
            echo "$found" | sed 's/$/  <- only src\/base\/amount.c may touch it/'
            exit 1
        fi
        if ! grep -q "$FIELD" src/base/amount.c; then
            echo "src/base/amount.c: does not name $FIELD: this test looks for the wrong field"
            exit 1
        fi
    )
}

printf 'struct amount {\n    int64_t %s;\n};\n' $FIELD | sample src/base/base.h
echo "a.$FIELD + b.$FIELD" | sample src/base/amount.c
must_pass "the one file that may"
echo "total += a.$FIELD;" | sample src/reserve/position.c
must_find "a sum elsewhere" "src/reserve/position.c:1:"
rm "$proof/src/reserve/position.c"
echo "static inline int64_t raw(struct amount a) { return a.$FIELD; }" >>"$proof/src/base/base.h"
must_find "a way round in the header" "src/base/base.h:4:"

run_on "${1:-.}"
echo "money: $FIELD is touched by src/base/amount.c alone"
