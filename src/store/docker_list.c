/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json, by which "docker load" and "podman load" find what is in an archive:
 *
 *     [{"Config": PATH, "RepoTags": [REFERENCE...], "Layers": [PATH...]}]
 */
#include <string.h>

#include "archive_writer.h"
#include "base/arena.h"
#include "base/fail.h"
#include "base/map.h"
#include "spec/spec.h"
#include "store.h"

int oci_docker_list_begin(oci_docker_list *l, oci_error *err)
{
    *l = (oci_docker_list) { oci_value_new_array(), oci_map_new(), oci_map_new() };
    return l->images != NULL && l->by_config != NULL && l->tags != NULL ? 0 : oci_fail_nomem(err);
}

void oci_docker_list_end(oci_docker_list *l)
{
    if (l->images != NULL)
        oci_value_free(l->images);
    oci_map_free(l->by_config);
    oci_map_free(l->tags);
    *l = (oci_docker_list) { 0 };
}

static int new_image(oci_docker_list *l, const char *config, const char *const *layers, size_t n, oci_value **out,
                     oci_error *err)
{
    oci_value *image = oci_value_new_object(), *list = oci_value_new_array();
    int r = oci_value_push(l->images, image, err);

    if (r < 0) {
        if (list != NULL)
            oci_value_free(list);
        return r;
    }
    r = oci_value_set(image, "Config", oci_value_new_string(config), err);
    if (r == 0)
        r = oci_value_set(image, "RepoTags", oci_value_new_array(), err);
    if (r < 0) {
        if (list != NULL)
            oci_value_free(list);
        return r;
    }
    r = oci_value_set(image, "Layers", list, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = oci_value_push(list, oci_value_new_string(layers[i]), err);
    if (r == 0 && oci_map_set(l->by_config, config, strlen(config), image) < 0)
        r = oci_fail_nomem(err);
    *out = image;
    return r;
}

int oci_docker_list_add(oci_docker_list *l, const char *config, const char *const *layers, size_t n, const char *name,
                        oci_error *err)
{
    OCI_AUTO_BUF oci_buf tag = OCI_BUF_INIT;
    void *found = NULL;
    oci_value *image;
    int r = name != NULL ? oci_docker_reference(name, &tag, err) : 0;

    if (r < 0)
        return r;
    oci_map_get(l->by_config, config, strlen(config), &found);
    image = found;
    if (image == NULL)
        r = new_image(l, config, layers, n, &image, err);
    if (r < 0 || name == NULL)
        return r;
    r = oci_map_set(l->tags, tag.data, tag.len, NULL);
    if (r < 0)
        return oci_fail_nomem(err);
    return r == 0 ? 0 : oci_value_push(oci_value_get_rw(image, "RepoTags"), oci_value_new_string(tag.data), err);
}

int oci_docker_list_write(const oci_docker_list *l, oci_tar_writer *tar, int64_t mtime, oci_error *err)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r = oci_value_print(l->images, OCI_PRINT_COMPACT, &json, err);

    return r < 0 ? r : oci_export_file(tar, "manifest.json", json.data, json.len, mtime, err);
}

/* ---- what an archive is found to hold while it is written ---- */

/* Far more than the names of all blobs of any archive. */
enum { NOTES_MAX = 64 << 20 };

struct note {
    const char *config; /* its path; NULL for an index */
    const char **items; /* paths of layers; digests of manifests */
    size_t count;
    size_t preferred; /* of an index: the manifest to take */
};

struct oci_docker_notes {
    oci_limits limits;
    oci_arena *arena;
    oci_map *by_digest; /* to struct note */
};

int oci_docker_notes_new(const oci_limits *limits, oci_docker_notes **out, oci_error *err)
{
    OCI_AUTO(oci_docker_notes) n = oci_calloc(1, sizeof *n);

    if (n == NULL)
        return oci_fail_nomem(err);
    n->limits = oci_limits_resolve(limits);
    n->arena = oci_arena_new(NOTES_MAX);
    n->by_digest = oci_map_new();
    if (n->arena == NULL || n->by_digest == NULL)
        return oci_fail_nomem(err);
    *out = oci_steal(&n);
    return 0;
}

void oci_docker_notes_free(oci_docker_notes *n)
{
    if (n == NULL)
        return;
    oci_arena_free(n->arena);
    oci_map_free(n->by_digest);
    oci_free(n);
}

/* The path of a blob, in the arena; NULL when there is no memory. */
static const char *path_of(oci_docker_notes *n, const oci_descriptor *d)
{
    char path[OCI_BLOB_PATH_MAX];

    oci_blob_path(&d->digest, path);
    return oci_arena_strndup(n->arena, path, strlen(path));
}

/* Only what can be run: images, with layers of types that are known. */
static bool is_image(const oci_manifest *m)
{
    bool ok =
        oci_media_type_info(m->config->media_type).kind == OCI_MEDIA_CONFIG && m->config->digest.alg != OCI_DIGEST_NONE;

    for (size_t i = 0; i < m->n_layers; i++)
        ok = ok && oci_media_type_info(m->layers[i]->media_type).kind == OCI_MEDIA_LAYER &&
             m->layers[i]->digest.alg != OCI_DIGEST_NONE;
    return ok;
}

static struct note *note_manifest(oci_docker_notes *n, const oci_manifest *m)
{
    struct note *note = oci_arena_alloc(n->arena, sizeof *note);

    if (note == NULL)
        return NULL;
    note->count = m->n_layers;
    note->config = path_of(n, m->config);
    note->items = oci_arena_array(n->arena, m->n_layers + 1, sizeof *note->items);
    if (note->config == NULL || note->items == NULL)
        return NULL;
    for (size_t i = 0; i < m->n_layers; i++)
        if ((note->items[i] = path_of(n, m->layers[i])) == NULL)
            return NULL;
    return note;
}

