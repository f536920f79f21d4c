/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

/* f, inside call, is a file whose text is then compared. */
#define assert_prints(want, call)                                                                                      \
    do {                                                                                                               \
        char *text_ = NULL;                                                                                            \
        size_t len_;                                                                                                   \
        FILE *f = open_memstream(&text_, &len_);                                                                       \
                                                                                                                       \
        assert_non_null(f);                                                                                            \
        call;                                                                                                          \
        fclose(f);                                                                                                     \
        assert_string_equal(text_, want);                                                                              \
        free(text_);                                                                                                   \
    } while (0)

OCI_TEST (out, text_is_harmless) {
    assert_prints("plain \xc3\xa9", cli_out_text(f, "plain \xc3\xa9", 8));
    assert_prints("a\\x0a\\x1b[m\\xff\\x00", cli_out_text(f, "a\n\x1b[m\xff\0", 7));
    assert_prints("\\xe2\\x80\\xae", cli_out_text(f, "\xe2\x80\xae", 3));
    assert_prints("\xc3\xa9\\xff", assert_int_equal(cli_out_text(f, "\xc3\xa9\xff", 3), 5));
}

OCI_TEST (out, json_strings) {
    assert_prints("\"\"", cli_out_json_string(f, "", 0));
    assert_prints("\"a\\\"\\\\/\"", cli_out_json_string(f, "a\"\\/", 4));
    assert_prints("\"\\u0000\\u0009\\u001b\\u007f\\u009b\\u202e\"",
                  cli_out_json_string(f, "\0\t\x1b\x7f\xc2\x9b\xe2\x80\xae", 9));
    assert_prints("\"\\ufffdx\\ufffd\"", cli_out_json_string(f, "\xffx\xc3", 3));
    assert_prints("\"\xf0\x9f\x98\x80\"", cli_out_json_string(f, "\xf0\x9f\x98\x80", 4));
}

OCI_TEST (out, xml) {
    assert_prints("a&#60;&#38;&#34;']]&#62;", cli_out_xml(f, "a<&\"']]>", 8));
    assert_prints("\\x0a\\x1b\\x00\\xff\xc3\xa9", cli_out_xml(f, "\n\x1b\0\xff\xc3\xa9", 6));
    assert_prints("&#xfffd;&#xfffd;", cli_out_xml(f, "\xef\xbf\xbe\xef\xbf\xbf", 6));
}

OCI_TEST (out, json_documents) {
    struct cli_json j = { 0 };

    assert_prints("{\n"
                  "  \"a\": \"x\",\n"
                  "  \"list\": [\n"
                  "    1,\n"
                  "    {},\n"
                  "    [],\n"
                  "    true\n"
                  "  ],\n"
                  "  \"none\": null,\n"
                  "  \"cut\": \"\\u0000\"\n"
                  "}\n",
                  {
                      j.file = f;
                      cli_json_object(&j, NULL);
                      cli_json_string(&j, "a", "x");
                      cli_json_array(&j, "list");
                      cli_json_number(&j, NULL, 1);
                      cli_json_object(&j, NULL);
                      cli_json_end(&j);
                      cli_json_array(&j, NULL);
                      cli_json_end(&j);
                      cli_json_bool(&j, NULL, true);
                      cli_json_end(&j);
                      cli_json_string(&j, "none", NULL);
                      cli_json_string_n(&j, "cut", "\0", 1);
                      cli_json_end(&j);
                  });
    assert_prints("7\n", {
        j = (struct cli_json) { .file = f };
        cli_json_number(&j, NULL, 7);
    });
}

OCI_TEST (out, sizes) {
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" },
        { 1023, "1023 B" },
        { 1024, "1.0 KiB" },
        { 1536, "1.5 KiB" },
        { 1048575, "1.0 MiB" },
        { 1048576, "1.0 MiB" },
        { UINT64_C(5) << 30, "5.0 GiB" },
        { UINT64_MAX, "16.0 EiB" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[CLI_SIZE_TEXT];

        cli_format_size(cases[i].bytes, out);
        assert_string_equal(out, cases[i].text);
    }
}

OCI_TEST (out, tables) {
    static const char *const cells[] = { "NAME", "SIZE", "NOTE", "a\xc3\xa9", "5", "x", "longer\n", "12345", "" };
    struct cli cli = { 0 };
    struct cli_table t = { .columns = 3, .right = 1 << 1 };

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        cli_table_cell(&t, "%s", cells[i]);
    assert_prints("NAME         SIZE  NOTE\n"
                  "a\xc3\xa9              5  x\n"
                  "longer\\x0a  12345  \n",
                  assert_int_equal(cli_table_print(&cli, &t, f), 0));
    assert_int_equal(t.count, 0);
    assert_prints("", assert_int_equal(cli_table_print(&cli, &t, f), 0));
}
