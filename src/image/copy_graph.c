/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents are copied after what they refer to, as their bytes are. One that has to say something else than before, of
 * its own type or of what is below it, is printed anew with all its members.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/vec.h"
#include "copy.h"
#include "image.h"
#include "spec/spec.h"
#include "store/store.h"

static int copy_node(oci_copier *c, const oci_descriptor *d, size_t depth, oci_copied *out, oci_error *err);

oci_descriptor oci_copied_descriptor(const oci_descriptor *d, const oci_copied *now)
{
    oci_descriptor entry = *d;

    entry.media_type = now->media_type;
    if (strcmp(d->digest_text, now->digest_text) == 0)
        return entry;
    entry.digest_text = now->digest_text;
    entry.digest = now->digest;
    entry.size = now->size;
    entry.has_data = false;
    entry.data = (oci_span) { 0 };
    return entry;
}

static bool is_changed(const oci_descriptor *d, const oci_copied *now)
{
    return strcmp(d->digest_text, now->digest_text) != 0 || strcmp(d->media_type, now->media_type) != 0;
}

static oci_copied as_it_was(const oci_descriptor *d)
{
    return (oci_copied) { d->media_type, d->digest_text, d->digest, d->size };
}

/* ---- what was copied already ---- */

bool oci_copier_find(const oci_copier *c, const char *key, oci_copied *out)
{
    void *known = NULL;

    if (!oci_map_get(c->copied, key, strlen(key), &known))
        return false;
    *out = *(oci_copied *)known;
    return true;
}

int oci_copier_remember(oci_copier *c, const char *key, oci_copied *what, oci_error *err)
{
    oci_copied *copy = oci_arena_alloc(c->arena, sizeof *copy);

    if (copy == NULL)
        return oci_fail_nomem(err);
    *copy = *what;
    copy->media_type = oci_arena_strndup(c->arena, what->media_type, strlen(what->media_type));
    copy->digest_text = oci_arena_strndup(c->arena, what->digest_text, strlen(what->digest_text));
    if (copy->media_type == NULL || copy->digest_text == NULL || oci_map_set(c->copied, key, strlen(key), copy) < 0)
        return oci_fail_nomem(err);
    *what = *copy;
    return 0;
}

int oci_copier_remember_document(oci_copier *c, const char *digest, oci_copied *what, oci_error *err)
{
    int r = oci_copier_remember(c, digest, what, err);

    if (r == 0 && c->o.referrers && !OCI_VEC_PUSH(&c->fresh, what->digest_text))
        return oci_fail_nomem(err);
    return r;
}

/* Parts may be left out of a layout on purpose. */
int oci_copier_tolerate(oci_copier *c, int r, const oci_descriptor *d, oci_error *err)
{
    if (r != OCI_E_NOT_FOUND)
        return r;
    if (oci_media_type_info(d->media_type).nondistributable && d->urls.count > 0)
        return 0; /* where others get it is in the manifest */
    if (c->o.allow_missing) {
        oci_warn(c->o.events, "%s (%s) is not there, the copy lacks it too", d->digest_text, d->media_type);
        return 0;
    }
    c->missing = true;
    return oci_fail(err, OCI_E_INVALID, "%s (%s) is not there", d->digest_text, d->media_type);
}

int oci_copy_leaf(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf key = OCI_BUF_INIT;
    int r = oci_buf_printf(&key, err, "blob %s", d->digest_text);

    if (r == 0 && !oci_copier_find(c, key.data, out)) {
        r = oci_copy_blob(c->from, oci_layout_store(c->to), d, !c->o.no_sharing, c->o.events, err);
        r = oci_copier_tolerate(c, r, d, err);
        *out = as_it_was(d);
        if (r == 0)
            r = oci_copier_remember(c, key.data, out, err);
    }
    if (r == 0)
        *out = as_it_was(d);
    return r;
}

/* ---- documents ---- */

/* Stores a document that became another one. */
static int put_document(oci_copier *c, const oci_descriptor *old, const char *type, const oci_buf *json,
                        oci_copied *out, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    const oci_descriptor d = { .media_type = type, .digest_text = text, .size = json->len };
    oci_copied now = as_it_was(&d);
    int r = oci_put_document(oci_layout_store(c->to), old->digest.alg, type, json, &now.digest, err);

    if (r < 0)
        return r;
    oci_digest_format(&now.digest, text, sizeof text);
    r = oci_copier_remember_document(c, old->digest_text, &now, err);
    if (r == 0)
        *out = now;
    return r;
}