static struct note *note_index(oci_docker_notes *n, const oci_index *index)
{
    struct note *note = oci_arena_alloc(n->arena, sizeof *note);
    bool found = false;

    if (note == NULL)
        return NULL;
    note->items = oci_arena_array(n->arena, index->n_manifests + 1, sizeof *note->items);
    if (note->items == NULL)
        return NULL;
    note->count = index->n_manifests;
    for (size_t i = 0; i < index->n_manifests; i++) {
        const oci_descriptor *d = index->manifests[i];

        note->items[i] = oci_arena_strndup(n->arena, d->digest_text, strlen(d->digest_text));
        if (note->items[i] == NULL)
            return NULL;
        if (!found && oci_platform_matches(d->platform, oci_platform_host())) {
            found = true;
            note->preferred = i;
        }
    }
    return note;
}

int oci_docker_notes_take(oci_docker_notes *n, const oci_descriptor *d, const oci_buf *bytes, oci_error *err)
{
    OCI_AUTO(oci_manifest) manifest = NULL;
    OCI_AUTO(oci_index) index = NULL;
    struct note *note;
    int r = oci_media_type_info(d->media_type).kind == OCI_MEDIA_INDEX
                ? oci_index_parse(bytes->data, bytes->len, &n->limits, &index, err)
                : oci_manifest_parse(bytes->data, bytes->len, &n->limits, &manifest, err);

    if (r < 0 || (manifest != NULL && !is_image(manifest)))
        return r;
    note = manifest != NULL ? note_manifest(n, manifest) : note_index(n, index);
    if (note == NULL || oci_map_set(n->by_digest, d->digest_text, strlen(d->digest_text), note) < 0)
        return oci_fail_nomem(err);
    return 0;
}

static const struct note *find_note(const oci_docker_notes *n, const char *digest)
{
    void *found = NULL;

    return oci_map_get(n->by_digest, digest, strlen(digest), &found) ? found : NULL;
}

/* The image of a manifest, or of the manifest of an index that is preferred, or the first that there is. NULL for none:
 * an artifact, or nested indexes, which Docker does not have. */
static const struct note *choose_image(const oci_docker_notes *n, const char *digest)
{
    const struct note *note = find_note(n, digest), *child;

    if (note == NULL || note->config != NULL)
        return note;
    child = note->count > 0 ? find_note(n, note->items[note->preferred]) : NULL;
    for (size_t i = 0; i < note->count && (child == NULL || child->config == NULL); i++)
        child = find_note(n, note->items[i]);
    return child != NULL && child->config != NULL ? child : NULL;
}

static int list_entry(const oci_docker_notes *n, const oci_descriptor *d, oci_docker_list *out, oci_error *err)
{
    const struct note *image = choose_image(n, d->digest_text);
    const char *name = oci_annotations_get(d->annotations, OCI_ANNOTATION_CONTAINERD_NAME);

    if (name == NULL)
        name = oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME);
    return image != NULL ? oci_docker_list_add(out, image->config, image->items, image->count, name, err) : 0;
}

int oci_docker_notes_list(const oci_docker_notes *n, const oci_index *index, oci_docker_list *out, oci_error *err)
{
    int r = 0;

    /* Of several entries of one name, that for this machine comes first and has it. */
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++) {
        const oci_descriptor *d = index->manifests[i];

        if (d->platform != NULL && oci_platform_matches(d->platform, oci_platform_host()))
            r = list_entry(n, d, out, err);
    }
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++)
        r = list_entry(n, index->manifests[i], out, err);
    return r;
}

static const oci_descriptor *with_full_name(oci_docker_notes *n, const oci_descriptor *d, const char *name)
{
    const oci_annotations *old = d->annotations;
    oci_descriptor *named = oci_arena_alloc(n->arena, sizeof *named);
    oci_annotations *annotations = oci_arena_alloc(n->arena, sizeof *annotations);
    oci_pair *items = oci_arena_array(n->arena, old->count + 1, sizeof *items);
    const char *value = oci_arena_strndup(n->arena, name, strlen(name));

    if (named == NULL || annotations == NULL || items == NULL || value == NULL)
        return NULL;
    memcpy(items, old->items, old->count * sizeof *items);
    items[old->count] = (oci_pair) { .key = OCI_ANNOTATION_CONTAINERD_NAME,
                                     .key_len = strlen(OCI_ANNOTATION_CONTAINERD_NAME),
                                     .value = value,
                                     .value_len = strlen(value) };
    *annotations = (oci_annotations) { items, old->count + 1 };
    *named = *d;
    named->annotations = annotations;
    return named;
}

int oci_docker_notes_name(oci_docker_notes *n, const oci_index *index, oci_index *out, oci_error *err)
{
    const oci_descriptor **list = oci_arena_array(n->arena, index->n_manifests + 1, sizeof *list);

    if (list == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < index->n_manifests; i++) {
        const oci_descriptor *d = index->manifests[i];
        const char *name = oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME);
        OCI_AUTO_BUF oci_buf full = OCI_BUF_INIT;
        int r;

        list[i] = d;
        if (name == NULL || oci_annotations_get(d->annotations, OCI_ANNOTATION_CONTAINERD_NAME) != NULL)
            continue;
        r = oci_docker_reference(name, &full, err);
        if (r < 0)
            return r;
        list[i] = with_full_name(n, d, full.data);
        if (list[i] == NULL)
            return oci_fail_nomem(err);
    }
    *out = *index;
    out->manifests = list;
    return 0;
}
