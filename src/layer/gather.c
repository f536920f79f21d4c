/* SPDX-License-Identifier: Apache-2.0 */
#include "gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/vec.h"
#include "rewrite.h"

enum { CHUNK = 256 * 1024 };

/* ---- the temporary file ---- */

static int put(const oci_gather *g, const void *p, size_t n, uint64_t at, oci_error *err)
{
    const char *bytes = p;

    while (n > 0) {
        ssize_t done = pwrite(oci_tmpfile_fd(g->file), bytes, n, (off_t)at);

        if (done < 0 && errno != EINTR)
            return oci_fail_errno(err, "write a temporary file");
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
            at += (uint64_t)done;
        }
    }
    return 0;
}

/* What was never written, holes of sparse files, are zeros, also behind the end. */
static int get(const oci_gather *g, void *p, size_t n, uint64_t at, oci_error *err)
{
    char *bytes = p;

    while (n > 0) {
        ssize_t done = pread(oci_tmpfile_fd(g->file), bytes, n, (off_t)at);

        if (done < 0 && errno != EINTR)
            return oci_fail_errno(err, "read a temporary file");
        if (done == 0) {
            memset(bytes, 0, n);
            return 0;
        }
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
            at += (uint64_t)done;
        }
    }
    return 0;
}

/* ---- gathering ---- */

static int add_data(oci_gather *g, oci_tar_reader *reader, oci_gathered *item, oci_error *err)
{
    uint64_t offset;
    oci_span span;
    int r;

    item->data = g->end;
    do {
        r = oci_tar_reader_data(reader, &span, &offset, err);
        if (r == 0)
            r = put(g, span.data, span.len, g->end + offset, err);
    } while (r == 0 && span.len > 0);
    g->end += item->size;
    return r;
}

/* Each: the lengths of name and value, the name with a NUL, the value. */
static int add_xattrs(oci_gather *g, const oci_tar_entry *e, oci_gathered *item, oci_error *err)
{
    int r = 0;

    g->scratch.len = 0;
    for (size_t i = 0; r == 0 && i < e->n_xattrs; i++) {
        const oci_tar_xattr *x = &e->xattrs[i];
        const uint32_t lens[2] = { (uint32_t)strlen(x->name) + 1, (uint32_t)x->value.len };

        r = oci_buf_append(&g->scratch, lens, sizeof lens, err);
        if (r == 0)
            r = oci_buf_append(&g->scratch, x->name, lens[0], err);
        if (r == 0)
            r = oci_buf_append(&g->scratch, x->value.data, lens[1], err);
    }
    if (r == 0)
        r = put(g, g->scratch.data, g->scratch.len, g->end, err);
    item->xattrs = g->end;
    item->n_xattrs = (uint32_t)g->scratch.len;
    g->end += g->scratch.len;
    return r;
}

int oci_gather_add(oci_gather *g, oci_tar_reader *reader, const oci_tar_entry *e, oci_error *err)
{
    oci_gathered item = { .name = oci_arena_strndup(g->arena, e->name, e->name_len),
                          .name_len = (uint32_t)e->name_len,
                          .type = e->type,
                          .mode = e->mode,
                          .uid = e->uid,
                          .gid = e->gid,
                          .mtime = e->mtime,
                          .mtime_nsec = e->mtime_nsec,
                          .dev_major = e->dev_major,
                          .dev_minor = e->dev_minor,
                          .size = e->size };
    int r;

    if (e->link != NULL)
        item.link = oci_arena_strndup(g->arena, e->link, strlen(e->link));
    if (item.name == NULL || (e->link != NULL && item.link == NULL))
        return oci_fail_nomem(err);
    if (e->size > INT64_MAX - g->end)
        return oci_fail(err, OCI_E_LIMIT, "the files are too large together");
    r = add_xattrs(g, e, &item, err);
    if (r == 0 && e->type == OCI_TAR_FILE)
        r = add_data(g, reader, &item, err);
    if (r < 0)
        return r;
    return OCI_VEC_PUSH(&g->entries, item) ? 0 : oci_fail_nomem(err);
}

