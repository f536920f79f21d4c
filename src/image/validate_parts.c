/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest or index with a fault is shown to nobody, but the descriptors in it that have none still lead to content,
 * and one run is to find everything. They are read one by one, without a report: what is wrong was told already.
 */
#include "validation.h"

#include "base/buf.h"
#include "base/fail.h"

struct parts {
    oci_validation *v;
    oci_node *node;
};

/* Follows the value if it is a descriptor. */
static int follow_value(const struct parts *p, const char *member, size_t index, const oci_value *value, oci_error *err)
{
    const oci_decode_options options = { .limits = &p->v->limits };
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    void *d = NULL;
    int r = oci_value_print(value, OCI_PRINT_COMPACT, &text, err);

    if (r < 0)
        return r;
    r = oci_decode_document(&oci_descriptor_type, text.data, text.len, &options, &d, err);
    if (r < 0)
        return r == OCI_E_NOMEM ? r : 0;
    r = oci_follow(p->v, p->node, member, index, d, false, err);
    oci_decoded_free(d);
    return r;
}

static int follow_array(const struct parts *p, const char *member, const oci_value *array, oci_error *err)
{
    int r = 0;

    if (oci_value_type_of(array) != OCI_VALUE_ARRAY)
        return 0;
    for (size_t i = 0; r == 0 && i < oci_value_count(array); i++)
        r = follow_value(p, member, i, oci_value_item(array, i), err);
    return r;
}

int oci_follow_parts(oci_validation *v, oci_node *n, oci_error *err)
{
    static const char *const arrays[] = { "manifests", "layers" };
    const struct parts p = { v, n };
    OCI_AUTO(oci_value) tree = NULL;
    const oci_value *member;
    int r = oci_value_parse(n->text, n->len, &v->limits, &tree, err);

    if (r < 0 || oci_value_type_of(tree) != OCI_VALUE_OBJECT)
        return r == OCI_E_NOMEM ? r : 0;
    v->depth++;
    r = oci_value_get(tree, "config", &member) ? follow_value(&p, "config", OCI_NO_INDEX, member, err) : 0;
    for (size_t i = 0; r == 0 && i < sizeof arrays / sizeof *arrays; i++)
        if (oci_value_get(tree, arrays[i], &member))
            r = follow_array(&p, arrays[i], member, err);
    v->depth--;
    return r;
}
