#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
# create: layers from directories.
load lib
load images

# A directory with something of every kind that needs no privilege.
make_dir() {
    mkdir -p "$1/etc" "$1/bin"
    echo text >"$1/etc/file"
    ln "$1/etc/file" "$1/bin/hard"
    ln -s ../etc/file "$1/bin/link"
    mkfifo "$1/pipe"
    truncate -s 100000 "$1/sparse"
    echo end >>"$1/sparse"
    chmod 4711 "$1/etc/file"
    chmod 644 "$1/sparse" "$1/pipe"
    chmod 755 "$1" "$1/etc" "$1/bin"
    find "$1" -depth -exec touch -h -d @1000.5 {} +
}

@test "a directory, and unpacked it is the same" {
    make_dir tree
    succeeds create layout:app tree
    is_silent
    succeeds unpack --rootfs-only layout:app rootfs
    diff -r --no-dereference -x pipe tree rootfs
    for root in tree rootfs; do
        (cd $root && find . -printf '%p %y %m %T@ %n %s %l\n' | sort >../$root.list)
    done
    # Sizes of directories are those of the file system.
    diff <(sed 's/ d \([^ ]* [^ ]* [^ ]*\) [0-9]*/ d \1/' tree.list) <(sed 's/ d \([^ ]* [^ ]* [^ ]*\) [0-9]*/ d \1/' rootfs.list)
    [ rootfs/etc/file -ef rootfs/bin/hard ]
}

@test "the order in the directory, the umask, the locale and the zone make no difference" {
    export SOURCE_DATE_EPOCH=1
    make_dir one
    mkdir two
    chmod 755 two
    (
        umask 077
        cp -a one/sparse one/pipe one/etc one/bin two
    )
    ln -f two/etc/file two/bin/hard
    succeeds create one.img:app one --reproducible
    run bash -c 'umask 077; LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo "$OCI_IMAGE" create two.img:app two --reproducible'
    [ "$status" -eq 0 ]
    cmp one.img/index.json two.img/index.json
}

@test "no file is younger than SOURCE_DATE_EPOCH" {
    make_dir tree
    touch tree/new
    SOURCE_DATE_EPOCH=86400 succeeds create layout:app tree
    succeeds unpack --rootfs-only layout:app rootfs
    [ "$(stat -c %Y rootfs/new)" = 86400 ]
    [ "$(stat -c %Y rootfs/etc)" = 1000 ]
}

@test "owners, extended attributes and capabilities" {
    [ "$(id -u)" -eq 0 ] || skip "only root may give files away"
    make_dir tree
    chown 1234:5678 tree/etc/file
    chown -h 7:8 tree/bin/link
    setcap cap_net_raw+ep tree/sparse 2>/dev/null || skip "no capabilities here"
    setfattr -n trusted.overlay.opaque -v y tree/etc 2>/dev/null || skip "no attributes here"
    setfattr -n user.test -v value tree/bin 2>/dev/null || true
    succeeds create layout:app tree
    succeeds unpack --rootfs-only layout:app rootfs
    [ "$(stat -c %u:%g rootfs/etc/file)" = 1234:5678 ]
    [ "$(stat -c %u:%g rootfs/bin/link)" = 7:8 ]
    [[ $(getcap rootfs/sparse) == *cap_net_raw* ]]
    [ -z "$(getfattr -d -m trusted.overlay rootfs/etc 2>/dev/null)" ]
    [ "$(getfattr -d -m user.test tree/bin 2>/dev/null | tail -n +2)" = "$(getfattr -d -m user.test rootfs/bin 2>/dev/null | tail -n +2)" ]
    succeeds create layout:mine tree --owner 42:43
    succeeds unpack --rootfs-only layout:mine mine
    [ -z "$(find mine ! -uid 42 -o ! -gid 43)" ]
}

@test "directories and tars, in order" {
    make_tars
    mkdir more
    echo newer >more/new
    succeeds create layout:app tree.tar more
    succeeds inspect --json layout:app
    is_json '.layers | length == 2'
    succeeds unpack --rootfs-only layout:app rootfs
    holds rootfs etc new private
}

@test "sockets are left out with a warning" {
    command -v python3 >/dev/null || skip "no python3"
    mkdir tree
    touch tree/file
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
    oci create layout:app tree
    exits 0
    [ "$stderr" = "oci-image: create: warning: 'socket': sockets are left out" ]
    succeeds unpack --rootfs-only layout:app rootfs
    holds rootfs file
}

@test "names that would be whiteouts" {
    mkdir -p tree/d
    touch tree/d/.wh.x tree/d/y
    oci create layout:app tree
    exits 3
    one_line
    complains_of "create: 'tree': 'd/.wh.x': the name is reserved for whiteouts*"
    hints "--fix *"
    oci create --fix layout:app tree
    exits 0
    complains_of "create: warning: 'd/.wh.x': *left out"
    succeeds unpack --rootfs-only layout:app rootfs
    holds rootfs/d y
}

@test "what cannot be read" {
    make_layout app
    cp layout/index.json before
    mkdir -p secret/dir
    touch secret/file
    chmod 755 secret
    for what in file dir; do
        chmod 755 secret/dir
        chmod 644 secret/file
        chmod 000 secret/$what
        if [ "$(id -u)" -ne 0 ]; then
            oci create layout:bad secret
        else
            cp -a layout other
            chown -R 65534:65534 other
            oci_as_nobody create other:bad secret
            cmp before other/index.json
            rm -rf other
        fi
        exits 1
        one_line
        complains_of "create: 'secret': *'$what'*: Permission denied"
    done
    cmp before layout/index.json
    oci create layout:bad missing-dir/
    exits 4
    one_line
}

@test "paths that are too long" {
    mkdir tree
    (
        cd tree || exit
        long=$(printf 'x%.0s' {1..250})
        for _ in {1..17}; do
            mkdir "$long"
            cd -P "$long" 2>/dev/null || exit
        done
    )
    oci create layout:app tree
    exits 3
    one_line
    complains_of "create: 'tree': *more than 4095 bytes"
}

@test "links that lead in circles, and out" {
    mkdir -p tree/a
    ln -s . tree/a/loop
    ln -s ../../.. tree/a/up
    ln -s /etc tree/etc
    succeeds create layout:app tree
    succeeds unpack --rootfs-only layout:app rootfs
    [ "$(readlink rootfs/a/loop)" = . ]
    [ "$(readlink rootfs/etc)" = /etc ]
    holds rootfs a etc
}

@test "a directory that is a link" {
    make_dir tree
    ln -s tree link
    SOURCE_DATE_EPOCH=1 succeeds create one:app tree
    SOURCE_DATE_EPOCH=1 succeeds create two:app link
    cmp one/index.json two/index.json
}

@test "an interrupted create of a directory adds nothing" {
    make_layout app
    cp layout/index.json before
    mkdir big
    truncate -s 20G big/file
    for signal in INT TERM KILL; do
        run --separate-stderr timeout 30 bash -c '
            set -m
            "$OCI_IMAGE" create layout:new big & pid=$!
            sleep 0.3
            kill -'$signal' $pid
            wait $pid
            echo $?'
        says $((128 + $(kill -l $signal)))
        cmp before layout/index.json
        [ -z "$(find layout -name '*.oci-image-*')" ]
        [ "$(find layout/blobs -type f | wc -l)" -eq 3 ]
    done
}
