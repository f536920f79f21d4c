#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
# create: standing on another image, and changing configurations.
load lib
load images

config_of() {
    "$OCI_IMAGE" inspect -q --config "$1"
}

@test "on top of an image of the same layout" {
    make_tars
    mkdir more
    echo new >more/new
    SOURCE_DATE_EPOCH=1 succeeds create layout:base tree.tar --cmd old --env A=1 --env B=2 --label l=1 --annotation a=b --created 2001-01-01T00:00:00Z
    SOURCE_DATE_EPOCH=86400 succeeds create layout:app --from layout:base more --cmd new --env B=3 --env C=4
    config_of layout:app >config
    jq -e '.config.Cmd == ["new"] and .config.Env == ["A=1", "B=3", "C=4"] and .config.Labels == {"l": "1"}' config
    jq -e '.created == "1970-01-02T00:00:00Z" and (.history | length) == 2 and (.rootfs.diff_ids | length) == 2' config
    jq -e '.history[0].created == "2001-01-01T00:00:00Z" and .history[1].created == "1970-01-02T00:00:00Z"' config
    [ "$(config_of layout:base | jq -c .rootfs.diff_ids[0])" = "$(jq -c .rootfs.diff_ids[0] config)" ]
    [ "$("$OCI_IMAGE" inspect -q --raw layout:app | jq -r .annotations.a)" = b ]
    succeeds unpack --rootfs-only layout:app rootfs
    holds rootfs etc new private
}

@test "on top of an image of another layout: its blobs come along" {
    make_tars
    succeeds create base:img tree.tar --compress zstd
    succeeds create layout:app --from base:img
    layer=$("$OCI_IMAGE" inspect --json base:img | jq -r '.layers[0].digest | split(":")[1]')
    cmp "base/blobs/sha256/$layer" "layout/blobs/sha256/$layer"
    succeeds unpack --rootfs-only layout:app rootfs
    [ "$(cat rootfs/etc/file)" = text ]
}

@test "--from what is not there or is damaged adds nothing" {
    make_layout app
    cp layout/index.json before
    oci create layout:new --from layout:none
    exits 4
    complains_of "create: --from: *"
    oci create layout:new --from missing
    exits 4
    succeeds create base:img tree.tar --compress none
    layer=$("$OCI_IMAGE" inspect --json base:img | jq -r '.layers[0].digest | split(":")[1]')
    chmod u+w "base/blobs/sha256/$layer"
    printf x | dd of="base/blobs/sha256/$layer" bs=1 seek=100 conv=notrunc status=none
    oci create layout:new --from base:img
    exits 3
    one_line
    complains_of "create: the image to stand on: layer 1 (sha256:$layer): *"
    rm "base/blobs/sha256/$layer"
    oci create layout:new --from base:img
    exits 3
    one_line
    cmp before layout/index.json
    [ -z "$(find layout -name '*.oci-image-*')" ]
}

@test "--platform chooses which image to stand on" {
    make_tars
    succeeds create layout:arm tree.tar --platform linux/arm64/v8 --cmd arm
    oci create layout:app --from layout:arm --platform linux/arm64
    exits 0
    config_of layout:app | jq -e '.architecture == "arm64" and .variant == "v8" and .config.Cmd == ["arm"]'
    oci create layout:app --from layout:arm --platform linux/riscv64
    exits 4
}

@test "lists: words, arrays, taking out, clearing" {
    make_layout base
    succeeds create layout:app tree.tar --entrypoint '["/bin/a", "-x"]' --cmd one --cmd two --env '["A=1","B=2"]' --env C=3 \
        --volume '["/a","/b"]' --expose '["80/tcp"]' --expose 81
    config_of layout:app >config
    jq -e '.config.Entrypoint == ["/bin/a", "-x"] and .config.Cmd == ["one", "two"]' config
    jq -e '.config.Env == ["A=1", "B=2", "C=3"] and (.config.Volumes | keys) == ["/a", "/b"]' config
    jq -e '(.config.ExposedPorts | keys) == ["80/tcp", "81"]' config
    succeeds create layout:two --from layout:app --unset-env A --unset-env none --unset-volume /b --unset-expose 80/tcp \
        --clear entrypoint --cmd '[]' --env B=9
    config_of layout:two >config
    jq -e '.config.Env == ["B=9", "C=3"] and (.config.Volumes | keys) == ["/a"] and (.config.ExposedPorts | keys) == ["81"]' config
    jq -e '.config.Entrypoint == null and .config.Cmd == null' config
}

@test "labels and annotations" {
    make_tars
    succeeds create layout:app tree.tar --label a=1 --label b= --annotation x=1 --annotation y=2
    succeeds create layout:two --from layout:app --unset-label a --label c=3=4 --unset-annotation x
    config_of layout:two | jq -e '.config.Labels == {"b": "", "c": "3=4"}'
    "$OCI_IMAGE" inspect -q --raw layout:two | jq -e '.annotations == {"y": "2"}'
    succeeds create layout:three --from layout:two --clear label --clear annotation
    config_of layout:three | jq -e '.config.Labels == null'
    "$OCI_IMAGE" inspect -q --raw layout:three | jq -e '.annotations == null'
}

@test "platform, times and history" {
    make_tars
    succeeds create layout:app tree.tar --os linux --architecture arm --variant v7 --created 2020-02-02T02:02:02Z \
        --history-comment 'by hand'
    config_of layout:app >config
    jq -e '.os == "linux" and .architecture == "arm" and .variant == "v7" and .created == "2020-02-02T02:02:02Z"' config
    jq -e '.history == [{"created": "2020-02-02T02:02:02Z", "created_by": "oci-image create", "comment": "by hand"}]' config
    jq -e '.manifests[0].platform == {"architecture": "arm", "os": "linux", "variant": "v7"}' layout/index.json
    oci create layout:edited --from layout:app --user 1 --history-comment 'another user'
    exits 0
    config_of layout:edited | jq -e '(.history | length) == 2 and .history[1].comment == "another user" and .history[1].empty_layer'
    succeeds create layout:quiet tree.tar --no-history
    config_of layout:quiet | jq -e '.history == null'
    oci create layout:more --from layout:quiet tree.tar
    exits 0
    config_of layout:more | jq -e '(.history | length) == 2 and .history[1].created_by == "oci-image create"'
}

@test "what cannot be is refused before anything is read" {
    make_layout app
    cp layout/index.json before
    while read -r option value; do
        oci create layout:bad no-such-tar "$option" "$value"
        exits 2
        one_line
        complains_of "create: *"
    done <<'END'
--env A
--env =b
--env ["A"]
--env [1]
--env [
--cmd ["a"
--cmd ["a"],
--label =x
--annotation a
--expose web
--expose 80/
--expose 70000
--user a:b:c
--created yesterday
--clear nothing
--platform linux
END
    cmp before layout/index.json
}
