/* SPDX-License-Identifier: Apache-2.0 */
#include "tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/utf8.h"

#include "pax.h"

struct oci_tar_writer {
    oci_writer *dst; /* borrowed */
    uint64_t left;   /* bytes of the file that have to come */
    uint64_t size;   /* of the file */
    bool finished;
    oci_buf records, name; /* memory that is used again */
};

/* The name of all pax headers; only programs that do not know them show it. */
static const char pax_name[] = "././@PaxHeader";

int oci_tar_writer_new(oci_writer *dst, oci_tar_writer **out, oci_error *err)
{
    oci_tar_writer *t = oci_calloc(1, sizeof *t);

    if (t == NULL)
        return oci_fail_nomem(err);
    t->dst = dst;
    *out = t;
    return 0;
}

void oci_tar_writer_free(oci_tar_writer *t)
{
    if (t == NULL)
        return;
    oci_buf_free(&t->records);
    oci_buf_free(&t->name);
    oci_free(t);
}

/* ---- what is written ---- */

static const char types[] = {
    [OCI_TAR_FILE] = '0',  [OCI_TAR_HARDLINK] = '1', [OCI_TAR_SYMLINK] = '2', [OCI_TAR_CHAR] = '3',
    [OCI_TAR_BLOCK] = '4', [OCI_TAR_DIR] = '5',      [OCI_TAR_FIFO] = '6'
};

static bool is_normal_form(const char *name, size_t n)
{
    char form[OCI_TAR_PATH_MAX + 1];
    size_t len;

    return n > 0 && n <= OCI_TAR_PATH_MAX && oci_tar_name_normalise(name, n, form, &len, NULL) == 0 && len == n;
}

/* Faults of the caller, not of an image. */
static int check(const oci_tar_writer *t, const oci_tar_entry *e, oci_error *err)
{
    if (t->finished || t->left > 0)
        return oci_fail(err, OCI_E_USAGE, "an entry for a tar archive while %s",
                        t->finished ? "it is finished" : "data is missing");
    if (e->type == OCI_TAR_UNKNOWN)
        return oci_fail(err, OCI_E_USAGE, "'%s': an entry of an unknown type", e->name);
    if (!(e->name_len == 0 && e->type == OCI_TAR_DIR) && !is_normal_form(e->name, e->name_len))
        return oci_fail(err, OCI_E_USAGE, "'%s': not the normal form of a name", e->name);
    if ((e->type == OCI_TAR_SYMLINK && (e->link == NULL || e->link[0] == '\0')) ||
        (e->type == OCI_TAR_HARDLINK && (e->link == NULL || !is_normal_form(e->link, strlen(e->link)))))
        return oci_fail(err, OCI_E_USAGE, "'%s': a link without a proper target", e->name);
    if (e->mode > 07777 || e->uid == UINT32_MAX || e->gid == UINT32_MAX || e->mtime_nsec > 999999999 ||
        e->size > INT64_MAX)
        return oci_fail(err, OCI_E_USAGE, "'%s': mode, owner, time or size out of range", e->name);
    for (size_t i = 0; i < e->n_xattrs; i++)
        if (e->xattrs[i].name[0] == '\0' || strchr(e->xattrs[i].name, '=') != NULL)
            return oci_fail(err, OCI_E_UNSUPPORTED, "'%s': the extended attribute '%s' has a name that tar cannot hold",
                            e->name, e->xattrs[i].name);
    return 0;
}

/* ---- pax records ---- */

static size_t digits_of(size_t n)
{
    size_t digits = 1;

    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

static int add_record(oci_buf *records, const char *prefix, const char *key, const void *value, size_t n,
                      oci_error *err)
{
    size_t rest = strlen(prefix) + strlen(key) + n + 3; /* the blank, "=", the end of the line */
    size_t len = rest + digits_of(rest);
    int r;

    /* The length counts its own digits: one more may make it one longer. */
    len = rest + digits_of(len);
    r = oci_buf_printf(records, err, "%zu %s%s=", len, prefix, key);
    if (r == 0)
        r = oci_buf_append(records, value, n, err);
    return r < 0 ? r : oci_buf_putc(records, '\n', err);
}

static int add_number(oci_buf *records, const char *key, uint64_t value, oci_error *err)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRIu64, value);

    return add_record(records, "", key, text, (size_t)n, err);
}

static int add_time(oci_buf *records, int64_t sec, uint32_t nsec, oci_error *err)
{
    /* The fraction counts away from zero, like the whole. */
    bool negative = sec < 0;
    uint64_t whole = negative ? (uint64_t)0 - (uint64_t)sec : (uint64_t)sec;
    char text[48];
    int n;

    if (negative && nsec > 0) {
        whole--;
        nsec = 1000000000 - nsec;
    }
    n = snprintf(text, sizeof text, "%s%" PRIu64, negative ? "-" : "", whole);
    if (nsec > 0) {
        n += snprintf(text + n, sizeof text - (size_t)n, ".%09" PRIu32, nsec);
        while (text[n - 1] == '0')
            n--;
    }
    return add_record(records, "", "mtime", text, (size_t)n, err);
}

