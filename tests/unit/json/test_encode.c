/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

#include "sample.h"
#include "test.h"

static void assert_encodes(const sample *s, oci_print_style style, const char *expected)
{
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_encode_document(&sample_type, s, style, &out, &err));
    assert_string_equal(out.data, expected);
}

static void assert_recodes(const char *s, const char *expected)
{
    sample *d = decode_sample(s);

    assert_encodes(d, OCI_PRINT_COMPACT, expected);
    oci_decoded_free(d);
}

static const char full[] =
    "{\"version\":2,\"title\":\"t\",\"flag\":true,\"size\":9223372036854775807,\"offset\":-5,\"words\":[\"a\",\"\"],"
    "\"keys\":{\"80/tcp\":{}},\"map\":{\"k\":\"a\\u0000b\"},\"main\":{\"name\":\"m\",\"weight\":3,\"more\":[1.50,-0]},"
    "\"inside\":{\"User\":\"u\",\"Env\":[],\"OnBuild\":null},\"parts\":[{\"name\":\"p\"}],\"tags\":[\"x\"],\"data\":"
    "\"AAEC\","
    "\"zz\":{\"b\":1e3,\"a\":\"<&>\"},\"aa\":null}";

// proves: considerations.unknown-property config.extra-fields.no-error
OCI_TEST (encode, a_decoded_document_is_printed_as_it_was) {
    assert_recodes(full, full);
    assert_recodes("{\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[]}",
                   "{\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[]}");
    assert_recodes("{\"version\":2,\"title\":\"t\",\"size\":0,\"words\":[],\"keys\":{},\"map\":{},\"parts\":[],"
                   "\"tags\":[],\"data\":\"\"}",
                   "{\"version\":2,\"title\":\"t\",\"size\":0,\"words\":[],\"keys\":{},\"map\":{},\"parts\":[],"
                   "\"tags\":[],\"data\":\"\"}");
}

// proves: considerations.json.order considerations.unknown-property
OCI_TEST (encode, unknown_members_follow_the_known_ones) {
    assert_recodes(
        "{\"Size\":\"x\",\"parts\":[{\"u\":{},\"name\":\"p\"}],\"size\":1,\"u\":[1],\"title\":\"tt\",\"version\":2,"
        "\"inside\":{\"u\":0},\"offset\":null,\"flag\":false}",
        "{\"version\":2,\"title\":\"tt\",\"size\":1,\"inside\":{\"u\":0},\"parts\":[{\"name\":\"p\",\"u\":{}}],"
        "\"Size\":\"x\",\"u\":[1]}");
}

OCI_TEST (encode, pretty) {
    sample *s =
        decode_sample("{\"version\":2,\"title\":\"t\",\"size\":2,\"parts\":[{\"name\":\"p\",\"u\":[1]}],\"tags\":[]}");

    assert_encodes(s, OCI_PRINT_PRETTY,
                   "{\n"
                   "  \"version\": 2,\n"
                   "  \"title\": \"t\",\n"
                   "  \"size\": 2,\n"
                   "  \"parts\": [\n"
                   "    {\n"
                   "      \"name\": \"p\",\n"
                   "      \"u\": [\n"
                   "        1\n"
                   "      ]\n"
                   "    }\n"
                   "  ],\n"
                   "  \"tags\": []\n"
                   "}\n");
    oci_decoded_free(s);
}

OCI_TEST (encode, a_struct_filled_by_hand) {
    const part p = { .name = "p" };
    const part *const parts[] = { &p };
    const oci_pair pairs[] = { { "k", "v\n", 1, 2 } };
    const oci_annotations map = { pairs, 1 };
    sample s = { .title = "by \"hand\"", .inside.user = "u", .map = &map };

    assert_encodes(&s, OCI_PRINT_COMPACT,
                   "{\"version\":2,\"title\":\"by \\\"hand\\\"\",\"size\":0,\"map\":{\"k\":\"v\\n\"},"
                   "\"inside\":{\"User\":\"u\"},\"parts\":[]}");
    s.parts = parts;
    s.n_parts = 1;
    s.map = NULL;
    s.inside.user = NULL;
    assert_encodes(&s, OCI_PRINT_COMPACT,
                   "{\"version\":2,\"title\":\"by \\\"hand\\\"\",\"size\":0,\"parts\":[{\"name\":\"p\"}]}");
}

