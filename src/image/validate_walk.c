/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of validation from index.json down. Each document is read once, however often it is referred to, and
 * what its descriptors and the documents say of each other is compared each time.
 */
#include "validation.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/text.h"
#include "base/vec.h"
#include "image.h"
#include "store/layout.h"
#include "store/store.h"
#include "stream/stream.h"

/* A descriptor in a document. */
struct link {
    oci_node *from; /* NULL: nothing can be told of it any more */
    const oci_descriptor *d;
    const char *pointer;
    bool is_weak; /* a subject, which need not be there */
};

static int visit(oci_validation *v, const struct link *l, oci_error *err);

/* ---- content ---- */

static const char *keep(oci_validation *v, const char *s)
{
    return s != NULL ? oci_arena_strndup(v->arena, s, strlen(s)) : NULL;
}

/* Whether the descriptor is at or below what was asked for, or everything was. */
static bool is_wanted(const oci_validation *v, const oci_descriptor *d)
{
    return v->wanted_digest == NULL || v->within > 0 || strcmp(v->wanted_digest, d->digest_text) == 0;
}

oci_content *oci_content_of(oci_validation *v, const oci_digest *digest, const char *digest_text)
{
    char space[OCI_BLOB_PATH_MAX];
    oci_content *c;
    void *known;

    if (oci_map_get(v->contents, digest_text, strlen(digest_text), &known))
        return known;
    c = oci_arena_alloc(v->arena, sizeof *c);
    if (c == NULL)
        return NULL;
    c->digest = *digest;
    c->digest_text = keep(v, digest_text);
    c->file = keep(v, oci_store_place(v->store, digest, space));
    c->path = v->path.len > 0 ? keep(v, v->path.data) : NULL;
    c->order = ++v->order;
    if (c->digest_text == NULL || c->file == NULL || (v->path.len > 0 && c->path == NULL) ||
        oci_map_set(v->contents, digest_text, strlen(digest_text), c) < 0)
        return NULL;
    return c;
}

int oci_content_verify(oci_validation *v, oci_content *c)
{
    if (c->is_verified || !c->is_there)
        return 0;
    c->is_verified = true;
    return OCI_VEC_PUSH(&v->jobs, c) ? 0 : OCI_E_NOMEM;
}

oci_node oci_node_of(const oci_validation *v, const oci_content *c, const oci_buf *text)
{
    return (oci_node) {
        .report = v->report,
        .place = { .layout = v->name, .file = c->file, .digest = c->digest_text, .path = c->path },
        .order = c->order,
        .first = oci_report_count(v->report),
        .text = text->data,
        .len = text->len,
    };
}

static void tell_link(const struct link *l, const char *member, const char *rule, oci_told told, const char *text)
{
    oci_pointer at = { .len = 0 };

    if (l->from == NULL)
        return;
    oci_pointer_add(&at, l->pointer + 1, OCI_NO_INDEX);
    if (member != NULL)
        oci_pointer_add(&at, member, OCI_NO_INDEX);
    oci_tell(l->from, rule, told, at.text, "%s", text);
}

static int use_embedded(oci_validation *v, const oci_descriptor *d, oci_content *c)
{
    c->embedded.len = c->size = d->data.len;
    c->embedded.data = oci_arena_strndup(v->arena, d->data.data, d->data.len);
    c->is_there = c->embedded.data != NULL;
    return c->is_there ? 0 : OCI_E_NOMEM;
}

/* Looks for the blob of a descriptor, once, and tells once when it is not there. */
static int find_blob(oci_validation *v, const struct link *l, oci_content *c, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    int r = oci_store_stat_blob(v->store, &c->digest, &c->size, &why);

    c->is_there = r == 0;
    switch (r) {
    case 0:
        break;
    case OCI_E_NOT_FOUND:
        if (l->d->has_data)
            return use_embedded(v, l->d, c) < 0 ? oci_fail_nomem(err) : 0;
        if (!l->is_weak)
            tell_link(l, NULL, "layout.blobs.missing", v->o->allow_missing ? OCI_TOLD_INFO : OCI_TOLD_RULE, why.msg);
        break;
    case OCI_E_INVALID:
    case OCI_E_UNSAFE:
        tell_link(l, NULL, "layout.blobs.regular-file", OCI_TOLD_RULE, why.msg);
        break;
    default:
        return oci_fail_as(err, &why);
    }
    c->is_told = c->is_there || !l->is_weak;
    return 0;
}

