#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

# An image with users: alice is in users and wheel.
make_image() {
    mkdir -p tree/etc tree/usr/lib tree/data
    printf 'root:x:0:0::/:/bin/sh\nalice:x:1000:100::/:/bin/sh\n' >tree/usr/lib/passwd
    printf 'root:x:0:\nusers:x:100:\nwheel:x:10:alice\n' >tree/etc/group
    ln -sf /usr/lib/passwd tree/etc/passwd
    chmod 1770 tree/data
    tar -C tree --sort=name --mtime=@1000 --numeric-owner --owner=7 --group=8 -cf tree.tar .
    # Users of lower layers are none any more.
    mkdir -p lower/etc lower/usr/lib
    printf 'bob:x:5:6::/:/bin/sh\nalice:x:9:9::/:/bin/sh\n' | tee lower/etc/passwd >lower/usr/lib/passwd
    tar -C lower --numeric-owner --owner=0 --group=0 -cf lower.tar .
    "$OCI_IMAGE" create layout:app lower.tar tree.tar --cmd /bin/sh "$@"
}

@test "what unpack would write" {
    make_image --user alice --env A=b --volume /data --label k=v
    succeeds unpack layout:app bundle
    for options in "" "--no-terminal --readonly --hostname=box --caps=docker --volumes=none" "--runtime-spec=1.0 --arg x"; do
        rm -rf bundle
        # shellcheck disable=SC2086
        succeeds unpack $options layout:app bundle
        # shellcheck disable=SC2086
        succeeds runtime-config $options layout:app
        [ "$output" = "$(cat bundle/config.json)" ] || complain "it is not the same"
        # shellcheck disable=SC2086
        succeeds runtime-config $options layout:app --rootfs bundle/rootfs -o other.json
        is_silent
        cmp other.json bundle/config.json
    done
    is_json '.process.user == {"uid": 1000, "gid": 100, "additionalGids": [10]}'
}

@test "names are looked up in the layers, and only when there are some" {
    make_image --user bob
    oci runtime-config layout:app
    exits 3
    one_line
    complains_of "runtime-config: config.User 'bob': the image has no user 'bob'"
    make_image --user 12:34
    rm layout/blobs/sha256/"$("$OCI_IMAGE" inspect --json layout:app | jq -r '.layers[0].digest' | cut -d : -f 2)"
    succeeds runtime-config layout:app
    is_json '.process.user == {"uid": 12, "gid": 34}'
    make_image --user alice:wheel
    succeeds runtime-config layout:app
    is_json '.process.user == {"uid": 1000, "gid": 10}'
    mkdir -p other/etc
    echo alice:x:77:78:: >other/etc/passwd
    make_image --user alice
    succeeds runtime-config layout:app --rootfs other
    is_json '.process.user == {"uid": 77, "gid": 78}'
    oci runtime-config layout:app --rootfs none
    exits 4
    complains_of "runtime-config: --rootfs: open 'none': No such file or directory"
}

@test "a damaged layer gives no answer" {
    make_image --user alice
    blob=layout/blobs/sha256/$("$OCI_IMAGE" inspect --json layout:app | jq -r '.layers[1].digest' | cut -d : -f 2)
    chmod u+w "$blob"
    printf X | dd of="$blob" bs=1 seek=$(($(stat -c %s "$blob") - 3)) conv=notrunc status=none
    oci runtime-config layout:app -o config.json
    exits 3
    one_line
    [ ! -e config.json ]
}

@test "--template: under the image, over the defaults, below the options" {
    make_image --env A=image --workdir /w
    cat >t.json <<'JSON'
{"process": {"env": ["A=template", "B=template"], "cwd": "/t", "terminal": false, "oomScoreAdj": 5}, "hostname": "template",
 "linux": {"resources": null}, "mine": [1.50, null]}
JSON
    succeeds runtime-config --template t.json layout:app
    is_json '.process.env[:2] == ["A=image", "B=template"] and .process.cwd == "/w" and .process.terminal == false'
    is_json '.process.oomScoreAdj == 5 and .hostname == "template" and (.linux | has("resources") | not) and .mine == [1.5, null]'
    succeeds runtime-config --template t.json --hostname option layout:app
    is_json '.hostname == "option"'
    run --separate-stderr bash -c '"$OCI_IMAGE" runtime-config --template - layout:app <t.json'
    exits 0
    is_json '.hostname == "template"'
    for text in '{"linux":{"namespaces":[{"type":"pid","path":"x"}]}}' '[]' '{' '{"process":5}' ''; do
        printf %s "$text" >bad.json
        oci runtime-config --template bad.json layout:app
        exits 2
        one_line
        complains_of "runtime-config: the template*"
    done
    oci unpack --template bad.json layout:app bundle
    exits 2
    [ ! -e bundle ]
    oci runtime-config --template none.json layout:app
    exits 4
    oci runtime-config --template . layout:app
    exits 1
    one_line
}

