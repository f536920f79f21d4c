/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "stream/stream.h"
#include "tar/header.h"

#include "archive.h"
#include "test.h"

static char name100[101], name101[102], deep[300], wide[1001];

__attribute__((constructor)) static void fill_names(void)
{
    memset(name100, 'n', 100);
    memset(name101, 'm', 101);
    for (size_t i = 0; i < sizeof deep - 1; i++)
        deep[i] = i % 50 == 49 ? '/' : 'd';
    deep[sizeof deep - 2] = 'e';
    for (size_t i = 0; i < sizeof wide - 1; i++)
        wide[i] = i % 250 == 249 ? '/' : 'w';
    wide[sizeof wide - 2] = 'x';
}

static const oci_tar_xattr attributes[] = {
    { "user.text", { "value", 5 } },
    { "security.capability", { "\1\0\0\2\n=", 6 } },
    { "user.empty", { "", 0 } },
};

#define NAME(s) .name = (s), .name_len = sizeof(s) - 1

static const oci_tar_entry entries[] = {
    { NAME(""), .type = OCI_TAR_DIR, .mode = 0755 },
    { NAME("etc"), .type = OCI_TAR_DIR, .mode = 01777, .mtime = 978307200 },
    { NAME("etc/hosts"), .type = OCI_TAR_FILE, .mode = 0644, .uid = 1, .gid = 2, .mtime = 3, .size = 9 },
    { NAME("bin/su"), .type = OCI_TAR_FILE, .mode = 04755, .size = 512 },
    { NAME("empty"), .type = OCI_TAR_FILE },
    { NAME("link"), .type = OCI_TAR_SYMLINK, .mode = 0777, .link = "../../..//x/" },
    { NAME("hard"), .type = OCI_TAR_HARDLINK, .mode = 0644, .link = "etc/hosts" },
    { NAME("null"), .type = OCI_TAR_CHAR, .mode = 0666, .dev_major = 1, .dev_minor = 3 },
    { NAME("sda"), .type = OCI_TAR_BLOCK, .mode = 0660, .dev_major = 8 },
    { NAME("far"), .type = OCI_TAR_CHAR, .dev_major = UINT32_MAX, .dev_minor = 2097152 },
    { NAME("fifo"), .type = OCI_TAR_FIFO, .mode = 0600 },
    { NAME("max"), .type = OCI_TAR_FILE, .uid = 2097151, .gid = 2097151, .mtime = 8589934591 },
    { NAME("over"), .type = OCI_TAR_FILE, .uid = 2097152, .gid = UINT32_MAX - 1, .mtime = 8589934592 },
    { NAME("before"), .type = OCI_TAR_FILE, .mtime = -1 },
    { NAME("fraction"), .type = OCI_TAR_FILE, .mtime = 5, .mtime_nsec = 1 },
    { NAME("before-fraction"), .type = OCI_TAR_FILE, .mtime = -2, .mtime_nsec = 500000000 },
    { NAME("first"), .type = OCI_TAR_FILE, .mtime = INT64_MIN },
    { NAME("first-fraction"), .type = OCI_TAR_FILE, .mtime = INT64_MIN, .mtime_nsec = 1 },
    { NAME("last"), .type = OCI_TAR_FILE, .mtime = INT64_MAX, .mtime_nsec = 999999999 },
    { NAME("attributes"), .type = OCI_TAR_FILE, .xattrs = attributes, .n_xattrs = 3, .size = 3 },
    { NAME("attributes-of-dir"), .type = OCI_TAR_DIR, .mode = 0755, .xattrs = attributes, .n_xattrs = 1 },
    { NAME("\xff\xfe"), .type = OCI_TAR_FILE },
    { .name = name100, .name_len = 100, .type = OCI_TAR_FILE },
    { .name = name100, .name_len = 100, .type = OCI_TAR_DIR },
    { .name = name101, .name_len = 101, .type = OCI_TAR_FILE },
    { .name = deep, .name_len = sizeof deep - 1, .type = OCI_TAR_FILE, .mtime = 1 },
    { .name = deep, .name_len = 199, .type = OCI_TAR_DIR },
    { .name = wide, .name_len = sizeof wide - 1, .type = OCI_TAR_FILE },
    { NAME("to-100"), .type = OCI_TAR_SYMLINK, .link = name100 },
    { NAME("to-101"), .type = OCI_TAR_SYMLINK, .link = name101 },
    { NAME("hard-far"), .type = OCI_TAR_HARDLINK, .link = wide },
};
enum { N_ENTRIES = sizeof entries / sizeof *entries };

