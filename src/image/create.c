/* SPDX-License-Identifier: Apache-2.0 */
#include "create.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "image.h"
#include "merge.h"
#include "store/layout.h"
#include "store/store.h"

static int check_options(const oci_create *c, oci_error *err)
{
    if (c->o.clamp_mtime && c->o.epoch == NULL)
        return oci_fail(err, OCI_E_USAGE, "times cannot be clamped without an epoch");
    if (c->o.set_owner && (c->o.uid == UINT32_MAX || c->o.gid == UINT32_MAX))
        return oci_fail(err, OCI_E_USAGE, "nothing can belong to %u:%u", c->o.uid, c->o.gid);
    return 0;
}

int oci_create_new(oci_layout *l, const oci_create_options *o, oci_create **out, oci_error *err)
{
    OCI_AUTO(oci_create) c = oci_calloc(1, sizeof *c);
    int r;

    if (c == NULL)
        return oci_fail_nomem(err);
    c->layout = l;
    c->o = o != NULL ? *o : (oci_create_options)OCI_CREATE_OPTIONS_INIT;
    c->limits = oci_limits_resolve(c->o.limits);
    c->algorithm = c->o.algorithm != OCI_DIGEST_NONE ? c->o.algorithm : OCI_DIGEST_SHA256;
    c->arena = oci_arena_new(0);
    if (c->arena == NULL)
        return oci_fail_nomem(err);
    r = check_options(c, err);
    if (r == 0)
        r = oci_create_choose_config(c, err);
    if (r == 0)
        r = oci_txn_begin(l, &c->txn, err);
    if (r == 0 && c->o.from != NULL)
        r = oci_wrap(err, oci_create_take_base(c, err), "the image to stand on");
    if (r < 0)
        return r;
    *out = oci_steal(&c);
    return 0;
}

void oci_create_free(oci_create *c)
{
    if (c == NULL)
        return;
    oci_txn_abort(c->txn);
    oci_free(c->layers.items);
    oci_free(c->history.items);
    oci_arena_free(c->arena);
    oci_free(c);
}

const char *oci_create_digest_text(oci_create *c, const oci_digest *d)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);

    return oci_arena_strndup(c->arena, text, n);
}

/* An image that joins what a name means. */
struct joining {
    oci_create *create;
    const char *name;
    const oci_descriptor *manifest;
};

/* What the name means beside this image stays. */
static int merge(void *ctx, oci_txn *t, const oci_entries *entries, oci_error *err)
{
    const struct joining *j = ctx;
    OCI_AUTO(oci_merge) m = NULL;
    int r = oci_merge_new(j->create->layout, entries, j->name, &j->create->limits, NULL, &m, err);

    if (r == 0)
        r = oci_merge_add(m, j->manifest, err);
    return r == 0 ? oci_merge_set(m, t, entries, NULL, err) : r;
}

int oci_create_commit(oci_create *c, const char *name, oci_digest *out, oci_error *err)
{
    oci_descriptor manifest;
    struct joining joining = { c, name, &manifest };
    int r;

    if (c->txn == NULL)
        return oci_fail(err, OCI_E_USAGE, "this image was committed already");
    if (c->o.merge && name == NULL)
        return oci_fail(err, OCI_E_USAGE, "what has no name cannot be merged with anything");
    r = oci_create_put_documents(c, &manifest, err);
    if (r < 0)
        return r;
    manifest.platform = &c->platform;
    if (c->o.merge)
        oci_txn_at_commit(c->txn, merge, &joining);
    else
        r = oci_txn_set_ref(c->txn, name, &manifest, err);
    if (r == 0)
        r = oci_txn_commit(oci_steal(&c->txn), err);
    if (r == 0 && out != NULL)
        *out = manifest.digest;
    return r;
}
