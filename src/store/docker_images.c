/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From manifest.json to the images of an archive of Docker's.
 *
 * A layer that is not compressed has the digest that the configuration tells as its diff_id, which is verified when it
 * is read; one that is compressed is hashed once, unless its member is called after its digest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "docker.h"
#include "json/json.h"
#include "spec/spec.h"
#include "stream/stream.h"

static const char manifest_file[] = "manifest.json";

enum { MAX_PLATFORM_TEXT = 100 };

/* An entry of index.json has at least these bytes, and those of its name. */
enum {
    LEAST_ENTRY = sizeof "{\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\",\"digest\":\"sha256:"
                         "0000000000000000000000000000000000000000000000000000000000000000\",\"size\":1}"
};

/* What is known of a layer without its diff_id. */
struct layer {
    oci_compression kind;
    oci_digest digest; /* of one that is compressed */
};

/* ---- JSON ---- */

/* Some programs write the names of the members with a small letter. */
static const oci_value *get(struct oci_docker_making *m, const oci_value *object, const char *name, const char *lower)
{
    const oci_value *v = NULL;

    if (oci_value_get(object, name, &v))
        return v;
    m->store->lower_case = oci_value_get(object, lower, &v) || m->store->lower_case;
    return v;
}

static char *keep(struct oci_docker_making *m, const char *s)
{
    return oci_arena_strndup(m->arena, s, strlen(s));
}

/* The strings of an array (null: none), kept. */
static int read_strings(struct oci_docker_making *m, const oci_value *array, const char *what, const char ***out,
                        size_t *count, oci_error *err)
{
    size_t n = oci_value_type_of(array) == OCI_VALUE_ARRAY ? oci_value_count(array) : 0;
    const char **items = oci_arena_array(m->arena, n, sizeof *items);

    if (oci_value_type_of(array) != OCI_VALUE_ARRAY && oci_value_type_of(array) != OCI_VALUE_NULL)
        return oci_fail(err, OCI_E_INVALID, "%s: expected an array, found %s", what,
                        oci_value_type_name(oci_value_type_of(array)));
    if (items == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *s = oci_value_text(oci_value_item(array, i));

        if (s == NULL)
            return oci_fail(err, OCI_E_INVALID, "%s/%zu: expected a string", what, i);
        items[i] = keep(m, s);
        if (items[i] == NULL)
            return oci_fail_nomem(err);
    }
    *out = items;
    *count = n;
    return 0;
}

/* ---- blobs ---- */

static int describe(struct oci_docker_making *m, const char *type, const oci_digest *digest, uint64_t size,
                    oci_descriptor *out, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];

    oci_digest_format(digest, text, sizeof text);
    *out = (oci_descriptor) { .media_type = type, .digest_text = keep(m, text), .digest = *digest, .size = size };
    return out->digest_text != NULL ? 0 : oci_fail_nomem(err);
}

/* Makes the member the blob of that digest. When others have it too, one is as good as another. */
static int describe_member(struct oci_docker_making *m, const char *type, const oci_digest *digest,
                           const oci_member *member, oci_descriptor *out, oci_error *err)
{
    int r = describe(m, type, digest, member->size, out, err);

    if (r < 0)
        return r;
    return oci_map_set(m->store->members, out->digest_text, strlen(out->digest_text), (void *)(uintptr_t)member) < 0
               ? oci_fail_nomem(err)
               : 0;
}

int oci_docker_find(struct oci_docker_making *m, const char *name, const oci_member **out, oci_error *err)
{
    char *normal = oci_arena_alloc(m->arena, strlen(name) + 1);
    size_t len;
    int r;

    if (normal == NULL)
        return oci_fail_nomem(err);
    r = oci_tar_name_normalise(name, strlen(name), normal, &len, err);
    if (r == 0)
        r = oci_archive_find(m->store->archive, normal, out, err);
    if (r == OCI_E_NOT_FOUND)
        return oci_fail(err, OCI_E_INVALID, "'%s' is not in the archive", name);
    return r;
}

/* ---- configurations ---- */

