/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_VALIDATE_H
#define OCI_IMAGE_VALIDATE_H
/*
 * Validation: what of a layout, a document or a layer breaks which rule of image-spec. Everything is found in one run.
 *
 *     oci_report_new -> oci_validate_layout... -> oci_report_count, oci_report_finding
 *
 * The parsers and the plan of layers are those that unpack uses, so what is valid here is what can be unpacked, and the
 * other way round. Rules are rows of a table (rules.def); their ids are stable.
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/error.h>
#include <oci-image/layout.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum oci_severity { OCI_SEVERITY_INFO, OCI_SEVERITY_WARNING, OCI_SEVERITY_ERROR } oci_severity;

/* Which text of the specification is asked: 1.0.x, 1.1.x, or what is to come after 1.1.1. */
typedef enum oci_spec_version { OCI_SPEC_1_0, OCI_SPEC_1_1, OCI_SPEC_HEAD } oci_spec_version;

typedef struct oci_rule {
    const char *id;          /* "descriptor.size.int64"; a row of the requirements where there is one */
    oci_severity severity;   /* error for what MUST be, warning for what SHOULD be */
    const char *section;     /* "descriptor.md#properties" */
    const char *since;       /* "1.0", "1.1" or "HEAD" */
    const char *text;        /* one line, without a full stop: what has to be so */
    const char *explanation; /* a paragraph or more, separated by an empty line: why, and what to do about it */
} oci_rule;

/* The table, static; count may not be NULL. */
OCI_API const oci_rule *oci_rules(size_t *count);
/* NULL when there is no such rule. */
OCI_API const oci_rule *oci_rule_find(const char *id);

/* Strings are borrowed from the report and printable UTF-8 (what is not is escaped), but for pointer and entry, which
 * are cut to 4 KiB. */
typedef struct oci_finding {
    const oci_rule *rule;
    oci_severity severity; /* of the rule, or what the options made of it */
    const char *text;      /* one line, without a full stop: what is wrong here */
    const char *layout;    /* the layout as the caller called it, or NULL for a document or layer alone */
    const char *file;      /* where: "index.json", "blobs/sha256/e3b0...", or the name the caller gave a document */
    const char *digest;    /* of the blob it is in, or NULL */
    const char *path;      /* the way from index.json down: "manifests[0] > layers[2]"; "" for the top, or NULL */
    const char *pointer;   /* JSON pointer into the document (RFC 6901), or NULL */
    size_t line, column;   /* of the pointer in the document, from 1, columns in bytes; 0: unknown */
    size_t character;      /* the column in characters (code points), from 1 */
    const char *excerpt;   /* the line of the document, cut to what fits a terminal, or NULL */
    size_t caret;          /* the byte of the excerpt that is meant */
    size_t layer;          /* number of the layer in its image, from 1; 0: none */
    const char *entry;     /* name of the tar entry as it is stored, or NULL */
} oci_finding;

/* ---- what to ask for ---- */

typedef enum oci_validate_depth {
    OCI_VALIDATE_LAYERS,   /* everything */
    OCI_VALIDATE_BLOBS,    /* every blob is there and has its digest; layers are not decompressed */
    OCI_VALIDATE_DOCUMENTS /* layers and other content are not opened, only looked for */
} oci_validate_depth;

/* Consumers that are asked about; bits of a set. */
enum { OCI_PROFILE_DOCKER = 1, OCI_PROFILE_CONTAINERD = 2, OCI_PROFILE_PODMAN = 4 };

/* Findings that do not count. Both are compared as a whole, with "*" for any run of characters. */
typedef struct oci_ignore {
    const char *rule;
    const char *where; /* or NULL; fits when it is the file, the digest, the path, the pointer or the entry */
} oci_ignore;

typedef struct oci_validate_options {
    oci_spec_version spec;
    oci_validate_depth depth;
    bool allow_missing;           /* blobs left out on purpose are told as information */
    const oci_platform *platform; /* manifests that do not match are not looked at; or NULL */
    const oci_platform *const *require_platforms;
    size_t n_require_platforms;
    oci_strings require_labels; /* "KEY" or "KEY=VALUE" */
    oci_strings require_paths;
    unsigned profiles; /* OCI_PROFILE_... */
    const oci_ignore *ignores;
    size_t n_ignores;
    unsigned threads;         /* for layers; 0: one per processor */
    const oci_limits *limits; /* or NULL */
    const oci_events *events; /* or NULL */
} oci_validate_options;

#define OCI_VALIDATE_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        .spec = OCI_SPEC_1_1                                                                                           \
    }

typedef enum oci_document_kind {
    OCI_DOCUMENT_LAYOUT, /* the file oci-layout */
    OCI_DOCUMENT_INDEX,
    OCI_DOCUMENT_MANIFEST,
    OCI_DOCUMENT_CONFIG,
    OCI_DOCUMENT_DESCRIPTOR
} oci_document_kind;

/* Findings in the order of the walk: layout, index.json, then each blob where it is first met. */
typedef struct oci_report oci_report;
OCI_API size_t oci_report_count(const oci_report *r);
OCI_API const oci_finding *oci_report_finding(const oci_report *r, size_t i); /* borrowed */
/* How many findings of that severity there are, and of how many the options say that they do not count. */
OCI_API size_t oci_report_count_of(const oci_report *r, oci_severity severity);
OCI_API size_t oci_report_ignored(const oci_report *r);
OCI_API void oci_report_free(oci_report *r);

/* An empty report; o (may be NULL) and all in it is borrowed as long as the report lives. Gives. */
OCI_API int oci_report_new(const oci_validate_options *o, oci_report **out, oci_error *err);

/* Each of these adds what it finds to the report. A result below 0 is no verdict: something could not be read. */

/* The layout path, a directory or an archive, as oci_layout_open takes it with these options (may be NULL; limits and
 * events are those of the report): the whole of it when name and digest are NULL, otherwise the entries of index.json
 * that they mean, and what is below. OCI_E_NOT_FOUND when the layout, the name or the digest is not there. */
OCI_API int oci_validate_layout(oci_report *r, int dirfd, const char *path, const oci_layout_options *layout,
                                const char *name, const char *digest, oci_error *err);
/* One document; file is what to call it. */
OCI_API int oci_validate_document(oci_report *r, oci_document_kind kind, const char *file, const void *p, size_t n,
                                  oci_error *err);
/* One layer, compressed or not; reads it to its end. layer is borrowed. */
OCI_API int oci_validate_layer(oci_report *r, const char *file, oci_reader *layer, oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
