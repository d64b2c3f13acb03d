#!/bin/sh
# What a reader meets first: every source file opens with a comment that tells its purpose,
# every module has a README of at most 30 lines, every test asserts something, every
# fuzzer has a corpus, documents that are named exist, and nothing tells of one machine.
. "$(dirname "$0")/prove.sh"

README_MAX=30

opening() {
    find src fuzz bench tests include -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null | sort |
        while read -r file; do
            case $(head -n 1 "$file") in
            '/*'*) ;;
            *) echo "$file:1: the first line must begin the comment that tells its purpose" ;;
            esac
        done
    find tools tests .ci -type f -name '*.sh' 2>/dev/null | sort | while read -r file; do
        sed -n 1,2p "$file" | grep -q '^# .' ||
            echo "$file: the comment that tells its purpose must stand in the first two lines"
    done
}

modules() {
    for module in src/*/; do
        name=$(basename "$module")
        if [ -f ARCHITECTURE.md ] && ! grep -q "^| $name |" ARCHITECTURE.md; then
            echo "ARCHITECTURE.md: the table of modules lacks $name"
        fi
        readme=${module}README.md
        if [ ! -f "$readme" ]; then
            echo "$readme: missing"
        elif [ "$(wc -l <"$readme")" -gt $README_MAX ]; then
            echo "$readme: over $README_MAX lines"
        fi
    done
}

tests() {
    find src -name '*_test.c' | sort | while read -r file; do
        grep -q 'assert_\|test_ok\|test_refused' "$file" || echo "$file: asserts nothing"
    done
    for fuzzer in fuzz/fuzz_*.c; do
        [ -f "$fuzzer" ] || continue
        corpus=fuzz/corpus/$(basename "$fuzzer" .c | sed 's/^fuzz_//')
        [ -n "$(ls "$corpus" 2>/dev/null)" ] || echo "$corpus: $fuzzer has no corpus"
    done
}

places() {
    find src fuzz bench tests tools doc web .ci . -maxdepth 4 -type f \
        \( -name '*.[ch]' -o -name '*.sh' -o -name '*.md' -o -name '*.scd' -o -name '*.txt' \) \
        ! -path './build/*' ! -path './.git/*' ! -name style_test.sh 2>/dev/null | sort -u |
        xargs grep -nE '/(home|work|root)/[a-z]' /dev/null |
        sed 's/$/  <- a path of one machine/'
}

# A document that the source or another document names must be there.
links() {
    find src fuzz bench tests tools doc . -maxdepth 4 -type f \
        \( -name '*.[ch]' -o -name '*.sh' -o -name '*.md' -o -name '*.txt' \) \
        ! -path './build/*' ! -path './.git/*' ! -name style_test.sh 2>/dev/null | sort -u |
        xargs grep -noE 'doc/(formats|decisions|guide)/[a-zA-Z0-9-]+\.md' /dev/null |
        while IFS=: read -r file line path; do
            [ -f "$path" ] || echo "$file:$line: $path: no such document"
        done
}

check() {
    (
        cd "$1" || exit 1
        { opening; modules; tests; places; links; } >"$proof/.found" || true
        cat "$proof/.found"
        [ ! -s "$proof/.found" ]
    )
}

echo '/* Adds. */' | sample src/a/a.c
printf '/* Proves that it adds. */\nassert_true(1);\n' | sample src/a/a_test.c
echo '# a' | sample src/a/README.md
must_pass "a clean tree"
echo 'int x;' | sample src/a/b.c
must_find "no opening comment" "src/a/b.c:1:"
rm "$proof/src/a/b.c"
echo '/* Proves nothing. */' | sample src/a/b_test.c
must_find "a test that asserts nothing" "src/a/b_test.c: asserts nothing"
rm "$proof/src/a/b_test.c"
echo '/* Reads a. */' | sample fuzz/fuzz_a.c
must_find "a fuzzer without corpus" "fuzz/corpus/a:"
rm "$proof/fuzz/fuzz_a.c"
printf '#!/bin/sh\necho\n' | sample tools/x.sh
must_find "a script without its purpose" "tools/x.sh:"
rm "$proof/tools/x.sh"
printf '/* See /ho%s/x/y. */\n' me | sample src/a/c.c
must_find "a path of one machine" "src/a/c.c:1:.*a path of one machine"
rm "$proof/src/a/c.c"
printf '| module | holds |\n| b | b |\n' | sample ARCHITECTURE.md
must_find "a module that the architecture does not name" "the table of modules lacks a"
rm "$proof/ARCHITECTURE.md"
echo '/* See doc/formats/gone.md. */' | sample src/a/c.c
must_find "a document that is not there" "src/a/c.c:1: doc/formats/gone.md"
rm "$proof/src/a/c.c"
awk 'BEGIN { for (i = 0; i < 31; i++) print "x" }' | sample src/a/README.md
must_find "a long README" "over 30 lines"
rm "$proof/src/a/README.md"
must_find "a module without README" "src/a/README.md: missing"

run_on "${1:-.}"
alone=$(find src -name '*.c' ! -name '*_test.c' ! -path 'src/cmd/*' | sort |
    while read -r file; do [ -f "${file%.c}_test.c" ] || echo "$file"; done)
echo "style: kept; $(echo "$alone" | grep -c . || true) sources have no test beside them:" \
    "$(echo "$alone" | tr '\n' ' ')"
