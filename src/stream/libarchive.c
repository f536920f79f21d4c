/* SPDX-License-Identifier: Apache-2.0 */
#include "libarchive.h"

#include "base/library.h"

int oci_libarchive_load(const oci_libarchive **out, oci_error *err)
{
#define NAME(name) #name,
    static const char *const names[] = { OCI_LIBARCHIVE_FUNCTIONS(NAME) };
#undef NAME
    static oci_libarchive functions;
    static oci_library library = {
        .name = "libarchive",
        .file = OCI_LIBARCHIVE_NAME,
        .functions = names,
        .table = &functions,
        .n = sizeof names / sizeof *names,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };

    *out = &functions;
    return oci_library_load(&library, err);
}
