/* SPDX-License-Identifier: Apache-2.0 */
#include "subid.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/num.h"
#include "base/vec.h"
#include "os/os.h"

OCI_DEFINE_AUTO(oci_rootless_maps);

/* The kernel takes this many lines, of which one is the caller's own. */
enum { MAX_MAPS = 340, MAX_FILE = 1 << 20 };

struct maps {
    oci_id_map *items;
    size_t count, cap;
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

int oci_subid_maps(oci_span text, uint32_t owner, const char *user, uint32_t own, oci_id_map **maps, size_t *count,
                   oci_error *err)
{
    struct maps m = { 0 };
    const char *at = text.len > 0 ? text.data : "", *end = at + text.len;
    uint32_t next = 1;
    bool fits = OCI_VEC_PUSH(&m, (oci_id_map) { .container = 0, .host = own, .size = 1 });

    while (fits && at < end && m.count < MAX_MAPS) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline != NULL ? newline : end;
        uint32_t first, n;

        if (read_line((oci_span) { at, (size_t)(stop - at) }, owner, user, &first, &n) && n < UINT32_MAX - next &&
            !overlaps(&m, first, n)) {
            fits = OCI_VEC_PUSH(&m, (oci_id_map) { .container = next, .host = first, .size = n });
            next += n;
        }
        at = stop < end ? stop + 1 : end;
    }
    if (m.count == 1)
        m.count = 0;
    *maps = m.items;
    *count = m.count;
    return fits ? 0 : oci_fail_nomem(err);
}

/* A file that is not there or cannot be read sets nothing aside. */
static int read_maps(int etc, const char *name, const char *user, uint32_t own, oci_id_map **maps, size_t *count,
                     oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r = oci_read_file_at(etc, name, MAX_FILE, &text, NULL);

    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    return oci_subid_maps((oci_span) { text.data, text.len }, geteuid(), user, own, maps, count, err);
}

int oci_rootless_maps_new(const char *user, oci_rootless_maps **out, oci_error *err)
{
    OCI_AUTO(oci_rootless_maps) m = oci_calloc(1, sizeof *m);
    OCI_AUTO_FD int etc = -1;
    int r = 0;

    if (m == NULL)
        return oci_fail_nomem(err);
    if (oci_open_host_dir(AT_FDCWD, "/etc", &etc, NULL) == 0) {
        r = read_maps(etc, "subuid", user, geteuid(), &m->uid_maps, &m->n_uid_maps, err);
        if (r == 0)
            r = read_maps(etc, "subgid", user, getegid(), &m->gid_maps, &m->n_gid_maps, err);
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
