/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"

#include <string.h>

/*
 * No name, no time, an unknown system, and one extra field: how long the member is, so that a reader can find the next
 * one without inflating this one. It is what mgzip and pgzip write and look for.
 */
static const unsigned char header[OCI_MEMBER_HEADER] = {
    0x1f, 0x8b, 8, 4 /* FEXTRA */, 0, 0, 0, 0, 0, 255, 8, 0, 'I', 'G', 4, 0,
};

static void put_le32(unsigned char *out, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> 8 * i);
}

size_t oci_member_close(unsigned char *out, size_t n, uint32_t sum, size_t size)
{
    const size_t whole = OCI_MEMBER_HEADER + n + OCI_MEMBER_TRAILER;

    memcpy(out, header, sizeof header);
    put_le32(out + 16, (uint32_t)whole);
    put_le32(out + OCI_MEMBER_HEADER + n, sum);
    put_le32(out + OCI_MEMBER_HEADER + n + 4, (uint32_t)size);
    return whole;
}

static uint32_t get_le32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Time, hint at the level and system may be anything: pgzip writes its own. */
static bool is_header(const unsigned char *p)
{
    return memcmp(p, header, 4) == 0 && memcmp(p + 10, header + 10, 6) == 0;
}

static bool extend(oci_span head, size_t *need, bool *last)
{
    const unsigned char *p = head.data;

    *last = head.len > 0;
    *need = head.len > 0 ? get_le32(p + 16) : OCI_MEMBER_HEADER;
    return head.len == 0 || (is_header(p) && *need > OCI_MEMBER_HEADER + OCI_MEMBER_TRAILER);
}

static uint64_t size(oci_span unit)
{
    return get_le32((const unsigned char *)unit.data + unit.len - 4);
}

const oci_outline oci_member_outline = { extend, size };
