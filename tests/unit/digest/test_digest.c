/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/digest.h>

#include <string.h>

#include "test.h"

#define SHA256_HEX "e58fcf7418d4390dec8e8fb69d88c06ec07039d651fedd3aa72af9972e7d046b"
#define SHA384_HEX "d3fc7881460b7e22e3d172954463dddd7866d17597e7248453c48b3e9d26d9596bf9c4a9cf8072c9d5bad76e19af801d"
#define SHA512_HEX SHA256_HEX "401b09eab3c013d4ca54922bb802bec8fd5318192b0a75f201d8b372742900ff"
#define BLANKS64   "                                                                "

struct verdict {
    const char *text;
    int result;
};

/* The cases of go-digest's parser and those of descriptor.md. */
static const struct verdict verdicts[] = {
    { "sha256:" SHA256_HEX, 0 },
    { "sha384:" SHA384_HEX, 0 },
    { "sha512:" SHA512_HEX, 0 },
    { "", OCI_E_INVALID },
    { "     ", OCI_E_INVALID },
    { "sha256", OCI_E_INVALID },
    { "sha256:", OCI_E_INVALID },
    { ":", OCI_E_INVALID },
    { ":" SHA256_HEX, OCI_E_INVALID },
    { "sha256:" BLANKS64, OCI_E_INVALID },
    { "d41d8cd98f00b204e9800998ecf8427e", OCI_E_INVALID },
    { "sha256:d41d8cd98f00b204e9800m98ecf8427e", OCI_E_SIZE },
    { "sha256:abcdef0123456789", OCI_E_SIZE },
    { "sha512:abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789", OCI_E_SIZE },
    { "sha256:" SHA256_HEX "0", OCI_E_SIZE },
    { "sha256:" SHA256_HEX "\n", OCI_E_SIZE },
    { "sha256:ab:cd", OCI_E_SIZE },
    { "foo:d41d8cd98f00b204e9800998ecf8427e", OCI_E_UNSUPPORTED },
    { "sha384__foo+bar:" SHA384_HEX, OCI_E_INVALID },
    { "sha384.foo+bar:" SHA384_HEX, OCI_E_UNSUPPORTED },
    { "sha384_foo+bar:" SHA384_HEX, OCI_E_UNSUPPORTED },
    { "sha256+b64:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", OCI_E_UNSUPPORTED },
    { "sha256+b64u.unknownlength:LCa0-_5m=", OCI_E_UNSUPPORTED },
    { "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", OCI_E_UNSUPPORTED },
    { "sha256:E58FCF7418D4390DEC8E8FB69D88C06EC07039D651FEDD3AA72AF9972E7D046B", OCI_E_INVALID },
    { "sha256:g58fcf7418d4390dec8e8fb69d88c06ec07039d651fedd3aa72af9972e7d046b", OCI_E_INVALID },
    { "SHA256:" SHA256_HEX, OCI_E_INVALID },
    { "sha256+:x", OCI_E_INVALID },
    { "+sha256:x", OCI_E_INVALID },
    { "sha256+foo+-b:c86f", OCI_E_INVALID },
    { "sha256.foo-bar:c86f", OCI_E_UNSUPPORTED },
    { "x:ab/cd", OCI_E_INVALID },
    { "x:ab+c", OCI_E_INVALID },
    { "x:a:b", OCI_E_INVALID },
    { "x:ab\n", OCI_E_INVALID },
    { " sha256:" SHA256_HEX, OCI_E_INVALID },
};

// proves: digest.grammar digest.algorithm.chars digest.algorithm.separator digest.encoded.chars digest.sha256.encoded
// proves: digest.sha256.no-uppercase digest.sha512.encoded
OCI_TEST (digest, gives_the_verdicts_in_order) {
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        const struct verdict *v = &verdicts[i];
        size_t n = strlen(v->text);
        oci_error err = OCI_ERROR_INIT;
        oci_digest d = { 0 };
        int r = oci_digest_parse(v->text, n, &d, &err);

        if (r != v->result)
            print_error("'%s': %s\n", v->text, err.msg);
        assert_int_equal(r, v->result);
        assert_int_equal(oci_digest_validate(v->text, n, &err), v->result);
        if (r == 0) {
            char text[OCI_DIGEST_MAX_TEXT];

            assert_int_equal(oci_digest_format(&d, text, sizeof text), n);
            assert_string_equal(text, v->text);
        } else {
            assert_int_equal(err.code, r);
            assert_true(strlen(err.msg) > 0);
            assert_int_equal(d.alg, OCI_DIGEST_NONE);
        }
    }
}

