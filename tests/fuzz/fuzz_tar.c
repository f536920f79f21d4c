/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive reads the same whatever spans it comes in; what entries say keeps the promises of tar/tar.h; and what is
 * written from them reads the same again.
 *
 * Inputs are archives in shorthand, so that they are text and a mutation hits something that matters: a "~" and a
 * letter fills up with NULs to a field (see fields[]) or stands for a byte (see bytes[]), line ends are nothing.
 * Checksums are put right wherever a header is expected.
 */
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "stream/stream.h"
#include "tar/header.h"
#include "tar/tar.h"

#include "fuzz.h"

/* ---- shorthand ---- */

static const struct {
    char letter;
    size_t at;
} fields[] = {
    { 'A', OCI_TAR_AT_MODE },    { 'B', OCI_TAR_AT_UID },      { 'C', OCI_TAR_AT_GID },
    { 'S', OCI_TAR_AT_SIZE },    { 'T', OCI_TAR_AT_MTIME },    { 'Y', OCI_TAR_AT_TYPE },
    { 'L', OCI_TAR_AT_LINK },    { 'Z', OCI_TAR_AT_MAGIC },    { 'V', 263 },
    { 'D', OCI_TAR_AT_MAJOR },   { 'M', OCI_TAR_AT_MINOR },    { 'Q', OCI_TAR_AT_PREFIX },
    { 'H', OCI_TAR_AT_SPARSE },  { 'X', OCI_TAR_AT_EXTENDED }, { 'R', OCI_TAR_AT_REALSIZE },
    { 'E', OCI_TAR_BLOCK_SIZE },
};

static const struct {
    char letter, byte;
} bytes[] = { { 'N', '\n' }, { '0', '\0' }, { 'P', '\x80' }, { 'F', '\xff' }, { '~', '~' } };

static void put(oci_buf *b, char c)
{
    FUZZ_CHECK(oci_buf_putc(b, c, NULL) == 0);
}

static void expand_one(oci_buf *b, char letter)
{
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        if (bytes[i].letter == letter)
            put(b, bytes[i].byte);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        while (fields[i].letter == letter && b->len % OCI_TAR_BLOCK_SIZE != fields[i].at % OCI_TAR_BLOCK_SIZE)
            put(b, '\0');
}

static void expand(const uint8_t *data, size_t size, oci_buf *b)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '~' && i + 1 < size)
            expand_one(b, (char)data[++i]);
        else if (data[i] != '\n')
            put(b, (char)data[i]);
    }
}

static void set_sums(oci_buf *b)
{
    for (size_t at = 0; at + OCI_TAR_BLOCK_SIZE <= b->len;) {
        unsigned char *block = (unsigned char *)b->data + at;
        int64_t size = 0;

        at += OCI_TAR_BLOCK_SIZE;
        if (oci_tar_block_is_zero(block))
            continue;
        snprintf((char *)block + OCI_TAR_AT_SUM, OCI_TAR_SUM_FIELD, "%06o", (unsigned)oci_tar_sum(block));
        oci_tar_number(block + OCI_TAR_AT_SIZE, OCI_TAR_SIZE_FIELD, &size);
        if (size > 0 && (block[OCI_TAR_AT_TYPE] < '1' || block[OCI_TAR_AT_TYPE] > '6') && (uint64_t)size < b->len)
            at += ((size_t)size + OCI_TAR_BLOCK_SIZE - 1) / OCI_TAR_BLOCK_SIZE * OCI_TAR_BLOCK_SIZE;
    }
}

/* ---- a source of small spans ---- */

typedef struct pieces {
    const oci_buf *b;
    size_t at, step;
} pieces;

static int next_piece(void *ctx, oci_span *out, oci_error *err)
{
    pieces *p = ctx;
    size_t n = p->b->len - p->at < p->step ? p->b->len - p->at : p->step;

    (void)err;
    *out = (oci_span) { n > 0 ? p->b->data + p->at : NULL, n };
    p->at += n;
    return 0;
}

/* ---- what is claimed ---- */

static void check_entry(const oci_tar_entry *e)
{
    char form[OCI_TAR_PATH_MAX + 1];
    size_t len;

    FUZZ_CHECK(strlen(e->name) == e->name_len);
    if (e->name_len > 0) {
        FUZZ_CHECK(oci_tar_name_normalise(e->name, e->name_len, form, &len, NULL) == 0);
        FUZZ_CHECK(len == e->name_len && memcmp(form, e->name, len) == 0);
    }
    FUZZ_CHECK(e->mode <= 07777 && e->uid != UINT32_MAX && e->gid != UINT32_MAX && e->mtime_nsec < 1000000000);
    FUZZ_CHECK(e->type == OCI_TAR_FILE || (e->size == 0 && !e->sparse));
    FUZZ_CHECK((e->link != NULL) == (e->type == OCI_TAR_HARDLINK || e->type == OCI_TAR_SYMLINK));
    for (size_t i = 0; i < e->n_xattrs; i++)
        for (size_t k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(e->xattrs[i].name, e->xattrs[k].name) != 0);
}

