#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # code for other shells; variables of bats
# create: the same inputs give the same digests, today and tomorrow, whoever asks. OCI_UPDATE_GOLDEN=1 writes the list anew.
load lib
load images

golden() {
    mkdir -p "$1"
    bash "$BATS_TEST_DIRNAME/golden.bash" "$1"
}

@test "as they have always been" {
    golden here >list
    if [ -n "${OCI_UPDATE_GOLDEN:-}" ]; then
        cp list "$OCI_TESTDATA/golden/create.txt"
    fi
    diff "$OCI_TESTDATA/golden/create.txt" list
}

@test "with another umask, locale and time zone" {
    umask 077
    LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Kolkata golden here >list
    diff "$OCI_TESTDATA/golden/create.txt" list
}

@test "for an ordinary user" {
    [ "$(id -u)" -eq 0 ] || skip "every run is one"
    chmod 755 .
    mkdir -m 777 there
    cp "$BATS_TEST_DIRNAME/golden.bash" golden.bash
    chmod 755 golden.bash
    setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$OCI_IMAGE" || skip "nobody cannot reach the program"
    setpriv --reuid=65534 --regid=65534 --clear-groups bash golden.bash there >list
    diff "$OCI_TESTDATA/golden/create.txt" list
}