/* Reads a document; c->is_damaged when it is none to be believed. */
static int read_document(oci_validation *v, oci_content *c, const struct link *l, oci_buf *out, oci_error *err)
{
    const oci_descriptor plain = oci_content_descriptor(c);
    oci_error why = OCI_ERROR_INIT;
    int r = oci_store_read_blob(v->store, &plain, v->limits.max_document, out, &why);

    c->is_verified = true;
    if (r == 0)
        return 0;
    c->is_damaged = true;
    if (r == OCI_E_LIMIT) {
        tell_link(l, "size", "limits.document", OCI_TOLD_RULE, why.msg);
    } else if (r == OCI_E_DIGEST || r == OCI_E_SIZE) {
        oci_node n = oci_node_of(v, c, out);

        oci_tell(&n, "layout.blobs.content-matches-digest", OCI_TOLD_RULE, NULL, "%s", why.msg);
        return n.failed;
    } else {
        return oci_fail_as(err, &why);
    }
    return 0;
}

static int finish_node(oci_node *n, int r, oci_error *err)
{
    int finished = oci_node_finish(n);

    return r == 0 && finished < 0 ? oci_fail_nomem(err) : r;
}

/* ---- steps of the path ---- */

static size_t step_down(oci_validation *v, const char *step, size_t index, oci_error *err, int *r)
{
    size_t before = v->path.len;

    *r = oci_buf_printf(&v->path, err, index != OCI_NO_INDEX ? "%s%s[%zu]" : "%s%s", before > 0 ? " > " : "", step,
                        index);
    return before;
}

static void step_up(oci_validation *v, size_t before)
{
    v->path.len = before;
    if (v->path.data != NULL)
        v->path.data[before] = '\0';
}

int oci_follow(oci_validation *v, oci_node *from, const char *member, size_t index, const oci_descriptor *d,
               bool is_weak, oci_error *err)
{
    oci_pointer at = { .len = 0 };
    struct link l = { .from = from, .d = d, .pointer = at.text, .is_weak = is_weak };
    size_t before;
    int r = oci_check_cancelled(v->o->events, err);

    if (r < 0)
        return r;
    oci_pointer_add(&at, member, index);
    before = step_down(v, member, index, err, &r);
    if (r == 0)
        r = visit(v, &l, err);
    step_up(v, before);
    return r;
}

/* ---- documents ---- */

static int keep_platform(oci_validation *v, const oci_config *c, oci_platform *out)
{
    *out = (oci_platform) { .architecture = keep(v, c->architecture),
                            .os = keep(v, c->os),
                            .variant = keep(v, c->variant) };
    return out->architecture != NULL && out->os != NULL && (c->variant == NULL || out->variant != NULL) ? 0
                                                                                                        : OCI_E_NOMEM;
}

/* "KEY" or "KEY=VALUE". */
static bool has_label(const oci_annotations *labels, const char *wanted)
{
    const size_t n = strcspn(wanted, "=");
    const oci_pair *p = oci_annotations_find(labels, wanted, n);

    return p != NULL && (wanted[n] == '\0' || (p->value_len == strlen(wanted + n + 1) &&
                                               memcmp(p->value, wanted + n + 1, p->value_len) == 0));
}

