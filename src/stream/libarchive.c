/* SPDX-License-Identifier: Apache-2.0 */
#include "libarchive.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/fail.h"

static oci_libarchive functions;
static oci_error failure = OCI_ERROR_INIT;

static void load(void)
{
    void *library = dlopen(OCI_LIBARCHIVE_NAME, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        oci_fail(&failure, OCI_E_UNSUPPORTED, "libarchive cannot be loaded: %s", dlerror());
        return;
    }
    /* POSIX lets pointers to functions pass through pointers to objects; ISO C wants it to be said in two steps. */
#define LOAD(name)                                                                                                     \
    *(void **)&functions.name = dlsym(library, #name);                                                                 \
    if (functions.name == NULL)                                                                                        \
        oci_fail(&failure, OCI_E_UNSUPPORTED, "the libarchive that is installed has no " #name);
    OCI_LIBARCHIVE_FUNCTIONS(LOAD)
#undef LOAD
}

int oci_libarchive_load(const oci_libarchive **out, oci_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (failure.code < 0) {
        if (err != NULL)
            *err = failure;
        return failure.code;
    }
    *out = &functions;
    return 0;
}