static int write_entry(oci_tar_writer *w, const oci_tar_entry *e, oci_error *err)
{
    int r = oci_tar_writer_entry(w, e, err);

    for (uint64_t i = 0; r == 0 && i < e->size; i += i + 7 < e->size ? 7 : e->size - i)
        r = oci_tar_writer_data(w, "1234567", e->size - i < 7 ? e->size - i : 7, err);
    return r;
}

static int write_all(oci_buf *out, oci_error *err)
{
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    int r = oci_writer_to_buf(out, &dst, err);

    if (r == 0)
        r = oci_tar_writer_new(dst, &w, err);
    for (size_t i = 0; r == 0 && i < N_ENTRIES; i++)
        r = write_entry(w, &entries[i], err);
    return r < 0 ? r : oci_tar_writer_finish(w, err);
}

static void assert_same_entry(const oci_tar_entry *a, const oci_tar_entry *b)
{
    assert_int_equal(a->name_len, b->name_len);
    assert_memory_equal(a->name, b->name, a->name_len);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->gid, b->gid);
    assert_true(a->mtime == b->mtime);
    assert_int_equal(a->mtime_nsec, b->mtime_nsec);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->dev_major, b->dev_major);
    assert_int_equal(a->dev_minor, b->dev_minor);
    assert_int_equal(a->link != NULL, b->link != NULL);
    if (a->link != NULL)
        assert_string_equal(a->link, b->link);
    assert_int_equal(a->n_xattrs, b->n_xattrs);
    for (size_t i = 0; i < a->n_xattrs; i++) {
        assert_string_equal(a->xattrs[i].name, b->xattrs[i].name);
        assert_int_equal(a->xattrs[i].value.len, b->xattrs[i].value.len);
        assert_memory_equal(a->xattrs[i].value.data, b->xattrs[i].value.data, a->xattrs[i].value.len);
    }
}

// proves: layer.types.regular layer.types.directory layer.types.symlink layer.types.block-device
// proves: layer.types.char-device layer.types.fifo layer.attr.symlink layer.attr.hardlink layer.attr.mode
// layer.attr.mtime proves: layer.attr.uid layer.attr.gid layer.attr.xattrs
OCI_TEST (writer, writes_what_the_reader_reads) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_tar_entry *e;

    assert_ok(&err, write_all(&archive, &err));
    assert_int_equal(archive.len % OCI_TAR_BLOCK_SIZE, 0);
    assert_ok(&err, oci_reader_from_memory(archive.data, archive.len, &source, &err));
    assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
    for (size_t i = 0; i < N_ENTRIES; i++) {
        int r = oci_tar_reader_next(t, &e, &err);

        assert_string_equal(err.msg, "");
        assert_int_equal(r, 1);
        assert_same_entry(e, &entries[i]);
    }
    assert_int_equal(oci_tar_reader_next(t, &e, &err), 0);
}

static void assert_field(const oci_buf *b, size_t at, const char *text)
{
    assert_memory_equal(b->data + at, text, strlen(text) + 1);
}

