/* SPDX-License-Identifier: Apache-2.0 */
/* Validating a layout: its own files, then what they lead to, then what lies around, then the content. */
#include "validation.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "image.h"
#include "store/layout.h"
#include "store/store.h"
#include "stream/stream.h"

/* A file of the layout that is no blob. */
static oci_node node_of_file(oci_validation *v, const char *file, const oci_buf *text)
{
    return (oci_node) {
        .report = v->report,
        .place = { .layout = v->name, .file = file },
        .order = ++v->order,
        .first = oci_report_count(v->report),
        .text = text->data != NULL ? text->data : "",
        .len = text->len,
    };
}

/* Reads such a file; what is not there or no file is told. *there says whether there is something to read. */
static int read_file(oci_validation *v, oci_node *n, const char *missing, oci_buf *out, bool *there, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    int r = oci_layout_read_file(v->layout, n->place.file, out, &why);

    *there = r == 0;
    switch (r) {
    case 0:
        n->text = out->data != NULL ? out->data : "";
        n->len = out->len;
        return 0;
    case OCI_E_NOT_FOUND:
        oci_tell(n, missing, OCI_TOLD_RULE, NULL, "%s is not there", n->place.file);
        break;
    case OCI_E_INVALID:
    case OCI_E_UNSAFE:
        oci_tell(n, missing, OCI_TOLD_RULE, NULL, "%s", why.msg);
        break;
    case OCI_E_LIMIT:
        oci_tell(n, "limits.document", OCI_TOLD_RULE, NULL, "%s", why.msg);
        break;
    default:
        return oci_fail_as(err, &why);
    }
    return n->failed < 0 ? oci_fail_nomem(err) : 0;
}

static int check_layout_file(oci_validation *v, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_node n = node_of_file(v, "oci-layout", &text);
    void *file = NULL;
    bool there;
    int r = read_file(v, &n, "layout.oci-layout.file-present", &text, &there, err), finished;

    if (r < 0 || !there)
        return r;
    r = oci_node_decode(&n, OCI_DOCUMENT_LAYOUT, &v->limits, &file);
    if (file != NULL)
        oci_check_layout_file_rules(&n, file);
    oci_decoded_free(file);
    finished = oci_node_finish(&n);
    return r < 0 || finished < 0 ? oci_fail_nomem(err) : 0;
}

/* ---- index.json ---- */

/* Follows the entries of that name alone, as oci_resolve understands it. */
static int follow_named(oci_validation *v, oci_node *n, const oci_index *index, oci_error *err)
{
    const oci_naming how = oci_naming_of(index, v->wanted_name);
    int r = 0;

    if (how == OCI_NAMED_NOT)
        return oci_fail(err, OCI_E_NOT_FOUND, "no image is named '%s'", v->wanted_name);
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++)
        if (oci_is_named(index->manifests[i], how, v->wanted_name))
            r = oci_follow(v, n, "manifests", i, index->manifests[i], false, err);
    return r;
}

static bool same_platform(const oci_platform *a, const oci_platform *b)
{
    char x[256], y[256];

    if (a == NULL || b == NULL)
        return a == b;
    oci_platform_format(a, x, sizeof x);
    oci_platform_format(b, y, sizeof y);
    return strcmp(x, y) == 0;
}

/* Entries of one name and platform that lead to different content. The first of each name is remembered. */
static void check_names(oci_node *n, const oci_index *index)
{
    OCI_AUTO(oci_map) names = oci_map_new();

    if (names == NULL)
        n->failed = OCI_E_NOMEM;
    for (size_t i = 0; n->failed == 0 && i < index->n_manifests; i++) {
        const oci_descriptor *d = index->manifests[i], *first;
        const char *name = oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME);
        oci_pointer at = { .len = 0 };
        void *known;

        if (name == NULL)
            continue;
        if (!oci_map_get(names, name, strlen(name), &known)) {
            if (oci_map_set(names, name, strlen(name), (void *)(uintptr_t)i) < 0)
                n->failed = OCI_E_NOMEM;
            continue;
        }
        first = index->manifests[(uintptr_t)known];
        oci_pointer_add(&at, "manifests", i);
        if (strcmp(first->digest_text, d->digest_text) != 0 && same_platform(first->platform, d->platform))
            oci_tell(n, "layout.ref-name.ambiguous", OCI_TOLD_RULE, at.text,
                     "an entry before this one is called '%s' too", name);
    }
}

