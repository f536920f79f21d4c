/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/together.h"

#include <string.h>

#include "digest/digest_auto.h"
#include "test.h"

enum { SIZE = 2000, ROUNDS = 2000 };

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245 + 12345;
    return *state >> 16;
}

static void assert_digest_of(const oci_digest *got, oci_digest_alg alg, const void *p, size_t n)
{
    oci_error err = OCI_ERROR_INIT;
    oci_digest want;

    assert_ok(&err, oci_digest_of(alg, p, n, &want, &err));
    assert_true(oci_digest_equal(got, &want));
}

/* One hash has seen before bytes when the other begins; from there on pieces go to both. */
static void share(const unsigned char *bytes, size_t n, size_t before, oci_digest_alg second, unsigned *random)
{
    OCI_AUTO(oci_digester) whole = NULL;
    OCI_AUTO(oci_digester) part = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_digest got;

    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &whole, &err));
    assert_ok(&err, oci_digester_new(second, &part, &err));
    /* A digester that has been used before is as good as a new one. */
    if (next_random(random) % 2 == 0)
        assert_ok(&err, oci_digester_final(part, &got, &err));
    oci_digester_update(whole, bytes, before);
    for (size_t at = before; at < n;) {
        size_t take = next_random(random) % 300;

        take = take < n - at ? take : n - at;
        oci_digester_update_both(whole, part, bytes + at, take);
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
    unsigned random = 1;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)next_random(&random);
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t n = next_random(&random) % (SIZE + 1), before = n > 0 ? next_random(&random) % n : 0;

        /* As in an archive, where both are at the beginning of a block; and anywhere. */
        share(bytes, n, i % 2 == 0 ? before / 64 * 64 : before, OCI_DIGEST_SHA256, &random);
        share(bytes, n, before, OCI_DIGEST_SHA512, &random);
    }
}

OCI_TEST (together, verifies_what_was_admitted) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;
    OCI_AUTO(oci_digester) also = NULL;
    oci_digest want, got;

    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, "abcdef", 6, &want, &err));
    assert_ok(&err, oci_verifier_new(&want, 6, &v, &err));
    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &also, &err));
    assert_ok(&err, oci_verifier_admit(v, 6, &err));
    oci_verifier_hash(v, "ab", 2, NULL);
    oci_verifier_hash(v, "cd", 2, also);
    oci_verifier_hash(v, "ef", 2, NULL);
    assert_ok(&err, oci_verifier_finish(v, &err));
    assert_ok(&err, oci_digester_final(also, &got, &err));
    assert_digest_of(&got, OCI_DIGEST_SHA256, "cd", 2);
}
