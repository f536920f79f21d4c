/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/span.h"

/* Keeps what a stage has answered: a failure, or n bytes. */
static int keep(oci_reader *r, int result, size_t n, oci_error *err)
{
    if (result < 0) {
        /* A caller's own reader may have forgotten the text. */
        if (r->failure.code != result || r->failure.msg[0] == '\0')
            oci_fail(&r->failure, result, "the source of the data failed");
        return oci_fail_as(err, &r->failure);
    }
    r->failure.code = 0;
    r->ended = n == 0;
    r->count += n;
    return 0;
}

int oci_reader_next(oci_reader *r, oci_span *out, oci_error *err)
{
    oci_span span = { NULL, 0 };
    int result = 0;

    if (r->failure.code != 0)
        return oci_fail_as(err, &r->failure);
    if (r->rest.len > 0) {
        span = r->rest;
        r->rest = (oci_span) { NULL, 0 };
        r->count += span.len;
    } else if (!r->ended) {
        result = r->ops->next(r, &span, &r->failure);
        result = keep(r, result, span.len, err);
    }
    if (result == 0)
        *out = span;
    return result;
}

/* For stages without a way of their own. */
static int fill_from_next(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    int result = r->rest.len == 0 ? r->ops->next(r, &r->rest, err) : 0;

    if (result < 0 || r->rest.len == 0)
        return result;
    *got = n < r->rest.len ? n : r->rest.len;
    memcpy(room, r->rest.data, *got);
    r->rest = oci_span_behind(r->rest, *got);
    return 0;
}

int oci_reader_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    int result;

    *got = 0;
    if (r->failure.code != 0)
        return oci_fail_as(err, &r->failure);
    if (r->ended)
        return 0;
    result = (r->ops->fill != NULL ? r->ops->fill : fill_from_next)(r, room, n, got, &r->failure);
    return keep(r, result, *got, err);
}

int oci_reader_drain(oci_reader *r, oci_error *err)
{
    oci_span span;
    int result;

    do {
        result = oci_reader_next(r, &span, err);
        if (result < 0)
            return result;
    } while (span.len > 0);
    return 0;
}

static int append_all(oci_reader *r, size_t limit, oci_buf *out, oci_error *err)
{
    size_t left = limit;

    for (;;) {
        oci_span span;
        int result = oci_reader_next(r, &span, err);

        if (result < 0)
            return result;
        if (span.len == 0)
            return 0;
        if (limit > 0 && span.len > left)
            return oci_fail(err, OCI_E_LIMIT, "more than %zu bytes", limit);
        left -= limit > 0 ? span.len : 0;
        result = oci_buf_append(out, span.data, span.len, err);
        if (result < 0)
            return result;
    }
}

int oci_reader_read_all(oci_reader *r, size_t limit, oci_buf *out, oci_error *err)
{
    size_t before = out->len;
    int result = append_all(r, limit, out, err);

    if (result < 0 && out->len > before) {
        out->len = before;
        out->data[before] = '\0';
    }
    return result;
}

int oci_reader_pump(oci_reader *r, oci_writer *w, oci_error *err)
{
    for (;;) {
        oci_span span;
        int result = oci_reader_next(r, &span, err);

        if (result < 0)
            return result;
        if (span.len == 0)
            return 0;
        result = oci_writer_write(w, span.data, span.len, err);
        if (result < 0)
            return result;
    }
}

uint64_t oci_reader_count(const oci_reader *r)
{
    return r->count;
}

void oci_reader_free(oci_reader *r)
{
    int saved = errno;

    if (r == NULL)
        return;
    if (r->ops->free != NULL)
        r->ops->free(r);
    oci_free(r);
    errno = saved;
}