static int check_index(oci_validation *v, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_node n = node_of_file(v, "index.json", &text);
    void *index = NULL;
    bool there;
    int r = read_file(v, &n, "layout.index-json.file-present", &text, &there, err), finished;

    if (r < 0 || !there)
        return r;
    n.is_index_json = true;
    n.place.path = "";
    if (oci_node_decode(&n, OCI_DOCUMENT_INDEX, &v->limits, &index) < 0)
        r = oci_fail_nomem(err);
    if (r == 0 && index != NULL) {
        oci_check_index_rules(&n, index);
        check_names(&n, index);
        r = v->wanted_name != NULL ? follow_named(v, &n, index, err) : oci_follow_index(v, &n, index, err);
        if (r == 0 && v->wanted_digest != NULL && !v->found)
            r = oci_fail(err, OCI_E_NOT_FOUND, "no manifest %s is reachable from index.json", v->wanted_digest);
    } else if (r == 0 && v->wanted_name == NULL) {
        r = oci_follow_parts(v, &n, err);
    }
    oci_decoded_free(index);
    finished = oci_node_finish(&n);
    return r == 0 && finished < 0 ? oci_fail_nomem(err) : r;
}

/* ---- all of it ---- */

/* What a layout was made of that is no directory. */
static int check_origin(oci_validation *v, oci_error *err)
{
    oci_node n = node_of_file(v, "manifest.json", &(oci_buf)OCI_BUF_INIT);

    if (v->layout->is_lower_case)
        oci_tell(&n, "docker-archive.member-case", OCI_TOLD_RULE, NULL, "members are written with small letters");
    return n.failed < 0 ? oci_fail_nomem(err) : 0;
}

static int walk(oci_validation *v, oci_error *err)
{
    bool whole = v->wanted_name == NULL && v->wanted_digest == NULL;
    int r = check_layout_file(v, err);

    if (r == 0)
        r = check_origin(v, err);
    if (r == 0)
        r = check_index(v, err);
    if (r == 0)
        r = oci_follow_later(v, err);
    if (r == 0 && whole)
        r = oci_validate_tree(v, err);
    if (r == 0)
        r = oci_validate_blobs(v, err);
    if (r == 0)
        r = oci_validate_images(v, err);
    return r;
}

int oci_validate_layout(oci_report *report, int dirfd, const char *path, const oci_layout_options *how,
                        const char *name, const char *digest, oci_error *err)
{
    const oci_validate_options *o = oci_report_options(report);
    oci_layout_options options = how != NULL ? *how : (oci_layout_options) { 0 };
    OCI_AUTO(oci_layout) layout = NULL;
    oci_validation v = {
        .report = report,
        .o = o,
        .limits = oci_limits_resolve(o->limits),
        .name = path[0] != '\0' ? path : "-",
        .wanted_name = name,
        .wanted_digest = digest,
        .first = oci_report_count(report),
    };
    int r;

    options.limits = o->limits;
    options.events = o->events;
    options.read_only = true;
    r = oci_layout_open_unread(dirfd, path, &options, &layout, err);
    if (r < 0)
        return r;
    v.layout = layout;
    v.store = oci_layout_store(layout);
    v.arena = oci_arena_new(0);
    v.contents = oci_map_new();
    v.uses = oci_map_new();
    r = v.arena != NULL && v.contents != NULL && v.uses != NULL ? oci_wrap(err, walk(&v, err), "'%s'", v.name)
                                                                : oci_fail_nomem(err);
    oci_report_sort(report, v.first);
    for (size_t i = 0; i < v.jobs.count; i++)
        oci_layer_facts_free(&v.jobs.items[i]->layer);
    oci_free(v.jobs.items);
    oci_free(v.images.items);
    oci_free(v.later.items);
    oci_buf_free(&v.path);
    oci_map_free(v.contents);
    oci_map_free(v.uses);
    oci_arena_free(v.arena);
    return r;
}
