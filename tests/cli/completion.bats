#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib

# complete WORD...: what bash offers for the last word.
complete_words() {
    # shellcheck disable=SC2016
    run --separate-stderr bash -c '
        source <("$OCI_IMAGE" completion bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _oci_image
        echo "${COMPREPLY[*]}"' bash "$@"
}

@test "bash completes commands" {
    complete_words oci-image di
    says "digest"
    complete_words oci-image help dig
    says "digest"
    complete_words oci-image ""
    for command in $OCI_COMMANDS; do
        [[ " $output " == *" $command "* ]]
    done
}

@test "bash completes options and their values" {
    complete_words oci-image digest --al
    says "--algorithm"
    complete_words oci-image digest --color ""
    says "auto always never"
    complete_words oci-image digest --color = al
    says "always"
    complete_words oci-image digest --algorithm ""
    says ""
    complete_words oci-image completion ""
    says "bash zsh fish"
}

@test "the scripts are well-formed" {
    for shell in bash zsh fish; do
        oci completion $shell
        exits 0
        printf '%s\n' "$output" >"script.$shell"
        for command in $OCI_COMMANDS; do
            grep -q -- "$command" "script.$shell"
        done
        if command -v $shell; then
            $shell -n "script.$shell"
        fi
    done
}

@test "shellcheck accepts the bash script" {
    command -v shellcheck || skip "no shellcheck"
    "$OCI_IMAGE" completion bash >script.bash
    shellcheck -s bash script.bash
}

@test "a shell that there is not" {
    oci completion tcsh
    exits 2
    complains_of "completion: no completions for 'tcsh'*"
    hints "choose one of bash, zsh, fish"
    oci completion
    exits 2
    complains_of "completion: an argument is missing*"
    hints "usage: oci-image completion *"
}
