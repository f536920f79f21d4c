#!/usr/bin/env bats
# shellcheck disable=SC2154 # variables of bats
# copy: images from layout to layout.
load lib
load images

# digest_of IMAGE: of its manifest.
digest_of() {
    "$OCI_IMAGE" inspect -q --json "$1" | jq -r .digest
}

# entry_of LAYOUT NAME: the digest of the entry of index.json.
entry_of() {
    jq -r --arg name "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest' "$1/index.json"
}

# blob LAYOUT DIGEST: the path of a blob.
blob() {
    echo "$1/blobs/${2/://}"
}

# put LAYOUT FILE: stores it, prints its digest.
put() {
    "$OCI_IMAGE" blob put "$1" "$2" | cut -d' ' -f1
}

# add_entry LAYOUT DESCRIPTOR: adds it to index.json.
add_entry() {
    jq -c --argjson d "$2" '.manifests += [$d]' "$1/index.json" >index.new
    mv index.new "$1/index.json"
}

# make_index LAYOUT NAME ENTRY-NAME...: an index of the manifests that are called so becomes NAME.
make_index() {
    local layout=$1 name=$2
    shift 2
    jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", "x-unknown": {"a": 1}, annotations: {"k": "v"},
        manifests: [.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] | IN($ARGS.positional[])) | del(.annotations)]}' \
        "$layout/index.json" --args "$@" >index.doc
    digest=$(put "$layout" index.doc)
    add_entry "$layout" "$(jq -nc --arg d "$digest" --arg n "$name" --argjson s "$(stat -c %s index.doc)" \
        '{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": $n}}')"
}

# make_multi: layout "multi" with the images amd and arm and an index of both called app.
make_multi() {
    make_tars
    "$OCI_IMAGE" create multi:amd tree.tar --platform linux/amd64
    "$OCI_IMAGE" create multi:arm tree.tar --platform linux/arm64 --env ARM=1
    make_index multi app amd arm
}

# proves: considerations.store.no-alter
@test "an image, under its name, byte for byte" {
    make_layout app other
    succeeds copy layout:app copy
    is_silent
    [ "$(entry_of layout app)" = "$(entry_of copy app)" ]
    [ "$(jq '.manifests | length' copy/index.json)" = 1 ]
    while read -r digest _; do
        cmp "$(blob layout "$digest")" "$(blob copy "$digest")"
    done < <("$OCI_IMAGE" blob list copy)
    [ "$("$OCI_IMAGE" blob list copy | wc -l)" = 3 ]
    succeeds validate copy
    # Again, and in another name.
    succeeds copy layout:app copy
    succeeds copy layout:app copy:docker.io/library/app:1
    [ "$(entry_of copy app)" = "$(entry_of copy docker.io/library/app:1)" ]
}

@test "a name that is taken moves" {
    make_layout app other
    succeeds copy layout:app copy:x
    succeeds copy layout:other copy:x
    [ "$(entry_of copy x)" = "$(entry_of layout other)" ]
}

@test "everything that is in a layout, or by digest" {
    make_layout app other
    "$OCI_IMAGE" create layout tree.tar --env A=unnamed
    succeeds copy layout copy
    jq -S '.manifests' layout/index.json >a
    jq -S '.manifests' copy/index.json >b
    cmp a b
    oci copy layout copy:x
    exits 2
    one_line
    hints "leave the name out*"
    digest=$(entry_of layout other)
    succeeds copy "layout@$digest" second
    [ "$(entry_of second other)" = "$digest" ]
    succeeds copy "layout@$digest" second:renamed
    [ "$(entry_of second renamed)" = "$digest" ]
}

@test "an index with all its platforms, or one of them" {
    make_multi
    succeeds copy multi:app copy
    [ "$(entry_of copy app)" = "$(entry_of multi app)" ]
    [ "$("$OCI_IMAGE" blob list copy | wc -l)" = 6 ]
    succeeds copy --all multi:app copy
    succeeds copy multi:app arm --platform linux/arm64
    [ "$(entry_of arm app)" = "$(entry_of multi arm)" ]
    [ "$("$OCI_IMAGE" blob list arm | wc -l)" = 3 ]
    oci copy multi:app none --platform linux/riscv64
    exits 4
    [ ! -e none ]
    oci copy --all --platform linux/arm64 multi:app none
    exits 2
}