/* What a configuration says of its platform, if it says enough. What is wrong there is found when it is used. */
static int read_platform(struct oci_docker_making *m, const oci_value *config, oci_platform **out, oci_error *err)
{
    static const char *const names[] = { "architecture", "os", "variant" };
    const char *texts[3] = { NULL, NULL, NULL };
    oci_platform *p = NULL;

    for (size_t i = 0; i < 3; i++) {
        const oci_value *v = NULL;
        const char *s;

        oci_value_get(config, names[i], &v);
        s = oci_value_text(v);
        if (s == NULL || s[0] == '\0' || strlen(s) > MAX_PLATFORM_TEXT)
            continue;
        texts[i] = keep(m, s);
        if (texts[i] == NULL)
            return oci_fail_nomem(err);
    }
    if (texts[0] != NULL && texts[1] != NULL) {
        p = oci_arena_alloc(m->arena, sizeof *p);
        if (p == NULL)
            return oci_fail_nomem(err);
        *p = (oci_platform) { .architecture = texts[0], .os = texts[1], .variant = texts[2] };
    }
    *out = p;
    return 0;
}

static int parse_config(struct oci_docker_making *m, const oci_buf *text, struct oci_docker_config *c, oci_error *err)
{
    const oci_value *rootfs = NULL, *diff_ids = NULL;
    OCI_AUTO(oci_value) value = NULL;
    int r = oci_value_parse(text->data != NULL ? text->data : "", text->len, m->limits, &value, err);

    if (r < 0)
        return r;
    oci_value_get(value, "rootfs", &rootfs);
    oci_value_get(rootfs, "diff_ids", &diff_ids);
    r = read_strings(m, diff_ids, "/rootfs/diff_ids", &c->diff_ids, &c->n_diff_ids, err);
    return r < 0 ? r : read_platform(m, value, &c->platform, err);
}

int oci_docker_put_config(struct oci_docker_making *m, const char *name, const oci_buf *text, oci_error *err)
{
    struct oci_docker_config *c = oci_arena_alloc(m->arena, sizeof *c);
    oci_digest digest;
    int r = c != NULL ? parse_config(m, text, c, err) : oci_fail_nomem(err);

    if (r == 0)
        r = oci_store_put(m->store->documents, OCI_DIGEST_SHA256, text->data, text->len, &digest, err);
    if (r == 0)
        r = describe(m, OCI_MEDIA_TYPE_CONFIG, &digest, text->len, &c->descriptor, err);
    if (r < 0)
        return r;
    return oci_map_set(m->configs, name, strlen(name), c) < 0 ? oci_fail_nomem(err) : 0;
}

static int read_config(struct oci_docker_making *m, const oci_member *member, struct oci_docker_config *c,
                       oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_digest digest;
    int r = oci_archive_read_file(m->store->archive, member->name, m->limits->max_document, &text, err);

    if (r == 0)
        r = oci_wrap(err, parse_config(m, &text, c, err), "%s", member->name);
    if (r == 0)
        r = oci_digest_of(OCI_DIGEST_SHA256, text.data, text.len, &digest, err);
    return r < 0 ? r : describe_member(m, OCI_MEDIA_TYPE_CONFIG, &digest, member, &c->descriptor, err);
}

/* The configuration called name; each member is read once, however many names lead to it. */
static int config_of(struct oci_docker_making *m, const char *name, struct oci_docker_config **out, oci_error *err)
{
    const oci_member *member = NULL;
    struct oci_docker_config *c;
    void *known;
    int r = oci_docker_find(m, name, &member, err);

    if (r < 0)
        return r;
    if (oci_map_get(m->configs, member->name, strlen(member->name), &known)) {
        *out = known;
        return 0;
    }
    c = oci_arena_alloc(m->arena, sizeof *c);
    if (c == NULL)
        return oci_fail_nomem(err);
    r = read_config(m, member, c, err);
    if (r < 0)
        return r;
    *out = c;
    return oci_map_set(m->configs, member->name, strlen(member->name), c) < 0 ? oci_fail_nomem(err) : 0;
}

/* ---- layers ---- */

/* "blobs/sha256/..." is what newer programs call a member after its digest. */
static bool digest_of_name(const char *name, oci_digest *out)
{
    static const char prefix[] = "blobs/sha256/";
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n;

    if (!oci_starts_with(name, prefix))
        return false;
    n = (size_t)snprintf(text, sizeof text, "sha256:%s", name + strlen(prefix));
    return n < sizeof text && oci_digest_parse(text, n, out, NULL) == 0;
}

