#!/bin/bash
# Images of everything that create writes, made from the same inputs; prints a line for each: the digests of its manifest, its
# configuration and its uncompressed layers. usage: golden.bash EMPTY-DIRECTORY
set -eu
cd "$1"
export SOURCE_DATE_EPOCH=1700000000
long=$(printf 'n%.0s' {1..120})

# Names, kinds, modes and times that need more than a plain header, and such that do not.
mkdir -p "tree/sub/$long/$long" tree/.hidden tree/bin
printf 'hello\n' >tree/bin/hello
chmod 4755 tree/bin/hello
ln tree/bin/hello tree/sub/hard
ln -s ../bin/hello tree/sub/soft
ln -s "$long/$long/$long" tree/long-link
mkfifo -m 640 tree/fifo
: >tree/$'not\xffutf8'
: >"tree/sub/$long/$long/file"
: >"tree/ü"
printf '%0100000d' 7 >tree/numbers
chmod 1777 tree/.hidden
chmod 644 tree/numbers tree/ü tree/not* "tree/sub/$long/$long/file"
chmod 755 tree tree/bin tree/sub "tree/sub/$long" "tree/sub/$long/$long"
find tree -depth -exec touch -h -d @1600000000 {} +
touch -d @1600000000.125 tree/numbers
touch -d @-5 tree/bin
touch -h -d @1900000000 tree/sub/soft

make() {
    local name=$1
    shift
    "$OCI_IMAGE" create "layout:$name" --compress none --platform linux/amd64 "$@"
}

make empty
make tree tree --owner 0:0
layer=$("$OCI_IMAGE" inspect --json layout:tree | jq -r '.layers[0].digest | split(":")[1]')
cp "layout/blobs/sha256/$layer" tree.tar
make kept tree.tar
make anew tree.tar --owner 3000000:4 --clamp-mtime --sort
make two tree tree.tar --reproducible
make config tree.tar --entrypoint /bin/hello --cmd a --cmd b --env A=1 --env B= --user 1:2 --workdir / --label l=1 --label m= \
    --volume /v --expose 80/tcp --stop-signal SIGTERM --author ü --annotation x=y --variant v2 --history-comment c
make from --platform linux/amd64/v2 --from layout:config tree.tar --unset-label l --env A=2 --created 2001-02-03T04:05:06Z
make sha512 tree.tar --digest-algorithm sha512

for name in empty tree kept anew two config from sha512; do
    printf '%s ' "$name"
    "$OCI_IMAGE" inspect -q --json "layout:$name" | jq -rj '.digest, " "'
    "$OCI_IMAGE" inspect -q --raw "layout:$name" | jq -rj '.config.digest, " "'
    "$OCI_IMAGE" inspect -q --config "layout:$name" | jq -r '.rootfs.diff_ids | join(" ")'
done
