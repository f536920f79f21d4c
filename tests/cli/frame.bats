#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
# What holds for every command.
load lib

@test "--version" {
    oci --version
    exits 0
    [[ ${lines[0]} =~ ^oci-image\ [0-9]+\.[0-9]+\.[0-9]+ ]]
    [[ ${lines[1]} =~ ^image-spec\ 1\. ]]
    [[ ${lines[2]} =~ ^runtime-spec\ 1\. ]]
    [[ ${lines[3]} =~ ^built\ with\ libcrypto\ 3 ]]
}

@test "mistyped commands" {
    oci digset
    exits 2
    complains_of "there is no command 'digset'*"
    hints "did you mean 'digest'?"
    oci hlep
    hints "did you mean 'help'?"
    oci dig
    hints "did you mean 'digest'?"
    oci qqqqqq
    exits 2
    hints "'oci-image help' lists the commands"
    oci ''
    exits 2
}

@test "mistyped options" {
    oci digest --algoritm=sha512
    exits 2
    complains_of "digest: unknown option '--algoritm'*"
    hints "did you mean '--algorithm'?"
    oci --verson
    hints "did you mean '--version'?"
    oci digest --zzz
    hints "'oci-image help digest' lists the options"
    oci digest -Z
    exits 2
    complains_of "digest: unknown option '-Z'*"
    oci digest $'-\xff\x1b'
    exits 2
    complains_of "digest: unknown option '-\\\\xff\\\\x1b'*"
}

@test "options and values" {
    : >file
    oci digest --algorithm
    exits 2
    complains_of "digest: option '--algorithm' needs a value: ALG"
    oci digest -a
    exits 2
    complains_of "digest: option '-a' needs a value: ALG"
    oci digest --json=yes file
    exits 2
    complains_of "digest: option '--json' takes no value"
    oci digest --color=blue file
    exits 2
    complains_of "digest: --color: there is no 'blue'*"
    hints "choose one of auto, always, never"
    oci digest --no-json file
    exits 2
}

@test "short options are bundled, and values stick to them" {
    : >file
    oci digest -qvvasha512 file
    exits 0
    [[ $output == sha512:* ]]
    oci digest -qva sha512 file
    exits 0
    [[ $output == sha512:* ]]
    oci -q digest file
    exits 0
}

@test "the last of several values counts" {
    : >file
    oci digest -a sha512 -a sha384 file --algorithm=sha256
    [[ $output == sha256:* ]]
}

@test "-- ends the options" {
    : >--json
    oci digest -- --json
    exits 0
    [[ $output == *"  --json" ]]
    oci digest --json -- --json
    [[ $output == *'"file": "--json"'* ]]
    oci -- digest ./--json
    exits 0
}

@test "colour only where it is wanted" {
    oci digest missing
    [[ $stderr != *$'\x1b'* ]]
    oci --color=always digset
    [[ $stderr == *$'\x1b[36mhint:'* ]]
    NO_COLOR=1 oci --color=always digset
    [[ $stderr == *$'\x1b[36mhint:'* ]]
    oci --color=never digset
    [[ $stderr != *$'\x1b'* ]]
}

# proves: safety.18
@test "results that cannot be written are an error" {
    [ -e /dev/full ] || skip "no /dev/full"
    for arguments in "help" "--version" "digest" "completion bash"; do
        # shellcheck disable=SC2086
        run --separate-stderr bash -c '"$OCI_IMAGE" "$@" >/dev/full </dev/null' bash $arguments
        exits 1
        complains_of "*write standard output: No space left on device"
    done
}

@test "a reader that goes away is no story" {
    run --separate-stderr bash -c '"$OCI_IMAGE" help | true; echo "${PIPESTATUS[0]}"'
    [ "$output" -le 1 ]
    [ -z "$stderr" ]
}

# proves: safety.18
@test "closed standard streams" {
    printf abc >file
    run --separate-stderr bash -c '"$OCI_IMAGE" digest file <&-'
    exits 0
    run --separate-stderr bash -c '"$OCI_IMAGE" digest <&-'
    exits 1
    complains_of "digest: '-': read: Bad file descriptor"
    run --separate-stderr bash -c '"$OCI_IMAGE" digest file >&-'
    exits 1
    complains_of "digest: write standard output: Bad file descriptor"
    run --separate-stderr bash -c '"$OCI_IMAGE" digest missing 2>&-'
    exits 4
    run --separate-stderr bash -c '"$OCI_IMAGE" digest -c sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad file <&- >&- 2>&-'
    exits 0
    [ "$(cat file)" = abc ]
}

# proves: safety.18
@test "a file may not grow: an error, not a signal" {
    run bash -c 'set -o pipefail; (ulimit -f 0; "$OCI_IMAGE" help 2>&1 >out) | cat'
    exits 1
    says "oci-image: help: write standard output: File too large"
}

@test "an interrupted command dies of the signal" {
    mkfifo pipe
    for signal in INT TERM HUP; do
        run --separate-stderr bash -c '
            set -m
            "$OCI_IMAGE" digest pipe & pid=$!
            exec 3>pipe
            kill -'$signal' $pid
            wait $pid
            echo $?'
        says $((128 + $(kill -l $signal)))
    done
}

@test "an interrupted command that waits for a pipe to open says nothing" {
    mkfifo pipe
    "$OCI_IMAGE" create layout:app --cmd x
    for command in "list pipe" "create layout:new pipe" "validate --type config pipe" "digest pipe" \
        "runtime-config --template pipe layout:app" "validate --format json -o pipe layout" \
        "copy layout oci-archive:pipe"; do
        # shellcheck disable=SC2016
        run --separate-stderr bash -c '
            set -m
            "$OCI_IMAGE" '"$command"' & pid=$!
            sleep 0.5
            kill -INT $pid
            wait $pid
            echo $?'
        says 130
        [[ $stderr != *"oci-image: "* ]] || complain "$command"
    done
}

@test "an interrupted command that waits for standard input says nothing" {
    mkfifo pipe
    "$OCI_IMAGE" create layout:app --cmd x
    for command in "list -" "create layout:new -" "validate --type config -" "digest -" \
        "runtime-config --template - layout:app"; do
        # shellcheck disable=SC2016
        run --separate-stderr bash -c '
            set -m
            "$OCI_IMAGE" '"$command"' <pipe & pid=$!
            exec 3>pipe
            sleep 0.5
            kill -INT $pid
            wait $pid
            echo $?'
        says 130
        [[ $stderr != *"oci-image: "* ]] || complain "$command"
    done
}
