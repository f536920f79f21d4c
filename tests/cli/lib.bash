# shellcheck shell=bash disable=SC2154 # variables of bats
# For every bats file: "load lib". OCI_IMAGE is the program, OCI_COMMANDS the commands it has.
: "${OCI_IMAGE:?the path of the program}"
bats_require_minimum_version 1.5.0
export LC_ALL=C
unset NO_COLOR SOURCE_DATE_EPOCH

# A directory of its own for each test, as the current one.
setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# Runs the program; afterwards $status, $output (standard output alone), $stderr, and their $lines and $stderr_lines.
oci() {
    run --separate-stderr "$OCI_IMAGE" "$@"
}

# Says what was wrong, with everything that is known.
complain() {
    printf '%s\nstatus: %s\noutput: %s\nstderr: %s\n' "$1" "$status" "$output" "$stderr"
    return 1
}

# exits STATUS: what the last oci or run ended with.
exits() {
    [ "$status" -eq "$1" ] || complain "status is $status, not $1"
}

# says TEXT: standard output is exactly this.
says() {
    [ "$output" = "$1" ] || complain "output is not '$1'"
}

# complains_of PATTERN: standard error is an error of ours that fits the glob pattern.
complains_of() {
    # shellcheck disable=SC2053
    [[ $stderr == "oci-image: "$1 ]] || complain "stderr does not fit '$1'"
}

# hints PATTERN: the last line of standard error is a hint that fits.
hints() {
    # shellcheck disable=SC2053
    [[ ${stderr_lines[-1]} == "hint: "$1 ]] || complain "the hint does not fit '$1'"
}

# Neither standard output nor standard error has anything.
is_silent() {
    [ -z "$output$stderr" ] || complain "something was printed"
}
