/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <oci-image/descriptor.h>

#include "base/fail.h"
#include "base/text.h"

#include "codec.h"
#include "write.h"

static void write_struct(oci_json_writer *w, const oci_type *type, const char *object);

static void refuse(oci_json_writer *w, const oci_type *type, const oci_field *f, const char *why)
{
    if (w->result == 0)
        w->result = oci_fail(w->err, OCI_E_USAGE, "%s of a struct of type %s %s", f->name, type->what, why);
}

static const void *pointer_at(const char *base, size_t offset)
{
    return *(const void *const *)(const void *)(base + offset);
}

static size_t count_at(const char *base, size_t offset)
{
    return *(const size_t *)(const void *)(base + offset);
}

static bool is_there(const oci_field *f, const char *base);

static bool has_members(const oci_type *type, const char *base)
{
    if (type->unknown_offset != SIZE_MAX && pointer_at(base, type->unknown_offset) != NULL)
        return true;
    for (size_t i = 0; i < type->n_fields; i++)
        if (is_there(&type->fields[i], base))
            return true;
    return false;
}

/* Empty arrays and maps are there when something points to them. */
static bool is_there(const oci_field *f, const char *base)
{
    const void *member = base + f->offset;

    if (f->presence == OCI_FORBIDDEN)
        return false;
    switch (f->kind) {
    case OCI_FIELD_STRING:
    case OCI_FIELD_STRING_MAP:
    case OCI_FIELD_OBJECT:
    case OCI_FIELD_OBJECTS:
    case OCI_FIELD_VALUES:
        return pointer_at(base, f->offset) != NULL;
    case OCI_FIELD_BOOL:
        return *(const bool *)member;
    case OCI_FIELD_U63:
        return *(const uint64_t *)member != 0;
    case OCI_FIELD_INT:
        return *(const int64_t *)member != 0;
    case OCI_FIELD_STRINGS:
    case OCI_FIELD_KEYS:
        return ((const oci_strings *)member)->items != NULL;
    case OCI_FIELD_INLINE:
        return has_members(f->sub, member);
    case OCI_FIELD_BASE64:
        return *(const bool *)(const void *)(base + f->count_offset);
    case OCI_FIELD_FIXED:
        return true;
    }
    return false;
}

static void write_int(oci_json_writer *w, int64_t i)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, i);
    oci_json_write_text(w, text);
}

static void write_strings(oci_json_writer *w, const oci_type *type, const oci_field *f, const oci_strings *strings)
{
    bool keys = f->kind == OCI_FIELD_KEYS;

    oci_json_write_begin(w, keys ? '{' : '[');
    for (size_t i = 0; strings->items != NULL && i < strings->count && w->result == 0; i++) {
        const char *s = strings->items[i];

        if (s == NULL) {
            refuse(w, type, f, "has an item that is NULL");
        } else if (keys) {
            oci_json_write_name(w, s);
            oci_json_write_text(w, "{}");
        } else {
            oci_json_write_item(w);
            oci_json_write_string(w, s, strlen(s));
        }
    }
    oci_json_write_end(w, keys ? '}' : ']');
}

static void write_string_map(oci_json_writer *w, const oci_annotations *map)
{
    oci_json_write_begin(w, '{');
    for (size_t i = 0; map != NULL && i < map->count && w->result == 0; i++) {
        oci_json_write_name(w, map->items[i].key);
        oci_json_write_string(w, map->items[i].value, map->items[i].value_len);
    }
    oci_json_write_end(w, '}');
}

static void write_array(oci_json_writer *w, const oci_type *type, const oci_field *f, const char *base)
{
    const char *structs = pointer_at(base, f->offset);
    size_t count = structs != NULL ? count_at(base, f->count_offset) : 0;

    oci_json_write_begin(w, '[');
    for (size_t i = 0; i < count && w->result == 0; i++) {
        const char *item =
            f->kind == OCI_FIELD_VALUES ? structs + i * f->sub->size : pointer_at(structs, i * sizeof(void *));

        oci_json_write_item(w);
        if (item != NULL)
            write_struct(w, f->sub, item);
        else
            refuse(w, type, f, "has an item that is NULL");
    }
    oci_json_write_end(w, ']');
}

