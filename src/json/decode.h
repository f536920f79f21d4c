/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_DECODE_H
#define OCI_JSON_DECODE_H
/* One decoding, as those who read values and those who tell problems see it. */
#include "codec.h"

/* A step of the JSON pointer: a member or, when name is NULL, an item. Steps live on the stack of the decoder; the text
 * is made only when there is something to tell. */
typedef struct oci_decode_step {
    const struct oci_decode_step *up; /* NULL: the document */
    const char *name;
    size_t index;
} oci_decode_step;

struct oci_decode {
    const char *what; /* the type of the document, for texts */
    oci_arena *arena;
    const oci_report_sink *report;
    oci_error *err;               /* never NULL */
    const oci_decode_step *place; /* NULL: the document */
    int first;                    /* code of the first problem, which is in err; 0 when there was none */
    bool keeps_tree;              /* something points to unknown members */
};

#endif
