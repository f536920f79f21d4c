/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives that Docker wrote before version 1.10: repositories leads from names to layers, ID/json tells of a layer and
 * which one it stands on, and the topmost one is the image. Of that a configuration is made for each image.
 */
#include <string.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/vec.h"
#include "docker.h"
#include "stream/stream.h"

const char oci_docker_old_file[] = "repositories";

enum { MAX_ID = 255, MAX_CONFIGS = 64 << 20 /* bytes of all of them, which are in memory */ };

/* A layer that was read; each is read once, however many images stand on it. */
struct old_layer {
    const char *parent; /* or NULL */
    char diff_id[OCI_DIGEST_MAX_TEXT];
};

struct old {
    struct oci_docker_making *m;
    oci_map *layers; /* struct old_layer, by their names */
    oci_value *list; /* what manifest.json would be */
    oci_map *images; /* its items, by the names of the layers */
    size_t n_layers, config_bytes;
};

static const char *text_of(const oci_value *object, const char *name)
{
    const oci_value *v = NULL;

    oci_value_get(object, name, &v);
    return oci_value_text(v);
}

/* ---- layers ---- */

static int hash_layer(struct old *o, const char *id, char out[OCI_DIGEST_MAX_TEXT], oci_error *err)
{
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) reader = NULL;
    const oci_member *member = NULL;
    oci_compression kind;
    oci_digest digest;
    int r = oci_buf_printf(&name, err, "%s/layer.tar", id);

    if (r == 0)
        r = oci_docker_find(o->m, name.data, &member, err);
    if (r == 0)
        r = oci_archive_read(o->m->store->archive, member, &reader, err);
    if (r == 0)
        r = oci_reader_sniff(oci_steal(&reader), &kind, &reader, err);
    if (r == 0)
        r = oci_reader_decompress(oci_steal(&reader), kind, o->m->limits->max_ratio, &reader, err);
    if (r == 0)
        r = oci_reader_limit(oci_steal(&reader), o->m->limits->max_size, "the layer", &reader, err);
    if (r == 0)
        r = oci_reader_hash(oci_steal(&reader), OCI_DIGEST_SHA256, &reader, err);
    if (r == 0)
        r = oci_reader_drain(reader, err);
    if (r == 0)
        r = oci_reader_digest(reader, &digest, err);
    if (r == 0)
        oci_digest_format(&digest, out, OCI_DIGEST_MAX_TEXT);
    return oci_wrap(err, r, "%s/layer.tar", id);
}

static int read_json(struct old *o, const char *id, oci_value **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT, text = OCI_BUF_INIT;
    const oci_member *member = NULL;
    int r = oci_buf_printf(&name, err, "%s/json", id);

    if (r == 0)
        r = oci_docker_find(o->m, name.data, &member, err);
    if (r == 0)
        r = oci_archive_read_file(o->m->store->archive, member->name, o->m->limits->max_document, &text, err);
    if (r == 0)
        r = oci_value_parse(text.data != NULL ? text.data : "", text.len, o->m->limits, out, err);
    if (r == 0 && oci_value_type_of(*out) != OCI_VALUE_OBJECT)
        r = oci_fail(err, OCI_E_INVALID, "expected an object");
    return oci_wrap(err, r, "%s/json", id);
}

static int layer_of(struct old *o, const char *id, struct old_layer **out, oci_error *err)
{
    OCI_AUTO(oci_value) json = NULL;
    struct old_layer *l;
    const char *parent;
    void *known;
    int r;

    if (oci_map_get(o->layers, id, strlen(id), &known)) {
        *out = known;
        return 0;
    }
    l = oci_arena_alloc(o->m->arena, sizeof *l);
    if (l == NULL || oci_map_set(o->layers, id, strlen(id), l) < 0)
        return oci_fail_nomem(err);
    r = oci_check_cancelled(o->m->events, err);
    if (r == 0)
        r = read_json(o, id, &json, err);
    if (r == 0)
        r = hash_layer(o, id, l->diff_id, err);
    parent = text_of(json, "parent");
    if (r == 0 && parent != NULL && strlen(parent) > MAX_ID)
        return oci_fail(err, OCI_E_INVALID, "%s/json: /parent is no name of a layer", id);
    if (r == 0 && parent != NULL) {
        l->parent = oci_arena_strndup(o->m->arena, parent, strlen(parent));
        r = l->parent != NULL ? 0 : oci_fail_nomem(err);
    }
    *out = l;
    return r;
}

