/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_CODEC_H
#define OCI_JSON_CODEC_H
/*
 * Field tables: one table per type drives decoding, printing and the search for descriptors.
 *
 *     static const oci_field descriptor_fields[] = {
 *         OCI_FIELD(oci_descriptor, "mediaType", media_type, OCI_FIELD_STRING, OCI_REQUIRED, check_media_type),
 *         OCI_FIELD_SUB(oci_descriptor, "platform", platform, OCI_FIELD_OBJECT, OCI_OPTIONAL, &platform_type),
 *         ...
 *     };
 *     const oci_type descriptor_type = {
 *         .what = "descriptor", .size = sizeof(oci_descriptor), .fields = descriptor_fields, .n_fields = ...,
 *         .unknown_offset = offsetof(oci_descriptor, unknown), .check = check_descriptor,
 *     };
 *
 * Decoding fills structs in an arena. Problems go to a report: without one the first is the error; with one each is
 * recorded and decoding goes on, so that two customers have one parser. What a problem was told about is not stored, as
 * if it were absent; a struct whose required members are not all there is not stored either, nor is an array with such
 * an item. So whoever sees a struct, checks included, may rely on its required members.
 */
#include "base/arena.h"
#include "json/json.h"

typedef enum oci_field_kind {
    /* const char *: no NUL byte */
    OCI_FIELD_STRING,
    /* bool */
    OCI_FIELD_BOOL,
    /* uint64_t, 0 .. INT64_MAX */
    OCI_FIELD_U63,
    /* int64_t */
    OCI_FIELD_INT,
    /* oci_strings from an array of strings without NUL bytes */
    OCI_FIELD_STRINGS,
    /* oci_strings from the names of an object of empty objects; members of those are remarked upon and forgotten */
    OCI_FIELD_KEYS,
    /* const oci_annotations *: values may hold NUL bytes */
    OCI_FIELD_STRING_MAP,
    /* const T * of .sub */
    OCI_FIELD_OBJECT,
    /* An object whose fields are members of the same struct: .sub's offsets count from .offset, its unknown_offset too.
     * Printed when it is required or anything in it is there. */
    OCI_FIELD_INLINE,
    /* const T *const *, the count at .count_offset */
    OCI_FIELD_OBJECTS,
    /* const T * (array of structs), the count at .count_offset; elements are decoded with .sub, whose own .from_string
     * may read a string instead of an object */
    OCI_FIELD_VALUES,
    /* oci_span from a string, RFC 4648 section 4 strictly; the bool at .count_offset says whether the member was there
     * (an empty string is) */
    OCI_FIELD_BASE64,
    /* an integer that has to be .fixed; stored nowhere, printed always */
    OCI_FIELD_FIXED
} oci_field_kind;

typedef enum oci_presence {
    OCI_OPTIONAL, /* may be absent; null is a type error */
    OCI_NULLABLE, /* may be absent, null means absent */
    OCI_REQUIRED, /* must be there; an empty array or map is there */
    OCI_FORBIDDEN /* must not be there: ambiguous documents */
} oci_presence;

typedef struct oci_type oci_type;
typedef struct oci_decode oci_decode; /* one decoding: arena, pointer, report */

/* A check of one decoded member that is there; field points to it inside its struct. Tells problems with
 * oci_decode_problem. */
typedef int (*oci_field_check)(oci_decode *d, const void *field);

typedef struct oci_field {
    const char *name;
    size_t offset, count_offset;
    oci_field_kind kind;
    oci_presence presence;
    const oci_type *sub;
    oci_field_check check;
    int64_t fixed;
    const char *required_rule; /* what an absent member breaks, see oci_problem; may be NULL */
    const char *type_rule;     /* what a value (or item) of another type breaks, or a forbidden member; may be NULL */
    const char *negative_rule; /* of U63: what a negative number breaks; NULL: type_rule */
    const char *null_rule;     /* of OBJECTS and VALUES: what null breaks, which is read as []; NULL: null is refused */
} oci_field;

struct oci_type {
    const char *what; /* "image manifest", for texts */
    size_t size;
    const oci_field *fields;
    size_t n_fields;
    size_t unknown_offset; /* of the const void *unknown; SIZE_MAX when the struct has none */
    /* Rules that span fields; may be NULL; may fill derived members. Runs after the checks of the fields, whatever they
     * told; a check may return a negative code that it told nobody about, OCI_E_NOMEM for example. */
    int (*check)(oci_decode *d, void *object);
    /* Reads a string in place of an object; s may hold NUL bytes. May be NULL. */
    int (*from_string)(oci_decode *d, void *object, const char *s, size_t n);
    /* The way back, for a type with from_string: what is printed, or NULL to print an object. */
    const char *(*to_string)(const void *object);
};

