/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/digest_auto.h"

#include <string.h>

#include "base/alloc.h"
#include "test.h"

static oci_digest digest_of(const char *text)
{
    oci_digest d = { 0 };

    assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, text, strlen(text), &d, NULL), 0);
    return d;
}

OCI_TEST (verifier, accepts_what_was_demanded) {
    static const uint64_t sizes[] = { 3, OCI_SIZE_UNKNOWN };
    oci_digest want = digest_of("abc");
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < 2; i++) {
        OCI_AUTO(oci_verifier) v = NULL;

        assert_ok(&err, oci_verifier_new(&want, sizes[i], &v, &err));
        assert_ok(&err, oci_verifier_update(v, "a", 1, &err));
        assert_ok(&err, oci_verifier_update(v, NULL, 0, &err));
        assert_ok(&err, oci_verifier_update(v, "bc", 2, &err));
        assert_ok(&err, oci_verifier_finish(v, &err));
        assert_ok(&err, oci_verifier_finish(v, &err));
        assert_fails(OCI_E_USAGE, &err, oci_verifier_update(v, "d", 1, &err));
    }
}

// proves: descriptor.size.zero-allowed
OCI_TEST (verifier, nothing_is_content_too) {
    oci_digest want = digest_of("");
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;

    assert_ok(&err, oci_verifier_new(&want, 0, &v, &err));
    assert_ok(&err, oci_verifier_finish(v, &err));
}

// proves: digest.verify.size-first
OCI_TEST (verifier, refuses_the_first_byte_too_many) {
    oci_digest want = digest_of("abc");
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;

    assert_ok(&err, oci_verifier_new(&want, 3, &v, &err));
    assert_ok(&err, oci_verifier_update(v, "abc", 3, &err));
    assert_fails(OCI_E_SIZE, &err, oci_verifier_update(v, "d", 1, &err));
    assert_fails(OCI_E_SIZE, &err, oci_verifier_update(v, "", 0, &err));
    assert_fails(OCI_E_SIZE, &err, oci_verifier_finish(v, &err));
    assert_non_null(strstr(err.msg, "more than 3 bytes"));
}

OCI_TEST (verifier, refuses_a_span_that_crosses_the_end) {
    oci_digest want = digest_of("abc");
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;

    assert_ok(&err, oci_verifier_new(&want, 3, &v, &err));
    assert_fails(OCI_E_SIZE, &err, oci_verifier_update(v, "abcd", 4, &err));
}

OCI_TEST (verifier, misses_bytes_before_it_compares) {
    oci_digest want = digest_of("ab");
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;

    assert_ok(&err, oci_verifier_new(&want, 3, &v, &err));
    assert_ok(&err, oci_verifier_update(v, "ab", 2, &err));
    assert_fails(OCI_E_SIZE, &err, oci_verifier_finish(v, &err));
    assert_non_null(strstr(err.msg, "2 bytes, not 3"));
    assert_fails(OCI_E_SIZE, &err, oci_verifier_update(v, "c", 1, &err));
}

// proves: descriptor.digest.verify
OCI_TEST (verifier, finds_a_flipped_bit) {
    oci_digest want = digest_of("abc");
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_verifier) v = NULL;

    assert_ok(&err, oci_verifier_new(&want, 3, &v, &err));
    assert_ok(&err, oci_verifier_update(v, "abb", 3, &err));
    assert_fails(OCI_E_DIGEST, &err, oci_verifier_finish(v, &err));
    assert_non_null(strstr(err.msg, ", not sha256:ba7816bf"));
    assert_fails(OCI_E_DIGEST, &err, oci_verifier_finish(v, &err));
    assert_fails(OCI_E_DIGEST, &err, oci_verifier_update(v, "x", 1, &err));
}

OCI_TEST (verifier, needs_a_digest_it_can_compute) {
    oci_digest none = { 0 }, damaged = digest_of("abc"), unknown = digest_of("abc");
    oci_error err = OCI_ERROR_INIT;
    oci_verifier *v = NULL;

    damaged.len = 5;
    unknown.alg = 250;
    unknown.len = 0;
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_verifier_new(&none, 3, &v, &err));
    assert_fails(OCI_E_USAGE, &err, oci_verifier_new(&damaged, 3, &v, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_verifier_new(&unknown, 3, &v, &err));
    assert_null(v);
    oci_verifier_free(NULL);
}

OCI_TEST (verifier, every_allocation_may_fail) {
    oci_digest want = digest_of("abc");
    oci_error err = OCI_ERROR_INIT;
    unsigned long n = 0;
    int r;

    do {
        OCI_AUTO(oci_verifier) v = NULL;

        oci_alloc_fail_at(++n);
        r = oci_verifier_new(&want, 3, &v, &err);
        if (oci_alloc_failed())
            assert_int_equal(r, OCI_E_NOMEM);
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 0);
    assert_true(n >= 3);
}
