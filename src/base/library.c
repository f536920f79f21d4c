/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

#include "fail.h"

static int load(const oci_library *l, oci_error *err)
{
    void *library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        return oci_fail(err, OCI_E_IO, "%s cannot be loaded: %s", l->name, dlerror());
    for (size_t i = 0; i < l->n; i++) {
        void *function = dlsym(library, l->functions[i]);

        if (function == NULL) {
            dlclose(library);
            return oci_fail(err, OCI_E_IO, "the %s that is installed has no %s", l->name, l->functions[i]);
        }
        /* POSIX lets pointers to functions pass for pointers to objects; ISO C does not know of it. */
        memcpy((char *)l->table + i * sizeof function, &function, sizeof function);
    }
    return 0;
}

int oci_library_load(oci_library *l, oci_error *err)
{
    int r = 0;

    pthread_mutex_lock(&l->lock);
    if (!l->loaded)
        r = load(l, err);
    l->loaded = r == 0;
    pthread_mutex_unlock(&l->lock);
    return r;
}