static int hash_member(struct oci_docker_making *m, const oci_member *member, oci_digest *out, oci_error *err)
{
    OCI_AUTO(oci_reader) reader = NULL;
    int r = oci_archive_read(m->store->archive, member, &reader, err);

    if (r == 0)
        r = oci_reader_hash(oci_steal(&reader), OCI_DIGEST_SHA256, &reader, err);
    if (r == 0)
        r = oci_reader_drain(reader, err);
    return r < 0 ? r : oci_reader_digest(reader, out, err);
}

static int read_layer(struct oci_docker_making *m, const oci_member *member, struct layer *l, oci_error *err)
{
    OCI_AUTO(oci_reader) reader = NULL;
    int r = oci_archive_read(m->store->archive, member, &reader, err);

    if (r == 0)
        r = oci_reader_sniff(oci_steal(&reader), &l->kind, &reader, err);
    if (r < 0 || l->kind == OCI_COMPRESSION_NONE || digest_of_name(member->name, &l->digest))
        return r;
    return hash_member(m, member, &l->digest, err);
}

/* The same, once for each member: links make one layer of many names. */
static int look_at_layer(struct oci_docker_making *m, const oci_member *member, struct layer **out, oci_error *err)
{
    struct layer *l;
    void *known;
    int r;

    if (oci_map_get(m->layers, member->name, strlen(member->name), &known)) {
        *out = known;
        return 0;
    }
    l = oci_arena_alloc(m->arena, sizeof *l);
    if (l == NULL)
        return oci_fail_nomem(err);
    r = read_layer(m, member, l, err);
    if (r < 0)
        return r;
    *out = l;
    return oci_map_set(m->layers, member->name, strlen(member->name), l) < 0 ? oci_fail_nomem(err) : 0;
}

static int describe_layer(struct oci_docker_making *m, const char *name, const char *diff_id,
                          const oci_descriptor **out, oci_error *err)
{
    oci_descriptor *d = oci_arena_alloc(m->arena, sizeof *d);
    const oci_member *member = NULL;
    struct layer *l = NULL;
    oci_digest digest;
    int r = d != NULL ? oci_docker_find(m, name, &member, err) : oci_fail_nomem(err);

    if (r == 0 && ++m->n_layers > OCI_DOCKER_MAX_LAYERS)
        return oci_fail(err, OCI_E_LIMIT, "the images have more than %d layers together", OCI_DOCKER_MAX_LAYERS);
    if (r == 0)
        r = look_at_layer(m, member, &l, err);
    if (r < 0)
        return r;
    digest = l->digest;
    if (l->kind == OCI_COMPRESSION_NONE)
        r = oci_wrap(err, oci_digest_parse(diff_id, strlen(diff_id), &digest, err), "'%s': its diff_id", name);
    *out = d;
    return r < 0 ? r : describe_member(m, oci_media_type_of_layer(l->kind), &digest, member, d, err);
}

/* ---- images ---- */

static int add_entry(struct oci_docker_making *m, const oci_descriptor *manifest, const char *name, oci_error *err)
{
    oci_descriptor *d = oci_arena_alloc(m->arena, sizeof *d);
    oci_annotations *annotations = oci_arena_alloc(m->arena, sizeof *annotations);
    oci_pair *pair = oci_arena_alloc(m->arena, sizeof *pair);

    /* A name has few bytes where it comes from: what they would become is not made to be refused. */
    m->index_size += LEAST_ENTRY + (name != NULL ? strlen(name) : 0);
    if (m->index_size > m->limits->max_document)
        return oci_fail(err, OCI_E_LIMIT,
                        "the images have so many names that index.json would have more than the %" PRIu64
                        " bytes that are allowed",
                        m->limits->max_document);
    if (d == NULL || annotations == NULL || pair == NULL)
        return oci_fail_nomem(err);
    *d = *manifest;
    if (name != NULL) {
        *pair = (oci_pair) { OCI_ANNOTATION_REF_NAME, name, strlen(OCI_ANNOTATION_REF_NAME), strlen(name) };
        *annotations = (oci_annotations) { pair, 1 };
        d->annotations = annotations;
    }
    return OCI_VEC_PUSH(&m->entries, d) ? 0 : oci_fail_nomem(err);
}

