/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions over index.json. Edits are collected and carried out at commit on the index as it is then, so that two
 * writers of different names never lose each other's.
 *
 * Two locks: the layout directory is held shared from begin to end, so that a sweep of unreferenced blobs (which holds
 * it exclusively) cannot take what this transaction has put; the file oci-layout, which is never replaced, is held
 * exclusively while index.json is read, changed and renamed.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/vec.h"
#include "layout.h"
#include "os/os.h"
#include "spec/spec.h"
#include "store.h"

struct edit {
    enum { EDIT_SET, EDIT_DELETE, EDIT_EXPECT } kind;
    bool beside;       /* SET: entries of the name with other digests stay */
    char *name;        /* or NULL */
    char *digest;      /* DELETE: of the entries to go; NULL: all of the name */
    oci_index *entry;  /* SET: an index of one entry, as it shall stand */
    oci_digest expect; /* EXPECT; alg NONE: nothing */
};

struct oci_txn {
    oci_layout *layout;
    int lock;
    struct {
        struct edit *items;
        size_t count, cap;
    } edits;
    oci_txn_last *last; /* or NULL */
    void *last_ctx;
};

int oci_txn_begin(oci_layout *l, oci_txn **out, oci_error *err)
{
    OCI_AUTO(oci_txn) t = NULL;
    OCI_AUTO(oci_index) fresh = NULL;
    int r;

    if (l->read_only)
        return oci_fail(err, OCI_E_PERM, "the layout was opened for reading only");
    t = oci_calloc(1, sizeof *t);
    if (t == NULL)
        return oci_fail_nomem(err);
    t->layout = l;
    t->lock = -1;
    /* Nobody else has what is only being written. */
    if (l->archive) {
        *out = oci_steal(&t);
        return 0;
    }
    r = oci_layout_lock(l, false, &t->lock, err);
    if (r == 0)
        r = oci_layout_read_index(l, &fresh, err);
    if (r < 0)
        return r;
    oci_layout_set_index(l, oci_steal(&fresh));
    *out = oci_steal(&t);
    return 0;
}

void oci_txn_abort(oci_txn *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->edits.count; i++) {
        oci_free(t->edits.items[i].name);
        oci_free(t->edits.items[i].digest);
        oci_index_free(t->edits.items[i].entry);
    }
    oci_free(t->edits.items);
    oci_closep_(&t->lock);
    oci_free(t);
}

/* Takes what e holds. */
static int add_edit(oci_txn *t, const char *name, struct edit e, oci_error *err)
{
    e.name = name != NULL ? oci_strdup(name) : NULL;
    if ((name != NULL && e.name == NULL) || !OCI_VEC_PUSH(&t->edits, e)) {
        oci_free(e.name);
        oci_free(e.digest);
        oci_index_free(e.entry);
        return oci_fail_nomem(err);
    }
    return 0;
}

/* The annotations of d with its name replaced (or gone, for NULL), in items[count + 1]. What containerd calls it goes
 * with the old name. */
static oci_annotations rename_annotations(const oci_annotations *old, const char *name, oci_pair *items)
{
    const char *before = oci_annotations_get(old, OCI_ANNOTATION_REF_NAME);
    const bool same = before != NULL && name != NULL && strcmp(before, name) == 0;
    oci_annotations a = { .items = items };

    for (size_t i = 0; old != NULL && i < old->count; i++)
        if (strcmp(old->items[i].key, OCI_ANNOTATION_REF_NAME) != 0 &&
            (same || strcmp(old->items[i].key, OCI_ANNOTATION_CONTAINERD_NAME) != 0))
            items[a.count++] = old->items[i];
    if (name != NULL)
        items[a.count++] = (oci_pair) { .key = OCI_ANNOTATION_REF_NAME,
                                        .value = name,
                                        .key_len = sizeof OCI_ANNOTATION_REF_NAME - 1,
                                        .value_len = strlen(name) };
    return a;
}

