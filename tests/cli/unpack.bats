#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

@test "a bundle: its files, and nothing is said" {
    make_layout app
    oci unpack layout:app bundle
    exits 0
    is_silent
    holds bundle bundle.mtree config.json oci-image.json rootfs
    holds bundle/rootfs etc private
    [ "$(stat -c %a bundle)" = 700 ]
    [ "$(cat bundle/rootfs/etc/file)" = text ]
    [ "$(stat -c %i bundle/rootfs/etc/file)" = "$(stat -c %i bundle/rootfs/etc/hard)" ]
    [ "$(readlink bundle/rootfs/etc/link)" = file ]
    [ "$(stat -c %a bundle/rootfs/private)" = 700 ]
    [ "$(stat -c %Y bundle/rootfs/etc/file)" = 1000 ]
    jq -e '.root.path == "rootfs" and .process.args == ["/bin/sh"] and (.process.env | index("NAME=app"))' \
        bundle/config.json
}

@test "--rootfs-only" {
    make_layout app
    succeeds unpack --rootfs-only layout:app rootfs
    holds rootfs etc private
    [ "$(stat -c %a rootfs)" = 755 ]
}

@test "options of config.json" {
    make_layout app
    succeeds unpack --no-terminal --readonly --hostname box --caps none --arg /bin/x --arg=-y layout:app bundle
    jq -e '.process.terminal != true and .root.readonly and .hostname == "box" and .process.args == ["/bin/x", "-y"]' \
        bundle/config.json
    jq -e '[.process.capabilities // {} | .[] | .[]] == []' bundle/config.json
    succeeds unpack --runtime-spec 1.0 layout:app old
    jq -e '.ociVersion == "1.0.2"' old/config.json
    for bad in --volumes=all --owner=me --runtime-spec=2.0; do
        oci unpack $bad layout:app other
        exits 2
        one_line
        complains_of "unpack: ${bad%=*}: there is no '${bad#*=}'*"
        hints "choose one of *"
    done
}

@test "an empty directory is replaced, also with a slash at the end" {
    make_layout app
    mkdir one two
    succeeds unpack layout:app one
    succeeds unpack layout:app two/
    succeeds unpack layout:app three//
    for bundle in one two three; do
        holds $bundle bundle.mtree config.json oci-image.json rootfs
    done
    holds . layout one three tree tree.tar tree.tar.gz two
}

@test "what is there stays as it is" {
    make_layout app
    mkdir full
    echo mine >full/file
    echo mine >file
    ln -s full link
    for there in full file link; do
        oci unpack layout:app $there
        exits 1
        one_line
        complains_of "unpack: '$there' is there and not *"
        hints "name a new directory or an empty one, or remove '$there' first"
    done
    holds full file
    [ "$(cat full/file)$(cat file)" = minemine ]
    [ "$(readlink link)" = full ]
}

@test "places that cannot be" {
    make_layout app
    oci unpack layout:app no/such
    exits 4
    complains_of "unpack: the directory 'no/' is not there"
    mkdir here
    for bad in '' . .. / here/. here/..; do
        oci unpack layout:app "$bad"
        [ "$status" -eq 1 ] || [ "$status" -eq 2 ] || complain "'$bad' is no place"
        one_line
        complains_of "unpack: '$bad'*"
    done
    cd here
    oci unpack ../layout:app .
    exits 2
    complains_of "unpack: '.' does not end in the name of what is to be made"
    holds .
    oci unpack ../layout:app "$(printf 'a%.0s' {1..300})"
    [ "$status" -eq 2 ] || [ "$status" -eq 1 ]
    holds .
}

@test "images that are not there make no bundle" {
    make_layout app other
    oci unpack layout:ap bundle
    exits 4
    one_line
    complains_of "unpack: 'layout': no image is named 'ap'; there is: app, other*"
    hints "'oci-image list layout' shows what is there"
    oci unpack layout bundle
    exits 4
    hints "say which: 'layout:NAME' or 'layout@DIGEST'"
    oci unpack missing:app bundle
    exits 4
    oci unpack tree:app bundle
    exits 3
    complains_of "unpack: layout 'tree': this is no image layout*"
    oci unpack layout:app bundle --platform linux/s390x
    exits 4
    oci unpack layout:app bundle --platform nonsense
    exits 2
    [ ! -e bundle ]
}

