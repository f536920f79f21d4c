#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

# finds RULE SEVERITY: the JSON on standard output has such a finding.
finds() {
    is_json ".findings | any(.rule == \"$1\" and .severity == \"$2\")"
}

# The blob of the only layer of layout:NAME.
layer_of() {
    "$OCI_IMAGE" inspect --json "layout:$1" | jq -r '.layers[0].digest' | sed 's,sha256:,layout/blobs/sha256/,'
}

@test "an image that create has made has no faults" {
    make_layout app other
    succeeds validate layout
    succeeds validate --format json layout:app layout:other
    is_json '.summary.errors == 0 and .summary.warnings == 0 and (.subjects | length) == 2 and .spec == "1.1"'
    succeeds validate --spec head layout
    succeeds validate --depth blobs layout
    succeeds validate --depth documents layout
}

# proves: layout.blobs.content-matches-digest
@test "every fault is a finding, and the exit status is 3" {
    make_layout app
    printf x >>"$(layer_of app)"
    touch layout/blobs/sha256/abc.tmp layout/stray
    rm layout/oci-layout
    oci validate --format json layout
    exits 3
    finds layout.oci-layout.file-present error
    finds layout.blobs.encoded-grammar error
    finds layout.unknown-files.no-error info
    finds descriptor.size.raw-bytes error
    finds layout.blobs.content-matches-digest error
    is_json '.summary.errors == 4'
    is_json '[.findings[] | select(.rule == "descriptor.size.raw-bytes")][0]
        | .path == "manifests[0]" and .pointer == "/layers/0/size" and .line == 1 and .column > 1'
    is_json '[.findings[] | select(.rule == "layout.blobs.content-matches-digest")][0] | .path == "manifests[0] > layers[0]"'
}

@test "--depth says how far to look" {
    make_layout app
    printf x | dd of="$(layer_of app)" conv=notrunc bs=1 seek=100 status=none
    for depth in layers blobs; do
        oci validate --format json --depth "$depth" layout
        exits 3
        is_json '[.findings[].rule] == ["layout.blobs.content-matches-digest"]'
    done
    succeeds validate --depth documents layout
}

@test "--fail-on, --ignore and --ignore-file change the exit status" {
    make_layout app
    touch layout/stray
    succeeds validate layout
    oci validate --fail-on info layout
    exits 3
    succeeds validate --fail-on info --ignore layout.unknown-files.no-error --ignore descriptor.platform.recommended layout
    succeeds validate --fail-on info --ignore 'layout.unknown-*' --ignore 'descriptor.*' --format json layout
    is_json '.summary.ignored == 1 and .findings == []'
    rm layout/oci-layout
    cat >ignored <<'END'
# what we know of

layout.oci-layout.file-present # made by hand
layout.unknown-files.no-error stray # a note to ourselves
END
    succeeds validate --fail-on warning --ignore-file ignored layout
    touch layout/other
    succeeds validate --format json --ignore-file ignored layout
    is_json '[.findings[] | select(.rule == "layout.unknown-files.no-error") | .file] == ["other"]'
}

@test "a line of an ignore file needs a rule that there is, and a reason" {
    make_layout app
    for line in 'layout.unknown-files.no-error' 'layout.unknown-files.no-error #' 'no.such.rule # because'; do
        printf '\n%s\n' "$line" >ignored
        oci validate --ignore-file ignored layout
        exits 2
        complains_of "validate: 'ignored' line 2: *"
    done
    oci validate --ignore no.such.rule layout
    exits 2
    hints "*--list-rules*"
    oci validate --ignore-file missing layout
    exits 4
}

@test "--list-rules and --explain" {
    succeeds validate --list-rules
    grep -q '^descriptor.size.raw-bytes  *error  *size is the number of bytes of the blob$' <<<"$output"
    succeeds validate --list-rules --format json
    is_json 'length > 150 and all(.id != "" and .text != "" and .explanation != "")'
    for rule in $(jq -r '.[].id' <<<"$output" | head -5); do
        succeeds validate --explain "$rule"
        [ "${lines[0]%%:*}" = "$rule" ]
    done
    oci validate --explain no.such.rule
    exits 2
}

# proves: descriptor.media-type.self layout.oci-layout.media-type
@test "--type checks one document, from a file or standard input" {
    echo '{"imageLayoutVersion":"1.0.0"}' >good
    echo '{"imageLayoutVersion":1}' >bad
    succeeds validate --type oci-layout good
    oci validate --type oci-layout --format json bad good
    exits 3
    is_json '.findings | length == 1 and .[0].file == "bad" and .[0].rule == "layout.oci-layout.version-string" and
        .[0].pointer == "/imageLayoutVersion" and .[0].line == 1 and .[0].column == 23'
    run --separate-stderr sh -c '"$OCI_IMAGE" validate --type descriptor --format json - <bad'
    exits 3
    finds descriptor.digest.required error
    finds descriptor.size.required error
    is_json '.findings[0].file == "-"'
    oci validate --type config missing
    exits 4
}

