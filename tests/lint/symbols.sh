#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A static archive hides nothing: every symbol it defines for others begins with oci_.
# usage: symbols.sh LIBRARY
set -u
foreign=$(nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 && $3 !~ /^oci_/ && $3 !~ /^__(asan|odr_asan|ubsan|tsan|sancov|gcov|llvm)/ && $3 !~ /^(\.|_?_?start|gcov)/ { print $3 }' | sort -u)
[ -z "$foreign" ] || { printf 'symbols without the prefix:\n%s\n' "$foreign"; exit 1; }