/* ---- images ---- */

static int copy_member(const oci_value *from, const char *name, oci_value *to, oci_error *err)
{
    const oci_value *v = NULL;

    return oci_value_get(from, name, &v) && v != NULL ? oci_value_set(to, name, oci_value_copy(v), err) : 0;
}

/* The configuration of the image on top of the chain, whose layers are in the order of their application. */
static int make_config(struct old *o, const char *id, oci_value *diff_ids, oci_error *err)
{
    static const char *const kept[] = { "created", "author", "architecture", "variant", "os", "config" };
    OCI_AUTO(oci_value) config = oci_value_new_object();
    OCI_AUTO(oci_value) ids = diff_ids;
    OCI_AUTO(oci_value) top = NULL;
    oci_value *rootfs = oci_value_new_object();
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT, name = OCI_BUF_INIT;
    int r = config != NULL ? oci_value_set(config, "rootfs", rootfs, err) : oci_fail_nomem(err);

    if (config == NULL)
        oci_value_free(rootfs);
    if (r == 0)
        r = oci_value_set(rootfs, "type", oci_value_new_string("layers"), err);
    if (r == 0)
        r = oci_value_set(rootfs, "diff_ids", oci_steal(&ids), err);
    if (r == 0)
        r = read_json(o, id, &top, err);
    for (size_t i = 0; r == 0 && i < sizeof kept / sizeof kept[0]; i++)
        r = copy_member(top, kept[i], config, err);
    /* Docker ran on nothing else then. */
    if (r == 0 && text_of(config, "architecture") == NULL)
        r = oci_value_set(config, "architecture", oci_value_new_string("amd64"), err);
    if (r == 0 && text_of(config, "os") == NULL)
        r = oci_value_set(config, "os", oci_value_new_string("linux"), err);
    if (r == 0)
        r = oci_value_print(config, OCI_PRINT_COMPACT, &text, err);
    o->config_bytes += text.len;
    if (r == 0 && o->config_bytes > MAX_CONFIGS)
        r = oci_fail(err, OCI_E_LIMIT, "the configurations have more than %d bytes together", MAX_CONFIGS);
    if (r == 0)
        r = oci_buf_printf(&name, err, "%s/json", id);
    return r < 0 ? r : oci_docker_put_config(o->m, name.data, &text, err);
}

/* The chain from the top down; a ring ends at the limit. */
static int list_chain(struct old *o, const char *id, oci_value *layers, oci_value *diff_ids, oci_error *err)
{
    struct {
        const char **items;
        size_t count, cap;
    } chain = { 0 };
    int r = 0;

    for (const char *at = id; r == 0 && at != NULL;) {
        struct old_layer *l = NULL;

        if (++o->n_layers > OCI_DOCKER_MAX_LAYERS)
            r = oci_fail(err, OCI_E_LIMIT, "the images have more than %d layers together", OCI_DOCKER_MAX_LAYERS);
        if (r == 0)
            r = layer_of(o, at, &l, err);
        if (r == 0 && !OCI_VEC_PUSH(&chain, at))
            r = oci_fail_nomem(err);
        at = r == 0 ? l->parent : NULL;
    }
    while (r == 0 && chain.count > 0) {
        OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
        const char *at = chain.items[--chain.count];
        struct old_layer *l = NULL;

        r = oci_buf_printf(&name, err, "%s/layer.tar", at);
        if (r == 0)
            r = oci_value_push(layers, oci_value_new_string(name.data), err);
        if (r == 0)
            r = layer_of(o, at, &l, err);
        if (r == 0)
            r = oci_value_push(diff_ids, oci_value_new_string(l->diff_id), err);
    }
    oci_free(chain.items);
    return r;
}