static int keep_config(oci_validation *v, const oci_config *config, const oci_config_facts **out)
{
    const oci_strings *wanted = &v->o->require_labels;
    oci_config_facts *f = oci_arena_alloc(v->arena, sizeof *f);
    oci_digest *diff_ids = oci_arena_array(v->arena, config->n_diff_ids, sizeof *diff_ids);
    bool *labels = oci_arena_array(v->arena, wanted->count, sizeof *labels);

    if (f == NULL || diff_ids == NULL || labels == NULL || keep_platform(v, config, &f->platform) < 0)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < config->n_diff_ids; i++)
        diff_ids[i] = config->diff_ids[i].digest;
    for (size_t i = 0; i < wanted->count; i++)
        labels[i] = has_label(config->labels, wanted->items[i]);
    f->diff_ids = diff_ids;
    f->n_diff_ids = config->n_diff_ids;
    f->has_label = labels;
    *out = f;
    return 0;
}

static int visit_config(oci_validation *v, const struct link *l, oci_content *c, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_node n;
    void *config;
    int r = read_document(v, c, l, &text, err);

    if (r < 0 || c->is_damaged)
        return r;
    n = oci_node_of(v, c, &text);
    n.is_attestation = l->from != NULL && l->from->is_attestation;
    r = oci_node_decode(&n, OCI_DOCUMENT_CONFIG, &v->limits, &config);
    if (r == 0 && config != NULL) {
        oci_check_config_rules(&n, config);
        r = keep_config(v, config, &c->config);
    }
    oci_decoded_free(config);
    return finish_node(&n, r < 0 ? oci_fail_nomem(err) : 0, err);
}

/* One layer with one diff_id in many images tells nothing new. */
static int use_as_layer(oci_validation *v, oci_content *c, oci_compression compression, size_t number,
                        const oci_digest *diff_id)
{
    char key[sizeof c + OCI_DIGEST_MAX_TEXT + 1] = { 0 };
    oci_layer_use *use;
    void *known;

    memcpy(key, &c, sizeof c);
    key[sizeof c] = (char)compression;
    oci_digest_format(diff_id, key + sizeof c + 1, OCI_DIGEST_MAX_TEXT);
    if (oci_map_get(v->uses, key, sizeof key, &known)) {
        use = known;
        use->is_base = use->is_base || number == 1;
        return 0;
    }
    use = oci_arena_alloc(v->arena, sizeof *use);
    if (use == NULL)
        return OCI_E_NOMEM;
    *use = (oci_layer_use) {
        .path = keep(v, v->path.data), .number = number, .is_base = number == 1, .diff_id = *diff_id
    };
    if (use->path == NULL || oci_map_set(v->uses, key, sizeof key, use) < 0)
        return OCI_E_NOMEM;
    /* The first one stays in front: that is where findings of the layer are told to be. */
    if (c->uses[compression] == NULL) {
        c->uses[compression] = use;
    } else {
        use->next = c->uses[compression]->next;
        c->uses[compression]->next = use;
    }
    return oci_content_verify(v, c);
}

/* Follows a layer of an image and remembers how it is used. */
static int follow_layer(oci_validation *v, oci_node *n, const oci_manifest *m, size_t i, const oci_digest *diff_id,
                        const oci_content **out, oci_error *err)
{
    const oci_descriptor *d = m->layers[i];
    oci_media_info info = oci_media_type_info(d->media_type);
    oci_content *c;
    size_t before;
    int r = oci_follow(v, n, "layers", i, d, false, err);

    if (r < 0 || d->digest.alg == OCI_DIGEST_NONE || info.kind != OCI_MEDIA_LAYER)
        return r;
    c = oci_content_of(v, &d->digest, d->digest_text);
    if (c == NULL)
        return oci_fail_nomem(err);
    if (!c->is_there)
        return 0;
    *out = c;
    before = step_down(v, "layers", i, err, &r);
    if (r == 0 && use_as_layer(v, c, info.compression, i + 1, diff_id) < 0)
        r = oci_fail_nomem(err);
    step_up(v, before);
    return r;
}

