/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_LEXEME_H
#define OCI_JSON_LEXEME_H
/* Reading one string or number. What is wrong with it is told as a static text. */
#include "json.h"

/* Whether RFC 7493 section 2.1 forbids the code point: U+FDD0 to U+FDEF and the last two of every plane. */
bool oci_json_is_noncharacter(uint32_t code);

typedef struct oci_json_lexeme {
    const char *text; /* in the source, or in the scratch buffer when a string holds escapes */
    size_t len;
    bool is_integer;     /* of a number: it has neither a fraction nor an exponent */
    const char *problem; /* of one that is refused */
    const char *rule;    /* the row of the requirements that it breaks; NULL when it is no JSON at all */
} oci_json_lexeme;

/* s[*at] is the opening quote; *at ends behind the closing one, or at the byte that is refused. OCI_E_INVALID (with
 * out->problem), OCI_E_NOMEM. */
int oci_json_read_string(const char *s, size_t n, size_t *at, oci_buf *scratch, oci_json_lexeme *out);
/* s[*at] is a '-' or a digit. Integers have to fit int64_t or uint64_t, others have to be finite as a double. */
int oci_json_read_number(const char *s, size_t n, size_t *at, oci_json_lexeme *out);

#endif
