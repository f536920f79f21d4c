#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

blobs() {
    find layout/blobs -type f | sort
}

@test "nothing to remove" {
    make_layout app
    blobs >before
    succeeds gc --grace 0 layout
    [ "${lines[0]}" = "0 blobs removed, 0 B" ]
    [[ ${lines[1]} == "3 blobs kept, "* ]]
    [ ${#lines[@]} -eq 2 ]
    blobs | cmp - before
}

@test "what nothing refers to goes, with its sizes" {
    make_layout app other
    "$OCI_IMAGE" untag layout:other
    size=$("$OCI_IMAGE" gc --dry-run --grace 0 --json layout | jq .removedSize)
    [ "$(blobs | wc -l)" -eq 5 ]
    succeeds gc --grace 0 --json layout
    is_json ".removedSize == $size and (.removed | length) == 2 and ([.removed[].size] | add) == $size"
    is_json '.dryRun == false and .kept.count == 3 and .young.count == 0 and .temporary.count == 0'
    [ "$(blobs | wc -l)" -eq 3 ]
    succeeds unpack --rootfs-only layout:app root
    "$OCI_IMAGE" untag layout:app
    succeeds gc --grace 0 layout
    [[ ${lines[0]} =~ ^sha256:[0-9a-f]{64}\ \ [0-9] ]]
    [[ ${lines[3]} == "3 blobs removed, "* ]]
    [ -z "$(blobs)" ]
}

@test "a dry run tells and removes nothing" {
    make_layout app
    "$OCI_IMAGE" untag layout:app
    blobs >before
    chmod -R a-w layout
    oci_as_nobody gc --dry-run --grace 0 layout
    exits 0
    [[ ${lines[3]} == "3 blobs would be removed, "* ]]
    blobs | cmp - before
    chmod -R u+w layout
}

@test "what is young stays" {
    make_layout app
    "$OCI_IMAGE" untag layout:app
    for grace in "" 1h 60m 3600 3600s 7d; do
        succeeds gc ${grace:+--grace "$grace"} layout
        [[ $output == "0 blobs removed, 0 B"*"1 young blob spared (--grace), "*"2 blobs kept, "* ]]
    done
    [ "$(blobs | wc -l)" -eq 3 ]
    for grace in '' h -1 1.5h 1w 1hh '1 h' 99999999999999999999 300000000000000000d; do
        oci gc --grace "$grace" layout
        exits 2
        complains_of "gc: --grace: '$grace' is not a time like 90s, 15m, 2h or 7d"
    done
    oci gc --grace 40000d layout
    exits 2
    [ "$(blobs | wc -l)" -eq 3 ]
}

@test "sha512 beside sha256" {
    make_layout app
    "$OCI_IMAGE" create --digest-algorithm sha512 layout:five tree.tar
    "$OCI_IMAGE" create --digest-algorithm sha512 layout:gone tree.tar --env A=B
    "$OCI_IMAGE" untag layout:gone
    succeeds gc --grace 0 layout
    [ "$(find layout/blobs/sha512 -type f | wc -l)" -eq 3 ]
    [ "$(find layout/blobs/sha256 -type f | wc -l)" -eq 3 ]
    succeeds unpack --rootfs-only layout:five root
}

@test "a damaged document stops it, unless it is told to go on" {
    make_layout app other
    "$OCI_IMAGE" untag layout:other
    manifest=$(jq -r '.manifests[0].digest' layout/index.json)
    file=layout/blobs/${manifest/://}
    chmod u+w "$file"
    printf 'X' | dd of="$file" conv=notrunc status=none
    blobs >before
    oci gc --grace 0 layout
    exits 3
    one_line
    complains_of "gc: 'layout': document $manifest: *"
    hints "nothing was removed; --ignore-damaged *"
    blobs | cmp - before
    oci gc --grace 0 --json layout
    exits 3
    jq -e '.removed == []' <<<"$output"
    oci gc --grace 0 --ignore-damaged layout
    exits 0
    [[ $stderr == *"warning: document $manifest"* ]]
    [ "$(blobs)" = "$file" ]
    # One that is not there at all is no obstacle.
    rm -f "$file"
    succeeds gc --grace 0 layout
}

@test "left-over files and directories are swept" {
    make_layout app
    echo half >layout/.oci-image-0123abcd
    echo half >layout/blobs/sha256/.oci-image-0123abcd
    mkdir -p .layout.oci-image-0123abcd/blobs/sha256 .another.oci-image-0123abcd
    echo mine >layout/blobs/sha256/.other-tool
    succeeds gc layout
    holds layout blobs index.json oci-layout .oci-image-0123abcd
    succeeds gc --grace 0 layout
    [ "${lines[1]}" = "3 temporary files removed, 10 B" ]
    holds layout blobs index.json oci-layout
    [ ! -e .layout.oci-image-0123abcd ] && [ -e .another.oci-image-0123abcd ]
    [ -e layout/blobs/sha256/.other-tool ] && [ ! -e layout/blobs/sha256/.oci-image-0123abcd ]
}

@test "it waits for whoever writes, and can be interrupted while it waits" {
    make_layout app
    "$OCI_IMAGE" untag layout:app
    mkfifo pipe
    run --separate-stderr timeout 60 bash -c '
        "$OCI_IMAGE" create --env A=B layout:new pipe & writer=$!
        exec 3>pipe
        set -m
        "$OCI_IMAGE" gc --grace 0 layout >out 3>&- & gc=$!
        # Until it waits for the lock.
        until grep -q "^[0-9]*: -> FLOCK .* $gc " /proc/locks; do kill -0 $gc || exit 9; sleep 0.05; done
        [ -s out ] && exit 8
        kill -TERM $gc; wait $gc; echo $?
        "$OCI_IMAGE" gc --grace 0 layout >out 3>&- & gc=$!
        until grep -q "^[0-9]*: -> FLOCK .* $gc " /proc/locks; do kill -0 $gc || exit 9; sleep 0.05; done
        cat tree.tar >&3; exec 3>&-
        wait $writer || exit 7
        wait $gc; echo $?'
    [ "$output" = "143"$'\n'"0" ]
    succeeds unpack --rootfs-only layout:new root
    [ "$(blobs | wc -l)" -eq 3 ]
}

@test "what it cannot work with" {
    make_layout app
    oci gc layout:app
    exits 2
    complains_of "gc: 'layout:app' names an image; gc takes a layout"
    oci gc nowhere
    exits 4
    oci gc .
    exits 3
    oci gc
    exits 2
    oci_as_nobody gc --grace 0 layout
    [ "$(id -u)" -eq 0 ] || skip "the layout is ours"
    exits 0 # there is nothing to remove
    "$OCI_IMAGE" untag layout:app
    oci_as_nobody gc --grace 0 layout
    exits 1
    one_line
    complains_of "gc: 'layout': *Permission denied"
}
