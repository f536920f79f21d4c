/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <string.h>

#include "test.h"

static int check_name(oci_decode *d, const void *field)
{
    const char *name = *(const char *const *)field;

    return strcmp(name, "bad") == 0 ? oci_decode_problem(d, OCI_E_UNSUPPORTED, "part.name", "the name is '%s'", name)
                                    : 0;
}

static const oci_field part_fields[] = {
    OCI_FIELD_WITH(part, "name", name, OCI_FIELD_STRING, OCI_REQUIRED, .check = check_name,
                   .required_rule = "part.name.required", .type_rule = "part.name.string"),
    OCI_FIELD(part, "weight", weight, OCI_FIELD_INT, OCI_OPTIONAL, NULL),
};

const oci_type part_type = {
    .what = "part",
    .size = sizeof(part),
    .fields = part_fields,
    .n_fields = sizeof part_fields / sizeof part_fields[0],
    .unknown_offset = offsetof(part, unknown),
};

static int tag_from_string(oci_decode *d, void *object, const char *s, size_t n)
{
    tag *t = object;

    if (n == 0)
        return oci_decode_problem(d, OCI_E_INVALID, "tag.empty", "the tag is empty");
    t->text = oci_arena_strndup(oci_decode_arena(d), s, n);
    t->len = n;
    return t->text != NULL ? 0 : OCI_E_NOMEM;
}

static const char *tag_to_string(const void *object)
{
    return ((const tag *)object)->text;
}

const oci_type tag_type = {
    .what = "tag",
    .size = sizeof(tag),
    .unknown_offset = SIZE_MAX,
    .from_string = tag_from_string,
    .to_string = tag_to_string,
};

typedef __typeof__(((sample *)NULL)->inside) inside;

static const oci_field inside_fields[] = {
    OCI_FIELD(inside, "User", user, OCI_FIELD_STRING, OCI_NULLABLE, NULL),
    OCI_FIELD(inside, "Env", env, OCI_FIELD_STRINGS, OCI_NULLABLE, NULL),
};

static const oci_type inside_type = {
    .what = "inside",
    .size = sizeof(inside),
    .fields = inside_fields,
    .n_fields = sizeof inside_fields / sizeof inside_fields[0],
    .unknown_offset = offsetof(inside, unknown),
};

static const oci_field sample_fields[] = {
    { .name = "version",
      .kind = OCI_FIELD_FIXED,
      .presence = OCI_REQUIRED,
      .fixed = 2,
      .required_rule = "version.required",
      .type_rule = "version.value" },
    OCI_FIELD(sample, "title", title, OCI_FIELD_STRING, OCI_REQUIRED, NULL),
    OCI_FIELD(sample, "flag", flag, OCI_FIELD_BOOL, OCI_OPTIONAL, NULL),
    OCI_FIELD_WITH(sample, "size", size, OCI_FIELD_U63, OCI_REQUIRED, .required_rule = "size.required",
                   .type_rule = "size.int64"),
    OCI_FIELD(sample, "offset", offset, OCI_FIELD_INT, OCI_NULLABLE, NULL),
    OCI_FIELD(sample, "words", words, OCI_FIELD_STRINGS, OCI_OPTIONAL, NULL),
    OCI_FIELD(sample, "keys", keys, OCI_FIELD_KEYS, OCI_NULLABLE, NULL),
    OCI_FIELD_WITH(sample, "map", map, OCI_FIELD_STRING_MAP, OCI_OPTIONAL, .type_rule = "map.strings"),
    OCI_FIELD_SUB(sample, "main", main, OCI_FIELD_OBJECT, OCI_OPTIONAL, &part_type),
    OCI_FIELD_SUB(sample, "inside", inside, OCI_FIELD_INLINE, OCI_NULLABLE, &inside_type),
    OCI_FIELD_ARRAY(sample, "parts", parts, n_parts, OCI_FIELD_OBJECTS, OCI_REQUIRED, &part_type),
    OCI_FIELD_ARRAY(sample, "tags", tags, n_tags, OCI_FIELD_VALUES, OCI_OPTIONAL, &tag_type),
    OCI_FIELD_WITH(sample, "data", data, OCI_FIELD_BASE64, OCI_OPTIONAL, .count_offset = offsetof(sample, has_data)),
    { .name = "old", .presence = OCI_FORBIDDEN, .type_rule = "old.forbidden" },
};

/* Relies on what is required, as the checks of real types do. */
static int check_sample(oci_decode *d, void *object)
{
    sample *s = object;

    s->checked++;
    if (strlen(s->title) == s->size)
        return oci_decode_problem_at(d, "size", OCI_NO_INDEX, OCI_E_SIZE, "sample.size", "the title is as long");
    for (size_t i = 0; i < s->n_parts; i++)
        if (strcmp(s->parts[i]->name, s->title) == 0)
            return oci_decode_problem_at(d, "parts", i, OCI_E_CONFLICT, NULL, "named like the whole");
    return strcmp(s->title, "silent") == 0 ? OCI_E_INTERNAL : 0;
}

const oci_type sample_type = {
    .what = "sample",
    .size = sizeof(sample),
    .fields = sample_fields,
    .n_fields = sizeof sample_fields / sizeof sample_fields[0],
    .unknown_offset = offsetof(sample, unknown),
    .check = check_sample,
};

sample *decode_sample(const char *s)
{
    static const oci_decode_options options = { NULL, NULL };
    oci_error err = OCI_ERROR_INIT;
    void *d = NULL;

    assert_ok(&err, oci_decode_document(&sample_type, s, strlen(s), &options, &d, &err));
    return d;
}
