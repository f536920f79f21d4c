/* SPDX-License-Identifier: Apache-2.0 */
/* A file that may keep its reader or writer waiting. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/fail.h"

/* How long to wait before asking again, since a signal may have come just before. */
enum { PATIENCE_MS = 250 };

/* ---- reading ---- */

struct pipe_reader {
    oci_reader r;
    int fd;
    const oci_events *events;
    unsigned char chunk[OCI_STREAM_CHUNK];
};

static int pipe_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct pipe_reader *p = (struct pipe_reader *)r;
    struct pollfd ready = { .fd = p->fd, .events = POLLIN };

    for (;;) {
        int cancelled = oci_check_cancelled(p->events, err);
        ssize_t n;

        if (cancelled < 0)
            return cancelled;
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            continue;
        n = read(p->fd, p->chunk, sizeof p->chunk);
        if (n >= 0) {
            *out = (oci_span) { p->chunk, (size_t)n };
            return 0;
        }
        if (errno != EINTR && errno != EAGAIN)
            return oci_fail_errno(err, "read");
    }
}

static void pipe_free(oci_reader *r)
{
    close(((struct pipe_reader *)r)->fd);
}

static const oci_reader_ops pipe_ops = { pipe_next, pipe_free, NULL };

int oci_reader_from_pipe(int fd, const oci_events *events, oci_reader **out, oci_error *err)
{
    OCI_AUTO_FD int owned = fd;
    struct pipe_reader *p = oci_alloc(sizeof *p);

    if (p == NULL)
        return oci_fail_nomem(err);
    p->r = (oci_reader) { .ops = &pipe_ops };
    p->fd = oci_steal_fd(&owned);
    p->events = events;
    *out = &p->r;
    return 0;
}

/* ---- writing ---- */

struct pipe_writer {
    oci_writer w;
    int fd;
    size_t whole; /* what fits into it when it is empty; files never wait */
    const oci_events *events;
};

/* How much it takes, when it is ready, without making its writer wait: a signal that came just before does not end
 * that. */
static size_t room_of(const struct pipe_writer *p)
{
    int held;

    return ioctl(p->fd, FIONREAD, &held) == 0 && held == 0 ? p->whole : PIPE_BUF;
}

static int pipe_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    struct pipe_writer *pipe = (struct pipe_writer *)w;
    struct pollfd ready = { .fd = pipe->fd, .events = POLLOUT };
    const char *bytes = p;

    while (n > 0) {
        int cancelled = oci_check_cancelled(pipe->events, err);
        size_t room;
        ssize_t written;

        if (cancelled < 0)
            return cancelled;
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            continue;
        room = room_of(pipe);
        written = write(pipe->fd, bytes, n < room ? n : room);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return oci_fail_errno(err, "write");
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

static int pipe_finish(oci_writer *w, oci_error *err)
{
    if (close(oci_steal_fd(&((struct pipe_writer *)w)->fd)) < 0 && errno != EINTR)
        return oci_fail_errno(err, "close");
    return 0;
}

static void pipe_writer_free(oci_writer *w)
{
    oci_closep_(&((struct pipe_writer *)w)->fd);
}

static const oci_writer_ops pipe_writer_ops = { pipe_write, pipe_finish, pipe_writer_free };

int oci_writer_to_pipe(int fd, const oci_events *events, oci_writer **out, oci_error *err)
{
    OCI_AUTO_FD int owned = fd;
    struct pipe_writer *p = oci_calloc(1, sizeof *p);
    const int size = fcntl(fd, F_GETPIPE_SZ);

    if (p == NULL)
        return oci_fail_nomem(err);
    p->w.ops = &pipe_writer_ops;
    p->fd = oci_steal_fd(&owned);
    p->events = events;
    p->whole = size > 0 ? (size_t)size : OCI_STREAM_CHUNK;
    *out = &p->w;
    return 0;
}
