/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_DOCUMENT_H
#define OCI_IMAGE_DOCUMENT_H
/*
 * The documents of an image: layout file, index, manifest and configuration (image-spec image-layout.md,
 * image-index.md, manifest.md, config.md, version 1.1.1; everything of 1.0 is read as well).
 *
 * Each has three functions: parse (gives), print and free. parse reads a whole JSON text strictly (RFC 8259 and RFC
 * 7493: no duplicate names, no invalid UTF-8, no lone surrogates, bounded depth and size); errors name the place with a
 * JSON pointer ("/layers/0/size: expected an integer, found a string"). Members that are unknown are kept, and print
 * writes them again after the known ones. What is only moved is never printed: bytes are copied. print also takes a
 * struct that the caller filled by hand (zero-initialise it first).
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The file oci-layout. */
typedef struct oci_layout_file {
    const char *version; /* imageLayoutVersion; parse refuses everything but 1.x.y as OCI_E_UNSUPPORTED */
} oci_layout_file;

OCI_API int oci_layout_file_parse(const void *json, size_t n, const oci_limits *limits, oci_layout_file **out,
                                  oci_error *err);
OCI_API void oci_layout_file_free(oci_layout_file *d);

typedef struct oci_index {
    const char *media_type;    /* or NULL */
    const char *artifact_type; /* or NULL */
    const oci_descriptor *const *manifests;
    size_t n_manifests;
    const oci_descriptor *subject;      /* or NULL */
    const oci_annotations *annotations; /* or NULL */
    const void *unknown; /* members this version does not know, for print; NULL in a document made by hand */
} oci_index;

OCI_API int oci_index_parse(const void *json, size_t n, const oci_limits *limits, oci_index **out, oci_error *err);
OCI_API int oci_index_print(const oci_index *d, oci_buf *out, oci_error *err);
OCI_API void oci_index_free(oci_index *d);

typedef struct oci_manifest {
    const char *media_type;    /* or NULL */
    const char *artifact_type; /* or NULL */
    const oci_descriptor *config;
    const oci_descriptor *const *layers;
    size_t n_layers;
    const oci_descriptor *subject;      /* or NULL */
    const oci_annotations *annotations; /* or NULL */
    const void *unknown; /* members this version does not know, for print; NULL in a document made by hand */
} oci_manifest;

OCI_API int oci_manifest_parse(const void *json, size_t n, const oci_limits *limits, oci_manifest **out,
                               oci_error *err);
OCI_API int oci_manifest_print(const oci_manifest *d, oci_buf *out, oci_error *err);
OCI_API void oci_manifest_free(oci_manifest *d);

/* An entry of rootfs.diff_ids. */
typedef struct oci_diff_id {
    const char *text;  /* as written */
    oci_digest digest; /* alg OCI_DIGEST_NONE when the algorithm is unknown here */
} oci_diff_id;

typedef struct oci_history {
    const char *created;    /* or NULL; RFC 3339, as written */
    const char *created_by; /* or NULL */
    const char *author;     /* or NULL */
    const char *comment;    /* or NULL */
    bool empty_layer;
    const void *unknown;
} oci_history;

/* The image configuration. Fields of its "config" object that are absent, null or empty are alike: NULL or count 0. */
typedef struct oci_config {
    const char *created; /* or NULL; RFC 3339, as written */
    const char *author;  /* or NULL */
    const char *architecture;
    const char *os;
    const char *os_version; /* or NULL */
    const char *variant;    /* or NULL */
    oci_strings os_features;
    const char *user;          /* or NULL */
    oci_strings exposed_ports; /* the keys, in the order of the document */
    oci_strings env;
    oci_strings entrypoint;
    oci_strings cmd;
    oci_strings volumes;           /* the keys, in the order of the document */
    const char *working_dir;       /* or NULL */
    const oci_annotations *labels; /* or NULL */
    const char *stop_signal;       /* or NULL */
    bool args_escaped;             /* deprecated: what Docker for Windows says about entrypoint and cmd */
    const void *config_unknown;    /* as unknown, of the "config" object */
    const char *rootfs_type;       /* always "layers": parse refuses everything else */
    const oci_diff_id *diff_ids;
    size_t n_diff_ids;
    const void *rootfs_unknown; /* as unknown, of the "rootfs" object */
    const oci_history *history;
    size_t n_history;
    const void *unknown; /* members this version does not know, for print; NULL in a document made by hand */
} oci_config;

OCI_API int oci_config_parse(const void *json, size_t n, const oci_limits *limits, oci_config **out, oci_error *err);
OCI_API int oci_config_print(const oci_config *d, oci_buf *out, oci_error *err);
OCI_API void oci_config_free(oci_config *d);

#ifdef __cplusplus
}
#endif
#endif
