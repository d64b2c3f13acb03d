#!/bin/sh
# Builds what users run and leaves it at build/sanad, the verify library beside it.
set -eu
cd "$(dirname "$0")/.."

if command -v ccache >/dev/null 2>&1; then
    CMAKE_C_COMPILER_LAUNCHER=ccache
    export CMAKE_C_COMPILER_LAUNCHER
fi
mkdir -p build
cmake --preset release >build/.configure.log 2>&1 || {
    cat build/.configure.log >&2
    exit 4
}
ninja -C build/release "$@"
ln -sf release/sanad build/sanad
ln -sf release/libsanad-verify.a build/libsanad-verify.a
