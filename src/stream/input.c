/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <string.h>

#include "base/span.h"

int oci_input_peek(oci_input *in, size_t n, oci_span *out, oci_error *err)
{
    if (in->held.len > 0)
        in->held.data = memmove(in->head, in->held.data, in->held.len);
    while (in->held.len < n) {
        size_t take = n - in->held.len;

        if (in->span.len == 0) {
            int r = oci_reader_next(in->src, &in->span, err);

            if (r < 0)
                return r;
            if (in->span.len == 0)
                break;
        }
        if (in->held.len == 0 && in->span.len >= n)
            break;
        if (take > in->span.len)
            take = in->span.len;
        memcpy(in->head + in->held.len, in->span.data, take);
        in->held = (oci_span) { in->head, in->held.len + take };
        in->span = oci_span_behind(in->span, take);
    }
    *out = in->held.len > 0 ? in->held : in->span;
    return 0;
}

void oci_input_skip(oci_input *in, size_t n)
{
    oci_span *from = in->held.len > 0 ? &in->held : &in->span;

    *from = oci_span_behind(*from, n);
    in->consumed += n;
}
