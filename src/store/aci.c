/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ACI as an image layout. The layer that its rootfs becomes is written twice and kept nowhere: once to know its
 * digest, and again for who reads it.
 */
#include "aci.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "spec/spec.h"
#include "stream/stream.h"

const char oci_aci_rootfs[] = "rootfs", oci_aci_manifest[] = "manifest";

struct aci_store {
    oci_store base;
    oci_archive *archive;
    oci_store *documents; /* configuration and manifest */
    oci_buf index;        /* index.json */
    oci_aci_layer layer;
    oci_digest digest; /* of the layer */
    uint64_t size;
};

bool oci_aci_is_one(const oci_archive *a)
{
    size_t i = oci_archive_below(a, oci_aci_rootfs);

    return oci_archive_get(a, oci_aci_manifest) != NULL ||
           (i < oci_archive_count(a) && oci_archive_member(a, i)->facts != NULL);
}

/* ---- the store ---- */

static bool is_layer(const struct aci_store *s, const oci_digest *d)
{
    return oci_digest_equal(&s->digest, d);
}

static int aci_open(oci_store *base, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err)
{
    struct aci_store *s = (struct aci_store *)base;

    if (!is_layer(s, d))
        return s->documents->ops->open(s->documents, d, out, size, err);
    *size = s->size;
    return oci_aci_layer_read(&s->layer, out, err);
}

static int aci_stat(oci_store *base, const oci_digest *d, uint64_t *size, oci_error *err)
{
    struct aci_store *s = (struct aci_store *)base;

    if (!is_layer(s, d))
        return s->documents->ops->stat(s->documents, d, size, err);
    *size = s->size;
    return 0;
}

static int aci_each(oci_store *base, oci_each_blob *each, void *ctx, oci_error *err)
{
    struct aci_store *s = (struct aci_store *)base;
    oci_blob_list list = { 0 };
    int r = oci_store_each(s->documents, oci_blob_list_add, &list, err);

    if (r == 0)
        r = oci_blob_list_add(&list, &s->digest, s->size, err);
    return r == 0 ? oci_blob_list_each(&list, each, ctx, err) : (oci_free(list.items), r);
}

static int aci_read_file(oci_store *base, const char *name, uint64_t limit, oci_buf *out, oci_error *err)
{
    /* It is small, or as large as the manifest that it was made of, which the limit was for. */
    (void)limit;
    return oci_made_read_file(&((struct aci_store *)base)->index, name, out, err);
}

static const char *aci_place(oci_store *base, const oci_digest *d)
{
    return is_layer((struct aci_store *)base, d) ? oci_aci_rootfs : oci_aci_manifest;
}

static void aci_free(oci_store *base)
{
    struct aci_store *s = (struct aci_store *)base;

    oci_aci_layer_free(&s->layer);
    oci_archive_free(s->archive);
    oci_store_free(s->documents);
    oci_buf_free(&s->index);
}

/* ---- its documents ---- */

static int hash_layer(struct aci_store *s, uint64_t max_size, oci_error *err)
{
    OCI_AUTO(oci_reader) reader = NULL;
    int r = oci_aci_layer_read(&s->layer, &reader, err);

    if (r == 0)
        r = oci_reader_limit(oci_steal(&reader), max_size, "the layer of the rootfs", &reader, err);
    if (r == 0)
        r = oci_reader_hash(oci_steal(&reader), OCI_DIGEST_SHA256, &reader, err);
    if (r == 0)
        r = oci_reader_drain(reader, err);
    if (r < 0)
        return r;
    s->size = oci_reader_count(reader);
    return oci_reader_digest(reader, &s->digest, err);
}

/* Puts the document and describes it; space holds the text of its digest. */
static int put_document(struct aci_store *s, const char *type, const oci_buf *text, char space[OCI_DIGEST_MAX_TEXT],
                        oci_descriptor *out, oci_error *err)
{
    oci_digest digest;
    int r = oci_store_put(s->documents, OCI_DIGEST_SHA256, text->data, text->len, &digest, err);

    if (r < 0)
        return r;
    oci_digest_format(&digest, space, OCI_DIGEST_MAX_TEXT);
    *out = (oci_descriptor) { .media_type = type, .digest_text = space, .digest = digest, .size = text->len };
    return 0;
}

/* What was made is read again as any other configuration would be: the manifest may hold what none may. */
static int put_config(struct aci_store *s, const oci_aci_image *image, const oci_limits *limits, const char *diff_id,
                      char space[OCI_DIGEST_MAX_TEXT], oci_descriptor *out, oci_error *err)
{
    oci_value *rootfs = oci_value_new_object(), *ids = oci_value_new_array();
    OCI_AUTO(oci_config) config = NULL;
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r = oci_value_set(image->config, "rootfs", rootfs, err);

    if (r < 0)
        return oci_value_free(ids), r;
    r = oci_value_set(rootfs, "type", oci_value_new_string("layers"), err);
    if (r < 0)
        return oci_value_free(ids), r;
    r = oci_value_set(rootfs, "diff_ids", ids, err);
    if (r == 0)
        r = oci_value_push(ids, oci_value_new_string(diff_id), err);
    if (r == 0)
        r = oci_value_print(image->config, OCI_PRINT_COMPACT, &text, err);
    if (r == 0)
        r = oci_wrap(err, oci_config_parse(text.data, text.len, limits, &config, err),
                     "the configuration that it would become");
    return r < 0 ? r : put_document(s, OCI_MEDIA_TYPE_CONFIG, &text, space, out, err);
}

