/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

#include "test.h"

struct text {
    const char *s;
    size_t n;
};
#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static const struct text valid[] = {
    TEXT("null"),
    TEXT("true"),
    TEXT("false"),
    TEXT("0"),
    TEXT("-0"),
    TEXT("-0.0"),
    TEXT("0e1"),
    TEXT("1E+2"),
    TEXT("1e-2"),
    TEXT("0.5"),
    TEXT("123.456e78"),
    TEXT("\"\""),
    TEXT("[]"),
    TEXT("{}"),
    TEXT(" \t\r\n[ \t\r\n] \t\r\n"),
    TEXT("[1,2]"),
    TEXT("[ 1 , [ ] , { } ]"),
    TEXT("{\"a\":1,\"b\":{\"a\":1}}"),
    TEXT("{\"\":1}"),
    TEXT("[{\"a\":1},{\"a\":1}]"),
    TEXT("{\"a\":1,\"A\":2}"),
    TEXT("{\"a\":{\"a\":{\"a\":1}},\"b\":1}"),
    /* strings */
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""),
    TEXT("\"\\u00e9\\u00E9\""),
    TEXT("\"\\u0000\""),
    TEXT("\"\\ud83d\\ude00\""),
    TEXT("\"\\uDBFF\\uDFFD\""),
    TEXT("\"\x7f\""),
    TEXT("\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd \xf0\x90\x80\x80 \xf4\x8f\xbf\xbd\""),
    TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    TEXT("\"/\""),
    TEXT("{\"\\u0001\":1}"),
    TEXT("\"\\ufdcf\\ufdf0\""),
    /* the ends of the numbers */
    TEXT("9223372036854775807"),
    TEXT("-9223372036854775808"),
    TEXT("18446744073709551615"),
    TEXT("1e308"),
    TEXT("1.7976931348623157e308"),
    TEXT("1.7976931348623158e308"),
    TEXT("-17976931348623158.0e292"),
    TEXT("1e-400"),
    TEXT("0e999999999999999999999999"),
    TEXT("0.000e99999999999999999999999"),
    TEXT("1e-99999999999999999999999"),
    TEXT("0.0001e312"),
    TEXT("1e0000000000000000000000000000000000001"),
};

