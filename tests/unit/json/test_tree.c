/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

#include "test.h"

static oci_value *parse(const char *s)
{
    oci_error err = OCI_ERROR_INIT;
    oci_value *v = NULL;

    assert_ok(&err, oci_value_parse(s, strlen(s), NULL, &v, &err));
    return v;
}

static void assert_prints(const oci_value *v, oci_print_style style, const char *expected)
{
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_value_print(v, style, &out, &err));
    assert_string_equal(out.data, expected);
}

static void assert_round_trip(const char *s)
{
    OCI_AUTO(oci_value) v = parse(s);
    OCI_AUTO(oci_value) copy = oci_value_copy(v);

    assert_prints(v, OCI_PRINT_COMPACT, s);
    assert_prints(copy, OCI_PRINT_COMPACT, s);
}

OCI_TEST (tree, tells_types_and_scalars) {
    OCI_AUTO(oci_value)
    v = parse("{\"n\":null,\"t\":true,\"f\":false,\"i\":7,\"d\":7.0,\"s\":\"x\",\"a\":[1],\"o\":{}}");
    static const struct {
        const char *name;
        oci_value_type type;
        const char *type_name;
    } members[] = {
        { "n", OCI_VALUE_NULL, "null" },
        { "t", OCI_VALUE_BOOL, "a boolean" },
        { "f", OCI_VALUE_BOOL, "a boolean" },
        { "i", OCI_VALUE_INT, "an integer" },
        { "d", OCI_VALUE_DOUBLE, "a number with a fraction or an exponent" },
        { "s", OCI_VALUE_STRING, "a string" },
        { "a", OCI_VALUE_ARRAY, "an array" },
        { "o", OCI_VALUE_OBJECT, "an object" },
    };
    const oci_value *m;

    assert_int_equal(oci_value_count(v), sizeof members / sizeof *members);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        assert_true(oci_value_get(v, members[i].name, &m));
        assert_int_equal(oci_value_type_of(m), members[i].type);
        assert_string_equal(oci_value_type_name(members[i].type), members[i].type_name);
        assert_int_equal(oci_value_bool(m), strcmp(members[i].name, "t") == 0);
        assert_int_equal(oci_value_string(m, NULL) != NULL, members[i].type == OCI_VALUE_STRING);
    }
    assert_true(oci_value_get(v, "n", NULL));
    assert_false(oci_value_get(v, "N", NULL));
    assert_null(oci_value_get_rw(v, "n"));
    assert_null(oci_value_get_rw(v, "absent"));
    assert_non_null(oci_value_get_rw(v, "a"));
    assert_int_equal(oci_value_count(oci_value_get_rw(v, "a")), 1);
    assert_non_null(oci_value_item(oci_value_get_rw(v, "a"), 0));
    assert_null(oci_value_item(oci_value_get_rw(v, "a"), 1));
}

/* What asks for a member of something else than an object must not bring the program down. */
OCI_TEST (tree, questions_to_the_wrong_type_have_an_empty_answer) {
    static const char *const texts[] = { "null", "true", "1", "1.5", "\"s\"", "[]", "{}" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        OCI_AUTO(oci_value) v = parse(texts[i]);
        oci_value_cursor c = { NULL };
        oci_error err = OCI_ERROR_INIT;

        assert_false(oci_value_get(v, "a", NULL));
        assert_null(oci_value_get_rw(v, "a"));
        assert_null(oci_value_item(v, 0));
        assert_null(oci_value_item_rw(v, 0));
        assert_int_equal(oci_value_count(v), 0);
        assert_false(oci_value_next(v, &c, NULL, NULL));
        oci_value_remove(v, "a");
        if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
            assert_fails(OCI_E_INTERNAL, &err, oci_value_set(v, "a", oci_value_new_int(1), &err));
        if (oci_value_type_of(v) != OCI_VALUE_ARRAY)
            assert_fails(OCI_E_INTERNAL, &err, oci_value_push(v, oci_value_new_int(1), &err));
        assert_fails(OCI_E_NOMEM, &err, oci_value_set(v, "a", NULL, &err));
        assert_fails(OCI_E_NOMEM, &err, oci_value_push(v, NULL, &err));
    }
}

