/* SPDX-License-Identifier: Apache-2.0 */
#include "header.h"

#include <string.h>

#include "base/fail.h"

static bool is_filler(unsigned char c)
{
    return c == ' ' || c == '\0';
}

static bool octal(const unsigned char *field, size_t n, int64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;

    while (i < n && is_filler(field[i]))
        i++;
    for (; i < n && !is_filler(field[i]); i++) {
        if (field[i] < '0' || field[i] > '7' || value > (uint64_t)INT64_MAX >> 3)
            return false;
        value = value << 3 | (uint64_t)(field[i] - '0');
    }
    /* What old programs left behind a NUL was never part of the number. */
    for (; i < n && field[i] != '\0'; i++)
        if (field[i] != ' ')
            return false;
    *out = (int64_t)value;
    return true;
}

static bool base256(const unsigned char *field, size_t n, int64_t *out)
{
    bool negative = field[0] == 0xff;
    uint64_t fill = negative ? 0xff : 0;
    uint64_t value = negative ? UINT64_MAX : 0;

    for (size_t i = 1; i < n; i++) {
        if (value >> 56 != fill)
            return false;
        value = value << 8 | field[i];
    }
    if (value >> 63 != (uint64_t)negative)
        return false;
    *out = (int64_t)value;
    return true;
}

bool oci_tar_number(const unsigned char *field, size_t n, int64_t *out)
{
    return field[0] == 0x80 || field[0] == 0xff ? base256(field, n, out) : octal(field, n, out);
}

bool oci_tar_block_is_zero(const unsigned char *block)
{
    return block[0] == 0 && memcmp(block, block + 1, OCI_TAR_BLOCK_SIZE - 1) == 0;
}

uint32_t oci_tar_sum(const unsigned char *block)
{
    uint32_t sum = OCI_TAR_SUM_FIELD * ' ';

    for (size_t i = 0; i < OCI_TAR_BLOCK_SIZE; i++)
        sum += block[i];
    for (size_t i = 0; i < OCI_TAR_SUM_FIELD; i++)
        sum -= block[OCI_TAR_AT_SUM + i];
    return sum;
}

/* How many bytes outside of the checksum are negative when they are read as signed ones. */
static uint32_t count_high(const unsigned char *block)
{
    uint32_t count = 0;

    for (size_t i = 0; i < OCI_TAR_BLOCK_SIZE; i++)
        if (i < OCI_TAR_AT_SUM || i >= OCI_TAR_AT_SUM + OCI_TAR_SUM_FIELD)
            count += block[i] >> 7;
    return count;
}

bool oci_tar_sum_is_right(const unsigned char *block)
{
    int64_t stored, sum = oci_tar_sum(block);

    if (!oci_tar_number(block + OCI_TAR_AT_SUM, OCI_TAR_SUM_FIELD, &stored))
        return false;
    return stored == sum || stored == sum - 256 * (int64_t)count_high(block);
}

bool oci_tar_begins(oci_span head)
{
    return head.len == OCI_TAR_BLOCK_SIZE && (oci_tar_block_is_zero(head.data) || oci_tar_sum_is_right(head.data));
}

static oci_span text(const unsigned char *field, size_t n)
{
    const unsigned char *nul = memchr(field, '\0', n);

    return (oci_span) { field, nul != NULL ? (size_t)(nul - field) : n };
}

static int find_dialect(const unsigned char *block, oci_tar_dialect *out, oci_error *err)
{
    const unsigned char *magic = block + OCI_TAR_AT_MAGIC;

    if (memcmp(magic, "ustar", 6) == 0) {
        *out = OCI_TAR_USTAR;
    } else if (memcmp(magic, "ustar  ", 8) == 0) {
        *out = OCI_TAR_GNU;
    } else {
        /* Programs differ in whether such a header has a prefix, so in what the entry is called. */
        if (memcmp(magic, "ustar", 5) == 0 && block[OCI_TAR_AT_PREFIX] != '\0')
            return oci_fail(err, OCI_E_INVALID, "the magic is neither that of ustar nor that of GNU tar");
        *out = OCI_TAR_V7;
    }
    return 0;
}

/* GNU has times where ustar has the prefix. Go's archive/tar wrote prefixes there until version 1.8, and images of that
 * age are around; like its reader, take for a prefix what cannot be times. */
static bool is_misplaced_prefix(const unsigned char *block)
{
    int64_t ignored;

    if (oci_tar_number(block + OCI_TAR_AT_ATIME, OCI_TAR_SIZE_FIELD, &ignored) &&
        oci_tar_number(block + OCI_TAR_AT_CTIME, OCI_TAR_SIZE_FIELD, &ignored))
        return false;
    for (size_t i = 0; i < OCI_TAR_PREFIX_FIELD && block[OCI_TAR_AT_PREFIX + i] != '\0'; i++)
        if (block[OCI_TAR_AT_PREFIX + i] >= 0x80)
            return false;
    return true;
}

typedef struct number_field {
    const char *name;
    size_t at, len;
    int64_t *out;
} number_field;

static int read_numbers(const unsigned char *block, const number_field *fields, size_t n, oci_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!oci_tar_number(block + fields[i].at, fields[i].len, fields[i].out))
            return oci_fail(err, OCI_E_INVALID, "the %s '%.*s' is no number", fields[i].name, (int)fields[i].len,
                            (const char *)block + fields[i].at);
    return 0;
}

int oci_tar_header_parse(const unsigned char *block, oci_tar_header *out, oci_error *err)
{
    oci_tar_header h = { .block = block, .typeflag = (char)block[OCI_TAR_AT_TYPE] };
    const number_field fields[] = {
        { "mode", OCI_TAR_AT_MODE, OCI_TAR_ID_FIELD, &h.mode },
        { "user id", OCI_TAR_AT_UID, OCI_TAR_ID_FIELD, &h.uid },
        { "group id", OCI_TAR_AT_GID, OCI_TAR_ID_FIELD, &h.gid },
        { "size", OCI_TAR_AT_SIZE, OCI_TAR_SIZE_FIELD, &h.size },
        { "time", OCI_TAR_AT_MTIME, OCI_TAR_SIZE_FIELD, &h.mtime },
        { "major device number", OCI_TAR_AT_MAJOR, OCI_TAR_ID_FIELD, &h.dev_major },
        { "minor device number", OCI_TAR_AT_MINOR, OCI_TAR_ID_FIELD, &h.dev_minor },
    };
    bool device = h.typeflag == '3' || h.typeflag == '4';
    int r = find_dialect(block, &h.dialect, err);

    if (r < 0)
        return r;
    /* Many programs leave the device numbers of everything else uninitialised. */
    r = read_numbers(block, fields, device && h.dialect != OCI_TAR_V7 ? 7 : 5, err);
    if (r < 0)
        return r;
    h.name = text(block + OCI_TAR_AT_NAME, OCI_TAR_NAME_FIELD);
    h.link = text(block + OCI_TAR_AT_LINK, OCI_TAR_NAME_FIELD);
    if (h.dialect == OCI_TAR_USTAR || (h.dialect == OCI_TAR_GNU && is_misplaced_prefix(block)))
        h.prefix = text(block + OCI_TAR_AT_PREFIX, OCI_TAR_PREFIX_FIELD);
    *out = h;
    return 0;
}
