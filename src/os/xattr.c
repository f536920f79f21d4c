/* SPDX-License-Identifier: Apache-2.0 */
/* Reading extended attributes. */
#include "os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/vec.h"
#include "sys.h"

enum { LIST_MAX = 64 * 1024 /* the kernel's XATTR_LIST_MAX */, VALUE_MAX = 64 * 1024 /* XATTR_SIZE_MAX */ };

/* Symbolic links and what only O_PATH can open have no descriptor for flistxattr, but a path that leads to them. */
struct subject {
    int fd;
    bool by_path;
    char path[OCI_PROC_FD_TEXT];
};

static ssize_t list(struct subject *s, char *names, size_t n)
{
    ssize_t r = s->by_path ? -1 : flistxattr(s->fd, names, n);

    if (!s->by_path && r < 0 && errno == EBADF) {
        s->by_path = true;
        oci_proc_fd_path(s->fd, s->path);
    }
    return s->by_path ? listxattr(s->path, names, n) : r;
}

static ssize_t get(const struct subject *s, const char *name, void *value, size_t n)
{
    return s->by_path ? getxattr(s->path, name, value, n) : fgetxattr(s->fd, name, value, n);
}

/* Where an attribute is in the memory, which moves until all are there. */
struct place {
    size_t name, value, len;
};
struct places {
    struct place *items;
    size_t count, cap;
};

static int add(const struct subject *s, const char *name, oci_buf *memory, struct places *places, oci_error *err)
{
    struct place p = { .name = memory->len, .value = memory->len + strlen(name) + 1 };
    ssize_t n;
    int r = oci_buf_append(memory, name, p.value - p.name, err);

    if (r == 0)
        r = oci_buf_reserve(memory, VALUE_MAX, err);
    if (r < 0)
        return r;
    n = get(s, name, memory->data + p.value, VALUE_MAX);
    if (n < 0 && errno != ENODATA)
        return oci_fail_errno(err, "read the extended attribute '%s'", name);
    if (n < 0)
        return 0; /* it has just gone */
    memory->len += (size_t)n;
    p.len = (size_t)n;
    return OCI_VEC_PUSH(places, p) ? 0 : oci_fail_nomem(err);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const oci_xattr *)a)->name, ((const oci_xattr *)b)->name);
}

static int set_items(oci_xattrs *out, const struct places *places, oci_error *err)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct place *p = &places->items[i];
        oci_xattr x = { out->memory.data + p->name, { out->memory.data + p->value, p->len } };

        if (!OCI_VEC_PUSH(out, x))
            return oci_fail_nomem(err);
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare);
    return 0;
}

int oci_fd_xattrs(int fd, oci_xattrs *out, oci_error *err)
{
    struct subject s = { .fd = fd };
    OCI_AUTO_MEM char *names = NULL;
    struct places places = { 0 };
    char none[1];
    ssize_t n = list(&s, none, 0);
    int r = 0;

    out->count = 0;
    out->memory.len = 0;
    if (n == 0 || (n < 0 && (errno == ENOTSUP || errno == ENOSYS)))
        return 0;
    names = oci_alloc(LIST_MAX);
    if (names == NULL)
        return oci_fail_nomem(err);
    n = list(&s, names, LIST_MAX);
    if (n < 0)
        return oci_fail_errno(err, "list the extended attributes");
    for (const char *name = names; r == 0 && name < names + n; name += strlen(name) + 1)
        r = add(&s, name, &out->memory, &places, err);
    if (r == 0)
        r = set_items(out, &places, err);
    oci_free(places.items);
    return r;
}

void oci_xattrs_free(oci_xattrs *x)
{
    oci_free(x->items);
    oci_buf_free(&x->memory);
    *x = (oci_xattrs) { 0 };
}
