/* SPDX-License-Identifier: Apache-2.0 */
#include "os.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/vec.h"
#include "sys.h"

/* While names are read they are offsets into memory that moves. */
struct listing {
    oci_buf texts;
    struct {
        oci_dir_name *items;
        size_t count, cap;
    } names;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const oci_dir_name *)a)->text, ((const oci_dir_name *)b)->text);
}

static int read_names(DIR *stream, struct listing *l, oci_error *err)
{
    const struct dirent *entry;
    int more;

    while ((more = oci_dir_stream_next(stream, &entry)) > 0) {
        const oci_dir_name name = { NULL, entry->d_ino, entry->d_type };
        int r = oci_buf_append(&l->texts, entry->d_name, strlen(entry->d_name) + 1, err);

        if (r < 0)
            return r;
        if (!OCI_VEC_PUSH(&l->names, name))
            return oci_fail_nomem(err);
    }
    return more < 0 ? oci_fail_errno(err, "read a directory") : 0;
}

int oci_dir_names(int fd, bool sorted, oci_names *out, oci_error *err)
{
    DIR *stream = oci_dir_stream(fd);
    struct listing l = { .texts = OCI_BUF_INIT };
    char *text;
    int r;

    if (stream == NULL)
        return oci_fail_errno(err, "read a directory");
    r = read_names(stream, &l, err);
    closedir(stream);
    if (r < 0) {
        oci_buf_free(&l.texts);
        oci_free(l.names.items);
        return r;
    }
    text = l.texts.data;
    for (size_t i = 0; i < l.names.count; i++, text += strlen(text) + 1)
        l.names.items[i].text = text;
    if (sorted && l.names.count > 1)
        qsort(l.names.items, l.names.count, sizeof *l.names.items, compare);
    *out = (oci_names) { l.names.items, l.names.count, l.texts.data };
    return 0;
}

void oci_names_free(oci_names *names)
{
    oci_free(names->items);
    oci_free(names->texts);
    *names = (oci_names) { 0 };
}
