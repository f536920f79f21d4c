#!/usr/bin/env bats
# shellcheck disable=SC2154 # variables of bats
# copy and create: archives as destinations.
load lib
load images

# unpacked ARCHIVE DIR: what it holds, as a directory.
unpacked() {
    mkdir "$2"
    tar -xf "$1" -C "$2"
}

# raw IMAGE: the digest of its manifest.
raw() {
    "$OCI_IMAGE" inspect -q --raw "$1" | sha256sum
}

@test "an oci-archive: the same bytes in another shape" {
    make_layout app other
    for dest in file.tar oci-archive:file; do
        succeeds copy layout:app "$dest"
        is_silent
        rm -rf out
        unpacked "${dest#*:}" out
        [ "$(raw out:app)" = "$(raw layout:app)" ]
        succeeds validate out
        holds out blobs index.json oci-layout
    done
    cmp file.tar file
    "$OCI_IMAGE" copy layout:app - >piped
    cmp piped file
    [ "$(tar -tf file | head -n 1)" = oci-layout ]
    [ "$(tar -tf file | tail -n 1)" = index.json ]
    [ "$(tar --numeric-owner --utc -tvf file | awk '{ print $1, $2, $4, $5 }' | sort -u)" = "-rw-r--r-- 0/0 1970-01-01 00:00
drwxr-xr-x 0/0 1970-01-01 00:00" ]
    SOURCE_DATE_EPOCH=86400 succeeds copy layout:app later.tar
    [ "$(tar --utc -tvf later.tar | awk '{ print $4 }' | sort -u)" = 1970-01-02 ]
    # Several images, and other names.
    succeeds copy layout all.tar
    unpacked all.tar all
    jq -e '[.manifests[].annotations["org.opencontainers.image.ref.name"]] == ["app", "other"]' all/index.json
    [ "$(tar -tf all.tar | sort | uniq -d)" = "" ]
    succeeds copy layout:app named.tar:docker.io/library/app:1
    unpacked named.tar named
    [ "$(raw named:docker.io/library/app:1)" = "$(raw layout:app)" ]
}

@test "the same images give the same archive, wherever they were" {
    mkdir tree
    echo text >tree/file
    chmod 755 tree
    chmod 644 tree/file
    export SOURCE_DATE_EPOCH=1700000000
    succeeds create layout:app tree --owner 0:0 --compress none --platform linux/amd64
    succeeds create layout:big tree --owner 0:0 --compress none --platform linux/arm64 --digest-algorithm sha512
    unset SOURCE_DATE_EPOCH
    succeeds copy layout second
    succeeds copy layout one.tar
    (umask 077 && TZ=Asia/Tokyo oci copy second two.tar && exits 0)
    cmp one.tar two.tar
    # The value changes with the form of the archive alone; then it is to be thought about, and set anew.
    [ "$(sha256sum <one.tar)" = "7664bbd8c254013d827f2f1d27f18c8128ac8cbf0eb5ae596d6f458d1e5d9d97  -" ]
}

@test "create into an archive" {
    make_tars
    head -c 1000000 /dev/urandom >tree/large
    for how in none gzip; do
        SOURCE_DATE_EPOCH=1 succeeds create layout:app tree.tar tree --compress $how
        SOURCE_DATE_EPOCH=1 succeeds create oci-archive:app.tar:app tree.tar tree --compress $how
        rm -rf out
        unpacked app.tar out
        [ "$(raw out:app)" = "$(raw layout:app)" ]
        succeeds validate out
    done
    SOURCE_DATE_EPOCH=1 "$OCI_IMAGE" create oci-archive:-:app tree.tar tree --compress gzip | cmp - app.tar
    # Tars that are written anew need room for a while as well.
    succeeds create sorted.tar:app tree.tar --sort
    succeeds create from.tar:app --from layout:app --env A=1
    unpacked from.tar from
    succeeds validate from
    oci create docker-archive:docker.tar tree.tar
    exits 2
    hints "*--docker-load*"
    [ ! -e docker.tar ]
}

@test "a file is whole or not there, and gives way to a whole one" {
    make_layout app
    layer=$("$OCI_IMAGE" inspect --json layout:app | jq -r '.layers[0].digest')
    cp -r layout bad
    chmod u+w "bad/blobs/${layer/://}"
    printf x | dd of="bad/blobs/${layer/://}" bs=1 seek=30 conv=notrunc status=none
    for kind in oci-archive docker-archive; do
        oci copy bad:app "$kind:new"
        exits 3
        one_line
        [ ! -e new ]
        echo before >old
        oci copy bad:app "$kind:old"
        exits 3
        [ "$(cat old)" = before ]
        succeeds copy layout:app "$kind:old"
        tar -tf old >names
        [ -s names ]
        oci copy layout:app "$kind:layout"
        exits 1
        oci copy layout:app "$kind:nowhere/file"
        exits 4
    done
    [ "$(find . -name '*oci-image-*')" = "" ]
    ln -s old link
    oci copy layout:app oci-archive:link
    exits 1
    [ -L link ]
    # What is no file is written to.
    mkfifo pipe
    tar -tf pipe >names &
    succeeds copy layout:app oci-archive:pipe
    wait
    [ "$(head -n 1 names)" = oci-layout ]
    oci copy layout:app - >/dev/full
    run sh -c "$OCI_IMAGE copy layout:app - >/dev/full"
    exits 1
}

@test "a docker-archive" {
    make_layout app other
    succeeds copy layout:app docker-archive:docker.tar
    is_silent
    unpacked docker.tar out
    layer=$(jq -r '.[0].Layers[0]' out/manifest.json)
    [ "$layer" = "$(sha256sum <tree.tar | cut -c1-64).tar" ]
    cmp tree.tar "out/$layer"
    config=$(jq -r '.[0].Config' out/manifest.json)
    "$OCI_IMAGE" inspect --config layout:app | cmp - "out/$config"
    [ "$config" = "$(sha256sum <"out/$config" | cut -c1-64).json" ]
    jq -e '.[0].RepoTags == ["docker.io/library/app:latest"]' out/manifest.json
    "$OCI_IMAGE" copy layout:app docker-archive:- | cmp - docker.tar
    # What two images share is there once; names of one image come together.
    succeeds tag layout:app quay.io/org/app:v1
    succeeds copy layout docker-archive:all.tar
    [ "$(tar -tf all.tar | grep -c '\.tar$')" = 1 ]
    tar -xOf all.tar manifest.json | jq -e 'map(.RepoTags) ==
        [["docker.io/library/app:latest", "quay.io/org/app:v1"], ["docker.io/library/other:latest"]]'
    for kind in zstd none; do
        succeeds copy layout:app as --compress $kind
        succeeds copy as:app docker-archive:same.tar
        cmp docker.tar same.tar
    done
}

@test "names and platforms of a docker-archive" {
    make_tars
    succeeds create layout:Capital tree.tar
    oci copy layout:Capital docker-archive:docker.tar
    exits 2
    complains_of "copy: 'layout': 'Capital' cannot be the name *"
    [ ! -e docker.tar ]
    while read -r name full; do
        succeeds copy layout:Capital "docker-archive:docker.tar:$name"
        tar -xOf docker.tar manifest.json | jq -e --arg full "$full" '.[0].RepoTags == [$full]'
    done <<'.'
a docker.io/library/a:latest
a/b:c docker.io/a/b:c
docker.io/a:1 docker.io/library/a:1
index.docker.io/a docker.io/library/a:latest
localhost/a localhost/a:latest
Host/a Host/a:latest
h.example:5000/a/b_c-d.e:V_1.x h.example:5000/a/b_c-d.e:V_1.x
.
    # An id is no name, nor is a digest.
    oci copy layout:Capital "docker-archive:docker.tar:$(printf 'a%.0s' {1..64})"
    exits 2
    "$OCI_IMAGE" create arm:app tree.tar --platform linux/arm64
    oci copy arm:app docker-archive:arm.tar --platform linux/riscv64
    exits 4
    [ ! -e arm.tar ]
    succeeds copy arm:app docker-archive:arm.tar --platform linux/arm64
    for option in --all --referrers --compress=zstd --format=oci --allow-missing --docker-load; do
        oci copy arm:app docker-archive:none.tar "$option"
        exits 2
    done
    [ ! -e none.tar ]
}

@test "an oci-archive that docker load takes" {
    make_layout app other
    succeeds copy layout both.tar --docker-load
    unpacked both.tar out
    oci validate out
    exits 0
    jq -e 'length == 2 and .[1].RepoTags == ["docker.io/library/other:latest"]' out/manifest.json
    for path in $(jq -r '.[] | .Config, .Layers[]' out/manifest.json); do
        [ "$(sha256sum <"out/$path" | cut -c1-64)" = "$(basename "$path")" ]
    done
    jq -e '.manifests[0].annotations == {"org.opencontainers.image.ref.name": "app",
        "io.containerd.image.name": "docker.io/library/app:latest"}' out/index.json
    SOURCE_DATE_EPOCH=1 succeeds create made.tar:x tree.tar --docker-load
    tar -xOf made.tar manifest.json | jq -e '.[0].RepoTags == ["docker.io/library/x:latest"]'
    # Of several platforms the one for this machine is loaded, or else the first.
    for arch in riscv64 amd64 arm64; do
        succeeds create "$arch:x" tree.tar --platform "linux/$arch"
    done
    succeeds index create multi:x riscv64:x amd64:x arm64:x
    succeeds index create foreign:x riscv64:x
    succeeds copy multi:x multi.tar --docker-load
    oci inspect -q --raw multi:x
    [ "$(tar -xOf multi.tar manifest.json | jq -r '.[0].Config')" = "blobs/$(jq -r '.config.digest | sub(":"; "/")' <<<"$output")" ]
    succeeds copy foreign:x foreign.tar --docker-load
    tar -xOf foreign.tar manifest.json | jq -e 'length == 1 and .[0].RepoTags == ["docker.io/library/x:latest"]'
    oci copy layout:app bad.tar:Capital --docker-load
    exits 2
    [ ! -e bad.tar ]
    oci copy layout:app other --docker-load
    exits 2
}