#define OCI_FIELD(type_, name_, member_, kind_, presence_, check_)                                                     \
    {                                                                                                                  \
        .name = name_, .offset = offsetof(type_, member_), .kind = kind_, .presence = presence_, .check = check_       \
    }
#define OCI_FIELD_SUB(type_, name_, member_, kind_, presence_, sub_)                                                   \
    {                                                                                                                  \
        .name = name_, .offset = offsetof(type_, member_), .kind = kind_, .presence = presence_, .sub = sub_           \
    }
#define OCI_FIELD_ARRAY(type_, name_, member_, count_, kind_, presence_, sub_)                                         \
    {                                                                                                                  \
        .name = name_, .offset = offsetof(type_, member_), .count_offset = offsetof(type_, count_), .kind = kind_,     \
        .presence = presence_, .sub = sub_                                                                             \
    }

/* With any further members by their names: OCI_FIELD_WITH(oci_descriptor, "size", size, OCI_FIELD_U63, OCI_REQUIRED,
 * .required_rule = "descriptor.size.required", .type_rule = "descriptor.size.int64"). */
#define OCI_FIELD_WITH(type_, name_, member_, kind_, presence_, ...)                                                   \
    {                                                                                                                  \
        .name = name_, .offset = offsetof(type_, member_), .kind = kind_, .presence = presence_, __VA_ARGS__           \
    }

/* One problem of a document, for those who want them all. pointer and text are borrowed during the call. */
typedef struct oci_problem {
    int code;            /* OCI_E_..., or 0 for a remark about something that is allowed */
    const char *rule;    /* id of the rule that is broken (a row of the requirements), or NULL */
    const char *pointer; /* RFC 6901; "" is the document. Its names are as the document has them, not made printable */
    const char *text;    /* one printable line, without the pointer */
} oci_problem;
typedef struct oci_report_sink {
    void *ctx;
    void (*problem)(void *ctx, const oci_problem *p);
} oci_report_sink;

/* Tells a problem at the place that is being decoded: without a report it becomes the error and its code is returned;
 * with one it is recorded and 0 is returned. Code 0 is a remark: recorded with a report, nothing without. OCI_E_NOMEM.
 */
int oci_decode_problem(oci_decode *d, int code, const char *rule, const char *fmt, ...) OCI_PRINTF(4, 5);
/* The same at a place below: "/member" unless member is NULL, then "/index" unless index is OCI_NO_INDEX. */
#define OCI_NO_INDEX SIZE_MAX
int oci_decode_problem_at(oci_decode *d, const char *member, size_t index, int code, const char *rule, const char *fmt,
                          ...) OCI_PRINTF(6, 7);
oci_arena *oci_decode_arena(oci_decode *d);

typedef struct oci_decode_options {
    const oci_limits *limits;
    const oci_report_sink *report; /* or NULL */
} oci_decode_options;

/* Parses and decodes. *out is an object of type->size bytes in a new arena, freed with oci_decoded_free. With a report,
 * 0 means that all required members are there, whatever was told about the others; otherwise the first problem is the
 * error. A text that is no JSON is one problem of the document. */
int oci_decode_document(const oci_type *type, const char *s, size_t n, const oci_decode_options *o, void **out,
                        oci_error *err);
void oci_decoded_free(void *object);
/* Prints by the table: fields in its order, then the unknown members in the order of the document. Left out are fields
 * that are not required and false, 0 or NULL; an empty array or map is printed when something points to it. Appends; on
 * failure the buffer is as before. OCI_E_USAGE when a required string or object is NULL, OCI_E_INVALID for strings that
 * JSON cannot hold. Keys of maps have to be unique. */
int oci_encode_document(const oci_type *type, const void *object, oci_print_style style, oci_buf *out, oci_error *err);

/* Calls each for every object of type wanted at or below object, a struct before those in it, fields in the order of
 * their table, items in the order of the document. Ends with the first result that is not 0 and returns it. */
int oci_visit(const oci_type *type, const void *object, const oci_type *wanted,
              int (*each)(void *ctx, const void *found), void *ctx);

#endif
