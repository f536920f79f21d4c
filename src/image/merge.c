/* SPDX-License-Identifier: Apache-2.0 */
#include "merge.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/table.h"
#include "base/vec.h"
#include "copy.h"
#include "image.h"
#include "spec/spec.h"
#include "store/layout.h"

/* A manifest, in an index of its own that keeps it alive. */
struct member {
    oci_index *keeper;
    const oci_descriptor *descriptor;
    bool attests; /* it is about another one */
    bool added;   /* it was not there before */
    oci_key platform;
};

static const oci_key no_key;

struct oci_merge {
    oci_layout *layout;
    const char *name;
    oci_limits limits;
    size_t *room;    /* for members, or NULL */
    oci_table keys;  /* makes keys of platforms, holds nothing */
    oci_index *base; /* the index that the name means, or NULL */
    bool anew;
    bool docker;       /* that is one of Docker's */
    bool began;        /* what is added now was not there before */
    bool took_out;     /* something that was there */
    oci_digest before; /* what the name meant first; alg OCI_DIGEST_NONE: nothing */
    struct {
        char **items;
        size_t count, cap;
    } before_texts; /* the digests of all that it meant */
    struct {
        struct member *items;
        size_t count, cap;
    } members;
};

void oci_merge_free(oci_merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->members.count; i++)
        oci_index_free(m->members.items[i].keeper);
    if (m->room != NULL)
        *m->room += m->members.count;
    oci_free(m->members.items);
    for (size_t i = 0; i < m->before_texts.count; i++)
        oci_free(m->before_texts.items[i]);
    oci_free(m->before_texts.items);
    oci_table_free(&m->keys);
    oci_index_free(m->base);
    oci_free(m);
}

/* ---- platforms ---- */

int oci_tell_platform(oci_store *s, const oci_limits *limits, oci_descriptor *d, oci_platform *platform,
                      oci_config **config, oci_error *err)
{
    OCI_AUTO(oci_manifest) manifest = NULL;
    int r;

    if (d->platform != NULL || oci_media_type_info(d->media_type).kind != OCI_MEDIA_MANIFEST)
        return 0;
    r = oci_read_manifest(s, d, limits, NULL, &manifest, err);
    if (r == 0 && oci_media_type_info(manifest->config->media_type).kind == OCI_MEDIA_CONFIG)
        r = oci_read_config(s, manifest->config, limits, NULL, config, err);
    if (r < 0 || *config == NULL || (*config)->os[0] == '\0' || (*config)->architecture[0] == '\0')
        return r;
    *platform = (oci_platform) { .architecture = (*config)->architecture,
                                 .os = (*config)->os,
                                 .os_version = (*config)->os_version,
                                 .variant = (*config)->variant,
                                 .os_features = (*config)->os_features };
    d->platform = platform;
    return 0;
}

/* For platforms that are the same; no_key for what is like no other. */
static int key_of(const oci_merge *m, const oci_platform *p, oci_key *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r = p != NULL ? oci_platform_key(p, &text, err) : 0;

    if (r == 0)
        *out = text.len > 0 ? oci_table_key(&m->keys, 0, 0, text.data, text.len) : no_key;
    return r;
}

static bool is_same_key(const oci_key *a, const oci_key *b)
{
    return a->place == b->place && a->rest == b->rest;
}

/* ---- members ---- */

static void remove_member(oci_merge *m, size_t i)
{
    oci_index_free(m->members.items[i].keeper);
    memmove(m->members.items + i, m->members.items + i + 1, (--m->members.count - i) * sizeof *m->members.items);
    if (m->room != NULL)
        ++*m->room;
}

