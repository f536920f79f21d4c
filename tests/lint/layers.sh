#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks every #include against src/LAYERS: modules see only what their row allows, each outside library is seen by the
# rows that name it, the command line tool sees public headers alone.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1

awk '
function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
BEGIN {
  owner["json-c"] = "json-c"; owner["openssl"] = "libcrypto"; owner["zlib.h"] = "zlib"; owner["zstd.h"] = "libzstd"
  owner["pthread.h"] = "threads"; owner["archive.h"] = "libarchive"
  owner["archive_entry.h"] = "libarchive"; owner["isa-l.h"] = "libisal"; owner["libdeflate.h"] = "libdeflate"
  # The arrows that the implementation of a public header needs: it belongs to the module that implements it.
}
FILENAME == "src/LAYERS" {
  if ($0 !~ /^[a-z]/) next
  split($0, part, ":"); module = trim(part[1]); known[module] = 1
  n = split(trim(part[2]), below, / +/); for (i = 1; i <= n; i++) may[module, below[i]] = 1
  gsub(/[?]/, "", part[3]); n = split(trim(part[3]), libs, / +/); for (i = 1; i <= n; i++) lib[module, libs[i]] = 1
  next
}
/^[ \t]*#[ \t]*include/ {
  split(FILENAME, dir, "/"); where = dir[1] == "cmd" ? "cmd" : dir[2]
  if (match($0, /"[^"]+"/)) {
    target = substr($0, RSTART + 1, RLENGTH - 2)
    if (target ~ /^\.\./) complain("include " target " leaves its folder")
    slash = index(target, "/")
    if (slash == 0) next
    to = substr(target, 1, slash - 1)
    if (where == "cmd") complain("the command line tool includes " target)
    else if (to != where && !((where, to) in may)) complain(where " must not include " target)
    if (target ~ /_internal\.h$/ && to != where) complain(target " belongs to " to " alone")
  } else if (match($0, /<[^>]+>/)) {
    target = substr($0, RSTART + 1, RLENGTH - 2)
    key = target; sub(/\/.*/, "", key)
    if (key in owner && !((where, owner[key]) in lib)) complain(where " must not use " owner[key] " (" target ")")
  }
}
END { exit bad }
' src/LAYERS $(find src cmd -name '*.c' -o -name '*.h' | sort)