static int follow_layers(oci_validation *v, oci_node *n, const oci_content *c, const oci_manifest *m,
                         const oci_config_facts *config, oci_error *err)
{
    static const oci_digest unknown = { .alg = OCI_DIGEST_NONE };
    bool fits = config != NULL && config->n_diff_ids == m->n_layers;
    const oci_content **layers = oci_arena_array(v->arena, m->n_layers, sizeof *layers);
    oci_checked_image image = { .manifest = c, .config = config, .layers = layers, .n_layers = m->n_layers };
    int r = 0;

    if (layers == NULL)
        return oci_fail_nomem(err);
    if (config != NULL && !fits)
        oci_tell(n, "config.rootfs.diff-ids.count", OCI_TOLD_REFUSED, "/layers",
                 "the manifest has %zu layers, its configuration %zu diff_ids", m->n_layers, config->n_diff_ids);
    for (size_t i = 0; r == 0 && i < m->n_layers; i++)
        r = follow_layer(v, n, m, i, fits ? &config->diff_ids[i] : &unknown, &layers[i], err);
    if (r == 0 && !n->is_attestation && !OCI_VEC_PUSH(&v->images, image))
        return oci_fail_nomem(err);
    return r;
}

static bool is_for_other_platform(const oci_validation *v, const oci_platform *p)
{
    return v->o->platform != NULL && p != NULL && !oci_platform_matches(p, v->o->platform);
}

static int follow_manifest(oci_validation *v, oci_node *n, oci_content *c, const oci_manifest *m, oci_error *err)
{
    bool is_image = oci_media_type_info(m->config->media_type).kind == OCI_MEDIA_CONFIG;
    const oci_config_facts *config = NULL;
    void *known;
    int r = oci_follow(v, n, "config", OCI_NO_INDEX, m->config, false, err);

    c->summary.own_type = keep(v, m->media_type);
    c->summary.artifact_type = keep(v, m->artifact_type != NULL ? m->artifact_type : m->config->media_type);
    if (c->summary.artifact_type == NULL || (m->media_type != NULL && c->summary.own_type == NULL))
        n->failed = OCI_E_NOMEM;
    if (r == 0 && is_image && oci_map_get(v->contents, m->config->digest_text, strlen(m->config->digest_text), &known))
        config = ((oci_content *)known)->config;
    if (config != NULL)
        c->summary.platform = &config->platform;
    if (r == 0 && is_image && is_for_other_platform(v, c->summary.platform))
        return 0;
    if (r == 0 && is_image)
        r = follow_layers(v, n, c, m, config, err);
    for (size_t i = 0; r == 0 && !is_image && i < m->n_layers; i++)
        r = oci_follow(v, n, "layers", i, m->layers[i], false, err);
    if (r == 0 && m->subject != NULL)
        r = oci_follow(v, n, "subject", OCI_NO_INDEX, m->subject, true, err);
    return r;
}

/* What BuildKit adds beside images. */
static bool is_attestation(const oci_descriptor *d)
{
    return oci_annotations_get(d->annotations, "vnd.docker.reference.type") != NULL;
}

static int visit_manifest(oci_validation *v, const struct link *l, oci_content *c, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_node n;
    void *manifest;
    int r = read_document(v, c, l, &text, err);

    if (r < 0 || c->is_damaged)
        return r;
    n = oci_node_of(v, c, &text);
    n.is_attestation = is_attestation(l->d);
    r = oci_node_decode(&n, OCI_DOCUMENT_MANIFEST, &v->limits, &manifest);
    if (r < 0)
        oci_fail_nomem(err);
    if (r == 0 && manifest != NULL) {
        oci_check_manifest_rules(&n, manifest);
        r = follow_manifest(v, &n, c, manifest, err);
    } else if (r == 0) {
        r = oci_follow_parts(v, &n, err);
    }
    oci_decoded_free(manifest);
    return finish_node(&n, r, err);
}

