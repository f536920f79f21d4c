/* SPDX-License-Identifier: Apache-2.0 */
#include "decode.h"

#include <inttypes.h>
#include <stdalign.h>
#include <string.h>

#include <oci-image/descriptor.h>

#include "base/fail.h"
#include "base/text.h"

#include "tree.h"

/*
 * The functions that read a value into a struct return 1 when it is there now, 0 when a problem was recorded instead
 * (the place in the struct stays empty then), or the negative code that ends the decoding.
 */

/* What is in front of the object that oci_decode_document gives. */
struct document {
    oci_arena *arena; /* holds this struct as well */
    oci_value *tree;  /* what the unknown members are in, or NULL */
    alignas(max_align_t) char object[];
};

static int read_members(oci_decode *d, const oci_type *type, const oci_value *v, char *base);

oci_arena *oci_decode_arena(oci_decode *d)
{
    return d->arena;
}

static int wrong_type(oci_decode *d, const char *rule, const char *expected, const oci_value *v)
{
    return oci_decode_problem(d, OCI_E_INVALID, rule, "expected %s, found %s", expected,
                              oci_value_type_name(oci_value_type_of(v)));
}

static int read_text(oci_decode *d, const char *rule, const oci_value *v, const char **out)
{
    size_t n;
    const char *s = oci_value_string(v, &n);

    if (s == NULL)
        return wrong_type(d, rule, "a string", v);
    if (memchr(s, '\0', n) != NULL)
        return oci_decode_problem(d, OCI_E_INVALID, rule, "NUL character in the string");
    *out = oci_arena_strndup(d->arena, s, n);
    return *out != NULL ? 1 : OCI_E_NOMEM;
}

static int read_bool(oci_decode *d, const oci_field *f, const oci_value *v, bool *out)
{
    if (oci_value_type_of(v) != OCI_VALUE_BOOL)
        return wrong_type(d, f->type_rule, "a boolean", v);
    *out = oci_value_bool(v);
    return 1;
}

/* Readers that hold numbers in doubles see another value beyond 2^53. */
static int remark_range(oci_decode *d, int64_t i)
{
    static const int64_t exact = INT64_C(1) << 53;

    if (i >= -exact && i <= exact)
        return 0;
    return oci_decode_problem(d, 0, "considerations.json.number-range", "%" PRId64 " is no exact double", i);
}

/* What a number breaks that is too small or too large. */
static const char *rule_of_range(const oci_field *f, const oci_value *v)
{
    int64_t i;

    return f->negative_rule != NULL && oci_value_int64(v, &i) && i < 0 ? f->negative_rule : f->type_rule;
}

static int read_int(oci_decode *d, const oci_field *f, const oci_value *v, int64_t least, int64_t *out)
{
    char space[OCI_VALUE_NUMBER_MAX];
    int64_t i;
    int r;

    if (oci_value_type_of(v) != OCI_VALUE_INT)
        return wrong_type(d, f->type_rule, "an integer", v);
    if (!oci_value_int64(v, &i) || i < least)
        return oci_decode_problem(d, OCI_E_INVALID, rule_of_range(f, v),
                                  "expected an integer from %" PRId64 " to %" PRId64 ", found %s", least, INT64_MAX,
                                  oci_value_number(v, space));
    r = remark_range(d, i);
    if (r < 0)
        return r;
    *out = i;
    return 1;
}

static int read_u63(oci_decode *d, const oci_field *f, const oci_value *v, uint64_t *out)
{
    int64_t i;
    int r = read_int(d, f, v, 0, &i);

    if (r > 0)
        *out = (uint64_t)i;
    return r;
}

static int read_fixed(oci_decode *d, const oci_field *f, const oci_value *v)
{
    char space[OCI_VALUE_NUMBER_MAX];
    int64_t i;

    if (oci_value_int64(v, &i) && i == f->fixed)
        return 1;
    return oci_decode_problem(d, OCI_E_INVALID, f->type_rule, "expected the integer %" PRId64 ", found %s", f->fixed,
                              oci_value_type_of(v) == OCI_VALUE_INT ? oci_value_number(v, space)
                                                                    : oci_value_type_name(oci_value_type_of(v)));
}

