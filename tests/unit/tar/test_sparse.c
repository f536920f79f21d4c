/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tar/sparse.h"

#include "stream/stream.h"
#include "archive.h"
#include "test.h"

static oci_span text(const char *s)
{
    return (oci_span) { s, strlen(s) };
}

// proves: layer.sparse.avoid
OCI_TEST (sparse, keeps_pieces_in_order) {
    oci_tar_sparse s = { 0 };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_tar_sparse_parse(&s, text("0,5,5,1,100,0,100,20,120,0"), &err));
    assert_int_equal(s.listed, 5);
    assert_int_equal(s.count, 3);
    assert_true(s.items[2].offset == 100 && s.items[2].len == 20);
    assert_int_equal(s.stored, 26);
    assert_int_equal(s.end, 120);
    assert_ok(&err, oci_tar_sparse_check(&s, 120, 26, &err));
    assert_ok(&err, oci_tar_sparse_check(&s, 121, 26, &err));
    assert_fails(OCI_E_INVALID, &err, oci_tar_sparse_check(&s, 119, 26, &err));
    assert_fails(OCI_E_INVALID, &err, oci_tar_sparse_check(&s, 120, 25, &err));
    assert_fails(OCI_E_INVALID, &err, oci_tar_sparse_check(&s, 120, 27, &err));
    oci_tar_sparse_clear(&s);
    assert_ok(&err, oci_tar_sparse_check(&s, 0, 0, &err));
    oci_tar_sparse_free(&s);
}

// proves: safety.8 safety.10
OCI_TEST (sparse, refuses_maps_that_make_no_sense) {
    static const char *const maps[] = {
        "0",
        "0,1,",
        "0,1,2",
        ",",
        "0,-1",
        "0, 1",
        "0,1x",
        "10,1,5,1",
        "10,5,14,1",
        "9223372036854775807,1",
        "18446744073709551615,1",
        "1,18446744073709551615",
        "9223372036854775808,0",
    };

    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        oci_tar_sparse s = { 0 };
        oci_error err = OCI_ERROR_INIT;

        assert_fails(OCI_E_INVALID, &err, oci_tar_sparse_parse(&s, text(maps[i]), &err));
        oci_tar_sparse_free(&s);
    }
}

// proves: safety.10
OCI_TEST (sparse, bounds_the_number_of_pieces) {
    oci_tar_sparse s = { 0 };
    oci_error err = OCI_ERROR_INIT;

    /* Empty pieces take no memory, and still have an end. */
    for (int i = 0; i < OCI_TAR_SPARSE_MAX; i++)
        assert_int_equal(oci_tar_sparse_add(&s, 0, 0, &err), 0);
    assert_fails(OCI_E_LIMIT, &err, oci_tar_sparse_add(&s, 0, 0, &err));
    oci_tar_sparse_free(&s);
}

OCI_TEST (sparse, bounds_a_chain_of_empty_blocks) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
    unsigned char *header = archive_header(&archive, 'S', "chain", 0);
    OCI_AUTO(oci_reader) source = NULL;
    char more[512] = { 0 };

    memcpy(header + OCI_TAR_AT_MAGIC, "ustar  ", 8);
    header[OCI_TAR_AT_EXTENDED] = 1;
    archive_resum(header);
    more[504] = 1;
    for (int i = 0; i < OCI_TAR_SPARSE_MAX / 21 + 2; i++)
        archive_data(&archive, more, sizeof more);
    source = archive_source(&archive, 1 << 16, 0, 0);
    assert_int_equal(archive_list(source, &out), OCI_E_LIMIT);
}
