#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

@test "a table for people" {
    make_layout one two/three:4
    succeeds list layout
    [[ ${lines[0]} =~ ^NAME\ +DIGEST\ +TYPE\ +PLATFORM\ +SIZE\ +CREATED$ ]]
    [[ ${lines[1]} =~ ^one\ +sha256:[0-9a-f]{64}\ +image\ +linux/ ]]
    [[ ${lines[2]} =~ ^two/three:4\ +sha256:[0-9a-f]{64}\ +image\ +linux/ ]]
    [ "${#lines[@]}" -eq 3 ]
    table=$output
    succeeds ls layout
    says "$table"
    succeeds list oci:layout
    says "$table"
}

@test "--json" {
    make_layout one two
    succeeds list --json layout
    is_json 'map(.name) == ["one", "two"]'
    is_json 'all(.type == "image" and .depth == 0 and .mediaType == "application/vnd.oci.image.manifest.v1+json")'
    is_json 'all(.platform | startswith("linux/"))'
    for digest in $(jq -r '.[].digest' <<<"$output"); do
        [ "sha256:$(sha256sum <"layout/blobs/sha256/${digest#*:}" | cut -d ' ' -f 1)" = "$digest" ]
    done
}

@test "the size is that of manifest, configuration and layers" {
    make_layout one
    sum=0
    for blob in layout/blobs/sha256/*; do
        sum=$((sum + $(stat -c %s "$blob")))
    done
    succeeds list --json layout
    is_json ".[0].size == $sum"
}

@test "unnamed entries, and nested indexes below their own" {
    make_layout one
    entry=$(jq -c '.manifests[0] | del(.annotations)' layout/index.json)
    printf '{"schemaVersion":2,"manifests":[%s]}' "$entry" >nested
    sum=$(sha256sum <nested | cut -d ' ' -f 1)
    cp nested "layout/blobs/sha256/$sum"
    printf '{"schemaVersion":2,"manifests":[%s,{"mediaType":"%s","digest":"sha256:%s","size":%s}]}' "$entry" \
        application/vnd.oci.image.index.v1+json "$sum" "$(stat -c %s nested)" >layout/index.json
    succeeds list --json layout
    is_json 'map([.name, .type, .depth]) == [[null, "image", 0], [null, "index", 0], [null, "image", 1]]'
}

@test "an empty layout has a heading and nothing else" {
    "$OCI_IMAGE" init layout
    succeeds list layout
    [ "${#lines[@]}" -eq 1 ]
    succeeds list --json layout
    says "[]"
}

@test "names of images cannot write to the terminal" {
    make_layout one
    jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "\u001b[31mred\nnext"' layout/index.json >new
    cp new layout/index.json
    succeeds list layout
    [[ $output != *$'\x1b'* ]]
    [ "${#lines[@]}" -eq 2 ]
    succeeds list --json layout
    is_json '.[0].name == "\u001b[31mred\nnext"'
}

@test "what is no layout" {
    oci list missing
    exits 4
    one_line
    complains_of "list: *'missing' is not there"
    mkdir empty
    oci list empty
    exits 3
    complains_of "list: layout 'empty': this is no image layout: *index.json"
    make_layout one
    oci list layout:one
    exits 2
    complains_of "list: 'layout:one' names an image*"
    oci list
    exits 2
    hints "usage: oci-image list *LAYOUT"
    oci list --jsn layout
    exits 2
    hints "did you mean '--json'?"
}

@test "damaged documents" {
    make_layout one
    echo '{"schemaVersion":2,"manifests":{}}' >layout/index.json
    oci list layout
    exits 3
    one_line
    complains_of "list: *index.json*manifests*"
    head -c 5000000 /dev/zero | tr '\0' ' ' >layout/index.json
    oci list layout
    exits 3
    one_line
    echo '{"imageLayoutVersion":"2.0.0"}' >layout/oci-layout
    oci list layout
    exits 3
    one_line
    complains_of "list: *2.0.0*"
}

@test "a layout that may only be read" {
    make_layout one
    chmod -R a-w layout
    oci_as_nobody list layout
    chmod -R u+w layout
    exits 0
    [ -z "$stderr" ]
}

@test "results that cannot be written, and closed streams" {
    [ -e /dev/full ] || skip "no /dev/full"
    make_layout one
    run --separate-stderr bash -c '"$OCI_IMAGE" list layout >/dev/full'
    exits 1
    complains_of "list: write standard output: No space left on device"
    run --separate-stderr bash -c '"$OCI_IMAGE" list layout >&-'
    exits 1
    run --separate-stderr bash -c '"$OCI_IMAGE" list layout <&- 2>&-'
    exits 0
}