static int read_strings(oci_decode *d, const oci_field *f, const oci_value *v, oci_strings *out)
{
    size_t n = oci_value_count(v);
    const char **items;
    int whole = 1;

    if (oci_value_type_of(v) != OCI_VALUE_ARRAY)
        return wrong_type(d, f->type_rule, "an array", v);
    items = oci_arena_array(d->arena, n, sizeof *items);
    if (items == NULL)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        oci_decode_step here = { .up = d->place, .index = i };
        int r;

        d->place = &here;
        r = read_text(d, f->type_rule, oci_value_item(v, i), &items[i]);
        d->place = here.up;
        if (r < 0)
            return r;
        whole &= r;
    }
    if (whole)
        *out = (oci_strings) { items, n };
    return whole;
}

static int read_key(oci_decode *d, const oci_field *f, const char *name, const oci_value *v, const char **out)
{
    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return wrong_type(d, f->type_rule, "an empty object", v);
    if (oci_value_count(v) > 0) {
        int r = oci_decode_problem(d, 0, f->type_rule, "members of an object that should be empty are ignored");

        if (r < 0)
            return r;
    }
    *out = oci_arena_strndup(d->arena, name, strlen(name));
    return *out != NULL ? 1 : OCI_E_NOMEM;
}

static int read_keys(oci_decode *d, const oci_field *f, const oci_value *v, oci_strings *out)
{
    size_t n = oci_value_count(v), i = 0;
    oci_value_cursor c = { NULL };
    const oci_value *value;
    const char **items;
    const char *name;
    int whole = 1;

    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return wrong_type(d, f->type_rule, "an object", v);
    items = oci_arena_array(d->arena, n, sizeof *items);
    if (items == NULL)
        return OCI_E_NOMEM;
    while (oci_value_next(v, &c, &name, &value)) {
        oci_decode_step here = { .up = d->place, .name = name };
        int r;

        d->place = &here;
        r = read_key(d, f, name, value, &items[i++]);
        d->place = here.up;
        if (r < 0)
            return r;
        whole &= r;
    }
    if (whole)
        *out = (oci_strings) { items, n };
    return whole;
}

static int read_pair(oci_decode *d, const oci_field *f, const char *name, const oci_value *v, oci_pair *out)
{
    size_t n;
    const char *s = oci_value_string(v, &n);
    char *key, *value;

    if (s == NULL)
        return wrong_type(d, f->type_rule, "a string", v);
    key = oci_arena_strndup(d->arena, name, strlen(name));
    value = oci_arena_strndup(d->arena, s, n);
    if (key == NULL || value == NULL)
        return OCI_E_NOMEM;
    *out = (oci_pair) { .key = key, .value = value, .key_len = strlen(name), .value_len = n };
    return 1;
}

static int read_string_map(oci_decode *d, const oci_field *f, const oci_value *v, const oci_annotations **out)
{
    size_t n = oci_value_count(v), i = 0;
    oci_value_cursor c = { NULL };
    const oci_value *value;
    oci_annotations *map;
    const char *name;
    oci_pair *items;
    int whole = 1;

    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return wrong_type(d, f->type_rule, "an object", v);
    map = oci_arena_alloc(d->arena, sizeof *map);
    items = oci_arena_array(d->arena, n, sizeof *items);
    if (map == NULL || items == NULL)
        return OCI_E_NOMEM;
    while (oci_value_next(v, &c, &name, &value)) {
        oci_decode_step here = { .up = d->place, .name = name };
        int r;

        d->place = &here;
        r = read_pair(d, f, name, value, &items[i++]);
        d->place = here.up;
        if (r < 0)
            return r;
        whole &= r;
    }
    *map = (oci_annotations) { items, n };
    if (whole)
        *out = map;
    return whole;
}

static int read_base64(oci_decode *d, const oci_field *f, const oci_value *v, oci_span *out, bool *there)
{
    size_t n, len;
    const char *s = oci_value_string(v, &n);
    void *data;

    if (s == NULL)
        return wrong_type(d, f->type_rule, "a string", v);
    data = oci_arena_alloc(d->arena, oci_base64_max(n));
    if (data == NULL)
        return OCI_E_NOMEM;
    if (!oci_base64_decode(s, n, data, &len))
        return oci_decode_problem(d, OCI_E_INVALID, f->type_rule, "the string is not base64");
    *out = (oci_span) { data, len };
    *there = true;
    return 1;
}