OCI_TEST (encode, refuses_what_would_not_be_read_again) {
    const part nameless = { .name = NULL };
    const part *const parts[] = { &nameless }, *const null_parts[] = { NULL };
    const tag null_tag = { .text = NULL };
    const char *const null_words[] = { NULL };
    const struct {
        sample s;
        int code;
        const char *text;
    } cases[] = {
        { { .title = NULL }, OCI_E_USAGE, "title of a struct of type sample is missing" },
        { { .title = "t", .parts = parts, .n_parts = 1 }, OCI_E_USAGE, "name of a struct of type part is missing" },
        { { .title = "t", .main = &nameless }, OCI_E_USAGE, "name of a struct of type part is missing" },
        { { .title = "t", .parts = null_parts, .n_parts = 1 },
          OCI_E_USAGE,
          "parts of a struct of type sample has an item that is NULL" },
        { { .title = "t", .words = { null_words, 1 } },
          OCI_E_USAGE,
          "words of a struct of type sample has an item that is NULL" },
        { { .title = "t", .tags = &null_tag, .n_tags = 1 }, OCI_E_USAGE, "struct of type tag without its text" },
        { { .title = "t", .size = UINT64_C(1) << 63 }, OCI_E_USAGE, "size of a struct of type sample is too large" },
        { { .title = "\xff" }, OCI_E_INVALID, "string that JSON cannot hold: invalid UTF-8" },
    };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(cases[i].code, &err,
                     oci_encode_document(&sample_type, &cases[i].s, OCI_PRINT_COMPACT, &out, &err));
        assert_string_equal(err.msg, cases[i].text);
        assert_int_equal(out.len, 0);
    }
}

static int count_and_stop(void *ctx, const void *found)
{
    oci_buf *out = ctx;
    const part *p = found;

    assert_int_equal(oci_buf_printf(out, NULL, "%s ", p->name), 0);
    return strcmp(p->name, "stop") == 0 ? 7 : 0;
}

OCI_TEST (visit, finds_every_object_of_a_type) {
    static const char json[] =
        "{\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[{\"name\":\"a\"},{\"name\":\"stop\"},"
        "{\"name\":\"b\"}],\"main\":{\"name\":\"m\"},\"tags\":[\"x\"]}";
    sample *s = decode_sample(json);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    assert_int_equal(oci_visit(&sample_type, s, &part_type, count_and_stop, &out), 7);
    assert_string_equal(out.data, "m a stop ");
    out.len = 0;
    assert_int_equal(oci_visit(&part_type, s->main, &part_type, count_and_stop, &out), 0);
    assert_string_equal(out.data, "m ");
    oci_decoded_free(s);
}

static int count(void *ctx, const void *found)
{
    assert_non_null(found);
    ++*(size_t *)ctx;
    return 0;
}

