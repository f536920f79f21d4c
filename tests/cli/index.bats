#!/usr/bin/env bats
# shellcheck disable=SC2154 # variables of bats
# index, and copy and create with --merge: several platforms under one name.
load lib
load images

entry_of() {
    jq -r --arg name "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest' "$1/index.json"
}

# index_of LAYOUT NAME: the index that it means.
index_of() {
    local digest
    digest=$(entry_of "$1" "$2")
    cat "$1/blobs/${digest/://}"
}

# platforms_of LAYOUT NAME: of the manifests in it, in order.
platforms_of() {
    index_of "$1" "$2" | jq -r '[.manifests[] | .platform | .os + "/" + .architecture + (if .variant then "/" + .variant else "" end)] | join(" ")'
}

make_parts() {
    make_tars
    for arch in amd64 arm64 riscv64; do
        "$OCI_IMAGE" create "$arch:app" tree.tar --platform "linux/$arch" --env "ARCH=$arch" || return 1
    done
}

@test "create: an index of images of several layouts" {
    make_parts
    succeeds index create layout:app amd64:app arm64:app --annotation a=b --annotation c=d
    is_silent
    [ "$(platforms_of layout app)" = "linux/amd64 linux/arm64" ]
    index_of layout app | jq -e '.mediaType == "application/vnd.oci.image.index.v1+json" and .schemaVersion == 2 and
        .annotations == {"a": "b", "c": "d"} and (.manifests | all(.annotations == null))'
    [ "$(index_of layout app | jq -r '.manifests[1].digest')" = "$(entry_of arm64 app)" ]
    succeeds validate layout
    "$OCI_IMAGE" inspect --config --platform linux/arm64 layout:app | jq -e '.config.Env == ["ARCH=arm64"]'
    # Anew: nothing of the old one is left. Indexes give what is in them.
    succeeds index create layout:app riscv64:app
    [ "$(platforms_of layout app)" = linux/riscv64 ]
    succeeds index create layout:both amd64:app layout:app
    [ "$(platforms_of layout both)" = "linux/amd64 linux/riscv64" ]
    succeeds index create layout:one layout:both --platform linux/riscv64
    [ "$(platforms_of layout one)" = linux/riscv64 ]
    succeeds index create archive.tar:app amd64:app arm64:app
    mkdir out
    tar -xf archive.tar -C out
    [ "$(platforms_of out app)" = "linux/amd64 linux/arm64" ]
}

@test "add: beside what is there, in place of the same platform" {
    make_parts
    succeeds copy amd64:app layout
    succeeds index add layout:app arm64:app
    [ "$(platforms_of layout app)" = "linux/amd64 linux/arm64" ]
    succeeds index add layout:app riscv64:app --annotation a=b
    "$OCI_IMAGE" create arm64:new tree.tar --platform linux/arm64/v8 --env NEW=1
    succeeds index add layout:app arm64:new
    [ "$(platforms_of layout app)" = "linux/amd64 linux/arm64/v8 linux/riscv64" ]
    index_of layout app | jq -e '.annotations == {"a": "b"}'
    before=$(entry_of layout app)
    succeeds index add layout:app arm64:new
    [ "$(entry_of layout app)" = "$before" ]
    # A name that is new.
    succeeds index add layout:fresh arm64:app
    [ "$(platforms_of layout fresh)" = linux/arm64 ]
    succeeds validate layout
}

@test "remove: by platform, by digest" {
    make_parts
    succeeds index create layout:app amd64:app arm64:app riscv64:app
    succeeds index remove layout:app linux/arm64
    [ "$(platforms_of layout app)" = "linux/amd64 linux/riscv64" ]
    succeeds index remove layout:app "$(entry_of riscv64 app)"
    [ "$(platforms_of layout app)" = linux/amd64 ]
    before=$(entry_of layout app)
    oci index remove layout:app linux/arm64
    exits 4
    one_line
    complains_of "index: the index has nothing for linux/arm64"
    oci index remove layout:app linux/amd64
    exits 2
    complains_of "index: nothing would be left of 'app'"
    oci index remove layout:none linux/amd64
    exits 4
    oci index remove nowhere:app linux/amd64
    exits 4
    [ ! -e nowhere ]
    [ "$(entry_of layout app)" = "$before" ]
}

@test "attestations go with what they are about" {
    make_parts
    succeeds index create layout:app amd64:app arm64:app
    attested=$(entry_of amd64 app)
    succeeds create said:x tree.tar --env SAID=1
    manifest=$(jq -c '.manifests[0] | del(.annotations)' said/index.json)
    succeeds copy said:x layout:attestation
    index_of layout app | jq -c --argjson m "$manifest" --arg about "$attested" '.manifests += [$m + {platform: {os: "unknown", architecture: "unknown"},
        annotations: {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": $about}}]' >doc
    digest=$("$OCI_IMAGE" blob put layout doc | cut -d' ' -f1)
    jq -c --arg d "$digest" --argjson s "$(stat -c %s doc)" '.manifests |= map(if .annotations["org.opencontainers.image.ref.name"] == "app"
        then .digest = $d | .size = $s else . end)' layout/index.json >index.new
    mv index.new layout/index.json
    "$OCI_IMAGE" create amd64:new tree.tar --platform linux/amd64 --env NEW=1
    # Another platform: it stays. Recompressed: it is about the new one.
    succeeds index add layout:app riscv64:app
    index_of layout app | jq -e '[.manifests[] | select(.annotations)] | length == 1'
    succeeds copy layout:app packed --compress zstd
    [ "$(index_of packed app | jq -r '.manifests[0].digest')" != "$attested" ]
    index_of packed app | jq -e '(.manifests[0].digest) as $d | [.manifests[] | select(.annotations["vnd.docker.reference.digest"] == $d)] | length == 1'
    succeeds index add layout:app amd64:new
    index_of layout app | jq -e '[.manifests[] | select(.annotations)] | length == 0'
}