@test "--ref and --digest" {
    make_layout app other/image:1.0
    digest=$("$OCI_IMAGE" inspect --json layout:app | jq -r .digest)
    succeeds unpack --digest "$digest" layout one
    jq -e '.process.env | index("NAME=app")' one/config.json
    succeeds unpack layout --ref=other/image:1.0 two
    jq -e '.process.env | index("NAME=other/image:1.0")' two/config.json
    succeeds unpack "layout@$digest" three
    succeeds unpack oci:layout:other/image:1.0 four
}

@test "usage" {
    oci unpack
    exits 2
    hints "usage: oci-image unpack *IMAGE BUNDLE"
    oci unpack image
    exits 2
    oci unpack one two three
    exits 2
    oci unpack --rootfs-olny layout:app bundle
    exits 2
    hints "did you mean '--rootfs-only'?"
    oci unpack --max-size=much layout:app bundle
    exits 2
    one_line
    complains_of "unpack: --max-size: *"
}

# damage LAYOUT: another byte in the middle of the first layer of its image, of the same size.
damage() {
    local blob
    blob=$1/blobs/sha256/$("$OCI_IMAGE" inspect --json "$1" | jq -r '.layers[0].digest' | cut -d : -f 2)
    chmod u+w "$blob"
    printf X | dd of="$blob" bs=1 seek=$(($(stat -c %s "$blob") / 2)) conv=notrunc status=none
}

@test "a damaged layer: named, and nothing is left" {
    make_layout app
    damage layout
    for option in --quiet --verify-first --rootfs-only; do
        oci unpack $option layout:app bundle
        exits 3
        one_line
        complains_of "unpack: *layer 1*sha256:*"
    done
    holds . layout tree tree.tar tree.tar.gz
    mkdir bundle
    oci unpack layout:app bundle
    exits 3
    holds bundle
}

@test "--verify-first" {
    make_layout app
    succeeds unpack --verify-first layout:app bundle
    holds bundle bundle.mtree config.json oci-image.json rootfs
}

@test "what was unpacked: bundle.mtree and oci-image.json" {
    make_layout app
    succeeds unpack layout:app bundle
    digest=$("$OCI_IMAGE" inspect --json layout:app | jq -r .digest)
    jq -e --arg d "$digest" '.version == 1 and .image == "layout:app" and .manifest.digest == $d and .layers == 1' bundle/oci-image.json
    jq -e '.xattrs and (.keepDirlinks | not) and (.owner | test("keep|squash"))' bundle/oci-image.json
    [ "$(head -n 1 bundle/bundle.mtree)" = "#mtree v2.0" ]
    grep -q "^file type=file .* size=5 nlink=2 sha256digest=$(printf 'text\n' | sha256sum | cut -d ' ' -f 1)" bundle/bundle.mtree
    succeeds unpack --no-mtree layout:app other
    holds other config.json oci-image.json rootfs
    # A name that no JSON string can hold is not told.
    cp -r layout $'lay\xff'
    succeeds unpack $'lay\xff:app' third
    jq -e 'has("image") | not' third/oci-image.json
}

@test "--no-shadow-filter: the same, with more work" {
    make_layout app
    mkdir -p above/etc above/private
    echo new >above/etc/file
    chmod 700 above/private
    tar -C above --sort=name --mtime=@2000 --numeric-owner --owner=0 --group=0 -cf above.tar .
    succeeds create layout:above --from layout:app above.tar
    for option in --shadow-filter --no-shadow-filter "-j 1" "-j 4" "--no-shadow-filter -j 4"; do
        # shellcheck disable=SC2086 # two words
        succeeds unpack $option layout:above bundle
        [ "$(cat bundle/rootfs/etc/file)" = new ]
        [ "$(cat bundle/rootfs/etc/hard)" = text ]
        [ ! -e mtree ] || cmp mtree bundle/bundle.mtree
        mv bundle/bundle.mtree mtree
        rm -r bundle
    done
    oci unpack --shadow-filter=no layout:above bundle
    exits 2
}

