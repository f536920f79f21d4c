#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

# The layout of make_layout, and as image.tar the archive of it.
make_archive() {
    make_layout "$@"
    tar -C layout -cf image.tar oci-layout index.json blobs
}

# docker.tar as Docker has written it: the images app:1 and app:2 of one layer, which the second one links to.
make_docker_archive() {
    [ -e tree.tar ] || make_tars
    local id config i
    id=$(sha256sum tree.tar | cut -d ' ' -f 1)
    mkdir -p docker/a docker/b
    cp tree.tar docker/a/layer.tar
    ln -s ../a/layer.tar docker/b/layer.tar
    for i in 1 2; do
        printf '{"architecture":"amd64","os":"linux","config":{"Env":["N=%s"],"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
            "$i" "$id" >"config$i"
        config[i]=$(sha256sum "config$i" | cut -d ' ' -f 1).json
        mv "config$i" "docker/${config[i]}"
    done
    printf '[{"Config":"%s","RepoTags":["app:1","app:one"],"Layers":["a/layer.tar"]},{"Config":"%s","RepoTags":["app:2"],"Layers":["b/layer.tar"]}]' \
        "${config[1]}" "${config[2]}" >docker/manifest.json
    tar -C docker -cf docker.tar --transform 's|^\./||' .
}

@test "commands that read take an oci-archive" {
    make_archive one two
    succeeds list layout
    table=$output
    succeeds list image.tar
    says "$table"
    succeeds list oci-archive:image.tar
    says "$table"
    succeeds inspect --json layout:two
    facts=$output
    succeeds inspect --json image.tar:two
    says "$facts"
    succeeds inspect --raw "image.tar@$(jq -r .digest <<<"$facts")"
    succeeds runtime-config layout:one
    generated=$output
    succeeds runtime-config oci-archive:image.tar:one
    says "$generated"
    succeeds validate image.tar
    succeeds unpack layout:one bundle
    succeeds unpack image.tar:one other
    diff -r bundle/rootfs other/rootfs
    diff bundle/config.json other/config.json
    diff bundle/bundle.mtree other/bundle.mtree
}

@test "blobs of an archive" {
    make_archive one
    succeeds blob list layout
    blobs=$output
    succeeds blob list image.tar
    says "$blobs"
    digest=${blobs%% *}
    succeeds blob stat image.tar "${digest:0:20}"
    [[ $output == "$digest  "* ]]
    [ "sha256:$("$OCI_IMAGE" blob get image.tar "$digest" | sha256sum | cut -d ' ' -f 1)" = "$digest" ]
}

@test "an archive with ./ before its names, in other compressions" {
    make_archive one
    tar -C layout -cf dotted.tar .
    succeeds unpack dotted.tar:one dotted
    gzip -k image.tar
    zstd -q image.tar
    xz -k image.tar
    for kind in gz zst xz; do
        succeeds list "image.tar.$kind"
        succeeds unpack "image.tar.$kind:one" "$kind"
        diff -r dotted/rootfs "$kind/rootfs"
    done
}

@test "standard input" {
    make_archive one two
    succeeds list image.tar
    table=$output
    succeeds list - <image.tar
    says "$table"
    succeeds unpack -:one bundle <image.tar
    run --separate-stderr bash -c 'cat image.tar | "$OCI_IMAGE" list -'
    says "$table"
    run --separate-stderr bash -c 'gzip -c image.tar | "$OCI_IMAGE" unpack oci-archive:-:two two'
    exits 0
    diff -r bundle/rootfs two/rootfs
    run --separate-stderr bash -c 'cat image.tar | "$OCI_IMAGE" validate -'
    exits 0
    run --separate-stderr bash -c 'cat image.tar | "$OCI_IMAGE" inspect -@$(jq -r .manifests[1].digest layout/index.json)'
    exits 0
    run --separate-stderr bash -c '"$OCI_IMAGE" list <(cat image.tar)'
    says "$table"
    # From where it stands.
    run --separate-stderr bash -c '{ head -c 1000 >/dev/null; "$OCI_IMAGE" list -; } < <(head -c 1000 /dev/zero; cat image.tar)'
    says "$table"
    { head -c 1000 /dev/zero; cat image.tar; } >shifted
    run --separate-stderr bash -c 'exec <shifted; dd bs=1000 count=1 of=/dev/null status=none; "$OCI_IMAGE" unpack -:one shifted.d'
    exits 0
    diff -r bundle/rootfs shifted.d/rootfs
    oci create --from - new:x - <image.tar
    exits 2
    complains_of "create: standard input can be read once"
    oci list - </dev/null
    exits 3
    complains_of "list: '-': there is nothing in it"
}

