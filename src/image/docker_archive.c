/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images for "docker load": layers and configurations as files of their own, then manifest.json. A layer is
 * decompressed twice, once for its size: there may be no room for a second copy, and a pipe cannot be gone back in.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "image.h"
#include "spec/spec.h"
#include "store/archive_writer.h"

enum { NAME_SIZE = OCI_DIGEST_MAX_TEXT + sizeof ".json" };

struct oci_docker_archive {
    oci_export_options o;
    oci_writer *out; /* owned */
    oci_tar_writer *tar;
    oci_arena *arena; /* names */
    oci_map *written; /* names of files */
    oci_docker_list list;
};

OCI_DEFINE_AUTO(oci_docker_archive);

int oci_docker_archive_new(oci_writer *out, const oci_export_options *o, oci_docker_archive **archive, oci_error *err)
{
    OCI_AUTO(oci_writer) owned = out;
    OCI_AUTO(oci_docker_archive) a = oci_calloc(1, sizeof *a);
    int r;

    if (a == NULL)
        return oci_fail_nomem(err);
    a->o = *o;
    a->arena = oci_arena_new(0);
    a->written = oci_map_new();
    r = a->arena != NULL && a->written != NULL ? oci_docker_list_begin(&a->list, err) : oci_fail_nomem(err);
    if (r == 0)
        r = oci_export_named(oci_steal(&owned), o->name, &a->out, err);
    if (r == 0)
        r = oci_tar_writer_new(a->out, &a->tar, err);
    if (r == 0)
        *archive = oci_steal(&a);
    return r;
}

void oci_docker_archive_free(oci_docker_archive *a)
{
    if (a == NULL)
        return;
    oci_docker_list_end(&a->list);
    oci_tar_writer_free(a->tar);
    oci_writer_free(a->out);
    oci_map_free(a->written);
    oci_arena_free(a->arena);
    oci_free(a);
}

/* "HEX.tar", "HEX.json", in the arena. */
static const char *name_file(oci_docker_archive *a, const oci_digest *d, const char *ending)
{
    char name[NAME_SIZE];
    size_t n = oci_digest_encoded(d, name, sizeof name);

    n += (size_t)snprintf(name + n, sizeof name - n, "%s", ending);
    return oci_arena_strndup(a->arena, name, n);
}

/* Reads a layer to its end, and writes what comes when tar is there. */
static int pass(oci_docker_archive *a, oci_image *image, size_t n, oci_tar_writer *tar, uint64_t *size, oci_error *err)
{
    OCI_AUTO(oci_reader) layer = NULL;
    char what[32];
    oci_span span;
    int r = oci_image_open_layer(image, n, &layer, err);

    snprintf(what, sizeof what, "layer %zu", n + 1);
    do {
        if (r == 0)
            r = oci_check_cancelled(a->o.events, err);
        if (r == 0)
            r = oci_reader_next(layer, &span, err);
        if (r == 0 && span.len > 0 && tar != NULL)
            r = oci_tar_writer_data(tar, span.data, span.len, err);
        if (r == 0)
            oci_progress(a->o.events, what, oci_reader_count(layer), 0);
    } while (r == 0 && span.len > 0);
    if (r == 0)
        *size = oci_reader_count(layer);
    return r;
}

static int write_layer(oci_docker_archive *a, oci_image *image, size_t n, const char *name, oci_error *err)
{
    const oci_descriptor *d = oci_image_manifest(image)->layers[n];
    uint64_t size = d->size, written = 0;
    int r = oci_map_set(a->written, name, strlen(name), NULL);

    if (r < 0)
        return oci_fail_nomem(err);
    if (r == 0)
        return 0; /* another image has it too */
    r = oci_media_type_info(d->media_type).compression != OCI_COMPRESSION_NONE ? pass(a, image, n, NULL, &size, err)
                                                                               : 0;
    if (r == 0)
        r = oci_export_entry(a->tar, OCI_TAR_FILE, name, size, a->o.mtime, err);
    if (r == 0)
        r = pass(a, image, n, a->tar, &written, err);
    return oci_wrap(err, r, "layer %zu (%s)", n + 1, d->digest_text);
}

static int write_layers(oci_docker_archive *a, oci_image *image, const char **names, oci_error *err)
{
    const oci_config *config = oci_image_config(image);
    int r = 0;

    for (size_t i = 0; r == 0 && i < config->n_diff_ids; i++) {
        if (config->diff_ids[i].digest.alg == OCI_DIGEST_NONE)
            return oci_fail(err, OCI_E_UNSUPPORTED, "the digest algorithm of diff_id %s is unknown",
                            config->diff_ids[i].text);
        names[i] = name_file(a, &config->diff_ids[i].digest, ".tar");
        r = names[i] != NULL ? write_layer(a, image, i, names[i], err) : oci_fail_nomem(err);
    }
    return r;
}

int oci_docker_archive_add(oci_docker_archive *a, oci_layout *from, const oci_descriptor *manifest, const char *name,
                           oci_error *err)
{
    OCI_AUTO(oci_image) image = NULL;
    OCI_AUTO_MEM const char **layers = NULL;
    OCI_AUTO_BUF oci_buf ignored = OCI_BUF_INIT;
    const char *config = NULL;
    oci_span bytes;
    size_t n;
    int r = name != NULL ? oci_docker_reference(name, &ignored, err) : 0;

    if (r == 0)
        r = oci_image_open(oci_layout_store(from), manifest, a->o.limits, &image, err);
    if (r < 0)
        return r;
    n = oci_image_config(image)->n_diff_ids;
    layers = oci_calloc(n + 1, sizeof *layers);
    config = name_file(a, &oci_image_manifest(image)->config->digest, ".json");
    r = layers != NULL && config != NULL ? write_layers(a, image, layers, err) : oci_fail_nomem(err);
    if (r < 0)
        return r;
    r = oci_map_set(a->written, config, strlen(config), NULL);
    bytes = oci_image_config_bytes(image);
    if (r > 0)
        r = oci_export_file(a->tar, config, bytes.data, bytes.len, a->o.mtime, err);
    else if (r < 0)
        r = oci_fail_nomem(err);
    return r == 0 ? oci_docker_list_add(&a->list, config, layers, n, name, err) : r;
}

int oci_docker_archive_finish(oci_docker_archive *a, oci_error *err)
{
    int r = oci_docker_list_write(&a->list, a->tar, a->o.mtime, err);

    if (r == 0)
        r = oci_tar_writer_finish(a->tar, err);
    return r == 0 ? oci_writer_finish(a->out, err) : r;
}