/* Makes the manifest, and an entry of index.json for each name. */
static int add_manifest(struct oci_docker_making *m, const struct oci_docker_config *c,
                        const oci_descriptor *const *layers, const oci_value *tags, oci_error *err)
{
    oci_manifest manifest = {
        .media_type = OCI_MEDIA_TYPE_MANIFEST, .config = &c->descriptor, .layers = layers, .n_layers = c->n_diff_ids
    };
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_descriptor d = { 0 };
    oci_digest digest;
    const char **names;
    size_t n_names;
    int r = oci_manifest_print(&manifest, &text, err);

    if (r == 0)
        r = oci_store_put(m->store->documents, OCI_DIGEST_SHA256, text.data, text.len, &digest, err);
    if (r == 0)
        r = describe(m, OCI_MEDIA_TYPE_MANIFEST, &digest, text.len, &d, err);
    if (r == 0)
        r = read_strings(m, tags, "RepoTags", &names, &n_names, err);
    if (r < 0)
        return r;
    d.platform = c->platform;
    for (size_t i = 0; r == 0 && i < n_names; i++)
        r = add_entry(m, &d, names[i], err);
    return r == 0 && n_names == 0 ? add_entry(m, &d, NULL, err) : r;
}

static int make_image(struct oci_docker_making *m, const oci_value *image, oci_error *err)
{
    const char *name = oci_value_text(get(m, image, "Config", "config"));
    const oci_descriptor **layers;
    struct oci_docker_config *c = NULL;
    const char **members;
    size_t count;
    int r;

    if (name == NULL)
        return oci_fail(err, OCI_E_INVALID, "Config: expected a string");
    r = read_strings(m, get(m, image, "Layers", "layers"), "Layers", &members, &count, err);
    if (r == 0)
        r = config_of(m, name, &c, err);
    if (r < 0)
        return r;
    if (count != c->n_diff_ids)
        return oci_fail(err, OCI_E_INVALID, "there are %zu layers, but %s has %zu diff_ids", count, name,
                        c->n_diff_ids);
    layers = oci_arena_array(m->arena, count, sizeof *layers);
    if (layers == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = oci_wrap(err, describe_layer(m, members[i], c->diff_ids[i], &layers[i], err), "layer %zu", i + 1);
    return r < 0 ? r : add_manifest(m, c, layers, get(m, image, "RepoTags", "repoTags"), err);
}

static int read_list(struct oci_docker_making *m, oci_value **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r;

    if (oci_archive_get(m->store->archive, manifest_file) == NULL)
        return oci_docker_make_list(m, out, err);
    r = oci_archive_read_file(m->store->archive, manifest_file, m->limits->max_document, &text, err);
    return r < 0 ? r : oci_value_parse(text.data != NULL ? text.data : "", text.len, m->limits, out, err);
}

static int make_images(struct oci_docker_making *m, oci_error *err)
{
    OCI_AUTO(oci_value) list = NULL;
    oci_index index = { .media_type = OCI_MEDIA_TYPE_INDEX };
    const char *file = oci_archive_get(m->store->archive, manifest_file) != NULL ? manifest_file : oci_docker_old_file;
    int r = oci_wrap(err, read_list(m, &list, err), "%s", file);

    if (r < 0)
        return r;
    if (oci_value_type_of(list) != OCI_VALUE_ARRAY)
        return oci_fail(err, OCI_E_INVALID, "%s: expected an array, found %s", file,
                        oci_value_type_name(oci_value_type_of(list)));
    for (size_t i = 0; r == 0 && i < oci_value_count(list); i++) {
        r = oci_check_cancelled(m->events, err);
        if (r == 0)
            r = oci_wrap(err, make_image(m, oci_value_item(list, i), err), "%s: image %zu", file, i + 1);
    }
    index.manifests = m->entries.items;
    index.n_manifests = m->entries.count;
    return r < 0 ? r : oci_index_print(&index, &m->store->index, err);
}

int oci_docker_make_images(oci_docker_store *s, const oci_limits *limits, const oci_events *events, oci_error *err)
{
    oci_arena *arena = oci_arena_new(0);
    OCI_AUTO(oci_map) configs = oci_map_new();
    OCI_AUTO(oci_map) layers = oci_map_new();
    struct oci_docker_making m = {
        .store = s, .limits = limits, .events = events, .arena = arena, .configs = configs, .layers = layers
    };
    int r = arena != NULL && configs != NULL && layers != NULL ? make_images(&m, err) : oci_fail_nomem(err);

    oci_free(m.entries.items);
    oci_arena_free(arena);
    return r;
}
