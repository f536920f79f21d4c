/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/user.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "bundle/files.h"
#include "run.h"

#define PASSWD                                                                                                         \
    "root:x:0:0:root:/root:/bin/sh\n"                                                                                  \
    "alice:x:1000:100:Alice:/home/alice:/bin/sh\n"                                                                     \
    "bob:x:1001:101::/:\n"                                                                                             \
    "7:x:70:71::/:\n"                                                                                                  \
    "alice:x:0:0:the second is nobody:/:\n"                                                                            \
    "last:x:4294967294:4294967294::/:"
#define GROUP                                                                                                          \
    "root:x:0:root\n"                                                                                                  \
    "wheel:x:10:alice\n"                                                                                               \
    "users:x:100:alice\n"                                                                                              \
    "staff:x:50:bob,alice\n"                                                                                           \
    "audio:x:20:bob,alice,carol\n"                                                                                     \
    "again:x:10:alice\n"                                                                                               \
    "near:x:30:alicea,alic\n"                                                                                          \
    "8:x:80:\n"                                                                                                        \
    "staff:x:0:bob\n"                                                                                                  \
    "last:x:4294967294"

#define USER(id_, text_, expect_)                                                                                      \
    {                                                                                                                  \
        .id = id_, .config = { .user = text_ }, .passwd = PASSWD, .group = GROUP, .pointer = "/process/user",          \
        .expect = expect_                                                                                              \
    }
#define BAD(id_, text_, error_)                                                                                        \
    {                                                                                                                  \
        .id = id_, .config = { .user = text_ }, .passwd = PASSWD, .group = GROUP, .result = OCI_E_INVALID,             \
        .expect = error_                                                                                               \
    }

static const run_row good_forms[] = {
    USER("user", "alice", "{\"uid\":1000,\"gid\":100,\"additionalGids\":[10,50,20]}"),
    USER("user without supplementary groups", "last", "{\"uid\":4294967294,\"gid\":4294967294}"),
    USER("user with the primary group listed", "root", "{\"uid\":0,\"gid\":0}"),
    /* staff:x:0:bob counts as a group of its own: members go by id. */
    USER("user in two groups of one name", "bob", "{\"uid\":1001,\"gid\":101,\"additionalGids\":[50,20,0]}"),
    USER("uid that is there", "1000", "{\"uid\":1000,\"gid\":100}"),
    USER("uid that is not there", "4242", "{\"uid\":4242,\"gid\":0}"),
    USER("uid 0", "0", "{\"uid\":0,\"gid\":0}"),
    USER("largest uid", "4294967294", "{\"uid\":4294967294,\"gid\":4294967294}"),
    USER("uid with zeros in front", "0001000", "{\"uid\":1000,\"gid\":100}"),
    USER("user:group", "alice:staff", "{\"uid\":1000,\"gid\":50}"),
    USER("user:its own group", "alice:users", "{\"uid\":1000,\"gid\":100}"),
    USER("uid:gid", "1000:50", "{\"uid\":1000,\"gid\":50}"),
    USER("uid:gid, none there", "5000:6000", "{\"uid\":5000,\"gid\":6000}"),
    USER("uid:gid, largest", "4294967294:4294967294", "{\"uid\":4294967294,\"gid\":4294967294}"),
    USER("uid:gid of root", "0:0", "{\"uid\":0,\"gid\":0}"),
    USER("uid:group", "1000:audio", "{\"uid\":1000,\"gid\":20}"),
    USER("uid:group, user not there", "4242:wheel", "{\"uid\":4242,\"gid\":10}"),
    USER("user:gid", "alice:7", "{\"uid\":1000,\"gid\":7}"),
    USER("user:gid 0", "bob:0", "{\"uid\":1001,\"gid\":0}"),
    USER("group without a member list", "0:last", "{\"uid\":0,\"gid\":4294967294}"),
    USER("digits are a number though such a user is there", "7", "{\"uid\":7,\"gid\":0}"),
    USER("digits are a number though such a group is there", "7:8", "{\"uid\":7,\"gid\":8}"),
    USER("no User", NULL, "{\"uid\":0,\"gid\":0}"),
    USER("empty User", "", "{\"uid\":0,\"gid\":0}"),
};

