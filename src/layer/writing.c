/* SPDX-License-Identifier: Apache-2.0 */
#include "writing.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/num.h"

int oci_writing_new(oci_writing *w, const oci_pack_options *o, oci_writer *dst, oci_error *err)
{
    *w = (oci_writing) { .o = o };
    return oci_tar_writer_new(dst, &w->tar, err);
}

void oci_writing_free(oci_writing *w)
{
    oci_tar_writer_free(w->tar);
    for (size_t i = 0; i < OCI_N_MENDED; i++)
        oci_free(w->mended[i].first);
}

int oci_pack_count(const oci_pack_options *o, uint64_t *entries, oci_error *err)
{
    if (++*entries <= o->limits.max_entries)
        return 0;
    return oci_fail(err, OCI_E_LIMIT, "more than %" PRIu64 " entries", o->limits.max_entries);
}

int oci_writing_entry(oci_writing *w, const oci_tar_entry *found, oci_error *err)
{
    oci_tar_entry e = *found;
    int r = oci_pack_count(w->o, &w->entries, err);

    if (r < 0)
        return r;
    if (!oci_add_u64(w->bytes, e.size, &w->bytes) || w->bytes > w->o->limits.max_size)
        return oci_fail(err, OCI_E_LIMIT, "the files have more than %" PRIu64 " bytes together", w->o->limits.max_size);
    if (w->o->set_owner) {
        e.uid = w->o->uid;
        e.gid = w->o->gid;
    }
    if (w->o->latest != NULL && e.mtime >= *w->o->latest) {
        e.mtime = *w->o->latest;
        e.mtime_nsec = 0;
    }
    return oci_tar_writer_entry(w->tar, &e, err);
}

int oci_writing_leave_out(oci_writing *w, oci_mended why, const char *name, oci_error *err)
{
    if (w->mended[why].count++ > 0)
        return 0;
    w->mended[why].first = oci_strdup(name);
    return w->mended[why].first != NULL ? 0 : oci_fail_nomem(err);
}

static void tell(const oci_writing *w)
{
    static const char *const texts[OCI_N_MENDED] = {
        [OCI_LEFT_SOCKET] = "sockets are left out",
        [OCI_LEFT_RESERVED] = "names that are reserved for whiteouts are left out",
        [OCI_LEFT_UNKNOWN] = "entries of unknown types are left out",
        [OCI_LEFT_ROOT] = "entries for the root that are no directories are left out",
        [OCI_LEFT_TWICE] = "entries that others replace are left out",
        [OCI_MENDED_ABSOLUTE] = "absolute names are made relative",
        [OCI_MENDED_DOTS] = "names with '..' are resolved",
    };

    for (size_t i = 0; i < OCI_N_MENDED; i++) {
        if (w->mended[i].count == 1)
            oci_warn(w->o->events, "'%s': %s", w->mended[i].first, texts[i]);
        else if (w->mended[i].count > 1)
            oci_warn(w->o->events, "'%s' and %" PRIu64 " more: %s", w->mended[i].first, w->mended[i].count - 1,
                     texts[i]);
    }
}

int oci_writing_finish(oci_writing *w, oci_error *err)
{
    int r = oci_tar_writer_finish(w->tar, err);

    if (r == 0)
        tell(w);
    return r;
}