@test "a flat index: entries of one name" {
    make_multi
    jq -c '.manifests |= [.[0, 1] | .annotations["org.opencontainers.image.ref.name"] = "flat"]' multi/index.json >index.new
    mv index.new multi/index.json
    succeeds copy multi:flat copy
    [ "$(jq '.manifests | length' copy/index.json)" = 2 ]
    succeeds copy multi:flat copy:other
    [ "$(jq '.manifests | length' copy/index.json)" = 4 ]
    succeeds copy multi:flat copy:other
    [ "$(jq '.manifests | length' copy/index.json)" = 4 ]
}

# proves: manifest.artifact-type.unknown-no-error manifest.config.unknown-no-error manifest.layers.unknown-no-error
@test "artifacts of types that nobody knows" {
    succeeds init layout
    printf content >part
    part=$(put layout part)
    jq -nc --arg d "$part" '{mediaType: "application/x.part", digest: $d, size: 7} as $p |
        {schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "application/x.thing", config: $p, layers: [$p],
         "x-member": [1]}' >doc
    add_entry layout "$(jq -nc --arg d "$(put layout doc)" --argjson s "$(stat -c %s doc)" \
        '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": "thing"}}')"
    for option in --all --compress=zstd --format=oci; do
        succeeds copy layout:thing "copy$option" "$option"
        [ "$(entry_of "copy$option" thing)" = "$(entry_of layout thing)" ]
        cmp part "$(blob "copy$option" "$part")"
    done
    oci copy layout:thing docker --format docker
    exits 3
    one_line
    complains_of "copy: *'application/x.part'*"
}

@test "what is there is not written again, what is linked was read" {
    make_layout app
    succeeds copy layout:app copy
    layer=$("$OCI_IMAGE" inspect --json layout:app | jq -r '.layers[0].digest')
    # On a file system without shared blocks both names are of one file, unless somebody else could write to it.
    first=$(stat -c %i "$(blob layout "$layer")")
    second=$(stat -c %i "$(blob copy "$layer")")
    [ "$first" = "$second" ] || cp --reflink=always "$(blob layout "$layer")" reflinked
    succeeds copy layout:app copy --no-link
    [ "$(stat -c %i "$(blob copy "$layer")")" = "$second" ]
    succeeds copy layout:app apart --no-link
    [ "$(stat -c %h "$(blob apart "$layer")")" = 1 ]
    chmod g+w "$(blob layout "$layer")"
    succeeds copy layout:app shy
    [ "$(stat -c %h "$(blob shy "$layer")")" = 1 ]
    if [ "$(id -u)" -eq 0 ]; then
        chmod g-w "$(blob layout "$layer")"
        chown 65534 "$(blob layout "$layer")"
        succeeds copy layout:app alone
        [ "$(stat -c %h "$(blob alone "$layer")")" = 1 ]
    fi
    # A blob that is a link to a file of its layout.
    cp -r layout linked
    mv "$(blob linked "$layer")" linked/blobs/file
    ln -s ../file "$(blob linked "$layer")"
    succeeds copy linked:app followed
    [ ! -L "$(blob followed "$layer")" ]
    # Damage is found on both ways and does not travel.
    chmod u+w "$(blob apart "$layer")"
    printf x | dd of="$(blob apart "$layer")" bs=1 seek=20 conv=notrunc status=none
    for option in --link --no-link; do
        oci copy apart:app "bad$option" $option
        exits 3
        one_line
        complains_of "copy: *$layer*"
        [ ! -e "bad$option" ]
    done
    # In the destination it is mended.
    succeeds copy layout:app apart
    cmp "$(blob layout "$layer")" "$(blob apart "$layer")"
}

@test "missing children: an error that names them, or a warning" {
    make_multi
    arm=$(entry_of multi arm)
    rm -f "$(blob multi "$arm")"
    oci copy multi:app copy
    exits 3
    one_line
    complains_of "copy: *index *$arm*is not there*"
    hints "--allow-missing*"
    [ ! -e copy ]
    oci copy multi:app copy --allow-missing
    exits 0
    [[ $stderr == "oci-image: copy: warning: $arm "*"is not there, the copy lacks it too" ]] || complain "another warning"
    [ "$(entry_of copy app)" = "$(entry_of multi app)" ]
    [ ! -e "$(blob copy "$arm")" ]
    # One that is not needed does not matter.
    succeeds copy multi:app amd --platform linux/amd64
    layer=$("$OCI_IMAGE" inspect --json multi:amd | jq -r '.layers[0].digest')
    rm -f "$(blob multi "$layer")"
    oci copy multi:amd more
    exits 3
    complains_of "copy: *manifest *: layer 1: $layer (*) is not there*"
    oci copy multi:amd more --allow-missing
    exits 0
    [ ! -e "$(blob more "$layer")" ]
}

