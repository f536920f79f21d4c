#!/usr/bin/env bats
# shellcheck disable=SC2154 # variables of bats
load lib
load images

# refused TEXT COMMAND...: one line that has the text, and exit status 3.
refused() {
    local text=$1
    shift
    oci "$@"
    exits 3
    complains_of "*$text*"
}

# aci/rootfs, which is tree, and app.aci of it with a manifest that jq makes of what there is usually.
make_aci() {
    [ -e tree.tar ] || make_tars
    mkdir -p aci
    [ -e aci/rootfs ] || cp -a tree aci/rootfs
    jq -c "${1:-.}" >aci/manifest <<'JSON'
{
  "acKind": "ImageManifest", "acVersion": "0.8.11", "name": "example.com/tools/worker",
  "labels": [
    {"name": "version", "value": "1.2.3"}, {"name": "os", "value": "linux"}, {"name": "arch", "value": "aarch64"},
    {"name": "channel", "value": "beta"}
  ],
  "app": {
    "exec": ["/bin/worker", "--quiet"], "user": "100", "group": "300", "workingDirectory": "/srv",
    "environment": [{"name": "B", "value": "two=2"}, {"name": "A", "value": ""}],
    "ports": [
      {"name": "http", "port": 80, "protocol": "tcp"}, {"name": "many", "port": 5000, "count": 3, "protocol": "udp"}
    ],
    "mountPoints": [{"name": "data", "path": "/srv/data", "readOnly": true}]
  },
  "annotations": [
    {"name": "created", "value": "2015-10-27T19:32:27Z"}, {"name": "authors", "value": "Ann <ann@example.com>"},
    {"name": "homepage", "value": "https://example.com"}, {"name": "documentation", "value": "https://example.com/d"},
    {"name": "example.com/more", "value": "yes"}
  ]
}
JSON
    tar -C aci --sort=name --mtime=@1000 --numeric-owner --owner=0 --group=0 -cf app.aci manifest rootfs
}

@test "an ACI is an image of one layer" {
    make_aci
    succeeds list app.aci
    [[ $output == *example.com/tools/worker:1.2.3*linux/arm64/v8* ]] || complain "not listed"
    succeeds validate app.aci
    succeeds inspect --raw --platform linux/arm64 app.aci
    is_json '.annotations == {
        "org.opencontainers.image.created": "2015-10-27T19:32:27Z",
        "org.opencontainers.image.authors": "Ann <ann@example.com>",
        "org.opencontainers.image.url": "https://example.com",
        "org.opencontainers.image.documentation": "https://example.com/d",
        "org.opencontainers.image.title": "example.com/tools/worker",
        "org.opencontainers.image.version": "1.2.3",
        "example.com/more": "yes"}'
    is_json '(.layers | length) == 1 and .layers[0].mediaType == "application/vnd.oci.image.layer.v1.tar"'
    config=$(jq -r .config.digest <<<"$output")
    layer=$(jq -r .layers[0].digest <<<"$output")
    succeeds blob get app.aci "$config"
    is_json '.created == "2015-10-27T19:32:27Z" and .author == "Ann <ann@example.com>"'
    is_json '[.os, .architecture, .variant] == ["linux", "arm64", "v8"]'
    is_json '.config == {
        "User": "100:300", "ExposedPorts": {"80/tcp": {}, "5000/udp": {}, "5001/udp": {}, "5002/udp": {}},
        "Env": ["B=two=2", "A="], "Entrypoint": ["/bin/worker", "--quiet"], "Volumes": {"/srv/data": {}},
        "WorkingDir": "/srv", "Labels": {"channel": "beta"}}'
    is_json ".rootfs.diff_ids == [\"$layer\"]"
}

@test "an ACI is unpacked to what it was made of" {
    make_aci
    succeeds unpack --platform linux/arm64 app.aci bundle
    diff -r tree bundle/rootfs
    [ bundle/rootfs/etc/hard -ef bundle/rootfs/etc/file ]
    [ "$(stat -c '%a %Y' bundle/rootfs/private)" = "700 1000" ]
    # The same as the layer that tar makes of the tree, but for the form of the archive.
    "$OCI_IMAGE" create layout:app tree.tar --cmd sh
    succeeds unpack layout:app other
    diff bundle/bundle.mtree other/bundle.mtree
}

@test "compressed ACIs and pipes are the same image" {
    make_aci
    succeeds inspect --json --platform linux/arm64 app.aci
    facts=$output
    for tool in gzip bzip2 xz; do
        command -v "$tool" >/dev/null || continue
        "$tool" -c app.aci >packed.aci
        succeeds inspect --json --platform linux/arm64 packed.aci
        [ "$output" = "$facts" ] || complain "$tool makes another image"
    done
    run --separate-stderr bash -c 'cat app.aci | "$OCI_IMAGE" inspect --raw --platform linux/arm64 -'
    exits 0
    raw=$output
    succeeds inspect --raw --platform linux/arm64 app.aci
    says "$raw"
}

@test "an ACI is copied to a layout and to archives" {
    make_aci
    succeeds copy app.aci layout
    succeeds validate layout
    succeeds inspect --raw --platform linux/arm64 app.aci
    manifest=$output
    succeeds inspect --raw --platform linux/arm64 layout:example.com/tools/worker:1.2.3
    says "$manifest"
    succeeds copy app.aci other.tar --compress gzip
    succeeds validate other.tar
    succeeds copy app.aci docker-archive:docker.tar --platform linux/arm64
    succeeds unpack docker.tar bundle --platform linux/arm64
    diff -r tree bundle/rootfs
}

@test "the user of an ACI can be the owner of a file" {
    make_aci '.app.user = "/etc/file" | .app.group = "/private"'
    tar -C aci --mtime=@1000 --numeric-owner --owner=7 --group=8 -cf app.aci manifest rootfs
    succeeds inspect --json app.aci --platform linux/arm64
    [[ $output == *'"7:8"'* ]] || complain "not the owner of the file"
    make_aci '.app.user = "/etc/nothing"'
    refused "/app/user: '/etc/nothing' is not in rootfs" list app.aci
}

@test "an ACI that says little" {
    make_aci '{acKind, acVersion, name}'
    succeeds list app.aci
    oci unpack app.aci bundle --rootfs-only
    exits 0
    complains_of "unpack: warning: the image is for linux/unknown, *"
    diff -r tree bundle
}

@test "what an ACI says and OCI cannot" {
    make_aci '.app.isolators = [{"name": "resource/cpu", "value": {}}]'
    oci list app.aci
    exits 0
    [[ $stderr == *"warning: manifest: /app/isolators is left out"* ]]
}

@test "paths that an ACI leaves out" {
    make_aci '.pathWhitelist = ["/etc/file", "/nothing"]'
    succeeds unpack --rootfs-only --platform linux/arm64 app.aci bundle
    [ "$(cd bundle && find . | sort | tr '\n' ' ')" = ". ./etc ./etc/file " ]
    make_aci '.pathWhitelist = ["/etc/hard"]'
    refused "is a hard link to 'rootfs/etc/file'" list app.aci
}

@test "an ACI that is not whole" {
    make_aci '.dependencies = [{"imageName": "example.com/base"}]'
    refused "/dependencies: the image is one part of a file system; the others, like 'example.com/base', are not in it" copy app.aci layout
    [ ! -e layout ]
    make_aci
    tar -C aci -cf app.aci manifest
    refused "there is no rootfs in it" list app.aci
    tar -C aci -cf app.aci rootfs
    refused "it has rootfs and no manifest" list app.aci
}
