#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into an empty directory and builds a program against what is there, with nothing but pkg-config to help.
# usage: run.sh BUILD_DIR SOURCE_DIR CC [FLAG...]
set -eu
build=$1 source=$2 cc=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work cmake --install "$build" >/dev/null
prefix=$work$(sed -n 's/^prefix=//p' "$build/oci-image.pc")
PKG_CONFIG_PATH=$(dirname "$(find "$work" -name oci-image.pc)")
export PKG_CONFIG_PATH
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags oci-image)
libs=$(pkg-config --define-variable=prefix="$prefix" --static --libs oci-image)
# shellcheck disable=SC2086 # lists of words
"$cc" -std=c11 -D_DEFAULT_SOURCE "$@" $flags "$source/tests/install/consumer.c" $libs -o "$work/consumer"
said=$("$work/consumer")
[ "$said" = sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad ] || { echo "it said '$said'"; exit 1; }
"$prefix/bin/oci-image" --version >/dev/null
for file in share/bash-completion/completions/oci-image include/oci-image/oci-image.h; do
  [ -s "$prefix/$file" ] || { echo "$file is not installed"; exit 1; }
done
if command -v scdoc >/dev/null; then
  [ -s "$prefix/share/man/man1/oci-image-unpack.1" ] || [ -s "$prefix/share/man/man1/oci-image-unpack.1.gz" ] ||
    { echo "there are no man pages"; exit 1; }
fi