/* Takes what new holds. */
static int append_member(oci_merge *m, const struct member *new, oci_error *err)
{
    int r = 0;

    if (m->room != NULL && *m->room == 0)
        r = oci_fail(err, OCI_E_LIMIT, "more than %d manifests to join at once", OCI_MAX_JOINED);
    else if (!OCI_VEC_PUSH(&m->members, *new))
        r = oci_fail_nomem(err);
    if (r < 0)
        oci_index_free(new->keeper);
    else if (m->room != NULL)
        --*m->room;
    return r;
}

/* What speaks about a manifest that is gone. */
static void remove_attestations(oci_merge *m, const char *digest)
{
    for (size_t i = m->members.count; i-- > 0;) {
        const oci_descriptor *d = m->members.items[i].descriptor;

        if (m->members.items[i].attests && oci_entry_has(d, OCI_ANNOTATION_ATTESTED, digest))
            remove_member(m, i);
    }
}

/* A copy of d without the names that it has as an entry of index.json. */
static int make_member(const oci_merge *m, const oci_descriptor *d, struct member *out, oci_error *err)
{
    const size_t count = d->annotations != NULL ? d->annotations->count : 0;
    OCI_AUTO_MEM oci_pair *items = oci_calloc(count + 1, sizeof *items);
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    oci_annotations annotations = { .items = items };
    oci_descriptor member = *d;
    const oci_descriptor *list[] = { &member };
    const oci_index index = { .manifests = list, .n_manifests = 1 };
    int r;

    if (items == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        if (strcmp(d->annotations->items[i].key, OCI_ANNOTATION_REF_NAME) != 0 &&
            strcmp(d->annotations->items[i].key, OCI_ANNOTATION_CONTAINERD_NAME) != 0)
            items[annotations.count++] = d->annotations->items[i];
    member.annotations = annotations.count > 0 ? &annotations : NULL;
    r = oci_index_print(&index, &json, err);
    if (r == 0)
        r = oci_index_parse(json.data, json.len, &m->limits, &out->keeper, err);
    if (r < 0)
        return r;
    out->descriptor = out->keeper->manifests[0];
    out->attests = oci_is_attestation(out->descriptor);
    r = key_of(m, out->descriptor->platform, &out->platform, err);
    if (r < 0)
        oci_index_free(out->keeper);
    return r;
}

/* Where new goes: attestations are of no platform, and any number may be there. */
static size_t find_place(const oci_merge *m, const struct member *new)
{
    const bool like_no_other = is_same_key(&new->platform, &no_key);
    size_t i = 0;

    while (i < m->members.count && (like_no_other || !is_same_key(&m->members.items[i].platform, &new->platform)) &&
           strcmp(m->members.items[i].descriptor->digest_text, new->descriptor->digest_text) != 0)
        i++;
    return i;
}

int oci_merge_add(oci_merge *m, const oci_descriptor *d, oci_error *err)
{
    struct member new = { 0 };
    OCI_AUTO_MEM char *gone = NULL;
    int r = make_member(m, d, &new, err);
    size_t i;

    if (r < 0)
        return r;
    new.added = m->began;
    i = find_place(m, &new);
    if (i == m->members.count)
        return append_member(m, &new, err);
    gone = oci_strdup(m->members.items[i].descriptor->digest_text);
    if (gone == NULL) {
        oci_index_free(new.keeper);
        return oci_fail_nomem(err);
    }
    oci_index_free(m->members.items[i].keeper);
    m->members.items[i] = new;
    if (strcmp(gone, new.descriptor->digest_text) != 0)
        remove_attestations(m, gone);
    return 0;
}

int oci_merge_remove(oci_merge *m, const oci_platform *p, const char *digest, oci_error *err)
{
    size_t before = m->members.count;
    char text[128] = "";
    oci_key platform = no_key;
    int r = key_of(m, p, &platform, err);

    if (r < 0)
        return r;
    for (size_t i = before; i-- > 0;) {
        const struct member *member = i < m->members.count ? &m->members.items[i] : NULL;
        const oci_descriptor *d = member != NULL ? member->descriptor : NULL;
        OCI_AUTO_MEM char *gone = NULL;

        if (d == NULL ||
            (digest != NULL ? strcmp(d->digest_text, digest) != 0
                            : is_same_key(&platform, &no_key) || !is_same_key(&member->platform, &platform)))
            continue;
        gone = oci_strdup(d->digest_text);
        if (gone == NULL)
            return oci_fail_nomem(err);
        remove_member(m, i);
        remove_attestations(m, gone);
    }
    m->took_out = true;
    if (m->members.count < before)
        return 0;
    if (p != NULL)
        oci_platform_format(p, text, sizeof text);
    return oci_fail(err, OCI_E_NOT_FOUND, "the index has nothing %s %s", digest != NULL ? "of digest" : "for",
                    digest != NULL ? digest : text);
}

/* ---- beginning and end ---- */

static int take_entry(oci_merge *m, const oci_descriptor *d, oci_error *err)
{
    const oci_media_info info = oci_media_type_info(d->media_type);
    oci_store *s = oci_layout_store(m->layout);
    OCI_AUTO(oci_config) config = NULL;
    oci_descriptor told = *d;
    oci_platform platform;
    int r;

    if (info.kind == OCI_MEDIA_INDEX && m->base == NULL) {
        r = oci_read_index(s, d, &m->limits, &m->base, err);
        m->docker = info.docker;
        for (size_t i = 0; r == 0 && i < m->base->n_manifests; i++)
            r = oci_merge_add(m, m->base->manifests[i], err);
        return r;
    }
    r = oci_tell_platform(s, &m->limits, &told, &platform, &config, err);
    return r == 0 ? oci_merge_add(m, &told, err) : r;
}

static int note_before(oci_merge *m, const oci_descriptor *d, oci_error *err)
{
    OCI_AUTO_MEM char *text = oci_strdup(d->digest_text);

    if (text == NULL || !OCI_VEC_PUSH(&m->before_texts, text))
        return oci_fail_nomem(err);
    text = NULL;
    return 0;
}

int oci_merge_new(oci_layout *l, const oci_entries *entries, const char *name, const oci_limits *limits, size_t *room,
                  oci_merge **out, oci_error *err)
{
    OCI_AUTO(oci_merge) m = oci_calloc(1, sizeof *m);
    const oci_descriptor *d;
    size_t at = 0;
    int r = 0;

    if (m == NULL)
        return oci_fail_nomem(err);
    m->layout = l;
    m->name = name;
    m->anew = entries == NULL;
    m->room = room;
    m->limits = oci_limits_resolve(limits);
    oci_table_init(&m->keys);
    while (r == 0 && entries != NULL && (d = oci_entries_next(entries, name, &at)) != NULL) {
        if (m->before.alg == OCI_DIGEST_NONE)
            m->before = d->digest;
        r = note_before(m, d, err);
        if (r == 0)
            r = take_entry(m, d, err);
    }
    /* What index.json promises and the layout does not have is damage. */
    if (r < 0)
        return oci_wrap(err, r == OCI_E_NOT_FOUND ? OCI_E_INVALID : r, "what '%s' is", name);
    m->began = true;
    *out = oci_steal(&m);
    return 0;
}

/* The annotations of the index, with the new ones set; items has room for all. */
static oci_annotations join_annotations(const oci_annotations *old, const oci_annotations *new, oci_pair *items)
{
    oci_annotations all = { .items = items };

    for (size_t i = 0; old != NULL && i < old->count; i++)
        if (oci_annotations_get(new, old->items[i].key) == NULL)
            items[all.count++] = old->items[i];
    for (size_t i = 0; new != NULL &&i < new->count; i++)
        items[all.count++] = new->items[i];
    return all;
}

/* Docker's, when that is what is there already, or all that is in it. */
static const char *index_type(const oci_merge *m)
{
    bool docker = m->base != NULL ? m->docker : m->members.count > 0;

    for (size_t i = 0; m->base == NULL && i < m->members.count; i++)
        docker = docker && oci_media_type_info(m->members.items[i].descriptor->media_type).docker;
    return oci_media_type_of(&(oci_media_info) { .kind = OCI_MEDIA_INDEX, .docker = docker });
}

static int print_index(const oci_merge *m, const oci_annotations *annotations, oci_buf *json, oci_error *err)
{
    const oci_annotations *old = m->base != NULL ? m->base->annotations : NULL;
    const size_t most = (old != NULL ? old->count : 0) + (annotations != NULL ? annotations->count : 0);
    OCI_AUTO_MEM const oci_descriptor **list = oci_calloc(m->members.count + 1, sizeof *list);
    OCI_AUTO_MEM oci_pair *items = oci_calloc(most + 1, sizeof *items);
    oci_index index = m->base != NULL ? *m->base : (oci_index) { 0 };
    oci_annotations all;

    if (list == NULL || items == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < m->members.count; i++)
        list[i] = m->members.items[i].descriptor;
    all = join_annotations(old, annotations, items);
    index.media_type = index_type(m);
    index.annotations = all.count > 0 ? &all : NULL;
    index.manifests = list;
    index.n_manifests = m->members.count;
    return oci_index_print(&index, json, err);
}

static int put_index(oci_merge *m, oci_txn *t, const oci_annotations *annotations, oci_error *err)
{
    const oci_digest_alg alg = m->before.alg != OCI_DIGEST_NONE ? m->before.alg : OCI_DIGEST_SHA256;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_descriptor d = { .media_type = index_type(m), .digest_text = text };
    int r;

    if (m->members.count == 0)
        return oci_fail(err, OCI_E_USAGE, "nothing would be left of '%s'", m->name);
    r = print_index(m, annotations, &json, err);
    if (r == 0)
        r = oci_put_document(oci_layout_store(m->layout), alg, d.media_type, &json, &d.digest, err);
    if (r < 0)
        return r;
    d.size = json.len;
    oci_digest_format(&d.digest, text, sizeof text);
    return oci_txn_set_ref(t, m->name, &d, err);
}

/* Whether the entries of the name are those that m began with. */
static bool is_as_before(const oci_merge *m, const oci_entries *entries)
{
    size_t n = 0, at = 0;
    const oci_descriptor *d;

    while ((d = oci_entries_next(entries, m->name, &at)) != NULL) {
        if (n == m->before_texts.count || strcmp(m->before_texts.items[n], d->digest_text) != 0)
            return false;
        n++;
    }
    return n == m->before_texts.count;
}

/* Adds what was added to m to what the name means now. */
static int join_again(const oci_merge *m, const oci_entries *entries, oci_merge **out, oci_error *err)
{
    OCI_AUTO(oci_merge) again = NULL;
    size_t at = 0;
    const oci_descriptor *now = oci_entries_next(entries, m->name, &at);
    int r;

    if (m->took_out)
        return oci_fail(err, OCI_E_CONFLICT, "'%s' was changed by somebody else and is %s now", m->name,
                        now != NULL ? now->digest_text : "gone");
    r = oci_merge_new(m->layout, entries, m->name, &m->limits, NULL, &again, err);
    for (size_t i = 0; r == 0 && i < m->members.count; i++)
        if (m->members.items[i].added)
            r = oci_merge_add(again, m->members.items[i].descriptor, err);
    if (r == 0)
        *out = oci_steal(&again);
    return r;
}

int oci_merge_set(oci_merge *m, oci_txn *t, const oci_entries *entries, const oci_annotations *annotations,
                  oci_error *err)
{
    OCI_AUTO(oci_merge) again = NULL;
    int r;

    if (m->anew || is_as_before(m, entries))
        return put_index(m, t, annotations, err);
    r = join_again(m, entries, &again, err);
    return r == 0 ? put_index(again, t, annotations, err) : r;
}
