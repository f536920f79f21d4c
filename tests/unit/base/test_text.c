/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/utf8.h"
#include "test.h"

OCI_TEST (utf8, knows_well_formed_sequences) {
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t code;
    } cases[] = {
        { "\x7f", 1, 0x7f },
        { "\xc2\x80", 2, 0x80 },
        { "\xdf\xbf", 2, 0x7ff },
        { "\xe0\xa0\x80", 3, 0x800 },
        { "\xed\x9f\xbf", 3, 0xd7ff },
        { "\xee\x80\x80", 3, 0xe000 },
        { "\xef\xbf\xbf", 3, 0xffff },
        { "\xf0\x90\x80\x80", 4, 0x10000 },
        { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code = 0;
        char out[4];

        assert_int_equal(oci_utf8_decode(cases[i].bytes, strlen(cases[i].bytes), &code), cases[i].len);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(oci_utf8_encode(code, out), cases[i].len);
        assert_memory_equal(out, cases[i].bytes, cases[i].len);
        for (size_t cut = 0; cut < cases[i].len; cut++)
            assert_int_equal(oci_utf8_decode(cases[i].bytes, cut, &code), 0);
    }
    assert_int_equal(oci_utf8_decode("\0", 1, NULL), 1);
}

// proves: considerations.json.utf8
OCI_TEST (utf8, refuses_everything_else) {
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80",
        "\xfe",
        "\xff",
        "\xc3(",
        "\xe2\x82(",
        "\xe2(\xa1",
        "\xf0\x90\x80(",
        "\xf0(\x80\x80",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(oci_utf8_decode(bad[i], strlen(bad[i]), NULL), 0);
        assert_false(oci_utf8_is_valid(bad[i], strlen(bad[i])));
    }
    assert_true(oci_utf8_is_valid("", 0));
    assert_true(oci_utf8_is_valid("a\xc3\xa9\xf0\x9f\x98\x80", 7));
    assert_false(oci_utf8_is_valid("a\xc3\xa9\xf0\x9f\x98\x80", 6));
}

/* Every code there is comes back, and nothing between. */
OCI_TEST (utf8, all_codes_come_back) {
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint32_t back = 0;
        char out[4];
        size_t len = oci_utf8_encode(code, out);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;

        if (oci_utf8_decode(out, len, &back) != (surrogate ? 0 : len) || (!surrogate && back != code))
            fail_msg("U+%04X", code);
    }
}

// proves: safety.17
OCI_TEST (utf8, escapes_what_a_terminal_acts_on) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "plain text", "plain text" },        { "", "" },
        { "back\\slash", "back\\slash" },      { "a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd" },
        { "\x1b[31m", "\\x1b[31m" },           { "\x7f", "\\x7f" },
        { "\xc2\x9b", "\\xc2\\x9b" },          /* CSI in C1 */
        { "\xe2\x80\xae", "\\xe2\\x80\\xae" }, /* right-to-left override */
        { "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* isolate */
        { "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* line separator */
        { "\xff\xc3", "\\xff\\xc3" },          { "\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[80];

        assert_int_equal(oci_utf8_escape(cases[i].in, strlen(cases[i].in), out, sizeof out), strlen(cases[i].out));
        assert_string_equal(out, cases[i].out);
    }
}

OCI_TEST (utf8, cuts_between_characters_and_says_so) {
    static const struct {
        const char *in;
        size_t cap;
        const char *out;
    } cases[] = {
        { "abcdef", 7, "abcdef" },
        { "abcdef", 6, "ab..." },
        { "abcdef", 5, "a..." },
        { "abcdef", 4, "..." },
        { "abcdef", 3, "" },
        { "abcdef", 1, "" },
        { "abc", 4, "abc" },
        { "", 1, "" },
        { "ab\xc3\xa9"
          "cd",
          7,
          "ab\xc3\xa9"
          "cd" },
        { "ab\xc3\xa9"
          "cde",
          7, "ab..." },
        { "ab\xc3\xa9"
          "cdef",
          8, "ab\xc3\xa9..." },
        { "a\x01\x02", 9, "a\\x01..." },
        { "a\x01\x02", 8, "a..." },
        { "a\x01\x02", 10, "a\\x01\\x02" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[16];

        memset(out, '#', sizeof out);
        assert_int_equal(oci_utf8_escape(cases[i].in, strlen(cases[i].in), out, cases[i].cap), strlen(cases[i].out));
        assert_string_equal(out, cases[i].out);
        assert_int_equal(out[cases[i].cap], '#');
    }
}

OCI_TEST (num, reads_whole_decimal_numbers_only) {
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "12abc", "18446744073709551616", "99999999999999999999999"
    };
    uint64_t u = 7;
    int64_t i = 7;

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_false(oci_parse_u64(bad[k], strlen(bad[k]), UINT64_MAX, &u));
        assert_false(oci_parse_i64(bad[k], strlen(bad[k]), &i));
    }
    assert_false(oci_parse_u64("-1", 2, UINT64_MAX, &u));
    assert_false(oci_parse_i64("--1", 3, &i));
    assert_false(oci_parse_i64("9223372036854775808", 19, &i));
    assert_false(oci_parse_i64("-9223372036854775809", 20, &i));
    assert_false(oci_parse_u64("1\0", 2, UINT64_MAX, &u));
    assert_int_equal(u, 7);
    assert_int_equal(i, 7);
}

