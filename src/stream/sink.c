/* SPDX-License-Identifier: Apache-2.0 */
/* Where chains of writers end: a file, a buffer, nowhere, the caller's own functions. */
#include "stream.h"

#include "base/buf.h"
#include "base/fail.h"

/* ---- a file ---- */

struct fd_writer {
    oci_writer w;
    int fd;
};

static int fd_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    const char *bytes = p;
    int fd = ((struct fd_writer *)w)->fd;

    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0) {
            if (errno == EINTR)
                continue;
            return oci_fail_errno(err, "write");
        }
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

/* Network file systems report failed writes here at the latest. After EINTR the descriptor is closed on Linux. */
static int fd_finish(oci_writer *w, oci_error *err)
{
    if (close(oci_steal_fd(&((struct fd_writer *)w)->fd)) < 0 && errno != EINTR)
        return oci_fail_errno(err, "close");
    return 0;
}

static void fd_free(oci_writer *w)
{
    oci_closep_(&((struct fd_writer *)w)->fd);
}

static const oci_writer_ops fd_ops = { fd_write, fd_finish, fd_free };

int oci_writer_to_fd(int fd, oci_writer **out, oci_error *err)
{
    OCI_AUTO_FD int owned = fd;
    struct fd_writer *f = oci_calloc(1, sizeof *f);

    if (f == NULL)
        return oci_fail_nomem(err);
    f->w.ops = &fd_ops;
    f->fd = oci_steal_fd(&owned);
    *out = &f->w;
    return 0;
}

/* ---- a buffer ---- */

struct buf_writer {
    oci_writer w;
    oci_buf *buf;
};

static int buf_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    return oci_buf_append(((struct buf_writer *)w)->buf, p, n, err);
}

static const oci_writer_ops buf_ops = { buf_write, NULL, NULL };

int oci_writer_to_buf(oci_buf *buf, oci_writer **out, oci_error *err)
{
    struct buf_writer *b = oci_calloc(1, sizeof *b);

    if (b == NULL)
        return oci_fail_nomem(err);
    b->w.ops = &buf_ops;
    b->buf = buf;
    *out = &b->w;
    return 0;
}

/* ---- nowhere ---- */

static int null_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    (void)w;
    (void)p;
    (void)n;
    (void)err;
    return 0;
}

static const oci_writer_ops null_ops = { null_write, NULL, NULL };

int oci_writer_to_null(oci_writer **out, oci_error *err)
{
    oci_writer *w = oci_calloc(1, sizeof *w);

    if (w == NULL)
        return oci_fail_nomem(err);
    w->ops = &null_ops;
    *out = w;
    return 0;
}

/* ---- the caller's own ---- */

struct callback_writer {
    oci_writer w;
    oci_writer_callbacks cb;
    void *ctx;
};

static int callback_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    struct callback_writer *c = (struct callback_writer *)w;

    return c->cb.write(c->ctx, p, n, err);
}

static int callback_finish(oci_writer *w, oci_error *err)
{
    struct callback_writer *c = (struct callback_writer *)w;

    return c->cb.finish != NULL ? c->cb.finish(c->ctx, err) : 0;
}

static void callback_free(oci_writer *w)
{
    struct callback_writer *c = (struct callback_writer *)w;

    if (c->cb.free != NULL)
        c->cb.free(c->ctx);
}

static const oci_writer_ops callback_ops = { callback_write, callback_finish, callback_free };

int oci_writer_to_callbacks(const oci_writer_callbacks *cb, void *ctx, oci_writer **out, oci_error *err)
{
    struct callback_writer *c = oci_calloc(1, sizeof *c);

    if (c == NULL) {
        if (cb->free != NULL)
            cb->free(ctx);
        return oci_fail_nomem(err);
    }
    c->w.ops = &callback_ops;
    c->cb = *cb;
    c->ctx = ctx;
    *out = &c->w;
    return 0;
}