static void write_base64(oci_json_writer *w, const oci_span *span)
{
    size_t n = oci_base64_length(span->len);
    OCI_AUTO_MEM char *text = n > 0 || span->len == 0 ? oci_alloc(n + 1) : NULL;

    if (text == NULL) {
        if (w->result == 0)
            w->result = oci_fail_nomem(w->err);
        return;
    }
    oci_base64_encode(span->data, span->len, text);
    oci_json_write_string(w, text, n);
}

static void write_value(oci_json_writer *w, const oci_type *type, const oci_field *f, const char *base)
{
    const void *member = base + f->offset;
    const char *s;

    switch (f->kind) {
    case OCI_FIELD_STRING:
        s = pointer_at(base, f->offset);
        oci_json_write_string(w, s, strlen(s));
        break;
    case OCI_FIELD_BOOL:
        oci_json_write_text(w, *(const bool *)member ? "true" : "false");
        break;
    case OCI_FIELD_U63:
        if (*(const uint64_t *)member > INT64_MAX)
            refuse(w, type, f, "is too large");
        write_int(w, *(const int64_t *)member);
        break;
    case OCI_FIELD_INT:
        write_int(w, *(const int64_t *)member);
        break;
    case OCI_FIELD_STRINGS:
    case OCI_FIELD_KEYS:
        write_strings(w, type, f, member);
        break;
    case OCI_FIELD_STRING_MAP:
        write_string_map(w, pointer_at(base, f->offset));
        break;
    case OCI_FIELD_OBJECT:
        write_struct(w, f->sub, pointer_at(base, f->offset));
        break;
    case OCI_FIELD_INLINE:
        write_struct(w, f->sub, member);
        break;
    case OCI_FIELD_OBJECTS:
    case OCI_FIELD_VALUES:
        write_array(w, type, f, base);
        break;
    case OCI_FIELD_BASE64:
        write_base64(w, member);
        break;
    case OCI_FIELD_FIXED:
        write_int(w, f->fixed);
        break;
    }
}

/* Whether a required member can be written although nothing is in its place: false, zero and what is empty can. */
static bool has_empty_form(oci_field_kind kind)
{
    return kind != OCI_FIELD_STRING && kind != OCI_FIELD_OBJECT && kind != OCI_FIELD_BASE64;
}

static const oci_field *find_field(const oci_type *type, const char *name)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return NULL;
}

/* unknown is the whole object that the struct was read from: what the table knows was written from the struct. */
static void write_unknown(oci_json_writer *w, const oci_type *type, const oci_value *unknown)
{
    oci_value_cursor c = { NULL };
    const oci_value *value;
    const char *name;

    while (w->result == 0 && oci_value_next(unknown, &c, &name, &value)) {
        if (find_field(type, name) != NULL)
            continue;
        oci_json_write_name(w, name);
        oci_json_write_value(w, value);
    }
}

static void write_struct(oci_json_writer *w, const oci_type *type, const char *object)
{
    const char *s = type->to_string != NULL ? type->to_string(object) : NULL;

    if (s != NULL) {
        oci_json_write_string(w, s, strlen(s));
        return;
    }
    if (type->n_fields == 0 && w->result == 0)
        w->result = oci_fail(w->err, OCI_E_USAGE, "struct of type %s without its text", type->what);
    oci_json_write_begin(w, '{');
    for (size_t i = 0; i < type->n_fields && w->result == 0; i++) {
        const oci_field *f = &type->fields[i];
        bool there = is_there(f, object);

        if (!there && f->presence != OCI_REQUIRED)
            continue;
        if (!there && !has_empty_form(f->kind)) {
            refuse(w, type, f, "is missing");
            return;
        }
        oci_json_write_name(w, f->name);
        write_value(w, type, f, object);
    }
    if (type->unknown_offset != SIZE_MAX)
        write_unknown(w, type, pointer_at(object, type->unknown_offset));
    oci_json_write_end(w, '}');
}

int oci_encode_document(const oci_type *type, const void *object, oci_print_style style, oci_buf *out, oci_error *err)
{
    oci_json_writer w = oci_json_writer_new(style, out, err);

    write_struct(&w, type, object);
    return oci_json_writer_finish(&w);
}
