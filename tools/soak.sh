#!/bin/sh
# The long run, by hand: 200 scans killed at random moments, then 20 CPU minutes of each
# fuzzer. SANAD_KILLS and SANAD_FUZZ_SECONDS make it shorter or longer.
set -u
cd "$(dirname "$0")/.." || exit 4

kills=${SANAD_KILLS:-200}
seconds=${SANAD_FUZZ_SECONDS:-1200}
failed=0
passed=0

echo "soak: $kills kills of a scan"
# The helpers of the test come from the dev build; what is killed is what users run.
if cmake --preset dev >/dev/null && ninja -C build/dev >/dev/null &&
    SANAD_KILLS=$kills SANAD_BIN=$PWD/build/sanad SANAD_BUILD=$PWD/build/dev \
        sh tests/e2e/kill_test.sh; then
    passed=$((passed + 1))
else
    echo "soak: the kills FAILED"
    failed=$((failed + 1))
fi
echo "soak: $seconds s of each fuzzer, each on one core"
if sh tools/fuzz.sh "$seconds"; then
    passed=$((passed + 1))
else
    echo "soak: the fuzzers FAILED"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
