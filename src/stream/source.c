/* SPDX-License-Identifier: Apache-2.0 */
/* Where chains of readers begin: a file, memory, another reader, the caller's own functions. */
#include "stream.h"

#include "base/fail.h"

/* ---- a file ---- */

struct fd_reader {
    oci_reader r;
    int fd;
    unsigned char chunk[OCI_STREAM_CHUNK];
};

static int fd_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    ssize_t done;

    do {
        done = read(((struct fd_reader *)r)->fd, room, n);
    } while (done < 0 && errno == EINTR);
    if (done < 0)
        return oci_fail_errno(err, "read");
    *got = (size_t)done;
    return 0;
}

static int fd_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct fd_reader *f = (struct fd_reader *)r;

    *out = (oci_span) { f->chunk, 0 };
    return fd_fill(r, f->chunk, sizeof f->chunk, &out->len, err);
}

static void fd_free(oci_reader *r)
{
    close(((struct fd_reader *)r)->fd);
}

static const oci_reader_ops fd_ops = { fd_next, fd_free, fd_fill };

int oci_reader_from_fd(int fd, oci_reader **out, oci_error *err)
{
    OCI_AUTO_FD int owned = fd;
    struct fd_reader *f = oci_alloc(sizeof *f);

    if (f == NULL)
        return oci_fail_nomem(err);
    f->r = (oci_reader) { .ops = &fd_ops };
    f->fd = oci_steal_fd(&owned);
    *out = &f->r;
    return 0;
}

/* ---- memory ---- */

struct memory_reader {
    oci_reader r;
    oci_span rest;
};

static int memory_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct memory_reader *m = (struct memory_reader *)r;

    (void)err;
    *out = m->rest;
    m->rest = (oci_span) { NULL, 0 };
    return 0;
}

static const oci_reader_ops memory_ops = { memory_next, NULL, NULL };

int oci_reader_from_memory(const void *p, size_t n, oci_reader **out, oci_error *err)
{
    struct memory_reader *m = oci_calloc(1, sizeof *m);

    if (m == NULL)
        return oci_fail_nomem(err);
    m->r.ops = &memory_ops;
    m->rest = (oci_span) { p, n };
    *out = &m->r;
    return 0;
}

/* ---- a reader of somebody else ---- */

struct borrow_reader {
    oci_reader r;
    oci_reader *src;
    atomic_bool *cancelled;
};

static int check_borrowed(const struct borrow_reader *b, oci_error *err)
{
    if (b->cancelled != NULL && atomic_load_explicit(b->cancelled, memory_order_relaxed))
        return oci_fail(err, OCI_E_CANCELLED, "cancelled");
    return 0;
}

static int borrow_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct borrow_reader *b = (struct borrow_reader *)r;
    int result = check_borrowed(b, err);

    return result < 0 ? result : oci_reader_next(b->src, out, err);
}

static int borrow_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct borrow_reader *b = (struct borrow_reader *)r;
    int result = check_borrowed(b, err);

    return result < 0 ? result : oci_reader_fill(b->src, room, n, got, err);
}

static const oci_reader_ops borrow_ops = { borrow_next, NULL, borrow_fill };

int oci_reader_borrow(oci_reader *src, atomic_bool *cancelled, oci_reader **out, oci_error *err)
{
    struct borrow_reader *b = oci_calloc(1, sizeof *b);

    if (b == NULL)
        return oci_fail_nomem(err);
    b->r.ops = &borrow_ops;
    b->src = src;
    b->cancelled = cancelled;
    *out = &b->r;
    return 0;
}

/* ---- the caller's own ---- */

struct callback_reader {
    oci_reader r;
    oci_reader_callbacks cb;
    void *ctx;
};

static int callback_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct callback_reader *c = (struct callback_reader *)r;

    return c->cb.next(c->ctx, out, err);
}

static void callback_free(oci_reader *r)
{
    struct callback_reader *c = (struct callback_reader *)r;

    if (c->cb.free != NULL)
        c->cb.free(c->ctx);
}

static const oci_reader_ops callback_ops = { callback_next, callback_free, NULL };

int oci_reader_from_callbacks(const oci_reader_callbacks *cb, void *ctx, oci_reader **out, oci_error *err)
{
    struct callback_reader *c = oci_calloc(1, sizeof *c);

    if (c == NULL) {
        if (cb->free != NULL)
            cb->free(ctx);
        return oci_fail_nomem(err);
    }
    c->r.ops = &callback_ops;
    c->cb = *cb;
    c->ctx = ctx;
    *out = &c->r;
    return 0;
}
