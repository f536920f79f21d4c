/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_SCAN_H
#define OCI_JSON_SCAN_H
/*
 * The only reader of JSON: tells the tokens of a text one by one and refuses what RFC 8259 or RFC 7493 (I-JSON) refuse.
 * The strict pass is a scanner run to its end, the tree is built from the same tokens; there is no second grammar.
 */
#include "json.h"

typedef enum oci_json_token_type {
    OCI_JSON_OBJECT, /* an object begins; its members follow as name and value, then a close */
    OCI_JSON_ARRAY,  /* an array begins; its items follow, then a close */
    OCI_JSON_CLOSE,  /* the innermost object or array ends */
    OCI_JSON_NAME,
    OCI_JSON_STRING,
    OCI_JSON_INT,
    OCI_JSON_DOUBLE,
    OCI_JSON_TRUE,
    OCI_JSON_FALSE,
    OCI_JSON_NULL
} oci_json_token_type;

typedef struct oci_json_token {
    oci_json_token_type type;
    /* Names and strings without their quotes and escapes, numbers as they are written. Not NUL-terminated, borrowed
     * until the next call. */
    const char *text;
    size_t len;
    size_t offset; /* where it begins in the source */
} oci_json_token;

typedef struct oci_json_scanner oci_json_scanner;

/* Borrows s as long as the scanner lives. OCI_E_LIMIT when the text is larger than limits->max_document. Gives. */
int oci_json_scanner_new(const char *s, size_t n, const oci_limits *limits, oci_json_scanner **out, oci_error *err);
void oci_json_scanner_free(oci_json_scanner *sc);
OCI_DEFINE_AUTO(oci_json_scanner);
/* 1 and a token, 0 after the last one. OCI_E_INVALID, OCI_E_LIMIT: the scanner is of no further use. A name that occurs
 * twice is refused when its object ends, so nothing is to be believed before the 0. */
int oci_json_scanner_next(oci_json_scanner *sc, oci_json_token *token, oci_error *err);
/* Where the scanner stands, or stopped. */
oci_json_place oci_json_scanner_place(const oci_json_scanner *sc);

#endif