@test "a docker-archive looks like a layout of OCI's documents" {
    make_docker_archive
    succeeds list --json docker.tar
    is_json 'map(.name) == ["app:1", "app:one", "app:2"]'
    is_json 'all(.platform == "linux/amd64" and .mediaType == "application/vnd.oci.image.manifest.v1+json")'
    is_json '.[0].digest == .[1].digest and .[0].digest != .[2].digest'
    succeeds inspect --raw docker.tar:app:2
    is_json '.layers == [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": "sha256:'"$(sha256sum tree.tar | cut -d ' ' -f 1)"'", "size": '"$(stat -c %s tree.tar)"'}]'
    succeeds inspect --config docker.tar:docker.io/library/app:2
    document=$(grep -l N=2 docker/*.json)
    [ "$output" = "$(cat "$document")" ]
    succeeds unpack --platform linux/amd64 docker-archive:docker.tar:app:one bundle
    diff -r tree bundle/rootfs
    oci unpack docker.tar other
    exits 4
    complains_of "unpack: 'docker.tar': more than one image fits, name one; there is: app:1 sha256:*app:2*"
    hints "say which: *"
    oci unpack docker.tar:app:3 other
    exits 4
    complains_of "unpack: 'docker.tar': no image is named 'app:3'; there is: app:1, app:one, app:2*"
    succeeds validate docker.tar
    run --separate-stderr bash -c 'cat docker.tar | "$OCI_IMAGE" unpack -:app:2 piped'
    exits 0
    diff -r bundle/rootfs piped/rootfs
}

@test "layers of a docker-archive that are compressed" {
    make_docker_archive
    gzip -n docker/a/layer.tar
    mv docker/a/layer.tar.gz docker/a/layer.tar
    tar -C docker -cf packed.tar --transform 's|^\./||' .
    succeeds inspect --raw packed.tar:app:1
    is_json '.layers == [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": "sha256:'"$(sha256sum docker/a/layer.tar | cut -d ' ' -f 1)"'", "size": '"$(stat -c %s docker/a/layer.tar)"'}]'
    succeeds unpack packed.tar:app:2 bundle
    diff -r tree bundle/rootfs
}

@test "what is both is OCI's, unless it is asked otherwise" {
    make_archive one
    make_docker_archive
    tar -C docker -rf image.tar --transform 's|^\./||' .
    succeeds list --json image.tar
    is_json 'map(.name) == ["one"]'
    succeeds list --json docker-archive:image.tar
    is_json 'map(.name) == ["app:1", "app:one", "app:2"]'
}

@test "an archive is the base of a new image" {
    make_archive one
    make_docker_archive
    succeeds create new:a --from image.tar:one tree.tar
    succeeds create new:b --from docker.tar:app:1 tree.tar.gz --platform linux/amd64
    run --separate-stderr bash -c 'cat docker.tar | "$OCI_IMAGE" create new:c --from -:app:2 --platform linux/amd64'
    exits 0
    succeeds validate new
    succeeds inspect --json --platform linux/amd64 new:b
    is_json '.layers | length == 2'
}

@test "archives are not written" {
    make_archive one
    before=$(sha256sum image.tar)
    for command in "tag image.tar:one two" "untag image.tar:one" "gc image.tar" "blob rm image.tar sha256:00" \
        "blob put image.tar image.tar" "tag oci-archive:image.tar:one two"; do
        # shellcheck disable=SC2086
        oci $command
        exits 1
        complains_of "${command%% *}: 'image.tar': this is not a directory, and archives are read only*"
        hints "copy it to a layout first, and work there"
    done
    oci gc --dry-run image.tar
    exits 1
    complains_of "gc: 'image.tar': archives are read only*"
    [ "$(sha256sum image.tar)" = "$before" ]
}

@test "transports that do not fit" {
    make_archive one
    oci list oci:image.tar
    exits 3
    complains_of "list: 'image.tar': this is not a directory"
    oci list oci-archive:layout
    exits 3
    complains_of "list: 'layout': this is a directory, not an archive"
    oci list docker-archive:image.tar
    exits 3
    complains_of "list: 'image.tar': this is an oci-archive, not a docker-archive"
    oci list docker-archive:none
    exits 4
    complains_of "list: 'none' is not there"
    oci list --blobs layout/blobs image.tar
    exits 2
    complains_of "list: 'image.tar': an archive shares no blobs with others"
}

# old.tar as Docker has written it before 1.10: app:1 and app:one of two layers, base:1 of the lower one.
make_old_archive() {
    [ -e tree.tar ] || make_tars
    mkdir -p old/aa old/bb more
    echo more >more/file
    cp tree.tar old/aa/layer.tar
    tar -C more --mtime=@1000 -cf old/bb/layer.tar file
    echo '{"id":"aa","created":"2014-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{"Cmd":["base"]}}' >old/aa/json
    echo '{"id":"bb","parent":"aa","created":"2015-01-01T00:00:00Z","author":"Ann","architecture":"amd64","os":"linux",
        "container_config":{"Cmd":["x"]},"config":{"Cmd":["/bin/sh"],"Env":["A=b"]}}' >old/bb/json
    echo 1.0 | tee old/aa/VERSION >old/bb/VERSION
    echo '{"app":{"1":"bb","one":"bb"},"base":{"1":"aa"}}' >old/repositories
    tar -C old -cf old.tar aa bb repositories
}

@test "what Docker wrote before 1.10" {
    make_old_archive
    succeeds validate old.tar
    succeeds inspect --raw --platform linux/amd64 old.tar:app:one
    manifest=$output
    is_json "[.layers[].digest] == [\"sha256:$(sha256sum old/aa/layer.tar | cut -d ' ' -f 1)\",
        \"sha256:$(sha256sum old/bb/layer.tar | cut -d ' ' -f 1)\"]"
    succeeds inspect --raw --platform linux/amd64 old.tar:app:1
    says "$manifest"
    succeeds blob get old.tar "$(jq -r .config.digest <<<"$manifest")"
    is_json '.created == "2015-01-01T00:00:00Z" and .author == "Ann" and .config == {"Cmd":["/bin/sh"],"Env":["A=b"]}'
    succeeds unpack --platform linux/amd64 old.tar:app:1 bundle
    [ "$(cat bundle/rootfs/file bundle/rootfs/etc/file)" = $'more\ntext' ]
    succeeds unpack --platform linux/amd64 --rootfs-only old.tar:base:1 base
    diff -r tree base
    # A layer that is compressed has the diff_id of what is in it.
    gzip old/bb/layer.tar
    mv old/bb/layer.tar.gz old/bb/layer.tar
    tar -C old -cf old.tar aa bb repositories
    succeeds validate old.tar
    succeeds copy old.tar layout
    succeeds validate layout
}

@test "what Docker cannot have written before 1.10" {
    make_old_archive
    bad() {
        tar -C old -cf old.tar aa bb repositories
        oci list old.tar
        exits 3
        complains_of "list: 'old.tar': repositories: *$1"
    }
    echo '{"parent":"bb"}' >old/aa/json
    bad "'app:1': the images have more than 65536 layers together"
    echo '{"parent":"cc"}' >old/aa/json
    bad "'app:1': cc/json: 'cc/json' is not in the archive"
    echo '{"parent":"../../old"}' >old/aa/json
    bad "'..'*"
    echo '[]' >old/aa/json
    bad "aa/json: expected an object"
    rm old/aa/json
    mkdir old/aa/json
    bad "not a regular file"
    for text in '[]' '7' '{"app":7}' '{"app":{"1":7}}' '{"app":{"1":"none"}}' '{"app":{"1":""}}' '' 'x'; do
        echo "$text" >old/repositories
        bad ""
    done
}

@test "where archives go that cannot be read in place" {
    make_archive one
    gzip -k image.tar
    mkdir here
    oci list --tmpdir none image.tar.gz
    exits 4
    complains_of "list: 'image.tar.gz': what cannot be read in place is kept in 'none': 'none' is not there"
    TMPDIR=none oci list image.tar.gz
    exits 4
    TMPDIR=none oci list --tmpdir here image.tar.gz
    exits 0
    # What can be read in place goes nowhere.
    TMPDIR=none succeeds list image.tar
    TMPDIR=none succeeds list - <image.tar
    holds here
    oci list --max-size 100 --tmpdir here image.tar.gz
    exits 3
    complains_of "list: 'image.tar.gz': the files in the archive have more than 100 bytes"
    one_line
}
