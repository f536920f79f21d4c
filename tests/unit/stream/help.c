/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdlib.h>
#include <unistd.h>

struct source {
    struct oci_test_source s;
    uint64_t given;
    void *span;
};

static int source_next(void *ctx, oci_span *out, oci_error *err)
{
    struct source *s = ctx;
    size_t at = s->s.len > 0 ? (size_t)(s->given % s->s.len) : 0;
    uint64_t left = s->s.total - s->given;
    size_t n = s->s.step < s->s.len - at ? s->s.step : s->s.len - at;

    if (s->s.calls != NULL)
        atomic_fetch_add(s->s.calls, 1);
    if (s->s.delay > 0)
        usleep(s->s.delay);
    free(s->span);
    s->span = NULL;
    if (left == 0) {
        if (s->s.fail != 0)
            return oci_fail(err, s->s.fail, "planned failure");
        *out = (oci_span) { NULL, 0 };
        return 0;
    }
    n = n < left ? n : (size_t)left;
    s->span = malloc(n);
    if (s->span == NULL)
        return oci_fail_nomem(err);
    memcpy(s->span, (const char *)s->s.data + at, n);
    s->given += n;
    *out = (oci_span) { s->span, n };
    return 0;
}

static void source_free(void *ctx)
{
    struct source *s = ctx;

    if (s->s.freed != NULL)
        atomic_fetch_add(s->s.freed, 1);
    free(s->span);
    free(s);
}

oci_reader *oci_test_reader(const struct oci_test_source *spec)
{
    static const oci_reader_callbacks cb = { source_next, source_free };
    struct source *s = calloc(1, sizeof *s);
    oci_reader *r = NULL;
    oci_error err;

    assert_non_null(s);
    s->s = *spec;
    if (s->s.total == 0)
        s->s.total = s->s.len;
    if (s->s.step == 0)
        s->s.step = s->s.len;
    return oci_reader_from_callbacks(&cb, s, &r, &err) < 0 ? NULL : r;
}

oci_reader *oci_test_chunks(const void *p, size_t n, size_t step)
{
    return oci_test_reader(&(struct oci_test_source) { .data = p, .len = n, .step = step });
}

static int sink_write(void *ctx, const void *p, size_t n, oci_error *err)
{
    struct oci_test_sink *s = ctx;

    (void)p;
    if (s->code != 0 && s->got + n > s->room)
        return oci_fail(err, s->code, "planned failure");
    s->got += n;
    return 0;
}

static int sink_finish(void *ctx, oci_error *err)
{
    struct oci_test_sink *s = ctx;

    if (s->finish_code != 0)
        return oci_fail(err, s->finish_code, "planned failure at the end");
    s->finished++;
    return 0;
}

static void sink_free(void *ctx)
{
    ((struct oci_test_sink *)ctx)->freed++;
}

oci_writer *oci_test_writer(struct oci_test_sink *sink)
{
    static const oci_writer_callbacks cb = { sink_write, sink_finish, sink_free };
    oci_writer *w = NULL;
    oci_error err;

    return oci_writer_to_callbacks(&cb, sink, &w, &err) < 0 ? NULL : w;
}

int oci_test_read(oci_reader *r, oci_buf *out, oci_error *err)
{
    int result = oci_reader_read_all(r, 0, out, err);

    oci_reader_free(r);
    return result;
}

void oci_test_compress(oci_compression kind, int level, const void *p, size_t n, oci_buf *out)
{
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(out, &w, &err));
    assert_ok(&err, oci_writer_compress(oci_steal(&w), kind, &(oci_compress_options) { .level = level }, &w, &err));
    assert_ok(&err, oci_writer_write(w, p, n, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
}

int oci_test_decompress(oci_compression kind, const void *p, size_t n, size_t step, oci_buf *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf ignored = OCI_BUF_INIT;
    oci_reader *r = oci_test_chunks(p, n, step);
    int result;

    assert_non_null(r);
    result = oci_reader_decompress(r, kind, 0, &r, err);
    if (result < 0)
        return result;
    return oci_test_read(r, out != NULL ? out : &ignored, err);
}

void oci_test_fill(void *p, size_t n, uint32_t seed)
{
    unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)((seed >> 24) & 0x3f);
    }
}
