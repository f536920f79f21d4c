/* SPDX-License-Identifier: Apache-2.0 */
#include "decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/utf8.h"

/* A name as RFC 6901 section 3 escapes it. */
static int append_name(oci_buf *out, const char *name)
{
    int r = 0;

    for (const char *p = name; r == 0 && *p != '\0';) {
        size_t plain = strcspn(p, "~/");

        r = oci_buf_append(out, p, plain, NULL);
        p += plain;
        if (r == 0 && *p != '\0')
            r = oci_buf_puts(out, *p++ == '~' ? "~0" : "~1", NULL);
    }
    return r;
}

static size_t depth_of(const oci_decode_step *place)
{
    size_t depth = 0;

    for (; place != NULL; place = place->up)
        depth++;
    return depth;
}

static int append_pointer(oci_buf *out, const oci_decode_step *place)
{
    int r = oci_buf_puts(out, "", NULL);

    for (size_t depth = depth_of(place); r == 0 && depth > 0; depth--) {
        const oci_decode_step *step = place;

        for (size_t i = 1; i < depth; i++)
            step = step->up;
        r = oci_buf_putc(out, '/', NULL);
        if (r == 0 && step->name != NULL)
            r = append_name(out, step->name);
        else if (r == 0)
            r = oci_buf_printf(out, NULL, "%zu", step->index);
    }
    return r;
}

static int tell(oci_decode *d, const oci_decode_step *place, int code, const char *rule, const char *fmt, va_list args)
    OCI_PRINTF(5, 0);

static int tell(oci_decode *d, const oci_decode_step *place, int code, const char *rule, const char *fmt, va_list args)
{
    enum { POINTER_IN_ERROR = 400 };
    OCI_AUTO_BUF oci_buf pointer = OCI_BUF_INIT;
    char raw[1024], text[1024];

    if (code == 0 && d->report == NULL)
        return 0;
    if (append_pointer(&pointer, place) < 0)
        return OCI_E_NOMEM;
    vsnprintf(raw, sizeof raw, fmt, args);
    if (code < 0 && d->first == 0) {
        d->first = code;
        oci_fail(d->err, code, "%.*s%s: %s", POINTER_IN_ERROR, pointer.len > 0 ? pointer.data : d->what,
                 pointer.len > POINTER_IN_ERROR ? "..." : "", raw);
    }
    if (d->report == NULL)
        return code;
    oci_utf8_escape(raw, strlen(raw), text, sizeof text);
    d->report->problem(d->report->ctx,
                       &(oci_problem) { .code = code, .rule = rule, .pointer = pointer.data, .text = text });
    return 0;
}

int oci_decode_problem(oci_decode *d, int code, const char *rule, const char *fmt, ...)
{
    va_list args;
    int r;

    va_start(args, fmt);
    r = tell(d, d->place, code, rule, fmt, args);
    va_end(args);
    return r;
}

int oci_decode_problem_at(oci_decode *d, const char *member, size_t index, int code, const char *rule, const char *fmt,
                          ...)
{
    oci_decode_step by_name = { .up = d->place, .name = member };
    const oci_decode_step *place = member != NULL ? &by_name : d->place;
    oci_decode_step by_index = { .up = place, .index = index };
    va_list args;
    int r;

    va_start(args, fmt);
    r = tell(d, index != OCI_NO_INDEX ? &by_index : place, code, rule, fmt, args);
    va_end(args);
    return r;
}
