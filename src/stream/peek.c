/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a source, read before its turn and kept until then. */
#include "stream.h"

#include <string.h>

#include "base/fail.h"

struct peek_reader {
    oci_reader r;
    oci_reader *src; /* NULL when it has ended */
    unsigned char *head;
    size_t len, given; /* the head goes with the call after that which gave the last of it */
};

/* Whether the source has ended: what fails now fails again when its turn has come. */
static bool read_head(struct peek_reader *p, size_t n)
{
    size_t got = 1;

    while (p->len < n && got > 0) {
        if (oci_reader_fill(p->src, p->head + p->len, n - p->len, &got, NULL) < 0)
            return false;
        p->len += got;
    }
    return got == 0;
}

/* What is left of the head; when nothing is, it goes. */
static oci_span rest_of(struct peek_reader *p)
{
    if (p->given < p->len)
        return (oci_span) { p->head + p->given, p->len - p->given };
    oci_free(p->head);
    p->head = NULL;
    return (oci_span) { NULL, 0 };
}

static int peek_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct peek_reader *p = (struct peek_reader *)r;

    *out = rest_of(p);
    p->given += out->len;
    return out->len > 0 || p->src == NULL ? 0 : oci_reader_next(p->src, out, err);
}

static int peek_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct peek_reader *p = (struct peek_reader *)r;
    const oci_span rest = rest_of(p);

    if (rest.len == 0)
        return p->src != NULL ? oci_reader_fill(p->src, room, n, got, err) : 0;
    *got = n < rest.len ? n : rest.len;
    memcpy(room, rest.data, *got);
    p->given += *got;
    return 0;
}

static void peek_free(oci_reader *r)
{
    struct peek_reader *p = (struct peek_reader *)r;

    oci_reader_free(p->src);
    oci_free(p->head);
}

static const oci_reader_ops peek_ops = { peek_next, peek_free, peek_fill };

/* Gives back what was not needed, where that can be done. */
static void shrink(struct peek_reader *p)
{
    unsigned char *smaller = p->len > 0 ? oci_realloc_array(p->head, p->len, 1) : NULL;

    if (smaller != NULL)
        p->head = smaller;
}

int oci_reader_peek(oci_reader *src, size_t n, oci_span *head, bool *whole, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    struct peek_reader *p = oci_calloc(1, sizeof *p);

    if (p == NULL)
        return oci_fail_nomem(err);
    p->r.ops = &peek_ops;
    p->src = oci_steal(&owned);
    p->head = oci_alloc_sparse(n);
    if (p->head == NULL) {
        oci_reader_free(&p->r);
        return oci_fail_nomem(err);
    }
    *whole = read_head(p, n);
    if (*whole) {
        oci_reader_free(p->src);
        p->src = NULL;
    }
    shrink(p);
    *head = (oci_span) { p->head, p->len };
    *out = &p->r;
    return 0;
}
