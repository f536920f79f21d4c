/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "test.h"

#include "os/ident.h"

static const oci_id_map uids[] = { { 0, 1000, 1 }, { 1, 100000, 65535 } };
static const oci_id_map gids[] = { { 0, 2000, 1 }, { 100, 200000, 50 } };

static int init(oci_ident *out, oci_apply_options o, oci_error *err)
{
    return oci_ident_init(out, &o, err);
}

static oci_ident mapped(oci_owner_policy policy)
{
    oci_ident ident;
    oci_error err;

    assert_ok(&err, init(&ident,
                         (oci_apply_options) {
                             .owner = policy, .uid_maps = uids, .n_uid_maps = 2, .gid_maps = gids, .n_gid_maps = 2 },
                         &err));
    return ident;
}

static void expect_owner(const oci_ident *ident, uint32_t uid, uint32_t gid, bool chown_it, uint32_t as, uint32_t of)
{
    oci_owner owner;
    oci_error err;

    assert_ok(&err, oci_ident_owner(ident, uid, gid, &owner, &err));
    assert_int_equal(owner.chown, chown_it);
    assert_int_equal(owner.uid, as);
    assert_int_equal(owner.gid, of);
}

// proves: safety.8
OCI_TEST (ident, keep_maps_and_refuses_the_rest) {
    oci_ident ident = mapped(OCI_OWNER_KEEP);
    oci_owner owner = { .uid = 7, .gid = 7 };
    oci_error err;

    expect_owner(&ident, 0, 0, true, 1000, 2000);
    expect_owner(&ident, 1, 100, true, 100000, 200000);
    expect_owner(&ident, 65535, 149, true, 165534, 200049);
    assert_fails(OCI_E_INVALID, &err, oci_ident_owner(&ident, 65536, 0, &owner, &err));
    assert_fails(OCI_E_INVALID, &err, oci_ident_owner(&ident, 0, 1, &owner, &err));
    assert_fails(OCI_E_INVALID, &err, oci_ident_owner(&ident, 0, 99, &owner, &err));
    assert_fails(OCI_E_INVALID, &err, oci_ident_owner(&ident, 0, 150, &owner, &err));
    assert_fails(OCI_E_INVALID, &err, oci_ident_owner(&ident, UINT32_MAX, 0, &owner, &err));
    assert_fails(OCI_E_INVALID, &err, oci_ident_owner(&ident, 0, UINT32_MAX, &owner, &err));
    assert_int_equal(owner.uid, 7);
}

OCI_TEST (ident, without_maps_ids_are_themselves) {
    oci_ident ident;
    oci_error err;

    assert_ok(&err, init(&ident, (oci_apply_options) { .owner = OCI_OWNER_KEEP }, &err));
    expect_owner(&ident, 0, 0, true, 0, 0);
    expect_owner(&ident, 4294967294, 12, true, 4294967294, 12);
    assert_ok(&err,
              init(&ident, (oci_apply_options) { .owner = OCI_OWNER_KEEP, .uid_maps = uids, .n_uid_maps = 2 }, &err));
    expect_owner(&ident, 1, 12, true, 100000, 12);
}

OCI_TEST (ident, map_gives_the_rest_to_the_caller) {
    oci_ident ident = mapped(OCI_OWNER_MAP);

    expect_owner(&ident, 2, 101, true, 100001, 200001);
    expect_owner(&ident, 70000, 101, true, geteuid(), 200001);
    expect_owner(&ident, 2, 7, true, 100001, getegid());
}

OCI_TEST (ident, squash_and_record_change_nothing) {
    oci_ident squash = mapped(OCI_OWNER_SQUASH), record = mapped(OCI_OWNER_RECORD);

    expect_owner(&squash, 70000, 70000, false, geteuid(), getegid());
    expect_owner(&record, 5, 5, false, geteuid(), getegid());
}

OCI_TEST (ident, auto_is_settled) {
    oci_ident ident;
    oci_error err;

    assert_ok(&err, init(&ident, (oci_apply_options) { .owner = OCI_OWNER_AUTO }, &err));
    assert_int_equal(ident.policy, geteuid() == 0 ? OCI_OWNER_KEEP : OCI_OWNER_SQUASH);
}

OCI_TEST (ident, bad_maps_are_refused) {
    static const oci_id_map bad[][2] = {
        { { 0, 0, 0 }, { 5, 5, 1 } },
        { { 0, 0, UINT32_MAX }, { 1, 5, 1 } },
        { { UINT32_MAX, 0, 1 }, { 1, 5, 1 } },
        { { 0, UINT32_MAX - 1, 2 }, { 5, 5, 1 } },
        { { UINT32_MAX - 5, 0, 10 }, { 5, 5, 1 } },
        { { 0, 0, 10 }, { 9, 100, 1 } },
        { { 9, 0, 1 }, { 0, 100, 10 } },
        { { 0, 0, 10 }, { 10, 9, 5 } },
    };
    static const oci_id_map good[2] = { { 0, 10, 10 }, { 10, 0, 10 } };
    oci_ident ident;
    oci_error err;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(
            OCI_E_USAGE, &err,
            init(&ident, (oci_apply_options) { .owner = OCI_OWNER_KEEP, .uid_maps = bad[i], .n_uid_maps = 2 }, &err));
        assert_fails(
            OCI_E_USAGE, &err,
            init(&ident, (oci_apply_options) { .owner = OCI_OWNER_MAP, .gid_maps = bad[i], .n_gid_maps = 2 }, &err));
    }
    assert_ok(&err,
              init(&ident,
                   (oci_apply_options) {
                       .owner = OCI_OWNER_KEEP, .uid_maps = good, .n_uid_maps = 2, .gid_maps = good, .n_gid_maps = 2 },
                   &err));
}

OCI_TEST (ident, record_is_a_protobuf_message) {
    static const struct {
        uint32_t uid, gid;
        size_t n;
        const char *bytes;
    } records[] = {
        { 0, 0, 0, "" },
        { 1, 0, 2, "\x08\x01" },
        { 0, 5, 2, "\x10\x05" },
        { 1000, 1000, 6, "\x08\xe8\x07\x10\xe8\x07" },
        { 127, 128, 5, "\x08\x7f\x10\x80\x01" },
        { UINT32_MAX, UINT32_MAX, 12, "\x08\xff\xff\xff\xff\x0f\x10\xff\xff\xff\xff\x0f" },
    };

    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        unsigned char out[OCI_IDENT_RECORD_MAX];

        assert_int_equal(oci_ident_record(records[i].uid, records[i].gid, out), records[i].n);
        assert_memory_equal(out, records[i].bytes, records[i].n);
    }
}
