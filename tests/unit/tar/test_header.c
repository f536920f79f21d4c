/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tar/header.h"

#include "test.h"

#define FIELD(text) (const unsigned char *)(text), sizeof(text) - 1

// proves: safety.8 layer.attr.uid layer.attr.mtime
OCI_TEST (header, reads_numbers) {
    static const struct {
        const unsigned char *field;
        size_t n;
        int64_t value;
    } rows[] = {
        { FIELD("0000644\0"), 0644 },
        { FIELD("0000644 "), 0644 },
        { FIELD("   644 \0"), 0644 },
        { FIELD("644     "), 0644 },
        { FIELD("\0\0\0"
                "644\0\0"),
          0644 },
        { FIELD("77777777"), 077777777 },
        { FIELD("\0\0\0\0\0\0\0\0"), 0 },
        { FIELD("        "), 0 },
        { FIELD("123\0junk"), 0123 },
        { FIELD("123 \0xx"), 0123 },
        { FIELD("777777777777"), INT64_C(0777777777777) },
        { FIELD("\x80\0\0\0\0\0\x01\x02"), 258 },
        { FIELD("\x80\xff\xff\xff\xff\xff\xff\xff"), INT64_C(0xffffffffffffff) },
        { FIELD("\xff\xff\xff\xff\xff\xff\xff\xff"), -1 },
        { FIELD("\xff\0\0\0\0\0\0\0"), -INT64_C(0x100000000000000) },
        { FIELD("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX },
        { FIELD("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"), INT64_MIN },
        { FIELD("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe"), -2 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t value = 12345;

        assert_true(oci_tar_number(rows[i].field, rows[i].n, &value));
        assert_true(value == rows[i].value);
    }
}

// proves: safety.8
OCI_TEST (header, refuses_what_is_no_number) {
    static const struct {
        const unsigned char *field;
        size_t n;
    } rows[] = {
        { FIELD("0000648\0") },
        { FIELD("-000644\0") },
        { FIELD("+000644\0") },
        { FIELD("0x00644\0") },
        { FIELD("12 34  \0") },
        { FIELD("12x\0\0\0\0\0") },
        { FIELD("\t000644\0") },
        { FIELD("abcdefgh") },
        /* Base-256 has two beginnings. */
        { FIELD("\x81\0\0\0\0\0\0\0") },
        { FIELD("\xc0\0\0\0\0\0\0\0") },
        { FIELD("\xfe\xff\xff\xff\xff\xff\xff\xff") },
        { FIELD("\x80\0\0\0\x80\0\0\0\0\0\0\0") },
        { FIELD("\x80\0\0\x01\0\0\0\0\0\0\0\0") },
        { FIELD("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff") },
        { FIELD("\xff\xff\xff\0\xff\xff\xff\xff\xff\xff\xff\xff") },
        { FIELD("7777777777777777777777777") },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t value = 12345;

        assert_false(oci_tar_number(rows[i].field, rows[i].n, &value));
        assert_true(value == 12345);
    }
}

static void set_sum(unsigned char *block, long sum)
{
    char text[9];

    snprintf(text, sizeof text, "%06lo", (unsigned long)sum);
    memcpy(block + OCI_TAR_AT_SUM, text, 7);
    block[OCI_TAR_AT_SUM + 7] = ' ';
}

// proves: layer.tar.format
OCI_TEST (header, checks_the_sum_in_both_ways) {
    unsigned char block[OCI_TAR_BLOCK_SIZE] = "n\xe4me";
    long sum = 8 * ' ' + 'n' + 0xe4 + 'm' + 'e';

    assert_int_equal(oci_tar_sum(block), sum);
    assert_false(oci_tar_sum_is_right(block));
    set_sum(block, sum);
    assert_int_equal(oci_tar_sum(block), sum);
    assert_true(oci_tar_sum_is_right(block));
    set_sum(block, sum - 256);
    assert_true(oci_tar_sum_is_right(block));
    set_sum(block, sum + 1);
    assert_false(oci_tar_sum_is_right(block));
    set_sum(block, sum - 512);
    assert_false(oci_tar_sum_is_right(block));
    block[OCI_TAR_AT_SUM] = 'x';
    assert_false(oci_tar_sum_is_right(block));
    /* A byte of the checksum itself counts as a blank in either way. */
    memset(block, 0, sizeof block);
    memcpy(block + OCI_TAR_AT_SUM, "400\0\xff\xff\xff\xff", 8);
    assert_true(oci_tar_sum_is_right(block));
}

OCI_TEST (header, knows_a_block_of_zeros) {
    unsigned char block[OCI_TAR_BLOCK_SIZE] = { 0 };

    assert_true(oci_tar_block_is_zero(block));
    block[OCI_TAR_BLOCK_SIZE - 1] = 1;
    assert_false(oci_tar_block_is_zero(block));
    block[OCI_TAR_BLOCK_SIZE - 1] = 0;
    block[0] = 1;
    assert_false(oci_tar_block_is_zero(block));
}

static void assert_span(oci_span span, const char *text)
{
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.data, text, span.len);
}

OCI_TEST (header, tells_dialects_apart) {
    static const struct {
        const char *magic;
        size_t n;
        oci_tar_dialect dialect;
        const char *prefix;
    } rows[] = {
        { "\0\0\0\0\0\0\0\0", 8, OCI_TAR_V7, "" },
        { "ustar\0"
          "00",
          8, OCI_TAR_USTAR, "prefix" },
        { "ustar\0\0\0", 8, OCI_TAR_USTAR, "prefix" },
        { "ustar  \0", 8, OCI_TAR_GNU, "" },
        { "posix", 6, OCI_TAR_V7, "" },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char block[OCI_TAR_BLOCK_SIZE] = "name";
        oci_tar_header h;

        memcpy(block + OCI_TAR_AT_MAGIC, rows[i].magic, rows[i].n);
        /* In a header of GNU's it is the time 0 that stands there. */
        strcpy((char *)block + OCI_TAR_AT_PREFIX, rows[i].dialect == OCI_TAR_GNU ? "00000000000" : "prefix");
        assert_ok(&err, oci_tar_header_parse(block, &h, &err));
        assert_int_equal(h.dialect, rows[i].dialect);
        assert_span(h.name, "name");
        assert_span(h.prefix, rows[i].prefix);
    }
}

OCI_TEST (header, names_may_fill_their_fields) {
    unsigned char block[OCI_TAR_BLOCK_SIZE] = { 0 };
    oci_error err = OCI_ERROR_INIT;
    oci_tar_header h;

    memset(block + OCI_TAR_AT_NAME, 'n', OCI_TAR_NAME_FIELD);
    memset(block + OCI_TAR_AT_MODE, '0', 48);
    memset(block + OCI_TAR_AT_LINK, 'l', OCI_TAR_NAME_FIELD);
    memset(block + OCI_TAR_AT_PREFIX, 'p', OCI_TAR_PREFIX_FIELD);
    memcpy(block + OCI_TAR_AT_MAGIC,
           "ustar\0"
           "00",
           8);
    assert_ok(&err, oci_tar_header_parse(block, &h, &err));
    assert_int_equal(h.name.len, OCI_TAR_NAME_FIELD);
    assert_int_equal(h.link.len, OCI_TAR_NAME_FIELD);
    assert_int_equal(h.prefix.len, OCI_TAR_PREFIX_FIELD);
}
