#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From nothing to a running container: installs what is missing, builds, makes an image from a rootfs tarball, unpacks it
# into a bundle and lets runc or crun run it. Safe to run again.
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/packages.sh run

echo "== build"
cmake --preset release -B build/quickstart -DOCI_TESTS=OFF >/dev/null
cmake --build build/quickstart -- --quiet
oci_image=$PWD/build/quickstart/cmd/oci-image/oci-image
"$oci_image" --version

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo "== a root file system as a tarball"
mkdir -p rootfs/bin rootfs/etc rootfs/tmp
cp "$(command -v busybox)" rootfs/bin/busybox
ln -s busybox rootfs/bin/sh
printf 'root:x:0:0::/:/bin/sh\n' > rootfs/etc/passwd
printf 'root:x:0:\n' > rootfs/etc/group
tar -C rootfs --numeric-owner --owner=0 --group=0 -czf rootfs.tar.gz .

echo "== an image layout made of it"
"$oci_image" create layout:hello rootfs.tar.gz --entrypoint /bin/sh --entrypoint -c \
  --cmd 'echo "Hello from $IMAGE, running as $(busybox id -u) in $(busybox pwd)."' --env IMAGE=layout:hello --workdir /tmp
"$oci_image" list layout

echo "== unpacked into a runtime bundle"
rootless=
[ "$(id -u)" = 0 ] || rootless=--rootless
"$oci_image" unpack --no-terminal $rootless layout:hello bundle
ls bundle

echo "== and run"
for runtime in "runc" "crun" "crun --cgroup-manager=disabled"; do
  command -v "${runtime%% *}" >/dev/null || continue
  if $runtime --root "$work/state" run --bundle bundle "quickstart-$$" < /dev/null; then
    echo "(that was ${runtime%% *})"
    exit 0
  fi
done
echo "no runtime could start a container on this machine" >&2
exit 1
