#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

# names LAYOUT: those of its images.
names() {
    "$OCI_IMAGE" list --json "$1" | jq -r 'map(.name) | join(" ")'
}

@test "a layout and an image, and nothing is said" {
    make_tars
    oci create layout:app tree.tar.gz
    exits 0
    is_silent
    holds layout blobs index.json oci-layout
    [ "$(names layout)" = app ]
    succeeds unpack --rootfs-only layout:app rootfs
    [ "$(cat rootfs/etc/file)" = text ]
}

@test "layers in order, plain, gzip and zstd" {
    make_tars
    mkdir more
    echo later >more/file
    tar -C more -cf more.tar .
    tar -C more --transform='s,file,third,' -cf third.tar .
    zstd -q third.tar
    succeeds create layout:app tree.tar.gz more.tar third.tar.zst
    succeeds inspect --json layout:app
    is_json '.layers | map(.mediaType | split("+")[1]) == ["gzip", "gzip", "gzip"]'
    succeeds unpack --rootfs-only layout:app rootfs
    holds rootfs etc file private third
}

@test "--compress" {
    make_tars
    for kind in gzip gzip:1 gzip:9 zstd zstd:3 none; do
        succeeds create --compress $kind layout:$kind tree.tar
        succeeds inspect --json "layout:$kind"
        case $kind in
            none) is_json '.layers[0].mediaType == "application/vnd.oci.image.layer.v1.tar"' ;;
            *) is_json ".layers[0].mediaType == \"application/vnd.oci.image.layer.v1.tar+${kind%:*}\"" ;;
        esac
        is_json ".layers[0].diffId == \"sha256:$(sha256sum <tree.tar | cut -d ' ' -f 1)\""
    done
    for bad in lzma gzip:0 gzip:10 gzip:x gzip: zstd:23 none:1 zstd:20 ''; do
        oci create --compress "$bad" layout:bad tree.tar
        exits 2
        one_line
        complains_of "create: --compress: *"
    done
}

@test "--encoder" {
    make_tars
    export SOURCE_DATE_EPOCH=1
    layer() { "$OCI_IMAGE" inspect -q --json "$1" | jq -r '.layers[0].digest'; }
    succeeds create --encoder zlib layout:zlib tree.tar
    OCI_IMAGE_ACCEL=none succeeds create layout:none tree.tar
    succeeds create layout:default tree.tar
    succeeds create --encoder auto layout:auto tree.tar
    [ "$(layer layout:zlib)" = "$(layer layout:none)" ]
    [ "$(layer layout:auto)" = "$(layer layout:default)" ]
    succeeds --version
    if [[ $output == *libdeflate* ]]; then
        OCI_IMAGE_ACCEL=none succeeds create --encoder libdeflate layout:libdeflate tree.tar
        [ "$(layer layout:libdeflate)" = "$(layer layout:default)" ]
        [ "$(layer layout:libdeflate)" != "$(layer layout:zlib)" ]
    else
        [ "$(layer layout:zlib)" = "$(layer layout:default)" ]
        oci create --encoder libdeflate new:bad tree.tar
        exits 2
        one_line
        complains_of "create: --encoder: libdeflate: this encoder of gzip was not built in"
    fi
    for kind in zstd:3 none; do
        oci create --compress $kind --encoder zlib new:bad tree.tar
        exits 2
        one_line
        complains_of "create: --encoder: zlib: only gzip has encoders to choose from, not ${kind%:*}"
    done
    oci create --encoder zopfli new:bad tree.tar
    exits 2
    one_line
    [ ! -e new ]
}

@test "tars in other compressions give the same image" {
    make_tars
    export SOURCE_DATE_EPOCH=1
    succeeds create plain:app tree.tar
    for kind in bzip2 xz lz4 zstd gzip; do
        $kind -c <tree.tar >packed
        succeeds create $kind:app packed
        diff -r plain $kind
        head -c -5 packed >cut
        oci create $kind:bad cut
        exits 3
        one_line
        complains_of "create: 'cut': *"
        (cat packed && echo behind) >long
        oci create $kind:bad long
        exits 3
        [ "$(names $kind)" = app ]
    done
}

