/* SPDX-License-Identifier: Apache-2.0 */
/* A file that may keep its reader waiting. */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/fail.h"

/* How long to wait before asking again, since a signal may have come just before. */
enum { PATIENCE_MS = 250 };

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
