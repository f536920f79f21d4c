/* SPDX-License-Identifier: Apache-2.0 */
#include "sparse.h"

#include <inttypes.h>
#include <string.h>

#include "base/fail.h"
#include "base/num.h"
#include "base/vec.h"

void oci_tar_sparse_clear(oci_tar_sparse *s)
{
    s->count = 0;
    s->listed = s->end = s->stored = 0;
}

void oci_tar_sparse_free(oci_tar_sparse *s)
{
    oci_free(s->items);
    *s = (oci_tar_sparse) { 0 };
}

int oci_tar_sparse_add(oci_tar_sparse *s, uint64_t offset, uint64_t len, oci_error *err)
{
    uint64_t end;

    if (++s->listed > OCI_TAR_SPARSE_MAX)
        return oci_fail(err, OCI_E_LIMIT, "the map of the sparse file has more than %d pieces", OCI_TAR_SPARSE_MAX);
    if (!oci_add_u64(offset, len, &end) || end > INT64_MAX)
        return oci_fail(err, OCI_E_INVALID, "the map of the sparse file has a piece beyond any file");
    if (offset < s->end)
        return oci_fail(err, OCI_E_INVALID,
                        "the map of the sparse file has a piece at %" PRIu64 " before the end of another", offset);
    s->end = end;
    if (len == 0)
        return 0;
    s->stored += len; /* at most end */
    return OCI_VEC_PUSH(s, (oci_tar_piece) { offset, len }) ? 0 : oci_fail_nomem(err);
}

int oci_tar_sparse_check(const oci_tar_sparse *s, uint64_t size, uint64_t stored, oci_error *err)
{
    if (s->end > size)
        return oci_fail(err, OCI_E_INVALID, "the map of the sparse file ends at %" PRIu64 ", the file at %" PRIu64,
                        s->end, size);
    if (s->stored != stored)
        return oci_fail(err, OCI_E_INVALID,
                        "the map of the sparse file is about %" PRIu64 " bytes of data, the archive has %" PRIu64,
                        s->stored, stored);
    return 0;
}

/* ---- type S ---- */

enum { PIECE = 2 * OCI_TAR_SIZE_FIELD, PIECES_OF_HEADER = 4, PIECES_OF_BLOCK = 21, BLOCK_AT_MORE = 504 };

