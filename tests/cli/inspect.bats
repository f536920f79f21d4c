#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

@test "a summary for people" {
    make_tars
    "$OCI_IMAGE" create layout:app tree.tar.gz --entrypoint /bin/app --cmd run --env A=1 --env B=2 --user 7:8 \
        --workdir /srv --author 'Some One' --stop-signal SIGINT --expose 80/tcp --volume /data
    succeeds inspect layout:app
    for line in 'Platform: +linux/' 'Author: +Some One$' 'User: +7:8$' 'WorkingDir: +/srv$' 'Entrypoint: +/bin/app$' \
        'Cmd: +run$' 'Env: +A=1$' ' +B=2$' 'Volumes: +/data$' 'ExposedPorts: +80/tcp$' 'StopSignal: +SIGINT$' \
        'Layers:$' '  1  sha256:[0-9a-f]{64} .* gzip$'; do
        grep -Eq "^$line" <<<"$output" || complain "no line '$line'"
    done
}

@test "--json" {
    make_tars
    "$OCI_IMAGE" create layout:app tree.tar.gz tree.tar --entrypoint /bin/app --cmd run --cmd -x --env A=1 --user 7 \
        --label l=v=w --annotation 'a=b c' --platform linux/arm64/v8
    succeeds inspect --quiet --json layout:app
    is_json '.entrypoint == ["/bin/app"] and .cmd == ["run", "-x"] and .env == ["A=1"] and .user == "7"'
    is_json '.labels == {"l": "v=w"} and .annotations == {"a": "b c"}'
    is_json '.platform | startswith("linux/arm64")'
    is_json '.author == null and .workingDir == null and .stopSignal == null and .volumes == []'
    is_json '.layers | length == 2 and .[0].diffId == .[1].diffId'
    is_json '.layers[0].chainId == .layers[0].diffId and .layers[1].chainId != .layers[1].diffId'
    first=$(jq -r '.layers[0].diffId' <<<"$output")
    [ "$first" = "sha256:$(sha256sum <tree.tar | cut -d ' ' -f 1)" ]
    second=sha256:$(printf '%s %s' "$first" "$first" | sha256sum | cut -d ' ' -f 1)
    is_json ".layers[1].chainId == \"$second\""
}

@test "--raw and --config are the bytes of the blobs" {
    make_layout app
    digest=$("$OCI_IMAGE" inspect --json layout:app | jq -r .digest)
    id=$("$OCI_IMAGE" inspect --json layout:app | jq -r .imageId)
    "$OCI_IMAGE" inspect --raw layout:app >manifest
    "$OCI_IMAGE" inspect --config layout:app >config
    cmp manifest "layout/blobs/sha256/${digest#*:}"
    cmp config "layout/blobs/sha256/${id#*:}"
    oci inspect --raw --config layout:app
    exits 2
    complains_of "inspect: --raw, --config and --json exclude each other"
}

@test "names, digests and the options for them" {
    make_layout app other/image:1.0
    app=$("$OCI_IMAGE" list --json layout | jq -r '.[0].digest')
    other=$("$OCI_IMAGE" list --json layout | jq -r '.[1].digest')
    for arguments in "layout:app" "oci:layout:app" "layout@$app" "layout:app@$app" "layout --ref app" \
        "--ref=app layout" "layout --digest $app" "--ref app --digest $app layout" "layout:app --ref app"; do
        # shellcheck disable=SC2086
        succeeds inspect --json $arguments
        is_json ".digest == \"$app\""
    done
    for arguments in "layout:other/image:1.0" "oci:layout:other/image:1.0" "--ref other/image:1.0 layout"; do
        # shellcheck disable=SC2086
        succeeds inspect --json $arguments
        is_json ".digest == \"$other\""
    done
    oci inspect layout:app --ref other/image:1.0
    exits 2
    complains_of "inspect: the image is called 'app', and --ref says 'other/image:1.0'"
    oci inspect "layout:app@$other"
    exits 4
    for bad in nonsense sha256:abc; do
        oci inspect layout --digest $bad
        exits 2
        one_line
        complains_of "inspect: --digest: *'$bad'*"
    done
}