@test "every shape is an input, and the way back keeps what it can" {
    make_layout app other
    succeeds copy layout all.tar
    succeeds copy all.tar back
    [ "$(raw back:app)" = "$(raw layout:app)" ]
    [ "$(raw back:other)" = "$(raw layout:other)" ]
    succeeds validate back
    # From a pipe into a pipe.
    "$OCI_IMAGE" copy - - <all.tar | cat >again.tar
    cmp all.tar again.tar
    cat all.tar | "$OCI_IMAGE" copy -:app one.tar
    [ "$(raw one.tar:app)" = "$(raw layout:app)" ]
    # Docker's has other manifests, but the same configuration and, uncompressed, the same layers.
    succeeds copy layout:app docker-archive:docker.tar:app:1
    succeeds copy docker-archive:docker.tar fromdocker
    [ "$(config_of fromdocker)" = "$(config_of layout:app)" ]
    succeeds validate fromdocker
    succeeds unpack --rootfs-only fromdocker a
    succeeds unpack --rootfs-only layout:app b
    diff -r a b
    # The names of Docker mean what they mean there.
    succeeds copy docker.tar:docker.io/library/app:1 named:new
    [ "$(config_of named:new)" = "$(config_of layout:app)" ]
    succeeds index create both:x docker.tar layout:other
    succeeds create from.tar:x --from docker.tar
    succeeds validate from.tar
}