/* ---- header fields ---- */

static bool put_octal(unsigned char *field, size_t width, uint64_t value)
{
    if (value >> 3 * (width - 1) != 0)
        return false;
    for (size_t i = width - 1; i-- > 0; value >>= 3)
        field[i] = (unsigned char)('0' + (value & 7));
    return true;
}

/* A number too large for its field is 0 there and stands in a record. */
static int put_number(oci_buf *records, unsigned char *field, size_t width, uint64_t value, const char *key,
                      oci_error *err)
{
    if (put_octal(field, width, value))
        return 0;
    put_octal(field, width, 0);
    return add_number(records, key, value, err);
}

/* A name that is no UTF-8 is said to be just bytes. */
static int add_text(oci_buf *records, const char *key, const char *text, size_t n, oci_error *err)
{
    int r = oci_utf8_is_valid(text, n) ? 0 : add_record(records, "", "hdrcharset", "BINARY", 6, err);

    return r < 0 ? r : add_record(records, "", key, text, n, err);
}

/* Where to cut a long name so that the front fits the prefix and the rest the name; 0 when there is no such place. */
static size_t find_cut(const char *name, size_t n)
{
    size_t first = n - 1 > OCI_TAR_NAME_FIELD ? n - 1 - OCI_TAR_NAME_FIELD : 1;

    for (size_t i = first; i < n - 1 && i <= OCI_TAR_PREFIX_FIELD; i++)
        if (name[i] == '/')
            return i;
    return 0;
}

static int put_name(oci_buf *records, unsigned char *block, const char *name, size_t n, oci_error *err)
{
    size_t cut;

    if (n <= OCI_TAR_NAME_FIELD) {
        memcpy(block + OCI_TAR_AT_NAME, name, n);
        return 0;
    }
    cut = find_cut(name, n);
    if (cut > 0) {
        memcpy(block + OCI_TAR_AT_PREFIX, name, cut);
        memcpy(block + OCI_TAR_AT_NAME, name + cut + 1, n - cut - 1);
        return 0;
    }
    memcpy(block + OCI_TAR_AT_NAME, name, OCI_TAR_NAME_FIELD);
    return add_text(records, "path", name, n, err);
}

static int put_link(oci_buf *records, unsigned char *block, const char *link, oci_error *err)
{
    size_t n = strlen(link);

    memcpy(block + OCI_TAR_AT_LINK, link, n < OCI_TAR_NAME_FIELD ? n : OCI_TAR_NAME_FIELD);
    return n <= OCI_TAR_NAME_FIELD ? 0 : add_text(records, "linkpath", link, n, err);
}

static int put_mtime(oci_buf *records, unsigned char *block, int64_t sec, uint32_t nsec, oci_error *err)
{
    unsigned char *field = block + OCI_TAR_AT_MTIME;
    bool fits = sec >= 0 && put_octal(field, OCI_TAR_SIZE_FIELD, (uint64_t)sec);

    if (!fits)
        put_octal(field, OCI_TAR_SIZE_FIELD, 0);
    return fits && nsec == 0 ? 0 : add_time(records, sec, nsec, err);
}

/* What all headers have, and at the very end the checksum. */
static void start_header(unsigned char *block, char typeflag)
{
    memset(block, 0, OCI_TAR_BLOCK_SIZE);
    block[OCI_TAR_AT_TYPE] = (unsigned char)typeflag;
    memcpy(block + OCI_TAR_AT_MAGIC,
           "ustar\0"
           "00",
           8);
    put_octal(block + OCI_TAR_AT_MODE, OCI_TAR_ID_FIELD, 0644);
    put_octal(block + OCI_TAR_AT_UID, OCI_TAR_ID_FIELD, 0);
    put_octal(block + OCI_TAR_AT_GID, OCI_TAR_ID_FIELD, 0);
    put_octal(block + OCI_TAR_AT_SIZE, OCI_TAR_SIZE_FIELD, 0);
    put_octal(block + OCI_TAR_AT_MTIME, OCI_TAR_SIZE_FIELD, 0);
    put_octal(block + OCI_TAR_AT_MAJOR, OCI_TAR_ID_FIELD, 0);
    put_octal(block + OCI_TAR_AT_MINOR, OCI_TAR_ID_FIELD, 0);
}

static int write_header(oci_tar_writer *t, unsigned char *block, oci_error *err)
{
    put_octal(block + OCI_TAR_AT_SUM, OCI_TAR_SUM_FIELD - 1, oci_tar_sum(block));
    block[OCI_TAR_AT_SUM + OCI_TAR_SUM_FIELD - 1] = ' ';
    return oci_writer_write(t->dst, block, OCI_TAR_BLOCK_SIZE, err);
}

