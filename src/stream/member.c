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