/* A struct of its own: an object or, where the type has a form for that, a string. */
static int read_struct(oci_decode *d, const oci_type *type, const char *rule, const oci_value *v, char *object)
{
    size_t n;
    const char *s = oci_value_string(v, &n);

    if (s != NULL && type->from_string != NULL) {
        int r = type->from_string(d, object, s, n);

        return r < 0 ? r : 1;
    }
    if (type->n_fields == 0)
        return wrong_type(d, rule, "a string", v);
    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return wrong_type(d, rule, type->from_string != NULL ? "an object or a string" : "an object", v);
    return read_members(d, type, v, object);
}

static int read_object(oci_decode *d, const oci_field *f, const oci_value *v, const void **out)
{
    char *object = oci_arena_alloc(d->arena, f->sub->size);
    int r = object != NULL ? read_struct(d, f->sub, f->type_rule, v, object) : OCI_E_NOMEM;

    if (r > 0)
        *out = object;
    return r;
}

/* The items of OBJECTS and VALUES: count structs of f->sub, one behind the other. */
static int read_structs(oci_decode *d, const oci_field *f, const oci_value *v, size_t count, char **out)
{
    char *structs = oci_arena_array(d->arena, count, f->sub->size);
    int whole = 1;

    if (structs == NULL)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        oci_decode_step here = { .up = d->place, .index = i };
        int r;

        d->place = &here;
        r = read_struct(d, f->sub, f->type_rule, oci_value_item(v, i), structs + i * f->sub->size);
        d->place = here.up;
        if (r < 0)
            return r;
        whole &= r;
    }
    *out = structs;
    return whole;
}

static int read_array(oci_decode *d, const oci_field *f, const oci_value *v, const void **out, size_t *count)
{
    size_t n = oci_value_count(v);
    const void **pointers;
    char *structs;
    int r;

    if (v == NULL && f->null_rule != NULL) {
        r = oci_decode_problem(d, 0, f->null_rule, "null stands for an empty array");
        *out = oci_arena_array(d->arena, 0, 1);
        return r < 0 ? r : *out != NULL ? 1 : OCI_E_NOMEM;
    }
    if (oci_value_type_of(v) != OCI_VALUE_ARRAY)
        return wrong_type(d, f->type_rule, "an array", v);
    r = read_structs(d, f, v, n, &structs);
    if (r <= 0)
        return r;
    *count = n;
    *out = structs;
    if (f->kind == OCI_FIELD_VALUES)
        return 1;
    pointers = oci_arena_array(d->arena, n, sizeof *pointers);
    if (pointers == NULL)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        pointers[i] = structs + i * f->sub->size;
    *out = pointers;
    return 1;
}

static int read_value(oci_decode *d, const oci_field *f, const oci_value *v, char *base)
{
    void *member = base + f->offset, *beside = base + f->count_offset;

    switch (f->kind) {
    case OCI_FIELD_STRING:
        return read_text(d, f->type_rule, v, member);
    case OCI_FIELD_BOOL:
        return read_bool(d, f, v, member);
    case OCI_FIELD_U63:
        return read_u63(d, f, v, member);
    case OCI_FIELD_INT:
        return read_int(d, f, v, INT64_MIN, member);
    case OCI_FIELD_STRINGS:
        return read_strings(d, f, v, member);
    case OCI_FIELD_KEYS:
        return read_keys(d, f, v, member);
    case OCI_FIELD_STRING_MAP:
        return read_string_map(d, f, v, member);
    case OCI_FIELD_OBJECT:
        return read_object(d, f, v, member);
    case OCI_FIELD_INLINE:
        return read_struct(d, f->sub, f->type_rule, v, member);
    case OCI_FIELD_OBJECTS:
    case OCI_FIELD_VALUES:
        return read_array(d, f, v, member, beside);
    case OCI_FIELD_BASE64:
        return read_base64(d, f, v, member, beside);
    case OCI_FIELD_FIXED:
        return read_fixed(d, f, v);
    }
    return oci_decode_problem(d, OCI_E_INTERNAL, NULL, "field of an unknown kind");
}