/* The annotations as oci_manifest has them; *items is freed by the caller. */
static int list_pairs(const oci_value *object, oci_pair **items, oci_annotations *out, oci_error *err)
{
    oci_value_cursor at = { 0 };
    const oci_value *value;
    const char *key;
    size_t n = 0;

    *items = oci_calloc(oci_value_count(object) + 1, sizeof **items);
    if (*items == NULL)
        return oci_fail_nomem(err);
    while (oci_value_next(object, &at, &key, &value)) {
        size_t len = 0;
        const char *text = oci_value_string(value, &len);

        (*items)[n++] = (oci_pair) { key, text, strlen(key), len };
    }
    *out = (oci_annotations) { *items, n };
    return 0;
}

static int put_manifest(struct aci_store *s, const oci_aci_image *image, const oci_descriptor *config,
                        const oci_descriptor *layer, char space[OCI_DIGEST_MAX_TEXT], oci_descriptor *out,
                        oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_annotations annotations = { 0 };
    oci_pair *pairs = NULL;
    int r = list_pairs(image->annotations, &pairs, &annotations, err);
    const oci_manifest manifest = { .media_type = OCI_MEDIA_TYPE_MANIFEST,
                                    .config = config,
                                    .layers = &layer,
                                    .n_layers = 1,
                                    .annotations = annotations.count > 0 ? &annotations : NULL };

    if (r == 0)
        r = oci_manifest_print(&manifest, &text, err);
    if (r == 0)
        r = put_document(s, OCI_MEDIA_TYPE_MANIFEST, &text, space, out, err);
    oci_free(pairs);
    return r;
}

static const char *member_text(const oci_value *object, const char *name)
{
    const oci_value *v = NULL;

    oci_value_get(object, name, &v);
    return oci_value_text(v);
}

static int print_index(struct aci_store *s, const oci_aci_image *image, oci_descriptor *manifest, oci_error *err)
{
    const oci_platform platform = { .architecture = member_text(image->config, "architecture"),
                                    .os = member_text(image->config, "os"),
                                    .variant = member_text(image->config, "variant") };
    const oci_pair name = { OCI_ANNOTATION_REF_NAME, image->name.data, strlen(OCI_ANNOTATION_REF_NAME),
                            image->name.len };
    const oci_annotations annotations = { &name, 1 };
    const oci_descriptor *entry = manifest;
    const oci_index index = { .media_type = OCI_MEDIA_TYPE_INDEX, .manifests = &entry, .n_manifests = 1 };

    manifest->platform = image->has_platform ? &platform : NULL;
    manifest->annotations = image->name.len > 0 ? &annotations : NULL;
    return oci_index_print(&index, &s->index, err);
}

static int put_documents(struct aci_store *s, const oci_aci_image *image, const oci_limits *limits, oci_error *err)
{
    char layer_id[OCI_DIGEST_MAX_TEXT], config_id[OCI_DIGEST_MAX_TEXT], manifest_id[OCI_DIGEST_MAX_TEXT];
    const oci_descriptor layer = {
        .media_type = OCI_MEDIA_TYPE_LAYER, .digest_text = layer_id, .digest = s->digest, .size = s->size
    };
    oci_descriptor config = { 0 }, manifest = { 0 };
    int r;

    oci_digest_format(&s->digest, layer_id, sizeof layer_id);
    r = put_config(s, image, limits, layer_id, config_id, &config, err);
    if (r == 0)
        r = put_manifest(s, image, &config, &layer, manifest_id, &manifest, err);
    return r < 0 ? r : print_index(s, image, &manifest, err);
}

static int read_manifest(struct aci_store *s, const oci_limits *limits, oci_value **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r = oci_archive_read_file(s->archive, oci_aci_manifest, limits->max_document, &text, err);

    if (r == OCI_E_NOT_FOUND)
        return oci_fail(err, OCI_E_INVALID, "it has rootfs and no manifest, so it is no ACI, nor another image");
    return r < 0 ? r : oci_value_parse(text.data != NULL ? text.data : "", text.len, limits, out, err);
}

static int make_image(struct aci_store *s, const oci_limits *limits, const oci_events *events, oci_error *err)
{
    OCI_AUTO(oci_value) manifest = NULL;
    const oci_value *paths = NULL;
    oci_aci_image image = { 0 };
    int r = read_manifest(s, limits, &manifest, err);

    if (r == 0)
        r = oci_aci_check(manifest, err);
    if (r == 0)
        r = oci_aci_convert(manifest, s->archive, events, &image, err);
    oci_value_get(manifest, "pathWhitelist", &paths);
    r = oci_wrap(err, r, "%s", oci_aci_manifest);
    if (r == 0)
        r = oci_aci_layer_choose(&s->layer, paths, err);
    if (r == 0)
        r = hash_layer(s, limits->max_size, err);
    if (r == 0)
        r = put_documents(s, &image, limits, err);
    oci_aci_image_free(&image);
    return r;
}

int oci_store_new_aci(oci_archive *taken, const oci_limits *limits, const oci_events *events, oci_store **out,
                      oci_error *err)
{
    static const oci_store_ops ops = { .open = aci_open,
                                       .stat = aci_stat,
                                       .each = aci_each,
                                       .read_file = aci_read_file,
                                       .each_name = oci_made_each_name,
                                       .place = aci_place,
                                       .free = aci_free };
    OCI_AUTO(oci_archive) archive = taken;
    OCI_AUTO(oci_store) guard = NULL;
    struct aci_store *s = oci_calloc(1, sizeof *s);
    int r;

    if (s == NULL)
        return oci_fail_nomem(err);
    s->base.ops = &ops;
    guard = &s->base;
    s->archive = oci_steal(&archive);
    s->layer = (oci_aci_layer) { .archive = s->archive, .events = events };
    r = oci_store_new_memory(&s->documents, err);
    if (r == 0)
        r = make_image(s, limits, events, err);
    if (r == 0)
        *out = oci_steal(&guard);
    return r;
}
