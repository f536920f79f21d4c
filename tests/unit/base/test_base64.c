/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

#include "test.h"

OCI_TEST (base64, encodes_the_vectors_of_rfc_4648) {
    static const struct {
        const char *plain, *text;
    } rows[] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
        { "\xff\xef\xbe", "/+++" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].plain);
        char out[16];

        assert_int_equal(oci_base64_length(n), strlen(rows[i].text));
        oci_base64_encode(rows[i].plain, n, out);
        assert_string_equal(out, rows[i].text);
    }
}

OCI_TEST (base64, decodes_what_it_encoded) {
    unsigned char bytes[64], back[64];
    char text[96];

    for (size_t n = 0; n <= sizeof bytes; n++) {
        size_t len = 0;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(i * 37 + n * 11);
        oci_base64_encode(bytes, n, text);
        assert_true(oci_base64_decode(text, strlen(text), back, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
    }
}

OCI_TEST (base64, counts_without_wrapping) {
    assert_int_equal(oci_base64_length(SIZE_MAX), 0);
    assert_int_equal(oci_base64_length(SIZE_MAX / 4 * 3 - 3) % 4, 0);
}
