#!/bin/sh
# Names that must not stand in the source: the list of src/base/banned.h, which the
# compiler refuses as calls, is looked for here as a word too (a function's address), and
# with it what no macro can see. A line that must break the rule says `allowed:` and why.
. "$(dirname "$0")/prove.sh"

check() {
    (
        cd "$1" || exit 1
        names=$(sed -n 's/^#define \([a-z_]*\)(.*SANAD_BANNED(.*/\1/p' src/base/banned.h | tr '\n' ' ')
        [ -n "$names" ] || { echo "src/base/banned.h: bans nothing"; exit 1; }
        find src fuzz bench tests -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null |
            grep -v '^src/base/banned\.h$' | sort >"$proof/.files"
        # shellcheck disable=SC2046 # our file names have no spaces
        awk -v names="$names" '
        function find(rule) { print FILENAME ":" FNR ": " rule; bad = 1 }
        BEGIN { count = split(names, name, " "); for (i = 1; i <= count; i++) banned[name[i]] = 1 }
        FNR == 1 { comment = 0 }
        /allowed: / { next }
        {
            line = code($0)
            if (line ~ /typedef +(struct|union|enum)/) find("typedef struct: say struct")
            if (line ~ /(^|[^a-z_])(TODO|FIXME|XXX|HACK)($|[^a-z_])/) find("unfinished work belongs in an issue")
            while (match(line, /[A-Za-z_][A-Za-z_0-9]*/)) {
                word = substr(line, RSTART, RLENGTH)
                before = RSTART > 1 ? substr(line, RSTART - 1, 1) : ""
                if (word in banned && before != "." && before != ">") find(word " is banned")
                line = substr(line, RSTART + RLENGTH)
            }
        }
        # The line without its texts and comments.
        function code(line) {
            gsub(/\\./, "", line)
            gsub(/"[^"]*"/, "\"\"", line)
            if (comment) {
                if (line !~ /\*\//) return ""
                sub(/.*\*\//, "", line); comment = 0
            }
            gsub(/\/\*[^*]*\*\//, "", line); sub(/\/\/.*/, "", line)
            if (line ~ /\/\*/) { sub(/\/\*.*/, "", line); comment = 1 }
            return line
        }
        END { exit bad }' $(cat "$proof/.files") </dev/null || exit 1
    )
}

# The compiler itself, with the header that the build puts before every file.
compiler=${CC:-cc}
must_not_compile() {
    echo "$1" >"$proof/banned.c"
    if $compiler -std=gnu17 -D_GNU_SOURCE -include src/base/banned.h -fsyntax-only "$proof/banned.c" \
        2>"$proof/.findings"; then
        echo "self-test: compiles: $1"
        exit 1
    fi
    grep -q this_function_is_banned "$proof/.findings" || { cat "$proof/.findings"; exit 1; }
}
must_not_compile '#include <stdlib.h>
int f(const char *t); int f(const char *t) { return atoi(t); }'
must_not_compile '#include <string.h>
void f(char *a, const char *b); void f(char *a, const char *b) { strcpy(a, b); }'
must_not_compile '#include <stdio.h>
int f(char *a); int f(char *a) { int x; return sscanf(a, "%d", &x); }'
must_not_compile '#include <string.h>
char *f(char *a); char *f(char *a) { return strtok(a, " "); }'
must_not_compile '#include <stdio.h>
int f(char *a); int f(char *a) { return sprintf(a, "x"); }'

sample src/base/banned.h <src/base/banned.h
echo '/* strcpy and atoi are only named here */ const char *f(void) { return "atoi(x)"; }' |
    sample src/a/a.c
must_pass "names in texts and comments"
echo 'char *(*copy)(char *, const char *) = strcpy;' | sample src/a/b.c
must_find "the address of a banned function" "src/a/b.c:1: strcpy is banned"
echo 'int (*number)(const char *) = atoi; /* allowed: a proof */' | sample src/a/b.c
must_pass "a line that says why"
echo 'typedef struct node { int x; } node;' | sample src/a/b.c
must_find "a typedef struct" "src/a/b.c:1: typedef struct"
echo '' | sample src/base/banned.h
must_find "an empty list" "bans nothing"

run_on "${1:-.}"
echo "banned: none of the names of src/base/banned.h in $(wc -l <"$proof/.files") files"