@test "copy --merge" {
    make_parts
    succeeds copy amd64:app layout --merge
    succeeds copy arm64:app layout:app --merge --compress zstd
    [ "$(platforms_of layout app)" = "linux/amd64 linux/arm64" ]
    succeeds copy layout:app other --merge --platform linux/arm64
    [ "$(platforms_of other app)" = linux/arm64 ]
    # Without it the name moves.
    succeeds copy riscv64:app layout:app
    [ "$(entry_of layout app)" = "$(entry_of riscv64 app)" ]
    "$OCI_IMAGE" create unnamed tree.tar
    oci copy unnamed layout --merge
    exits 2
    oci copy layout:app docker-archive:x.tar --merge
    exits 2
}

@test "create --merge, and without it" {
    make_tars
    succeeds create layout:x tree.tar --platform linux/amd64 --merge
    succeeds create layout:x tree.tar --platform linux/arm64 --merge
    [ "$(platforms_of layout x)" = "linux/amd64 linux/arm64" ]
    succeeds create layout:x tree.tar --platform linux/arm64 --merge --env A=1
    [ "$(platforms_of layout x)" = "linux/amd64 linux/arm64" ]
    "$OCI_IMAGE" inspect --config --platform linux/arm64 layout:x | jq -e '.config.Env == ["A=1"]'
    succeeds validate layout
    succeeds create layout:y tree.tar --platform linux/amd64
    succeeds create layout:y tree.tar --platform linux/arm64 --merge
    [ "$(platforms_of layout y)" = "linux/amd64 linux/arm64" ]
    succeeds create layout:y tree.tar --platform linux/arm64
    jq -e '[.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "y") | .platform.architecture] == ["arm64"]' layout/index.json
    oci create layout tree.tar --merge
    exits 2
    complains_of "create: what has no name *"
}

@test "a flat list under one name becomes an index" {
    make_parts
    succeeds copy amd64:app layout
    succeeds copy arm64:app layout:other
    jq -c '.manifests |= map(.annotations["org.opencontainers.image.ref.name"] = "flat")' layout/index.json >index.new
    mv index.new layout/index.json
    succeeds index add layout:flat riscv64:app
    [ "$(platforms_of layout flat)" = "linux/amd64 linux/arm64 linux/riscv64" ]
    [ "$(jq '.manifests | length' layout/index.json)" = 1 ]
}

@test "Docker's format stays Docker's" {
    make_parts
    succeeds copy amd64:app docker --format docker
    succeeds copy arm64:app docker:arm --format docker
    succeeds index create layout:app docker:app docker:arm
    index_of layout app | jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"'
    succeeds index add layout:app docker:arm
    index_of layout app | jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"'
    succeeds index create mixed:app docker:app arm64:app
    index_of mixed app | jq -e '.mediaType == "application/vnd.oci.image.index.v1+json"'
}

@test "what cannot be" {
    make_parts
    oci index create layout amd64:app
    exits 2
    oci index make layout:app amd64:app
    exits 2
    hints "choose one of *"
    oci index create layout:app
    exits 2
    oci index create layout:app amd64:none
    exits 4
    oci index create layout:app amd64:app --annotation a
    exits 2
    oci index create docker-archive:x.tar:app amd64:app
    exits 2
    oci index add x.tar:app amd64:app
    exits 2
    rm -f "amd64/blobs/sha256/$(entry_of amd64 app | cut -d: -f2)"
    oci index create layout:app amd64:app
    exits 3
    one_line
    [ ! -e layout ]
    [ ! -e x.tar ]
}

@test "what joins at the same time is all there" {
    make_parts
    for round in 1 2 3 4 5; do
        for dest in new old; do
            [ "$dest" = new ] || succeeds init old
            for part in amd64 arm64 riscv64; do
                if [ $part = arm64 ]; then
                    "$OCI_IMAGE" index add "$dest:app" $part:app 2>$part.err &
                else
                    "$OCI_IMAGE" copy --merge $part:app $dest 2>$part.err &
                fi
                pids[${#pids[@]}]=$!
            done
            for pid in "${pids[@]}"; do
                wait "$pid" || complain "round $round: $(cat ./*.err)"
            done
            pids=()
            [ "$(platforms_of $dest app | tr ' ' '\n' | sort | tr '\n' ' ')" = "linux/amd64 linux/arm64 linux/riscv64 " ]
            succeeds validate $dest
            rm -r $dest
        done
    done
}

@test "a child that is not there has no platform to tell, and may be missing" {
    make_parts
    jq 'del(.manifests[].platform)' arm64/index.json >new
    cp new arm64/index.json
    rm -f "arm64/blobs/sha256/$(entry_of arm64 app | cut -d: -f2)"
    oci index create layout:app amd64:app arm64:app
    exits 3
    oci index create layout:app amd64:app arm64:app --allow-missing
    exits 0
    complains_of "index: warning: sha256:* is not there, the copy lacks it too"
    index_of layout app | jq -e '.manifests | length == 2 and (.[1] | has("platform") | not)'
    # In the index it stays what it is, as an entry of its own it is damage.
    oci index add layout:app riscv64:app
    exits 0
    oci copy --allow-missing arm64:app layout:alone
    exits 0
    oci index add layout:alone riscv64:app
    exits 3
    complains_of "index: *what 'alone' is: *"
}