// proves: layer.hardlink.typeflag layer.create.base-relative
OCI_TEST (writer, writes_plain_ustar_where_that_will_do) {
    static const oci_tar_entry dir = { NAME("a"), .type = OCI_TAR_DIR, .mode = 0755, .uid = 8, .mtime = 9 };
    static const oci_tar_entry root = { NAME(""), .type = OCI_TAR_DIR, .mode = 0755 };
    static const oci_tar_entry hard = { NAME("h"), .type = OCI_TAR_HARDLINK, .mode = 0644, .link = "x/y" };
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&archive, &dst, &err));
    assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &dir, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &root, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &hard, &err));
    assert_ok(&err, oci_tar_writer_finish(w, &err));
    assert_int_equal(archive.len, (3 + 2) * OCI_TAR_BLOCK_SIZE);
    assert_field(&archive, OCI_TAR_AT_NAME, "a/");
    assert_field(&archive, OCI_TAR_AT_MODE, "0000755");
    assert_field(&archive, OCI_TAR_AT_UID, "0000010");
    assert_field(&archive, OCI_TAR_AT_GID, "0000000");
    assert_field(&archive, OCI_TAR_AT_SIZE, "00000000000");
    assert_field(&archive, OCI_TAR_AT_MTIME, "00000000011");
    assert_int_equal(archive.data[OCI_TAR_AT_TYPE], '5');
    assert_memory_equal(archive.data + OCI_TAR_AT_MAGIC,
                        "ustar\0"
                        "00",
                        8);
    /* No names of owners, which differ from system to system. */
    assert_field(&archive, 265, "");
    assert_field(&archive, 297, "");
    assert_true(oci_tar_sum_is_right((const unsigned char *)archive.data));
    assert_field(&archive, OCI_TAR_BLOCK_SIZE, "./");
    assert_field(&archive, 2 * OCI_TAR_BLOCK_SIZE + OCI_TAR_AT_LINK, "x/y");
    assert_int_equal(archive.data[2 * OCI_TAR_BLOCK_SIZE + OCI_TAR_AT_TYPE], '1');
    for (size_t i = 3 * OCI_TAR_BLOCK_SIZE; i < archive.len; i++)
        assert_int_equal(archive.data[i], 0);
}

// proves: diffid.reproducible
OCI_TEST (writer, writes_one_stable_pax_header) {
    static const oci_tar_entry file = { NAME("a"),    .type = OCI_TAR_FILE,    .uid = 2097152,
                                        .mtime = -2,  .mtime_nsec = 750000000, .xattrs = attributes,
                                        .n_xattrs = 1 };
    static const char records[] = "15 uid=2097152\n"
                                  "15 mtime=-1.25\n"
                                  "32 SCHILY.xattr.user.text=value\n";
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&archive, &dst, &err));
    assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &file, &err));
    assert_int_equal(archive.len, 3 * OCI_TAR_BLOCK_SIZE);
    assert_field(&archive, OCI_TAR_AT_NAME, "././@PaxHeader");
    assert_field(&archive, OCI_TAR_AT_MTIME, "00000000000");
    assert_int_equal(archive.data[OCI_TAR_AT_TYPE], 'x');
    assert_memory_equal(archive.data + OCI_TAR_BLOCK_SIZE, records, sizeof records);
    assert_field(&archive, 2 * OCI_TAR_BLOCK_SIZE + OCI_TAR_AT_UID, "0000000");
}

OCI_TEST (writer, writes_records_of_any_length) {
    /* Around the places where the length grows by a digit. */
    for (size_t n = 1; n < 1100; n += n < 120 || n > 940 ? 1 : 50) {
        OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) source = NULL;
        OCI_AUTO(oci_writer) dst = NULL;
        OCI_AUTO(oci_tar_writer) w = NULL;
        OCI_AUTO(oci_tar_reader) t = NULL;
        OCI_AUTO_MEM char *value = oci_calloc(1, n);
        oci_tar_xattr attribute = { "user.x", { value, n } };
        oci_tar_entry e = { NAME("a"), .type = OCI_TAR_FILE, .xattrs = &attribute, .n_xattrs = 1 };
        oci_error err = OCI_ERROR_INIT;
        const oci_tar_entry *back;

        assert_ok(&err, oci_writer_to_buf(&archive, &dst, &err));
        assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
        assert_ok(&err, oci_tar_writer_entry(w, &e, &err));
        assert_ok(&err, oci_reader_from_memory(archive.data, archive.len, &source, &err));
        assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
        assert_ok(&err, oci_tar_reader_next(t, &back, &err));
        assert_int_equal(back->xattrs[0].value.len, n);
    }
}

