/* SPDX-License-Identifier: Apache-2.0 */
#include "pax.h"

#include <string.h>

#include "base/fail.h"
#include "base/num.h"

int oci_tar_pax_reset(oci_tar_pax *pax, const oci_tar_pax *global, oci_error *err)
{
    oci_tar_pax fresh = { .pieces = pax->pieces, .xattrs = pax->xattrs };

    if (global != NULL) {
        fresh = *global;
        fresh.pieces = pax->pieces;
        fresh.xattrs = pax->xattrs;
    }
    *pax = fresh;
    oci_tar_sparse_clear(&pax->pieces);
    oci_tar_xattrs_clear(&pax->xattrs);
    return global != NULL ? oci_tar_xattrs_inherit(&pax->xattrs, &global->xattrs, err) : 0;
}

void oci_tar_pax_free(oci_tar_pax *pax)
{
    oci_tar_sparse_free(&pax->pieces);
    oci_tar_xattrs_free(&pax->xattrs);
}

bool oci_tar_pax_time(const char *s, size_t n, int64_t *sec, uint32_t *nsec)
{
    const char *point = n > 0 ? memchr(s, '.', n) : NULL;
    size_t whole = point != NULL ? (size_t)(point - s) : n;
    uint32_t fraction = 0, unit = 100000000;
    bool rest = false;
    int64_t value;

    if (!oci_parse_i64(s, whole, &value))
        return false;
    for (size_t i = whole + 1; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        fraction += (uint32_t)(s[i] - '0') * unit;
        rest = rest || (unit == 0 && s[i] != '0');
        unit /= 10;
    }
    /* -1.25 is 0.75 after -2. */
    if (s[0] == '-' && (fraction > 0 || rest)) {
        if (value == INT64_MIN)
            return false;
        value--;
        fraction = 1000000000 - fraction - rest;
    }
    *sec = value;
    *nsec = fraction;
    return true;
}

/* ---- one function per kind of value ---- */

typedef struct record {
    char *key;
    size_t key_len;
    char *value;
    size_t value_len;
} record;

static int bad_value(const record *rec, const char *why, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the value of '%.*s' %s", rec->key_len < 100 ? (int)rec->key_len : 100,
                    rec->key, why);
}

static int read_text(const record *rec, oci_span *out, oci_error *err)
{
    oci_span value = { rec->value, rec->value_len };

    if (memchr(rec->value, '\0', rec->value_len) != NULL)
        return bad_value(rec, "has a NUL byte", err);
    if (out->data != NULL && (out->len != value.len || memcmp(out->data, value.data, value.len) != 0))
        return bad_value(rec, "is given twice and differs", err);
    *out = value;
    return 0;
}

static int read_number(const record *rec, uint64_t max, oci_tar_pax_number *out, oci_error *err)
{
    oci_tar_pax_number number = { .seen = true };

    if (rec->value_len > 0) {
        if (!oci_parse_u64(rec->value, rec->value_len, max, &number.value))
            return bad_value(rec, "is no number, or too large", err);
        number.given = true;
    }
    *out = number;
    return 0;
}

/* A number that may come more than once only when it is the same. */
static int read_number_once(const record *rec, uint64_t max, oci_tar_pax_number *out, oci_error *err)
{
    oci_tar_pax_number before = *out;
    int r = read_number(rec, max, out, err);

    if (r == 0 && before.seen && (before.given != out->given || before.value != out->value))
        return bad_value(rec, "is given twice and differs", err);
    return r;
}

static int read_path(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_text(rec, &pax->path, err);
}

static int read_link(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_text(rec, &pax->link, err);
}

static int read_size(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number_once(rec, INT64_MAX, &pax->size, err);
}

static int read_uid(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number(rec, UINT32_MAX - 1, &pax->uid, err);
}

static int read_gid(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number(rec, UINT32_MAX - 1, &pax->gid, err);
}

static int read_mtime(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    pax->has_mtime = false;
    if (rec->value_len == 0)
        return 0;
    if (!oci_tar_pax_time(rec->value, rec->value_len, &pax->mtime, &pax->mtime_nsec))
        return bad_value(rec, "is no time", err);
    pax->has_mtime = true;
    return 0;
}

static int read_dev_major(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number(rec, UINT32_MAX, &pax->dev_major, err);
}

static int read_dev_minor(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number(rec, UINT32_MAX, &pax->dev_minor, err);
}

static int read_star_size(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number(rec, INT64_MAX, &pax->star_size, err);
}

static int read_sparse_name(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_text(rec, &pax->sparse.name, err);
}

static int read_sparse_map(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_text(rec, &pax->sparse.map, err);
}

static int read_sparse_major(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number_once(rec, INT64_MAX, &pax->sparse.major, err);
}

static int read_sparse_minor(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number_once(rec, INT64_MAX, &pax->sparse.minor, err);
}

/* The size of the file has two names. */
static int read_sparse_size(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number_once(rec, INT64_MAX, &pax->sparse.size, err);
}

static int read_sparse_blocks(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    return read_number_once(rec, INT64_MAX, &pax->sparse.blocks, err);
}