/* An attestation names the image that it is about. */
static void check_references(oci_node *n, const oci_index *index)
{
    OCI_AUTO(oci_map) digests = oci_map_new();

    for (size_t i = 0; digests != NULL && i < index->n_manifests; i++)
        if (oci_map_set(digests, index->manifests[i]->digest_text, strlen(index->manifests[i]->digest_text), NULL) < 0)
            n->failed = OCI_E_NOMEM;
    if (digests == NULL)
        n->failed = OCI_E_NOMEM;
    for (size_t i = 0; n->failed == 0 && i < index->n_manifests; i++) {
        const oci_descriptor *d = index->manifests[i];
        const char *about = oci_annotations_get(d->annotations, "vnd.docker.reference.digest");
        oci_pointer at = { .len = 0 };

        oci_pointer_add(&at, "manifests", i);
        if (is_attestation(d) && (about == NULL || !oci_map_get(digests, about, strlen(about), NULL)))
            oci_tell(n, "attestation.reference", OCI_TOLD_RULE, at.text,
                     "the attestation is about '%s', which is not here", about != NULL ? about : "");
    }
}

int oci_follow_index(oci_validation *v, oci_node *n, const oci_index *index, oci_error *err)
{
    int r = 0;

    check_references(n, index);
    v->depth++;
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++)
        r = oci_follow(v, n, "manifests", i, index->manifests[i], false, err);
    v->depth--;
    if (r == 0 && index->subject != NULL)
        r = oci_follow(v, n, "subject", OCI_NO_INDEX, index->subject, true, err);
    return r;
}

static int visit_index(oci_validation *v, const struct link *l, oci_content *c, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_node n;
    void *index;
    int r;

    if (v->depth > OCI_MAX_NESTING) {
        tell_link(l, NULL, "index.nesting", OCI_TOLD_RULE, "indexes are nested more than 8 deep");
        return 0;
    }
    r = read_document(v, c, l, &text, err);
    if (r < 0 || c->is_damaged)
        return r;
    n = oci_node_of(v, c, &text);
    r = oci_node_decode(&n, OCI_DOCUMENT_INDEX, &v->limits, &index);
    if (r < 0)
        oci_fail_nomem(err);
    if (r == 0 && index != NULL) {
        const oci_index *i = index;

        c->summary.own_type = keep(v, i->media_type);
        if (i->media_type != NULL && c->summary.own_type == NULL)
            n.failed = OCI_E_NOMEM;
        oci_check_index_rules(&n, i);
        r = oci_follow_index(v, &n, i, err);
    } else if (r == 0) {
        r = oci_follow_parts(v, &n, err);
    }
    oci_decoded_free(index);
    return finish_node(&n, r, err);
}

/* ---- links ---- */

static bool same_variant(const oci_platform *a, const oci_platform *b)
{
    const char *x = a->variant != NULL ? a->variant : "", *y = b->variant != NULL ? b->variant : "";

    /* What one of them leaves out is no contradiction. */
    return x[0] == '\0' || y[0] == '\0' || strcmp(x, y) == 0;
}

/* What the descriptor says of the document against what the document says. */
static void compare_document(const struct link *l, const oci_content *c)
{
    const oci_summary *s = &c->summary;
    const oci_platform *p = l->d->platform;

    if (s->own_type != NULL && !oci_equal_nocase(s->own_type, l->d->media_type))
        tell_link(l, "mediaType", "media.mismatch-digest-ok", OCI_TOLD_REFUSED,
                  "the document says another mediaType of itself");
    if (s->artifact_type != NULL && l->d->artifact_type != NULL &&
        !oci_equal_nocase(s->artifact_type, l->d->artifact_type))
        tell_link(l, "artifactType", "descriptor.artifact-type.manifest-value", OCI_TOLD_RULE,
                  "the manifest is of another type");
    if (s->platform != NULL && p != NULL && !is_attestation(l->d) &&
        (strcmp(s->platform->os, p->os) != 0 || strcmp(s->platform->architecture, p->architecture) != 0 ||
         !same_variant(s->platform, p)))
        tell_link(l, "platform", "config.platform.agrees-with-descriptor", OCI_TOLD_RULE,
                  "the configuration is for another platform");
    if (s->platform != NULL && p == NULL && l->from != NULL && l->from->is_index_json)
        tell_link(l, "platform", "index.platform.recommended", OCI_TOLD_RULE, "the entry has no platform");
}

