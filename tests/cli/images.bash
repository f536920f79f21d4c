# shellcheck shell=bash disable=SC2154 # variables of bats
# Images to test with: "load images" after "load lib".

# The directory tree/ and of it tree.tar, tree.tar.gz: a file, a hard link, a symlink, a directory of its own mode.
make_tars() {
    mkdir -p tree/etc tree/private
    echo text >tree/etc/file
    ln tree/etc/file tree/etc/hard
    ln -s file tree/etc/link
    chmod 755 tree tree/etc
    chmod 644 tree/etc/file
    chmod 700 tree/private
    tar -C tree --sort=name --mtime=@1000 --numeric-owner --owner=0 --group=0 -cf tree.tar .
    gzip -nk tree.tar
}

# The layout "layout" with one image per NAME, told apart by an environment variable.
make_layout() {
    make_tars
    for name in "$@"; do
        "$OCI_IMAGE" create "layout:$name" tree.tar --cmd /bin/sh --env "NAME=$name" || return 1
    done
}

# succeeds COMMAND...: the program with these arguments, and nothing on standard error.
succeeds() {
    oci "$@"
    exits 0
    [ -z "$stderr" ] || complain "something is on standard error"
}

# is_json FILTER: standard output is one document, of which the jq filter is true.
is_json() {
    jq -e "$1" <<<"$output" >/dev/null || complain "not so: $1"
}

# The directory has these entries (and no temporary ones but those of bats), hidden ones too.
holds() {
    local dir=$1 found
    shift
    found=$(cd "$dir" &&
        find . -mindepth 1 -maxdepth 1 ! -name 'separate-stderr-*' -printf '%P\n' | sort | tr '\n' ' ')
    [ "$found" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ' | sed 's/^ $//')" ] || complain "$dir holds $found"
}

# one_line: standard error is one line, or one and a hint.
one_line() {
    case ${#stderr_lines[@]} in
        1) ;;
        2) [[ ${stderr_lines[1]} == "hint: "* ]] || complain "the second line is no hint" ;;
        *) complain "standard error has ${#stderr_lines[@]} lines" ;;
    esac
}

# As an ordinary user, who may be us. Skips where that user cannot reach the program.
oci_as_nobody() {
    if [ "$(id -u)" -ne 0 ]; then
        oci "$@"
        return
    fi
    chmod 755 .
    run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$OCI_IMAGE" "$@"
    [ "$status" -ne 126 ] && [ "$status" -ne 127 ] || skip "nobody cannot reach the program"
}