// proves: config.user.forms config.user.no-group config.user.group-given conversion.user.parse
// proves: conversion.user.numeric-uid conversion.user.numeric-gid conversion.user.resolve conversion.user.passwd
// proves: conversion.user.additional-gids conversion.user.numeric-no-additional conversion.user.group-no-additional
// proves: conversion.user.undefined runtime.process.user-required-ids runtime.process.user-names-resolved
OCI_TEST (user, resolves_every_form) {
    RUN_ROWS(good_forms);
}

static const run_row bad_forms[] = {
    BAD("empty group", "alice:", "the group is empty"),
    BAD("empty group of a uid", "1000:", "the group is empty"),
    BAD("empty user", ":staff", "the user is empty"),
    BAD("empty user with a gid", ":50", "the user is empty"),
    BAD("colon alone", ":", "the user is empty"),
    BAD("three parts", "a:b:c", "more than a user and a group"),
    BAD("three numbers", "1:2:3", "more than a user and a group"),
    BAD("empty third part", "1:2:", "more than a user and a group"),
    BAD("uid -1", "-1", "the user is outside of 0 to 4294967294"),
    BAD("uid -0", "-0", "the user is outside of 0 to 4294967294"),
    BAD("gid -1", "0:-1", "the group is outside of 0 to 4294967294"),
    BAD("uid that means no change", "4294967295", "the user is outside of 0 to 4294967294"),
    BAD("gid that means no change", "0:4294967295", "the group is outside of 0 to 4294967294"),
    BAD("uid of 33 bits", "4294967296", "the user is outside of 0 to 4294967294"),
    BAD("uid of 65 bits", "18446744073709551616", "the user is outside of 0 to 4294967294"),
    BAD("gid of 65 bits", "0:18446744073709551616", "the group is outside of 0 to 4294967294"),
    BAD("unknown user", "nosuch", "no user 'nosuch'"),
    BAD("unknown user with a group", "nosuch:staff", "no user 'nosuch'"),
    BAD("unknown user with a gid", "nosuch:50", "no user 'nosuch'"),
    BAD("unknown group", "alice:nosuch", "no group 'nosuch'"),
    BAD("unknown group of a uid", "1000:nosuch", "no group 'nosuch'"),
    BAD("name in another case", "Alice", "no user 'Alice'"),
    BAD("name with a blank", " alice", "no user ' alice'"),
    BAD("name with a blank behind", "alice ", "no user 'alice '"),
    BAD("number with a sign", "+5", "no user '+5'"),
    BAD("number with a blank", " 5", "no user ' 5'"),
    BAD("hexadecimal number", "0x10", "no user '0x10'"),
    BAD("number with letters", "12abc", "no user '12abc'"),
    BAD("start of a name", "ali", "no user 'ali'"),
    BAD("hyphen alone", "-", "no user '-'"),
    BAD("name with an end of line", "alice\nbob", "no user 'alice\\x0abob'"),
    BAD("group that is a user", "0:alice", "no group 'alice'"),
    BAD("user that is a group", "wheel", "no user 'wheel'"),
};

// proves: config.user.forms conversion.user.unknown-error runtime.process.user-range safety.16
OCI_TEST (user, refuses_what_is_no_user) {
    RUN_ROWS(bad_forms);
}

#define FILES(id_, text_, passwd_, group_, expect_)                                                                    \
    {                                                                                                                  \
        .id = id_, .config = { .user = text_ }, .passwd = passwd_, .group = group_, .pointer = "/process/user",        \
        .expect = expect_                                                                                              \
    }
#define FILES_BAD(id_, text_, passwd_, group_, error_)                                                                 \
    {                                                                                                                  \
        .id = id_, .config = { .user = text_ }, .passwd = passwd_, .group = group_, .result = OCI_E_INVALID,           \
        .expect = error_                                                                                               \
    }