OCI_TEST (num, reads_the_ends_of_the_ranges) {
    uint64_t u;
    int64_t i;

    assert_true(oci_parse_u64("18446744073709551615", 20, UINT64_MAX, &u));
    assert_true(u == UINT64_MAX);
    assert_true(oci_parse_u64("007", 3, 7, &u));
    assert_int_equal(u, 7);
    assert_false(oci_parse_u64("8", 1, 7, &u));
    assert_true(oci_parse_u64("123", 2, 100, &u));
    assert_int_equal(u, 12);
    assert_true(oci_parse_i64("9223372036854775807", 19, &i));
    assert_true(i == INT64_MAX);
    assert_true(oci_parse_i64("-9223372036854775808", 20, &i));
    assert_true(i == INT64_MIN);
    assert_true(oci_parse_i64("-0", 2, &i));
    assert_int_equal(i, 0);
}

OCI_TEST (num, sums_and_products_do_not_wrap) {
    size_t s = 7;
    uint64_t u = 7;

    assert_false(oci_add_size(SIZE_MAX, 1, &s));
    assert_false(oci_mul_size(SIZE_MAX / 2 + 1, 2, &s));
    assert_false(oci_add_u64(UINT64_MAX, 1, &u));
    assert_int_equal(s, 7);
    assert_int_equal(u, 7);
    assert_true(oci_add_size(SIZE_MAX - 1, 1, &s));
    assert_true(s == SIZE_MAX);
    assert_true(oci_mul_size(SIZE_MAX, 1, &s));
    assert_true(oci_mul_size(SIZE_MAX, 0, &s));
    assert_int_equal(s, 0);
    assert_true(oci_add_u64(1, 2, &u));
    assert_int_equal(u, 3);
}

OCI_TEST (text, prefixes_suffixes_and_case) {
    assert_true(oci_starts_with("abc", "ab"));
    assert_true(oci_starts_with("abc", ""));
    assert_false(oci_starts_with("ab", "abc"));
    assert_true(oci_ends_with("abc", "bc"));
    assert_true(oci_ends_with("abc", ""));
    assert_false(oci_ends_with("bc", "abc"));
    assert_true(oci_equal_nocase("AbC-1", "aBc-1"));
    assert_true(oci_equal_nocase("", ""));
    assert_false(oci_equal_nocase("abc", "ab"));
    assert_false(oci_equal_nocase("ab", "abc"));
    assert_false(oci_equal_nocase("[", "{"));
    assert_false(oci_equal_nocase("@", "`"));
}

OCI_TEST (text, hex_both_ways) {
    unsigned char bytes[256], back[256];
    char text[513];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    oci_hex_encode(bytes, sizeof bytes, text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_string_equal(text + 508, "feff");
    assert_true(oci_hex_decode(text, 512, back, 256));
    assert_memory_equal(back, bytes, 256);
    oci_hex_encode(NULL, 0, text);
    assert_string_equal(text, "");
    assert_true(oci_hex_decode("", 0, back, 0));
    assert_false(oci_hex_decode("abc", 3, back, 1));
    assert_false(oci_hex_decode("ab", 2, back, 2));
    assert_false(oci_hex_decode("AB", 2, back, 1));
    assert_false(oci_hex_decode("0g", 2, back, 1));
    assert_false(oci_hex_decode("/0", 2, back, 1));
    assert_false(oci_hex_decode("0:", 2, back, 1));
}

OCI_TEST (text, base64_is_strict) {
    static const char *const bad[] = { "Z",    "Zg",       "Zg=",   "Zh==",   "Zm9=",     "====", "=AAA", "A===",
                                       "AA=A", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm9v====", "-_-_", "Zm9*", "Zg=a" };
    unsigned char out[16];
    size_t len = 99;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(oci_base64_decode(bad[i], strlen(bad[i]), out, &len));
    assert_int_equal(len, 99);
    assert_true(oci_base64_decode("e30=", 4, out, &len));
    assert_int_equal(len, 2);
    assert_memory_equal(out, "{}", 2);
    assert_true(oci_base64_decode("", 0, out, &len));
    assert_int_equal(len, 0);
    assert_int_equal(oci_base64_max(4), 3);
}

OCI_TEST (text, knows_hexadecimal_digits) {
    static const char digits[] = "0123456789abcdef", upper[] = "ABCDEF";

    for (int i = 0; i < 16; i++)
        assert_int_equal(oci_hex_digit(digits[i]), i);
    for (int i = 0; i < 6; i++)
        assert_int_equal(oci_hex_digit(upper[i]), 10 + i);
    for (const char *c = "/:@G`g \x7f\xff"; *c != '\0'; c++)
        assert_int_equal(oci_hex_digit(*c), -1);
    assert_int_equal(oci_hex_digit('\0'), -1);
}