static int visit_as(oci_validation *v, const struct link *l, oci_content *c, oci_media_kind kind, oci_error *err)
{
    bool is_new = (c->seen & 1U << kind) == 0;

    c->seen |= 1U << kind;
    switch (kind) {
    case OCI_MEDIA_INDEX:
        return is_new ? visit_index(v, l, c, err) : 0;
    case OCI_MEDIA_MANIFEST:
        return is_new ? visit_manifest(v, l, c, err) : 0;
    case OCI_MEDIA_CONFIG:
        return is_new ? visit_config(v, l, c, err) : 0;
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_EMPTY:
    case OCI_MEDIA_LAYER:
        break;
    }
    return oci_content_verify(v, c) < 0 ? oci_fail_nomem(err) : 0;
}

/* Whether the entry is of no interest: for another platform, or not what was wanted. */
static bool is_passed_over(const oci_validation *v, const struct link *l, oci_media_kind kind)
{
    if (l->from != NULL && !is_wanted(v, l->d) && kind != OCI_MEDIA_INDEX)
        return true;
    return kind == OCI_MEDIA_MANIFEST && !is_attestation(l->d) && is_for_other_platform(v, l->d->platform);
}

/* A subject is looked at when what led to it is done: chains of them may be long. */
static int put_off(oci_validation *v, const struct link *l, oci_content *c)
{
    oci_later later = { .content = c, .media_type = keep(v, l->d->media_type), .path = keep(v, v->path.data) };

    if (later.media_type == NULL || later.path == NULL)
        return OCI_E_NOMEM;
    return OCI_VEC_PUSH(&v->later, later) ? 0 : OCI_E_NOMEM;
}

static int visit(oci_validation *v, const struct link *l, oci_error *err)
{
    oci_media_kind kind = oci_media_type_info(l->d->media_type).kind;
    oci_content *c;
    bool wanted;
    int r = 0;

    if (l->d->digest.alg == OCI_DIGEST_NONE || is_passed_over(v, l, kind))
        return 0;
    c = oci_content_of(v, &l->d->digest, l->d->digest_text);
    if (c == NULL)
        return oci_fail_nomem(err);
    if (!c->is_told)
        r = find_blob(v, l, c, err);
    if (r < 0 || !c->is_there)
        return r;
    if (c->size != l->d->size) {
        char text[200];

        snprintf(text, sizeof text, "the blob has %ju bytes, not %ju", (uintmax_t)c->size, (uintmax_t)l->d->size);
        tell_link(l, "size", "descriptor.size.raw-bytes", OCI_TOLD_REFUSED, text);
    }
    if (l->is_weak)
        return put_off(v, l, c) < 0 ? oci_fail_nomem(err) : 0;
    wanted = is_wanted(v, l->d);
    v->found = v->found || wanted;
    v->within += wanted;
    r = visit_as(v, l, c, kind, err);
    v->within -= wanted;
    if (r == 0)
        compare_document(l, c);
    return r;
}

int oci_follow_later(oci_validation *v, oci_error *err)
{
    int r = 0;

    /* What is looked at may put off more. */
    for (size_t i = 0; r == 0 && i < v->later.count; i++) {
        const oci_later later = v->later.items[i];
        const oci_descriptor d = { .media_type = later.media_type,
                                   .digest_text = later.content->digest_text,
                                   .digest = later.content->digest,
                                   .size = later.content->size };
        const struct link l = { .d = &d };

        r = oci_buf_puts(&v->path, later.path, err);
        v->within++;
        if (r == 0)
            r = visit_as(v, &l, later.content, oci_media_type_info(d.media_type).kind, err);
        v->within--;
        step_up(v, 0);
    }
    return r;
}
