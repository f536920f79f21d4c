/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the directory of a layout: names that are none, and blobs that nothing refers to. */
#include "validation.h"

#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/text.h"
#include "store/layout.h"
#include "store/store.h"

struct tree {
    oci_validation *v;
    bool has_blobs;
    oci_tree_type blobs;
    oci_node node;
};

static void tell(struct tree *t, const char *rule, const char *path, const char *text)
{
    t->node.place.file = path;
    oci_tell(&t->node, rule, OCI_TOLD_RULE, NULL, "%s", text);
}

static int see_top(struct tree *t, const char *path, oci_tree_type type)
{
    if (strcmp(path, "blobs") == 0) {
        t->has_blobs = true;
        t->blobs = type;
    } else if (strcmp(path, "oci-layout") != 0 && strcmp(path, "index.json") != 0) {
        tell(t, "layout.unknown-files.no-error", path, "this does not belong to the layout");
    }
    return 0;
}

static bool is_algorithm(struct tree *t, const char *name)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r = oci_buf_printf(&text, NULL, "%s:0", name);

    if (r < 0)
        t->node.failed = r;
    return r == 0 && oci_digest_is_wellformed(text.data, text.len);
}

static int see_algorithm(struct tree *t, const char *path, oci_tree_type type)
{
    const char *name = path + strlen("blobs/");

    if (type != OCI_TREE_DIR && name[0] == '.')
        tell(t, "layout.unknown-files.no-error", path, "this does not belong to the layout");
    else if (type != OCI_TREE_DIR)
        tell(t, "layout.blobs.path-scheme", path, "a blob cannot be found here");
    else if (!is_algorithm(t, name) && name[0] == '.')
        tell(t, "layout.unknown-files.no-error", path, "this does not belong to the layout");
    else if (!is_algorithm(t, name))
        tell(t, "layout.blobs.alg-grammar", path, "the name is no algorithm of digests");
    return 0;
}

/* A blob whose name is a digest that can be computed here. */
static int see_blob(struct tree *t, const char *path, oci_tree_type type, const char *text, const oci_digest *digest,
                    oci_error *err)
{
    oci_content *c = oci_content_of(t->v, digest, text);

    if (c == NULL)
        return oci_fail_nomem(err);
    if (type == OCI_TREE_LINK && oci_store_stat_blob(t->v->store, digest, NULL, NULL) == 0)
        tell(t, "layout.blobs.link", path, "this is a link to another file of the layout");
    if (c->is_told)
        return 0;
    c->is_told = true;
    tell(t, "layout.blobs.unreferenced-allowed", path, "nothing refers to this blob");
    if (oci_store_stat_blob(t->v->store, digest, &c->size, NULL) < 0) {
        tell(t, "layout.blobs.regular-file", path, "this is no file inside the layout");
        return 0;
    }
    c->is_there = true;
    return oci_content_verify(t->v, c) < 0 ? oci_fail_nomem(err) : 0;
}

static int see_encoded(struct tree *t, const char *path, oci_tree_type type, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    const char *slash = strchr(path + strlen("blobs/"), '/');
    const char *algorithm = path + strlen("blobs/");
    oci_digest digest;
    int r = oci_buf_printf(&text, err, "%.*s:%s", (int)(slash - algorithm), algorithm, slash + 1);

    if (r < 0)
        return r;
    r = oci_digest_parse(text.data, text.len, &digest, NULL);
    if (type == OCI_TREE_DIR)
        tell(t, "layout.blobs.path-scheme", path, "a blob cannot be a directory");
    else if (!oci_digest_is_wellformed(text.data, text.len) && oci_starts_with(slash + 1, "."))
        tell(t, "layout.unknown-files.no-error", path, "this does not belong to the layout");
    else if (!oci_digest_is_wellformed(text.data, text.len))
        tell(t, "layout.blobs.encoded-grammar", path, "the name is no digest");
    else if (r == 0)
        return see_blob(t, path, type, text.data, &digest, err);
    else if (oci_starts_with(text.data, "sha256:") || oci_starts_with(text.data, "sha512:"))
        tell(t, "layout.blobs.registered-encoded", path, "the name is no digest of this algorithm");
    return 0;
}

static int see(void *ctx, const char *path, oci_tree_type type, oci_error *err)
{
    struct tree *t = ctx;
    const char *slash = strchr(path, '/');
    int r = 0;

    if (slash == NULL)
        r = see_top(t, path, type);
    else if (strchr(slash + 1, '/') == NULL)
        r = see_algorithm(t, path, type);
    else
        r = see_encoded(t, path, type, err);
    return r < 0 || t->node.failed == 0 ? r : oci_fail_nomem(err);
}

int oci_validate_tree(oci_validation *v, oci_error *err)
{
    struct tree t = { .v = v, .node = { .report = v->report, .place = { .layout = v->name }, .order = ++v->order } };
    int r = oci_layout_each_name(v->layout, see, &t, err);

    if (r < 0)
        return r;
    if (!t.has_blobs)
        tell(&t, "layout.blobs-dir.present", "blobs", "there is no directory blobs");
    else if (t.blobs != OCI_TREE_DIR)
        tell(&t, "layout.blobs-dir.present", "blobs", "blobs is no directory");
    return t.node.failed < 0 ? oci_fail_nomem(err) : 0;
}
