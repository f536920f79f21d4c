#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, as strict C11 and as C++17.
# usage: headers.sh CC SOURCE_DIR BUILD_DIR
set -u
cc=$1 source=$2 build=$3
bad=0
for h in "$source"/include/oci-image/*.h; do
  name=oci-image/$(basename "$h")
  printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c -I"$source/include" -I"$build/include" - || bad=1
  if "$cc" -x c++ -std=c++17 -fsyntax-only /dev/null 2>/dev/null; then
    printf '#include <%s>\n' "$name" |
      "$cc" -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ -I"$source/include" -I"$build/include" - || bad=1
  fi
done
exit $bad
