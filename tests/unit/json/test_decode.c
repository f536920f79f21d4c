/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#include "sample.h"
#include "test.h"

OCI_TEST (decode, fills_fields_of_every_kind) {
    sample *s = decode_sample(
        "{\"version\":2,\"title\":\"t\\u20ac\",\"flag\":true,\"size\":9223372036854775807,\"offset\":-5,"
        "\"words\":[\"a\",\"\"],\"keys\":{\"80/tcp\":{},\"z\":{}},\"map\":{\"k\":\"a\\u0000b\",\"\":\"\"},"
        "\"main\":{\"name\":\"m\",\"weight\":3},\"inside\":{\"User\":\"u\",\"Env\":[\"A=b\"]},"
        "\"parts\":[{\"name\":\"p0\"},{\"name\":\"p1\"}],\"tags\":[\"x\",\"y\\u0000z\"],\"data\":\"AAEC\"}");

    assert_string_equal(s->title, "t\xe2\x82\xac");
    assert_true(s->flag);
    assert_true(s->size == INT64_MAX);
    assert_true(s->offset == -5);
    assert_int_equal(s->words.count, 2);
    assert_string_equal(s->words.items[0], "a");
    assert_string_equal(s->words.items[1], "");
    assert_int_equal(s->keys.count, 2);
    assert_string_equal(s->keys.items[0], "80/tcp");
    assert_string_equal(s->keys.items[1], "z");
    assert_int_equal(s->map->count, 2);
    assert_string_equal(s->map->items[0].key, "k");
    assert_int_equal(s->map->items[0].key_len, 1);
    assert_int_equal(s->map->items[0].value_len, 3);
    assert_memory_equal(s->map->items[0].value, "a\0b", 4);
    assert_int_equal(s->map->items[1].key_len, 0);
    assert_string_equal(s->main->name, "m");
    assert_int_equal(s->main->weight, 3);
    assert_null(s->main->unknown);
    assert_string_equal(s->inside.user, "u");
    assert_string_equal(s->inside.env.items[0], "A=b");
    assert_null(s->inside.unknown);
    assert_int_equal(s->n_parts, 2);
    assert_string_equal(s->parts[0]->name, "p0");
    assert_string_equal(s->parts[1]->name, "p1");
    assert_int_equal(s->n_tags, 2);
    assert_string_equal(s->tags[0].text, "x");
    assert_int_equal(s->tags[1].len, 3);
    assert_true(s->has_data);
    assert_int_equal(s->data.len, 3);
    assert_memory_equal(s->data.data, "\0\1\2", 3);
    assert_int_equal(s->checked, 1);
    assert_null(s->unknown);
    oci_decoded_free(s);
}

#define SMALLEST "\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[]"

OCI_TEST (decode, absent_and_null_members) {
    sample *s = decode_sample("{" SMALLEST ",\"offset\":null,\"keys\":null,\"inside\":null}");

    assert_true(s->size == 0 && s->offset == 0 && !s->flag && !s->has_data);
    assert_null(s->words.items);
    assert_null(s->keys.items);
    assert_null(s->map);
    assert_null(s->main);
    assert_null(s->inside.user);
    assert_non_null(s->parts);
    assert_int_equal(s->n_parts, 0);
    assert_null(s->tags);
    assert_null(s->unknown);
    oci_decoded_free(s);
    s = decode_sample("{" SMALLEST ",\"inside\":{\"User\":null},\"words\":[],\"keys\":{},\"map\":{},\"data\":\"\"}");
    assert_null(s->inside.user);
    assert_non_null(s->words.items);
    assert_int_equal(s->words.count + s->keys.count + s->map->count + s->data.len, 0);
    assert_true(s->has_data);
    oci_decoded_free(s);
    oci_decoded_free(NULL);
}

static int decode(const char *s, const oci_decode_options *o, oci_error *err)
{
    void *d = NULL;
    int r = oci_decode_document(&sample_type, s, strlen(s), o, &d, err);

    assert_int_equal(r == 0, d != NULL);
    oci_decoded_free(d);
    return r;
}

#define TITLE "\"version\":2,\"title\":\"t\","
#define REST  "\"size\":0,\"parts\":[]"

