#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of the Debian packages that a job needs.
# usage: packages.sh build|run|test
set -eu

build="gcc libc6-dev cmake ninja-build pkg-config libssl-dev libjson-c-dev zlib1g-dev libzstd-dev libarchive-dev libisal-dev
libdeflate-dev scdoc"
run="runc crun uidmap busybox-static tar"
# The oracles and runtimes of the interoperability tests, the second compiler, and what the scripts speak.
tests="g++ libcmocka-dev bats python3 python3-jsonschema python3-junitparser python3-yaml python3-fusepy libfuse2 pre-commit clang
clang-format llvm shellcheck umoci skopeo buildah mmdebstrap libarchive-tools attr libcap2-bin gzip bzip2 lz4 zstd jq strace xz-utils
util-linux golang-github-opencontainers-specs-dev golang-github-opencontainers-image-spec-dev"

case ${1:-} in
build) wanted=$build ;;
run) wanted="$build $run" ;;
test) wanted="$build $run $tests" ;;
*) echo "usage: packages.sh build|run|test" >&2; exit 2 ;;
esac

command -v dpkg-query >/dev/null || {
  echo "This is no Debian system; these packages (in Debian's names) have to be there: $wanted" >&2
  exit 0
}
missing_of() {
  for p; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$p"
  done
}
# The run-time part of the sanitizers is a package of its own, named after the compiler's version.
with_runtimes() {
  [ "$1" = test ] || return 0
  apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p' | head -1
}

missing=$(missing_of $wanted)
if [ -n "$missing" ] || [ "$1" = test ]; then
  sudo=
  [ "$(id -u)" = 0 ] || sudo=$(command -v sudo || true)
  if [ -n "$missing" ] && [ "$(id -u)" != 0 ] && [ -z "$sudo" ]; then
    echo "missing, and only root can install them: $missing" >&2
    exit 1
  fi
  [ -z "$missing" ] || $sudo apt-get update -q >&2
  missing=$(missing_of $wanted $(with_runtimes "$1"))
  [ -z "$missing" ] ||
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
fi