/* Copies the bytes of a document that did not change. */
static int keep_document(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err)
{
    int r = oci_copy_blob(c->from, oci_layout_store(c->to), d, !c->o.no_sharing, c->o.events, err);

    if (r < 0)
        return r;
    *out = as_it_was(d);
    return oci_copier_remember_document(c, d->digest_text, out, err);
}

/* A document that is not there: its children are not either, as far as we know. */
static int miss_document(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err)
{
    int r = oci_copier_tolerate(c, OCI_E_NOT_FOUND, d, err);

    *out = as_it_was(d);
    return r;
}

static bool becomes_docker(const oci_copier *c, const oci_media_info *info)
{
    return c->o.format == OCI_FORMAT_KEEP ? info->docker : c->o.format == OCI_FORMAT_DOCKER;
}

/* The media type of what was called old and shall be like that. */
static int choose_type(const char *old, const oci_media_info *info, const char **out, oci_error *err)
{
    const oci_media_info was = oci_media_type_info(old);
    const char *name = oci_media_type_of(info);

    if (was.kind == info->kind && was.compression == info->compression && was.docker == info->docker)
        name = old;
    if (name == NULL && info->docker && info->compression == OCI_COMPRESSION_ZSTD)
        return oci_fail(err, OCI_E_UNSUPPORTED,
                        "images in Docker's format have no layers in zstd, only in gzip or none");
    if (name == NULL)
        return oci_fail(err, OCI_E_UNSUPPORTED, "there is no '%s' in Docker's format", old);
    *out = name;
    return 0;
}

/* Docker's documents have neither: what is left out is told. */
static void forget_annotations(const oci_copier *c, const oci_annotations **annotations, const char *digest)
{
    if (*annotations != NULL && (*annotations)->count > 0)
        oci_warn(c->o.events, "the annotations of %s are left out: there are none in Docker's format", digest);
    *annotations = NULL;
}

/* ---- manifests ---- */

/* A manifest on its way. */
struct sheet {
    const oci_descriptor *descriptor;
    const oci_manifest *manifest;
    const oci_config *config; /* of an image whose layers may change, or NULL */
    bool docker;              /* what it becomes */
    oci_descriptor *parts;    /* configuration and layers as they become */
    bool changed;
};

/* Whether part i, the configuration (0) or a layer, becomes another blob. */
static bool is_recompressed(const oci_copier *c, const struct sheet *s, size_t i, const oci_media_info *was)
{
    const bool level = c->o.compress != NULL && c->o.compress->level != 0;

    if (i == 0 || s->config == NULL || was->kind != OCI_MEDIA_LAYER || was->nondistributable)
        return false;
    return was->compression != c->o.compression || (level && was->compression != OCI_COMPRESSION_NONE);
}

static int copy_part(oci_copier *c, struct sheet *s, size_t i, oci_error *err)
{
    const oci_descriptor *d = i == 0 ? s->manifest->config : s->manifest->layers[i - 1];
    const oci_media_info was = oci_media_type_info(d->media_type);
    const bool recompress = is_recompressed(c, s, i, &was);
    oci_media_info info = was;
    const char *type = NULL;
    oci_copied now;
    int r;

    if (recompress)
        info.compression = c->o.compression;
    if (recompress || c->o.format != OCI_FORMAT_KEEP)
        info.docker = s->docker;
    r = choose_type(d->media_type, &info, &type, err);
    if (r == 0)
        r = recompress ? oci_copy_layer(c, d, &s->config->diff_ids[i - 1], type, &now, err)
                       : oci_copy_leaf(c, d, &now, err);
    if (r < 0)
        return r;
    if (!recompress)
        now.media_type = type;
    s->changed = s->changed || is_changed(d, &now);
    s->parts[i] = oci_copied_descriptor(d, &now);
    if (c->o.format == OCI_FORMAT_DOCKER)
        s->parts[i].annotations = NULL;
    return 0;
}

static int copy_parts(oci_copier *c, struct sheet *s, oci_error *err)
{
    const oci_manifest *m = s->manifest;

    for (size_t i = 1; i <= m->n_layers; i++) {
        int r = copy_part(c, s, i, err);

        if (r < 0)
            return oci_wrap(err, r, "layer %zu", i);
    }
    return oci_wrap(err, copy_part(c, s, 0, err), "its configuration");
}

