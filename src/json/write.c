/* SPDX-License-Identifier: Apache-2.0 */
#include "write.h"

#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/utf8.h"

#include "lexeme.h"

oci_json_writer oci_json_writer_new(oci_print_style style, oci_buf *out, oci_error *err)
{
    return (oci_json_writer) { .out = out, .err = err, .start = out->len, .style = style };
}

static void put(oci_json_writer *w, const char *s, size_t n)
{
    if (w->result == 0)
        w->result = oci_buf_append(w->out, s, n, w->err);
}

static void new_line(oci_json_writer *w)
{
    if (w->style == OCI_PRINT_COMPACT)
        return;
    put(w, "\n", 1);
    for (size_t i = 0; i < w->depth; i++)
        put(w, "  ", 2);
}

void oci_json_write_begin(oci_json_writer *w, char bracket)
{
    put(w, &bracket, 1);
    w->depth++;
    w->empty = true;
}

void oci_json_write_end(oci_json_writer *w, char bracket)
{
    w->depth--;
    if (!w->empty)
        new_line(w);
    put(w, &bracket, 1);
    w->empty = false;
}

void oci_json_write_item(oci_json_writer *w)
{
    if (!w->empty)
        put(w, ",", 1);
    new_line(w);
    w->empty = false;
}

void oci_json_write_name(oci_json_writer *w, const char *name)
{
    oci_json_write_item(w);
    oci_json_write_string(w, name, strlen(name));
    put(w, ": ", w->style == OCI_PRINT_PRETTY ? 2 : 1);
}

void oci_json_write_text(oci_json_writer *w, const char *s)
{
    put(w, s, strlen(s));
}

/* A byte below 0x20, a quote or a backslash. */
static void put_escaped(oci_json_writer *w, unsigned char c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte and its letter */
    static const char digits[] = "0123456789abcdef";
    char text[] = "\\u00XX";

    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((unsigned char)shorts[i] == c) {
            text[1] = shorts[i + 1];
            put(w, text, 2);
            return;
        }
    }
    text[4] = digits[c >> 4];
    text[5] = digits[c & 15];
    put(w, text, 6);
}

void oci_json_write_string(oci_json_writer *w, const char *s, size_t n)
{
    size_t at = 0, run = 0; /* run: where the piece begins that was not written yet */

    put(w, "\"", 1);
    while (w->result == 0 && at < n) {
        unsigned char c = (unsigned char)s[at];
        uint32_t code = c;
        size_t len = c < 0x80 ? 1 : oci_utf8_decode(s + at, n - at, &code);

        if (len == 0 || oci_json_is_noncharacter(code)) {
            w->result = oci_fail(w->err, OCI_E_INVALID, "string that JSON cannot hold: %s",
                                 len == 0 ? "invalid UTF-8" : "Unicode noncharacter");
        } else if (c < 0x20 || c == '"' || c == '\\') {
            put(w, s + run, at - run);
            put_escaped(w, c);
            run = at + 1;
        }
        at += len;
    }
    put(w, s + run, n - run);
    put(w, "\"", 1);
}

int oci_json_writer_finish(oci_json_writer *w)
{
    if (w->result == 0 && w->style == OCI_PRINT_PRETTY)
        put(w, "\n", 1);
    if (w->result < 0 && w->out->data != NULL) {
        w->out->len = w->start;
        w->out->data[w->start] = '\0';
    }
    return w->result;
}
