#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the shell linter over the scripts and the formatter over the C files; exits with 77 where the tool is not there.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
case ${2:-shellcheck} in
shellcheck)
  command -v shellcheck >/dev/null || exit 77
  shellcheck -x -e SC2016,SC2046,SC2086 $(find tests docs .ci -name '*.sh' -o -path .ci/run -type f)
  ;;
format)
  command -v clang-format >/dev/null || exit 77
  clang-format --dry-run --Werror $(find src cmd include tests -name '*.c' -o -name '*.h' | sort)
  ;;
esac
