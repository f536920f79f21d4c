/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_FUZZ_RECIPE_H
#define OCI_TESTS_FUZZ_RECIPE_H
/*
 * Recipes of layers, whose names a fuzzer changes more easily than those of an archive: one entry a line,
 * TYPE|NAME|TEXT, with the type letter of tar and for TEXT the content or where a link leads; "-" alone begins the next
 * layer.
 */
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

#include "fuzz.h"

/* Whether the input is an archive itself. */
static bool fuzz_is_tar(const uint8_t *data, size_t size)
{
    return size >= 512 && memcmp(data + 257, "ustar", 5) == 0;
}

static void fuzz_write_header(oci_buf *out, char type, const char *name, size_t name_len, const char *text, size_t len)
{
    static const char zeros[512];
    char h[512] = { 0 };
    bool link = type == '1' || type == '2';
    unsigned sum = 0;

    memcpy(h, name, name_len < 100 ? name_len : 100);
    /* Modes are taken from the name, so that directories without a way in occur. */
    snprintf(h + 100, 8, "%07o", name_len > 0 && name[0] == 'Z' ? 0u : 0755u);
    memcpy(h + 108, "0000000\0000000000", 16);
    snprintf(h + 124, 12, "%011zo", link ? (size_t)0 : len);
    memcpy(h + 136, "00000000007", 12);
    memset(h + 148, ' ', 8);
    h[156] = type;
    if (link)
        memcpy(h + 157, text, len < 100 ? len : 100);
    memcpy(h + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof h; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    FUZZ_CHECK(oci_buf_append(out, h, sizeof h, NULL) == 0);
    if (!link)
        FUZZ_CHECK(oci_buf_append(out, text, len, NULL) == 0);
    FUZZ_CHECK(oci_buf_append(out, zeros, (512 - out->len % 512) % 512, NULL) == 0);
}

/* Writes the lines from text on up to the next layer; returns how many bytes were read. */
static size_t fuzz_write_layer(oci_buf *out, const char *text, size_t n)
{
    size_t at = 0;

    while (at < n) {
        const char *line = text + at, *end = memchr(line, '\n', n - at), *name, *content;
        size_t len = end != NULL ? (size_t)(end - line) : n - at;

        at += len + (end != NULL);
        if (len == 1 && line[0] == '-')
            break;
        if (len < 3 || line[1] != '|')
            continue;
        name = line + 2;
        content = memchr(name, '|', len - 2);
        if (content == NULL)
            fuzz_write_header(out, line[0], name, len - 2, "", 0);
        else
            fuzz_write_header(out, line[0], name, (size_t)(content - name), content + 1,
                              (size_t)(line + len - content) - 1);
    }
    return at;
}

#endif