static const struct {
    const char *s;
    int code;
    const char *text;
} refused[] = {
    { "[]", OCI_E_INVALID, "sample: expected an object, found an array" },
    { "null", OCI_E_INVALID, "sample: expected an object, found null" },
    { "\"x\"", OCI_E_INVALID, "sample: expected an object, found a string" },
    { "{", OCI_E_INVALID, "line 1 column 2: the text ends where a name or '}' was expected" },
    { "{\"title\":\"t\"," REST "}", OCI_E_INVALID, "/version: missing, but required" },
    { "{\"version\":3,\"title\":\"t\"," REST "}", OCI_E_INVALID, "/version: expected the integer 2, found 3" },
    { "{\"version\":2.0,\"title\":\"t\"," REST "}", OCI_E_INVALID,
      "/version: expected the integer 2, found a number with a fraction or an exponent" },
    { "{\"version\":\"2\",\"title\":\"t\"," REST "}", OCI_E_INVALID,
      "/version: expected the integer 2, found a string" },
    { "{\"version\":null,\"title\":\"t\"," REST "}", OCI_E_INVALID, "/version: expected the integer 2, found null" },
    { "{\"version\":2,\"Title\":\"t\"," REST "}", OCI_E_INVALID, "/title: missing, but required" },
    { "{\"version\":2,\"title\":null," REST "}", OCI_E_INVALID, "/title: expected a string, found null" },
    { "{\"version\":2,\"title\":1," REST "}", OCI_E_INVALID, "/title: expected a string, found an integer" },
    { "{\"version\":2,\"title\":\"a\\u0000\"," REST "}", OCI_E_INVALID, "/title: NUL character in the string" },
    { "{" TITLE REST ",\"flag\":\"true\"}", OCI_E_INVALID, "/flag: expected a boolean, found a string" },
    { "{" TITLE REST ",\"flag\":null}", OCI_E_INVALID, "/flag: expected a boolean, found null" },
    { "{" TITLE "\"parts\":[],\"size\":\"7\"}", OCI_E_INVALID, "/size: expected an integer, found a string" },
    { "{" TITLE "\"parts\":[],\"size\":1.0}", OCI_E_INVALID,
      "/size: expected an integer, found a number with a fraction or an exponent" },
    { "{" TITLE "\"parts\":[],\"size\":1e3}", OCI_E_INVALID,
      "/size: expected an integer, found a number with a fraction or an exponent" },
    { "{" TITLE "\"parts\":[],\"size\":-7682}", OCI_E_INVALID,
      "/size: expected an integer from 0 to 9223372036854775807, found -7682" },
    { "{" TITLE "\"parts\":[],\"size\":9223372036854775808}", OCI_E_INVALID,
      "/size: expected an integer from 0 to 9223372036854775807, found 9223372036854775808" },
    { "{" TITLE REST ",\"offset\":9223372036854775808}", OCI_E_INVALID,
      "/offset: expected an integer from -9223372036854775808 to 9223372036854775807, found 9223372036854775808" },
    { "{" TITLE REST ",\"words\":\"a\"}", OCI_E_INVALID, "/words: expected an array, found a string" },
    { "{" TITLE REST ",\"words\":[\"a\",1]}", OCI_E_INVALID, "/words/1: expected a string, found an integer" },
    { "{" TITLE REST ",\"words\":[\"a\\u0000\"]}", OCI_E_INVALID, "/words/0: NUL character in the string" },
    { "{" TITLE REST ",\"keys\":[\"a\"]}", OCI_E_INVALID, "/keys: expected an object, found an array" },
    { "{" TITLE REST ",\"keys\":{\"80/tcp\":null}}", OCI_E_INVALID,
      "/keys/80~1tcp: expected an empty object, found null" },
    { "{" TITLE REST ",\"map\":null}", OCI_E_INVALID, "/map: expected an object, found null" },
    { "{" TITLE REST ",\"map\":[\"a=b\"]}", OCI_E_INVALID, "/map: expected an object, found an array" },
    { "{" TITLE REST ",\"map\":{\"a/b~\":1}}", OCI_E_INVALID, "/map/a~1b~0: expected a string, found an integer" },
    { "{" TITLE REST ",\"map\":{\"a\":\"1\",\"a\":\"2\"}}", OCI_E_INVALID,
      "line 1 column 61: name \"a\" occurs twice in its object" },
    { "{" TITLE REST ",\"main\":[]}", OCI_E_INVALID, "/main: expected an object, found an array" },
    { "{" TITLE REST ",\"main\":{}}", OCI_E_INVALID, "/main/name: missing, but required" },
    { "{" TITLE REST ",\"main\":{\"name\":\"bad\"}}", OCI_E_UNSUPPORTED, "/main/name: the name is 'bad'" },
    { "{" TITLE REST ",\"inside\":1}", OCI_E_INVALID, "/inside: expected an object, found an integer" },
    { "{" TITLE REST ",\"inside\":{\"Env\":[[]]}}", OCI_E_INVALID, "/inside/Env/0: expected a string, found an array" },
    { "{" TITLE "\"size\":0,\"parts\":{}}", OCI_E_INVALID, "/parts: expected an array, found an object" },
    { "{" TITLE "\"size\":0,\"parts\":[{\"name\":\"a\"},\"b\"]}", OCI_E_INVALID,
      "/parts/1: expected an object, found a string" },
    { "{" TITLE "\"size\":0,\"parts\":[null]}", OCI_E_INVALID, "/parts/0: expected an object, found null" },
    { "{" TITLE "\"size\":0,\"parts\":[{\"name\":\"a\",\"weight\":true}]}", OCI_E_INVALID,
      "/parts/0/weight: expected an integer, found a boolean" },
    { "{" TITLE REST ",\"tags\":[\"a\",{}]}", OCI_E_INVALID, "/tags/1: expected a string, found an object" },
    { "{" TITLE REST ",\"tags\":[\"\"]}", OCI_E_INVALID, "/tags/0: the tag is empty" },
    { "{" TITLE REST ",\"data\":\"AA\"}", OCI_E_INVALID, "/data: the string is not base64" },
    { "{" TITLE REST ",\"data\":\"AA==\\u0000\"}", OCI_E_INVALID, "/data: the string is not base64" },
    { "{" TITLE REST ",\"data\":1}", OCI_E_INVALID, "/data: expected a string, found an integer" },
    { "{" TITLE REST ",\"old\":null}", OCI_E_INVALID, "/old: not allowed here" },
    { "{" TITLE "\"size\":1,\"parts\":[]}", OCI_E_SIZE, "/size: the title is as long" },
    { "{" TITLE "\"size\":0,\"parts\":[{\"name\":\"x\"},{\"name\":\"t\"}]}", OCI_E_CONFLICT,
      "/parts/1: named like the whole" },
    { "{\"version\":2,\"title\":\"silent\"," REST "}", OCI_E_INTERNAL, "sample: OCI_E_INTERNAL in a check" },
};

