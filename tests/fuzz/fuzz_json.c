/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that the strict pass accepts is parsed, is printed to a text that is accepted and means the same, and json-c
 * reads the same values from it. What the strict pass refuses, the parser refuses alike.
 */
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>

#include "base/buf.h"
#include "json/json.h"

#include "fuzz.h"

static void print(const oci_value *v, oci_print_style style, oci_buf *out)
{
    oci_error err = OCI_ERROR_INIT;

    out->len = 0;
    FUZZ_CHECK(oci_value_print(v, style, out, &err) == 0);
}

/* text means the values that are printed as expected. */
static void check_reads_as(const oci_buf *text, const oci_limits *limits, const oci_buf *expected)
{
    OCI_AUTO_BUF oci_buf again = OCI_BUF_INIT;
    OCI_AUTO(oci_value) v = NULL;
    oci_error err = OCI_ERROR_INIT;

    FUZZ_CHECK(oci_json_lint(text->data, text->len, limits, NULL, &err) == 0);
    FUZZ_CHECK(oci_value_parse(text->data, text->len, limits, &v, &err) == 0);
    print(v, OCI_PRINT_COMPACT, &again);
    FUZZ_CHECK(again.len == expected->len && memcmp(again.data, expected->data, again.len) == 0);
}

static void check_round_trips(const oci_value *v, const oci_limits *limits, const oci_buf *compact)
{
    OCI_AUTO_BUF oci_buf pretty = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf copied = OCI_BUF_INIT;
    OCI_AUTO(oci_value) copy = oci_value_copy(v);

    check_reads_as(compact, limits, compact);
    print(v, OCI_PRINT_PRETTY, &pretty);
    check_reads_as(&pretty, limits, compact);
    print(copy, OCI_PRINT_COMPACT, &copied);
    FUZZ_CHECK(copied.len == compact->len && memcmp(copied.data, compact->data, compact->len) == 0);
}

static void check_against_json_c(const char *s, size_t n, const oci_buf *compact)
{
    struct json_tokener *tok = json_tokener_new_ex(2000);
    OCI_AUTO_BUF oci_buf ended = OCI_BUF_INIT; /* json-c sees the end of a number by the NUL behind it */
    struct json_object *o;
    const char *text;

    FUZZ_CHECK(tok != NULL && oci_buf_append(&ended, s, n, NULL) == 0);
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    o = json_tokener_parse_ex(tok, ended.data, (int)n + 1);
    FUZZ_CHECK(json_tokener_get_error(tok) == json_tokener_success);
    text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    /* It forgets the sign of an integer zero. */
    FUZZ_CHECK(strstr(compact->data, "-0") != NULL || strcmp(text, compact->data) == 0);
    json_object_put(o);
    json_tokener_free(tok);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const oci_limits limits = { .max_depth = 1000 };
    const oci_limits wide = { .max_depth = 1000,
                              .max_document = UINT64_C(1) << 32 }; /* for texts that printing made longer */
    const char *s = (const char *)data;
    OCI_AUTO_BUF oci_buf compact = OCI_BUF_INIT;
    OCI_AUTO(oci_value) v = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_json_place place = { 0 };
    int verdict = oci_json_lint(s, size, &limits, &place, &err);

    FUZZ_CHECK(verdict == 0 || verdict == OCI_E_INVALID || verdict == OCI_E_LIMIT);
    FUZZ_CHECK(oci_value_parse(s, size, &limits, &v, NULL) == verdict);
    if (verdict < 0) {
        FUZZ_CHECK(err.code == verdict && err.msg[0] != '\0' && v == NULL);
        FUZZ_CHECK(place.offset <= size && place.line > 0 && place.column > 0);
        return 0;
    }
    print(v, OCI_PRINT_COMPACT, &compact);
    check_round_trips(v, &wide, &compact);
    check_against_json_c(s, size, &compact);
    return 0;
}