static int print_manifest(oci_copier *c, const struct sheet *s, const char *type, oci_copied *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    OCI_AUTO_MEM const oci_descriptor **layers = oci_calloc(s->manifest->n_layers + 1, sizeof *layers);
    oci_manifest m = *s->manifest;
    int r;

    if (layers == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < m.n_layers; i++)
        layers[i] = &s->parts[i + 1];
    m.media_type = type;
    m.config = &s->parts[0];
    m.layers = layers;
    if (c->o.format == OCI_FORMAT_DOCKER) {
        if (m.subject != NULL || m.artifact_type != NULL)
            return oci_fail(err, OCI_E_UNSUPPORTED, "in Docker's format there is neither subject nor artifactType");
        forget_annotations(c, &m.annotations, s->descriptor->digest_text);
    }
    r = oci_manifest_print(&m, &json, err);
    return r < 0 ? r : put_document(c, s->descriptor, type, &json, out, err);
}

/* Of an image whose layers may change: what they hold has to be known. */
static int read_diff_ids(oci_copier *c, const oci_manifest *m, oci_config **out, oci_error *err)
{
    int r;

    if (!c->o.recompress || oci_media_type_info(m->config->media_type).kind != OCI_MEDIA_CONFIG)
        return 0;
    r = oci_read_config(c->from, m->config, &c->limits, NULL, out, err);
    /* Without it no layer can be changed. */
    if (r == OCI_E_NOT_FOUND)
        return oci_fail(err, OCI_E_INVALID, "the configuration %s is not there", m->config->digest_text);
    if (r == 0 && (*out)->n_diff_ids != m->n_layers)
        return oci_fail(err, OCI_E_INVALID, "the manifest has %zu layers, its configuration %zu diff_ids", m->n_layers,
                        (*out)->n_diff_ids);
    return r;
}

static int copy_manifest(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err)
{
    oci_media_info info = oci_media_type_info(d->media_type);
    OCI_AUTO(oci_manifest) manifest = NULL;
    OCI_AUTO(oci_config) config = NULL;
    OCI_AUTO_MEM oci_descriptor *parts = NULL;
    struct sheet s = { .descriptor = d, .docker = becomes_docker(c, &info) };
    const char *type = NULL;
    int r = oci_read_manifest(c->from, d, &c->limits, NULL, &manifest, err);

    if (r < 0)
        return r == OCI_E_NOT_FOUND ? miss_document(c, d, out, err) : r;
    info.docker = s.docker;
    s.manifest = manifest;
    s.parts = parts = oci_calloc(manifest->n_layers + 1, sizeof *parts);
    r = parts != NULL ? choose_type(d->media_type, &info, &type, err) : oci_fail_nomem(err);
    if (r == 0)
        r = read_diff_ids(c, manifest, &config, err);
    s.config = config;
    if (r == 0)
        r = copy_parts(c, &s, err);
    if (r == 0 && (s.changed || type != d->media_type))
        r = print_manifest(c, &s, type, out, err);
    else if (r == 0)
        r = keep_document(c, d, out, err);
    return oci_wrap(err, r, "manifest %s", d->digest_text);
}

/* ---- indexes ---- */

/* An index on its way. */
struct family {
    const oci_index *index;
    oci_descriptor *children; /* those that stay, as they become */
    const oci_descriptor **list;
    size_t count;
    bool changed;
};

static int copy_children(oci_copier *c, struct family *f, size_t depth, oci_error *err)
{
    for (size_t i = 0; i < f->index->n_manifests; i++) {
        const oci_descriptor *d = f->index->manifests[i];
        oci_descriptor *child = &f->children[f->count];
        oci_copied now;
        int r;

        if (c->o.format == OCI_FORMAT_DOCKER && oci_is_attestation(d)) {
            oci_warn(c->o.events, "attestation %s is left out: there are none in Docker's format", d->digest_text);
            f->changed = true;
            continue;
        }
        r = copy_node(c, d, depth + 1, &now, err);
        if (r < 0)
            return r;
        f->changed = f->changed || is_changed(d, &now);
        *child = oci_copied_descriptor(d, &now);
        if (c->o.format == OCI_FORMAT_DOCKER) {
            child->annotations = NULL;
            child->artifact_type = NULL;
        }
        f->list[f->count++] = child;
    }
    return 0;
}