# proves: considerations.json.no-duplicates
@test "a text that is no JSON has a place" {
    printf '{\n  "a": 1,\n  "a": 2\n}' >twice
    oci validate --type index --format json twice
    exits 3
    is_json '.findings == [.findings[0]] and .findings[0].rule == "considerations.json.no-duplicates"'
    is_json '.findings[0] | .line == 3 and .column == 3 and .pointer == ""'
    printf '{"a": 01}' >number
    oci validate --type manifest --format json number
    finds media.json-types error
    is_json '.findings[0].column == 7'
}

@test "--type layer" {
    make_tars
    succeeds validate --type layer tree.tar tree.tar.gz
    head -c 700 tree.tar >short.tar
    oci validate --type layer --format json short.tar
    exits 3
    finds layer.tar.format error
    head -c 100 tree.tar.gz >short.tar.gz
    oci validate --type layer --format json short.tar.gz
    finds layer.media.gzip error
}

@test "--require-platform, --require-label and --require-path" {
    make_tars
    "$OCI_IMAGE" create layout:app tree.tar --platform linux/arm64 --label a=b --label c=
    succeeds validate --require-platform linux/arm64 --require-label a --require-label a=b --require-label c= \
        --require-path /etc/file --require-path etc/link --require-path /private layout
    oci validate --format json --require-platform linux/amd64 --require-label a=c --require-label x \
        --require-path /etc/fil --require-path /etc/file/x layout
    exits 3
    is_json '[.findings[] | select(.severity == "error") | .rule] | sort ==
        ["require.label", "require.label", "require.path", "require.path", "require.platform"]'
    oci validate --require-platform bad/platform/x/y layout
    exits 2
}

@test "-o writes a whole file or none" {
    make_layout app
    oci validate --format json -o report.json layout
    exits 0
    is_silent
    [ "$(jq .summary.errors report.json)" = 0 ]
    oci validate -o no/such/directory layout
    exits 4
    holds . tree tree.tar tree.tar.gz layout report.json
}

@test "names, digests and platforms choose what is checked" {
    make_layout app other
    "$OCI_IMAGE" create layout:third tree.tar --compress zstd --platform linux/arm64
    printf x >>"$(layer_of app)"
    digest=$("$OCI_IMAGE" list --json layout | jq -r '.[] | select(.name == "third") | .digest')
    oci validate layout:app
    exits 3
    succeeds validate "layout@$digest"
    oci validate layout:none
    exits 4
    oci validate "layout@sha256:$(printf '%064d' 0)"
    exits 4
    oci validate no-layout
    exits 4
    oci validate
    exits 2
}

@test "a platform leaves out the other images" {
    make_tars
    "$OCI_IMAGE" create layout:a tree.tar --platform linux/amd64
    "$OCI_IMAGE" create layout:b tree.tar.gz --platform linux/arm64 --label x=y
    oci validate --require-label x layout
    exits 3
    succeeds validate --platform linux/arm64 --require-label x layout:b
}

@test "blobs that are left out on purpose" {
    make_layout app
    rm "$(layer_of app)"
    oci validate --format json layout
    exits 3
    finds layout.blobs.missing error
    succeeds validate --allow-missing --format json layout
    finds layout.blobs.missing info
}

@test "blobs that layouts share" {
    make_layout one
    mkdir shared
    mv layout/blobs/sha256 shared
    oci validate layout
    exits 3
    succeeds validate --blobs shared layout
}

# Makes another byte of the one that is there.
damage() { # FILE PLACE
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((255 - byte)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# proves: layer.media.gzip layer.media.zstd
@test "--jobs makes no difference, neither to what is right nor to what is damaged" {
    mkdir tree
    head -c 6000000 /dev/urandom | od -x >tree/numbers
    tar -C tree -cf tree.tar .
    for kind in gzip:1 zstd:1 "gzip:1 --encoder zlib"; do
        rm -rf layout
        # shellcheck disable=SC2086
        succeeds create --compress $kind layout:app tree.tar
        for n in 1 2 7; do
            succeeds validate -j $n layout
            succeeds unpack --rootfs-only -j $n layout:app "root$n"
            diff -r tree "root$n"
            rm -rf "root$n"
        done
        for at in 16 500000 3000000; do
            damage "$(layer_of app)" $at
            for n in 1 2 7; do
                oci validate -j $n layout
                exits 3
                printf '%s\n%s\n' "$output" "$stderr" >"told$n"
                oci unpack --rootfs-only -j $n layout:app "root$n"
                exits 3
                printf '%s\n' "$stderr" >>"told$n"
            done
            diff told1 told2
            diff told1 told7
        done
    done
}