static const struct text invalid[] = {
    TEXT(""),
    TEXT(" "),
    TEXT("[] []"),
    TEXT("[]x"),
    TEXT("{}}"),
    TEXT("1 2"),
    TEXT("nul"),
    TEXT("nulll"),
    TEXT("True"),
    TEXT("NaN"),
    TEXT("Infinity"),
    TEXT("-Infinity"),
    TEXT("undefined"),
    TEXT("'a'"),
    TEXT("// c\n1"),
    TEXT("/* c */1"),
    TEXT("1\0"),
    TEXT("\f1"),
    TEXT("\v1"),
    TEXT("\xc2\xa0"
         "1"),
    TEXT("\xef\xbb\xbf{}"),
    TEXT("\xff\xfe{\0}\0"),
    TEXT("{\0}\0"),
    /* arrays */
    TEXT("["),
    TEXT("]"),
    TEXT("[1"),
    TEXT("[1,"),
    TEXT("[1,]"),
    TEXT("[,1]"),
    TEXT("[,]"),
    TEXT("[1,,2]"),
    TEXT("[1 2]"),
    TEXT("[1}"),
    TEXT("[1:2]"),
    TEXT("[\"a\""),
    TEXT("[\"a"),
    /* objects */
    TEXT("{"),
    TEXT("}"),
    TEXT("{]"),
    TEXT("{\"a\""),
    TEXT("{\"a\":"),
    TEXT("{\"a\":1"),
    TEXT("{\"a\":1,"),
    TEXT("{\"a\":1,}"),
    TEXT("{,}"),
    TEXT("{\"a\"}"),
    TEXT("{\"a\",1}"),
    TEXT("{\"a\"::1}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\":1,,\"b\":2}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{1:1}"),
    TEXT("{null:1}"),
    TEXT("{[]:1}"),
    TEXT("{\"a\":1]"),
    TEXT("{\"a\\u0000b\":1}"),
    /* names that occur twice */
    TEXT("{\"a\":1,\"a\":1}"),
    TEXT("{\"size\":1,\"b\":2,\"\\u0073ize\":1}"),
    TEXT("{\"\":1,\"\":2}"),
    TEXT("[{\"x\":{\"a\":1,\"b\":{\"a\":1},\"a\":[]}}]"),
    TEXT("{\"\\u00e9\":1,\"\xc3\xa9\":2}"),
    TEXT("{\"\\n\":1,\"\\u000a\":2}"),
    /* numbers */
    TEXT("-"),
    TEXT("+1"),
    TEXT("01"),
    TEXT("-01"),
    TEXT("00"),
    TEXT("1."),
    TEXT(".5"),
    TEXT("1.e5"),
    TEXT("1e"),
    TEXT("1e+"),
    TEXT("1ee5"),
    TEXT("1e5.5"),
    TEXT("0x10"),
    TEXT("1_000"),
    TEXT("--1"),
    TEXT("- 1"),
    TEXT("1a"),
    TEXT("\xef\xbc\x91"),
    TEXT("18446744073709551616"),
    TEXT("-9223372036854775809"),
    TEXT("100000000000000000000"),
    TEXT("1e309"),
    TEXT("-1e309"),
    TEXT("1.7976931348623159e308"),
    TEXT("0.1e310"),
    TEXT("1e99999999999999999999999999"),
    /* strings */
    TEXT("\""),
    TEXT("\"a"),
    TEXT("\"\\"),
    TEXT("\"\\\""),
    TEXT("\"\\x41\""),
    TEXT("\"\\a\""),
    TEXT("\"\\'\""),
    TEXT("\"\\\n\""),
    TEXT("\"\\U0041\""),
    TEXT("\"\\u\""),
    TEXT("\"\\u004\""),
    TEXT("\"\\u00g0\""),
    TEXT("\"\\u 041\""),
    TEXT("\"\\u00"),
    TEXT("\"a\nb\""),
    TEXT("\"a\tb\""),
    TEXT("\"a\0b\""),
    TEXT("\"\x1f\""),
    /* surrogates */
    TEXT("\"\\ud800\""),
    TEXT("\"\\udc00\""),
    TEXT("\"\\ud800x\""),
    TEXT("\"\\ud800\\n\""),
    TEXT("\"\\ud800\\ud800\""),
    TEXT("\"\\ud800\\u0041\""),
    TEXT("\"\\ud800\\"),
    TEXT("\"\\ud800\\u"),
    TEXT("\"\\ud800\\udc0\""),
    TEXT("\"\\ude00\\ud83d\""),
    TEXT("{\"\\ud800\":1}"),
    /* noncharacters */
    TEXT("\"\\uffff\""),
    TEXT("\"\\ufffe\""),
    TEXT("\"\\ufdd0\""),
    TEXT("\"\\ufdef\""),
    TEXT("\"\\ud83f\\udffe\""),
    TEXT("\"\\udbff\\udfff\""),
    TEXT("\"\xef\xbf\xbf\""),
    TEXT("\"\xef\xb7\x90\""),
    TEXT("\"\xf4\x8f\xbf\xbf\""),
    TEXT("{\"\xef\xbf\xbe\":1}"),
    /* UTF-8 */
    TEXT("\"\xff\""),
    TEXT("\"\x80\""),
    TEXT("\"\xc3\""),
    TEXT("\"\xc3"),
    TEXT("\"\xe9\""),
    TEXT("\"\xc0\xaf\""),
    TEXT("\"\xc1\xbf\""),
    TEXT("\"\xe0\x80\xaf\""),
    TEXT("\"\xed\xa0\x80\""),
    TEXT("\"\xf0\x80\x80\xaf\""),
    TEXT("\"\xf4\x90\x80\x80\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""),
    TEXT("{\"\xff\":1}"),
    TEXT("[\xff]"),
};

/* The bytes lie in memory of just their size, so that a read beyond them is seen. */
static char *exact(const struct text *t)
{
    char *p = malloc(t->n > 0 ? t->n : 1);

    assert_non_null(p);
    memcpy(p, t->s, t->n);
    return p;
}

// proves: considerations.json.i-json media.json-types
OCI_TEST (lint, accepts_json) {
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        oci_error err = OCI_ERROR_INIT;
        char *s = exact(&valid[i]);

        if (oci_json_lint(s, valid[i].n, NULL, NULL, &err) != 0)
            fail_msg("%s: %s", valid[i].s, err.msg);
        free(s);
    }
}

// proves: considerations.json.i-json considerations.json.utf8 considerations.json.no-surrogates
// proves: considerations.json.no-duplicates media.json-types safety.13
OCI_TEST (lint, refuses_what_is_no_i_json) {
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        oci_error err = OCI_ERROR_INIT;
        oci_value *v = NULL;
        char *s = exact(&invalid[i]);

        if (oci_json_lint(s, invalid[i].n, NULL, NULL, &err) != OCI_E_INVALID)
            fail_msg("accepted: %s", invalid[i].s);
        assert_int_equal(strncmp(err.msg, "line ", 5), 0);
        assert_fails(OCI_E_INVALID, &err, oci_value_parse(s, invalid[i].n, NULL, &v, &err));
        assert_null(v);
        free(s);
    }
}

