/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a layout that is made of something else. */
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "layout.h"

int oci_made_read_file(const oci_buf *index, const char *name, oci_buf *out, oci_error *err)
{
    if (strcmp(name, "oci-layout") == 0)
        return oci_buf_puts(out, oci_new_layout_file, err);
    if (strcmp(name, "index.json") != 0)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not in the archive", name);
    return oci_buf_append(out, index->data, index->len, err);
}

/* What lies in the archive besides is no business of a layout's. */
int oci_made_each_name(oci_store *s, oci_each_name *each, void *ctx, oci_error *err)
{
    static const char *const names[] = { "blobs", "index.json", "oci-layout" };
    int r = 0;

    (void)s;
    for (size_t i = 0; r == 0 && i < sizeof names / sizeof names[0]; i++)
        r = each(ctx, names[i], i == 0 ? OCI_TREE_DIR : OCI_TREE_FILE, err);
    return r;
}
