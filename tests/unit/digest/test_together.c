/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/together.h"

#include <string.h>

#include "digest/digest_auto.h"
#include "test.h"

enum { SIZE = 2000, ROUNDS = 2000 };

static void assert_digest_of(const oci_digest *got, oci_digest_alg alg, const void *p, size_t n)
{
    oci_error err = OCI_ERROR_INIT;
    oci_digest want;

    assert_ok(&err, oci_digest_of(alg, p, n, &want, &err));
    assert_true(oci_digest_equal(got, &want));
}

/* One hash has seen before bytes when the other begins; from there on pieces go to both. */
static void share(const unsigned char *bytes, size_t n, size_t before, oci_digest_alg second)
{
    OCI_AUTO(oci_digester) whole = NULL;
    OCI_AUTO(oci_digester) part = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_digest got;

    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &whole, &err));
    assert_ok(&err, oci_digester_new(second, &part, &err));
    /* A digester that has been used before is as good as a new one. */
    if (pick(2) == 0)
        assert_ok(&err, oci_digester_final(part, &got, &err));
    oci_digester_update(whole, bytes, before);
    for (size_t at = before; at < n;) {
        size_t take = pick(300);

        take = take < n - at ? take : n - at;
        oci_digester_update_two(whole, (oci_span) { bytes + at, take }, part, (oci_span) { bytes + at, take });
        at += take;
    }
    assert_ok(&err, oci_digester_final(whole, &got, &err));
    assert_digest_of(&got, OCI_DIGEST_SHA256, bytes, n);
    assert_ok(&err, oci_digester_final(part, &got, &err));
    assert_digest_of(&got, second, bytes + before, n - before);
}

// proves: digest.sha256.implement digest.calculation
OCI_TEST (together, is_as_one_after_the_other) {
    unsigned char bytes[SIZE];

    random_seed(1);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)pick(256);
    for (unsigned i = 0; i < ROUNDS; i++) {
        const unsigned n = pick(SIZE + 1), before = n > 0 ? pick(n) : 0;

        /* As in an archive, where both are at the beginning of a block; and anywhere. */
        share(bytes, n, i % 2 == 0 ? before / 64 * 64 : before, OCI_DIGEST_SHA256);
        share(bytes, n, before, OCI_DIGEST_SHA512);
    }
}

/* Two hashes of different bytes, in pieces that need not be of one length. */
static void share_nothing(const unsigned char *a, size_t a_len, const unsigned char *b, size_t b_len)
{
    OCI_AUTO(oci_digester) of_a = NULL;
    OCI_AUTO(oci_digester) of_b = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_span ends[] = { { a + a_len, 0 }, { b + b_len, 0 } };
    oci_span p = { a, 0 }, q = { b, 0 };
    oci_digest got;

    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &of_a, &err));
    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &of_b, &err));
    while (p.data != ends[0].data || q.data != ends[1].data) {
        const size_t a_left = (size_t)((const char *)ends[0].data - (const char *)p.data);
        const size_t b_left = (size_t)((const char *)ends[1].data - (const char *)q.data);

        p.len = pick(a_left < 500 ? (unsigned)a_left + 1 : 500);
        q.len = pick(3) == 0 ? pick(500) : p.len;
        q.len = q.len < b_left ? q.len : b_left;
        oci_digester_update_two(of_a, p, of_b, q);
        p.data = (const char *)p.data + p.len;
        q.data = (const char *)q.data + q.len;
    }
    assert_ok(&err, oci_digester_final(of_a, &got, &err));
    assert_digest_of(&got, OCI_DIGEST_SHA256, a, a_len);
    assert_ok(&err, oci_digester_final(of_b, &got, &err));
    assert_digest_of(&got, OCI_DIGEST_SHA256, b, b_len);
}

// proves: digest.sha256.implement digest.calculation
OCI_TEST (together, hashes_different_bytes) {
    unsigned char bytes[2][SIZE];

    random_seed(2);
    for (size_t i = 0; i < SIZE; i++) {
        bytes[0][i] = (unsigned char)pick(256);
        bytes[1][i] = (unsigned char)pick(256);
    }
    for (unsigned i = 0; i < ROUNDS; i++)
        share_nothing(bytes[0], pick(SIZE + 1), bytes[1], pick(SIZE + 1));
}

OCI_TEST (together, verifies_what_was_admitted) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;
    OCI_AUTO(oci_digester) also = NULL;
    const oci_span none = { NULL, 0 };
    oci_digest want, got;

    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, "abcdef", 6, &want, &err));
    assert_ok(&err, oci_verifier_new(&want, 6, &v, &err));
    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &also, &err));
    assert_ok(&err, oci_verifier_admit(v, 6, &err));
    oci_verifier_hash(v, (oci_span) { "ab", 2 }, NULL, none);
    oci_verifier_hash(v, (oci_span) { "cd", 2 }, also, (oci_span) { "gh", 2 });
    oci_verifier_hash(v, (oci_span) { "ef", 2 }, NULL, none);
    assert_ok(&err, oci_verifier_finish(v, &err));
    assert_ok(&err, oci_digester_final(also, &got, &err));
    assert_digest_of(&got, OCI_DIGEST_SHA256, "gh", 2);
}
