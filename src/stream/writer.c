/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/fail.h"

/* Whether the writer still takes something. */
static int check_open(const oci_writer *w, oci_error *err)
{
    if (w->failure.code != 0)
        return oci_fail_as(err, &w->failure);
    if (w->finished)
        return oci_fail(err, OCI_E_USAGE, "the writer is finished already");
    return 0;
}

/* Keeps the first failure, so that nothing written after it can make the result look whole. */
static int settle(oci_writer *w, int result, oci_error *err)
{
    if (result >= 0) {
        w->failure.code = 0;
        return 0;
    }
    /* A caller's own writer may have forgotten the text. */
    if (w->failure.code != result || w->failure.msg[0] == '\0')
        oci_fail(&w->failure, result, "the destination of the data failed");
    return oci_fail_as(err, &w->failure);
}

int oci_writer_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    int result = check_open(w, err);

    if (result < 0 || n == 0)
        return result;
    result = settle(w, w->ops->write(w, p, n, &w->failure), err);
    if (result == 0)
        w->count += n;
    return result;
}

int oci_writer_finish(oci_writer *w, oci_error *err)
{
    int result = check_open(w, err);

    if (result < 0)
        return result;
    if (w->ops->finish != NULL)
        result = settle(w, w->ops->finish(w, &w->failure), err);
    w->finished = result == 0;
    return result;
}

uint64_t oci_writer_count(const oci_writer *w)
{
    return w->count;
}

void oci_writer_free(oci_writer *w)
{
    int saved = errno;

    if (w == NULL)
        return;
    if (w->ops->free != NULL)
        w->ops->free(w);
    oci_free(w);
    errno = saved;
}
