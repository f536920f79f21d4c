#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds and runs every test. Safe to run again.
# usage: tests/run.sh [ctest options]
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/packages.sh test

jobs=$(nproc)
build() { # PRESET
  cmake --preset "$1" >/dev/null
  cmake --build "build/$1" -j "$jobs" -- --quiet
}

echo "== clang: every warning is an error; ThreadSanitizer: whatever uses threads"
build tsan
ctest --test-dir build/tsan -L threads --output-on-failure -j "$jobs" "$@"
echo "== release: what is installed and what runs it"
build release
ctest --test-dir build/release -L 'cli|interop|install|memory' --output-on-failure -j "$jobs" "$@"
echo "== dev: all other tests, and the command line once more, under ASan and UBSan"
build dev
ctest --test-dir build/dev -LE interop --output-on-failure -j "$jobs" "$@"