// proves: descriptor.size.int64
OCI_TEST (tree, integers_are_exact) {
    static const struct {
        const char *s;
        bool is_signed, is_unsigned;
        int64_t i;
        uint64_t u;
    } cases[] = {
        { "0", true, true, 0, 0 },
        { "-0", true, true, 0, 0 },
        { "-1", true, false, -1, 0 },
        { "9007199254740993", true, true, INT64_C(9007199254740993), UINT64_C(9007199254740993) },
        { "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
        { "9223372036854775808", false, true, 0, UINT64_C(1) << 63 },
        { "18446744073709551615", false, true, 0, UINT64_MAX },
        { "-9223372036854775808", true, false, INT64_MIN, 0 },
        { "1.0", false, false, 0, 0 },
        { "1e3", false, false, 0, 0 },
        { "\"7\"", false, false, 0, 0 },
        { "true", false, false, 0, 0 },
        { "null", false, false, 0, 0 },
        { "[1]", false, false, 0, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OCI_AUTO(oci_value) v = parse(cases[i].s);
        int64_t is = 42;
        uint64_t us = 42;

        assert_int_equal(oci_value_int64(v, &is), cases[i].is_signed);
        assert_int_equal(oci_value_uint64(v, &us), cases[i].is_unsigned);
        assert_true(is == (cases[i].is_signed ? cases[i].i : 42));
        assert_true(us == (cases[i].is_unsigned ? cases[i].u : 42));
    }
}

OCI_TEST (tree, strings_keep_their_nul_bytes) {
    OCI_AUTO(oci_value) v = parse("\"a\\u0000b\\u20ac\\ud83d\\ude00\\/\"");
    static const char expected[] = "a\0b\xe2\x82\xac\xf0\x9f\x98\x80/";
    const char *s;
    size_t n;

    s = oci_value_string(v, &n);
    assert_int_equal(n, sizeof expected - 1);
    assert_memory_equal(s, expected, sizeof expected);
}

// proves: considerations.json.order considerations.unknown-property
OCI_TEST (tree, members_are_walked_in_the_order_of_the_document) {
    OCI_AUTO(oci_value) v = parse("{\"z\":1,\"a\":null,\"\\u006d\":[2],\"\":3}");
    static const char *const names[] = { "z", "a", "m", "" };
    oci_value_cursor c = { NULL };
    const oci_value *value;
    const char *name;

    for (size_t i = 0; i < 4; i++) {
        assert_true(oci_value_next(v, &c, &name, &value));
        assert_string_equal(name, names[i]);
        assert_int_equal(value == NULL, i == 1);
    }
    assert_false(oci_value_next(v, &c, &name, &value));
    assert_false(oci_value_next(v, &c, &name, &value));
}

// proves: considerations.unknown-property
OCI_TEST (print, what_was_parsed_is_printed_as_it_was_written) {
    static const char *const texts[] = {
        "null",
        "[]",
        "{}",
        "[[],{},null,true,false]",
        "[0,-0,-1,1.0,1.50,1e3,1E+03,-0.0,0e-9,123456789012345678,9223372036854775807,18446744073709551615]",
        "[-9223372036854775808,1.7976931348623157e308,1e-999,0.1000000000000000055511151231257827]",
        "\"\\\"\\\\/<>&\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\xe2\x80\xa8\"",
        "{\"b\":{\"z\":[1,{\"y\":2}]},\"a\":\"x\"}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_round_trip(texts[i]);
}

OCI_TEST (print, pretty) {
    OCI_AUTO(oci_value) v = parse("{\"a\":[1,{\"b\":[]},[{}]],\"c\":{\"d\":\"e\"}}");

    assert_prints(v, OCI_PRINT_PRETTY,
                  "{\n"
                  "  \"a\": [\n"
                  "    1,\n"
                  "    {\n"
                  "      \"b\": []\n"
                  "    },\n"
                  "    [\n"
                  "      {}\n"
                  "    ]\n"
                  "  ],\n"
                  "  \"c\": {\n"
                  "    \"d\": \"e\"\n"
                  "  }\n"
                  "}\n");
}

OCI_TEST (print, appends_and_takes_a_failure_back) {
    OCI_AUTO_BUF oci_buf out = { .limit = 10 };
    OCI_AUTO(oci_value) v = parse("[1,2,3]");
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_buf_puts(&out, "x = ", &err));
    assert_fails(OCI_E_LIMIT, &err, oci_value_print(v, OCI_PRINT_COMPACT, &out, &err));
    assert_string_equal(out.data, "x = ");
    assert_int_equal(out.len, 4);
    out.limit = 0;
    assert_ok(&err, oci_value_print(v, OCI_PRINT_COMPACT, &out, &err));
    assert_string_equal(out.data, "x = [1,2,3]");
    assert_int_equal(out.len, 11);
}

// proves: considerations.json.utf8 considerations.json.no-surrogates
OCI_TEST (print, refuses_strings_that_json_cannot_hold) {
    static const char *const bad[] = { "\xff",         "a\xc3",         "\xed\xa0\x80",
                                       "\xef\xbf\xbf", "x\xef\xb7\x90", "\xf0\x9f\xbf\xbe" };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(OCI_E_INVALID, &err, oci_json_print_string(bad[i], strlen(bad[i]), &out, &err));
        assert_int_equal(out.len, 0);
    }
    assert_ok(&err, oci_json_print_string("a\0\"b", 4, &out, &err));
    assert_string_equal(out.data, "\"a\\u0000\\\"b\"");
    out.len = 0;
    assert_ok(&err, oci_json_print_string(NULL, 0, &out, &err));
    assert_string_equal(out.data, "\"\"");
}

OCI_TEST (tree, is_built_by_hand) {
    OCI_AUTO(oci_value) v = oci_value_new_object();
    OCI_AUTO(oci_value) copy = NULL;
    oci_value *list = oci_value_new_array();
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_value_push(list, oci_value_new_string_n("a\0b", 3), &err));
    assert_ok(&err, oci_value_push(list, oci_value_new_int(INT64_MIN), &err));
    assert_ok(&err, oci_value_push(list, oci_value_new_uint(UINT64_MAX), &err));
    assert_ok(&err, oci_value_set(v, "z", oci_value_new_bool(true), &err));
    assert_ok(&err, oci_value_set(v, "list", list, &err));
    assert_ok(&err, oci_value_set(v, "a", oci_value_new_string("x"), &err));
    copy = oci_value_copy(v);
    assert_ok(&err, oci_value_set(v, "z", oci_value_new_bool(false), &err));
    oci_value_remove(v, "a");
    oci_value_remove(v, "absent");
    assert_prints(v, OCI_PRINT_COMPACT,
                  "{\"z\":false,\"list\":[\"a\\u0000b\",-9223372036854775808,18446744073709551615]}");
    assert_prints(copy, OCI_PRINT_COMPACT,
                  "{\"z\":true,\"list\":[\"a\\u0000b\",-9223372036854775808,18446744073709551615],\"a\":\"x\"}");
}

