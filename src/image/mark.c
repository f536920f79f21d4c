/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marking. Documents are not read with the field tables: whatever object in them has a member "digest" refers to that
 * blob, also where a newer specification, or none, has put it. Too much may be kept that way, never too little.
 *
 * A document is opened once; memory grows with the blobs that are there, not with what documents promise.
 */
#include "mark.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/text.h"
#include "base/vec.h"
#include "json/json.h"
#include "spec/spec.h"

/* How sure it is that a blob is a document, and so how it is read. */
enum { UNOPENED, PERHAPS_A_DOCUMENT, A_DOCUMENT };

struct oci_mark_task {
    size_t blob;   /* its number, or content that a descriptor brought along: */
    oci_buf bytes; /* when not empty */
};

static int add_blob(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    oci_marking *m = ctx;
    oci_marked_blob b = { .digest = *d, .size = size };
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    struct stat entry, file;
    int r = oci_store_find_file(m->layout->store, d, &entry, &file, err);

    if (r < 0)
        return r;
    b.changed = oci_last_change(&entry);
    if (oci_last_change(&file) > b.changed)
        b.changed = oci_last_change(&file);
    b.dev = file.st_dev;
    b.ino = file.st_ino;
    b.linked = S_ISLNK(entry.st_mode);
    if (!OCI_VEC_PUSH(&m->blobs, b) || oci_map_set(m->by_text, text, n, (void *)(uintptr_t)m->blobs.count) < 0)
        return oci_fail_nomem(err);
    return 0;
}

int oci_marking_new(oci_layout *l, const oci_mark_options *o, oci_marking **out, oci_error *err)
{
    OCI_AUTO(oci_marking) m = oci_calloc(1, sizeof *m);
    int r;

    if (m == NULL)
        return oci_fail_nomem(err);
    m->layout = l;
    m->o = *o;
    m->limits = oci_limits_resolve(o->limits);
    m->by_text = oci_map_new();
    if (m->by_text == NULL)
        return oci_fail_nomem(err);
    r = oci_store_each(l->store, add_blob, m, err);
    if (r == 0)
        *out = oci_steal(&m);
    return r;
}

void oci_marking_free(oci_marking *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->tasks.count; i++)
        oci_buf_free(&m->tasks.items[i].bytes);
    oci_free(m->tasks.items);
    oci_free(m->blobs.items);
    oci_map_free(m->by_text);
    oci_map_free(m->referrers);
    oci_free(m);
}

static size_t number_in(const oci_map *map, const char *digest, size_t n)
{
    void *number = NULL;

    return oci_map_get(map, digest, n, &number) ? (size_t)(uintptr_t)number : 0;
}

oci_marked_blob *oci_marking_find(const oci_marking *m, const char *digest, size_t n)
{
    size_t number = number_in(m->by_text, digest, n);

    return number > 0 ? &m->blobs.items[number - 1] : NULL;
}

/* ---- marking ---- */

/* Sees to it that the blob is read, unless it was already in the same way. */
static int open_later(oci_marking *m, oci_marked_blob *b, uint8_t how, oci_error *err)
{
    struct oci_mark_task task = { .blob = (size_t)(b - m->blobs.items) };

    if (b->opened >= how)
        return 0;
    b->opened = how;
    return OCI_VEC_PUSH(&m->tasks, task) ? 0 : oci_fail_nomem(err);
}

/* Marks a blob, opens it when how says so, and does the same for its referrers once they are known. */
static int mark(oci_marking *m, oci_marked_blob *b, uint8_t how, oci_error *err)
{
    bool before = b->marked;
    char text[OCI_DIGEST_MAX_TEXT];
    int r = 0;

    b->marked = true;
    if (!before && m->referrers != NULL) {
        size_t n = oci_digest_format(&b->digest, text, sizeof text);

        /* Opened, not marked by calling ourselves: chains of referrers may be long. */
        for (size_t i = number_in(m->referrers, text, n); r == 0 && i > 0; i = m->blobs.items[i - 1].next)
            r = open_later(m, &m->blobs.items[i - 1], A_DOCUMENT, err);
    }
    return r == 0 ? open_later(m, b, how, err) : r;
}

static const char *text_member(const oci_value *object, const char *name, size_t *n)
{
    const oci_value *v = NULL;

    return oci_value_get(object, name, &v) ? oci_value_string(v, n) : NULL;
}