static int gather_strictly(void *ctx, oci_tar_reader *reader, const oci_tar_entry *e, oci_error *err)
{
    return oci_gather_add(ctx, reader, e, err);
}

/* ---- gathering what has to be mended ---- */

static bool has_dots(const char *name)
{
    for (const char *at = name; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
            return true;
    }
    return false;
}

static int gather_mended(oci_gather *g, oci_tar_reader *reader, oci_writing *w, const oci_tar_entry *e, oci_error *err)
{
    int r = 0;

    if (e->type == OCI_TAR_UNKNOWN)
        return oci_writing_leave_out(w, OCI_LEFT_UNKNOWN, e->stored_name, err);
    if (oci_pack_is_reserved(e->name) || (e->type == OCI_TAR_HARDLINK && oci_pack_is_reserved(e->link)))
        return oci_writing_leave_out(w, OCI_LEFT_RESERVED, e->stored_name, err);
    if (e->name_len == 0 && e->type != OCI_TAR_DIR)
        return oci_writing_leave_out(w, OCI_LEFT_ROOT, e->stored_name, err);
    if (e->stored_name[0] == '/')
        r = oci_writing_leave_out(w, OCI_MENDED_ABSOLUTE, e->stored_name, err);
    if (r == 0 && has_dots(e->stored_name))
        r = oci_writing_leave_out(w, OCI_MENDED_DOTS, e->stored_name, err);
    return r < 0 ? r : oci_wrap(err, oci_gather_add(g, reader, e, err), "entry '%s'", e->stored_name);
}

static int gather(oci_gather *g, oci_tar_reader *reader, oci_writing *w, oci_error *err)
{
    const oci_tar_entry *e;
    uint64_t count = 0;
    int r;

    if (!g->o->mend)
        return oci_pack_each(reader, g->o, gather_strictly, g, err);
    oci_tar_reader_resolve(reader);
    while ((r = oci_tar_reader_next(reader, &e, err)) == 1) {
        r = oci_check_cancelled(g->o->events, err);
        if (r == 0)
            r = oci_pack_count(g->o, &count, err);
        if (r == 0)
            r = gather_mended(g, reader, w, e, err);
        if (r < 0)
            return r;
    }
    return r;
}

/* ---- writing ---- */

struct xattrs {
    oci_tar_xattr *items;
    size_t count, cap;
};

static int read_xattrs(oci_gather *g, const oci_gathered *item, struct xattrs *out, oci_error *err)
{
    uint32_t lens[2];
    int r;

    out->count = 0;
    g->scratch.len = 0;
    r = oci_buf_reserve(&g->scratch, item->n_xattrs, err);
    if (r == 0)
        r = get(g, g->scratch.data, item->n_xattrs, item->xattrs, err);
    for (const char *at = g->scratch.data; r == 0 && at < g->scratch.data + item->n_xattrs; at += lens[0] + lens[1]) {
        oci_tar_xattr x;

        memcpy(lens, at, sizeof lens);
        at += sizeof lens;
        x = (oci_tar_xattr) { at, { at + lens[0], lens[1] } };
        if (!OCI_VEC_PUSH(out, x))
            return oci_fail_nomem(err);
    }
    return r;
}

static int write_data(const oci_gather *g, oci_writing *w, const oci_gathered *item, char *chunk, oci_error *err)
{
    int r = 0;

    for (uint64_t done = 0; r == 0 && done < item->size; done += CHUNK) {
        uint64_t left = item->size - done;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;

        r = oci_check_cancelled(g->o->events, err);
        if (r == 0)
            r = get(g, chunk, n, item->data + done, err);
        if (r == 0)
            r = oci_tar_writer_data(w->tar, chunk, n, err);
    }
    return r;
}

