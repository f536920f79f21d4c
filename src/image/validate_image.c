/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked for: platforms, labels and paths that have to be there, consumers that have to take the images. */
#include "validation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

/* ---- limits of an image, whose layers were looked at one by one ---- */

static void check_limits(oci_node *n, const oci_checked_image *image, const oci_limits *limits)
{
    uint64_t entries = 0, bytes = 0;
    bool is_told = false;

    for (size_t i = 0; i < image->n_layers; i++) {
        const oci_layer_facts *f = image->layers[i] != NULL ? &image->layers[i]->layer : NULL;

        if (f == NULL)
            continue;
        entries += f->entries;
        if (__builtin_add_overflow(bytes, f->bytes, &bytes))
            bytes = UINT64_MAX;
        is_told = is_told || f->is_cut;
    }
    /* Of a layer that passes a limit alone was told already. */
    if (is_told)
        return;
    if (entries > limits->max_entries)
        oci_tell(n, "limits.entries", OCI_TOLD_RULE, "/layers",
                 "the layers have %" PRIu64 " entries, more than the limit of %" PRIu64, entries, limits->max_entries);
    if (bytes > limits->max_size)
        oci_tell(n, "limits.size", OCI_TOLD_RULE, "/layers",
                 "the files have %" PRIu64 " bytes, more than the limit of %" PRIu64, bytes, limits->max_size);
}

/* ---- what is required ---- */

static void check_labels(oci_node *n, const oci_validation *v, const oci_checked_image *image)
{
    for (size_t i = 0; image->config != NULL && i < v->o->require_labels.count; i++)
        if (!image->config->has_label[i])
            oci_tell(n, "require.label", OCI_TOLD_RULE, NULL, "the image does not have the label %s",
                     v->o->require_labels.items[i]);
}

/* Of an image that was not read to its end, or cannot be put together, nothing can be said. */
static int check_paths(oci_node *n, const oci_validation *v, oci_view *view, oci_error *err)
{
    for (size_t i = 0; view != NULL && i < v->o->require_paths.count; i++) {
        bool there = false;
        oci_error why = OCI_ERROR_INIT;

        if (oci_view_has(view, v->o->require_paths.items[i], &there, &why) == OCI_E_NOMEM)
            return oci_fail_nomem(err);
        if (!there)
            oci_tell(n, "require.path", OCI_TOLD_RULE, NULL, "the image does not have the path %s",
                     v->o->require_paths.items[i]);
    }
    return 0;
}

static int check_merged(oci_node *n, oci_validation *v, const oci_checked_image *image, oci_error *err)
{
    OCI_AUTO(oci_view) view = NULL;
    int r = oci_merge_layers(v, n, image, &view, err);

    return r < 0 ? r : check_paths(n, v, view, err);
}

static void check_platforms(oci_validation *v, oci_node *n)
{
    for (size_t i = 0; i < v->o->n_require_platforms; i++) {
        const oci_platform *want = v->o->require_platforms[i];
        bool there = false;
        char text[200];

        for (size_t k = 0; !there && k < v->images.count; k++)
            there =
                v->images.items[k].config != NULL && oci_platform_matches(&v->images.items[k].config->platform, want);
        oci_platform_format(want, text, sizeof text);
        if (!there)
            oci_tell(n, "require.platform", OCI_TOLD_RULE, NULL, "there is no image for %s", text);
    }
}

/* ---- consumers ---- */

/* What their sources say: maxLayerDepth of moby, the algorithms that each of them looks for. */
static const struct profile {
    unsigned bit;
    const char *rule, *name;
    size_t max_layers; /* 0: none that an image would meet */
    bool sha512;
} profiles[] = {
    { OCI_PROFILE_DOCKER, "profile.docker", "Docker", 125, false },
    { OCI_PROFILE_CONTAINERD, "profile.containerd", "containerd", 0, true },
    { OCI_PROFILE_PODMAN, "profile.podman", "podman", 0, false },
};

static bool takes_digest(const struct profile *p, const oci_digest *d)
{
    return d->alg == OCI_DIGEST_SHA256 || (p->sha512 && d->alg == OCI_DIGEST_SHA512);
}

static void check_profile(oci_node *n, const struct profile *p, const oci_checked_image *image)
{
    if (!takes_digest(p, &image->manifest->digest))
        oci_tell(n, p->rule, OCI_TOLD_RULE, NULL, "%s does not take the digest of the manifest", p->name);
    for (size_t i = 0; i < image->n_layers; i++)
        if (image->layers[i] != NULL && !takes_digest(p, &image->layers[i]->digest))
            oci_tell(n, p->rule, OCI_TOLD_RULE, NULL, "%s does not take the digest of layer %zu", p->name, i + 1);
    if (p->max_layers > 0 && image->n_layers > p->max_layers)
        oci_tell(n, p->rule, OCI_TOLD_RULE, NULL, "%s takes at most %zu layers, and there are %zu", p->name,
                 p->max_layers, image->n_layers);
}

/* Images can share their layers, so that a small layout could be put together for hours: a few times what was read. */
static uint64_t merges_of(const oci_validation *v)
{
    enum { SOME = 250 * 1000, TIMES = 4 };
    uint64_t entries = 0;

    if (v->o->require_paths.count > 0)
        return UINT64_MAX;
    for (size_t i = 0; i < v->jobs.count; i++)
        entries += v->jobs.items[i]->layer.entries;
    return SOME + TIMES * entries;
}

int oci_validate_images(oci_validation *v, oci_error *err)
{
    oci_node whole = { .report = v->report,
                       .place = { .layout = v->name, .file = "index.json", .path = "" },
                       .order = ++v->order };
    int r = 0;

    v->merges_left = merges_of(v);
    for (size_t i = 0; r == 0 && i < v->images.count; i++) {
        const oci_checked_image *image = &v->images.items[i];
        const oci_content *c = image->manifest;
        oci_node n = { .report = v->report,
                       .place = { .layout = v->name, .file = c->file, .digest = c->digest_text, .path = c->path },
                       .order = c->order };

        check_limits(&n, image, &v->limits);
        check_labels(&n, v, image);
        if (v->o->depth == OCI_VALIDATE_LAYERS)
            r = check_merged(&n, v, image, err);
        for (size_t k = 0; k < sizeof profiles / sizeof *profiles; k++)
            if ((v->o->profiles & profiles[k].bit) != 0)
                check_profile(&n, &profiles[k], image);
        r = r < 0 ? r : n.failed;
    }
    if (v->unmerged > 0)
        oci_tell(&whole, "layer.apply.unknown", OCI_TOLD_RULE, NULL,
                 "the layers of %" PRIu64 " images were not put on each other, since there are too many entries",
                 v->unmerged);
    check_platforms(v, &whole);
    for (size_t k = 0; v->images.count == 0 && k < sizeof profiles / sizeof *profiles; k++)
        if ((v->o->profiles & profiles[k].bit) != 0)
            oci_tell(&whole, profiles[k].rule, OCI_TOLD_RULE, NULL, "there is no image that %s could take",
                     profiles[k].name);
    r = r < 0 ? r : whole.failed;
    return r < 0 ? oci_fail_nomem(err) : 0;
}