@test "referrers, and what refers to them, come along when asked" {
    make_layout app other
    app=$(jq -c '.manifests[0] | {mediaType, digest, size}' layout/index.json)
    printf '{}' >empty
    config=$(put layout empty)
    refer() { # NAME SUBJECT
        jq -nc --argjson s "$2" --arg c "$config" --arg n "$1" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
            artifactType: "application/x.test", subject: $s, annotations: {n: $n}, layers: [],
            config: {mediaType: "application/vnd.oci.empty.v1+json", digest: $c, size: 2}}' >doc
        jq -nc --arg d "$(put layout doc)" --argjson s "$(stat -c %s doc)" \
            '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s}'
    }
    signature=$(refer signature "$app")
    of_signature=$(refer of-signature "$signature")
    other=$(refer other "$(jq -c '.manifests[1] | {mediaType, digest, size}' layout/index.json)")
    # The later one comes first.
    add_entry layout "$of_signature"
    add_entry layout "$signature"
    add_entry layout "$other"
    succeeds copy layout:app plain
    [ "$(jq '.manifests | length' plain/index.json)" = 1 ]
    succeeds copy layout:app signed --referrers
    jq -e --argjson a "$signature" --argjson b "$of_signature" \
        '(.manifests | length) == 3 and ([.manifests[].digest] | contains([$a.digest, $b.digest]))' signed/index.json
    "$OCI_IMAGE" blob stat signed "$(jq -r .digest <<<"$of_signature")"
    # By the fall-back tag.
    tag=$(jq -r '.digest | sub(":"; "-")' <<<"$app")
    jq -nc --argjson d "$other" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$d]}' >doc
    add_entry layout "$(jq -nc --arg d "$(put layout doc)" --argjson s "$(stat -c %s doc)" --arg n "$tag" \
        '{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": $n}}')"
    succeeds copy layout:app tagged --referrers
    "$OCI_IMAGE" blob stat tagged "$(jq -r .digest <<<"$other")"
    [ -n "$(entry_of tagged "$tag")" ]
    oci copy layout:app none --referrers --compress zstd
    exits 2
    [ ! -e none ]
}

@test "another compression: the same content, the rest of the manifest is kept" {
    make_multi
    for how in zstd none gzip:9; do
        succeeds copy multi:app "as-${how/:/-}" --compress "$how"
        how=${how/:/-}
        for platform in amd64 arm64; do
            "$OCI_IMAGE" inspect --config "as-$how:app" --platform "linux/$platform" >after
            "$OCI_IMAGE" inspect --config multi:app --platform "linux/$platform" >before
            cmp before after
        done
        [ "$(entry_of "as-$how" app)" != "$(entry_of multi app)" ]
        succeeds validate "as-$how"
        succeeds unpack -q --rootfs-only "as-$how:app" "root-$how" --platform linux/amd64
        cmp tree/etc/file "root-$how/etc/file"
        # What is no part of it stays in the index.
        jq -e '.["x-unknown"].a == 1 and .annotations.k == "v" and .manifests[1].platform.architecture == "arm64"' \
            "$(blob "as-$how" "$(entry_of "as-$how" app)")"
    done
    "$OCI_IMAGE" inspect --json as-zstd:app --platform linux/arm64 |
        jq -e '.layers[0].mediaType == "application/vnd.oci.image.layer.v1.tar+zstd"'
    "$OCI_IMAGE" inspect --json as-none:app --platform linux/arm64 |
        jq -e '.layers[0].mediaType == "application/vnd.oci.image.layer.v1.tar"'
    # What is of that kind already stays as it is.
    succeeds copy multi:app same --compress gzip
    [ "$(entry_of same app)" = "$(entry_of multi app)" ]
    # There and back.
    succeeds copy as-zstd:app back --compress gzip
    for platform in amd64 arm64; do
        "$OCI_IMAGE" inspect -q --raw back:app --platform "linux/$platform" >after
        "$OCI_IMAGE" inspect -q --raw multi:app --platform "linux/$platform" >before
        cmp before after
    done
    for bad in gzip:10 lz4 zstd:0 none:1; do
        oci copy multi:app bad --compress "$bad"
        exits 2
        [ ! -e bad ]
    done
}

