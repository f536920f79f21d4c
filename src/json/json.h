/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_JSON_H
#define OCI_JSON_JSON_H
/*
 * JSON as RFC 8259 and RFC 7493 (I-JSON) have it, and the wall around json-c: nothing outside of src/json knows that
 * library. It keeps the values of a tree; reading is the strict scanner's alone, printing is ours too.
 *
 * A tree (oci_value) is for writing config.json and for members that nobody knows; documents are read with the field
 * tables of codec.h.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>

#include "base/cleanup.h"

/* Where in a text something is wrong; line and column count from 1, columns in bytes. */
typedef struct oci_json_place {
    size_t offset, line, column;
    const char *rule; /* of a text that is refused: the row of the requirements that it breaks; NULL for a limit */
} oci_json_place;

/* The strict pass: grammar, one value and nothing after it, depth, duplicate names (after unescaping), UTF-8, lone
 * surrogates and noncharacters, no byte order mark, no NUL in names, integers within int64/uint64 and numbers within
 * double. OCI_E_INVALID with "line L column C: ..." ; OCI_E_LIMIT for depth (1,000 at most), size, and more values than
 * a document of that size ever has. place may be NULL; it is written when the text is refused. */
int oci_json_lint(const char *s, size_t n, const oci_limits *limits, oci_json_place *place, oci_error *err);

/* Where in a text that the strict pass accepts the values stand that JSON pointers (RFC 6901) name: the offset of the
 * value, or of what is nearest above it when it is not there. One pass, however many pointers there are. */
int oci_json_locate(const char *s, size_t n, const char *const *pointers, size_t count, size_t *offsets,
                    oci_error *err);

/* ---- the tree ---- */

typedef struct oci_value oci_value; /* reference-counted by its owner tree: a value belongs to what it was added to */

typedef enum oci_value_type {
    OCI_VALUE_NULL,
    OCI_VALUE_BOOL,
    OCI_VALUE_INT,
    OCI_VALUE_DOUBLE,
    OCI_VALUE_STRING,
    OCI_VALUE_ARRAY,
    OCI_VALUE_OBJECT
} oci_value_type;

/* Parses what lint accepts and refuses the rest alike. Gives; NULL for the text "null". */
int oci_value_parse(const char *s, size_t n, const oci_limits *limits, oci_value **out, oci_error *err);
void oci_value_free(oci_value *v); /* a root only */
OCI_DEFINE_AUTO(oci_value);

/* NULL stands for a value of type null in all functions that read. */
oci_value_type oci_value_type_of(const oci_value *v);
/* "an object", "a string"...: for error texts. */
const char *oci_value_type_name(oci_value_type type);
bool oci_value_bool(const oci_value *v);
/* Strings may hold NUL bytes; the text is NUL-terminated besides. Borrowed. NULL unless v is a string; len may be NULL.
 */
const char *oci_value_string(const oci_value *v, size_t *len);
/* The same where a text with a NUL byte in it is as wrong as no string: NULL for both. */
const char *oci_value_text(const oci_value *v);
/* False unless v is an integer by grammar (1.0 and 1e3 are none, -0 is 0) that fits. */
bool oci_value_int64(const oci_value *v, int64_t *out);
bool oci_value_uint64(const oci_value *v, uint64_t *out);
size_t oci_value_count(const oci_value *v);                    /* items of an array, members of an object */
const oci_value *oci_value_item(const oci_value *v, size_t i); /* borrowed */
oci_value *oci_value_item_rw(oci_value *v, size_t i);          /* borrowed */
/* Whether the object has the member; *out (may be NULL) is the value, NULL for a JSON null. */
bool oci_value_get(const oci_value *v, const char *name, const oci_value **out);
oci_value *oci_value_get_rw(oci_value *v, const char *name); /* NULL when absent or null */
/* Walks an object in document order: start with *at = NULL. Names hold no NUL byte (lint refuses them). */
typedef struct oci_value_cursor {
    const void *at;
} oci_value_cursor;
bool oci_value_next(const oci_value *v, oci_value_cursor *c, const char **name, const oci_value **value);

/* Builders return NULL when there is no memory. */
oci_value *oci_value_new_object(void);
oci_value *oci_value_new_array(void);
oci_value *oci_value_new_string(const char *s);
oci_value *oci_value_new_string_n(const char *s, size_t n);
oci_value *oci_value_new_int(int64_t i);
oci_value *oci_value_new_uint(uint64_t i);
oci_value *oci_value_new_bool(bool b);
oci_value *oci_value_copy(const oci_value *v); /* deep */
/* Both take the value, which may be NULL (no memory, or from a failed builder): OCI_E_NOMEM then. set replaces. */
int oci_value_set(oci_value *object, const char *name, oci_value *value, oci_error *err);
int oci_value_push(oci_value *array, oci_value *value, oci_error *err);
void oci_value_remove(oci_value *object, const char *name);
/* RFC 7396: patch over target (both objects at the top). When it fails, part of it may have been applied. */
int oci_value_merge_patch(oci_value *target, const oci_value *patch, oci_error *err);

typedef enum oci_print_style {
    OCI_PRINT_COMPACT,
    OCI_PRINT_PRETTY /* two blanks, a newline at the end */
} oci_print_style;

/* Our own serialisation: members in their order, "<", ">" and "&" as they are, control characters \u00XX with the short
 * forms, numbers of parsed texts as they were written. Appends; on failure the buffer is as before. OCI_E_INVALID for a
 * string that the strict pass would refuse. */
int oci_value_print(const oci_value *v, oci_print_style style, oci_buf *out, oci_error *err);
/* A string with its quotes. */
int oci_json_print_string(const char *s, size_t n, oci_buf *out, oci_error *err);

#endif
