/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever writes an archive knows blobs and documents; what cannot be written is a file. */
#include "archive_writer.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "stream/stream.h"

struct named_writer {
    oci_writer w;
    oci_writer *inner; /* owned */
    char *name;
};

static int named_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    struct named_writer *named = (struct named_writer *)w;

    return oci_wrap(err, oci_writer_write(named->inner, p, n, err), "'%s'", named->name);
}

static int named_finish(oci_writer *w, oci_error *err)
{
    struct named_writer *named = (struct named_writer *)w;

    return oci_wrap(err, oci_writer_finish(named->inner, err), "'%s'", named->name);
}

static void named_free(oci_writer *w)
{
    struct named_writer *named = (struct named_writer *)w;

    oci_writer_free(named->inner);
    oci_free(named->name);
}

int oci_export_named(oci_writer *taken, const char *name, oci_writer **out, oci_error *err)
{
    static const oci_writer_ops ops = { named_write, named_finish, named_free };
    OCI_AUTO(oci_writer) inner = taken;
    OCI_AUTO_MEM char *copy = NULL;
    struct named_writer *named;

    if (name == NULL) {
        *out = oci_steal(&inner);
        return 0;
    }
    named = oci_calloc(1, sizeof *named);
    copy = oci_strdup(name);
    if (named == NULL || copy == NULL) {
        oci_free(named);
        return oci_fail_nomem(err);
    }
    named->w.ops = &ops;
    named->inner = oci_steal(&inner);
    named->name = oci_steal(&copy);
    *out = &named->w;
    return 0;
}
