/* SPDX-License-Identifier: Apache-2.0 */
/* A ceiling on the number of bytes that pass. */
#include "stream.h"

#include <inttypes.h>

#include "base/fail.h"

struct limit_reader {
    oci_reader r;
    oci_reader *src;
    uint64_t limit;
    uint64_t left;
    const char *what;
};

static int limit_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct limit_reader *l = (struct limit_reader *)r;
    int result = oci_reader_next(l->src, out, err);

    if (result < 0)
        return result;
    if (out->len > l->left)
        return oci_fail(err, OCI_E_LIMIT, "%s is larger than %" PRIu64 " bytes", l->what, l->limit);
    l->left -= out->len;
    return 0;
}

static void limit_free(oci_reader *r)
{
    oci_reader_free(((struct limit_reader *)r)->src);
}

static const oci_reader_ops limit_ops = { limit_next, limit_free, NULL };

int oci_reader_limit(oci_reader *src, uint64_t limit, const char *what, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    struct limit_reader *l = oci_calloc(1, sizeof *l);

    if (l == NULL)
        return oci_fail_nomem(err);
    l->r.ops = &limit_ops;
    l->src = oci_steal(&owned);
    l->limit = l->left = limit;
    l->what = what;
    *out = &l->r;
    return 0;
}
