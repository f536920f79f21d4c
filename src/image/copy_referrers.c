/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures, SBOMs and the like: manifests whose subject is what was copied. In a layout they are entries of
 * index.json, or of an index there that is named after the digest of the subject (distribution-spec, "Referrers Tag
 * Schema").
 */
#include <string.h>

#include "base/fail.h"
#include "copy.h"
#include "image.h"
#include "spec/spec.h"

/* The digest that a name like "ALGORITHM-ENCODED" was made of, in the arena; NULL for other names. */
static int digest_of_name(oci_copier *c, const char *name, const char **out, oci_error *err)
{
    const char *dash = name != NULL ? strchr(name, '-') : NULL;
    char *digest;

    *out = NULL;
    if (dash == NULL)
        return 0;
    digest = oci_arena_strndup(c->arena, name, strlen(name));
    if (digest == NULL)
        return oci_fail_nomem(err);
    digest[dash - name] = ':';
    *out = oci_digest_is_wellformed(digest, strlen(digest)) ? digest : NULL;
    return 0;
}

/* What the entry refers to, in the arena; *out is NULL for nothing. One that cannot be read refers to nothing that
 * could be known. */
static int find_subject(oci_copier *c, const oci_descriptor *d, const char **out, oci_error *err)
{
    OCI_AUTO(oci_manifest) manifest = NULL;
    OCI_AUTO(oci_index) index = NULL;
    const oci_descriptor *subject;
    int r = digest_of_name(c, oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME), out, err);

    if (r < 0 || *out != NULL)
        return r;
    switch (oci_media_type_info(d->media_type).kind) {
    case OCI_MEDIA_MANIFEST:
        r = oci_read_manifest(c->from, d, &c->limits, NULL, &manifest, NULL);
        break;
    case OCI_MEDIA_INDEX:
        r = oci_read_index(c->from, d, &c->limits, &index, NULL);
        break;
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_CONFIG:
    case OCI_MEDIA_EMPTY:
    case OCI_MEDIA_LAYER:
        break;
    }
    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    subject = manifest != NULL ? manifest->subject : index != NULL ? index->subject : NULL;
    if (subject == NULL)
        return 0;
    *out = oci_arena_strndup(c->arena, subject->digest_text, strlen(subject->digest_text));
    return *out != NULL ? 0 : oci_fail_nomem(err);
}

/* The entries of index.json by their subjects. Each is read once, however many images are copied. */
static int list_referrers(oci_copier *c, oci_layout *from, oci_error *err)
{
    const oci_index *top = oci_layout_index(from);

    if (c->referrers_of == from)
        return 0;
    c->referrers_of = NULL;
    oci_map_clear(c->referrers);
    c->next_referrer = oci_arena_array(c->arena, top->n_manifests + 1, sizeof *c->next_referrer);
    if (c->next_referrer == NULL)
        return oci_fail_nomem(err);
    /* From the last, so that the lists are in order. */
    for (size_t i = top->n_manifests; i > 0; i--) {
        const char *subject = NULL;
        void *first = NULL;
        int r = find_subject(c, top->manifests[i - 1], &subject, err);

        if (r < 0)
            return r;
        if (subject == NULL)
            continue;
        oci_map_get(c->referrers, subject, strlen(subject), &first);
        c->next_referrer[i] = (size_t)(uintptr_t)first;
        if (oci_map_set(c->referrers, subject, strlen(subject), (void *)(uintptr_t)i) < 0)
            return oci_fail_nomem(err);
    }
    c->referrers_of = from;
    return 0;
}

static int copy_referrer(oci_copier *c, const oci_descriptor *d, oci_error *err)
{
    const char *name = oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME);
    oci_copied now;
    int r = 0;

    if (name != NULL && !oci_ref_name_is_wellformed(name))
        return oci_fail(err, OCI_E_INVALID, "the referrer %s is called '%s', which is no name", d->digest_text, name);
    if (!oci_copier_find(c, d->digest_text, &now))
        r = oci_copy_graph(c, d, &now, err);
    if (r == 0)
        r = oci_copier_set(c, name, d, err);
    return oci_wrap(err, r, "referrer %s", d->digest_text);
}

int oci_copy_referrers(oci_copier *c, oci_layout *from, oci_error *err)
{
    const oci_index *top = oci_layout_index(from);
    int r = list_referrers(c, from, err);

    /* What is copied meanwhile is looked at as well. */
    while (r == 0 && c->fresh.count > 0) {
        const char *digest = c->fresh.items[--c->fresh.count];
        void *number = NULL;

        oci_map_get(c->referrers, digest, strlen(digest), &number);
        for (size_t i = (size_t)(uintptr_t)number; r == 0 && i > 0; i = c->next_referrer[i])
            r = copy_referrer(c, top->manifests[i - 1], err);
    }
    return r;
}