OCI_TEST (writer, writes_sizes_beyond_octal) {
    static const oci_tar_entry file = { NAME("a"), .type = OCI_TAR_FILE, .size = UINT64_C(1) << 33 };
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_tar_entry *e;

    assert_ok(&err, oci_writer_to_buf(&archive, &dst, &err));
    assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &file, &err));
    assert_ok(&err, oci_reader_from_memory(archive.data, archive.len, &source, &err));
    assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
    assert_ok(&err, oci_tar_reader_next(t, &e, &err));
    assert_true(e->size == UINT64_C(1) << 33);
}

OCI_TEST (writer, refuses_what_makes_no_sense) {
    static const oci_tar_xattr odd[] = { { "user.a=b", { "", 0 } }, { "", { "", 0 } } };
    static const oci_tar_entry bad[] = {
        { NAME("/a"), .type = OCI_TAR_FILE },
        { NAME("a/"), .type = OCI_TAR_DIR },
        { NAME("./a"), .type = OCI_TAR_DIR },
        { NAME("../a"), .type = OCI_TAR_FILE },
        { NAME("a\0b"), .type = OCI_TAR_FILE },
        { NAME(""), .type = OCI_TAR_FILE },
        { NAME("a"), .type = OCI_TAR_UNKNOWN },
        { NAME("a"), .type = OCI_TAR_SYMLINK },
        { NAME("a"), .type = OCI_TAR_SYMLINK, .link = "" },
        { NAME("a"), .type = OCI_TAR_HARDLINK },
        { NAME("a"), .type = OCI_TAR_HARDLINK, .link = "/b" },
        { NAME("a"), .type = OCI_TAR_FILE, .mode = 010000 },
        { NAME("a"), .type = OCI_TAR_FILE, .uid = UINT32_MAX },
        { NAME("a"), .type = OCI_TAR_FILE, .gid = UINT32_MAX },
        { NAME("a"), .type = OCI_TAR_FILE, .mtime_nsec = 1000000000 },
        { NAME("a"), .type = OCI_TAR_FILE, .size = UINT64_MAX },
    };
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&archive, &dst, &err));
    assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(OCI_E_USAGE, &err, oci_tar_writer_entry(w, &bad[i], &err));
    for (size_t i = 0; i < 2; i++) {
        oci_tar_entry e = { NAME("a"), .type = OCI_TAR_FILE, .xattrs = &odd[i], .n_xattrs = 1 };

        assert_fails(OCI_E_UNSUPPORTED, &err, oci_tar_writer_entry(w, &e, &err));
    }
    assert_int_equal(archive.len, 0);
}

OCI_TEST (writer, wants_exactly_the_data_it_was_promised) {
    static const oci_tar_entry file = { NAME("a"), .type = OCI_TAR_FILE, .size = 3 };
    static const oci_tar_entry link = { NAME("b"), .type = OCI_TAR_SYMLINK, .link = "c", .size = 3 };
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&archive, &dst, &err));
    assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_data(w, "x", 1, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &file, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_data(w, "1234", 4, &err));
    assert_ok(&err, oci_tar_writer_data(w, "12", 2, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_entry(w, &file, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_finish(w, &err));
    assert_ok(&err, oci_tar_writer_data(w, NULL, 0, &err));
    assert_ok(&err, oci_tar_writer_data(w, "3", 1, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_data(w, "4", 1, &err));
    assert_ok(&err, oci_tar_writer_entry(w, &link, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_data(w, "5", 1, &err));
    assert_ok(&err, oci_tar_writer_finish(w, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_finish(w, &err));
    assert_fails(OCI_E_USAGE, &err, oci_tar_writer_entry(w, &file, &err));
}

OCI_TEST (writer, survives_the_failure_of_any_allocation) {
    for (unsigned long n = 1;; n++) {
        OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        int r;

        oci_alloc_fail_at(n);
        r = write_all(&archive, &err);
        oci_alloc_fail_at(0);
        if (r == 0) {
            assert_true(n > 5);
            break;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_string_equal(err.msg, "out of memory");
    }
}