/* What an attestation is about has another digest now. */
static int point_attestations(oci_copier *c, struct family *f, oci_error *err)
{
    for (size_t i = 0; i < f->count; i++) {
        const oci_annotations *old = f->children[i].annotations;
        const char *about = oci_annotations_get(old, OCI_ANNOTATION_ATTESTED);
        oci_annotations *changed;
        oci_pair *items;
        oci_copied now;

        if (about == NULL || !oci_copier_find(c, about, &now) || strcmp(about, now.digest_text) == 0)
            continue;
        changed = oci_arena_alloc(c->arena, sizeof *changed);
        items = oci_arena_array(c->arena, old->count, sizeof *items);
        if (changed == NULL || items == NULL)
            return oci_fail_nomem(err);
        memcpy(items, old->items, old->count * sizeof *items);
        for (size_t k = 0; k < old->count; k++) {
            if (strcmp(items[k].key, OCI_ANNOTATION_ATTESTED) != 0)
                continue;
            items[k].value = now.digest_text;
            items[k].value_len = strlen(now.digest_text);
        }
        *changed = (oci_annotations) { items, old->count };
        f->children[i].annotations = changed;
    }
    return 0;
}

static int print_index(oci_copier *c, const oci_descriptor *d, struct family *f, const char *type, oci_copied *out,
                       oci_error *err)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    oci_index index = *f->index;
    int r = point_attestations(c, f, err);

    if (r < 0)
        return r;
    index.media_type = type;
    index.manifests = f->list;
    index.n_manifests = f->count;
    if (c->o.format == OCI_FORMAT_DOCKER) {
        if (index.subject != NULL || index.artifact_type != NULL)
            return oci_fail(err, OCI_E_UNSUPPORTED, "in Docker's format there is neither subject nor artifactType");
        forget_annotations(c, &index.annotations, d->digest_text);
    }
    r = oci_index_print(&index, &json, err);
    return r < 0 ? r : put_document(c, d, type, &json, out, err);
}

static int copy_index(oci_copier *c, const oci_descriptor *d, size_t depth, oci_copied *out, oci_error *err)
{
    oci_media_info info = oci_media_type_info(d->media_type);
    OCI_AUTO(oci_index) index = NULL;
    OCI_AUTO_MEM oci_descriptor *children = NULL;
    OCI_AUTO_MEM const oci_descriptor **list = NULL;
    struct family f = { 0 };
    const char *type = NULL;
    int r;

    if (depth == OCI_MAX_NESTING)
        return oci_fail(err, OCI_E_LIMIT, "index %s: indexes are nested more than %d deep", d->digest_text,
                        OCI_MAX_NESTING);
    r = oci_read_index(c->from, d, &c->limits, &index, err);
    if (r < 0)
        return r == OCI_E_NOT_FOUND ? miss_document(c, d, out, err) : r;
    info.docker = becomes_docker(c, &info);
    f.index = index;
    f.children = children = oci_calloc(index->n_manifests + 1, sizeof *children);
    f.list = list = oci_calloc(index->n_manifests + 1, sizeof *list);
    r = f.children != NULL && f.list != NULL ? choose_type(d->media_type, &info, &type, err) : oci_fail_nomem(err);
    if (r == 0)
        r = copy_children(c, &f, depth, err);
    if (r == 0 && (f.changed || type != d->media_type))
        r = print_index(c, d, &f, type, out, err);
    else if (r == 0)
        r = keep_document(c, d, out, err);
    return oci_wrap(err, r, "index %s", d->digest_text);
}

/* A document that was copied. Where it did not change it stays what it is called here, which may be another type. */
static bool find_document(const oci_copier *c, const oci_descriptor *d, oci_copied *out)
{
    if (!oci_copier_find(c, d->digest_text, out))
        return false;
    if (c->o.format == OCI_FORMAT_KEEP && strcmp(d->digest_text, out->digest_text) == 0)
        out->media_type = d->media_type;
    return true;
}

static int copy_node(oci_copier *c, const oci_descriptor *d, size_t depth, oci_copied *out, oci_error *err)
{
    switch (oci_media_type_info(d->media_type).kind) {
    case OCI_MEDIA_INDEX:
        return find_document(c, d, out) ? 0 : copy_index(c, d, depth, out, err);
    case OCI_MEDIA_MANIFEST:
        return find_document(c, d, out) ? 0 : copy_manifest(c, d, out, err);
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_CONFIG:
    case OCI_MEDIA_EMPTY:
    case OCI_MEDIA_LAYER:
        break;
    }
    return oci_copy_leaf(c, d, out, err);
}

int oci_copy_graph(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err)
{
    return copy_node(c, d, 0, out, err);
}
