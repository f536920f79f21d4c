/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers on each other. What an entry means can depend on what lies below: a hard link leads into a lower layer, a
 * directory on the way is a link. So the entries of each layer are kept in few bytes while it is read, and put together
 * for each image by the view that is held to the applier (layer/view.h).
 *
 * An entry is kept as its type, how many bytes of its name are those of the name before, in two bytes, and the rest of
 * the name, the name it is stored under when that is another one, and its link, each with a NUL behind.
 */
#include "validation.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"

enum { HEAD = 3 /* bytes before the first text */ };

/* Takes n bytes of the room that all layers share; false when it is not left. */
static bool take_room(atomic_size_t *room, size_t n)
{
    size_t left = atomic_load(room);

    do
        if (left < n)
            return false;
    while (!atomic_compare_exchange_weak(room, &left, left - n));
    return true;
}

static char *put_text(char *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    to[n] = '\0';
    return to + n + 1;
}

int oci_layer_keep(oci_layer_facts *f, atomic_size_t *room, oci_kept_name *last, const oci_tar_entry *e)
{
    const char *stored = strcmp(e->stored_name, e->name) != 0 ? e->stored_name : "";
    const char *link = e->link != NULL ? e->link : "";
    const size_t stored_len = strlen(stored), link_len = strlen(link);
    const size_t weight = HEAD + e->name_len + 1 + stored_len + 1 + link_len + 1;
    size_t same = 0;
    char *to;

    if (!f->is_kept)
        return 0;
    while (same < last->len && e->name[same] == last->bytes[same])
        same++;
    /* What is asked of the room is what the view will need of it, which has every name as a whole. */
    if (!take_room(room, weight)) {
        oci_buf_free(&f->kept);
        f->is_kept = false;
        f->no_room = true;
        return 0;
    }
    if (oci_buf_reserve(&f->kept, weight - same, NULL) < 0)
        return OCI_E_NOMEM;
    to = f->kept.data + f->kept.len;
    to[0] = (char)e->type;
    to[1] = (char)(same & 0xff);
    to[2] = (char)(same >> 8);
    to = put_text(to + HEAD, e->name + same, e->name_len - same);
    to = put_text(to, stored, stored_len);
    put_text(to, link, link_len);
    f->kept.len += weight - same;
    put_text(last->bytes + same, e->name + same, e->name_len - same);
    last->len = e->name_len;
    return 0;
}

/* The entry at *at, which is set behind it. last: the name of the entry before, and then of this one. */
static oci_tar_entry kept_entry(const char **at, oci_kept_name *last)
{
    const unsigned char *head = (const unsigned char *)*at;
    const size_t same = head[1] | (size_t)head[2] << 8, more = strlen(*at + HEAD);
    oci_tar_entry e = { .type = (oci_tar_type)head[0], .name = last->bytes, .name_len = same + more };
    const char *stored, *link;

    put_text(last->bytes + same, *at + HEAD, more);
    stored = *at + HEAD + more + 1;
    link = stored + strlen(stored) + 1;
    e.stored_name = *stored != '\0' ? stored : e.name;
    e.link = e.type == OCI_TAR_SYMLINK || e.type == OCI_TAR_HARDLINK ? link : NULL;
    *at = link + strlen(link) + 1;
    return e;
}

/* Puts one layer on those before. The entry that cannot be applied, or what is missing at the end, is told. 1 when it
 * was refused. is_told: the layers have too many entries even without directories made for them. */
static int put_layer(oci_view *view, oci_node *n, const oci_content *c, size_t number, bool is_told, oci_error *err)
{
    const char *at = c->layer.kept.len > 0 ? c->layer.kept.data : "", *end = at + c->layer.kept.len;
    oci_finding place = n->place;
    oci_error why = OCI_ERROR_INIT;
    oci_kept_name last = { .len = 0 };
    const char *name = NULL;
    int r = 0;

    oci_view_begin_layer(view);
    while (r == 0 && at < end) {
        const oci_tar_entry e = kept_entry(&at, &last);

        name = e.stored_name;
        r = oci_view_entry(view, &e, &why);
    }
    if (r == 0) {
        name = NULL;
        r = oci_view_end_layer(view, &why);
    }
    if (r == 0)
        return 0;
    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    n->place.file = c->file;
    n->place.digest = c->digest_text;
    n->place.path = c->path;
    n->place.layer = number;
    n->place.entry = name;
    if (r != OCI_E_LIMIT)
        oci_tell(n, "layer.apply.possible", OCI_TOLD_REFUSED, NULL, "%s", why.msg);
    else if (oci_view_is_full(view) && !is_told)
        oci_tell(n, "limits.entries", OCI_TOLD_RULE, NULL, "%s", why.msg);
    n->place = place;
    return n->failed < 0 ? oci_fail_nomem(err) : 1;
}

/* Whether all layers were read and nothing is known already that is in the way. *room: all of them were kept. */
static bool can_merge(const oci_checked_image *image, bool *room)
{
    *room = true;
    for (size_t i = 0; i < image->n_layers; i++) {
        const oci_layer_facts *f = image->layers[i] != NULL ? &image->layers[i]->layer : NULL;

        if (f == NULL || f->is_refused || (!f->is_kept && !f->no_room))
            return false;
        *room = *room && f->is_kept;
    }
    return true;
}

/* Whether no merging is needed to know that it succeeds, and nothing is asked of what comes out. */
static bool is_sure(const oci_validation *v, const oci_checked_image *image)
{
    const oci_layer_facts *f = image->n_layers == 1 ? &image->layers[0]->layer : NULL;

    return f != NULL && f->is_plain && f->entries + f->implied <= v->limits.max_entries &&
           v->o->require_paths.count == 0;
}

int oci_merge_layers(oci_validation *v, oci_node *n, const oci_checked_image *image, oci_view **out, oci_error *err)
{
    OCI_AUTO(oci_view) view = NULL;
    uint64_t entries = 0;
    bool room;
    int r;

    if (!can_merge(image, &room) || is_sure(v, image))
        return 0;
    for (size_t i = 0; i < image->n_layers; i++)
        entries += image->layers[i]->layer.entries;
    if (!room || entries > v->merges_left) {
        v->unmerged++;
        return 0;
    }
    v->merges_left -= entries;
    r = oci_view_new(&v->limits, NULL, &view, err);
    for (size_t i = 0; r == 0 && i < image->n_layers; i++)
        r = put_layer(view, n, image->layers[i], i + 1, entries > v->limits.max_entries, err);
    if (r == 0)
        *out = oci_steal(&view);
    return r < 0 ? r : 0;
}
