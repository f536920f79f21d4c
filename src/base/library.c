/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

#include "fail.h"

int oci_library_load(const char *name, const char *file, size_t n, const char *const functions[], void *table,
                     oci_error *err)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        return oci_fail(err, OCI_E_UNSUPPORTED, "%s cannot be loaded: %s", name, dlerror());
    for (size_t i = 0; i < n; i++) {
        void *function = dlsym(library, functions[i]);

        if (function == NULL)
            return oci_fail(err, OCI_E_UNSUPPORTED, "the %s that is installed has no %s", name, functions[i]);
        /* POSIX lets pointers to functions pass for pointers to objects; ISO C does not know of it. */
        memcpy((char *)table + i * sizeof function, &function, sizeof function);
    }
    return 0;
}
