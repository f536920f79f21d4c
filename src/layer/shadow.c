/* SPDX-License-Identifier: Apache-2.0 */
#include "shadow.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/table.h"
#include "plan.h"
#include "stream/stream.h"

/* By path, the last layer that does something to what is there itself, and the last one that does to all below it. */
struct oci_shadow {
    oci_table last;
    oci_buf path; /* memory that is used again */
};

enum what { ITSELF, BELOW };

static oci_key key_of(const oci_shadow *s, enum what what, const char *path, size_t n)
{
    return oci_table_key(&s->last, what, 0, path, n);
}

static uint32_t last_of(const oci_shadow *s, enum what what, const char *path, size_t n)
{
    return s->last.count > 0 ? oci_table_get(&s->last, key_of(s, what, path, n)) : 0;
}

static int add(oci_shadow *s, enum what what, const char *path, size_t n, uint32_t layer, oci_error *err)
{
    uint32_t *at = oci_table_at(&s->last, key_of(s, what, path, n));

    if (at == NULL)
        return oci_fail_nomem(err);
    if (*at < layer)
        *at = layer;
    return 0;
}

static int add_both(oci_shadow *s, const char *path, size_t n, uint32_t layer, oci_error *err)
{
    int r = add(s, ITSELF, path, n, layer, err);

    return r < 0 ? r : add(s, BELOW, path, n, layer, err);
}

static int add_whiteout(oci_shadow *s, const oci_plan *plan, uint32_t layer, oci_error *err)
{
    int r;

    s->path.len = 0;
    r = oci_buf_append(&s->path, plan->dir.data, plan->dir.len, err);
    if (r == 0 && plan->dir.len > 0)
        r = oci_buf_putc(&s->path, '/', err);
    if (r == 0)
        r = oci_buf_puts(&s->path, plan->base, err);
    return r < 0 ? r : add_both(s, s->path.data, s->path.len, layer, err);
}

static int learn_entry(oci_shadow *s, const oci_tar_entry *e, uint32_t layer, oci_error *err)
{
    oci_plan plan;

    if (oci_plan_entry(e, &plan, NULL) < 0)
        return 0;
    switch (plan.action) {
    case OCI_ACTION_SKIP:
    case OCI_ACTION_ROOT:
        return 0;
    case OCI_ACTION_WHITEOUT:
        return add_whiteout(s, &plan, layer, err);
    case OCI_ACTION_OPAQUE:
        return add(s, BELOW, plan.dir.data, plan.dir.len, layer, err);
    case OCI_ACTION_PUT:
        /* Directories are many, and seldom come in the place of a file. */
        return e->type == OCI_TAR_DIR ? 0 : add_both(s, e->name, e->name_len, layer, err);
    }
    return 0;
}

int oci_shadow_learn(oci_shadow *s, uint32_t layer, oci_span tar, oci_error *err)
{
    OCI_AUTO(oci_reader) bytes = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error why = OCI_ERROR_INIT;
    const oci_tar_entry *e;
    int r = oci_reader_from_memory(tar.data, tar.len, &bytes, err);

    if (r == 0)
        r = oci_tar_reader_new(bytes, NULL, &t, err);
    while (r == 0 && oci_tar_reader_next(t, &e, &why) > 0)
        r = learn_entry(s, e, layer, err);
    return r == 0 && why.code == OCI_E_NOMEM ? oci_fail_nomem(err) : r;
}

uint32_t oci_shadow_of(const oci_shadow *s, const char *path, size_t n)
{
    return last_of(s, ITSELF, path, n);
}

uint32_t oci_shadow_below(const oci_shadow *s, const char *path, size_t n)
{
    uint32_t last = 0;

    /* The directory, those above it, and the root, whose path is empty. */
    for (;;) {
        const uint32_t layer = last_of(s, BELOW, path, n);

        if (last < layer)
            last = layer;
        if (n == 0)
            return last;
        do {
            n--;
        } while (n > 0 && path[n] != '/');
    }
}

int oci_shadow_new(oci_shadow **out, oci_error *err)
{
    oci_shadow *s = oci_calloc(1, sizeof *s);

    if (s == NULL)
        return oci_fail_nomem(err);
    oci_table_init(&s->last);
    *out = s;
    return 0;
}

void oci_shadow_free(oci_shadow *s)
{
    if (s == NULL)
        return;
    oci_table_free(&s->last);
    oci_buf_free(&s->path);
    oci_free(s);
}