# config_of IMAGE: the digest of its configuration.
config_of() {
    "$OCI_IMAGE" inspect -q --config "$1" | sha256sum
}

# tags ARCHIVE: the names in its manifest.json, a line each.
tags() {
    tar -xOf "$1" manifest.json | jq -r '.[].RepoTags[]?'
}

@test "a name leads to one image, also when several entries have it" {
    make_layout app
    "$OCI_IMAGE" create other:app tree.tar --platform linux/s390x
    "$OCI_IMAGE" copy other:app layout:second
    jq '.manifests[-1].annotations["org.opencontainers.image.ref.name"] = "app"' layout/index.json >new
    cp new layout/index.json
    succeeds copy layout flat.tar --docker-load
    [ "$(tags flat.tar)" = docker.io/library/app:latest ]
    # It is that for this machine, wherever it stands.
    jq '.manifests |= reverse' layout/index.json >new
    cp new layout/index.json
    succeeds copy layout flat2.tar --docker-load
    [ "$(tags flat2.tar)" = docker.io/library/app:latest ]
    config=$(tar -xOf flat2.tar manifest.json | jq -r '.[] | select(.RepoTags != []).Config')
    [ "$(tar -xOf flat2.tar "$config" | jq -r .architecture)" != s390x ]
    # Two names that are one for Docker.
    rm -r layout
    "$OCI_IMAGE" create layout:app tree.tar --env NAME=1
    "$OCI_IMAGE" create layout:app:latest tree.tar --env NAME=2
    succeeds copy layout alike.tar --docker-load
    [ "$(tags alike.tar | sort | uniq -d)" = "" ]
    succeeds copy layout docker-archive:alike
    [ "$(tags alike | sort | uniq -d)" = "" ]
}

@test "an image without a name is not left out in silence" {
    make_layout app other
    "$OCI_IMAGE" create layout tree.tar --env NAME=none
    oci copy layout docker-archive:file
    if [ "$status" -eq 0 ] && [ -z "$stderr" ]; then
        [ "$(tar -xOf file manifest.json | jq length)" -eq 3 ]
    fi
}

@test "what cannot be written is named" {
    make_layout app
    for dest in oci-archive:/dev/full docker-archive:/dev/full; do
        oci copy layout:app $dest
        exits 1
        complains_of "copy: *'/dev/full': write*: No space left on device"
        one_line
    done
    run --separate-stderr bash -c 'ulimit -f 1; "$OCI_IMAGE" copy layout:app oci-archive:full.tar'
    exits 1
    complains_of "copy: *'full.tar': write*: File too large"
    run --separate-stderr bash -c '"$OCI_IMAGE" copy layout:app - >/dev/full'
    exits 1
    complains_of "copy: *'-': write*: No space left on device"
    oci create oci-archive:/dev/full:x tree.tar
    exits 1
    complains_of "create: *'/dev/full': write*"
    holds . layout tree tree.tar tree.tar.gz
}

@test "a layout is no stream, and no archive is another one" {
    make_layout app
    oci copy layout:app oci:-
    exits 2
    oci create oci:-:x tree.tar
    exits 2
    holds . layout tree tree.tar tree.tar.gz
    succeeds copy layout:app o.tar
    succeeds copy layout:app docker-archive:d.tar
    oci list docker-archive:o.tar
    exits 3
    complains_of "list: 'o.tar': this is an oci-archive, not a docker-archive"
    oci list oci-archive:d.tar
    exits 3
    complains_of "list: 'd.tar': this is a docker-archive, not an oci-archive"
    oci list docker-archive:tree.tar
    exits 3
    complains_of "list: 'tree.tar': it has no manifest.json*"
}
