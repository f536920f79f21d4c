#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files end before 800 lines, functions before 80, lines at 120 columns; prints the longest ten of the first two.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
files=$(find src cmd include tests -name '*.c' -o -name '*.h' -o -name '*.h.in' | sort)

echo "longest files:"
wc -l $files | grep -v ' total$' | sort -rn | head -10

# A function is what stands between "{" and "}" in the first column.
awk '
FNR == 1 { open = 0 }
length($0) > 120 && FILENAME !~ /test_/ { printf "%s:%d: longer than 120 columns\n", FILENAME, FNR > "/dev/stderr"; bad = 1 }
/^[A-Za-z_].*\(/ { head = $0 }
/^\{/ { open = FNR; name = head }
/^\}/ && open { printf "%d %s: %s\n", FNR - open + 1, FILENAME, name; open = 0 }
END { exit bad }
' $files > "${TMPDIR:-/tmp}/functions.$$"
bad=$?
echo "longest functions:"
sort -rn "${TMPDIR:-/tmp}/functions.$$" | head -10
long=$(awk '$1 > 80' "${TMPDIR:-/tmp}/functions.$$")
rm -f "${TMPDIR:-/tmp}/functions.$$"
[ -z "$long" ] || { printf 'functions above 80 lines:\n%s\n' "$long"; bad=1; }
for f in $files; do
  n=$(wc -l < "$f")
  [ "$n" -le 800 ] || { echo "$f has $n lines"; bad=1; }
done
exit $bad