/* Content that a descriptor brings along is read when the store does not have it. */
static int open_embedded(oci_marking *m, const oci_value *descriptor, oci_error *err)
{
    struct oci_mark_task task = { .bytes = OCI_BUF_INIT };
    size_t n = 0, len = 0;
    const char *data = text_member(descriptor, "data", &n);
    int r;

    if (data == NULL || n == 0)
        return 0;
    r = oci_buf_reserve(&task.bytes, oci_base64_max(n), err);
    if (r < 0)
        return r;
    if (!oci_base64_decode(data, n, task.bytes.data, &len) || len == 0) {
        oci_buf_free(&task.bytes);
        return 0;
    }
    task.bytes.len = len;
    if (OCI_VEC_PUSH(&m->tasks, task))
        return 0;
    oci_buf_free(&task.bytes);
    return oci_fail_nomem(err);
}

/* What the type of a descriptor makes of its blob. In an index stand documents, also of types that nobody knows here.
 */
static uint8_t kind_of(const oci_value *descriptor, bool in_index)
{
    size_t n = 0;
    oci_media_kind kind = oci_media_type_info(text_member(descriptor, "mediaType", &n)).kind;

    if (kind == OCI_MEDIA_MANIFEST || kind == OCI_MEDIA_INDEX)
        return A_DOCUMENT;
    return kind == OCI_MEDIA_OTHER && in_index ? PERHAPS_A_DOCUMENT : UNOPENED;
}

/* Marks what v and all in it refer to. Trees are never deeper than the JSON reader allows. */
static int scan(oci_marking *m, const oci_value *v, bool in_index, oci_error *err)
{
    const oci_value_type type = oci_value_type_of(v);
    oci_value_cursor cursor = { NULL };
    const oci_value *member;
    const char *name, *digest;
    size_t n = 0;
    int r = 0;

    if (type == OCI_VALUE_ARRAY)
        for (size_t i = 0; r == 0 && i < oci_value_count(v); i++)
            r = scan(m, oci_value_item(v, i), in_index, err);
    if (type != OCI_VALUE_OBJECT)
        return r;
    digest = text_member(v, "digest", &n);
    if (digest != NULL) {
        oci_marked_blob *b = oci_marking_find(m, digest, n);
        uint8_t kind = kind_of(v, in_index);

        if (b != NULL)
            r = mark(m, b, kind, err);
        else if (kind != UNOPENED)
            r = open_embedded(m, v, err);
    }
    while (r == 0 && oci_value_next(v, &cursor, &name, &member))
        r = scan(m, member, in_index, err);
    return r;
}

/* ---- reading ---- */

static int read_blob(oci_marking *m, const oci_marked_blob *b, oci_buf *out, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    const oci_descriptor d = { .digest = b->digest, .digest_text = text, .size = b->size };

    oci_digest_format(&b->digest, text, sizeof text);
    return oci_store_read_blob(m->layout->store, &d, m->limits.max_document, out, err);
}

static int scan_document(oci_marking *m, const oci_value *v, oci_error *err)
{
    return scan(m, v, oci_value_type_of(v) == OCI_VALUE_OBJECT && oci_value_get(v, "manifests", NULL), err);
}

/* Whether a failure speaks of the image, not of the machine. */
static bool is_damage(int r)
{
    return r == OCI_E_INVALID || r == OCI_E_DIGEST || r == OCI_E_SIZE || r == OCI_E_LIMIT || r == OCI_E_UNSUPPORTED;
}

static int open_blob(oci_marking *m, oci_marked_blob *b, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    OCI_AUTO(oci_value) v = NULL;
    const bool certain = b->opened == A_DOCUMENT;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_error problem = OCI_ERROR_INIT;
    int r;

    if (!certain && b->size > m->limits.max_document)
        return 0; /* no document of any kind */
    r = read_blob(m, b, &bytes, &problem);
    if (r == 0) {
        r = oci_value_parse(bytes.data, bytes.len, &m->limits, &v, &problem);
        if (!certain && is_damage(r))
            return 0;
    }
    if (r == 0)
        return scan_document(m, v, err);
    oci_digest_format(&b->digest, text, sizeof text);
    if (is_damage(r) && m->o.ignore_damaged) {
        oci_warn(m->o.events, "document %s: %s", text, problem.msg);
        return 0;
    }
    return oci_fail(err, r, "document %s: %s", text, problem.msg);
}

/* A document in a descriptor that is not what it says refers to nothing: its parent is what was verified. */
static int open_bytes(oci_marking *m, const oci_buf *bytes, oci_error *err)
{
    OCI_AUTO(oci_value) v = NULL;
    int r = oci_value_parse(bytes->data, bytes->len, &m->limits, &v, err);

    return r == 0 ? scan_document(m, v, err) : is_damage(r) ? 0 : r;
}