// proves: digest.grammar digest.unrecognized.accept
OCI_TEST (digest, grammar_knows_no_algorithms) {
    static const struct {
        const char *text;
        bool fits;
    } cases[] = {
        { "sha256:" SHA256_HEX, true },
        { "sha256:abc", true },
        { "a:b", true },
        { "multihash+base58:QmRZxt2b", true },
        { "a.b_c-d+e:A=_-9", true },
        { "a..b:c", false },
        { "a.:c", false },
        { ".a:c", false },
        { "a:", false },
        { ":a", false },
        { "a", false },
        { "", false },
        { "A:b", false },
        { "a:b:c", false },
        { "a:b c", false },
        { "a:\xc3\xa9", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(oci_digest_is_wellformed(cases[i].text, strlen(cases[i].text)), cases[i].fits);
    assert_false(oci_digest_is_wellformed(NULL, 0));
    assert_false(oci_digest_is_wellformed("a:b\0c", 5));
}

// proves: digest.sha512.no-uppercase
OCI_TEST (digest, sha512_has_no_upper_case) {
    char text[] = "sha512:" SHA512_HEX;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_digest_validate(text, strlen(text), &err));
    text[7] = 'E';
    assert_fails(OCI_E_INVALID, &err, oci_digest_validate(text, strlen(text), &err));
}

// proves: safety.12
OCI_TEST (digest, a_nul_byte_ends_nothing) {
    static const char text[] = "sha256:" SHA256_HEX "\0x";
    oci_error err = OCI_ERROR_INIT;
    oci_digest d;

    assert_fails(OCI_E_SIZE, &err, oci_digest_parse(text, sizeof text - 1, &d, &err));
    assert_fails(OCI_E_INVALID, &err, oci_digest_parse("sha256\0:ab", 10, &d, &err));
    assert_fails(OCI_E_INVALID, &err, oci_digest_parse(NULL, 0, &d, &err));
}

OCI_TEST (digest, errors_show_foreign_bytes_escaped_and_cut) {
    char text[4096];
    oci_error err = OCI_ERROR_INIT;

    memset(text, 'a', sizeof text);
    memcpy(text, "x\x1b[31m", 6);
    assert_fails(OCI_E_INVALID, &err, oci_digest_validate(text, sizeof text, &err));
    assert_non_null(strstr(err.msg, "x\\x1b[31m"));
    assert_true(strlen(err.msg) < 400);
}

OCI_TEST (digest, raw_bytes_and_back) {
    oci_error err = OCI_ERROR_INIT;
    unsigned char raw[64];
    oci_digest d, parsed;
    char text[OCI_DIGEST_MAX_TEXT];

    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (unsigned char)(i * 7);
    for (oci_digest_alg alg = OCI_DIGEST_SHA256; alg <= OCI_DIGEST_SHA512; alg++) {
        size_t len = oci_digest_alg_len(alg), n;

        assert_ok(&err, oci_digest_from_raw(alg, raw, len, &d, &err));
        n = oci_digest_format(&d, text, sizeof text);
        assert_true(n > 0);
        assert_ok(&err, oci_digest_parse(text, n, &parsed, &err));
        assert_true(oci_digest_equal(&d, &parsed));
        assert_fails(OCI_E_SIZE, &err, oci_digest_from_raw(alg, raw, len - 1, &d, &err));
    }
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_digest_from_raw(OCI_DIGEST_NONE, raw, 32, &d, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_digest_from_raw(200, raw, 32, &d, &err));
}

OCI_TEST (digest, text_needs_room_and_a_digest) {
    static const char want[] = "sha256:" SHA256_HEX;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_digest d = { 0 }, damaged;

    assert_int_equal(oci_digest_format(&d, text, sizeof text), 0);
    assert_int_equal(oci_digest_encoded(&d, text, sizeof text), 0);
    assert_int_equal(oci_digest_parse(want, strlen(want), &d, NULL), 0);
    assert_int_equal(oci_digest_format(&d, text, sizeof want - 1), 0);
    assert_int_equal(oci_digest_format(&d, text, 3), 0);
    assert_int_equal(oci_digest_format(&d, text, sizeof want), strlen(want));
    assert_string_equal(text, want);
    assert_int_equal(oci_digest_encoded(&d, text, 64), 0);
    assert_int_equal(oci_digest_encoded(&d, text, 65), 64);
    assert_string_equal(text, SHA256_HEX);
    damaged = d;
    damaged.len = 31;
    assert_int_equal(oci_digest_format(&damaged, text, sizeof text), 0);
    damaged.alg = 255;
    assert_int_equal(oci_digest_format(&damaged, text, sizeof text), 0);
}

OCI_TEST (digest, order_and_hash_agree_with_equality) {
    unsigned char raw[64] = { 0 };
    oci_digest a, b, c;

    oci_digest_from_raw(OCI_DIGEST_SHA256, raw, 32, &a, NULL);
    oci_digest_from_raw(OCI_DIGEST_SHA512, raw, 64, &c, NULL);
    raw[31] = 1;
    oci_digest_from_raw(OCI_DIGEST_SHA256, raw, 32, &b, NULL);
    assert_true(oci_digest_compare(&a, &a) == 0);
    assert_true(oci_digest_compare(&a, &b) < 0);
    assert_true(oci_digest_compare(&b, &a) > 0);
    assert_true(oci_digest_compare(&b, &c) < 0);
    assert_true(oci_digest_compare(&c, &b) > 0);
    assert_true(oci_digest_equal(&a, &a));
    assert_false(oci_digest_equal(&a, &b));
    assert_false(oci_digest_equal(&a, &c));
    assert_true(oci_digest_hash(&a, 1) == oci_digest_hash(&a, 1));
    assert_true(oci_digest_hash(&a, 1) != oci_digest_hash(&a, 2));
    assert_true(oci_digest_hash(&a, 1) != oci_digest_hash(&b, 1));
    assert_true(oci_digest_hash(&a, 1) != oci_digest_hash(&c, 1));
}