@test "--jobs makes no difference" {
    export SOURCE_DATE_EPOCH=1
    mkdir tree
    head -c 9000000 /dev/urandom | od -x >tree/numbers
    tar -C tree -cf tree.tar .
    for kind in gzip:1 zstd:1 "gzip:1 --encoder zlib"; do
        for n in 1 2 7; do
            # shellcheck disable=SC2086
            succeeds create --compress $kind -j $n "layout$n:${kind##* }" tree.tar
        done
    done
    diff -r layout1 layout2
    diff -r layout1 layout7
    oci create -j 257 layout:bad tree.tar
    exits 2
    oci create -j x layout:bad tree.tar
    exits 2
}

@test "standard input" {
    make_tars
    run --separate-stderr bash -c '"$OCI_IMAGE" create layout:app - <tree.tar'
    exits 0
    run --separate-stderr bash -c 'cat tree.tar.gz | "$OCI_IMAGE" create layout:piped -'
    exits 0
    [ "$(names layout)" = "app piped" ]
    run --separate-stderr bash -c '"$OCI_IMAGE" create layout:twice - - <tree.tar'
    exits 2
    one_line
    run --separate-stderr bash -c '"$OCI_IMAGE" create layout:closed - <&-'
    exits 1
    one_line
    complains_of "create: '-': read: Bad file descriptor"
    [ "$(names layout)" = "app piped" ]
}

@test "the configuration" {
    make_tars
    succeeds create layout:app tree.tar --entrypoint /bin/a --entrypoint=-x --cmd b --env A=1 --env B=x=y --user 1:2 \
        --workdir /w --label l=1 --label l=2 --volume /v --expose 80/tcp --stop-signal SIGTERM --author me \
        --annotation x=y --platform linux/arm64/v8
    "$OCI_IMAGE" inspect -q --config layout:app >config
    jq -e '.config | .Entrypoint == ["/bin/a", "-x"] and .Cmd == ["b"] and .User == "1:2" and .WorkingDir == "/w"
        and .Labels == {"l": "2"} and .Volumes == {"/v": {}} and .ExposedPorts == {"80/tcp": {}}
        and .StopSignal == "SIGTERM" and (.Env | contains(["A=1", "B=x=y"]))' config
    jq -e '.author == "me" and .architecture == "arm64" and .os == "linux" and .variant == "v8"' config
    jq -e '(.history | length) == (.rootfs.diff_ids | length)' config
    [ "$("$OCI_IMAGE" inspect -q --raw layout:app | jq -r .annotations.x)" = y ]
    for bad in "--env A" "--env =1" "--label x" "--annotation =" "--platform linux" "--digest-algorithm md5"; do
        # shellcheck disable=SC2086
        oci create layout:bad tree.tar $bad
        exits 2
        one_line
        complains_of "create: ${bad% *}: *"
    done
    [ "$(names layout)" = app ]
}

@test "an image without layers" {
    succeeds create layout:empty
    succeeds inspect --json layout:empty
    is_json '.layers == []'
}

@test "sha512" {
    make_tars
    for compression in gzip none; do
        succeeds create --digest-algorithm sha512 --compress $compression layout:app tree.tar
        succeeds inspect --json layout:app
        is_json '.digest | startswith("sha512:")'
        succeeds validate layout:app
    done
    succeeds unpack --rootfs-only layout:app rootfs
}

@test "SOURCE_DATE_EPOCH, and the same bytes twice" {
    make_tars
    export SOURCE_DATE_EPOCH=86400
    succeeds create one:app tree.tar tree.tar.gz --cmd x --env A=1
    succeeds create two:app tree.tar tree.tar.gz --cmd x --env A=1
    diff -r one two
    succeeds inspect --json one:app
    is_json '.created == "1970-01-02T00:00:00Z"'
    for bad in soon 1x 99999999999999999999; do
        SOURCE_DATE_EPOCH=$bad oci create layout:app tree.tar
        exits 2
        one_line
        complains_of "create: SOURCE_DATE_EPOCH: '$bad' is no number of seconds"
    done
}