/* Adds what matters about an entry to a listing. */
static void list_entry(const oci_tar_entry *e, oci_buf *out)
{
    FUZZ_CHECK(oci_buf_printf(out, NULL, "%d %s %s %o %u %u %lld %u %llu %u %u ", (int)e->type, e->name,
                              e->link != NULL ? e->link : "", e->mode, e->uid, e->gid, (long long)e->mtime,
                              e->mtime_nsec, (unsigned long long)e->size, e->dev_major, e->dev_minor) == 0);
    for (size_t i = 0; i < e->n_xattrs; i++) {
        FUZZ_CHECK(oci_buf_printf(out, NULL, "%s=", e->xattrs[i].name) == 0);
        FUZZ_CHECK(oci_buf_append(out, e->xattrs[i].value.data, e->xattrs[i].value.len, NULL) == 0);
    }
}

static int read_data(oci_tar_reader *t, const oci_tar_entry *e, oci_buf *out, oci_error *err)
{
    uint64_t offset, end = 0;
    oci_span span;
    int r;

    while ((r = oci_tar_reader_data(t, &span, &offset, err)) == 0 && span.len > 0) {
        FUZZ_CHECK(offset >= end && oci_add_u64(offset, span.len, &end) && end <= e->size);
        FUZZ_CHECK(oci_buf_append(out, span.data, span.len, NULL) == 0);
    }
    FUZZ_CHECK(r < 0 || e->sparse || end == e->size);
    return r;
}

/* Whether the writer has to take the entry. */
static bool can_be_written(const oci_tar_entry *e)
{
    for (size_t i = 0; i < e->n_xattrs; i++)
        if (strchr(e->xattrs[i].name, '=') != NULL)
            return false;
    return !e->sparse && e->type != OCI_TAR_UNKNOWN && (e->name_len > 0 || e->type == OCI_TAR_DIR) &&
           (e->type != OCI_TAR_HARDLINK || e->link[0] != '\0');
}

/* Lists an archive, and writes one of the entries that can be written, listed in kept; w may be NULL. */
static int read_archive(const oci_buf *archive, size_t step, oci_buf *out, oci_tar_writer *w, oci_buf *kept)
{
    static const oci_reader_callbacks callbacks = { next_piece, NULL };
    pieces p = { archive, 0, step };
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_tar_entry *e;
    int r;

    FUZZ_CHECK(oci_reader_from_callbacks(&callbacks, &p, &source, &err) == 0);
    FUZZ_CHECK(oci_tar_reader_new(source, NULL, &t, &err) == 0);
    while ((r = oci_tar_reader_next(t, &e, &err)) == 1) {
        size_t before = out->len;
        bool write = w != NULL && can_be_written(e);
        size_t data_at;

        check_entry(e);
        list_entry(e, out);
        data_at = out->len;
        r = read_data(t, e, out, &err);
        if (r < 0)
            break;
        if (!write)
            continue;
        FUZZ_CHECK(oci_tar_writer_entry(w, e, &err) == 0);
        FUZZ_CHECK(oci_tar_writer_data(w, out->data + data_at, out->len - data_at, &err) == 0);
        FUZZ_CHECK(oci_buf_append(kept, out->data + before, out->len - before, NULL) == 0);
    }
    FUZZ_CHECK(r == 0 || (err.code == r && err.msg[0] != '\0'));
    FUZZ_CHECK(r == 0 || r == OCI_E_INVALID || r == OCI_E_UNSAFE || r == OCI_E_UNSUPPORTED || r == OCI_E_LIMIT);
    return r;
}

static bool same(const oci_buf *a, const oci_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf whole = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf small = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf kept = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf copy = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf again = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    int r;

    expand(data, size, &archive);
    set_sums(&archive);
    FUZZ_CHECK(oci_writer_to_buf(&copy, &dst, NULL) == 0 && oci_tar_writer_new(dst, &w, NULL) == 0);
    r = read_archive(&archive, SIZE_MAX, &whole, w, &kept);
    FUZZ_CHECK(read_archive(&archive, 1 + size % 700, &small, NULL, NULL) == r);
    FUZZ_CHECK(same(&whole, &small) || r < 0);
    if (oci_tar_writer_finish(w, NULL) == 0) {
        FUZZ_CHECK(read_archive(&copy, SIZE_MAX, &again, NULL, NULL) == 0);
        FUZZ_CHECK(same(&kept, &again));
    }
    return 0;
}