/* Makes an index of its own that holds d under that name, so that the edit borrows nothing from the caller. */
static int make_entry(const oci_descriptor *d, const char *name, const oci_limits *limits, oci_index **out,
                      oci_error *err)
{
    size_t count = d->annotations != NULL ? d->annotations->count : 0;
    OCI_AUTO_MEM oci_pair *items = oci_calloc(count + 1, sizeof *items);
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    oci_descriptor entry = *d;
    const oci_descriptor *list[] = { &entry };
    oci_index index = { .manifests = list, .n_manifests = 1 };
    oci_annotations annotations;
    int r;

    if (items == NULL)
        return oci_fail_nomem(err);
    annotations = rename_annotations(d->annotations, name, items);
    entry.annotations = annotations.count > 0 ? &annotations : NULL;
    r = oci_index_print(&index, &json, err);
    if (r < 0)
        return r;
    return oci_index_parse(json.data, json.len, limits, out, err);
}

static int set_ref(oci_txn *t, const char *name, const oci_descriptor *d, bool beside, oci_error *err)
{
    struct edit e = { .kind = EDIT_SET, .beside = beside };
    int r;

    if (name != NULL && !oci_ref_name_is_wellformed(name))
        return oci_fail(err, OCI_E_USAGE, "'%s' is no reference name", name);
    r = make_entry(d, name, &t->layout->limits, &e.entry, err);
    return r < 0 ? r : add_edit(t, name, e, err);
}

int oci_txn_set_ref(oci_txn *t, const char *name, const oci_descriptor *d, oci_error *err)
{
    return set_ref(t, name, d, false, err);
}

int oci_txn_add_ref(oci_txn *t, const char *name, const oci_descriptor *d, oci_error *err)
{
    return set_ref(t, name, d, true, err);
}

int oci_txn_delete_ref(oci_txn *t, const char *name, oci_error *err)
{
    return add_edit(t, name, (struct edit) { .kind = EDIT_DELETE }, err);
}

int oci_txn_delete_entry(oci_txn *t, const char *name, const char *digest, oci_error *err)
{
    struct edit e = { .kind = EDIT_DELETE, .digest = oci_strdup(digest) };

    return e.digest != NULL ? add_edit(t, name, e, err) : oci_fail_nomem(err);
}

int oci_txn_expect(oci_txn *t, const char *name, const oci_digest *old, oci_error *err)
{
    struct edit e = { .kind = EDIT_EXPECT };

    if (old != NULL)
        e.expect = *old;
    return add_edit(t, name, e, err);
}

void oci_txn_at_commit(oci_txn *t, oci_txn_last *last, void *ctx)
{
    t->last = last;
    t->last_ctx = ctx;
}

static int carry_out_delete(const struct edit *e, oci_entries *list, oci_error *err)
{
    if (oci_entries_delete(list, e->name, e->digest))
        return 0;
    if (e->digest == NULL)
        return oci_fail(err, OCI_E_NOT_FOUND, "the layout has no image named '%s'", e->name);
    return oci_fail(err, OCI_E_NOT_FOUND, "index.json has no entry %s %s%s%s", e->digest,
                    e->name != NULL ? "named '" : "without a name", e->name != NULL ? e->name : "",
                    e->name != NULL ? "'" : "");
}

static int check_expectation(const struct edit *e, const oci_entries *list, oci_error *err)
{
    const bool nothing = e->expect.alg == OCI_DIGEST_NONE;
    size_t at = 0;
    const oci_descriptor *found = oci_entries_next(list, e->name, &at);

    /* A digest of an unknown algorithm is not "nothing" either. */
    if (found == NULL ? nothing : !nothing && oci_digest_equal(&found->digest, &e->expect))
        return 0;
    return oci_fail(err, OCI_E_CONFLICT, "'%s' was changed by somebody else and is %s now", e->name,
                    found != NULL ? found->digest_text : "gone");
}

static int carry_out(const oci_txn *t, oci_entries *list, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < t->edits.count; i++) {
        const struct edit *e = &t->edits.items[i];

        switch (e->kind) {
        case EDIT_SET:
            r = oci_entries_set(list, e->name, e->entry->manifests[0], e->beside, err);
            break;
        case EDIT_DELETE:
            r = carry_out_delete(e, list, err);
            break;
        case EDIT_EXPECT:
            r = check_expectation(e, list, err);
            break;
        }
    }
    return r;
}

