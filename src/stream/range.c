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

static int range_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct range_reader *f = (struct range_reader *)r;
    size_t want = f->left < sizeof f->chunk ? (size_t)f->left : sizeof f->chunk;
    ssize_t n;

    if (want == 0) {
        *out = (oci_span) { f->chunk, 0 };
        return 0;
    }
    do {
        n = pread(f->fd, f->chunk, want, (off_t)f->at);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return oci_fail_errno(err, "read");
    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "the file ends %" PRIu64 " bytes too early", f->left);
    f->at += (uint64_t)n;
    f->left -= (uint64_t)n;
    *out = (oci_span) { f->chunk, (size_t)n };
    return 0;
}

static const oci_reader_ops range_ops = { range_next, NULL, NULL };

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
