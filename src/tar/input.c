/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <string.h>

#include "base/buf.h"
#include "stream/stream.h"

static int fill(oci_tar_input *in, oci_error *err)
{
    int r;

    if (in->span.len > 0 || in->ended)
        return 0;
    r = oci_reader_next(in->source, &in->span, err);
    if (r < 0) {
        in->span = (oci_span) { NULL, 0 };
        return r;
    }
    in->ended = in->span.len == 0;
    return 0;
}

static oci_span take(oci_tar_input *in, uint64_t max)
{
    oci_span piece = in->span;

    if (piece.len > max)
        piece.len = (size_t)max;
    if (piece.len > 0)
        in->span.data = (const unsigned char *)in->span.data + piece.len;
    in->span.len -= piece.len;
    in->position += piece.len;
    return piece;
}

int oci_tar_input_some(oci_tar_input *in, uint64_t max, oci_span *out, oci_error *err)
{
    int r = fill(in, err);

    if (r == 0)
        *out = take(in, max);
    return r;
}

int oci_tar_input_block(oci_tar_input *in, const unsigned char **out, size_t *len, oci_error *err)
{
    oci_span piece;
    size_t have = 0;
    int r = oci_tar_input_some(in, OCI_TAR_BLOCK_SIZE, &piece, err);

    if (r < 0)
        return r;
    if (piece.len == OCI_TAR_BLOCK_SIZE) {
        *out = piece.data;
        *len = OCI_TAR_BLOCK_SIZE;
        return 0;
    }
    while (piece.len > 0) {
        memcpy(in->block + have, piece.data, piece.len);
        have += piece.len;
        if (have == OCI_TAR_BLOCK_SIZE)
            break;
        r = oci_tar_input_some(in, OCI_TAR_BLOCK_SIZE - have, &piece, err);
        if (r < 0)
            return r;
    }
    *out = in->block;
    *len = have;
    return 0;
}

int oci_tar_input_skip(oci_tar_input *in, uint64_t n, uint64_t *missing, oci_error *err)
{
    n -= take(in, n).len;
    while (n > 0) {
        oci_span piece;
        uint64_t skipped = oci_reader_skip(in->source, n);
        int r;

        in->position += skipped;
        n -= skipped;
        r = n > 0 ? oci_tar_input_some(in, n, &piece, err) : 0;
        if (r < 0)
            return r;
        if (n == 0 || piece.len == 0)
            break;
        n -= piece.len;
    }
    *missing = n;
    return 0;
}

int oci_tar_input_append(oci_tar_input *in, size_t n, oci_buf *out, uint64_t *missing, oci_error *err)
{
    while (n > 0) {
        oci_span piece;
        int r = oci_tar_input_some(in, n, &piece, err);

        if (r < 0)
            return r;
        if (piece.len == 0)
            break;
        r = oci_buf_append(out, piece.data, piece.len, err);
        if (r < 0)
            return r;
        n -= piece.len;
    }
    *missing = n;
    return 0;
}
