/* SPDX-License-Identifier: Apache-2.0 */
#include "entry.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"

void oci_tar_build_clear(oci_tar_build *b)
{
    b->has_records = b->has_long_name = b->has_long_link = false;
}

void oci_tar_build_free(oci_tar_build *b)
{
    oci_tar_pax_free(&b->pax);
    oci_buf_free(&b->records);
    oci_buf_free(&b->long_name);
    oci_buf_free(&b->long_link);
    oci_buf_free(&b->stored_name);
    oci_buf_free(&b->name);
    oci_buf_free(&b->link);
}

/* ---- texts ---- */

/* What pax and GNU say in place of a field of the header; data NULL when neither does. Programs differ in whom they
 * believe, so both must say the same. */
static int long_text(const oci_span *pax, bool has_gnu, const oci_buf *gnu, oci_span *out, oci_error *err)
{
    *out = (oci_span) { NULL, 0 };
    if (pax->len > 0)
        *out = *pax;
    if (!has_gnu)
        return 0;
    if (out->data != NULL && (out->len != gnu->len || memcmp(out->data, gnu->data, gnu->len) != 0))
        return oci_fail(err, OCI_E_INVALID, "the pax header and the GNU long name say different things");
    *out = (oci_span) { gnu->data != NULL ? gnu->data : "", gnu->len };
    return 0;
}

static int set_stored_name(oci_tar_build *b, const oci_tar_header *h, oci_error *err)
{
    oci_span name;
    int r = long_text(&b->pax.path, b->has_long_name, &b->long_name, &name, err);

    /* GNU tar gives sparse files another name in the header, for programs that know nothing of them. */
    if (r == 0 && b->pax.sparse.name.len > 0)
        name = b->pax.sparse.name;
    b->stored_name.len = 0;
    if (r == 0 && name.data == NULL && h->prefix.len > 0) {
        r = oci_buf_append(&b->stored_name, h->prefix.data, h->prefix.len, err);
        if (r == 0)
            r = oci_buf_putc(&b->stored_name, '/', err);
    }
    if (r == 0 && name.data == NULL)
        name = h->name;
    if (r == 0)
        r = oci_buf_append(&b->stored_name, name.data, name.len, err);
    if (r < 0)
        return r;
    b->entry.stored_name = b->stored_name.data;
    return 0;
}

static int normalise(const oci_tar_build *b, oci_span text, oci_buf *out, oci_error *err)
{
    int r;

    out->len = 0;
    r = oci_buf_reserve(out, text.len, err);
    if (r < 0)
        return r;
    return b->resolve ? oci_tar_name_resolve(text.data, text.len, out->data, &out->len, err)
                      : oci_tar_name_normalise(text.data, text.len, out->data, &out->len, err);
}

static int set_name(oci_tar_build *b, oci_error *err)
{
    oci_error ignored;
    bool known = b->entry.type != OCI_TAR_UNKNOWN;
    int r = normalise(b, (oci_span) { b->stored_name.data, b->stored_name.len }, &b->name, known ? err : &ignored);

    /* Of an unknown type, say a volume label, one cannot tell that it has a name in the image. */
    if (r < 0 && !known && r != OCI_E_NOMEM) {
        b->name.len = 0;
        b->name.data[0] = '\0';
        r = 0;
    }
    b->entry.name = b->name.data;
    b->entry.name_len = b->name.len;
    return r;
}

static int set_link(oci_tar_build *b, const oci_tar_header *h, oci_error *err)
{
    oci_span link;
    int r;

    b->entry.link = NULL;
    if (b->entry.type != OCI_TAR_HARDLINK && b->entry.type != OCI_TAR_SYMLINK)
        return 0;
    r = long_text(&b->pax.link, b->has_long_link, &b->long_link, &link, err);
    if (r < 0)
        return r;
    if (link.data == NULL)
        link = h->link;
    if (link.len == 0)
        return oci_fail(err, OCI_E_INVALID, "the link has no target");
    if (link.len > OCI_TAR_PATH_MAX)
        return oci_fail(err, OCI_E_INVALID, "the target of the link has more than %d bytes", OCI_TAR_PATH_MAX);
    if (b->entry.type == OCI_TAR_HARDLINK) {
        r = oci_wrap(err, normalise(b, link, &b->link, err), "target of the hard link");
    } else {
        b->link.len = 0;
        r = oci_buf_append(&b->link, link.data, link.len, err);
    }
    if (r == 0)
        b->entry.link = b->link.data;
    return r;
}

