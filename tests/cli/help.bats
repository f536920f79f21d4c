#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
load lib

@test "without a command: the help, as an error" {
    oci
    exits 2
    says ""
    [[ $stderr == "Usage: oci-image "* ]]
}

@test "--help lists every command on standard output" {
    oci --help
    exits 0
    [ -z "$stderr" ]
    for command in $OCI_COMMANDS; do
        [[ $output == *$'\n'"  $command "* ]] || complain "$command is missing"
    done
    whole=$output
    oci help
    says "$whole"
    oci -h
    says "$whole"
}

@test "--help and help are the same for every command" {
    for command in $OCI_COMMANDS; do
        oci "$command" --help
        exits 0
        [ -z "$stderr" ]
        whole=$output
        oci help "$command"
        exits 0
        says "$whole"
        oci --help "$command"
        says "$whole"
        [[ $whole == "Usage: oci-image $command"* ]]
    done
}

@test "help fits in 80 columns" {
    for command in "" $OCI_COMMANDS; do
        # shellcheck disable=SC2086
        oci help $command
        bad=$(awk 'length($0) > 80 || / $/' <<<"$output")
        [ -z "$bad" ] || complain "too long or blank at the end: $bad"
    done
}

@test "every command has examples that begin with its name" {
    for command in $OCI_COMMANDS; do
        oci help "$command"
        examples=${output#*$'\n'Examples:$'\n'}
        [ "$examples" != "$output" ] || complain "$command has no examples"
        [[ $examples == *"oci-image $command"* ]] || complain "examples of $command are of something else"
    done
}

@test "every command has a bats file" {
    for command in $OCI_COMMANDS; do
        [ -e "$BATS_TEST_DIRNAME/$command.bats" ] || complain "tests/cli/$command.bats is missing"
    done
}

@test "no command has an option twice" {
    for command in $OCI_COMMANDS; do
        oci help "$command"
        twice=$(grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9][a-z0-9-]*' <<<"$output" | grep -oE -- '--?[a-zA-Z0-9-]+' | sort | uniq -d)
        [ -z "$twice" ] || complain "$command: $twice"
    done
}

@test "man pages have every option of the help and nothing else" {
    for command in $OCI_COMMANDS; do
        oci help "$command"
        from_help=$(sed '/^Examples:/,$d' <<<"$output" | grep -E '^  ' | grep -oE -- '--(\[no-\])?[a-z0-9][a-z0-9-]*' |
            sed 's/\[no-\]//' | sort -u)
        oci help --scdoc "$command"
        exits 0
        [[ $output == "oci-image-$command(1) "* ]]
        from_man=$(sed '/^# EXIT STATUS/,$d' <<<"$output" | sed '1,/^# OPTIONS/d' | grep -E '^\*-' |
            grep -oE -- '--[a-z0-9][a-z0-9-]*' | grep -v -- '^--no-' | sort -u)
        from_help=$(grep -v -- '^--no-' <<<"$from_help")
        [ "$from_help" = "$from_man" ] || complain "$command: help has $from_help, man has $from_man"
    done
}

@test "scdoc accepts every page" {
    command -v scdoc || skip "no scdoc"
    for command in "" $OCI_COMMANDS; do
        # shellcheck disable=SC2086
        "$OCI_IMAGE" help --scdoc $command | scdoc >page
        grep -q '^\.TH "oci-image' page
    done
}

@test "help for what there is not" {
    oci help digset
    exits 2
    complains_of "help: there is no command 'digset'*"
    hints "did you mean 'digest'?"
    oci help digest help
    exits 2
    complains_of "help: unexpected argument 'help'*"
    hints "usage: oci-image help *"
}