// proves: descriptor.size.int64 descriptor.size.non-negative annotations.map annotations.values-strings
// proves: annotations.value-present annotations.keys-unique
OCI_TEST (decode, the_first_problem_is_the_error) {
    const oci_decode_options options = { NULL, NULL };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_fails(refused[i].code, &err, decode(refused[i].s, &options, &err));
        assert_string_equal(err.msg, refused[i].text);
        assert_int_equal(decode(refused[i].s, &options, NULL), refused[i].code);
    }
}

OCI_TEST (decode, minus_zero_is_an_integer) {
    sample *s = decode_sample("{" TITLE "\"parts\":[],\"size\":-0,\"offset\":-0}");

    assert_true(s->size == 0 && s->offset == 0);
    oci_decoded_free(s);
}

/* Writes what it is told, a line each. */
static void note(void *ctx, const oci_problem *p)
{
    assert_int_equal(oci_buf_printf(ctx, NULL, "%s %s [%s] %s\n", p->code == 0 ? "remark" : oci_error_name(p->code),
                                    p->pointer, p->rule != NULL ? p->rule : "", p->text),
                     0);
}

static void assert_reports(const char *s, int code, const char *expected)
{
    OCI_AUTO_BUF oci_buf told = OCI_BUF_INIT;
    const oci_report_sink sink = { &told, note };
    const oci_decode_options options = { NULL, &sink };
    oci_error err = OCI_ERROR_INIT;
    int r = decode(s, &options, &err);

    assert_string_equal(told.data, expected);
    assert_int_equal(r, code);
    assert_int_equal(err.code, code);
}

OCI_TEST (decode, a_report_has_all_problems) {
    assert_reports(
        "{\"version\":1,\"title\":7,\"flag\":0,\"size\":-1,\"words\":[1,\"a\",null],\"keys\":{\"a\":1,\"b\":{\"c\":2}},"
        "\"map\":{\"x\":1,\"y\":2},\"main\":{\"name\":1,\"weight\":1.5},\"parts\":[{},{\"name\":\"bad\"},7],"
        "\"tags\":[\"\",\"t\",1],\"data\":\"=\",\"old\":1}",
        OCI_E_INVALID,
        "OCI_E_INVALID /version [version.value] expected the integer 2, found 1\n"
        "OCI_E_INVALID /title [] expected a string, found an integer\n"
        "OCI_E_INVALID /flag [] expected a boolean, found an integer\n"
        "OCI_E_INVALID /size [size.int64] expected an integer from 0 to 9223372036854775807, found -1\n"
        "OCI_E_INVALID /words/0 [] expected a string, found an integer\n"
        "OCI_E_INVALID /words/2 [] expected a string, found null\n"
        "OCI_E_INVALID /keys/a [] expected an empty object, found an integer\n"
        "remark /keys/b [] members of an object that should be empty are ignored\n"
        "OCI_E_INVALID /map/x [map.strings] expected a string, found an integer\n"
        "OCI_E_INVALID /map/y [map.strings] expected a string, found an integer\n"
        "OCI_E_INVALID /main/name [part.name.string] expected a string, found an integer\n"
        "OCI_E_INVALID /main/weight [] expected an integer, found a number with a fraction or an exponent\n"
        "OCI_E_INVALID /parts/0/name [part.name.required] missing, but required\n"
        "OCI_E_UNSUPPORTED /parts/1/name [part.name] the name is 'bad'\n"
        "OCI_E_INVALID /parts/2 [] expected an object, found an integer\n"
        "OCI_E_INVALID /tags/0 [tag.empty] the tag is empty\n"
        "OCI_E_INVALID /tags/2 [] expected a string, found an integer\n"
        "OCI_E_INVALID /data [] the string is not base64\n"
        "OCI_E_INVALID /old [old.forbidden] not allowed here\n");
    assert_reports("{\"a\":1,\"a\":2}", OCI_E_INVALID,
                   "OCI_E_INVALID  [] line 1 column 8: name \"a\" occurs twice in its object\n");
    assert_reports("7", OCI_E_INVALID, "OCI_E_INVALID  [] expected an object, found an integer\n");
}

