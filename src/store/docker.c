/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive that "docker save" and others write, as an image layout: manifest.json names, for each image, the members
 * that are its configuration and its layers. The documents that a layout has besides are made when it is opened;
 * configurations and layers are read where they stand.
 */
#include "docker.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"

static const oci_member *find(oci_store *base, const oci_digest *d)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    void *found = NULL;

    return oci_map_get(((oci_docker_store *)base)->members, text, n, &found) ? found : NULL;
}

static int docker_open(oci_store *base, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err)
{
    oci_docker_store *s = (oci_docker_store *)base;
    const oci_member *m = find(base, d);

    if (m == NULL)
        return s->documents->ops->open(s->documents, d, out, size, err);
    *size = m->size;
    return oci_archive_read(s->archive, m, out, err);
}

static int docker_stat(oci_store *base, const oci_digest *d, uint64_t *size, oci_error *err)
{
    oci_docker_store *s = (oci_docker_store *)base;
    const oci_member *m = find(base, d);

    if (m == NULL)
        return s->documents->ops->stat(s->documents, d, size, err);
    *size = m->size;
    return 0;
}

static int docker_each(oci_store *base, oci_each_blob *each, void *ctx, oci_error *err)
{
    oci_docker_store *s = (oci_docker_store *)base;
    oci_blob_list list = { 0 };
    int r = oci_store_each(s->documents, oci_blob_list_add, &list, err);
    size_t at = 0, n;
    const void *text;
    void *member;

    while (r == 0 && oci_map_next(s->members, &at, &text, &n, &member)) {
        oci_digest d;

        r = oci_digest_parse(text, n, &d, err);
        if (r == 0)
            r = oci_blob_list_add(&list, &d, ((const oci_member *)member)->size, err);
    }
    return r == 0 ? oci_blob_list_each(&list, each, ctx, err) : (oci_free(list.items), r);
}

static int docker_read_file(oci_store *base, const char *name, uint64_t limit, oci_buf *out, oci_error *err)
{
    /* It is larger than the manifest.json that it was made of, which the limit was for. */
    (void)limit;
    return oci_made_read_file(&((oci_docker_store *)base)->index, name, out, err);
}

static const char *docker_place(oci_store *base, const oci_digest *d)
{
    const oci_member *m = find(base, d);

    return m != NULL ? m->name : NULL;
}

static void docker_free(oci_store *base)
{
    oci_docker_store *s = (oci_docker_store *)base;

    oci_archive_free(s->archive);
    oci_store_free(s->documents);
    oci_map_free(s->members);
    oci_buf_free(&s->index);
}

int oci_store_new_docker(oci_archive *taken, const oci_limits *limits, const oci_events *events, oci_store **out,
                         bool *lower_case, oci_error *err)
{
    static const oci_store_ops ops = { .open = docker_open,
                                       .stat = docker_stat,
                                       .each = docker_each,
                                       .read_file = docker_read_file,
                                       .each_name = oci_made_each_name,
                                       .place = docker_place,
                                       .free = docker_free };
    OCI_AUTO(oci_archive) archive = taken;
    OCI_AUTO(oci_store) guard = NULL;
    oci_docker_store *s = oci_calloc(1, sizeof *s);
    int r;

    if (s == NULL)
        return oci_fail_nomem(err);
    s->base.ops = &ops;
    guard = &s->base;
    s->archive = oci_steal(&archive);
    s->members = oci_map_new();
    r = s->members != NULL ? oci_store_new_memory(&s->documents, err) : oci_fail_nomem(err);
    if (r == 0)
        r = oci_docker_make_images(s, limits, events, err);
    if (r < 0)
        return r;
    *lower_case = s->lower_case;
    *out = oci_steal(&guard);
    return 0;
}