/* The index as it becomes; json gets its text. */
static int edit_index(oci_txn *t, const oci_index *old, oci_buf *json, oci_index **out, oci_error *err)
{
    OCI_AUTO(oci_entries) entries = NULL;
    OCI_AUTO_MEM const oci_descriptor **list = NULL;
    oci_index edited = *old;
    int r = oci_entries_new(old, &entries, err);

    if (r == 0 && t->last != NULL)
        r = t->last(t->last_ctx, t, entries, err);
    if (r == 0)
        r = carry_out(t, entries, err);
    if (r == 0)
        r = oci_entries_list(entries, &list, &edited.n_manifests, err);
    edited.manifests = list;
    if (r == 0)
        r = oci_index_print(&edited, json, err);
    if (r == 0)
        r = oci_wrap(err, oci_index_parse(json->data, json->len, &t->layout->limits, out, err), "the new index.json");
    return r;
}

/* Reads, changes and replaces index.json; the lock is held. */
static int replace_index(oci_txn *t, oci_error *err)
{
    oci_layout *l = t->layout;
    OCI_AUTO(oci_index) old = NULL;
    OCI_AUTO(oci_index) fresh = NULL;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r = oci_layout_read_index(l, &old, err);

    if (r == 0)
        r = edit_index(t, old, &json, &fresh, err);
    if (r == 0)
        r = oci_layout_replace_file(l, l->fd, "index.json", json.data, json.len, err);
    if (r < 0)
        return r;
    oci_layout_set_index(l, oci_steal(&fresh));
    return 0;
}

static int write_index(oci_txn *t, oci_error *err)
{
    OCI_AUTO(oci_index) fresh = NULL;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r = edit_index(t, t->layout->index, &json, &fresh, err);

    return r == 0 ? oci_layout_end_archive(t->layout, fresh, err) : r;
}

/* Network file systems lock for writing only what is open for writing. */
static int open_lock_file(oci_layout *l, int *fd, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(l->fd);
    int r = oci_root_open_file(&root, "oci-layout", fd, NULL, err);
    int writable = -1;

    if (r == 0 && oci_root_open(&root, "oci-layout", O_RDWR, &writable, NULL) == 0) {
        close(*fd);
        *fd = writable;
    }
    return r;
}

static int change_index(oci_txn *t, oci_error *err)
{
    OCI_AUTO_FD int lock = -1;
    int r = open_lock_file(t->layout, &lock, err);

    if (r == 0)
        r = oci_lock(lock, true, t->layout->events, err);
    return r == 0 ? replace_index(t, err) : r;
}

struct moving {
    oci_store *from, *to;
};

static int move_blob(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    const struct moving *m = ctx;

    (void)size;
    return oci_store_link_blob(m->from, m->to, d, err);
}

/* Somebody else has made a layout where this staged one was to stand: it becomes a part of theirs. */
static int join(oci_txn *t, oci_error *err)
{
    oci_layout *l = t->layout;
    const oci_layout_options o = { .limits = &l->limits,
                                   .events = l->events,
                                   .fsync = l->sync ? OCI_FSYNC_DEFAULT : OCI_FSYNC_NONE };
    OCI_AUTO(oci_layout) theirs = NULL;
    struct moving moving = { .from = l->store };
    int fd = -1, r = oci_tmpdir_open_goal(l->stage, &fd, err);

    if (r == 0)
        r = oci_layout_open_fd(fd, &o, &theirs, err);
    if (r == 0)
        r = oci_layout_lock(theirs, false, &t->lock, err);
    if (r < 0)
        return r;
    moving.to = theirs->store;
    r = oci_store_each(l->store, move_blob, &moving, err);
    if (r < 0)
        return r;
    /* The store and whoever holds it go on with the same number. */
    if (dup3(theirs->fd, l->fd, O_CLOEXEC) < 0)
        return oci_fail_errno(err, "open the layout");
    oci_layout_end_stage(l);
    return change_index(t, err);
}

int oci_txn_commit(oci_txn *taken, oci_error *err)
{
    OCI_AUTO(oci_txn) t = taken;
    int r;

    if (t->layout->archive)
        return write_index(t, err);
    /* A new layout gets its name also when it stays empty. */
    if (t->edits.count == 0 && t->last == NULL && t->layout->stage == NULL)
        return 0;
    r = change_index(t, err);
    if (r < 0 || t->layout->stage == NULL)
        return r;
    r = oci_layout_publish(t->layout, err);
    return r == OCI_E_EXISTS ? join(t, err) : r;
}
