/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "fail.h"
#include "num.h"

void oci_buf_free(oci_buf *buf)
{
    oci_free(buf->data);
    buf->data = NULL;
    buf->len = buf->cap = 0;
}

int oci_buf_reserve(oci_buf *buf, size_t n, oci_error *err)
{
    size_t need, cap;
    char *data;

    if (!oci_add_size(buf->len, n, &need) || !oci_add_size(need, 1, &cap))
        return oci_fail_nomem(err);
    if (buf->limit > 0 && need > buf->limit)
        return oci_fail(err, OCI_E_LIMIT, "more than %zu bytes", buf->limit);
    if (cap <= buf->cap)
        return 0;
    if (cap < 256)
        cap = 256;
    if (cap < buf->cap + buf->cap / 2)
        cap = buf->cap + buf->cap / 2;
    data = oci_realloc_array(buf->data, cap, 1);
    if (data == NULL)
        return oci_fail_nomem(err);
    buf->data = data;
    buf->cap = cap;
    return 0;
}

int oci_buf_append(oci_buf *buf, const void *p, size_t n, oci_error *err)
{
    int r = oci_buf_reserve(buf, n, err);

    if (r < 0)
        return r;
    if (n > 0)
        memcpy(buf->data + buf->len, p, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
    return 0;
}

int oci_buf_puts(oci_buf *buf, const char *s, oci_error *err)
{
    return oci_buf_append(buf, s, strlen(s), err);
}

int oci_buf_putc(oci_buf *buf, char c, oci_error *err)
{
    return oci_buf_append(buf, &c, 1, err);
}

int oci_buf_put_number(oci_buf *buf, uint64_t n, unsigned base, unsigned width, oci_error *err)
{
    char digits[64];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % base);
        n /= base;
    } while (n > 0);
    while (sizeof digits - at < width && at > 0)
        digits[--at] = '0';
    return oci_buf_append(buf, digits + at, sizeof digits - at, err);
}

int oci_buf_printf(oci_buf *buf, oci_error *err, const char *fmt, ...)
{
    va_list args, again;
    int n, r;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        va_end(again);
        return oci_fail_errno(err, "format text");
    }
    r = oci_buf_reserve(buf, (size_t)n, err);
    if (r == 0) {
        vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    return r;
}
