/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <stdarg.h>
#include <stdio.h>

#include "fail.h"
#include "utf8.h"

void oci_warn(const oci_events *events, const char *fmt, ...)
{
    char raw[2048], line[1024]; /* line is the shorter, so that what is cut is marked */
    va_list args;
    int n;

    if (events == NULL || events->warning == NULL)
        return;
    va_start(args, fmt);
    n = vsnprintf(raw, sizeof raw, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    oci_utf8_escape(raw, (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1, line, sizeof line);
    events->warning(events->ctx, line);
}

void oci_progress(const oci_events *events, const char *what, uint64_t done, uint64_t total)
{
    if (events != NULL && events->progress != NULL)
        events->progress(events->ctx, what, done, total);
}

int oci_check_cancelled(const oci_events *events, oci_error *err)
{
    if (events != NULL && events->cancelled != NULL && events->cancelled(events->ctx))
        return oci_fail(err, OCI_E_CANCELLED, "cancelled");
    return 0;
}
