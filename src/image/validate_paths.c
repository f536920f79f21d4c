/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for a path in layers that lie on each other, without unpacking them. */
#include "validation.h"

#include <string.h>

#include "base/buf.h"

enum { MAX_LINKS = 40 /* as the kernel has it */ };

/* Whether the layer hides what lower layers have under the name: by a whiteout of it or of a directory above, by an
 * opaque one above, or by something above that is no directory. */
static int hides(const oci_layer_facts *layer, const char *name, size_t n, bool *out)
{
    OCI_AUTO_BUF oci_buf marker = OCI_BUF_INIT;
    int r = 0;

    *out = false;
    for (size_t end = n; r == 0 && !*out; end--) {
        size_t begin = end;
        void *value;

        while (begin > 0 && name[begin - 1] != '/')
            begin--;
        /* name[begin..end) is one component. */
        marker.len = 0;
        r = oci_buf_printf(&marker, NULL, "%.*s.wh.%.*s", (int)begin, name, (int)(end - begin), name + begin);
        *out = r == 0 && oci_map_get(layer->names, marker.data, marker.len, NULL);
        marker.len = 0;
        r = r < 0 ? r : oci_buf_printf(&marker, NULL, "%.*s.wh..wh..opq", (int)begin, name);
        *out = *out || (r == 0 && oci_map_get(layer->names, marker.data, marker.len, NULL));
        if (begin == 0)
            break;
        end = begin;
        *out = *out || (oci_map_get(layer->names, name, begin - 1, &value) &&
                        ((const oci_layer_entry *)value)->type != OCI_TAR_DIR);
    }
    return r;
}

/* The topmost entry of that name, or NULL. */
static int find(const oci_layer_facts *const *layers, size_t count, const char *name, size_t n,
                const oci_layer_entry **out)
{
    *out = NULL;
    for (size_t i = count; i > 0; i--) {
        bool hidden;
        void *value;
        int r;

        if (oci_map_get(layers[i - 1]->names, name, n, &value)) {
            *out = value;
            return 0;
        }
        r = hides(layers[i - 1], name, n, &hidden);
        if (r < 0 || hidden)
            return r;
    }
    return 0;
}

/* Takes away the last component of what was walked. */
static void go_up(oci_buf *done)
{
    while (done->len > 0 && done->data[done->len - 1] != '/')
        done->len--;
    if (done->len > 0)
        done->len--;
}

/* Puts what a link says before what is left of the path. */
static int follow_link(oci_buf *done, oci_buf *rest, const char *target)
{
    OCI_AUTO_BUF oci_buf all = OCI_BUF_INIT;
    int r = oci_buf_printf(&all, NULL, "%s/%s", target, rest->data);

    if (r < 0)
        return r;
    if (target[0] == '/')
        done->len = 0;
    else
        go_up(done);
    rest->len = 0;
    return oci_buf_append(rest, all.data, all.len, NULL);
}

int oci_layers_have(const oci_layer_facts *const *layers, size_t n, const char *path, bool *out)
{
    OCI_AUTO_BUF oci_buf done = OCI_BUF_INIT, rest = OCI_BUF_INIT;
    unsigned links = 0;
    int r = oci_buf_puts(&rest, path, NULL);

    if (r == 0)
        r = oci_buf_puts(&done, "", NULL);
    *out = false;
    while (r == 0) {
        const char *s = rest.data + strspn(rest.data, "/");
        size_t len = strcspn(s, "/"), left;
        const oci_layer_entry *e;

        if (len == 0) {
            *out = true;
            return 0;
        }
        if (len == 2 && memcmp(s, "..", 2) == 0)
            go_up(&done);
        else if (len != 1 || s[0] != '.')
            r = oci_buf_printf(&done, NULL, "%s%.*s", done.len > 0 ? "/" : "", (int)len, s);
        left = strlen(s + len);
        memmove(rest.data, s + len, left + 1);
        rest.len = left;
        if (r < 0 || done.len == 0 || (len == 1 && s[0] == '.'))
            continue;
        r = find(layers, n, done.data, done.len, &e);
        if (r < 0 || e == NULL)
            return r;
        if (e->type == OCI_TAR_SYMLINK && strspn(rest.data, "/") < rest.len) {
            if (++links > MAX_LINKS)
                return 0;
            r = follow_link(&done, &rest, e->link);
        }
    }
    return r;
}