@test "a path with a colon that exists is the path" {
    make_layout app
    mv layout a:b
    succeeds inspect a:b
    succeeds inspect a:b --ref app
    oci inspect a:b --ref b
    exits 4
}

@test "the name that containerd writes" {
    make_layout app other
    jq '.manifests[0].annotations = {"io.containerd.image.name": "docker.io/library/app:1"}' layout/index.json >new
    cp new layout/index.json
    succeeds inspect --json layout:docker.io/library/app:1
    is_json '.env == ["NAME=app"]'
}

@test "no such name: the names there are" {
    make_layout app other
    oci inspect layout:ap
    exits 4
    one_line
    complains_of "inspect: 'layout': no image is named 'ap'; there is: app, other*"
    hints "'oci-image list layout' shows what is there"
    oci inspect "layout@sha256:$(printf '%064d' 0)"
    exits 4
    complains_of "inspect: 'layout': no manifest sha256:0*0 is reachable from index.json*"
    oci inspect missing:app
    exits 4
    complains_of "inspect: *'missing' is not there"
}

@test "more than one: the candidates" {
    make_layout app other
    oci inspect layout
    exits 4
    one_line
    complains_of "inspect: 'layout': more than one image fits, *app sha256:*other sha256:*"
    hints "say which: 'layout:NAME' or 'layout@DIGEST'"
    "$OCI_IMAGE" init nothing
    oci inspect nothing
    exits 4
    one_line
    complains_of "inspect: 'nothing': there is no image manifest*"
}

@test "--platform" {
    make_tars
    "$OCI_IMAGE" create layout:arm tree.tar --platform linux/arm64
    succeeds inspect layout:arm --platform linux/arm64
    oci inspect layout:arm --platform linux/s390x
    exits 4
    one_line
    complains_of "inspect: 'layout': no image is for that platform; *arm64*"
    oci inspect layout:arm --platform nonsense
    exits 2
    complains_of "inspect: --platform: *'nonsense'*"
    "$OCI_IMAGE" create other:x tree.tar --platform linux/riscv64
    oci inspect other:x
    exits 0
    [[ $stderr == "oci-image: inspect: warning: the image is for linux/riscv64, this machine is "* ]]
    succeeds inspect -q other:x
}

@test "a damaged manifest or configuration" {
    make_layout app
    for member in imageId digest; do
        blob=layout/blobs/sha256/$("$OCI_IMAGE" inspect --json layout | jq -r ".$member" | cut -d : -f 2)
        chmod u+w "$blob"
        size=$(stat -c %s "$blob")
        cp "$blob" good
        printf x | dd of="$blob" bs=1 seek=5 conv=notrunc status=none
        oci inspect layout
        exits 3
        one_line
        complains_of "inspect: *${blob##*/}*"
        head -c $((size - 1)) good >"$blob"
        oci inspect layout
        exits 3
        rm "$blob"
        oci inspect layout
        [ "$status" -eq 4 ] || [ "$status" -eq 3 ]
        one_line
        cp good "$blob"
    done
    succeeds inspect layout
}

@test "usage" {
    oci inspect
    exits 2
    hints "usage: oci-image inspect *IMAGE"
    oci inspect --jsno x
    exits 2
    hints "did you mean '--json'?"
    oci inspect x:
    exits 2
    complains_of "inspect: image reference 'x:': the name after the colon is empty"
}

@test "results that cannot be written, and closed streams" {
    [ -e /dev/full ] || skip "no /dev/full"
    make_layout app
    for option in --json --raw --config --quiet; do
        run --separate-stderr bash -c '"$OCI_IMAGE" inspect layout "$1" >/dev/full' bash $option
        exits 1
        complains_of "inspect: write standard output: No space left on device"
    done
    run --separate-stderr bash -c '"$OCI_IMAGE" inspect --json layout <&- 2>&-'
    exits 0
    is_json '.cmd == ["/bin/sh"]'
}
