/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a file that others read at the same time. */
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"

struct range_reader {
    oci_reader r;
    int fd;
    uint64_t at, left;
    unsigned char chunk[OCI_STREAM_CHUNK];
};

static int range_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct range_reader *f = (struct range_reader *)r;
    size_t want = f->left < n ? (size_t)f->left : n;
    ssize_t done;

    if (want == 0)
        return 0;
    do {
        done = pread(f->fd, room, want, (off_t)f->at);
    } while (done < 0 && errno == EINTR);
    if (done < 0)
        return oci_fail_errno(err, "read");
    if (done == 0)
        return oci_fail(err, OCI_E_INVALID, "the file ends %" PRIu64 " bytes too early", f->left);
    f->at += (uint64_t)done;
    f->left -= (uint64_t)done;
    *got = (size_t)done;
    return 0;
}

static int range_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct range_reader *f = (struct range_reader *)r;

    *out = (oci_span) { f->chunk, 0 };
    return range_fill(r, f->chunk, sizeof f->chunk, &out->len, err);
}

static const oci_reader_ops range_ops = { range_next, NULL, range_fill };

int oci_reader_from_range(int fd, uint64_t offset, uint64_t size, oci_reader **out, oci_error *err)
{
    struct range_reader *f;

    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return oci_fail(err, OCI_E_INVALID, "no file is %" PRIu64 " bytes long", offset);
    f = oci_alloc(sizeof *f);
    if (f == NULL)
        return oci_fail_nomem(err);
    f->r = (oci_reader) { .ops = &range_ops };
    f->fd = fd;
    f->at = offset;
    f->left = size;
    *out = &f->r;
    return 0;
}

uint64_t oci_reader_skip(oci_reader *r, uint64_t n)
{
    struct range_reader *f = (struct range_reader *)r;

    if (r->ops != &range_ops)
        return 0;
    if (n > f->left)
        n = f->left;
    f->at += n;
    f->left -= n;
    r->count += n;
    return n;
}
