/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd data that is accepted means the same bytes to libzstd's function for whole buffers. That one accepts more:
 * formats older than the RFC, any window, and nothing at all.
 */
#include <zstd.h>

#include "stream.h"

static void check(const uint8_t *p, size_t n)
{
    static uint8_t theirs[FUZZ_MAX_OUTPUT];
    OCI_AUTO_BUF oci_buf ours = OCI_BUF_INIT;

    if (fuzz_decompress_alike(OCI_COMPRESSION_ZSTD, p, n, &ours) != 0)
        return;
    FUZZ_CHECK(ZSTD_decompress(theirs, sizeof theirs, p, n) == ours.len);
    FUZZ_CHECK(ours.len == 0 || memcmp(ours.data, theirs, ours.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_stream(OCI_COMPRESSION_ZSTD, data, size, check);
    return 0;
}
