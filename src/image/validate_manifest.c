/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of image-layout.md, image-index.md and manifest.md that need no other document. */
#include "validation.h"

#include <string.h>

void oci_check_layout_file_rules(oci_node *n, const oci_layout_file *f)
{
    /* The parser takes every 1.x.y and has told of what is none. */
    if (strcmp(f->version, "1.0.0") != 0 && oci_report_count(n->report) == n->first)
        oci_tell(n, "layout.oci-layout.version-value", OCI_TOLD_RULE, "/imageLayoutVersion",
                 "layout version '%s' is not 1.0.0", f->version);
}

/* present and right are the rules that the document has a type, and that it is the right one. */
static void check_own_type(oci_node *n, const char *media_type, const char *present, const char *right)
{
    bool docker = oci_media_type_info(media_type).docker, alone = n->place.path == NULL || n->is_index_json;

    if (media_type == NULL)
        oci_tell_no_media_type(n, present);
    /* Of a document below another one the descriptor was told already, and has to say the same. */
    else if (docker && alone)
        oci_tell(n, right, OCI_TOLD_RULE, "/mediaType", "'%s' is a type of Docker", media_type);
    n->is_docker = docker;
}

static void check_one(oci_node *n, const char *name, size_t index, const oci_descriptor *d)
{
    oci_pointer at = { .len = 0 };

    oci_pointer_add(&at, name, index);
    oci_check_descriptor_rules(n, &at, d);
}

static void check_later(oci_node *n, const char *artifact_type, const oci_descriptor *subject)
{
    if (artifact_type != NULL)
        oci_tell_later(n, OCI_SPEC_1_1, "/artifactType", "artifactType");
    if (subject != NULL)
        oci_tell_later(n, OCI_SPEC_1_1, "/subject", "subject");
}

static void check_document_annotations(oci_node *n, const oci_annotations *a)
{
    oci_pointer at = { .len = 0 };

    oci_check_annotation_rules(n, &at, a);
    if (oci_annotations_get(a, OCI_ANNOTATION_REF_NAME) != NULL)
        oci_tell(n, "layout.ref-name.index-json-only", OCI_TOLD_RULE, "/annotations/" OCI_ANNOTATION_REF_NAME,
                 "nobody looks for the name of an image here");
}

static void check_entry(oci_node *n, size_t i, const oci_descriptor *d)
{
    oci_media_info info = oci_media_type_info(d->media_type);
    oci_pointer at = { .len = 0 };

    check_one(n, "manifests", i, d);
    oci_pointer_add(&at, "manifests", i);
    if (!n->is_index_json)
        oci_check_has_platform(n, &at, d, "index.platform.recommended");
    if (info.kind != OCI_MEDIA_INDEX && info.kind != OCI_MEDIA_MANIFEST) {
        oci_pointer_add(&at, "mediaType", OCI_NO_INDEX);
        oci_tell(n, "index.manifests.portable-media-types", OCI_TOLD_RULE, at.text,
                 "'%s' is neither a manifest nor an index", d->media_type);
    } else if (!n->is_index_json && n->place.path != NULL &&
               oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME) != NULL) {
        oci_pointer_add(&at, "annotations/" OCI_ANNOTATION_REF_NAME, OCI_NO_INDEX);
        oci_tell(n, "layout.ref-name.index-json-only", OCI_TOLD_RULE, at.text,
                 "nobody looks for the name of an image here");
    }
}

void oci_check_index_rules(oci_node *n, const oci_index *index)
{
    check_own_type(n, index->media_type, "index.media-type.present", "index.media-type.value");
    check_later(n, index->artifact_type, index->subject);
    check_document_annotations(n, index->annotations);
    for (size_t i = 0; i < index->n_manifests; i++)
        check_entry(n, i, index->manifests[i]);
    if (index->subject != NULL)
        check_one(n, "subject", OCI_NO_INDEX, index->subject);
}

/* ---- manifest ---- */

static void check_image(oci_node *n, const oci_manifest *m)
{
    if (m->artifact_type != NULL)
        oci_tell(n, "artifact.config-media-type", OCI_TOLD_RULE, "/config/mediaType",
                 "the config says that this is an image, artifactType that it is '%s'", m->artifact_type);
    for (size_t i = 0; i < m->n_layers && !n->is_attestation; i++) {
        oci_pointer at = { .len = 0 };

        if (oci_media_type_info(m->layers[i]->media_type).kind == OCI_MEDIA_LAYER)
            continue;
        oci_pointer_add(&at, "layers", i);
        oci_pointer_add(&at, "mediaType", OCI_NO_INDEX);
        oci_tell(n, "manifest.layers.portable-media-types", OCI_TOLD_RULE, at.text, "'%s' is no media type of a layer",
                 m->layers[i]->media_type);
    }
}

static void check_artifact(oci_node *n, const oci_manifest *m)
{
    bool empty_config = oci_media_type_info(m->config->media_type).kind == OCI_MEDIA_EMPTY;
    bool layers_of_images = m->n_layers > 0;

    for (size_t i = 0; i < m->n_layers; i++) {
        oci_pointer at = { .len = 0 };

        layers_of_images = layers_of_images && oci_media_type_info(m->layers[i]->media_type).kind == OCI_MEDIA_LAYER;
        oci_pointer_add(&at, "layers", i);
        if (m->layers[i]->size == 0 && m->n_layers == 1)
            oci_tell(n, "artifact.single-layer-when-none", OCI_TOLD_RULE, at.text, "the only layer has no bytes");
    }
    if (layers_of_images && !empty_config)
        oci_tell(n, "manifest.config.portable-image", OCI_TOLD_RULE, "/config/mediaType",
                 "the layers are those of an image, the config is '%s'", m->config->media_type);
    else if (m->artifact_type == NULL && !empty_config)
        oci_tell(n, "artifact.type-with-config", OCI_TOLD_RULE, "/artifactType", "the artifact has no artifactType");
}

void oci_check_manifest_rules(oci_node *n, const oci_manifest *m)
{
    check_own_type(n, m->media_type, "manifest.media-type.present", "manifest.media-type.value");
    check_later(n, m->artifact_type, m->subject);
    check_document_annotations(n, m->annotations);
    check_one(n, "config", OCI_NO_INDEX, m->config);
    for (size_t i = 0; i < m->n_layers; i++)
        check_one(n, "layers", i, m->layers[i]);
    if (m->subject != NULL)
        check_one(n, "subject", OCI_NO_INDEX, m->subject);
    if (m->n_layers == 0)
        oci_tell(n, "manifest.layers.min-one-schema", OCI_TOLD_RULE, "/layers", "there are no layers");
    if (oci_media_type_info(m->config->media_type).kind == OCI_MEDIA_CONFIG)
        check_image(n, m);
    else
        check_artifact(n, m);
}