OCI_TEST (merge, does_what_rfc_7396_shows) {
    static const struct {
        const char *target, *patch, *result;
    } cases[] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
        { "{\"a\":1}", "{\"a\":[null,{\"b\":null}]}", "{\"a\":[null,{\"b\":null}]}" },
        { "{\"a\":1}", "{}", "{\"a\":1}" },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OCI_AUTO(oci_value) target = parse(cases[i].target);
        OCI_AUTO(oci_value) patch = parse(cases[i].patch);

        assert_ok(&err, oci_value_merge_patch(target, patch, &err));
        assert_prints(target, OCI_PRINT_COMPACT, cases[i].result);
    }
}

OCI_TEST (merge, takes_objects_only) {
    OCI_AUTO(oci_value) object = parse("{\"a\":1}");
    OCI_AUTO(oci_value) array = parse("[1]");
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_INVALID, &err, oci_value_merge_patch(object, array, &err));
    assert_fails(OCI_E_INVALID, &err, oci_value_merge_patch(array, object, &err));
    assert_fails(OCI_E_INVALID, &err, oci_value_merge_patch(object, NULL, &err));
    assert_prints(object, OCI_PRINT_COMPACT, "{\"a\":1}");
}

OCI_TEST (tree, survives_the_lack_of_memory) {
    static const char s[] = "{\"a\\n\":[{\"b\":[\"\\u0041\"]},\"x\"],\"c\":1.5,\"d\":-0}";
    unsigned long n = 1;
    int r;

    do {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        OCI_AUTO(oci_value) v = NULL;
        oci_error err = OCI_ERROR_INIT;

        oci_alloc_fail_at(n);
        r = oci_value_parse(s, sizeof s - 1, NULL, &v, &err);
        if (r == 0)
            r = oci_value_print(v, OCI_PRINT_PRETTY, &out, &err);
        if (oci_alloc_failed()) {
            assert_int_equal(r, OCI_E_NOMEM);
            assert_int_equal(err.code, OCI_E_NOMEM);
            assert_int_equal(out.len, 0);
        }
        n++;
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 0);
    assert_true(n > 10);
}