static const run_row odd_files[] = {
    FILES("no files, no User", NULL, NULL, NULL, "{\"uid\":0,\"gid\":0}"),
    FILES("no files, uid", "1000", NULL, NULL, "{\"uid\":1000,\"gid\":0}"),
    FILES("no files, uid:gid", "1000:50", NULL, NULL, "{\"uid\":1000,\"gid\":50}"),
    FILES_BAD("no files, user", "alice", NULL, NULL, "no user 'alice'"),
    FILES_BAD("no files, root", "root", NULL, NULL, "no user 'root'"),
    FILES_BAD("no files, uid:group", "0:wheel", NULL, NULL, "no group 'wheel'"),
    FILES("no group file", "a", "a:x:5:6::/:\n", NULL, "{\"uid\":5,\"gid\":6}"),
    FILES("no passwd file, uid:group", "5:g", NULL, "g:x:6:\n", "{\"uid\":5,\"gid\":6}"),
    FILES("empty files", "5", "", "", "{\"uid\":5,\"gid\":0}"),
    FILES_BAD("empty files, user", "a", "", "", "no user 'a'"),
    FILES("comments and empty lines", "a", "# users\n\n\na:x:5:6::/:\n\n", "\n# groups\n", "{\"uid\":5,\"gid\":6}"),
    FILES("line without home and shell", "a", "a:x:5:6", "", "{\"uid\":5,\"gid\":6}"),
    FILES("line with too many fields", "a", "a:x:5:6:c:h:s:t:u\n", "", "{\"uid\":5,\"gid\":6}"),
    FILES("line with CR LF", "a", "a:x:5:6::/:/bin/sh\r\n", "", "{\"uid\":5,\"gid\":6}"),
    FILES_BAD("line that is a name alone", "a", "a\n", "", "no user 'a'"),
    FILES_BAD("line without a uid", "a", "a:x\n", "", "no user 'a'"),
    FILES_BAD("line without a gid", "a", "a:x:0\n", "", "no user 'a'"),
    FILES_BAD("line with an empty uid", "a", "a:x::6::/:\n", "", "no user 'a'"),
    FILES_BAD("line with an empty gid", "a", "a:x:5:::/:\n", "", "no user 'a'"),
    FILES_BAD("line with a uid of letters", "a", "a:x:zero:6::/:\n", "", "no user 'a'"),
    FILES_BAD("line with a uid that ends in letters", "a", "a:x:5z:6::/:\n", "", "no user 'a'"),
    FILES_BAD("line with a negative uid", "a", "a:x:-1:6::/:\n", "", "no user 'a'"),
    FILES_BAD("line with a blank before the uid", "a", "a:x: 5:6::/:\n", "", "no user 'a'"),
    FILES_BAD("line with a uid that wraps to 0", "a", "a:x:4294967296:6::/:\n", "", "no user 'a'"),
    FILES_BAD("line with a gid that wraps to 0", "a", "a:x:5:18446744073709551616::/:\n", "", "no user 'a'"),
    FILES_BAD("line with the uid that means no change", "a", "a:x:4294967295:6::/:\n", "", "no user 'a'"),
    FILES_BAD("compatibility line of NIS", "+", "+::::::\n", "", "no user '+'"),
    FILES("a broken line gives way to a good one", "a", "a:x::0::/:\na:x:5:6::/:\n", "", "{\"uid\":5,\"gid\":6}"),
    FILES("the first line wins", "a", "a:x:5:6::/:\na:x:0:0::/:\n", "", "{\"uid\":5,\"gid\":6}"),
    FILES("the first line with the uid wins", "5", "b:x:5:7::/:\na:x:5:6::/:\n", "", "{\"uid\":5,\"gid\":7}"),
    FILES("a line without a name has no uid", "5", ":x:5:7::/:\n", "", "{\"uid\":5,\"gid\":0}"),
    FILES("the first group wins", "5:g", "", "g:x:6:\ng:x:0:\n", "{\"uid\":5,\"gid\":6}"),
    FILES("a broken group gives way to a good one", "5:g", "", "g:x:\ng:x:6:\n", "{\"uid\":5,\"gid\":6}"),
    FILES_BAD("group without a gid", "5:g", "", "g:x\n", "no group 'g'"),
    FILES_BAD("group with an empty gid", "5:g", "", "g:x::a\n", "no group 'g'"),
    FILES_BAD("group with a gid that wraps to 0", "5:g", "", "g:x:4294967296:\n", "no group 'g'"),
    FILES("broken groups have no members", "a", "a:x:5:6::/:\n", "g:x::a\nh:x:-1:a\n:x:9:a\ni:x:7:a\n",
          "{\"uid\":5,\"gid\":6,\"additionalGids\":[7]}"),
    FILES("member lists with holes", "a", "a:x:5:6::/:\n", "g:x:7:,,a,\nh:x:8:,\ni:x:9:\n",
          "{\"uid\":5,\"gid\":6,\"additionalGids\":[7]}"),
    FILES("a member goes to the end of the line", "a", "a:x:5:6::/:\n", "g:x:7:a:b\nh:x:8:b:a\n",
          "{\"uid\":5,\"gid\":6}"),
    FILES("the order of the file is kept", "a", "a:x:5:6::/:\n", "x:x:30:a\ny:x:10:a\nz:x:20:a\n",
          "{\"uid\":5,\"gid\":6,\"additionalGids\":[30,10,20]}"),
    FILES("names of any bytes", "j\xc3\xb6rg", "j\xc3\xb6rg:x:5:6::/:\n", "", "{\"uid\":5,\"gid\":6}"),
    FILES("a group of root's stays one", "a", "a:x:5:6::/:\n", "root:x:0:a\n",
          "{\"uid\":5,\"gid\":6,\"additionalGids\":[0]}"),
};