static int add_image(struct old *o, const char *id, oci_value **tags, oci_error *err)
{
    oci_value *image = oci_value_new_object(), *layers = oci_value_new_array(), *list = oci_value_new_array();
    oci_value *diff_ids = oci_value_new_array();
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
    int r = oci_value_push(o->list, image, err);

    if (r == 0)
        r = oci_value_set(image, "Layers", layers, err);
    else
        oci_value_free(layers);
    if (r == 0)
        r = oci_value_set(image, "RepoTags", list, err);
    else
        oci_value_free(list);
    if (r == 0 && diff_ids == NULL)
        r = oci_fail_nomem(err);
    if (r == 0)
        r = list_chain(o, id, layers, diff_ids, err);
    if (r == 0)
        r = make_config(o, id, oci_steal(&diff_ids), err);
    oci_value_free(diff_ids);
    if (r == 0)
        r = oci_buf_printf(&name, err, "%s/json", id);
    if (r == 0)
        r = oci_value_set(image, "Config", oci_value_new_string(name.data), err);
    if (r == 0 && oci_map_set(o->images, id, strlen(id), list) < 0)
        r = oci_fail_nomem(err);
    *tags = list;
    return r;
}

static int add_tag(struct old *o, const char *repository, const char *tag, const char *id, oci_error *err)
{
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
    oci_value *tags = NULL;
    void *known;
    int r = oci_buf_printf(&name, err, "%s:%s", repository, tag);

    if (r == 0 && id == NULL)
        return oci_fail(err, OCI_E_INVALID, "'%s': expected a string", name.data);
    if (r == 0 && oci_map_get(o->images, id, strlen(id), &known))
        tags = known;
    else if (r == 0)
        r = oci_wrap(err, add_image(o, id, &tags, err), "'%s'", name.data);
    return r < 0 ? r : oci_value_push(tags, oci_value_new_string(name.data), err);
}

static int make_list(struct old *o, const oci_value *repositories, oci_error *err)
{
    oci_value_cursor at = { 0 };
    const oci_value *tags, *id;
    const char *repository, *tag;
    int r = 0;

    if (oci_value_type_of(repositories) != OCI_VALUE_OBJECT)
        return oci_fail(err, OCI_E_INVALID, "expected an object, found %s",
                        oci_value_type_name(oci_value_type_of(repositories)));
    while (r == 0 && oci_value_next(repositories, &at, &repository, &tags)) {
        oci_value_cursor inner = { 0 };

        if (oci_value_type_of(tags) != OCI_VALUE_OBJECT)
            return oci_fail(err, OCI_E_INVALID, "'%s': expected an object", repository);
        while (r == 0 && oci_value_next(tags, &inner, &tag, &id))
            r = add_tag(o, repository, tag, oci_value_text(id), err);
    }
    return r;
}

int oci_docker_make_list(struct oci_docker_making *m, oci_value **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    OCI_AUTO(oci_value) repositories = NULL;
    OCI_AUTO(oci_value) list = oci_value_new_array();
    OCI_AUTO(oci_map) images = oci_map_new();
    OCI_AUTO(oci_map) layers = oci_map_new();
    struct old o = { .m = m, .layers = layers, .list = list, .images = images };
    int r = list != NULL && images != NULL && layers != NULL ? 0 : oci_fail_nomem(err);

    if (r == 0)
        r = oci_archive_read_file(m->store->archive, oci_docker_old_file, m->limits->max_document, &text, err);
    if (r == 0)
        r = oci_value_parse(text.data != NULL ? text.data : "", text.len, m->limits, &repositories, err);
    if (r == 0)
        r = make_list(&o, repositories, err);
    if (r == 0)
        *out = oci_steal(&list);
    return r;
}