static int add_fields(oci_tar_sparse *s, const unsigned char *field, size_t n, oci_error *err)
{
    for (size_t i = 0; i < n; i++, field += PIECE) {
        int64_t offset, len;
        int r;

        /* A field that was not filled in ends the list. */
        if (field[0] == '\0' || field[OCI_TAR_SIZE_FIELD] == '\0')
            break;
        if (!oci_tar_number(field, OCI_TAR_SIZE_FIELD, &offset) ||
            !oci_tar_number(field + OCI_TAR_SIZE_FIELD, OCI_TAR_SIZE_FIELD, &len) || offset < 0 || len < 0)
            return oci_fail(err, OCI_E_INVALID, "the map of the sparse file has something that is no number");
        r = oci_tar_sparse_add(s, (uint64_t)offset, (uint64_t)len, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int oci_tar_sparse_read_gnu(oci_tar_sparse *s, const oci_tar_header *h, oci_tar_input *in, uint64_t *size,
                            oci_error *err)
{
    bool more = h->block[OCI_TAR_AT_EXTENDED] != 0;
    int64_t real;
    int r;

    if (!oci_tar_number(h->block + OCI_TAR_AT_REALSIZE, OCI_TAR_SIZE_FIELD, &real) || real < 0)
        return oci_fail(err, OCI_E_INVALID, "the size of the sparse file is no number");
    r = add_fields(s, h->block + OCI_TAR_AT_SPARSE, PIECES_OF_HEADER, err);
    /* Blocks without pieces count too, so that the chain has an end. */
    for (uint64_t blocks = 0; r == 0 && more; blocks++) {
        const unsigned char *block;
        size_t len;

        if (blocks > OCI_TAR_SPARSE_MAX / PIECES_OF_BLOCK)
            return oci_fail(err, OCI_E_LIMIT, "the map of the sparse file has more than %d pieces", OCI_TAR_SPARSE_MAX);
        r = oci_tar_input_block(in, &block, &len, err);
        if (r < 0)
            return r;
        if (len < OCI_TAR_BLOCK_SIZE)
            return oci_fail(err, OCI_E_INVALID, "the archive ends inside the map of the sparse file");
        r = add_fields(s, block, PIECES_OF_BLOCK, err);
        more = block[BLOCK_AT_MORE] != 0;
    }
    if (r == 0)
        *size = (uint64_t)real;
    return r;
}

/* ---- pax ---- */

/* Takes the number before the next comma, or the last one. */
static bool next_number(oci_span *map, uint64_t *out)
{
    const char *p = map->data;
    const char *comma = map->len > 0 ? memchr(p, ',', map->len) : NULL;
    size_t n = comma != NULL ? (size_t)(comma - p) : map->len;

    if (comma != NULL && n + 1 == map->len)
        return false;
    if (!oci_parse_u64(p, n, INT64_MAX, out))
        return false;
    map->data = p + n + (comma != NULL);
    map->len -= n + (comma != NULL);
    return true;
}

int oci_tar_sparse_parse(oci_tar_sparse *s, oci_span map, oci_error *err)
{
    while (map.len > 0) {
        uint64_t offset, len;
        int r;

        if (!next_number(&map, &offset) || !next_number(&map, &len))
            return oci_fail(err, OCI_E_INVALID, "the map of the sparse file is no list of pairs of numbers");
        r = oci_tar_sparse_add(s, offset, len, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The lines of digits at the beginning of the data, block by block. */
typedef struct map_reader {
    oci_tar_input *in;
    uint64_t left; /* of the entry's data */
    const unsigned char *block;
    size_t used, len;
} map_reader;

static int next_char(map_reader *m, unsigned char *out, oci_error *err)
{
    if (m->used == m->len) {
        int r;

        if (m->left < OCI_TAR_BLOCK_SIZE)
            return oci_fail(err, OCI_E_INVALID, "the map of the sparse file is longer than its data");
        r = oci_tar_input_block(m->in, &m->block, &m->len, err);
        if (r < 0)
            return r;
        if (m->len < OCI_TAR_BLOCK_SIZE)
            return oci_fail(err, OCI_E_INVALID, "the archive ends inside the map of the sparse file");
        m->left -= OCI_TAR_BLOCK_SIZE;
        m->used = 0;
    }
    *out = m->block[m->used++];
    return 0;
}

static int next_line(map_reader *m, uint64_t *out, oci_error *err)
{
    char digits[20];
    size_t n = 0;

    for (;;) {
        unsigned char c = 0;
        int r = next_char(m, &c, err);

        if (r < 0)
            return r;
        if (c == '\n')
            break;
        if (n == sizeof digits)
            return oci_fail(err, OCI_E_INVALID, "the map of the sparse file has a number that is too long");
        digits[n++] = (char)c;
    }
    if (!oci_parse_u64(digits, n, INT64_MAX, out))
        return oci_fail(err, OCI_E_INVALID, "the map of the sparse file has something that is no number");
    return 0;
}

int oci_tar_sparse_read_map(oci_tar_sparse *s, oci_tar_input *in, uint64_t *stored, oci_error *err)
{
    map_reader m = { .in = in, .left = *stored };
    uint64_t count;
    int r = next_line(&m, &count, err);

    if (r < 0)
        return r;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t offset, len;

        r = next_line(&m, &offset, err);
        if (r == 0)
            r = next_line(&m, &len, err);
        if (r == 0)
            r = oci_tar_sparse_add(s, offset, len, err);
        if (r < 0)
            return r;
    }
    *stored = m.left;
    return 0;
}
