/* SPDX-License-Identifier: Apache-2.0 */
#include "archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "stream/stream.h"
#include "tar/header.h"

#include "test.h"

static const char zeros[2 * OCI_TAR_BLOCK_SIZE];

static void append(oci_buf *b, const void *p, size_t n)
{
    assert_int_equal(oci_buf_append(b, p, n, NULL), 0);
}

void archive_resum(unsigned char *block)
{
    char text[8];

    snprintf(text, sizeof text, "%06" PRIo32, oci_tar_sum(block));
    memcpy(block + OCI_TAR_AT_SUM, text, 7);
    block[OCI_TAR_AT_SUM + 7] = ' ';
}

unsigned char *archive_header(oci_buf *b, char type, const char *name, uint64_t size)
{
    unsigned char *block;
    char text[16];

    append(b, zeros, OCI_TAR_BLOCK_SIZE);
    block = (unsigned char *)b->data + b->len - OCI_TAR_BLOCK_SIZE;
    memcpy(block, name, strlen(name));
    memcpy(block + OCI_TAR_AT_MODE, "0000644", 7);
    snprintf(text, sizeof text, "%011" PRIo64, size);
    memcpy(block + OCI_TAR_AT_SIZE, text, 11);
    block[OCI_TAR_AT_TYPE] = (unsigned char)type;
    memcpy(block + OCI_TAR_AT_MAGIC,
           "ustar\0"
           "00",
           8);
    archive_resum(block);
    return block;
}

void archive_data(oci_buf *b, const void *p, size_t n)
{
    append(b, p, n);
    append(b, zeros, -n % OCI_TAR_BLOCK_SIZE);
}

void archive_file(oci_buf *b, const char *name, const char *text)
{
    archive_header(b, '0', name, strlen(text));
    archive_data(b, text, strlen(text));
}

void archive_record(oci_buf *records, const char *key, const void *value, size_t n)
{
    size_t rest = strlen(key) + n + 3, len = rest;
    char digits[24];

    while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + rest != len)
        len++;
    append(records, digits, strlen(digits));
    append(records, " ", 1);
    append(records, key, strlen(key));
    append(records, "=", 1);
    append(records, value, n);
    append(records, "\n", 1);
}

void archive_meta(oci_buf *b, char type, oci_buf *data)
{
    archive_header(b, type, "meta", data->len);
    archive_data(b, data->data, data->len);
    oci_buf_free(data);
}

void archive_end(oci_buf *b)
{
    append(b, zeros, sizeof zeros);
}

/* ---- sources ---- */

typedef struct pieces {
    const oci_buf *b;
    size_t at, step, fail_at;
    int code;
    char *lent;
} pieces;

static int next_piece(void *ctx, oci_span *out, oci_error *err)
{
    pieces *p = ctx;
    size_t n = p->b->len - p->at < p->step ? p->b->len - p->at : p->step;

    oci_free(p->lent);
    p->lent = NULL;
    if (p->code != 0 && (p->at + n > p->fail_at || n == 0))
        return oci_fail(err, p->code, "the source fails");
    if (n > 0) {
        p->lent = oci_strndup(p->b->data + p->at, n);
        if (p->lent == NULL)
            return oci_fail_nomem(err);
    }
    *out = (oci_span) { p->lent, n };
    p->at += n;
    return 0;
}

static void free_pieces(void *ctx)
{
    pieces *p = ctx;

    oci_free(p->lent);
    oci_free(p);
}

oci_reader *archive_source(const oci_buf *b, size_t step, int code, size_t fail_at)
{
    static const oci_reader_callbacks callbacks = { next_piece, free_pieces };
    pieces *p = oci_calloc(1, sizeof *p);
    oci_reader *r = NULL;

    assert_non_null(p);
    *p = (pieces) { .b = b, .step = step, .code = code, .fail_at = fail_at };
    assert_int_equal(oci_reader_from_callbacks(&callbacks, p, &r, NULL), 0);
    return r;
}

/* ---- listings ---- */

static void warn(void *ctx, const char *text)
{
    oci_buf_printf(ctx, NULL, "warning: %s\n", text);
}

static int list_data(oci_tar_reader *t, const oci_tar_entry *e, oci_buf *out, oci_error *err)
{
    uint64_t offset, end = UINT64_MAX;
    oci_span span;
    int r;

    while ((r = oci_tar_reader_data(t, &span, &offset, err)) == 0 && span.len > 0) {
        if (offset != end)
            r = oci_buf_printf(out, err, " @%" PRIu64 ":", offset);
        if (r == 0)
            r = oci_buf_append(out, span.data, span.len, err);
        if (r < 0)
            return r;
        end = offset + span.len;
    }
    return r < 0 ? r : oci_buf_printf(out, err, " /%" PRIu64, e->size);
}

static int list_entry(oci_tar_reader *t, const oci_tar_entry *e, oci_buf *out, oci_error *err)
{
    int r =
        oci_buf_printf(out, err, "%d %c %s (%s) %04o %u:%u %" PRId64 ".%09u %u,%u", (int)e->type, e->typeflag, e->name,
                       e->stored_name, e->mode, e->uid, e->gid, e->mtime, e->mtime_nsec, e->dev_major, e->dev_minor);

    if (r == 0 && e->link != NULL)
        r = oci_buf_printf(out, err, " -> %s", e->link);
    for (size_t i = 0; r == 0 && i < e->n_xattrs; i++) {
        r = oci_buf_printf(out, err, " %s=", e->xattrs[i].name);
        if (r == 0)
            r = oci_buf_append(out, e->xattrs[i].value.data, e->xattrs[i].value.len, err);
    }
    if (r == 0 && e->type == OCI_TAR_FILE)
        r = list_data(t, e, out, err);
    return r < 0 ? r : oci_buf_putc(out, '\n', err);
}

int archive_list(oci_reader *source, oci_buf *out)
{
    const oci_events events = { .ctx = out, .warning = warn };
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_tar_entry *e;
    int r = oci_tar_reader_new(source, &events, &t, &err);

    while (r == 0) {
        r = oci_tar_reader_next(t, &e, &err);
        if (r <= 0)
            break;
        r = list_entry(t, e, out, &err);
    }
    if (r < 0) {
        assert_true(err.msg[0] != '\0');
        assert_int_equal(err.code, r);
    }
    if (r != OCI_E_NOMEM)
        oci_buf_printf(out, NULL, r < 0 ? "error: %s\n" : "end\n", err.msg);
    return r;
}

bool archive_has(const oci_buf *b, const char *text)
{
    return memmem(b->data, b->len, text, strlen(text)) != NULL;
}