/* Reads documents until there is none left to be read. */
static int drain(oci_marking *m, oci_error *err)
{
    int r = 0;

    while (r == 0 && m->tasks.count > 0) {
        struct oci_mark_task task = m->tasks.items[--m->tasks.count];

        r = oci_check_cancelled(m->o.events, err);
        if (r == 0 && task.bytes.len > 0)
            r = open_bytes(m, &task.bytes, err);
        else if (r == 0)
            /* A referrer is opened before it is marked. */
            r = mark(m, &m->blobs.items[task.blob], UNOPENED, err);
        if (r == 0 && task.bytes.len == 0)
            r = open_blob(m, &m->blobs.items[task.blob], err);
        oci_buf_free(&task.bytes);
    }
    return r;
}

int oci_marking_follow(oci_marking *m, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    OCI_AUTO(oci_index) index = NULL;
    OCI_AUTO(oci_value) v = NULL;
    int r = oci_layout_read_file(m->layout, "index.json", &bytes, err);

    /* What is no index would refer to nothing, and everything would be removed. */
    if (r == 0)
        r = oci_wrap(err, oci_index_parse(bytes.data, bytes.len, &m->limits, &index, err), "index.json");
    if (r == 0)
        r = oci_value_parse(bytes.data, bytes.len, &m->limits, &v, err);
    if (r == 0)
        r = scan_document(m, v, err);
    return r == 0 ? drain(m, err) : r;
}

/* ---- what index.json does not lead to ---- */

/* Puts a document that nothing refers to on the list of its subject. */
static int note_referrer(oci_marking *m, oci_marked_blob *b, const oci_value *document, oci_map *referrers,
                         oci_error *err)
{
    const oci_value *subject = NULL;
    size_t n = 0;
    const char *digest;

    if (!oci_value_get(document, "subject", &subject) || oci_value_type_of(subject) != OCI_VALUE_OBJECT)
        return 0;
    digest = text_member(subject, "digest", &n);
    if (digest == NULL || oci_marking_find(m, digest, n) == NULL)
        return 0;
    b->next = number_in(referrers, digest, n);
    if (oci_map_set(referrers, digest, n, (void *)(uintptr_t)(b - m->blobs.items + 1)) < 0)
        return oci_fail_nomem(err);
    return 0;
}

/* Looks at a blob that nothing refers to. What is no document, or damaged, is no matter here. */
static int look_at(oci_marking *m, oci_marked_blob *b, oci_map *referrers, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    OCI_AUTO(oci_value) v = NULL;
    oci_error problem = OCI_ERROR_INIT;
    int r;

    if (b->size > m->limits.max_document)
        return 0;
    r = read_blob(m, b, &bytes, &problem);
    if (r == 0 && bytes.len > 0 && bytes.data[0] == '{')
        r = oci_value_parse(bytes.data, bytes.len, &m->limits, &v, &problem);
    if (r < 0)
        return is_damage(r) ? 0 : oci_fail(err, r, "%s", problem.msg);
    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return 0;
    if (b->changed > m->o.before)
        r = scan_document(m, v, err);
    return r == 0 ? note_referrer(m, b, v, referrers, err) : r;
}

/* A blob may be a link to the file of another one. */
static int mark_targets_of_links(oci_marking *m, oci_error *err)
{
    OCI_AUTO(oci_map) files = oci_map_new();
    uint64_t key[2];

    if (files == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < m->blobs.count; i++) {
        const oci_marked_blob *b = &m->blobs.items[i];

        key[0] = b->dev;
        key[1] = b->ino;
        if (b->linked && b->marked && oci_map_set(files, key, sizeof key, NULL) < 0)
            return oci_fail_nomem(err);
    }
    for (size_t i = 0; i < m->blobs.count; i++) {
        key[0] = m->blobs.items[i].dev;
        key[1] = m->blobs.items[i].ino;
        if (!m->blobs.items[i].marked && oci_map_get(files, key, sizeof key, NULL))
            m->blobs.items[i].marked = true;
    }
    return 0;
}

int oci_marking_follow_unnamed(oci_marking *m, oci_error *err)
{
    OCI_AUTO(oci_map) referrers = oci_map_new();
    int r = referrers != NULL ? 0 : oci_fail_nomem(err);

    for (size_t i = 0; r == 0 && i < m->blobs.count; i++) {
        r = oci_check_cancelled(m->o.events, err);
        if (r == 0 && !m->blobs.items[i].marked)
            r = look_at(m, &m->blobs.items[i], referrers, err);
    }
    m->referrers = oci_steal(&referrers);
    /* Those of what was marked before they were known. */
    for (size_t i = 0; r == 0 && i < m->blobs.count; i++) {
        if (!m->blobs.items[i].marked)
            continue;
        m->blobs.items[i].marked = false;
        r = mark(m, &m->blobs.items[i], UNOPENED, err);
    }
    if (r == 0)
        r = drain(m, err);
    return r == 0 ? mark_targets_of_links(m, err) : r;
}
