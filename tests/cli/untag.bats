#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

names_of() {
    "$OCI_IMAGE" list --json layout | jq -r '[.[] | .name // "-"] | join(" ")'
}

@test "a name goes, the blobs stay" {
    make_layout app other
    find layout/blobs | sort >before
    oci untag layout:app
    exits 0
    is_silent
    [ "$(names_of)" = other ]
    find layout/blobs | sort | cmp - before
    oci untag layout:app
    exits 4
    complains_of "untag: the layout has no image named 'app'*"
    hints "'oci-image list layout' shows what is there"
}

@test "as JSON" {
    make_layout app other
    succeeds untag --json layout:app
    is_json '.name == "app" and .digest == null and .left == 1'
}

@test "all entries of a name, or those of a digest" {
    make_layout a b c
    jq '.manifests[1].annotations["org.opencontainers.image.ref.name"] = "a"' layout/index.json >new
    cp new layout/index.json
    first=$(jq -r '.manifests[0].digest' layout/index.json) second=$(jq -r '.manifests[1].digest' layout/index.json)
    oci untag "layout:c@$first"
    exits 4
    one_line
    succeeds untag "layout:a@$first"
    jq -e --arg d "$second" '[.manifests[].digest] | length == 2 and .[0] == $d' layout/index.json
    "$OCI_IMAGE" tag layout:c d
    succeeds untag layout:a
    [ "$(names_of)" = "c d" ]
}

@test "an entry without a name goes by its digest, one with a name does not" {
    make_tars
    "$OCI_IMAGE" create layout tree.tar
    "$OCI_IMAGE" tag layout v1
    digest=$(jq -r '.manifests[0].digest' layout/index.json)
    succeeds untag "layout@$digest"
    [ "$(names_of)" = v1 ]
    oci untag "layout@$digest"
    exits 4
    complains_of "untag: index.json has no entry sha256:* without a name*"
}

@test "no name, and names of layouts that are not there" {
    make_layout app
    oci untag layout
    exits 2
    complains_of "untag: 'layout' does not say which name*"
    hints "say 'layout:NAME', *"
    oci untag
    exits 2
    oci untag layout:app layout:app
    exits 2
    oci untag nowhere:app
    exits 4
    one_line
    [ "$(names_of)" = app ]
    # Whatever characters an old tool has put into a name.
    jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "not a name!"' layout/index.json >new
    cp new layout/index.json
    succeeds untag layout --ref 'not a name!'
    [ -z "$(names_of)" ]
}