static int write_padding(oci_tar_writer *t, uint64_t size, oci_error *err)
{
    static const unsigned char zeros[OCI_TAR_BLOCK_SIZE];
    size_t n = (size_t)(-size % OCI_TAR_BLOCK_SIZE);

    return n > 0 ? oci_writer_write(t->dst, zeros, n, err) : 0;
}

static int write_records(oci_tar_writer *t, oci_error *err)
{
    unsigned char block[OCI_TAR_BLOCK_SIZE];
    int r;

    if (t->records.len == 0)
        return 0;
    if (t->records.len > OCI_TAR_PAX_MAX)
        return oci_fail(err, OCI_E_LIMIT, "'%s': a pax header of %zu bytes; %d are allowed", t->name.data,
                        t->records.len, OCI_TAR_PAX_MAX);
    start_header(block, 'x');
    memcpy(block, pax_name, sizeof pax_name);
    put_octal(block + OCI_TAR_AT_SIZE, OCI_TAR_SIZE_FIELD, t->records.len);
    r = write_header(t, block, err);
    if (r == 0)
        r = oci_writer_write(t->dst, t->records.data, t->records.len, err);
    return r < 0 ? r : write_padding(t, t->records.len, err);
}

static int put_all(oci_tar_writer *t, unsigned char *block, const oci_tar_entry *e, oci_error *err)
{
    oci_buf *records = &t->records;
    bool device = e->type == OCI_TAR_CHAR || e->type == OCI_TAR_BLOCK;
    int r = put_name(records, block, t->name.data, t->name.len, err);

    put_octal(block + OCI_TAR_AT_MODE, OCI_TAR_ID_FIELD, e->mode);
    if (r == 0 && (e->type == OCI_TAR_HARDLINK || e->type == OCI_TAR_SYMLINK))
        r = put_link(records, block, e->link, err);
    if (r == 0)
        r = put_number(records, block + OCI_TAR_AT_UID, OCI_TAR_ID_FIELD, e->uid, "uid", err);
    if (r == 0)
        r = put_number(records, block + OCI_TAR_AT_GID, OCI_TAR_ID_FIELD, e->gid, "gid", err);
    if (r == 0 && e->type == OCI_TAR_FILE)
        r = put_number(records, block + OCI_TAR_AT_SIZE, OCI_TAR_SIZE_FIELD, e->size, "size", err);
    if (r == 0)
        r = put_mtime(records, block, e->mtime, e->mtime_nsec, err);
    if (r == 0 && device)
        r = put_number(records, block + OCI_TAR_AT_MAJOR, OCI_TAR_ID_FIELD, e->dev_major, "SCHILY.devmajor", err);
    if (r == 0 && device)
        r = put_number(records, block + OCI_TAR_AT_MINOR, OCI_TAR_ID_FIELD, e->dev_minor, "SCHILY.devminor", err);
    for (size_t i = 0; r == 0 && i < e->n_xattrs; i++)
        r = add_record(records, "SCHILY.xattr.", e->xattrs[i].name, e->xattrs[i].value.data, e->xattrs[i].value.len,
                       err);
    return r;
}

/* ---- the face ---- */

int oci_tar_writer_entry(oci_tar_writer *t, const oci_tar_entry *e, oci_error *err)
{
    unsigned char block[OCI_TAR_BLOCK_SIZE];
    int r = check(t, e, err);

    if (r < 0)
        return r;
    t->records.len = t->name.len = 0;
    r = e->name_len > 0 ? oci_buf_append(&t->name, e->name, e->name_len, err) : oci_buf_puts(&t->name, ".", err);
    if (r == 0 && e->type == OCI_TAR_DIR)
        r = oci_buf_putc(&t->name, '/', err);
    if (r < 0)
        return r;
    start_header(block, types[e->type]);
    r = put_all(t, block, e, err);
    if (r == 0)
        r = write_records(t, err);
    if (r == 0)
        r = write_header(t, block, err);
    if (r < 0)
        return r;
    t->size = t->left = e->type == OCI_TAR_FILE ? e->size : 0;
    return 0;
}

int oci_tar_writer_data(oci_tar_writer *t, const void *p, size_t n, oci_error *err)
{
    int r;

    if (n > t->left)
        return oci_fail(err, OCI_E_USAGE, "more data for an entry of a tar archive than its %" PRIu64 " bytes",
                        t->size);
    if (n == 0)
        return 0;
    r = oci_writer_write(t->dst, p, n, err);
    if (r < 0)
        return r;
    t->left -= n;
    return t->left == 0 ? write_padding(t, t->size, err) : 0;
}

int oci_tar_writer_finish(oci_tar_writer *t, oci_error *err)
{
    static const unsigned char zeros[2 * OCI_TAR_BLOCK_SIZE];
    int r;

    if (t->finished || t->left > 0)
        return oci_fail(err, OCI_E_USAGE, "the end of a tar archive while %s",
                        t->finished ? "it is finished" : "data is missing");
    r = oci_writer_write(t->dst, zeros, sizeof zeros, err);
    if (r == 0)
        t->finished = true;
    return r;
}
