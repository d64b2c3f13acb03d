#!/bin/sh
# Runs every benchmark of build/release, one after the other on a quiet machine.
set -eu
cd "$(dirname "$0")/.."

found=
for bench in build/release/bench_*; do
    [ -x "$bench" ] || continue
    found=1
    echo "== $(basename "$bench")"
    "$bench"
done
[ -n "$found" ] || {
    echo "bench: build/release holds no benchmark" >&2
    exit 4
}
