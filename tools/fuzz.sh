#!/bin/sh
# Builds the fuzzers with libFuzzer, ASan and UBSan and runs each of them, or those named,
# for so many seconds, as many side by side as there are cores:
# tools/fuzz.sh SECONDS [NAME...]
# What they learn stays under build/fuzz-corpus; the corpus in fuzz/ is only read.
# A finding is left under build/fuzz-found, and the exit code is 1.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --one ]; then # what xargs below calls
    mkdir -p "build/fuzz-corpus/$3"
    exec "build/fuzz/fuzz_$3" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 \
        -max_len=65536 -print_final_stats=1 -artifact_prefix="build/fuzz-found/$3-" \
        "build/fuzz-corpus/$3" "fuzz/corpus/$3" >"build/fuzz-log/$3.log" 2>&1
fi

seconds=${1:?usage: tools/fuzz.sh SECONDS [NAME...]}
shift
command -v clang >/dev/null 2>&1 || {
    echo "fuzz: clang is missing: sh tools/setup.sh check" >&2
    exit 4
}
mkdir -p build/fuzz-found build/fuzz-log
cmake --preset fuzz >build/fuzz-log/configure.log 2>&1 || {
    cat build/fuzz-log/configure.log >&2
    exit 4
}
ninja -C build/fuzz
if [ $# = 0 ]; then
    # shellcheck disable=SC2046 # one word a fuzzer
    set -- $(find fuzz -maxdepth 1 -name 'fuzz_*.c' | sed 's/.*fuzz_//; s/\.c$//' | sort)
fi
# A finding ends one fuzzer, not the others: judged below, from what they left.
printf '%s\n' "$@" | xargs -P "$(nproc)" -I NAME sh tools/fuzz.sh --one "$seconds" NAME || true

passed=0
failed=0
for name in "$@"; do
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz-log/$name.log")
    if [ -n "$(find build/fuzz-found -name "$name-*")" ] || [ -z "$runs" ]; then
        echo "fuzz: $name: FOUND SOMETHING: build/fuzz-log/$name.log"
        failed=$((failed + 1))
    else
        echo "fuzz: $name: $runs inputs in $seconds s, nothing found"
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
