/* SPDX-License-Identifier: Apache-2.0 */
#include "os.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/vec.h"
#include "sys.h"

struct list {
    char **items;
    size_t count, cap;
};

static void free_items(char **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        oci_free(items[i]);
    oci_free(items);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *stream, struct list *names, oci_error *err)
{
    const struct dirent *entry;
    int r;

    while ((r = oci_dir_stream_next(stream, &entry)) > 0) {
        char *name = oci_strdup(entry->d_name);

        if (name == NULL || !OCI_VEC_PUSH(names, name)) {
            oci_free(name);
            return oci_fail_nomem(err);
        }
    }
    return r < 0 ? oci_fail_errno(err, "read a directory") : 0;
}

int oci_dir_names(int fd, bool sorted, oci_names *out, oci_error *err)
{
    DIR *stream = oci_dir_stream(fd);
    struct list names = { 0 };
    int r;

    if (stream == NULL)
        return oci_fail_errno(err, "read a directory");
    r = read_names(stream, &names, err);
    closedir(stream);
    if (r < 0) {
        free_items(names.items, names.count);
        return r;
    }
    if (sorted && names.count > 1)
        qsort(names.items, names.count, sizeof *names.items, compare);
    *out = (oci_names) { names.items, names.count };
    return 0;
}

void oci_names_free(oci_names *names)
{
    free_items(names->items, names->count);
    *names = (oci_names) { NULL, 0 };
}