/* Names and texts of an image reach the sink as one line. */
OCI_TEST (decode, texts_of_a_report_are_printable) {
    assert_reports("{" TITLE REST ",\"main\":{\"name\":\"bad\"},\"map\":{\"\\u001b[1m\":1}}", 0,
                   "OCI_E_INVALID /map/\x1b[1m [map.strings] expected a string, found an integer\n"
                   "OCI_E_UNSUPPORTED /main/name [part.name] the name is 'bad'\n");
}

/* What is required is there although other things are wrong: the document can be looked at. */
OCI_TEST (decode, a_whole_document_is_given_with_its_problems) {
    static const char s[] =
        "{" TITLE REST ",\"flag\":1,\"words\":[1],\"main\":{\"weight\":1},\"tags\":[1],\"map\":{\"a\":1}}";
    OCI_AUTO_BUF oci_buf told = OCI_BUF_INIT;
    const oci_report_sink sink = { &told, note };
    const oci_decode_options options = { NULL, &sink };
    oci_error err = OCI_ERROR_INIT;
    void *d = NULL;
    sample *made;

    assert_ok(&err, oci_decode_document(&sample_type, s, strlen(s), &options, &d, &err));
    assert_int_equal(err.code, 0);
    made = d;
    assert_string_equal(made->title, "t");
    assert_int_equal(made->checked, 1);
    assert_null(made->words.items);
    assert_null(made->map);
    assert_null(made->main);
    assert_null(made->tags);
    assert_int_equal(made->n_tags, 0);
    oci_decoded_free(d);
}

/* The check of the type would crash on what is missing. */
OCI_TEST (decode, checks_see_whole_structs_only) {
    assert_reports("{\"version\":2," REST "}", OCI_E_INVALID, "OCI_E_INVALID /title [] missing, but required\n");
    assert_reports("{" TITLE "\"size\":1,\"parts\":[{}]}", OCI_E_INVALID,
                   "OCI_E_INVALID /parts/0/name [part.name.required] missing, but required\n");
    assert_reports("{" TITLE "\"size\":1,\"parts\":[],\"flag\":1}", 0,
                   "OCI_E_INVALID /flag [] expected a boolean, found an integer\n"
                   "OCI_E_SIZE /size [sample.size] the title is as long\n");
}

// proves: considerations.json.number-range
OCI_TEST (decode, remarks_on_integers_that_a_double_cannot_hold) {
    assert_reports("{" TITLE "\"parts\":[],\"size\":9007199254740993}", 0,
                   "remark /size [considerations.json.number-range] 9007199254740993 is no exact double\n");
    assert_reports("{" TITLE "\"parts\":[],\"size\":9007199254740992,\"offset\":-9007199254740993}", 0,
                   "remark /offset [considerations.json.number-range] -9007199254740993 is no exact double\n");
}

// proves: safety.13
OCI_TEST (decode, limits_are_those_of_the_caller) {
    const oci_limits limits = { .max_document = 20 };
    const oci_decode_options options = { &limits, NULL };
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_LIMIT, &err, decode("{" TITLE REST "}", &options, &err));
}

OCI_TEST (decode, long_names_are_cut_in_the_error) {
    const oci_decode_options options = { NULL, NULL };
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_buf_puts(&text, "{" TITLE REST ",\"map\":{\"", &err));
    for (int i = 0; i < 5000; i++)
        assert_ok(&err, oci_buf_putc(&text, 'n', &err));
    assert_ok(&err, oci_buf_puts(&text, "\":1}}", &err));
    assert_fails(OCI_E_INVALID, &err, decode(text.data, &options, &err));
    assert_non_null(strstr(err.msg, "nnn...: expected a string, found an integer"));
}