// proves: conversion.user.passwd conversion.user.group-file conversion.user.additional-gids
// proves: conversion.user.unknown-error safety.16
OCI_TEST (user, reads_odd_files) {
    RUN_ROWS(odd_files);
}

static int resolve_in(const run_rootfs *rootfs, const char *text, oci_user *user, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(rootfs->fd);
    const oci_bundle_files files = oci_files_of_root(&root);

    return oci_user_resolve(text, &files, user, err);
}

// proves: conversion.user.resolve conversion.user.passwd safety.2 safety.16
OCI_TEST (user, follows_links_inside_the_root_alone) {
    oci_error err = OCI_ERROR_INIT;
    run_rootfs rootfs;
    oci_user user;

    oci_run_rootfs_make(&rootfs);
    oci_run_rootfs_write(&rootfs, "group", "inside:x:5:6::/:\n");
    assert_int_equal(symlinkat("/../../../../etc/group", rootfs.fd, "etc/passwd"), 0);
    assert_ok(&err, resolve_in(&rootfs, "inside:1", &user, &err));
    assert_int_equal(user.uid, 5);
    /* The host has one. */
    assert_fails(OCI_E_INVALID, &err, resolve_in(&rootfs, "root", &user, &err));
    unlinkat(rootfs.fd, "etc/passwd", 0);
    assert_int_equal(symlinkat("/etc/nosuch", rootfs.fd, "etc/passwd"), 0);
    assert_fails(OCI_E_INVALID, &err, resolve_in(&rootfs, "root", &user, &err));
    unlinkat(rootfs.fd, "etc/passwd", 0);
    assert_int_equal(symlinkat("passwd", rootfs.fd, "etc/passwd"), 0);
    assert_true(resolve_in(&rootfs, "root", &user, &err) < 0);
    oci_run_rootfs_remove(&rootfs);
}

// proves: safety.16
OCI_TEST (user, reads_regular_files_alone) {
    oci_error err = OCI_ERROR_INIT;
    run_rootfs rootfs;
    oci_user user;

    oci_run_rootfs_make(&rootfs);
    assert_int_equal(mkfifoat(rootfs.fd, "etc/passwd", 0644), 0);
    assert_int_equal(mkfifoat(rootfs.fd, "etc/group", 0644), 0);
    assert_fails(OCI_E_INVALID, &err, resolve_in(&rootfs, "root", &user, &err));
    assert_fails(OCI_E_INVALID, &err, resolve_in(&rootfs, "5", &user, &err));
    assert_fails(OCI_E_INVALID, &err, resolve_in(&rootfs, "5:wheel", &user, &err));
    /* Numbers ask no file. */
    assert_ok(&err, resolve_in(&rootfs, "5:6", &user, &err));
    unlinkat(rootfs.fd, "etc/passwd", 0);
    assert_int_equal(mkdirat(rootfs.fd, "etc/passwd", 0755), 0);
    assert_fails(OCI_E_INVALID, &err, resolve_in(&rootfs, "root", &user, &err));
    unlinkat(rootfs.fd, "etc/passwd", AT_REMOVEDIR);
    oci_run_rootfs_remove(&rootfs);
}