/* ---- type and size ---- */

static bool is_file(char typeflag)
{
    return typeflag == '0' || typeflag == '\0' || typeflag == '7';
}

static oci_tar_type type_of(const oci_tar_build *b, const oci_tar_header *h)
{
    switch (h->typeflag) {
    case '0':
    case '\0':
    case '7':
        /* v7 had no type for directories, and nobody ever meant a file by such a name. */
        return b->stored_name.len > 0 && b->stored_name.data[b->stored_name.len - 1] == '/' ? OCI_TAR_DIR
                                                                                            : OCI_TAR_FILE;
    case 'S':
        return OCI_TAR_FILE;
    case '1':
        return OCI_TAR_HARDLINK;
    case '2':
        return OCI_TAR_SYMLINK;
    case '3':
        return OCI_TAR_CHAR;
    case '4':
        return OCI_TAR_BLOCK;
    case '5':
        return OCI_TAR_DIR;
    case '6':
        return OCI_TAR_FIFO;
    case 'D':
        /* A directory with the names in it as data, from an incremental dump. */
        return h->dialect == OCI_TAR_GNU ? OCI_TAR_DIR : OCI_TAR_UNKNOWN;
    default:
        return OCI_TAR_UNKNOWN;
    }
}

/* The bytes of data that follow the header. */
static int stored_size(const oci_tar_build *b, const oci_tar_header *h, uint64_t *out, oci_error *err)
{
    const uint64_t octal_max = (UINT64_C(1) << 3 * (OCI_TAR_SIZE_FIELD - 1)) - 1;
    const oci_tar_pax_number *pax = &b->pax.size;

    if (h->size < 0)
        return oci_fail(err, OCI_E_INVALID, "the size is negative");
    if (h->typeflag >= '1' && h->typeflag <= '6') {
        /* Old programs left the size of the file in the headers of its links. POSIX lets a pax archive have the data of
         * a hard link once more; nearly nobody writes it, and readers differ. */
        if (h->typeflag == '1' && pax->given && pax->value > 0)
            return oci_fail(err, OCI_E_INVALID, "the pax header gives a hard link data of its own");
        *out = 0;
        return 0;
    }
    *out = pax->given ? pax->value : (uint64_t)h->size;
    if (!pax->given || pax->value == (uint64_t)h->size || pax->value > octal_max)
        return 0;
    /* Where the size fits the header there was no reason to say something else. */
    if (h->size > 0)
        return oci_fail(err, OCI_E_INVALID, "the header says %" PRId64 " bytes, the pax header %" PRIu64, h->size,
                        pax->value);
    oci_warn(b->events, "'%s': the tar header says 0 bytes, the pax header %" PRIu64, b->entry.stored_name, pax->value);
    return 0;
}

/* ---- sparse files ---- */

static int read_sparse_pax(oci_tar_build *b, oci_tar_input *in, uint64_t *stored, oci_error *err)
{
    oci_tar_sparse *pieces = &b->pax.pieces;
    uint64_t major = b->pax.sparse.major.value, minor = b->pax.sparse.minor.value;
    int r;

    /* The first two forms had no numbers yet. */
    if (!b->pax.sparse.major.given && !b->pax.sparse.minor.given)
        minor = b->pax.sparse.map.len > 0;
    if (!b->pax.sparse.size.given)
        return oci_fail(err, OCI_E_INVALID, "a sparse file without its size");
    if (pieces->listed > 0 && (major > 0 || minor > 0))
        return oci_fail(err, OCI_E_INVALID, "a sparse file with two maps");
    /* That form has the name where it belongs; not everybody would look for another one. */
    if (major == 0 && minor == 0 && b->pax.sparse.name.len > 0)
        return oci_fail(err, OCI_E_INVALID, "a sparse file with a second name and no map");
    if (major == 0 && minor == 0)
        r = 0;
    else if (major == 0 && minor == 1)
        r = oci_tar_sparse_parse(pieces, b->pax.sparse.map, err);
    else if (major == 1 && minor == 0)
        r = oci_tar_sparse_read_map(pieces, in, stored, err);
    else
        r = oci_fail(err, OCI_E_UNSUPPORTED, "sparse files of version %" PRIu64 ".%" PRIu64, major, minor);
    if (r < 0)
        return r;
    if (b->pax.sparse.blocks.given && b->pax.sparse.blocks.value != pieces->listed)
        return oci_fail(err, OCI_E_INVALID, "the map of the sparse file has %" PRIu64 " pieces, not %" PRIu64,
                        pieces->listed, b->pax.sparse.blocks.value);
    b->entry.size = b->pax.sparse.size.value;
    return 0;
}

