#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib

abc=sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
empty=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
abc512=sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
abc384=sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7

@test "the default is sha256" {
    printf abc >file
    oci digest file
    exits 0
    says "$abc  file"
}

@test "the other algorithms" {
    printf abc >file
    oci digest -a sha512 file
    says "$abc512  file"
    oci digest --algorithm=sha384 file
    says "$abc384  file"
    oci digest file --algorithm sha256
    says "$abc  file"
}

@test "agrees with sha256sum on something larger" {
    head -c 3000000 /dev/urandom >file
    oci digest file
    says "sha256:$(sha256sum file)"
}

@test "standard input" {
    run --separate-stderr bash -c 'printf abc | "$OCI_IMAGE" digest'
    says "$abc  -"
    run --separate-stderr bash -c '"$OCI_IMAGE" digest - </dev/null'
    says "$empty  -"
}

@test "a file called - is reached by a path" {
    printf abc >-
    oci digest ./-
    says "$abc  ./-"
}

@test "many files; what cannot be read is reported, the others are read" {
    printf abc >one
    : >two
    mkdir dir
    oci digest one missing dir two
    exits 4
    [ "${lines[0]}" = "$abc  one" ]
    [ "${lines[1]}" = "$empty  two" ]
    [ "${#lines[@]}" -eq 2 ]
    [ "${stderr_lines[0]}" = "oci-image: digest: 'missing': No such file or directory" ]
    [ "${stderr_lines[1]}" = "oci-image: digest: 'dir': is a directory" ]
    oci digest dir missing
    exits 1
}

@test "a file without permission" {
    [ "$(id -u)" -ne 0 ] || skip "root may read everything"
    : >secret
    chmod 0 secret
    oci digest secret
    exits 1
    complains_of "digest: 'secret': Permission denied"
}

@test "foreign bytes in names are quoted" {
    : >$'a\nb\x1b[31m\xff'
    oci digest $'a\nb\x1b[31m\xff'
    says "$empty  "'a\x0ab\x1b[31m\xff'
    oci digest $'missing\n\x1b'
    complains_of "digest: 'missing\\\\x0a\\\\x1b': No such file or directory"
}

@test "--check is silent when the digest fits" {
    printf abc >file
    oci digest --check "$abc" file
    exits 0
    is_silent
    oci digest -c "$abc512" file file
    exits 0
    is_silent
}

@test "--check: other content is damaged content" {
    printf abd >file
    oci digest --check "$abc" file
    exits 3
    says ""
    complains_of "digest: 'file': digest is sha256:*, not $abc"
}

@test "--check: what is no digest is usage" {
    printf abc >file
    for bad in abc sha256: sha256:abc "${abc}0" "${abc^^}" "sha256:${abc:7:63}g"; do
        oci digest --check "$bad" file
        exits 2
        complains_of "digest: --check: *"
    done
    oci digest --check sha999:abc file
    exits 2
    complains_of "digest: --check: *not supported*"
}

@test "--check names the algorithm already" {
    oci digest --check "$abc" -a sha512 file
    exits 2
    complains_of "digest: --check and --algorithm exclude each other*"
}

@test "an algorithm that there is not" {
    oci digest -a md5 file
    exits 2
    complains_of "digest: there is no algorithm 'md5'*"
    hints "choose one of sha256, sha384, sha512"
}

@test "--json" {
    printf abc >$'a"\\\t\xff\xc3\xa9'
    oci digest --json $'a"\\\t\xff\xc3\xa9'
    exits 0
    says '[
  {
    "file": "a\"\\\u0009\ufffd'$'\xc3\xa9''",
    "digest": "'$abc'",
    "size": 3
  }
]'
    oci digest --json missing
    exits 4
    says '[]'
    printf abd >file
    oci digest --json --check "$abc" file
    exits 3
    [[ $output == *'"matches": false'* ]]
}