// proves: safety.16
OCI_TEST (user, refuses_large_files) {
    static const char line[] = "a:x:5:6::/:\n";
    oci_error err = OCI_ERROR_INIT;
    char *text = calloc(1, (1 << 20) + 2);
    run_rootfs rootfs;
    oci_user user;

    assert_non_null(text);
    memset(text, '\n', 1 << 20);
    memcpy(text + (1 << 20) - sizeof line + 1, line, sizeof line - 1);
    oci_run_rootfs_make(&rootfs);
    oci_run_rootfs_write(&rootfs, "passwd", text);
    assert_ok(&err, resolve_in(&rootfs, "a", &user, &err));
    assert_int_equal(user.uid, 5);
    oci_user_clear(&user);
    text[1 << 20] = '\n';
    oci_run_rootfs_write(&rootfs, "passwd", text);
    assert_fails(OCI_E_LIMIT, &err, resolve_in(&rootfs, "a", &user, &err));
    free(text);
    oci_run_rootfs_remove(&rootfs);
}

// proves: safety.16
OCI_TEST (user, bounds_the_supplementary_groups) {
    oci_error err = OCI_ERROR_INIT;
    oci_buf text = OCI_BUF_INIT;
    oci_gids gids = { 0 };

    for (unsigned i = 1; i <= OCI_GROUPS_MAX; i++)
        assert_int_equal(oci_buf_printf(&text, NULL, "g:x:%u:a\ng:x:%u:a\n", i, i), 0);
    assert_ok(&err, oci_group_memberships((oci_span) { text.data, text.len }, (oci_span) { "a", 1 }, 0, &gids, &err));
    assert_int_equal(gids.count, OCI_GROUPS_MAX);
    oci_free(gids.items);
    gids = (oci_gids) { 0 };
    assert_int_equal(oci_buf_puts(&text, "g:x:100000:a\n", NULL), 0);
    assert_fails(OCI_E_LIMIT, &err,
                 oci_group_memberships((oci_span) { text.data, text.len }, (oci_span) { "a", 1 }, 0, &gids, &err));
    oci_free(gids.items);
    oci_buf_free(&text);
}

// proves: conversion.user.resolve
OCI_TEST (user, needs_a_root_for_names) {
    oci_error err = OCI_ERROR_INIT;
    oci_user user;

    assert_fails(OCI_E_NOT_FOUND, &err, oci_user_resolve("root", NULL, &user, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_user_resolve("0:root", NULL, &user, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_user_resolve("root:0", NULL, &user, &err));
    assert_ok(&err, oci_user_resolve(NULL, NULL, &user, &err));
    assert_int_equal(user.uid, 0);
    assert_int_equal(user.gid, 0);
    assert_ok(&err, oci_user_resolve("", NULL, &user, &err));
    assert_int_equal(user.uid, 0);
    assert_ok(&err, oci_user_resolve("5", NULL, &user, &err));
    assert_int_equal(user.uid, 5);
    assert_int_equal(user.gid, 0);
    assert_ok(&err, oci_user_resolve("5:6", NULL, &user, &err));
    assert_int_equal(user.gid, 6);
}

// proves: safety.12
OCI_TEST (user, goes_by_length_in_files_with_nul_bytes) {
    static const char passwd[] = "a\0b:x:0:0::/:\na:x:5\0:6::/:\na:x:7:8\0\n";
    oci_passwd_entry entry;

    assert_false(oci_passwd_find_name((oci_span) { passwd, sizeof passwd - 1 }, (oci_span) { "a", 1 }, &entry));
    assert_true(oci_passwd_find_name((oci_span) { passwd, sizeof passwd - 1 }, (oci_span) { "a\0b", 3 }, &entry));
    assert_int_equal(entry.uid, 0);
    assert_false(oci_passwd_find_uid((oci_span) { passwd, sizeof passwd - 1 }, 7, &entry));
    assert_false(oci_passwd_find_uid((oci_span) { NULL, 0 }, 0, &entry));
}

OCI_TEST (user, survives_lack_of_memory) {
    run_rootfs rootfs;

    oci_run_rootfs_make(&rootfs);
    oci_run_rootfs_write(&rootfs, "passwd", PASSWD);
    oci_run_rootfs_write(&rootfs, "group", GROUP);
    for (unsigned long n = 1;; n++) {
        oci_error err = OCI_ERROR_INIT;
        oci_user user;
        int r;

        oci_alloc_fail_at(n);
        r = resolve_in(&rootfs, "alice", &user, &err);
        oci_alloc_fail_at(0);
        if (r == 0) {
            assert_true(n > 3);
            oci_user_clear(&user);
            break;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_string_not_equal(err.msg, "");
    }
    oci_run_rootfs_remove(&rootfs);
}