/* The content of what item is a name of: itself, or the end of a row of links. */
static oci_gathered *content_of(oci_gathered *item)
{
    while (item->type == OCI_TAR_HARDLINK && item->target != NULL)
        item = item->target;
    return item;
}

static int write_item(oci_gather *g, oci_writing *w, oci_gathered *item, struct xattrs *xattrs, char *chunk,
                      oci_error *err)
{
    oci_gathered *c = content_of(item);
    oci_tar_entry e = { .name = item->name,
                        .name_len = item->name_len,
                        .type = c->type,
                        .mode = c->mode,
                        .uid = c->uid,
                        .gid = c->gid,
                        .mtime = c->mtime,
                        .mtime_nsec = c->mtime_nsec,
                        .dev_major = c->dev_major,
                        .dev_minor = c->dev_minor,
                        .link = c->link,
                        .size = c->size };
    int r = 0;

    if (c->written != NULL) {
        e.type = OCI_TAR_HARDLINK;
        e.link = c->written;
        e.size = 0;
    } else {
        r = read_xattrs(g, c, xattrs, err);
    }
    /* A name for what no archive holds stays a link of its own. */
    if (c->type != OCI_TAR_HARDLINK && c->written == NULL) {
        c->written = item->name;
        e.xattrs = xattrs->items;
        e.n_xattrs = xattrs->count;
    }
    if (r == 0)
        r = oci_writing_entry(w, &e, err);
    return r == 0 && e.type == OCI_TAR_FILE ? write_data(g, w, c, chunk, err) : r;
}

static int write_all(oci_gather *g, oci_writing *w, oci_gathered **order, size_t n, oci_error *err)
{
    OCI_AUTO_MEM char *chunk = oci_alloc(CHUNK);
    struct xattrs xattrs = { 0 };
    int r = chunk != NULL ? 0 : oci_fail_nomem(err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        r = oci_check_cancelled(g->o->events, err);
        if (r == 0)
            r = oci_wrap(err, write_item(g, w, order[i], &xattrs, chunk, err), "entry '%s'", order[i]->name);
    }
    oci_free(xattrs.items);
    return r;
}

static int compare_positions(const void *a, const void *b)
{
    uint64_t x = (*(oci_gathered *const *)a)->position, y = (*(oci_gathered *const *)b)->position;

    return x < y ? -1 : x > y;
}

/* The live entries, in the order in which they are written. */
static size_t choose(const oci_gather *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->entries.count; i++)
        if (g->sorted[i]->live)
            g->sorted[n++] = g->sorted[i];
    if (!g->o->sort && n > 1)
        qsort(g->sorted, n, sizeof *g->sorted, compare_positions);
    return n;
}

static int run(oci_gather *g, oci_reader *tar, oci_writing *w, oci_error *err)
{
    OCI_AUTO(oci_tar_reader) reader = NULL;
    int r = oci_tar_reader_new(tar, g->o->events, &reader, err);

    if (r == 0)
        r = gather(g, reader, w, err);
    if (r == 0)
        r = oci_pack_check_growth(g->o, tar, g->end, err);
    if (r == 0)
        r = oci_gather_settle(g, w, err);
    if (r == 0)
        r = write_all(g, w, g->sorted, choose(g), err);
    return r == 0 ? oci_writing_finish(w, err) : r;
}

int oci_pack_gathered(oci_reader *tar, int tmpfd, const oci_pack_options *o, oci_writer *dst, oci_error *err)
{
    oci_gather g = { .o = o, .arena = oci_arena_new(0) };
    oci_writing w = { 0 };
    int r = g.arena != NULL ? oci_writing_new(&w, o, dst, err) : oci_fail_nomem(err);

    if (r == 0)
        r = oci_tmpfile_new(tmpfd, &g.file, err);
    if (r == 0)
        r = run(&g, tar, &w, err);
    oci_writing_free(&w);
    oci_tmpfile_free(g.file);
    oci_free(g.entries.items);
    oci_free(g.sorted);
    oci_buf_free(&g.scratch);
    oci_arena_free(g.arena);
    return r;
}
