/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a source before its turn. */
#include "help.h"

static const char text[] = "0123456789";

OCI_TEST (peek, shows_the_beginning_and_gives_everything) {
    for (size_t len = 0; len <= 10; len++) {
        for (size_t n = 1; n <= 12; n++) {
            for (size_t step = 1; step <= 4; step++) {
                OCI_AUTO(oci_reader) r = NULL;
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
                oci_error err = OCI_ERROR_INIT;
                atomic_int freed = 0;
                oci_span head;
                bool whole;

                r = oci_test_reader(
                    &(struct oci_test_source) { .data = text, .len = len, .step = step, .freed = &freed });
                assert_ok(&err, oci_reader_peek(oci_steal(&r), n, &head, &whole, &r, &err));
                assert_int_equal(head.len, n < len ? n : len);
                if (head.len > 0)
                    assert_memory_equal(head.data, text, head.len);
                assert_int_equal(whole, n > len);
                /* What has ended holds nothing open. */
                assert_int_equal(freed, whole);
                assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
                assert_buf_equal(&out, text, len);
                assert_int_equal(oci_reader_count(r), len);
            }
        }
    }
}

OCI_TEST (peek, lets_failures_wait) {
    for (size_t n = 1; n <= 12; n++) {
        OCI_AUTO(oci_reader) r = NULL;
        oci_error err = OCI_ERROR_INIT;
        oci_span head, span;
        bool whole;

        r = oci_test_reader(&(struct oci_test_source) { .data = text, .len = 10, .step = 3, .fail = OCI_E_DIGEST });
        assert_ok(&err, oci_reader_peek(oci_steal(&r), n, &head, &whole, &r, &err));
        assert_int_equal(head.len, n < 10 ? n : 10);
        assert_false(whole);
        for (size_t got = 0; got < 10; got += span.len)
            assert_ok(&err, oci_reader_next(r, &span, &err));
        assert_fails(OCI_E_DIGEST, &err, oci_reader_next(r, &span, &err));
        assert_fails(OCI_E_DIGEST, &err, oci_reader_next(r, &span, &err));
    }
}

OCI_TEST (peek, frees_its_source_whatever_happens) {
    int result = -1;

    for (unsigned long n = 1; result < 0; n++) {
        OCI_AUTO(oci_reader) r = NULL;
        oci_error err = OCI_ERROR_INIT;
        atomic_int freed = 0;
        oci_span head;
        bool whole;

        r = oci_test_reader(&(struct oci_test_source) { .data = text, .len = 10, .step = 3, .freed = &freed });
        oci_alloc_fail_at(n);
        result = oci_reader_peek(oci_steal(&r), 5, &head, &whole, &r, &err);
        /* Memory that cannot be given back is kept. */
        if (result < 0)
            assert_true(oci_alloc_failed());
        oci_alloc_fail_at(0);
        oci_reader_free(oci_steal(&r));
        assert_int_equal(freed, 1);
    }
}
