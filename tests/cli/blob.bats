#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

hello=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    "$OCI_IMAGE" init layout
    echo hello >file
}

@test "put, stat, get, list, rm" {
    succeeds blob put layout file
    says "$hello  6"
    run --separate-stderr bash -c '"$OCI_IMAGE" blob put layout - <file && "$OCI_IMAGE" blob put layout <file'
    says "$hello  6"$'\n'"$hello  6"
    [ "$(stat -c %a "layout/blobs/${hello/://}")" = 444 ]
    succeeds blob stat layout $hello
    says "$hello  6"
    "$OCI_IMAGE" blob get layout $hello | cmp - file
    succeeds blob put layout --algorithm sha512 /dev/null
    succeeds blob list layout
    [ ${#lines[@]} -eq 2 ]
    [ "${lines[0]}" = "$hello  6" ]
    [[ ${lines[1]} == sha512:cf83e1357eefb8bd*"  0" ]]
    oci blob rm layout $hello sha512:cf83
    exits 0
    is_silent
    succeeds blob list layout
    says ""
}

@test "as JSON" {
    succeeds blob put --json layout file
    is_json ".digest == \"$hello\" and .size == 6"
    succeeds blob stat --json layout $hello
    is_json ".digest == \"$hello\" and .size == 6"
    succeeds blob list --json layout
    is_json "length == 1 and .[0].digest == \"$hello\""
}

@test "the beginning of a digest" {
    for i in $(seq 40); do
        echo "$i" | "$OCI_IMAGE" blob put layout >>digests
    done
    "$OCI_IMAGE" blob put layout file
    "$OCI_IMAGE" blob get layout sha256:5891b5b | cmp - file
    "$OCI_IMAGE" blob get layout 5891b5b | cmp - file
    oci blob stat layout sha256:
    exits 4
    one=$(sed -n 's/^sha256:\(.\).*/\1/p' digests | sort | uniq -d | head -1)
    oci blob stat layout "$one"
    exits 4
    one_line
    oci blob stat layout "zz"
    exits 4
}

@test "what is not there, and what is damaged" {
    oci blob get layout $hello
    exits 4
    complains_of "blob: blob $hello is not in the layout"
    says ""
    oci blob rm layout $hello
    exits 4
    "$OCI_IMAGE" blob put layout file
    chmod u+w "layout/blobs/${hello/://}"
    echo hellO >"layout/blobs/${hello/://}"
    oci blob get layout $hello
    exits 3
    one_line
    # Put again it is repaired.
    succeeds blob put layout file
    "$OCI_IMAGE" blob get layout $hello | cmp - file
}

@test "the digest that was expected, or nothing" {
    succeeds blob put --expect $hello layout file
    echo other >file
    oci blob put --expect $hello layout file
    exits 3
    one_line
    oci blob put --expect sha512:"$(printf '0%.0s' $(seq 128))" layout file
    exits 3
    oci blob put --expect nonsense layout file
    exits 2
    succeeds blob list layout
    says "$hello  6"
    [ -z "$(find layout -name '.oci-image-*')" ]
    [ ! -e layout/blobs/sha512 ] || [ -z "$(find layout/blobs/sha512 -type f)" ]
}

@test "what an image is made of is not removed" {
    make_layout app
    layer=$(jq -r '.manifests[0].digest' layout/index.json)
    oci blob rm layout "$layer"
    exits 1
    complains_of "blob: blob $layer is part of what index.json leads to"*
    hints "untag the image and let gc remove what is left, or use --force"
    succeeds inspect layout:app
    succeeds blob rm --force layout "$layer"
    oci inspect layout:app
    exits 3
}

@test "words and arguments" {
    oci blob
    exits 2
    oci blob get
    exits 2
    oci blob fetch layout
    exits 2
    hints "choose one of get, put, stat, list, rm"
    oci blob get layout
    exits 2
    complains_of "blob: get: an argument is missing"*
    oci blob list layout $hello
    exits 2
    oci blob put layout file file
    exits 2
    oci blob list layout:app
    exits 2
    oci blob put layout missing
    exits 4
    oci blob put layout .
    exits 1
    oci blob put nowhere file
    exits 4
    oci blob put -a sha384 layout file
    exits 2
}

@test "interrupted while it reads" {
    mkfifo pipe
    run --separate-stderr timeout 20 bash -c '
        set -m
        "$OCI_IMAGE" blob put layout pipe & pid=$!
        exec 3>pipe
        echo begin >&3
        sleep 0.2
        kill -TERM $pid
        wait $pid
        echo $?'
    says 143
    [ -z "$(find layout/blobs -type f)" ]
}

@test "blobs that layouts share" {
    # Both images are the same one, however long it takes to make them.
    export SOURCE_DATE_EPOCH=1
    mkdir shared
    make_tars
    succeeds create --blobs shared one:app tree.tar --cmd /bin/sh
    succeeds create --blobs shared two:app tree.tar --cmd /bin/sh
    [ -z "$(find one/blobs two/blobs -type f)" ]
    [ "$(find shared/sha256 -type f | wc -l)" -eq 3 ]
    succeeds inspect --blobs shared one:app
    succeeds unpack --blobs shared --rootfs-only two:app root
    [ "$(cat root/etc/file)" = text ]
    succeeds list --blobs shared --json one
    is_json '.[0].type == "image" and .[0].problem == null'
    succeeds blob list --blobs shared one
    [ ${#lines[@]} -eq 3 ]
    digest=${lines[0]%% *}
    succeeds tag --blobs shared one:app again
    oci inspect one:app
    exits 3
    oci blob rm --force --blobs shared one "$digest"
    exits 2
    oci inspect --blobs nowhere one:app
    exits 4
    complains_of "*directory of blobs 'nowhere'*"
}