@test "--caps" {
    make_image
    succeeds runtime-config --caps CAP_CHOWN,CAP_KILL layout:app
    is_json '.process.capabilities == {"bounding": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN", "CAP_KILL"]}'
    succeeds runtime-config --caps none layout:app
    is_json '[.process.capabilities[] | length] == [0, 0, 0]'
    oci runtime-config --caps CAP_CHOWN,chown layout:app
    exits 2
    hints "choose one of default, docker, none, *"
    oci runtime-config --caps '' layout:app
    exits 2
    oci runtime-config --caps CAP_NONE layout:app
    exits 2
    complains_of "runtime-config: there is no capability 'CAP_NONE'"
}

@test "--volumes" {
    make_image --volume /data
    succeeds unpack layout:app bundle
    jq -e '.mounts[-1] == {"destination": "/data", "type": "bind", "source": "volumes/0", "options": ["bind", "rw", "nosuid", "nodev"]}' bundle/config.json
    [ "$(stat -c %a bundle/volumes/0)" = 1770 ]
    succeeds runtime-config --volumes tmpfs --rootfs bundle/rootfs layout:app
    if [ "$(id -u)" -eq 0 ]; then
        is_json '.mounts[-1].options == ["rw", "nosuid", "nodev", "mode=1770", "uid=7", "gid=8"]'
    fi
    is_json '.mounts[-1].type == "tmpfs"'
    succeeds runtime-config --volumes none layout:app
    is_json '[.mounts[] | select(.destination == "/data")] == []'
}

@test "id maps" {
    make_image
    succeeds runtime-config --uid-map 0:100000:65536 --gid-map 0:200000:65536 layout:app
    is_json '.linux.uidMappings == [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    is_json '.linux.gidMappings[0].hostID == 200000 and .linux.namespaces[0].type == "user"'
    oci runtime-config --uid-map 0:1:2 layout:app
    exits 2
    complains_of "runtime-config: --uid-map is there, --gid-map is missing: both are needed"
    for bad in 1 1:2 1:2:3:4 a:1:2 -1:1:1 4294967296:1:1 1:2: ::; do
        oci runtime-config --uid-map "$bad" --gid-map 0:0:1 layout:app
        exits 2
        one_line
    done
    oci runtime-config --uid-map 0:0:0 --gid-map 0:0:1 layout:app
    exits 2
    oci runtime-config --uid-map 0:1000:10 --uid-map 5:2000:10 --gid-map 0:0:1 layout:app
    exits 2
    complains_of "runtime-config: the user maps 0:1000:10 and 5:2000:10 overlap"
}

@test "no command" {
    make_tars
    "$OCI_IMAGE" create layout:none tree.tar
    oci runtime-config layout:none
    exits 0
    is_json '.process.args == ["sh"]'
    complains_of "runtime-config: warning: *'sh' is taken"
    oci runtime-config --no-shell layout:none
    exits 3
    hints "say what to run with --arg, or let it be a shell with --shell"
    succeeds runtime-config --no-shell --arg /x layout:none
}

@test "an ordinary user" {
    make_image
    oci_as_nobody runtime-config layout:app
    exits 0
    is_json '.linux.namespaces[0].type == "user" and ([.linux.namespaces[].type] | index("network") | not)'
    is_json '.linux.uidMappings[0].containerID == 0 and (.linux | has("resources") | not)'
    is_json '[.mounts[] | select(.destination == "/sys")][0].source == "/sys"'
    is_json '[.mounts[] | select(.destination == "/etc/resolv.conf")] | length == 1'
    is_json '[.mounts[].options[]? | select(. == "gid=5")] == []'
}

@test "output: whole or not at all" {
    make_image
    echo old >there.json
    chmod 600 there.json
    succeeds runtime-config layout:app -o there.json
    is_silent
    jq -e .ociVersion there.json
    echo old >there.json
    oci runtime-config layout:app -o there.json --platform linux/s390x
    exits 4
    [ "$(cat there.json)" = old ]
    oci runtime-config layout:app -o no/such/place
    [ "$status" -ne 0 ]
    one_line
    succeeds runtime-config layout:app -o /dev/null
    run --separate-stderr bash -c '"$OCI_IMAGE" runtime-config layout:app >/dev/full'
    exits 1
    one_line
    jq -nc '{annotations: {long: ("x" * 100000)}}' >long.json
    for options in "" "--template long.json"; do
        # shellcheck disable=SC2086
        oci runtime-config $options layout:app -o /dev/full
        exits 1
        one_line
    done
    rm long.json
    # A link stays, be it that of standard output.
    ln -s there.json link
    succeeds runtime-config layout:app -o link
    [ -L link ] && jq -e .ociVersion there.json
    ln -sf /dev/stdout link
    "$OCI_IMAGE" runtime-config layout:app -o link >there.json
    [ -L link ] && jq -e .ociVersion there.json
    rm link
    holds . layout lower lower.tar there.json tree tree.tar
}

@test "usage" {
    make_image
    oci runtime-config
    exits 2
    hints "usage: oci-image runtime-config *"
    oci runtime-config layout:app more
    exits 2
    oci runtime-config layout:none
    exits 4
    oci runtime-config nothing
    exits 4
}
