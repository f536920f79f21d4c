/* SPDX-License-Identifier: Apache-2.0 */
#include "tar.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"

#include "entry.h"
#include "input.h"
#include "pax.h"
#include "stream/stream.h"

struct oci_tar_reader {
    oci_tar_input in;
    const oci_events *events;
    oci_tar_build build; /* headers that wait for their entry, and the entry */
    oci_tar_pax global;
    oci_buf global_records; /* as they came, all of them */
    oci_buf global_text;    /* the copy that global points into */
    uint64_t header_at;     /* position of the header being read */
    uint64_t max_rest;      /* of what follows on the end */

    /* The entry's data: bytes of the archive not read yet, and where in the file they go. */
    uint64_t left, padding;
    const oci_tar_piece *pieces;
    size_t n_pieces, piece;
    uint64_t piece_done;
    oci_tar_piece whole; /* the only piece of a file that is not sparse */

    bool ended, has_end, failed, acl_seen; /* has_end: a block of zeros was met */
    int code;                              /* of the failure */
    oci_error failure;
};

int oci_tar_reader_new(oci_reader *source, const oci_events *events, oci_tar_reader **out, oci_error *err)
{
    oci_tar_reader *t = oci_calloc(1, sizeof *t);

    if (t == NULL)
        return oci_fail_nomem(err);
    t->in.source = source;
    t->events = events;
    t->build.events = events;
    t->max_rest = UINT64_MAX;
    *out = t;
    return 0;
}

void oci_tar_reader_resolve(oci_tar_reader *t)
{
    t->build.resolve = true;
}

void oci_tar_reader_limit_rest(oci_tar_reader *t, uint64_t max)
{
    t->max_rest = max;
}

uint64_t oci_tar_reader_position(const oci_tar_reader *t)
{
    return t->in.position;
}

bool oci_tar_reader_has_end(const oci_tar_reader *t)
{
    return t->has_end;
}

void oci_tar_reader_free(oci_tar_reader *t)
{
    if (t == NULL)
        return;
    oci_tar_build_free(&t->build);
    oci_tar_pax_free(&t->global);
    oci_buf_free(&t->global_records);
    oci_buf_free(&t->global_text);
    oci_free(t);
}

/* ---- headers about other headers ---- */

static uint64_t padding_of(uint64_t size)
{
    return -size % OCI_TAR_BLOCK_SIZE;
}

static int ends_inside(const char *what, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the archive ends inside %s", what);
}

/* Appends the data of a header, at most limit bytes with what out has already. */
static int read_header_data(oci_tar_reader *t, const oci_tar_header *h, size_t limit, const char *what, oci_buf *out,
                            oci_error *err)
{
    uint64_t missing = 0;
    int r;

    if (h->size < 0)
        return oci_fail(err, OCI_E_INVALID, "the size of %s is negative", what);
    if ((uint64_t)h->size > limit - out->len)
        return oci_fail(err, OCI_E_LIMIT, "%s of %" PRId64 " bytes; %zu are allowed", what, h->size, limit);
    r = oci_tar_input_append(&t->in, (size_t)h->size, out, &missing, err);
    if (r < 0)
        return r;
    if (missing > 0)
        return ends_inside(what, err);
    /* The padding of the very last header is missed by nobody: what should follow is missing as well. */
    return oci_tar_input_skip(&t->in, padding_of((uint64_t)h->size), &missing, err);
}

static int read_extended(oci_tar_reader *t, const oci_tar_header *h, oci_error *err)
{
    if (t->build.has_records)
        return oci_fail(err, OCI_E_INVALID, "a second pax header for the same entry");
    t->build.has_records = true;
    t->build.records.len = 0;
    return read_header_data(t, h, OCI_TAR_PAX_MAX, "a pax header", &t->build.records, err);
}

static int read_global(oci_tar_reader *t, const oci_tar_header *h, oci_error *err)
{
    int r = read_header_data(t, h, OCI_TAR_PAX_GLOBAL_MAX, "a global pax header", &t->global_records, err);

    /* One without records says nothing new, and there may be any number of them. */
    if (r < 0 || h->size == 0)
        return r;
    t->global_text.len = 0;
    r = oci_buf_append(&t->global_text, t->global_records.data, t->global_records.len, err);
    if (r == 0)
        r = oci_tar_pax_reset(&t->global, NULL, err);
    if (r == 0)
        r = oci_tar_pax_read(&t->global, t->global_text.data, t->global_text.len, true, err);
    return r;
}

static int read_long(oci_tar_reader *t, const oci_tar_header *h, bool *has, oci_buf *out, oci_error *err)
{
    const char *nul;
    int r;

    if (*has)
        oci_warn(t->events, "the tar archive has two long names for one entry at byte %" PRIu64 "; the last one counts",
                 t->header_at);
    *has = true;
    out->len = 0;
    r = read_header_data(t, h, OCI_TAR_PAX_MAX, "a long name", out, err);
    if (r < 0)
        return r;
    nul = out->len > 0 ? memchr(out->data, '\0', out->len) : NULL;
    if (nul == NULL)
        return 0;
    for (const char *p = nul; p < out->data + out->len; p++)
        if (*p != '\0')
            return oci_fail(err, OCI_E_INVALID, "a long name goes on after a NUL byte");
    out->len = (size_t)(nul - out->data);
    return 0;
}

