#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib
load images

@test "an empty layout, and nothing is said" {
    oci init layout
    exits 0
    is_silent
    holds layout blobs index.json oci-layout
    [ "$(jq -c . layout/oci-layout)" = '{"imageLayoutVersion":"1.0.0"}' ]
    jq -e '.schemaVersion == 2 and .manifests == []' layout/index.json
    [ -d layout/blobs/sha256 ]
    succeeds list --json layout
    is_json '. == []'
}

@test "an empty directory is taken, slashes at the end too" {
    mkdir empty
    succeeds init empty/
    holds empty blobs index.json oci-layout
    succeeds init new//
    holds new blobs index.json oci-layout
    holds . empty new
}

@test "the umask decides who may read it" {
    run --separate-stderr bash -c 'umask 077; "$OCI_IMAGE" init layout'
    exits 0
    [ "$(stat -c %a layout)" = 700 ]
    [ "$(stat -c %a layout/index.json)" = 600 ]
}

@test "what is there stays as it is" {
    mkdir full
    echo mine >full/file
    oci init full
    exits 1
    one_line
    complains_of "init: 'full' is there and not empty*"
    hints "name a new directory or an empty one, or remove 'full' first"
    holds full file
    echo mine >file
    oci init file
    exits 1
    complains_of "init: 'file' is there and not a directory*"
    [ "$(cat file)" = mine ]
    "$OCI_IMAGE" init layout
    before=$(stat -c %i layout/index.json)
    oci init layout
    exits 1
    [ "$(stat -c %i layout/index.json)" = "$before" ]
}

@test "a place that is not there, and none at all" {
    oci init no/such
    exits 4
    one_line
    complains_of "init: the directory 'no/' is not there"
    oci init
    exits 2
    hints "usage: oci-image init *LAYOUT"
    oci init one two
    exits 2
    holds .
}

@test "a directory that may not be written to" {
    mkdir closed
    chmod 555 closed
    oci_as_nobody init closed/layout
    exits 1
    one_line
    complains_of "init: *'closed/layout': Permission denied"
    holds closed
}