@test "volumes: filled, and nothing else is" {
    make_tars
    "$OCI_IMAGE" create layout:app tree.tar --cmd x --volume /etc --volume /new
    succeeds unpack layout:app bundle
    holds bundle bundle.mtree config.json oci-image.json rootfs volumes
    holds bundle/volumes 0 1
    holds bundle/volumes/0 file hard link
    [ "$(cat bundle/volumes/0/file)" = text ]
    [ "$(stat -c %i bundle/volumes/0/file)" = "$(stat -c %i bundle/volumes/0/hard)" ]
    [ "$(stat -c %i bundle/volumes/0/file)" != "$(stat -c %i bundle/rootfs/etc/file)" ]
    holds bundle/volumes/1
    holds bundle/rootfs etc private
    for kind in tmpfs none; do
        succeeds unpack --volumes $kind layout:app $kind
        holds $kind bundle.mtree config.json oci-image.json rootfs
    done
    oci unpack --max-size 9 layout:app over
    exits 3
    one_line
    complains_of "unpack: volume '/etc': *limit*"
    [ ! -e over ]
}

@test "limits" {
    make_layout app
    oci unpack --max-entries 2 layout:app bundle
    exits 3
    one_line
    complains_of "unpack: *layer 1*2*"
    oci unpack --max-size 2 layout:app bundle
    exits 3
    one_line
    oci unpack --max-document 10 layout:app bundle
    exits 3
    oci unpack --max-depth 1 layout:app bundle
    exits 3
    holds . layout tree tree.tar tree.tar.gz
}

@test "an interrupted unpack leaves nothing and dies of the signal" {
    make_tars
    "$OCI_IMAGE" init layout
    mkdir big
    truncate -s 1500M big/zeros
    "$OCI_IMAGE" create --compress gzip:1 layout:big big --cmd x
    for signal in INT TERM HUP; do
        run --separate-stderr bash -c '
            set -m
            "$OCI_IMAGE" unpack layout:big bundle & pid=$!
            until compgen -G ".bundle*" >/dev/null || ! kill -0 $pid 2>/dev/null; do :; done
            kill -'$signal' $pid
            wait $pid
            echo $?'
        says $((128 + $(kill -l $signal)))
        holds . big layout tree tree.tar tree.tar.gz
    done
}

@test "the umask says nothing about the image's files" {
    make_layout app
    run --separate-stderr bash -c 'umask 077; "$OCI_IMAGE" unpack layout:app bundle'
    exits 0
    [ "$(stat -c %a bundle/rootfs/etc/file)" = 644 ]
    [ "$(stat -c %a bundle/rootfs/etc)" = 755 ]
    [ "$(stat -c %a bundle/rootfs)" = 755 ]
}

@test "few descriptors" {
    make_layout app
    run --separate-stderr bash -c 'ulimit -n 16; "$OCI_IMAGE" unpack layout:app bundle'
    exits 0
    holds bundle bundle.mtree config.json oci-image.json rootfs
}

@test "a file may not grow: an error, not a signal" {
    make_tars
    head -c 3000000 /dev/zero >tree/zeros
    tar -C tree -cf zeros.tar .
    "$OCI_IMAGE" create layout:app zeros.tar --cmd x
    rm zeros.tar
    run --separate-stderr bash -c 'ulimit -f 1000; "$OCI_IMAGE" unpack layout:app bundle'
    exits 1
    one_line
    complains_of "unpack: *layer 1*zeros*File too large"
    holds . layout tree tree.tar tree.tar.gz
}

@test "a full disk" {
    [ "$(id -u)" -eq 0 ] || skip "only root may mount"
    make_tars
    head -c 3000000 /dev/zero >tree/zeros
    tar -C tree -cf zeros.tar .
    "$OCI_IMAGE" create layout:app zeros.tar --cmd x
    mkdir small
    run --separate-stderr unshare -m bash -c 'mount -t tmpfs -o size=1m tmpfs small || exit 99
        "$OCI_IMAGE" unpack layout:app small/bundle; r=$?; ls -A small; exit $r'
    [ "$status" -ne 99 ] || skip "cannot mount"
    exits 1
    says ""
    one_line
    complains_of "unpack: *layer 1*zeros*No space left on device"
}

@test "a directory that may not be written to" {
    make_layout app
    mkdir closed
    chmod 555 closed
    oci_as_nobody unpack layout:app closed/bundle
    exits 1
    one_line
    complains_of "unpack: *'closed/bundle': Permission denied"
    holds closed
}

