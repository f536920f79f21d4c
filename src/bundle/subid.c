/* SPDX-License-Identifier: Apache-2.0 */
#include "subid.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/num.h"
#include "base/vec.h"
#include "os/os.h"

OCI_DEFINE_AUTO(oci_rootless_maps);

/* The kernel takes this many lines, of which one is the caller's own. */
enum { MAX_MAPS = 340, PIECE = 16 * 1024 };

struct maps {
    oci_id_map *items;
    size_t count, cap;
    uint32_t next; /* container id */
};

/* The next field of the line and what is behind its colon; false when there is no colon. */
static bool cut_field(oci_span *line, oci_span *field)
{
    const char *text = line->data, *colon = memchr(text, ':', line->len);

    if (colon == NULL)
        return false;
    *field = (oci_span) { text, (size_t)(colon - text) };
    *line = (oci_span) { colon + 1, line->len - field->len - 1 };
    return true;
}

static bool is_owner(oci_span field, uint32_t owner, const char *user)
{
    uint64_t id;

    if (user != NULL && user[0] != '\0' && field.len == strlen(user) && memcmp(field.data, user, field.len) == 0)
        return true;
    return oci_parse_u64(field.data, field.len, UINT32_MAX, &id) && id == owner;
}

/* Whether the line is one of the owner's; the range is inside of what ids can be. */
static bool read_line(oci_span line, uint32_t owner, const char *user, uint32_t *first, uint32_t *count)
{
    oci_span name, start;
    uint64_t from, n;

    if (!cut_field(&line, &name) || !cut_field(&line, &start) || !is_owner(name, owner, user) ||
        !oci_parse_u64(start.data, start.len, UINT32_MAX - 1, &from) ||
        !oci_parse_u64(line.data, line.len, UINT32_MAX - 1, &n) || n == 0 || n > UINT32_MAX - from)
        return false;
    *first = (uint32_t)from;
    *count = (uint32_t)n;
    return true;
}

static bool overlaps(const struct maps *m, uint32_t first, uint32_t count)
{
    for (size_t i = 0; i < m->count; i++)
        if (first < (uint64_t)m->items[i].host + m->items[i].size && m->items[i].host < (uint64_t)first + count)
            return true;
    return false;
}

static int begin_maps(struct maps *m, uint32_t own, oci_error *err)
{
    m->next = 1;
    return OCI_VEC_PUSH(m, (oci_id_map) { .container = 0, .host = own, .size = 1 }) ? 0 : oci_fail_nomem(err);
}

static int add_line(struct maps *m, oci_span line, uint32_t owner, const char *user, oci_error *err)
{
    uint32_t first, n;

    if (m->count == MAX_MAPS || !read_line(line, owner, user, &first, &n) || n >= UINT32_MAX - m->next ||
        overlaps(m, first, n))
        return 0;
    if (!OCI_VEC_PUSH(m, (oci_id_map) { .container = m->next, .host = first, .size = n }))
        return oci_fail_nomem(err);
    m->next += n;
    return 0;
}

/* Adds the lines that end in the n bytes of text; *used is what they are. */
static int add_lines(struct maps *m, const char *text, size_t n, uint32_t owner, const char *user, size_t *used,
                     oci_error *err)
{
    const char *at = text, *end = text + n, *newline;
    int r = 0;

    while (r == 0 && at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        r = add_line(m, (oci_span) { at, (size_t)(newline - at) }, owner, user, err);
        at = newline + 1;
    }
    *used = (size_t)(at - text);
    return r;
}

/* The own id alone is nothing that was set aside. */
static void end_maps(const struct maps *m, oci_id_map **maps, size_t *count)
{
    *maps = m->items;
    *count = m->count > 1 ? m->count : 0;
}

int oci_subid_maps(oci_span text, uint32_t owner, const char *user, uint32_t own, oci_id_map **maps, size_t *count,
                   oci_error *err)
{
    struct maps m = { 0 };
    const char *data = text.len > 0 ? text.data : "";
    size_t used = 0;
    int r = begin_maps(&m, own, err);

    if (r == 0)
        r = add_lines(&m, data, text.len, owner, user, &used, err);
    if (r == 0)
        r = add_line(&m, (oci_span) { data + used, text.len - used }, owner, user, err);
    end_maps(&m, maps, count);
    return r;
}

static void drop(char *piece, size_t *have, size_t n)
{
    *have -= n;
    memmove(piece, piece + n, *have);
}

/* Such files have a line a user, of whom there may be any number: they are read piece by piece. A line that does not
 * fit into one is none, and its end is not taken for one. */
static int read_pieces(int fd, struct maps *m, uint32_t owner, const char *user, oci_error *err)
{
    char piece[PIECE];
    size_t have = 0, used = 0;
    bool skipping = false;

    for (;;) {
        ssize_t n = read(fd, piece + have, sizeof piece - have);
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return oci_fail_errno(err, "cannot read the ids that were set aside");
        if (n == 0)
            return skipping ? 0 : add_line(m, (oci_span) { piece, have }, owner, user, err);
        have += (size_t)n;
        if (skipping) {
            const char *newline = memchr(piece, '\n', have);

            skipping = newline == NULL;
            drop(piece, &have, newline != NULL ? (size_t)(newline - piece) + 1 : have);
        }
        r = add_lines(m, piece, have, owner, user, &used, err);
        if (r < 0)
            return r;
        drop(piece, &have, used);
        if (have == sizeof piece) {
            skipping = true;
            have = 0;
        }
    }
}

int oci_subid_read(int etc, const char *name, uint32_t owner, const char *user, uint32_t own, oci_id_map **maps,
                   size_t *count, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct maps m = { 0 };
    struct stat st;
    int r = begin_maps(&m, own, err);

    if (r == 0 && oci_entry_open_file(etc, name, &fd, &st, NULL) == 0)
        r = read_pieces(fd, &m, owner, user, err);
    end_maps(&m, maps, count);
    return r;
}

int oci_rootless_maps_new(const char *user, oci_rootless_maps **out, oci_error *err)
{
    OCI_AUTO(oci_rootless_maps) m = oci_calloc(1, sizeof *m);
    OCI_AUTO_FD int etc = -1;
    int r = 0;

    if (m == NULL)
        return oci_fail_nomem(err);
    if (oci_open_host_dir(AT_FDCWD, "/etc", &etc, NULL) == 0) {
        r = oci_subid_read(etc, "subuid", geteuid(), user, geteuid(), &m->uid_maps, &m->n_uid_maps, err);
        if (r == 0)
            r = oci_subid_read(etc, "subgid", geteuid(), user, getegid(), &m->gid_maps, &m->n_gid_maps, err);
    }
    if (r < 0)
        return r;
    if (m->n_uid_maps == 0 || m->n_gid_maps == 0)
        m->n_uid_maps = m->n_gid_maps = 0;
    *out = oci_steal(&m);
    return 0;
}

void oci_rootless_maps_free(oci_rootless_maps *m)
{
    if (m == NULL)
        return;
    oci_free(m->uid_maps);
    oci_free(m->gid_maps);
    oci_free(m);
}
