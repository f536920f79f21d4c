/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries of index.json a name means. */
#include <string.h>

#include "image.h"
#include "spec/spec.h"
#include "store/layout.h"

static bool is_alike(const oci_descriptor *d, const char *key, const char *name)
{
    const char *own = oci_annotations_get(d->annotations, key);

    /* One with a NUL byte in it is like no other. */
    return own != NULL && oci_entry_has(d, key, own) && oci_is_same_docker_name(own, name);
}

bool oci_is_named(const oci_descriptor *d, oci_naming how, const char *name)
{
    switch (how) {
    case OCI_NAMED_REF:
        return oci_entry_has(d, OCI_ANNOTATION_REF_NAME, name);
    case OCI_NAMED_CONTAINERD:
        return oci_entry_has(d, OCI_ANNOTATION_CONTAINERD_NAME, name);
    case OCI_NAMED_ALIKE:
        return is_alike(d, OCI_ANNOTATION_REF_NAME, name) || is_alike(d, OCI_ANNOTATION_CONTAINERD_NAME, name);
    case OCI_NAMED_NOT:
        break;
    }
    return false;
}

oci_naming oci_naming_of(const oci_index *index, const char *name)
{
    oci_naming how = OCI_NAMED_REF;

    for (; how < OCI_NAMED_NOT; how++)
        for (size_t i = 0; i < index->n_manifests; i++)
            if (oci_is_named(index->manifests[i], how, name))
                return how;
    return how;
}
