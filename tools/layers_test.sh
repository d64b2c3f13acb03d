#!/bin/sh
# Every #include of the tree against tools/layers.txt: a module uses only what the table
# gives it, and of others only their one public header; the table has no cycle; foreign
# libraries stand behind one module each.
. "$(dirname "$0")/prove.sh"

check() {
    (
        cd "$1" || exit 1
        # The table first, then file by file: awk reads them in this order.
        find src fuzz bench tests -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null |
            sort >"$proof/.files"
        # shellcheck disable=SC2046 # our file names have no spaces
        awk '
        function find(text) { print text; bad = 1 }
        function module_of(path) { return path ~ /^src\// ? part(path, 2) : part(path, 1) }
        function part(path, n,   parts) { split(path, parts, "/"); return parts[n] }

        FILENAME == "tools/layers.txt" {
            if ($1 == "module") {
                known[$2] = 1
                for (i = 4; i <= NF; i++) { may[$2, $i] = 1; uses[$2] = uses[$2] " " $i }
            } else if ($1 == "tests") {
                for (i = 3; i <= NF; i++) tests_may[$i] = 1
            } else if ($1 == "library") {
                libraries[++library_count] = $2
                for (i = 4; i <= NF; i++) front[library_count, $i] = 1
            }
            next
        }
        FNR == 1 { walk_file() }
        /^[ \t]*#[ \t]*include/ { walk_include() }

        function walk_file() {
            module = module_of(FILENAME)
            inside = FILENAME ~ /^src\//
            seen[module] = inside
            test = FILENAME ~ /_test\.[ch]$/ || !inside
            if (!inside) return
            if (!(module in known)) find(FILENAME ": module " module " is not in tools/layers.txt")
            if (FILENAME == "src/" module "/" module ".h") has_header[module] = 1
            else if (FILENAME ~ /_priv\.h$/ && ++privates[module] > 1)
                find(FILENAME ": a second private header in module " module)
            else if (FILENAME ~ /\.h$/ && FILENAME !~ /_(priv|test)\.h$/ && FILENAME != "src/base/banned.h")
                find(FILENAME ": a module shows one header, " module "/" module ".h")
        }
        function walk_include(   name, target, file) {
            name = $0
            if (name ~ /</) {
                sub(/^[^<]*</, "", name); sub(/>.*/, "", name)
                for (i = 1; i <= library_count; i++)
                    if (index(name, libraries[i]) == 1 && inside && !test && !((i, module) in front) )
                        find(FILENAME ":" FNR ": <" name "> stands behind another module")
                return
            }
            sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
            if (name !~ /\//) { # beside the file itself
                if (inside && name !~ /^(support|blkwriter|psbtmaker|toychain|toylog|toypeer|vastlog|memdisk|world|nation|coinfile)\.h$/ && !(test && name ~ /_test\.h$/))
                    find(FILENAME ":" FNR ": \"" name "\": write module/header.h")
                return
            }
            target = part(name, 1); file = part(name, 2)
            if (target == "sanad") return # the public C API of include/
            if (!(target in known)) { find(FILENAME ":" FNR ": \"" name "\": no such module"); return }
            if (inside && target == module) return
            if (FILENAME ~ /^fuzz\// && file == target "_priv.h") return # feeds a part of it
            if (file != target ".h") {
                find(FILENAME ":" FNR ": \"" name "\": private to module " target)
                return
            }
            if (!inside || may[module, "*"] || may[module, target]) return
            if (test && tests_may[target]) return
            find(FILENAME ":" FNR ": module " module " may not use " target)
        }

        # Depth first over the table; a module met twice on one path closes a cycle.
        function visit(name, path,   list, count, i) {
            if (index(path " ", " " name " ")) { find("tools/layers.txt: cycle:" path " " name); return }
            if (done[name] || name == "*") return
            count = split(uses[name], list, " ")
            for (i = 1; i <= count; i++) {
                if (list[i] != "*" && !(list[i] in known))
                    find("tools/layers.txt: " name " uses " list[i] ", which is no module")
                visit(list[i], path " " name)
            }
            done[name] = 1
        }
        END {
            for (name in known) visit(name, "")
            for (name in seen)
                if (seen[name] && !has_header[name] && name != "cmd")
                    find("src/" name ": no " name ".h, the header that the module shows")
            exit bad
        }' tools/layers.txt $(cat "$proof/.files") </dev/null
    )
}

table() {
    sample tools/layers.txt <<'TABLE'
module low  uses
module high uses low
tests use high
library sqlite3.h only high
TABLE
    echo '#include "low/low_priv.h"' | sample src/low/low.c
    echo '/* */' | sample src/low/low.h
    echo '/* */' | sample src/low/low_priv.h
    printf '#include <sqlite3.h>\n#include "low/low.h"\n' | sample src/high/high.h
    echo '#include "high/high.h"' | sample src/low/part_test.c
}
table
must_pass "a clean tree"
echo '#include "high/high.h"' | sample src/low/up.c
must_find "an include upwards" "src/low/up.c:1: module low may not use high"
rm "$proof/src/low/up.c"
echo '#include "low/low_priv.h"' | sample src/high/peek.c
must_find "another module's private header" "private to module low"
rm "$proof/src/high/peek.c"
echo '#include "low/low_priv.h"' | sample fuzz/fuzz_low.c
must_pass "a fuzzer of a part of a module"
rm "$proof/fuzz/fuzz_low.c"
echo '#include <sqlite3.h>' | sample src/low/sql.c
must_find "a library past its front" "stands behind another module"
rm "$proof/src/low/sql.c"
echo '/* */' | sample src/stray/stray.h
must_find "a module outside the table" "module stray is not in tools/layers.txt"
rm -r "$proof/src/stray"
echo '/* */' | sample src/low/second_priv.h
must_find "a second private header" "a second private header in module low"
rm "$proof/src/low/second_priv.h"
echo '/* */' | sample src/low/low_test.h
printf '#include "low_test.h"\n' | sample src/low/part_test.c
must_pass "a header that tests of one module share"
printf '#include "low_test.h"\n' | sample src/low/low.c
must_find "a test header in the product" "src/low/low.c:1: \"low_test.h\": write module"
echo '#include "low/low_priv.h"' | sample src/low/low.c
echo '/* */' | sample src/low/more.h
must_find "a second public header" "a module shows one header"
rm "$proof/src/low/more.h"
echo 'module low uses high' >>"$proof/tools/layers.txt"
must_find "a cycle in the table" "cycle:"
table
rm "$proof/src/high/high.h"
echo 'int x;' | sample src/high/x.c
must_find "a module without its header" "src/high: no high.h"

run_on "${1:-.}"
echo "layers: $(wc -l <"$proof/.files") files keep to tools/layers.txt"