@test "a layer that is not what its diff_id says is not recompressed" {
    make_layout app
    manifest=$(entry_of layout app)
    config=$(jq -r .config.digest "$(blob layout "$manifest")")
    jq -c '.rootfs.diff_ids[0] = "sha256:" + ("0" * 64)' "$(blob layout "$config")" >config
    jq -c --arg d "$(put layout config)" --argjson s "$(stat -c %s config)" '.config.digest = $d | .config.size = $s' \
        "$(blob layout "$manifest")" >manifest
    add_entry layout "$(jq -nc --arg d "$(put layout manifest)" --argjson s "$(stat -c %s manifest)" \
        '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": "liar"}}')"
    oci copy layout:liar copy --compress zstd
    exits 3
    one_line
    complains_of "copy: *layer 1: *"
    [ ! -e copy ]
}

@test "Docker's media types and back" {
    make_multi
    oci copy multi:app docker --format docker
    exits 0
    [[ $stderr == "oci-image: copy: warning: the annotations of "* ]] || complain "another warning"
    docker=$(entry_of docker app)
    jq -e '.manifests[0].mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"' docker/index.json
    jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json" and
        .manifests[1].mediaType == "application/vnd.docker.distribution.manifest.v2+json"' "$(blob docker "$docker")"
    "$OCI_IMAGE" inspect --raw docker:app --platform linux/arm64 | jq -e '
        .config.mediaType == "application/vnd.docker.container.image.v1+json" and
        .layers[0].mediaType == "application/vnd.docker.image.rootfs.diff.tar.gzip"'
    succeeds unpack -q --rootfs-only docker:app root --platform linux/amd64
    succeeds copy docker:app back --format oci
    "$OCI_IMAGE" inspect --raw back:app --platform linux/arm64 >after
    "$OCI_IMAGE" inspect --raw multi:app --platform linux/arm64 >before
    cmp before after
    succeeds copy docker:app same --format docker
    [ "$(entry_of same app)" = "$docker" ]
    succeeds copy docker:app kept
    [ "$(entry_of kept app)" = "$docker" ]
    succeeds copy docker:app plain --compress none
    "$OCI_IMAGE" inspect --raw plain:app --platform linux/arm64 | jq -e '.layers[0].mediaType == "application/vnd.docker.image.rootfs.diff.tar"'
}

@test "what Docker's format cannot say" {
    make_tars
    succeeds create layout:zstd tree.tar --compress zstd --platform linux/amd64
    oci copy layout:zstd docker --format docker
    exits 3
    one_line
    complains_of "copy: *layer 1: *have no layers in zstd, only in gzip or none"
    oci copy layout:zstd docker --format docker --compress zstd
    exits 2
    [ ! -e docker ]
    succeeds copy layout:zstd docker --format docker --compress gzip
    oci copy docker:zstd other --compress zstd
    exits 3
    succeeds copy docker:zstd other --compress zstd --format oci
    [ "$(entry_of other zstd)" = "$(entry_of layout zstd)" ]
    succeeds create layout:told tree.tar --annotation a=b
    oci copy layout:told told --format docker
    exits 0
    [[ $stderr == "oci-image: copy: warning: the annotations of "* ]] || complain "another warning"
    "$OCI_IMAGE" inspect -q --raw told:told | jq -e 'has("annotations") | not'
}

@test "what is not there, and what cannot be" {
    make_layout app
    cp layout/index.json before
    oci copy layout:none copy
    exits 4
    one_line
    hints "*list layout*"
    oci copy none copy
    exits 4
    oci copy layout:app "copy@$(entry_of layout app)"
    exits 2
    oci copy layout:app "copy:a b"
    exits 2
    [ ! -e copy ]
    mkdir full
    touch full/file
    oci copy layout:app full
    exits 3
    oci copy layout:app nowhere/copy
    exits 4
    [ ! -e nowhere ]
    cmp before layout/index.json
}

@test "directories of blobs that layouts share" {
    make_layout app
    mkdir shared
    succeeds copy layout:app copy --dest-blobs shared
    [ "$(find shared/sha256 -type f | wc -l)" = 3 ]
    [ "$(find copy/blobs -type f | wc -l)" = 0 ]
    oci copy copy:app other
    exits 3
    succeeds copy copy:app other --blobs shared
    [ "$(entry_of other app)" = "$(entry_of layout app)" ]
    [ "$(find other/blobs -type f | wc -l)" = 3 ]
}

