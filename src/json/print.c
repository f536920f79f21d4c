/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"
#include "write.h"

static void write_array(oci_json_writer *w, const oci_value *v)
{
    size_t n = oci_value_count(v);

    oci_json_write_begin(w, '[');
    for (size_t i = 0; i < n && w->result == 0; i++) {
        oci_json_write_item(w);
        oci_json_write_value(w, oci_value_item(v, i));
    }
    oci_json_write_end(w, ']');
}

static void write_object(oci_json_writer *w, const oci_value *v)
{
    oci_value_cursor c = { NULL };
    const oci_value *value;
    const char *name;

    oci_json_write_begin(w, '{');
    while (w->result == 0 && oci_value_next(v, &c, &name, &value)) {
        oci_json_write_name(w, name);
        oci_json_write_value(w, value);
    }
    oci_json_write_end(w, '}');
}

void oci_json_write_value(oci_json_writer *w, const oci_value *v)
{
    char space[OCI_VALUE_NUMBER_MAX];
    const char *s;
    size_t n;

    switch (oci_value_type_of(v)) {
    case OCI_VALUE_NULL:
        oci_json_write_text(w, "null");
        break;
    case OCI_VALUE_BOOL:
        oci_json_write_text(w, oci_value_bool(v) ? "true" : "false");
        break;
    case OCI_VALUE_INT:
    case OCI_VALUE_DOUBLE:
        oci_json_write_text(w, oci_value_number(v, space));
        break;
    case OCI_VALUE_STRING:
        s = oci_value_string(v, &n);
        oci_json_write_string(w, s, n);
        break;
    case OCI_VALUE_ARRAY:
        write_array(w, v);
        break;
    case OCI_VALUE_OBJECT:
        write_object(w, v);
        break;
    }
}

int oci_value_print(const oci_value *v, oci_print_style style, oci_buf *out, oci_error *err)
{
    oci_json_writer w = oci_json_writer_new(style, out, err);

    oci_json_write_value(&w, v);
    return oci_json_writer_finish(&w);
}

int oci_json_print_string(const char *s, size_t n, oci_buf *out, oci_error *err)
{
    oci_json_writer w = oci_json_writer_new(OCI_PRINT_COMPACT, out, err);

    oci_json_write_string(&w, s, n);
    return oci_json_writer_finish(&w);
}