/* 1 when h is that of an entry, 0 when it was about the entry to come. */
static int read_header(oci_tar_reader *t, const oci_tar_header *h, oci_error *err)
{
    switch (h->typeflag) {
    case 'x':
    case 'X':
        return read_extended(t, h, err);
    case 'g':
        return read_global(t, h, err);
    case 'L':
        return read_long(t, h, &t->build.has_long_name, &t->build.long_name, err);
    case 'K':
        return read_long(t, h, &t->build.has_long_link, &t->build.long_link, err);
    default:
        return 1;
    }
}

/* ---- the end ---- */

static bool is_waiting(const oci_tar_reader *t)
{
    return t->build.has_records || t->build.has_long_name || t->build.has_long_link;
}

static int drain(oci_tar_reader *t, oci_error *err)
{
    uint64_t left = t->max_rest;
    oci_span span = t->in.span;
    int r = 0;

    oci_reader_skip(t->in.source, UINT64_MAX);
    while (r == 0 && span.len <= left) {
        left -= span.len;
        r = oci_reader_next(t->in.source, &span, err);
        if (r == 0 && span.len == 0)
            return 0;
    }
    return r < 0 ? r
                 : oci_fail(err, OCI_E_LIMIT,
                            "more than %" PRIu64 " bytes follow on the end of the archive at byte %" PRIu64,
                            t->max_rest, t->header_at);
}

/* The source is read to its end: that is where it proves right. What is there means nothing. odd (or NULL) is what
 * there is to say about the end. */
static int finish(oci_tar_reader *t, const char *odd, oci_error *err)
{
    int r;

    if (is_waiting(t))
        return oci_fail(err, OCI_E_INVALID, "the archive ends between a header and its entry, at byte %" PRIu64,
                        t->header_at);
    r = drain(t, err);
    if (r < 0)
        return r;
    if (odd != NULL)
        oci_warn(t->events, "%s", odd);
    t->ended = true;
    return 0;
}

/* After the first zero block. */
static int read_end(oci_tar_reader *t, oci_error *err)
{
    const unsigned char *block;
    size_t len = 0;
    int r = oci_tar_input_block(&t->in, &block, &len, err);

    if (r < 0)
        return r;
    t->has_end = true;
    for (size_t i = 0; i < len; i++)
        if (block[i] != 0)
            return oci_fail(err, OCI_E_INVALID, "a lone block of zeros at byte %" PRIu64 " of the archive",
                            t->header_at);
    return finish(t, len < OCI_TAR_BLOCK_SIZE ? "the tar archive has one block of zeros at its end, not two" : NULL,
                  err);
}

static int wrong_header(const oci_tar_reader *t, const unsigned char *block, size_t len, oci_error *err)
{
    if (t->header_at == 0)
        return oci_fail(err, OCI_E_INVALID, "the data is not a tar archive");
    if (len < OCI_TAR_BLOCK_SIZE)
        return oci_fail(err, OCI_E_INVALID, "the archive ends inside the header at byte %" PRIu64, t->header_at);
    return oci_fail(err, OCI_E_INVALID, "the checksum of the header at byte %" PRIu64 " is '%.*s', not %06" PRIo32,
                    t->header_at, OCI_TAR_SUM_FIELD, (const char *)block + OCI_TAR_AT_SUM, oci_tar_sum(block));
}

/* The source ended after len bytes of what should be a header. */
static int read_short_end(oci_tar_reader *t, const unsigned char *block, size_t len, oci_error *err)
{
    for (size_t i = 0; i < len; i++)
        if (block[i] != 0 || t->header_at == 0)
            return wrong_header(t, block, len, err);
    /* Nothing at all is an empty archive. */
    return finish(t, t->in.position > 0 ? "the tar archive has no blocks of zeros at its end" : NULL, err);
}

/* ---- entries ---- */

static int skip_rest(oci_tar_reader *t, oci_error *err)
{
    uint64_t missing = 0;
    int r = oci_tar_input_skip(&t->in, t->left, &missing, err);

    if (r < 0)
        return r;
    if (missing > 0)
        return oci_fail(err, OCI_E_INVALID, "'%s': the archive ends %" PRIu64 " bytes too early",
                        t->build.entry.stored_name, missing);
    t->left = 0;
    r = oci_tar_input_skip(&t->in, t->padding, &missing, err);
    t->padding = 0;
    return r;
}