@test "within one layout" {
    make_layout app
    before=$("$OCI_IMAGE" blob list layout)
    succeeds copy layout:app layout:other
    [ "$(entry_of layout app)" = "$(entry_of layout other)" ]
    [ "$("$OCI_IMAGE" blob list layout)" = "$before" ]
}

# proves: safety.9
@test "a signal: nothing is left, and nothing was named" {
    make_tars
    seq 1 20000000 >tree/numbers
    succeeds create layout:big tree --compress gzip:1
    succeeds create other:app tree.tar
    cp other/index.json before
    for dest in new other oci-archive:new.tar; do
        for signal in INT TERM; do
            # shellcheck disable=SC2016
            run --separate-stderr timeout 60 bash -c '
                set -m
                "$OCI_IMAGE" copy layout:big '$dest' --compress gzip:9 -j 1 & pid=$!
                sleep 0.3
                kill -'$signal' $pid
                wait $pid
                echo $?'
            says $((128 + $(kill -l $signal)))
        done
        cmp before other/index.json
        holds . before layout other tree tree.tar tree.tar.gz
    done
}

@test "one manifest under two media types keeps both" {
    make_layout app
    "$OCI_IMAGE" init mixed
    cp layout/blobs/sha256/* mixed/blobs/sha256/
    entry=$(jq -c '.manifests[0] | del(.annotations)' layout/index.json)
    digest=$(jq -r .digest <<<"$entry")
    # A manifest may leave its type to the descriptor.
    jq -c 'del(.mediaType)' "layout/blobs/sha256/${digest#*:}" >manifest
    digest=$("$OCI_IMAGE" blob put mixed manifest | cut -d ' ' -f 1)
    entry=$(jq -nc --arg d "$digest" --argjson s "$(stat -c %s manifest)" '{digest: $d, size: $s}')
    jq -nc --argjson m "$entry" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests:
        [$m + {mediaType: "application/vnd.docker.distribution.manifest.v2+json"}]}' >index
    digest=$("$OCI_IMAGE" blob put mixed index | cut -d ' ' -f 1)
    jq -nc --argjson m "$entry" --arg d "$digest" --argjson s "$(stat -c %s index)" '{schemaVersion: 2, manifests: [
        $m + {mediaType: "application/vnd.oci.image.manifest.v1+json",
              annotations: {"org.opencontainers.image.ref.name": "one"}},
        {mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s,
         annotations: {"org.opencontainers.image.ref.name": "two"}}]}' >mixed/index.json
    succeeds copy mixed copy
    jq -S .manifests mixed/index.json >before
    jq -S .manifests copy/index.json >after
    cmp before after
}

@test "a layout without images is copied as what it is" {
    "$OCI_IMAGE" init empty
    succeeds copy empty copy
    succeeds list copy
}

@test "a name in the source that is none is damage, however it is met" {
    make_layout app
    digest=$(jq -r '.manifests[0].digest' layout/index.json)
    jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "no name!"' layout/index.json >new
    cp new layout/index.json
    for from in layout "layout@$digest" "--platform=$("$OCI_IMAGE" list --json layout | jq -r '.[0].platform | if type == "object" then .os + "/" + .architecture else . end') layout"; do
        # shellcheck disable=SC2086 # an option and an operand
        oci copy $from copy
        exits 3
    done
}

@test "a referrer whose name is none is damage" {
    make_layout app
    subject=$(jq -c '.manifests[0] | del(.annotations, .platform)' layout/index.json)
    jq -nc --argjson s "$subject" '{schemaVersion: 2, subject: $s, artifactType: "a/b",
        mediaType: "application/vnd.oci.image.manifest.v1+json", layers: [],
        config: {mediaType: "application/vnd.oci.empty.v1+json", size: 2,
                 digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}' >manifest
    printf '{}' | "$OCI_IMAGE" blob put layout -
    digest=$("$OCI_IMAGE" blob put layout manifest | cut -d ' ' -f 1)
    jq --arg d "$digest" --argjson s "$(stat -c %s manifest)" '.manifests += [{digest: $d, size: $s,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        annotations: {"org.opencontainers.image.ref.name": "no name!"}}]' layout/index.json >new
    cp new layout/index.json
    oci copy --referrers layout:app copy
    exits 3
    complains_of "copy: *'no name!', which is no name"
    [ ! -e copy ]
}