OCI_TEST (visit, counts_values_and_the_object_itself) {
    sample *s = decode_sample("{\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[],\"tags\":[\"x\",\"y\"]}");
    size_t n = 0;

    assert_int_equal(oci_visit(&sample_type, s, &tag_type, count, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(oci_visit(&sample_type, s, &sample_type, count, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(oci_visit(&sample_type, s, &part_type, count, &n), 0);
    assert_int_equal(n, 3);
    oci_decoded_free(s);
}

OCI_TEST (codec, survives_the_lack_of_memory) {
    const oci_decode_options options = { NULL, NULL };
    unsigned long n = 1;
    int r;

    do {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        void *d = NULL;

        oci_alloc_fail_at(n);
        r = oci_decode_document(&sample_type, full, sizeof full - 1, &options, &d, &err);
        if (r == 0)
            r = oci_encode_document(&sample_type, d, OCI_PRINT_COMPACT, &out, &err);
        if (oci_alloc_failed()) {
            assert_int_equal(r, OCI_E_NOMEM);
            assert_int_equal(err.code, OCI_E_NOMEM);
            assert_int_equal(out.len, 0);
        }
        oci_decoded_free(d);
        n++;
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 0);
    assert_true(n > 8);
}

/* The pointer of a problem needs memory too. */
OCI_TEST (codec, survives_the_lack_of_memory_while_telling) {
    static const char json[] = "{\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[{\"name\":7}]}";
    const oci_decode_options options = { NULL, NULL };
    unsigned long n = 1;
    void *d = NULL;
    int r;

    do {
        oci_error err = OCI_ERROR_INIT;

        oci_alloc_fail_at(n++);
        r = oci_decode_document(&sample_type, json, sizeof json - 1, &options, &d, &err);
        assert_int_equal(r, oci_alloc_failed() ? OCI_E_NOMEM : OCI_E_INVALID);
        assert_int_equal(err.code, r);
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_null(d);
}

/* Appends open, count times before NUMBER after with commas between them, close. */
static void add_list(oci_buf *out, const char *open, const char *before, const char *after, int count,
                     const char *close)
{
    assert_int_equal(oci_buf_puts(out, open, NULL), 0);
    for (int i = 0; i < count; i++)
        assert_int_equal(oci_buf_printf(out, NULL, "%s%s%d%s", i > 0 ? "," : "", before, i, after), 0);
    assert_int_equal(oci_buf_puts(out, close, NULL), 0);
}

/* The document that s[0..n) is, decoded once for every allocation that can fail. */
static void assert_survives(const char *s, size_t n)
{
    const oci_decode_options options = { NULL, NULL };
    unsigned long at = 1;
    int r;

    do {
        oci_error err = OCI_ERROR_INIT;
        void *d = NULL;

        oci_alloc_fail_at(at++);
        r = oci_decode_document(&sample_type, s, n, &options, &d, &err);
        assert_int_equal(r, oci_alloc_failed() ? OCI_E_NOMEM : 0);
        assert_int_equal(err.code, r);
        oci_decoded_free(d);
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
}

/* Every kind of field, large enough to need memory of its own. */
OCI_TEST (codec, survives_the_lack_of_memory_for_large_fields) {
    static const struct {
        const char *open, *before, *after, *close;
    } lists[] = {
        { "\"parts\":[],\"words\":[", "\"", "\"", "]" },     { "\"parts\":[],\"keys\":{", "\"", "\":{}", "}" },
        { "\"parts\":[],\"map\":{", "\"", "\":\"v\"", "}" }, { "\"parts\":[", "{\"name\":\"", "\"}", "]" },
        { "\"parts\":[],\"tags\":[", "\"", "\"", "]" },
    };
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        text.len = 0;
        assert_ok(&err, oci_buf_puts(&text, "{\"version\":2,\"title\":\"t\",\"size\":0,", &err));
        add_list(&text, lists[i].open, lists[i].before, lists[i].after, 2000, lists[i].close);
        assert_ok(&err, oci_buf_putc(&text, '}', &err));
        assert_survives(text.data, text.len);
    }
    text.len = 0;
    assert_ok(&err, oci_buf_puts(&text, "{\"version\":2,\"title\":\"t\",\"size\":0,\"parts\":[],\"data\":\"", &err));
    for (int i = 0; i < 2000; i++)
        assert_ok(&err, oci_buf_puts(&text, "AAAA", &err));
    assert_ok(&err, oci_buf_puts(&text, "\"}", &err));
    assert_survives(text.data, text.len);
}
