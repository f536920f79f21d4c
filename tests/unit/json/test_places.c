/* SPDX-License-Identifier: Apache-2.0 */
/* From JSON pointers to offsets. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "json/json.h"

#include "test.h"

static size_t locate(const char *s, const char *pointer)
{
    oci_error err = OCI_ERROR_INIT;
    size_t offset = SIZE_MAX;

    assert_ok(&err, oci_json_locate(s, strlen(s), &pointer, 1, &offset, &err));
    return offset;
}

OCI_TEST (places, finds_values) {
    static const char s[] = " {\"a\": [10, {\"b\": \"x\"}], \"c/d\": 1, \"~\": 2, \"\\u0065\": 3, \"\": {\"\": 4}}";
    static const struct {
        const char *pointer, *at;
    } cases[] = {
        { "", "{\"a\"" },  { "/a", "[10" }, { "/a/0", "10," }, { "/a/1", "{\"b\"" }, { "/a/1/b", "\"x\"" },
        { "/c~1d", "1," }, { "/~0", "2," }, { "/e", "3," },    { "/", "{\"\"" },     { "//", "4}" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(strstr(s, cases[i].at), s + locate(s, cases[i].pointer));
}

OCI_TEST (places, stands_above_what_is_not_there) {
    static const char s[] = "{\"a\": [10, {\"b\": 1}]}";

    assert_int_equal(locate(s, "/x"), 0);
    assert_int_equal(locate(s, "/a/7"), 6);
    assert_int_equal(locate(s, "/a/1/size/x"), 11);
    assert_int_equal(locate(s, "/a/0/x"), 7);
    assert_int_equal(locate(s, "no pointer"), 0);
}

/* Each of many pointers into one text, in any order, equal ones too. */
OCI_TEST (places, finds_many_at_once) {
    enum { COUNT = 5000 };
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT, names = OCI_BUF_INIT;
    OCI_AUTO_MEM const char **pointers = oci_realloc_array(NULL, COUNT + 1, sizeof *pointers);
    OCI_AUTO_MEM size_t *offsets = oci_realloc_array(NULL, COUNT + 1, sizeof *offsets);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_buf_puts(&text, "[", &err));
    assert_ok(&err, oci_buf_reserve(&names, COUNT * 32, &err));
    for (size_t i = 0; i < COUNT; i++) {
        assert_ok(&err, oci_buf_printf(&text, &err, "%s{\"size\":%zu}", i > 0 ? "," : "", 10000 + i));
        pointers[COUNT - 1 - i] = names.data + names.len;
        assert_ok(&err, oci_buf_printf(&names, &err, "/%zu/size", i));
        names.len++;
    }
    assert_ok(&err, oci_buf_puts(&text, "]", &err));
    pointers[COUNT] = pointers[0];
    assert_ok(&err, oci_json_locate(text.data, text.len, pointers, COUNT + 1, offsets, &err));
    for (size_t i = 0; i < COUNT; i++) {
        char want[16];

        snprintf(want, sizeof want, "%zu}", 10000 + i);
        assert_memory_equal(text.data + offsets[COUNT - 1 - i], want, strlen(want));
    }
    assert_int_equal(offsets[COUNT], offsets[0]);
}