/* No proper prefix of an object is JSON. */
OCI_TEST (lint, refuses_texts_that_end_too_early) {
    static const char s[] = "{\"a\":[1,-2.5e-3,\"x\\n\\ud83d\\ude00\xc3\xa9\",true,false,null],\"b\":{}}";

    for (size_t n = 0; n < sizeof s - 1; n++) {
        struct text t = { s, n };
        char *p = exact(&t);

        assert_int_equal(oci_json_lint(p, n, NULL, NULL, NULL), OCI_E_INVALID);
        free(p);
    }
    assert_int_equal(oci_json_lint(s, sizeof s - 1, NULL, NULL, NULL), 0);
}

/* The place of the second one, counted from the names as they mean the same. */
OCI_TEST (lint, names_the_place_and_the_rule) {
    static const char json[] = "media.json-types";
    static const struct {
        const char *s, *text;
        oci_json_place place;
    } cases[] = {
        { "", "line 1 column 1: the text ends where a value was expected", { 0, 1, 1, json } },
        { "{\n  \"a\": 01\n}", "line 2 column 8: number with a leading zero", { 9, 2, 8, json } },
        { "[1,\n2,\n\n x]", "line 4 column 2: expected a value, found 'x'", { 9, 4, 2, json } },
        { "[1;2]", "line 1 column 3: expected ',' or ']', found ';'", { 2, 1, 3, json } },
        { "{\"a\":1;}", "line 1 column 7: expected ',' or '}', found ';'", { 6, 1, 7, json } },
        { "{1:2}", "line 1 column 2: expected a name or '}', found '1'", { 1, 1, 2, json } },
        { "{\"a\":1,}", "line 1 column 8: expected a name, found '}'", { 7, 1, 8, json } },
        { "{\"a\"=1}", "line 1 column 5: expected ':', found '='", { 4, 1, 5, json } },
        { "[}", "line 1 column 2: expected a value or ']', found '}'", { 1, 1, 2, json } },
        { "{} {", "line 1 column 4: expected the end of the text, found '{'", { 3, 1, 4, json } },
        { "\xef\xbb\xbf{}",
          "line 1 column 1: expected a value, found a byte order mark",
          { 0, 1, 1, "considerations.json.utf8" } },
        { "[\x01]", "line 1 column 2: expected a value or ']', found the byte 0x01", { 1, 1, 2, json } },
        { "[\"\xff\"]", "line 1 column 3: invalid UTF-8", { 2, 1, 3, "considerations.json.utf8" } },
        { "[\"\\ud800\"]",
          "line 1 column 4: lone surrogate in a string",
          { 3, 1, 4, "considerations.json.no-surrogates" } },
        { "[1e999]",
          "line 1 column 2: number that is too large for a double",
          { 1, 1, 2, "considerations.json.i-json" } },
        { "[ 99999999999999999999]",
          "line 1 column 3: integer that does not fit 64 bits",
          { 2, 1, 3, "considerations.json.i-json" } },
        { "{\"b\":1,\n\"a\":2,\n\"\\u0062\":3,\"a\":4}",
          "line 3 column 1: name \"b\" occurs twice in its object",
          { 15, 3, 1, "considerations.json.no-duplicates" } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        oci_error err = OCI_ERROR_INIT;
        oci_json_place place = { 0 };

        assert_fails(OCI_E_INVALID, &err, oci_json_lint(cases[i].s, strlen(cases[i].s), NULL, &place, &err));
        assert_string_equal(err.msg, cases[i].text);
        assert_int_equal(place.offset, cases[i].place.offset);
        assert_int_equal(place.line, cases[i].place.line);
        assert_int_equal(place.column, cases[i].place.column);
        assert_string_equal(place.rule, cases[i].place.rule);
    }
}

/* open and close as often as count says. */
static int lint_nested(const char *open, const char *close, size_t count, const oci_limits *limits)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_value *v = NULL;
    int r;

    for (size_t i = 0; i < count; i++)
        assert_int_equal(oci_buf_puts(&text, open, NULL), 0);
    assert_int_equal(oci_buf_puts(&text, "1", NULL), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(oci_buf_puts(&text, close, NULL), 0);
    r = oci_json_lint(text.data, text.len, limits, NULL, NULL);
    assert_int_equal(oci_value_parse(text.data, text.len, limits, &v, NULL), r);
    oci_value_free(v);
    return r;
}

// proves: safety.13
OCI_TEST (lint, bounds_the_depth) {
    oci_limits three = { .max_depth = 3 }, huge = { .max_depth = UINT32_MAX };

    assert_int_equal(lint_nested("[", "]", 64, NULL), 0);
    assert_int_equal(lint_nested("[", "]", 65, NULL), OCI_E_LIMIT);
    assert_int_equal(lint_nested("{\"a\":", "}", 64, NULL), 0);
    assert_int_equal(lint_nested("{\"a\":", "}", 65, NULL), OCI_E_LIMIT);
    assert_int_equal(lint_nested("[", "]", 3, &three), 0);
    assert_int_equal(lint_nested("[", "]", 4, &three), OCI_E_LIMIT);
    assert_int_equal(lint_nested("[", "]", 1000, &huge), 0);
    assert_int_equal(lint_nested("[", "]", 100000, &huge), OCI_E_LIMIT);
}

// proves: safety.13
OCI_TEST (lint, bounds_the_size) {
    oci_limits ten = { .max_document = 10 };
    oci_error err = OCI_ERROR_INIT;
    oci_json_place place = { 7, 7, 7, NULL };

    assert_ok(&err, oci_json_lint("[1,2,3,44]", 10, &ten, NULL, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_json_lint("[1,2,3,444]", 11, &ten, &place, &err));
    assert_string_equal(err.msg, "document of 11 bytes, more than the 10 that are allowed");
    assert_int_equal(place.offset, 0);
    assert_int_equal(place.line, 1);
}

static int lint_repeated(const char *open, const char *piece, size_t count, const char *close)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;

    assert_int_equal(oci_buf_puts(&text, open, NULL), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(oci_buf_puts(&text, piece, NULL), 0);
    assert_int_equal(oci_buf_puts(&text, close, NULL), 0);
    return oci_json_lint(text.data, text.len, NULL, NULL, NULL);
}

/* Two bytes of text must not cost hundreds of bytes of memory. */
// proves: safety.13
OCI_TEST (lint, bounds_the_number_of_values) {
    assert_int_equal(lint_repeated("[", "{},", 100000, "{}]"), 0);
    assert_int_equal(lint_repeated("[", "{},", 140000, "{}]"), OCI_E_LIMIT);
    assert_int_equal(lint_repeated("[", "[],", 140000, "[]]"), OCI_E_LIMIT);
    assert_int_equal(lint_repeated("[", "1,", 1000000, "1]"), 0);
    assert_int_equal(lint_repeated("[", "1,", 1050000, "1]"), OCI_E_LIMIT);
}

// proves: considerations.json.no-duplicates safety.13
OCI_TEST (lint, finds_one_name_that_occurs_twice_among_many) {
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    size_t end;

    assert_int_equal(oci_buf_putc(&text, '{', NULL), 0);
    for (int i = 0; i < 400000; i++)
        assert_int_equal(oci_buf_printf(&text, NULL, "%s\"%x\":0", i > 0 ? "," : "", i), 0);
    end = text.len;
    assert_int_equal(oci_buf_putc(&text, '}', NULL), 0);
    assert_ok(&err, oci_json_lint(text.data, text.len, NULL, NULL, &err));
    text.len = end;
    assert_int_equal(oci_buf_puts(&text, ",\n\"\\u00311\":0}", NULL), 0);
    assert_fails(OCI_E_INVALID, &err, oci_json_lint(text.data, text.len, NULL, NULL, &err));
    assert_string_equal(err.msg, "line 2 column 1: name \"11\" occurs twice in its object");
}

/* Every sequence of up to three bytes from those that matter, against a grammar written another way: the verdict must
 * be the same with and without blanks around it. */
OCI_TEST (lint, blanks_around_a_text_change_nothing) {
    static const char alphabet[] = "0-1.eE[]{}:,\"\\ntu ";
    size_t n = sizeof alphabet - 1;

    for (size_t i = 0; i < n * n * n; i++) {
        char bare[3] = { alphabet[i % n], alphabet[i / n % n], alphabet[i / n / n] };
        char padded[] = { '\n', ' ', bare[0], bare[1], bare[2], '\t', '\r' };

        assert_int_equal(oci_json_lint(bare, 3, NULL, NULL, NULL),
                         oci_json_lint(padded, sizeof padded, NULL, NULL, NULL));
    }
}

OCI_TEST (lint, survives_the_lack_of_memory) {
    static const char s[] = "{\"a\\n\":[{\"b\":[\"\\u0041\"]},\"x\"],\"c\":1.5}";
    unsigned long n = 1;
    int r;

    do {
        oci_error err = OCI_ERROR_INIT;

        oci_alloc_fail_at(n);
        r = oci_json_lint(s, sizeof s - 1, NULL, NULL, &err);
        if (oci_alloc_failed()) {
            assert_int_equal(r, OCI_E_NOMEM);
            assert_int_equal(err.code, OCI_E_NOMEM);
        }
        n++;
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 0);
    assert_true(n > 5);
}
