/* SPDX-License-Identifier: Apache-2.0 */
#include "archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/vec.h"
#include "os/os.h"
#include "stream/stream.h"

enum {
    MAX_MEMBERS = 1 << 20,
    MAX_NAMES = 64 << 20, /* bytes of all names, targets of links and headers together */
    MAX_LINKS = 8,        /* links that follow each other */
    MAX_REST = 64 << 20   /* of a pipe, behind the end: tar fills records, some fill more, but nobody that much */
};

struct oci_archive {
    int fd; /* of the archive, or of the spool */
    bool in_place;
    oci_arena *names;
    struct {
        oci_member *items;
        size_t count, cap;
    } members;
};

/* ---- names ---- */

/* Compares as paths: "/" is below every other byte, so that what is in a directory follows it. */
static int compare_paths(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;
    if (*a == '/' || *b == '/')
        return *b == '\0' || (*a != '/' && *a != '\0') ? 1 : -1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/* Of what has the same name, the first one comes first. */
static int compare_members(const void *a, const void *b)
{
    const oci_member *x = a, *y = b;
    int order = compare_paths(x->name, y->name);

    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

bool oci_member_is_below(const oci_member *m, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(m->name, dir, n) == 0 && m->name[n] == '/';
}

/* Sorts the members. Directories may come several times, and only they may have something below them. */
static int sort_members(oci_archive *a, oci_error *err)
{
    size_t kept = 0;

    if (a->members.count > 1)
        qsort(a->members.items, a->members.count, sizeof *a->members.items, compare_members);
    for (size_t i = 0; i < a->members.count; i++) {
        const oci_member *m = &a->members.items[i], *before = kept > 0 ? &a->members.items[kept - 1] : NULL;
        bool same = before != NULL && strcmp(m->name, before->name) == 0;

        if (same && m->type == OCI_TAR_DIR && before->type == OCI_TAR_DIR)
            continue;
        if (same)
            return oci_fail(err, OCI_E_INVALID, "the archive has '%s' twice", m->name);
        if (before != NULL && before->type != OCI_TAR_DIR && oci_member_is_below(m, before->name))
            return oci_fail(err, OCI_E_INVALID, "the archive has '%s', which is no directory, and '%s' below it",
                            before->name, m->name);
        a->members.items[kept++] = *m;
    }
    a->members.count = kept;
    return 0;
}

/* ---- the pass over the headers ---- */

struct pass {
    oci_archive *a;
    const oci_archive_options *o;
    oci_tar_reader *tar;
    uint64_t spooled;
};

static bool is_zero(oci_span span)
{
    const unsigned char *p = span.data;

    return p[0] == 0 && memcmp(p, p + 1, span.len - 1) == 0;
}

/* Zeros become holes, so that those who send nothing but zeros fill no disk. */
static int write_or_skip(int fd, oci_span span, oci_error *err)
{
    if (!is_zero(span))
        return oci_write_all(fd, span.data, span.len, err);
    return lseek(fd, (off_t)span.len, SEEK_CUR) < 0 ? oci_fail_errno(err, "pass over zeros") : 0;
}

/* The spool is made when there is something to put into it. */
static int spool(struct pass *p, oci_span span, oci_error *err)
{
    const char *dir = p->o->tmpdir != NULL ? p->o->tmpdir : "/var/tmp";
    int r = 0;

    if (span.len > p->o->max_size - p->spooled)
        return oci_fail(err, OCI_E_LIMIT, "the files in the archive have more than %" PRIu64 " bytes", p->o->max_size);
    if (p->a->fd < 0)
        r = oci_nameless_file(dir, &p->a->fd, err);
    if (r == 0)
        r = write_or_skip(p->a->fd, span, err);
    p->spooled += span.len;
    return oci_wrap(err, r, "what cannot be read in place is kept in '%s'", dir);
}

static int spool_entry(struct pass *p, oci_error *err)
{
    for (;;) {
        uint64_t offset;
        oci_span span;
        int r = oci_tar_reader_data(p->tar, &span, &offset, err);

        if (r < 0 || span.len == 0)
            return r;
        r = spool(p, span, err);
        if (r < 0)
            return r;
    }
}

/* What an attacker can bring about is told as a limit, whether it is ours or the machine's. */
static int fail_full(oci_error *err)
{
    return oci_fail(err, OCI_E_LIMIT, "the names in the archive need too much memory");
}

static int keep_text(struct pass *p, const char *text, const char **out, oci_error *err)
{
    if (text == NULL)
        return 0;
    *out = oci_arena_strndup(p->a->names, text, strlen(text));
    return *out != NULL ? 0 : fail_full(err);
}

/* Everything that the entry points to goes into the arena. */
static int keep_facts(struct pass *p, const oci_tar_entry *e, oci_member *m, oci_error *err)
{
    oci_tar_entry *facts = oci_arena_alloc(p->a->names, sizeof *facts);
    oci_tar_xattr *xattrs = oci_arena_array(p->a->names, e->n_xattrs, sizeof *xattrs);

    if (facts == NULL || xattrs == NULL)
        return fail_full(err);
    for (size_t i = 0; i < e->n_xattrs; i++) {
        const oci_span *value = &e->xattrs[i].value;
        const void *kept = oci_arena_strndup(p->a->names, value->len > 0 ? value->data : "", value->len);
        int r = keep_text(p, e->xattrs[i].name, &xattrs[i].name, err);

        if (r < 0 || kept == NULL)
            return r < 0 ? r : fail_full(err);
        xattrs[i].value = (oci_span) { kept, value->len };
    }
    *facts = *e;
    facts->name = facts->stored_name = m->name;
    facts->link = m->link;
    facts->xattrs = xattrs;
    m->facts = facts;
    return 0;
}

static int add_member(struct pass *p, const oci_tar_entry *e, oci_error *err)
{
    oci_member m = { .type = e->type, .size = e->size, .order = (uint32_t)p->a->members.count };
    const char *wanted = p->o->facts_of;
    int r;

    /* The archive's own root tells nothing. */
    if (e->name_len == 0)
        return 0;
    if (e->stored_name[0] == '/')
        return oci_fail(err, OCI_E_UNSAFE, "'%s' in the archive begins at the root", e->stored_name);
    if (e->sparse)
        return oci_fail(err, OCI_E_UNSUPPORTED, "'%s' in the archive is a sparse file", e->stored_name);
    if (p->a->members.count >= MAX_MEMBERS)
        return oci_fail(err, OCI_E_LIMIT, "the archive has more than %d members", MAX_MEMBERS);
    m.offset = p->a->in_place ? oci_tar_reader_position(p->tar) : p->spooled;
    r = keep_text(p, e->name, &m.name, err);
    if (r == 0)
        r = keep_text(p, e->link, &m.link, err);
    if (r == 0 && wanted != NULL && (strcmp(m.name, wanted) == 0 || oci_member_is_below(&m, wanted)))
        r = keep_facts(p, e, &m, err);
    if (r == 0 && !p->a->in_place && e->type == OCI_TAR_FILE)
        r = spool_entry(p, err);
    if (r < 0)
        return r;
    return OCI_VEC_PUSH(&p->a->members, m) ? 0 : oci_fail_nomem(err);
}

static int read_members(struct pass *p, oci_error *err)
{
    const oci_tar_entry *e;
    int r = oci_tar_reader_next(p->tar, &e, err);

    while (r > 0) {
        r = oci_check_cancelled(p->o->events, err);
        if (r == 0)
            r = add_member(p, e, err);
        if (r == 0)
            r = oci_tar_reader_next(p->tar, &e, err);
    }
    if (r == 0 && oci_tar_reader_position(p->tar) == 0)
        return oci_fail(err, OCI_E_INVALID, "there is nothing in it");
    if (r == 0 && !oci_tar_reader_has_end(p->tar))
        return oci_fail(err, OCI_E_INVALID, "the archive has no end: it is cut off");
    if (r == 0 && p->spooled > 0 && ftruncate(p->a->fd, (off_t)p->spooled) < 0)
        return oci_fail_errno(err, "end the file that holds the archive");
    return r == 0 ? sort_members(p->a, err) : r;
}

/* ---- opening ---- */

/* Whether fd can be read in place; then *start is where the archive begins, and *size what is there. */
static int look_at(int fd, bool *in_place, uint64_t *start, uint64_t *size, oci_error *err)
{
    unsigned char head[OCI_TAR_HEAD];
    struct stat st;
    ssize_t n;
    off_t at;

    *in_place = false;
    if (fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at the archive");
    if (S_ISDIR(st.st_mode))
        return oci_fail(err, OCI_E_INVALID, "this is a directory, not an archive");
    at = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
    if (at < 0)
        return 0;
    n = pread(fd, head, sizeof head, at);
    if (n < 0)
        return oci_fail_errno(err, "read the archive");
    *in_place = oci_tar_begins((oci_span) { head, (size_t)n });
    *start = (uint64_t)at;
    *size = at < st.st_size ? (uint64_t)(st.st_size - at) : 0;
    return 0;
}

/* The tar stream in fd; in place, a->fd becomes fd. */
static int open_source(oci_archive *a, int taken, const oci_archive_options *o, uint64_t *start, oci_reader **out,
                       oci_error *err)
{
    OCI_AUTO_FD int fd = taken;
    OCI_AUTO(oci_reader) raw = NULL;
    uint64_t size = 0;
    int r = look_at(fd, &a->in_place, start, &size, err);

    if (r < 0)
        return r;
    if (a->in_place) {
        a->fd = oci_steal_fd(&fd);
        return oci_reader_from_range(a->fd, *start, size, out, err);
    }
    r = oci_reader_from_pipe(oci_steal_fd(&fd), o->events, &raw, err);
    return r < 0 ? r : oci_reader_decompress_any(oci_steal(&raw), o->max_ratio, out, err);
}

int oci_archive_open(int taken, const oci_archive_options *o, oci_archive **out, oci_error *err)
{
    OCI_AUTO_FD int fd = taken;
    OCI_AUTO(oci_archive) a = oci_calloc(1, sizeof *a);
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) tar = NULL;
    struct pass p = { .a = a, .o = o };
    uint64_t start = 0;
    int r;

    if (a == NULL)
        return oci_fail_nomem(err);
    a->fd = -1;
    a->names = oci_arena_new(MAX_NAMES);
    if (a->names == NULL)
        return oci_fail_nomem(err);
    r = open_source(a, oci_steal_fd(&fd), o, &start, &source, err);
    if (r == 0)
        r = oci_tar_reader_new(source, NULL, &tar, err);
    p.tar = tar;
    if (r == 0) {
        oci_tar_reader_limit_rest(tar, MAX_REST);
        r = read_members(&p, err);
    }
    if (r < 0)
        return r;
    for (size_t i = 0; a->in_place && i < a->members.count; i++)
        a->members.items[i].offset += start;
    *out = oci_steal(&a);
    return 0;
}

void oci_archive_free(oci_archive *a)
{
    if (a == NULL)
        return;
    oci_closep_(&a->fd);
    oci_arena_free(a->names);
    oci_free(a->members.items);
    oci_free(a);
}

/* ---- looking up ---- */

size_t oci_archive_count(const oci_archive *a)
{
    return a->members.count;
}

const oci_member *oci_archive_member(const oci_archive *a, size_t i)
{
    return &a->members.items[i];
}

size_t oci_archive_below(const oci_archive *a, const char *dir)
{
    size_t low = 0, high = a->members.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_paths(a->members.items[middle].name, dir) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const oci_member *oci_archive_get(const oci_archive *a, const char *name)
{
    size_t i = oci_archive_below(a, name);

    return i < a->members.count && strcmp(a->members.items[i].name, name) == 0 ? &a->members.items[i] : NULL;
}

/* Where a symbolic link leads, from the directory it is in. */
static int follow(const oci_member *m, oci_buf *out, oci_error *err)
{
    const char *slash = strrchr(m->name, '/'), *at = m->link;
    int r = oci_buf_append(out, m->name, slash != NULL ? (size_t)(slash - m->name) : 0, err);
    bool out_of_it = at[0] == '/';

    while (r == 0 && !out_of_it && *at != '\0') {
        size_t n = strcspn(at, "/");

        if (n == 2 && strncmp(at, "..", 2) == 0) {
            const char *up = out->len > 0 ? memrchr(out->data, '/', out->len) : NULL;

            out_of_it = out->len == 0;
            out->len = up != NULL ? (size_t)(up - out->data) : 0;
        } else if (n > 0 && !(n == 1 && at[0] == '.')) {
            r = oci_buf_printf(out, err, "%s%.*s", out->len > 0 ? "/" : "", (int)n, at);
        }
        at += n + (at[n] == '/');
    }
    if (r == 0 && out_of_it)
        return oci_fail(err, OCI_E_UNSAFE, "'%s' in the archive is a link that leads out of it, to '%s'", m->name,
                        m->link);
    return r == 0 ? oci_buf_append(out, "", 1, err) : r;
}

int oci_archive_find(const oci_archive *a, const char *name, const oci_member **out, oci_error *err)
{
    const oci_member *m = oci_archive_get(a, name), *first = m;

    for (int links = 0; m != NULL && m->link != NULL; links++) {
        OCI_AUTO_BUF oci_buf target = OCI_BUF_INIT;
        int r = m->type == OCI_TAR_SYMLINK ? follow(m, &target, err) : oci_buf_puts(&target, m->link, err);

        if (r < 0)
            return r;
        if (links == MAX_LINKS)
            return oci_fail(err, OCI_E_UNSAFE, "'%s' in the archive goes through too many links", name);
        m = oci_archive_get(a, target.data);
    }
    if (m == NULL && first != NULL)
        return oci_fail(err, OCI_E_INVALID, "'%s' in the archive is a link that leads nowhere", name);
    if (m == NULL)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not in the archive", name);
    if (m->type != OCI_TAR_FILE)
        return oci_fail(err, OCI_E_INVALID, "'%s' in the archive is not a regular file", name);
    *out = m;
    return 0;
}

int oci_archive_read(const oci_archive *a, const oci_member *m, oci_reader **out, oci_error *err)
{
    return oci_reader_from_range(a->fd, m->offset, m->size, out, err);
}

int oci_archive_read_file(const oci_archive *a, const char *name, uint64_t limit, oci_buf *out, oci_error *err)
{
    OCI_AUTO(oci_reader) reader = NULL;
    const oci_member *m = NULL;
    int r = oci_archive_find(a, name, &m, err);

    if (r < 0)
        return r;
    if (m->size > limit)
        return oci_fail(err, OCI_E_LIMIT, "%s has %" PRIu64 " bytes, more than the limit of %" PRIu64, name, m->size,
                        limit);
    r = oci_archive_read(a, m, &reader, err);
    return r < 0 ? r : oci_wrap(err, oci_reader_read_all(reader, 0, out, err), "%s", name);
}
