/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "utf8.h"

static const char *const names[] = {
    "OCI_OK",          "OCI_E_NOMEM", "OCI_E_IO",        "OCI_E_PERM",   "OCI_E_NOT_FOUND", "OCI_E_EXISTS",
    "OCI_E_AMBIGUOUS", "OCI_E_BUSY",  "OCI_E_CANCELLED", "OCI_E_USAGE",  "OCI_E_INVALID",   "OCI_E_UNSUPPORTED",
    "OCI_E_DIGEST",    "OCI_E_SIZE",  "OCI_E_LIMIT",     "OCI_E_UNSAFE", "OCI_E_CONFLICT",  "OCI_E_INTERNAL",
};

const char *oci_error_name(int code)
{
    size_t i = code < 0 ? (size_t)(-(long)code) : 0;

    return code < 0 && i < sizeof names / sizeof *names ? names[i] : "OCI_E_UNKNOWN";
}

/* Formats into out so that it is one printable line; what does not fit is cut and marked. */
OCI_PRINTF(3, 0) static size_t format_line(char *out, size_t cap, const char *fmt, va_list args)
{
    char raw[2048];
    int n = vsnprintf(raw, sizeof raw, fmt, args);

    if (n < 0)
        n = 0;
    return oci_utf8_escape(raw, (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1, out, cap);
}

static void append(oci_error *err, const char *text)
{
    size_t used = strlen(err->msg);

    oci_utf8_escape(text, strlen(text), err->msg + used, sizeof err->msg - used);
}

int oci_fail(oci_error *err, int code, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return code;
    err->code = code;
    err->sys_errno = 0;
    va_start(args, fmt);
    format_line(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    return code;
}

static int code_of_errno(int e)
{
    switch (e) {
    case EPERM:
    case EACCES:
    case EROFS:
        return OCI_E_PERM;
    case ENOMEM:
        return OCI_E_NOMEM;
    default:
        return OCI_E_IO;
    }
}

int oci_fail_errno(oci_error *err, const char *fmt, ...)
{
    int saved = errno;
    int code = code_of_errno(saved);
    va_list args;

    if (err == NULL)
        return code;
    err->code = code;
    err->sys_errno = saved;
    va_start(args, fmt);
    format_line(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    append(err, ": ");
    /* Thread-safe in glibc since 2.32 and in musl; strerror_r has two incompatible forms. */
    append(err, strerror(saved));
    errno = saved;
    return code;
}

int oci_fail_nomem(oci_error *err)
{
    return oci_fail(err, OCI_E_NOMEM, "out of memory");
}

int oci_fail_as(oci_error *err, const oci_error *why)
{
    if (err != NULL)
        *err = *why;
    return why->code;
}

int oci_wrap(oci_error *err, int r, const char *fmt, ...)
{
    char inner[sizeof err->msg];
    va_list args;

    if (err == NULL || r >= 0)
        return r;
    memcpy(inner, err->msg, sizeof inner);
    /* A name may be of any length, and must leave room for the reason. */
    va_start(args, fmt);
    format_line(err->msg, sizeof err->msg / 2, fmt, args);
    va_end(args);
    append(err, ": ");
    append(err, inner);
    return r;
}