/* found: whether the object has the member, which may be null then. The place is that of the member. */
static int read_field(oci_decode *d, const oci_field *f, bool found, const oci_value *v, char *base)
{
    int r;

    if (!found && f->presence != OCI_REQUIRED)
        return 1;
    if (!found)
        return oci_decode_problem(d, OCI_E_INVALID, f->required_rule, "missing, but required");
    if (f->presence == OCI_FORBIDDEN)
        return oci_decode_problem(d, OCI_E_INVALID, f->type_rule, "not allowed here");
    if (v == NULL && f->presence == OCI_NULLABLE)
        return 1;
    r = read_value(d, f, v, base);
    if (r > 0 && f->check != NULL) {
        r = f->check(d, base + f->offset);
        return r < 0 ? r : 1;
    }
    return r;
}

/* 0 when a required member is not there: whoever has the struct may rely on them. */
static int read_members(oci_decode *d, const oci_type *type, const oci_value *v, char *base)
{
    size_t known = 0;
    int whole = 1, r;

    for (size_t i = 0; i < type->n_fields; i++) {
        const oci_field *f = &type->fields[i];
        oci_decode_step here = { .up = d->place, .name = f->name };
        const oci_value *member = NULL;
        bool found = oci_value_get(v, f->name, &member);

        known += found;
        d->place = &here;
        r = read_field(d, f, found, member, base);
        d->place = here.up;
        if (r < 0)
            return r;
        if (r == 0 && f->presence == OCI_REQUIRED)
            whole = 0;
    }
    if (oci_value_count(v) > known && type->unknown_offset != SIZE_MAX) {
        *(const void **)(void *)(base + type->unknown_offset) = v;
        d->keeps_tree = true;
    }
    if (!whole || type->check == NULL)
        return whole;
    r = type->check(d, base);
    return r < 0 ? r : 1;
}

static int refuse_text(const oci_decode_options *o, int r, const oci_error *why, oci_error *err)
{
    if (o->report != NULL && r != OCI_E_NOMEM)
        o->report->problem(o->report->ctx, &(oci_problem) { .code = r, .pointer = "", .text = why->msg });
    if (err != NULL)
        *err = *why;
    return r;
}

/* Gives the document with its arena. */
static int new_document(const oci_type *type, struct document **out)
{
    oci_arena *arena = oci_arena_new(0);
    struct document *doc = arena != NULL ? oci_arena_alloc(arena, sizeof *doc + type->size) : NULL;

    if (doc == NULL) {
        oci_arena_free(arena);
        return OCI_E_NOMEM;
    }
    doc->arena = arena;
    *out = doc;
    return 0;
}

/* A check may return a code without having told a problem. */
static int fail(const oci_decode *d, int r, oci_error *err)
{
    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    if (r != d->first)
        return oci_fail(err, r, "%s: %s in a check", d->what, oci_error_name(r));
    if (err != NULL)
        *err = *d->err;
    return r;
}

int oci_decode_document(const oci_type *type, const char *s, size_t n, const oci_decode_options *o, void **out,
                        oci_error *err)
{
    OCI_AUTO(oci_value) tree = NULL;
    oci_error why = OCI_ERROR_INIT;
    oci_decode d = { .what = type->what, .report = o->report, .err = &why };
    struct document *doc;
    int r;

    r = oci_value_parse(s, n, o->limits, &tree, &why);
    if (r < 0)
        return refuse_text(o, r, &why, err);
    r = new_document(type, &doc);
    if (r < 0)
        return oci_fail_nomem(err);
    d.arena = doc->arena;
    r = read_struct(&d, type, NULL, tree, doc->object);
    if (r <= 0) {
        oci_arena_free(doc->arena);
        return fail(&d, r < 0 ? r : d.first, err);
    }
    if (d.keeps_tree)
        doc->tree = oci_steal(&tree);
    *out = doc->object;
    return 0;
}

void oci_decoded_free(void *object)
{
    struct document *doc;

    if (object == NULL)
        return;
    doc = (struct document *)(void *)((char *)object - offsetof(struct document, object));
    oci_value_free(doc->tree);
    oci_arena_free(doc->arena);
}