static int set_sparse(oci_tar_build *b, const oci_tar_header *h, oci_tar_input *in, uint64_t *stored, oci_error *err)
{
    b->entry.sparse = h->typeflag == 'S' || b->pax.sparse.seen;
    if (!b->entry.sparse) {
        if (b->pax.star_size.given && b->entry.type == OCI_TAR_FILE && b->pax.star_size.value != *stored)
            return oci_fail(err, OCI_E_UNSUPPORTED, "a sparse file in the manner of star");
        return 0;
    }
    if (h->typeflag == 'S' && h->dialect != OCI_TAR_GNU)
        return oci_fail(err, OCI_E_UNSUPPORTED, "a sparse file in the manner of star");
    if (b->entry.type != OCI_TAR_FILE)
        return oci_fail(err, OCI_E_INVALID, "a sparse map for something that is no file");
    if (h->typeflag != 'S')
        return read_sparse_pax(b, in, stored, err);
    if (b->pax.sparse.seen)
        return oci_fail(err, OCI_E_INVALID, "a sparse file with two maps");
    return oci_tar_sparse_read_gnu(&b->pax.pieces, h, in, &b->entry.size, err);
}

/* ---- numbers ---- */

static int pick(const oci_tar_pax_number *pax, int64_t header, uint64_t max, const char *what, uint32_t *out,
                oci_error *err)
{
    if (!pax->given && (header < 0 || (uint64_t)header > max))
        return oci_fail(err, OCI_E_INVALID, "the %s %" PRId64 " is out of range", what, header);
    *out = (uint32_t)(pax->given ? pax->value : (uint64_t)header);
    return 0;
}

static int set_numbers(oci_tar_build *b, const oci_tar_header *h, oci_error *err)
{
    oci_tar_entry *e = &b->entry;
    const oci_tar_pax *pax = &b->pax;
    bool device = e->type == OCI_TAR_CHAR || e->type == OCI_TAR_BLOCK;
    int r;

    /* The type of the file above the permissions is what stat says, and some programs write it. */
    if (h->mode < 0 || h->mode > 0177777)
        return oci_fail(err, OCI_E_INVALID, "the mode %" PRId64 " is out of range", h->mode);
    e->mode = (uint32_t)h->mode & 07777;
    e->mtime = pax->has_mtime ? pax->mtime : h->mtime;
    e->mtime_nsec = pax->has_mtime ? pax->mtime_nsec : 0;
    e->dev_major = e->dev_minor = 0;
    r = pick(&pax->uid, h->uid, UINT32_MAX - 1, "user id", &e->uid, err);
    if (r == 0)
        r = pick(&pax->gid, h->gid, UINT32_MAX - 1, "group id", &e->gid, err);
    if (r == 0 && device)
        r = pick(&pax->dev_major, h->dev_major, UINT32_MAX, "major device number", &e->dev_major, err);
    if (r == 0 && device)
        r = pick(&pax->dev_minor, h->dev_minor, UINT32_MAX, "minor device number", &e->dev_minor, err);
    return r;
}

int oci_tar_build_name(oci_tar_build *b, const oci_tar_header *h, oci_error *err)
{
    int r = set_stored_name(b, h, err);

    if (r < 0)
        return r;
    b->entry.typeflag = h->typeflag;
    b->entry.type = type_of(b, h);
    return set_name(b, err);
}

int oci_tar_build_entry(oci_tar_build *b, const oci_tar_header *h, oci_tar_input *in, uint64_t *stored, oci_error *err)
{
    oci_tar_entry *e = &b->entry;
    int r = stored_size(b, h, stored, err);

    if (r == 0)
        r = set_numbers(b, h, err);
    if (r == 0)
        r = set_link(b, h, err);
    if (r == 0 && e->type == OCI_TAR_DIR && *stored > 0 && is_file(h->typeflag))
        r = oci_fail(err, OCI_E_INVALID, "a directory with %" PRIu64 " bytes of data", *stored);
    if (r < 0)
        return r;
    e->xattrs = b->pax.xattrs.items;
    e->n_xattrs = b->pax.xattrs.count;
    e->size = e->type == OCI_TAR_FILE ? *stored : 0;
    return set_sparse(b, h, in, stored, err);
}
