#!/bin/sh
# The static verify core as users get it: code and tables under 300 kB, nothing asked of libc
# but five functions, nothing that could be written to between calls; and it compiles to
# WebAssembly without any libc, where clang can.
set -eu
LC_ALL=C
export LC_ALL
library=${SANAD_BUILD:-build/dev}/libsanad-verify.a
SIZE_MAX=300000
ALLOWED='^(memcpy|memmove|memset|memcmp|strlen|_GLOBAL_OFFSET_TABLE_)$'
folder=$(mktemp -d "${TMPDIR:-/tmp}/sanad-core-XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "verify_core: $1"
    exit 1
}

# measure LIBRARY: bytes of code and tables.
measure() {
    size "$1" | awk 'NR > 1 { sum += $1 + $2 + $3 } END { print sum }'
}

# state LIBRARY: bytes that could be written to; what only the linker fills in is not.
state() {
    size -A "$1" | awk '$1 ~ /^\.t?(data|bss)$/ { sum += $2 } END { print sum + 0 }'
}

# foreign LIBRARY: what it asks of others.
foreign() {
    nm -A "$1" | awk '{ name = $NF } / [TDRBVW] / { own[name] = 1 } / U / { asked[name] = 1 }
        END { for (name in asked) if (!(name in own)) print name }' | sort
}

[ -f "$library" ] || fail "$library is not built"
# First that a library which breaks both rules is noticed.
cat >"$folder/bad.c" <<'C'
#include <stdlib.h>
const char table[400000] = {1};
int counter;
void *f(void);
void *f(void) { return malloc(1); }
C
${CC:-cc} -c -o "$folder/bad.o" "$folder/bad.c"
ar rc "$folder/libbad.a" "$folder/bad.o"
[ "$(measure "$folder/libbad.a")" -gt $SIZE_MAX ] || fail "self-test: miscounted"
[ "$(state "$folder/libbad.a")" -eq 4 ] || fail "self-test: state was not noticed"
foreign "$folder/libbad.a" | grep -qvE "$ALLOWED" || fail "self-test: malloc was not noticed"

bytes=$(measure "$library")
echo "verify_core: $bytes bytes of code and tables, at most $SIZE_MAX"
[ "$bytes" -gt 10000 ] || fail "that is not the whole of it"
[ "$bytes" -le $SIZE_MAX ] || fail "too large"
[ "$(state "$library")" -eq 0 ] || fail "it has state"
asked=$(foreign "$library" | grep -vE "$ALLOWED" || true)
[ -z "$asked" ] || fail "it asks for $(echo "$asked" | tr '\n' ' ')"

# The header is everybody's: plain C99, and C++ where there is a compiler for it.
echo '#include <sanad/verify.h>' >"$folder/user.c"
cp "$folder/user.c" "$folder/user.cc"
"${CC:-cc}" -std=c99 -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only "$folder/user.c" ||
    fail "the header is not plain C99"
if command -v "${CXX:-c++}" >/dev/null 2>&1; then
    "${CXX:-c++}" -std=c++17 -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only \
        "$folder/user.cc" || fail "the header does not serve C++"
fi

clang=$(command -v clang-14 || command -v clang || true)
if [ -z "$clang" ] || ! "$clang" --target=wasm32 -print-targets 2>/dev/null | grep -q wasm32; then
    echo "verify_core: no clang for WebAssembly here: not compiled to it"
    exit 0
fi
for source in src/verify/*.c; do
    case $source in *_test.c) continue ;; esac
    "$clang" --target=wasm32 -ffreestanding -nostdlib -std=c17 -O2 -Wall -Wextra -Werror \
        -Isrc -Iinclude -c -o "$folder/$(basename "$source" .c).o" "$source"
done
echo "verify_core: $(find "$folder" -name '*.o' ! -name bad.o | wc -l) objects for WebAssembly"