static int read_sparse_offset(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    if (pax->sparse.offset.given)
        return oci_fail(err, OCI_E_INVALID, "a GNU.sparse.offset without GNU.sparse.numbytes");
    return read_number(rec, INT64_MAX, &pax->sparse.offset, err);
}

static int read_sparse_numbytes(oci_tar_pax *pax, const record *rec, oci_error *err)
{
    oci_tar_pax_number len = { 0 };
    int r = read_number(rec, INT64_MAX, &len, err);

    if (r < 0)
        return r;
    if (!pax->sparse.offset.given || !len.given)
        return oci_fail(err, OCI_E_INVALID, "a GNU.sparse.numbytes without GNU.sparse.offset");
    pax->sparse.offset.given = false;
    return oci_tar_sparse_add(&pax->pieces, pax->sparse.offset.value, len.value, err);
}

static const char schily[] = "SCHILY.xattr.", libarchive[] = "LIBARCHIVE.xattr.", acl[] = "SCHILY.acl.",
                  sparse[] = "GNU.sparse.";

static const struct {
    const char *key;
    int (*read)(oci_tar_pax *pax, const record *rec, oci_error *err);
    bool of_one_entry; /* means nothing in a global header */
} keys[] = {
    { "path", read_path, true },
    { "linkpath", read_link, true },
    { "size", read_size, true },
    { "uid", read_uid, false },
    { "gid", read_gid, false },
    { "mtime", read_mtime, false },
    { "SCHILY.devmajor", read_dev_major, false },
    { "SCHILY.devminor", read_dev_minor, false },
    { "SCHILY.realsize", read_star_size, true },
    { "GNU.sparse.name", read_sparse_name, true },
    { "GNU.sparse.map", read_sparse_map, true },
    { "GNU.sparse.major", read_sparse_major, true },
    { "GNU.sparse.minor", read_sparse_minor, true },
    { "GNU.sparse.realsize", read_sparse_size, true },
    { "GNU.sparse.size", read_sparse_size, true },
    { "GNU.sparse.numblocks", read_sparse_blocks, true },
    { "GNU.sparse.offset", read_sparse_offset, true },
    { "GNU.sparse.numbytes", read_sparse_numbytes, true },
};

static bool begins_with(const record *rec, const char *prefix, size_t n)
{
    return rec->key_len >= n && memcmp(rec->key, prefix, n) == 0;
}

/* Keys that nobody here knows are ignored: comment, atime, uname, hdrcharset (names are bytes), MSWINDOWS... */
static int read_record(oci_tar_pax *pax, const record *rec, bool global, oci_error *err)
{
    if (begins_with(rec, schily, sizeof schily - 1))
        return oci_tar_xattrs_add_schily(&pax->xattrs, rec->key + sizeof schily - 1, rec->key_len - (sizeof schily - 1),
                                         (oci_span) { rec->value, rec->value_len }, err);
    if (begins_with(rec, libarchive, sizeof libarchive - 1))
        return oci_tar_xattrs_add_libarchive(&pax->xattrs, rec->key + sizeof libarchive - 1,
                                             rec->key_len - (sizeof libarchive - 1), rec->value, rec->value_len, err);
    if (begins_with(rec, acl, sizeof acl - 1))
        pax->has_acl = true;
    if (begins_with(rec, sparse, sizeof sparse - 1) && !global)
        pax->sparse.seen = true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (rec->key_len != strlen(keys[i].key) || memcmp(rec->key, keys[i].key, rec->key_len) != 0)
            continue;
        if (global && keys[i].of_one_entry)
            return oci_fail(err, OCI_E_INVALID, "'%s' in a global header", keys[i].key);
        return keys[i].read(pax, rec, err);
    }
    return 0;
}

/* The record at the beginning of p[0..n); returns its length. */
static size_t split_record(char *p, size_t n, record *out)
{
    const char *blank = memchr(p, ' ', n);
    char *key, *equals;
    uint64_t len;

    if (blank == NULL || !oci_parse_u64(p, (size_t)(blank - p), n, &len))
        return 0;
    key = p + (blank - p) + 1;
    if (p + len <= key || p[len - 1] != '\n')
        return 0;
    equals = memchr(key, '=', (size_t)(p + len - 1 - key));
    if (equals == NULL || equals == key || memchr(key, '\0', (size_t)(equals - key)) != NULL)
        return 0;
    *out = (record) { key, (size_t)(equals - key), equals + 1, (size_t)(p + len - 1 - (equals + 1)) };
    return (size_t)len;
}

int oci_tar_pax_read(oci_tar_pax *pax, char *records, size_t n, bool global, oci_error *err)
{
    for (size_t at = 0, len; at < n; at += len) {
        record rec;
        int r;

        len = split_record(records + at, n - at, &rec);
        if (len == 0)
            return oci_fail(err, OCI_E_INVALID, "no valid record at byte %zu", at);
        r = read_record(pax, &rec, global, err);
        if (r < 0)
            return r;
    }
    if (pax->sparse.offset.given)
        return oci_fail(err, OCI_E_INVALID, "a GNU.sparse.offset without GNU.sparse.numbytes");
    return 0;
}
