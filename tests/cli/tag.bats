#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

names_of() {
    "$OCI_IMAGE" list --json "${1:-layout}" | jq -r '[.[] | select(.depth == 0) | .name // "-"] | join(" ")'
}

digest_of() {
    "$OCI_IMAGE" inspect --json "$1" | jq -r .digest
}

@test "more names for an image, and nothing is said" {
    make_layout app other
    find layout/blobs | sort >before
    oci tag layout:app v1 example.com/app:latest
    exits 0
    is_silent
    [ "$(names_of)" = "app other v1 example.com/app:latest" ]
    [ "$(digest_of layout:v1)" = "$(digest_of layout:app)" ]
    find layout/blobs | sort | cmp - before
    succeeds tag layout:app app
    [ "$(names_of)" = "app other v1 example.com/app:latest" ]
}

@test "a name that is taken moves" {
    make_layout app other
    succeeds tag layout:other app
    [ "$(names_of)" = "app other" ]
    [ "$(digest_of layout:app)" = "$(digest_of layout:other)" ]
}

@test "as JSON" {
    make_layout app
    succeeds tag --json layout:app v1 v2
    is_json '.names == ["v1", "v2"] and (.digest | startswith("sha256:")) and .size > 0'
    is_json '.mediaType == "application/vnd.oci.image.manifest.v1+json"'
}

@test "by digest, and what has no name yet" {
    make_tars
    "$OCI_IMAGE" create layout tree.tar
    succeeds tag layout v1
    digest=$(digest_of layout:v1)
    succeeds tag "layout@$digest" v2
    succeeds tag layout v3 --digest "$digest"
    [ "$(names_of)" = "- v1 v2 v3" ]
}

@test "an index is named as a whole, an image of it by its platform" {
    make_layout amd64 arm64
    for arch in amd64 arm64; do
        jq -c --arg a $arch '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $a)
            | .platform = {os: "linux", architecture: $a} | del(.annotations)' layout/index.json
    done | jq -cs '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: .}' >index
    digest=$("$OCI_IMAGE" blob put --json layout index | jq -r .digest)
    jq -c --arg d "$digest" --argjson n "$(stat -c %s index)" '.manifests += [{digest: $d, size: $n,
        mediaType: "application/vnd.oci.image.index.v1+json",
        annotations: {"org.opencontainers.image.ref.name": "all", "io.containerd.image.name": "old", "kept": "yes"}}]' \
        layout/index.json >new && cp new layout/index.json
    succeeds tag layout:all copy
    jq -e --arg d "$digest" '.manifests[-1] | .digest == $d and .annotations.kept == "yes"
        and .annotations["io.containerd.image.name"] == null' layout/index.json
    succeeds tag layout:all --platform linux/arm64 one
    [ "$(jq -r '.manifests[-1].digest' layout/index.json)" = "$(digest_of layout:arm64)" ]
    # By its digest, below the name.
    succeeds tag "layout:all@$(digest_of layout:amd64)" two
    [ "$(jq -r '.manifests[-1].digest' layout/index.json)" = "$(digest_of layout:amd64)" ]
    oci tag layout:all --platform linux/s390x none
    exits 4
    one_line
}

@test "what cannot be told apart" {
    make_layout app other
    oci tag layout new
    exits 4
    one_line
    complains_of "tag: 'layout': more than one entry fits*"
    oci tag layout:none new
    exits 4
    complains_of "tag: 'layout': no image is named 'none'*"
    oci tag nowhere:app new
    exits 4
    [ "$(names_of)" = "app other" ]
}

@test "names that cannot be" {
    make_layout app
    cp layout/index.json before
    for name in '' ' ' 'a b' '-a' 'a//b' 'a:' $'a\nb' 'ä'; do
        oci tag layout:app good -- "$name"
        exits 2
        one_line
    done
    cmp before layout/index.json
    oci tag layout:app
    exits 2
    hints "usage: oci-image tag *"
}

@test "only when nobody was faster" {
    make_layout app other
    succeeds tag --expect none layout:app new
    cp layout/index.json before
    oci tag --expect none layout:other new
    exits 1
    one_line
    complains_of "tag: 'new' was changed by somebody else and is sha256:*"
    oci tag --expect "$(digest_of layout:other)" layout:other fresh new
    exits 1
    cmp before layout/index.json
    succeeds tag --expect "$(digest_of layout:app)" layout:other new
    [ "$(digest_of layout:new)" = "$(digest_of layout:other)" ]
    oci tag --expect sha256:12 layout:app new
    exits 2
    complains_of "tag: --expect: *"
}

@test "members of other tools are kept" {
    make_layout app
    jq '. + {"x-mine": [1, 2.50, "\u20ac"], annotations: {a: "b"}}
        | .manifests[0] += {"x-entry": {deep: true}} | .manifests[0].annotations["x.y"] = "z"' layout/index.json >new
    sed '1s/{/{"x-number": 2.50,/' new >layout/index.json
    succeeds tag layout:app v1
    jq -e '.["x-mine"] == [1, 2.5, "\u20ac"] and .annotations.a == "b"' layout/index.json
    jq -e '.manifests | length == 2 and all(.["x-entry"].deep and .annotations["x.y"] == "z")' layout/index.json
    grep -q '2\.50' layout/index.json
}

@test "a layout that may not be written to" {
    make_layout app
    oci_as_nobody tag layout:app new
    [ "$(id -u)" -eq 0 ] || skip "the layout is ours"
    exits 1
    one_line
    complains_of "tag: *Permission denied"
    [ "$(names_of)" = app ]
}

@test "many at once lose nothing" {
    make_layout app
    for p in 1 2 3 4 5 6 7 8; do
        (for t in $(seq 50); do "$OCI_IMAGE" tag --fsync none layout:app "p$p.t$t" || exit 1; done) & pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    [ "$(names_of | wc -w)" -eq 401 ]
    [ "$(names_of | tr ' ' '\n' | sort -u | grep -c '^p[1-8]\.t[0-9]*$')" -eq 400 ]
    holds layout blobs index.json oci-layout
}