@test "an ordinary user" {
    make_layout app
    mkdir open
    chmod 777 open
    oci_as_nobody unpack layout:app open/bundle
    exits 0
    [ -z "$stderr" ]
    [ "$(stat -c %u open/bundle/rootfs/etc/file)" = "$(stat -c %u open/bundle)" ]
    jq -e '.linux.uidMappings | length > 0' open/bundle/config.json
}

@test "closed streams" {
    make_layout app
    run --separate-stderr bash -c '"$OCI_IMAGE" unpack layout:app one <&- >&- 2>&-'
    exits 0
    [ "$(cat one/rootfs/etc/file)" = text ]
    jq -e . one/config.json
    run --separate-stderr bash -c '"$OCI_IMAGE" unpack layout:none two <&- >&- 2>&-'
    exits 4
}

@test "without /proc" {
    make_layout app
    unshare -m bash -c 'mount -t tmpfs tmpfs /proc' 2>/dev/null || skip "cannot hide /proc"
    run --separate-stderr unshare -m bash -c 'mount -t tmpfs tmpfs /proc; "$OCI_IMAGE" unpack layout:app bundle'
    # It reads its own options from /proc, so that it cannot be told to keep still.
    [[ $stderr != *LeakSanitizer* ]] || skip "the leak checker of this build needs /proc"
    exits 0
    [ "$(stat -c %a bundle/rootfs/etc/file)" = 644 ]
}

@test "the same twice" {
    make_layout app
    succeeds unpack layout:app one
    succeeds unpack layout:app two
    for name in config.json bundle.mtree oci-image.json; do
        cmp one/$name two/$name
    done
    (cd one/rootfs && find . -printf '%P %m %U %G %T@ %s %l\n' | sort) >first
    (cd two/rootfs && find . -printf '%P %m %U %G %T@ %s %l\n' | sort) >second
    cmp first second
}

@test "all platforms at once" {
    make_tars
    mkdir other
    echo arm >other/arm
    "$OCI_IMAGE" create layout:app tree.tar --platform linux/amd64 --cmd sh
    "$OCI_IMAGE" create --merge layout:app other --platform linux/arm64/v8 --cmd sh
    succeeds unpack --platform all layout:app bundles
    holds bundles linux-amd64 linux-arm64-v8
    holds bundles/linux-amd64 bundle.mtree config.json oci-image.json rootfs
    diff -r tree bundles/linux-amd64/rootfs
    diff -r other bundles/linux-arm64-v8/rootfs
    [ "$(stat -c %a bundles bundles/linux-amd64)" = $'700\n700' ]
    succeeds unpack --platform linux/arm64 layout:app one
    diff one/config.json bundles/linux-arm64-v8/config.json
    succeeds unpack --platform all --rootfs-only layout:app roots
    diff -r other roots/linux-arm64-v8
}

@test "all platforms or nothing" {
    make_layout one two
    oci unpack --platform all layout bundles
    exits 4
    complains_of "unpack: 'layout': more than one image fits, name one; *"
    hints "say which: 'layout:NAME' or 'layout@DIGEST'"
    oci unpack --platform all layout:three bundles
    exits 4
    mkdir full full/of
    oci unpack --platform all layout:one full
    exits 1
    complains_of "unpack: 'full' is there and not empty*"
    "$OCI_IMAGE" create layout:both tree.tar --platform linux/amd64
    echo more >tree/more
    "$OCI_IMAGE" create --merge layout:both tree --platform linux/arm64
    layer=$("$OCI_IMAGE" inspect --json --platform linux/arm64 layout:both | jq -r .layers[0].digest)
    rm "layout/blobs/${layer/://}"
    oci unpack --platform all layout:both bundles
    exits 3
    complains_of "*linux-arm64*"
    # A platform is a word of whoever made the image.
    jq -c '(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "one")).platform =
        {os: "../..", architecture: "x"}' layout/index.json >new && mv new layout/index.json
    oci unpack --platform all layout:one bundles
    exits 3
    complains_of "*'../..' in a platform cannot be part of the name of a directory"
    [ ! -e bundles ]
    [ -z "$(find . -name '.bundles*')" ]
}
