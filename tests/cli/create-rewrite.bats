#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
# create: tars that are written anew.
load lib
load images

# The entries of the only layer: one "MODE OWNER SIZE TIME NAME" a line.
entries() {
    local digest
    digest=$("$OCI_IMAGE" inspect --json "$1" | jq -r '.layers[0].digest | split(":")[1]')
    TZ=UTC tar -tvzf "${1%%:*}/blobs/sha256/$digest" --numeric-owner --full-time
}

@test "--owner" {
    make_tars
    succeeds create layout:app tree.tar --owner 5:6
    [ -z "$(entries layout:app | grep -v ' 5/6 ')" ]
    [ "$(entries layout:app | wc -l)" -eq "$(tar -tf tree.tar | wc -l)" ]
    for bad in 5 5: :6 5:6:7 root:root 4294967295:0 0:4294967295 -1:0 ''; do
        oci create layout:bad tree.tar --owner "$bad"
        exits 2
        one_line
        complains_of "create: --owner: '$bad' is not UID:GID"
    done
}

@test "--clamp-mtime" {
    make_tars
    tar -C tree --mtime=@5000 -cf late.tar .
    SOURCE_DATE_EPOCH=3600 succeeds create layout:app late.tar --clamp-mtime
    [ -z "$(entries layout:app | grep -v '1970-01-01 01:00:00')" ]
    for option in --clamp-mtime --reproducible; do
        oci create layout:bad late.tar $option
        exits 2
        complains_of "create: $option: SOURCE_DATE_EPOCH is not set*"
        hints "*"
    done
}

@test "--sort and --reproducible: one image from two orders" {
    make_tars
    export SOURCE_DATE_EPOCH=3600
    tar -C tree -cf one.tar ./private ./etc/link ./etc/file ./etc/hard
    tar -C tree --format=pax --mtime=@9999 --owner=7 --group=8 -cf two.tar etc/hard etc/link etc/file private
    succeeds create one:app one.tar --reproducible
    succeeds create two:app two.tar --reproducible
    diff -r one two
    succeeds create one:sorted one.tar --sort
    [ "$(entries one:sorted | awk '{ print $6 }' | tr '\n' ' ')" = "etc/file etc/hard etc/link private/ " ]
}

@test "a tar keeps its bytes unless something is asked for" {
    make_tars
    tar -C tree --format=gnu -b 40 -cf odd.tar .
    succeeds create layout:app odd.tar
    succeeds inspect --json layout:app
    is_json ".layers[0].diffId == \"sha256:$(sha256sum <odd.tar | cut -d ' ' -f 1)\""
    succeeds create layout:fixed odd.tar --fix
    succeeds unpack --rootfs-only layout:app a
    succeeds unpack --rootfs-only layout:fixed b
    diff -r a b
}

@test "--fix" {
    make_tars
    echo old >tree/etc/file
    tar -cf bad.tar -P "$PWD/tree/etc/file" --transform="s,$PWD/tree,," tree/../tree/private
    tar -rf bad.tar -C tree etc/file
    touch tree/.wh.gone
    tar -rf bad.tar -C tree .wh.gone
    echo new >tree/etc/file
    tar -rf bad.tar -C tree etc/file
    oci create layout:app bad.tar
    exits 3
    one_line
    complains_of "create: 'bad.tar': entry '/*' has an absolute name*"
    hints "--fix *"
    oci create layout:app bad.tar --fix
    exits 0
    complains_of "create: warning: '.wh.gone': *"
    [[ $stderr == *"entries that others replace are left out"* ]]
    [[ $stderr == *"absolute names are made relative"* ]]
    [[ $stderr == *"names with '..' are resolved"* ]]
    succeeds unpack --rootfs-only layout:app rootfs
    [ "$(cat rootfs/etc/file)" = new ]
    holds rootfs etc tree
}

@test "nothing is left where a tar could not be written anew" {
    make_layout app
    cp layout/index.json before
    head -c 1538 tree.tar >cut.tar
    for option in --fix --sort --owner=1:1; do
        oci create layout:bad cut.tar $option
        exits 3
        one_line
        cmp before layout/index.json
        [ -z "$(find layout -name '*.oci-image-*')" ]
        [ "$(find layout/blobs -type f | wc -l)" -eq 3 ]
    done
}

@test "from standard input" {
    make_tars
    run --separate-stderr bash -c '"$OCI_IMAGE" create layout:app - --sort --owner 1:2 <tree.tar.gz'
    exits 0
    [ -z "$(entries layout:app | grep -v ' 1/2 ')" ]
}