@test "an existing name moves to the new image, others stay" {
    make_layout app other
    old=$("$OCI_IMAGE" inspect --json layout:app | jq -r .digest)
    succeeds create layout:app tree.tar --cmd new
    [ "$(names layout | tr ' ' '\n' | sort | tr '\n' ' ')" = "app other " ]
    succeeds inspect --json layout:app
    is_json '.cmd == ["new"]'
    [ "$(jq -r .digest <<<"$output")" != "$old" ]
    [ -e "layout/blobs/sha256/${old#*:}" ]
}

@test "names with colons and slashes" {
    make_tars
    succeeds create layout:docker.io/library/app:1.0-rc tree.tar
    [ "$(names layout)" = docker.io/library/app:1.0-rc ]
    succeeds create oci:layout:a:b:c tree.tar
    succeeds inspect layout:a:b:c
}

@test "bad tars add nothing" {
    make_layout app
    cp layout/index.json before
    echo 'this is no tar' >garbage
    head -c 100 tree.tar.gz >cut.gz
    head -c 1538 tree.tar >cut.tar
    for bad in garbage cut.gz cut.tar; do
        oci create layout:bad tree.tar $bad
        exits 3
        one_line
        complains_of "create: '$bad': *"
        cmp before layout/index.json
    done
    oci create layout:bad tree.tar missing
    exits 4
    one_line
    complains_of "create: 'missing': open: No such file or directory"
    cmp before layout/index.json
}

@test "destinations that cannot be" {
    make_tars
    oci create "layout@sha256:$(printf '%064d' 0)" tree.tar
    exits 2
    complains_of "create: *a new image cannot be called by a digest"
    oci create no/such:app tree.tar
    exits 4
    one_line
    oci create tree:app tree.tar
    exits 3
    complains_of "create: layout 'tree': this is no image layout*"
    cp tree.tar before
    oci create tree.tar:app tree.tar
    exits 1
    one_line
    hints "oci-archive:tree.tar replaces it"
    cmp before tree.tar
    rm before
    oci create layout: tree.tar
    exits 2
    oci create '' tree.tar
    exits 2
    oci create
    exits 2
    hints "usage: oci-image create *"
    oci create --entrypiont x layout:app
    exits 2
    hints "did you mean '--entrypoint'?"
    holds . tree tree.tar tree.tar.gz
}

@test "the umask decides who may read a new layout" {
    make_tars
    run --separate-stderr bash -c 'umask 077; "$OCI_IMAGE" create layout:app tree.tar'
    exits 0
    [ -z "$(find layout -perm /077)" ]
    run --separate-stderr bash -c 'umask 022; "$OCI_IMAGE" create open:app tree.tar'
    [ -z "$(find open ! -perm -444)" ]
}

@test "a new layout has its name when the image is whole" {
    make_tars
    head -c 1500 tree.tar >cut.tar
    oci create new:app tree.tar cut.tar
    exits 3
    oci create new:app missing.tar
    exits 4
    oci create new:-app tree.tar
    exits 2
    one_line
    complains_of "create: '-app' cannot be the name of an image"*
    holds . tree tree.tar tree.tar.gz cut.tar
    # Of a malformed name nothing is stored in a layout that is there either.
    "$OCI_IMAGE" create layout:app tree.tar
    find layout | sort >before
    oci create layout:a//b tree.tar --env A=new
    exits 2
    find layout | sort | cmp - before
}

@test "several at once make one layout" {
    make_tars
    for i in 1 2 3 4 5 6; do
        "$OCI_IMAGE" create "layout:v$i" tree.tar --env "N=$i" & pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    [ "$(names layout | tr ' ' '\n' | sort | tr '\n' ' ')" = "v1 v2 v3 v4 v5 v6 " ]
    for i in 1 2 3 4 5 6; do
        succeeds unpack --rootfs-only "layout:v$i" "root$i"
    done
    [ -z "$(find . -maxdepth 1 -name '.*.oci-image-*')" ]
}