static int start_data(oci_tar_reader *t, uint64_t stored, oci_error *err)
{
    const oci_tar_entry *e = &t->build.entry;

    t->left = stored;
    t->padding = padding_of(stored);
    t->piece = 0;
    t->piece_done = 0;
    t->n_pieces = 0;
    if (e->type != OCI_TAR_FILE)
        return 0;
    if (e->sparse) {
        t->pieces = t->build.pax.pieces.items;
        t->n_pieces = t->build.pax.pieces.count;
        return oci_tar_sparse_check(&t->build.pax.pieces, e->size, stored, err);
    }
    t->whole = (oci_tar_piece) { 0, stored };
    t->pieces = &t->whole;
    t->n_pieces = 1;
    return 0;
}

static int build_entry(oci_tar_reader *t, const oci_tar_header *h, oci_error *err)
{
    uint64_t stored = 0;
    int r = oci_tar_pax_reset(&t->build.pax, &t->global, err);

    if (r == 0 && t->build.has_records)
        r = oci_wrap(err, oci_tar_pax_read(&t->build.pax, t->build.records.data, t->build.records.len, false, err),
                     "pax header before byte %" PRIu64 " of the archive", t->header_at);
    if (r == 0)
        r = oci_wrap(err, oci_tar_build_name(&t->build, h, err), "header at byte %" PRIu64 " of the archive",
                     t->header_at);
    if (r < 0)
        return r;
    r = oci_tar_build_entry(&t->build, h, &t->in, &stored, err);
    if (r == 0)
        r = start_data(t, stored, err);
    if (r < 0)
        return oci_wrap(err, r, "'%s'", t->build.entry.stored_name);
    if (t->build.pax.has_acl && !t->acl_seen) {
        t->acl_seen = true;
        oci_warn(t->events, "'%s': access control lists of the tar archive are left out, here and below",
                 t->build.entry.stored_name);
    }
    return 1;
}

static int next_entry(oci_tar_reader *t, oci_error *err)
{
    int r = skip_rest(t, err);

    oci_tar_build_clear(&t->build);
    for (size_t headers = 0; r == 0; headers++) {
        oci_tar_header h;
        const unsigned char *block;
        size_t len;

        t->header_at = t->in.position;
        r = oci_tar_input_block(&t->in, &block, &len, err);
        if (r < 0)
            return r;
        if (len < OCI_TAR_BLOCK_SIZE)
            return read_short_end(t, block, len, err);
        if (oci_tar_block_is_zero(block))
            return read_end(t, err);
        if (!oci_tar_sum_is_right(block))
            return wrong_header(t, block, len, err);
        if (headers == OCI_TAR_MAX_HEADERS)
            return oci_fail(err, OCI_E_LIMIT,
                            "more than %d headers before an entry, at byte %" PRIu64 " of the archive",
                            OCI_TAR_MAX_HEADERS, t->header_at);
        r = oci_tar_header_parse(block, &h, err);
        if (r == 0)
            r = read_header(t, &h, err);
        if (r < 0)
            return oci_wrap(err, r, "header at byte %" PRIu64 " of the archive", t->header_at);
        if (r == 1)
            return build_entry(t, &h, err);
    }
    return r;
}

/* Keeps a failure, so that the next call fails the same way. */
static int keep(oci_tar_reader *t, int r, oci_error *err)
{
    if (r < 0 && !t->failed) {
        t->failed = true;
        t->code = r;
    }
    if (t->failed && err != NULL)
        *err = t->failure;
    return t->failed ? t->code : r;
}

int oci_tar_reader_next(oci_tar_reader *t, const oci_tar_entry **out, oci_error *err)
{
    int r;

    if (t->failed)
        return keep(t, t->code, err);
    if (t->ended)
        return 0;
    r = keep(t, next_entry(t, &t->failure), err);
    if (r == 1)
        *out = &t->build.entry;
    return r;
}

static int next_data(oci_tar_reader *t, oci_span *out, uint64_t *offset, oci_error *err)
{
    const oci_tar_piece *piece = t->pieces + t->piece;
    oci_span span;
    int r = oci_tar_input_some(&t->in, piece->len - t->piece_done, &span, err);

    if (r < 0)
        return r;
    if (span.len == 0)
        return oci_fail(err, OCI_E_INVALID, "'%s': the archive ends %" PRIu64 " bytes too early",
                        t->build.entry.stored_name, t->left);
    *out = span;
    *offset = piece->offset + t->piece_done;
    t->left -= span.len;
    t->piece_done += span.len;
    if (t->piece_done == piece->len) {
        t->piece++;
        t->piece_done = 0;
    }
    return 0;
}

int oci_tar_reader_data(oci_tar_reader *t, oci_span *out, uint64_t *offset, oci_error *err)
{
    if (t->failed)
        return keep(t, t->code, err);
    if (t->left == 0 || t->piece == t->n_pieces) {
        *out = (oci_span) { NULL, 0 };
        *offset = t->n_pieces > 0 ? t->build.entry.size : 0;
        return 0;
    }
    return keep(t, next_data(t, out, offset, &t->failure), err);
}
