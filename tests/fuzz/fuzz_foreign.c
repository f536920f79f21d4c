/* SPDX-License-Identifier: Apache-2.0 */
/* Data of any compression is decoded alike however it is cut, or refused with a text; what is of none comes back. */
#include <string.h>

#include "base/buf.h"
#include "stream/foreign.h"
#include "stream/input.h"

#include "fuzz.h"

enum { MAX_OUTPUT = 8 * 1024 * 1024 };

struct pieces {
    const uint8_t *p;
    size_t left, step;
};

static int next_piece(void *ctx, oci_span *out, oci_error *err)
{
    struct pieces *pieces = ctx;
    size_t n = pieces->step < pieces->left ? pieces->step : pieces->left;

    (void)err;
    *out = (oci_span) { pieces->p, n };
    pieces->p += n;
    pieces->left -= n;
    return 0;
}

static int decode(const uint8_t *p, size_t n, size_t step, oci_buf *out)
{
    struct pieces pieces = { p, n, step };
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    int result;

    FUZZ_CHECK(oci_reader_from_callbacks(&(oci_reader_callbacks) { next_piece, NULL }, &pieces, &r, &err) == 0);
    result = oci_reader_decompress_any(oci_steal(&r), UINT32_MAX, &r, &err);
    if (result == 0)
        result = oci_reader_read_all(r, MAX_OUTPUT, out, &err);
    FUZZ_CHECK(result == 0 || (err.code == result && err.msg[0] != '\0'));
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *name = oci_foreign_name((oci_span) { data, size < OCI_INPUT_PEEK ? size : OCI_INPUT_PEEK });
    OCI_AUTO_BUF oci_buf whole = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf pieces = OCI_BUF_INIT;
    int a = decode(data, size, size > 0 ? size : 1, &whole), b = decode(data, size, 1 + size % 7, &pieces);

    FUZZ_CHECK((a == 0) == (b == 0));
    FUZZ_CHECK(a != 0 || whole.len == pieces.len);
    FUZZ_CHECK(a != 0 || whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
    /* What libarchive does not want it must not pass on as it is; only a tar archive may begin with any bytes. */
    FUZZ_CHECK(name == NULL || (size >= 262 && memcmp(data + 257, "ustar", 5) == 0) || a != 0 || whole.len != size ||
               memcmp(whole.data, data, size) != 0);
    return 0;
}