@test "few descriptors, closed streams" {
    make_tars
    run --separate-stderr bash -c 'ulimit -n 16; "$OCI_IMAGE" create layout:app tree.tar tree.tar.gz'
    exits 0
    run --separate-stderr bash -c '"$OCI_IMAGE" create layout:two tree.tar <&- >&- 2>&-'
    exits 0
    [ "$(names layout)" = "app two" ]
}

@test "a file may not grow: an error, not a signal" {
    make_layout app
    cp layout/index.json before
    head -c 3000000 /dev/urandom >tree/noise
    tar -C tree -cf noise.tar .
    run --separate-stderr bash -c 'ulimit -f 1000; "$OCI_IMAGE" create layout:noise noise.tar'
    exits 1
    one_line
    complains_of "create: 'noise.tar': *File too large"
    cmp before layout/index.json
    blobs=$(find layout/blobs -type f | wc -l)
    [ "$blobs" -eq 3 ]
}

@test "a full disk" {
    [ "$(id -u)" -eq 0 ] || skip "only root may mount"
    make_tars
    head -c 3000000 /dev/urandom >tree/noise
    tar -C tree -cf noise.tar .
    mkdir small
    run --separate-stderr unshare -m bash -c 'mount -t tmpfs -o size=1m tmpfs small || exit 99
        "$OCI_IMAGE" create small/layout:app noise.tar; r=$?; find small -type f -path "*blobs*"; exit $r'
    [ "$status" -ne 99 ] || skip "cannot mount"
    exits 1
    says ""
    one_line
    complains_of "create: 'noise.tar': *No space left on device"
}

@test "a layout that may not be written to" {
    make_layout app
    oci_as_nobody create layout:new tree.tar
    [ "$(id -u)" -eq 0 ] || skip "the layout is ours"
    exits 1
    one_line
    complains_of "create: *Permission denied"
    [ "$(names layout)" = app ]
}

@test "a name that cannot be" {
    make_layout app
    cp layout/index.json before
    for name in 'no name' 'a//b' '-' 'ü'; do
        oci create "layout:$name" tree.tar
        exits 2
        one_line
        cmp before layout/index.json
    done
}

@test "a tar that may not be read" {
    [ "$(id -u)" -eq 0 ] || skip "only root can make what others may not read"
    make_layout app
    cp layout/index.json before
    chown -R 65534:65534 layout
    chmod 000 tree.tar
    oci_as_nobody create layout:bad tree.tar
    exits 1
    one_line
    complains_of "create: 'tree.tar': open: Permission denied"
    cmp before layout/index.json
}

@test "no threads to be had make the same bytes" {
    [ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
    export SOURCE_DATE_EPOCH=1
    mkdir tree
    head -c 3000000 /dev/zero | od >tree/numbers
    head -c 3000000 /dev/urandom >tree/noise
    tar -C tree -cf tree.tar .
    succeeds create one:app tree.tar -j 4
    chmod 755 .
    mkdir -m 777 there
    # Somebody who has no other processes; the leak sanitizer would need one.
    run --separate-stderr setpriv --reuid=54321 --regid=54321 --clear-groups bash -c \
        'ulimit -u 1; ASAN_OPTIONS=detect_leaks=0 exec "$OCI_IMAGE" create there/two:app tree.tar -j 4'
    [ "$status" -ne 126 ] && [ "$status" -ne 127 ] || skip "nobody cannot reach the program"
    exits 0
    cmp one/index.json there/two/index.json
}

@test "an interrupted create adds nothing and dies of the signal" {
    make_layout app
    cp layout/index.json before
    mkfifo pipe
    for signal in INT TERM HUP; do
        run --separate-stderr timeout 20 bash -c '
            set -m
            "$OCI_IMAGE" create layout:new pipe & pid=$!
            exec 3>pipe
            head -c 4096 tree.tar >&3
            sleep 0.2
            kill -'$signal' $pid
            wait $pid
            echo $?'
        says $((128 + $(kill -l $signal)))
        cmp before layout/index.json
    done
}
