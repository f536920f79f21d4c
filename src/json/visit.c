/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

struct visit {
    const oci_type *wanted;
    int (*each)(void *ctx, const void *found);
    void *ctx;
};

static int visit(const struct visit *v, const oci_type *type, const char *object);

static int visit_array(const struct visit *v, const oci_field *f, const char *base)
{
    const char *structs = *(const char *const *)(const void *)(base + f->offset);
    size_t count = structs != NULL ? *(const size_t *)(const void *)(base + f->count_offset) : 0;
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        const char *item =
            f->kind == OCI_FIELD_VALUES ? structs + i * f->sub->size : ((const char *const *)(const void *)structs)[i];

        r = visit(v, f->sub, item);
    }
    return r;
}

static int visit_field(const struct visit *v, const oci_field *f, const char *base)
{
    if (f->presence == OCI_FORBIDDEN)
        return 0;
    switch (f->kind) {
    case OCI_FIELD_OBJECT:
        return visit(v, f->sub, *(const char *const *)(const void *)(base + f->offset));
    case OCI_FIELD_INLINE:
        return visit(v, f->sub, base + f->offset);
    case OCI_FIELD_OBJECTS:
    case OCI_FIELD_VALUES:
        return visit_array(v, f, base);
    case OCI_FIELD_STRING:
    case OCI_FIELD_BOOL:
    case OCI_FIELD_U63:
    case OCI_FIELD_INT:
    case OCI_FIELD_STRINGS:
    case OCI_FIELD_KEYS:
    case OCI_FIELD_STRING_MAP:
    case OCI_FIELD_BASE64:
    case OCI_FIELD_FIXED:
        break;
    }
    return 0;
}

static int visit(const struct visit *v, const oci_type *type, const char *object)
{
    int r = 0;

    if (object == NULL)
        return 0;
    if (type == v->wanted)
        r = v->each(v->ctx, object);
    for (size_t i = 0; i < type->n_fields && r == 0; i++)
        r = visit_field(v, &type->fields[i], object);
    return r;
}

int oci_visit(const oci_type *type, const void *object, const oci_type *wanted,
              int (*each)(void *ctx, const void *found), void *ctx)
{
    const struct visit v = { wanted, each, ctx };

    return visit(&v, type, object);
}
