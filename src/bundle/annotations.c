/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "build.h"

#define PREFIX "org.opencontainers.image."

static int join(const char *const *items, size_t n, oci_buf *out, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (i > 0)
            r = oci_buf_putc(out, ',', err);
        if (r == 0)
            r = oci_buf_puts(out, items[i], err);
    }
    return r;
}

static int set_joined(oci_value *annotations, const char *key, oci_strings values, oci_error *err)
{
    OCI_AUTO_BUF oci_buf joined = OCI_BUF_INIT;
    int r;

    if (values.count == 0)
        return 0;
    r = join(values.items, values.count, &joined, err);
    return r < 0 ? r : oci_build_set_string(annotations, key, joined.data, err);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of a JSON object have no order, so that one has to be chosen. */
static int set_exposed_ports(oci_value *annotations, oci_strings ports, oci_error *err)
{
    OCI_AUTO_MEM const char **sorted = NULL;

    if (ports.count == 0)
        return 0;
    sorted = oci_calloc(ports.count, sizeof *sorted);
    if (sorted == NULL)
        return oci_fail_nomem(err);
    memcpy(sorted, ports.items, ports.count * sizeof *sorted);
    qsort(sorted, ports.count, sizeof *sorted, by_bytes);
    return set_joined(annotations, PREFIX "exposedPorts", (oci_strings) { sorted, ports.count }, err);
}

/* What the image says of itself without calling it an annotation. A field that is not there makes no key. */
static int set_implicit(oci_value *annotations, const oci_config *c, oci_error *err)
{
    const struct {
        const char *key, *value;
    } fields[] = {
        { PREFIX "os", c->os },
        { PREFIX "architecture", c->architecture },
        { PREFIX "variant", c->variant },
        { PREFIX "os.version", c->os_version },
        { PREFIX "author", c->author },
        { PREFIX "created", c->created },
        { PREFIX "stopSignal", c->stop_signal },
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof fields / sizeof *fields; i++)
        if (fields[i].value != NULL && fields[i].value[0] != '\0')
            r = oci_build_set_string(annotations, fields[i].key, fields[i].value, err);
    if (r == 0)
        r = set_joined(annotations, PREFIX "os.features", c->os_features, err);
    if (r == 0)
        r = set_exposed_ports(annotations, c->exposed_ports, err);
    return r;
}

static int set_labels(oci_value *annotations, const oci_annotations *labels, const oci_events *events, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < labels->count; i++) {
        const oci_pair *label = &labels->items[i];

        if (label->key_len == 0)
            oci_warn(events, "a label without a name is left out: an annotation needs one");
        else
            r = oci_value_set(annotations, label->key, oci_value_new_string_n(label->value, label->value_len), err);
    }
    return r;
}

int oci_bundle_annotations(oci_value *root, const oci_config *c, const oci_events *events, oci_error *err)
{
    oci_value *annotations;
    int r = oci_build_object(root, "annotations", &annotations, err);

    if (r == 0)
        r = set_implicit(annotations, c, err);
    /* Later, because the labels win. */
    if (r == 0 && c->labels != NULL)
        r = set_labels(annotations, c->labels, events, err);
    return r;
}
