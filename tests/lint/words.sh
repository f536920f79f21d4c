#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a finished tree does not hold: reminders, tabs, blanks at line ends, foreign hosts of packages.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
bad=0
files=$(find src cmd include tests docs .ci -type f \( -name '*.c' -o -name '*.h' -o -name '*.in' -o -name '*.sh' -o -name '*.py' \
  -o -name '*.md' -o -name '*.bats' -o -name '*.txt' -o -name '*.def' -o -name '*.scd' -o -name run \) ! -path tests/lint/words.sh)
if grep -nE '(TO''DO|FIX''ME|XX''X:|HA''CK)' $files; then echo "^ unfinished"; bad=1; fi
if grep -nE '[[:blank:]]+$' $files; then echo "^ blanks at the end"; bad=1; fi
exit $bad
