/* SPDX-License-Identifier: Apache-2.0 */
#include "libarchive.h"

#include <pthread.h>

#include "base/fail.h"
#include "base/library.h"

static oci_libarchive functions;
static oci_error failure = OCI_ERROR_INIT;

static void load(void)
{
#define NAME(name) #name,
    static const char *const names[] = { OCI_LIBARCHIVE_FUNCTIONS(NAME) };
#undef NAME

    oci_library_load("libarchive", OCI_LIBARCHIVE_NAME, sizeof names / sizeof *names, names, &functions, &failure);
}

int oci_libarchive_load(const oci_libarchive **out, oci_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (failure.code < 0)
        return oci_fail_as(err, &failure);
    *out = &functions;
    return 0;
}
