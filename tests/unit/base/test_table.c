/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <oci-image/error.h>

#include "base/alloc.h"
#include "test.h"

static oci_key key_of(const oci_table *t, uint64_t n)
{
    return oci_table_key(t, n % 3, n % 5, &n, sizeof n);
}

OCI_TEST (table, keeps_what_it_is_told) {
    enum { N = 20000 };
    oci_table t;

    oci_table_init(&t);
    assert_int_equal(oci_table_get(&t, key_of(&t, 1)), 0);
    oci_table_remove(&t, key_of(&t, 1));
    for (uint32_t n = 0; n < N; n++)
        assert_int_equal(oci_table_set(&t, key_of(&t, n), n + 1), 0);
    assert_int_equal(t.count, N);
    for (uint32_t n = 0; n < N; n += 2)
        oci_table_remove(&t, key_of(&t, n));
    for (uint64_t n = 1; n < N; n += 4)
        assert_int_equal(oci_table_set(&t, key_of(&t, n), 7), 0);
    assert_int_equal(t.count, N / 2);
    for (uint32_t n = 0; n < N; n++)
        assert_int_equal(oci_table_get(&t, key_of(&t, n)), n % 2 == 0 ? 0 : n % 4 == 1 ? 7 : n + 1);
    oci_table_clear(&t);
    for (uint32_t n = 0; n < N; n++)
        assert_int_equal(oci_table_get(&t, key_of(&t, n)), 0);
    oci_table_free(&t);
}

/* Once many, then few again and again: clearing must not cost what once was. */
OCI_TEST (table, becomes_small_again) {
    oci_table t;

    oci_table_init(&t);
    for (uint64_t n = 0; n < 10000; n++)
        assert_int_equal(oci_table_set(&t, key_of(&t, n), 1), 0);
    oci_table_clear(&t);
    assert_int_equal(oci_table_set(&t, key_of(&t, 1), 1), 0);
    oci_table_clear(&t);
    assert_int_equal(t.cap, 0);
    oci_table_free(&t);
}

OCI_TEST (table, tells_everything_apart) {
    oci_table t, other;
    oci_key k;

    oci_table_init(&t);
    oci_table_init(&other);
    k = oci_table_key(&t, 1, 2, "name", 4);
    assert_int_equal(oci_table_set(&t, k, 9), 0);
    assert_int_equal(oci_table_get(&t, oci_table_key(&t, 1, 2, "name", 4)), 9);
    assert_int_equal(oci_table_get(&t, oci_table_key(&t, 2, 1, "name", 4)), 0);
    assert_int_equal(oci_table_get(&t, oci_table_key(&t, 1, 3, "name", 4)), 0);
    assert_int_equal(oci_table_get(&t, oci_table_key(&t, 1, 2, "nam", 3)), 0);
    assert_int_equal(oci_table_get(&t, oci_table_key(&t, 1, 2, "name\0", 5)), 0);
    /* Seeds are the table's own. */
    assert_int_equal(oci_table_get(&t, oci_table_key(&other, 1, 2, "name", 4)), 0);
    oci_table_free(&t);
}

OCI_TEST (table, takes_numbers_as_keys) {
    oci_table t;

    oci_table_init(&t);
    for (uint32_t n = 0; n < 3000; n++)
        *oci_table_at(&t, oci_table_number_key((uint64_t)n << (n % 48), n % 2)) += n + 1;
    for (uint32_t n = 0; n < 3000; n++)
        assert_true(oci_table_get(&t, oci_table_number_key((uint64_t)n << (n % 48), n % 2)) > n);
    assert_int_equal(oci_table_get(&t, oci_table_number_key(7, 0)), 0);
    oci_table_free(&t);
}

/* How far a search has to go for what is in the table, on the average. */
static size_t mean_way(const oci_table *t)
{
    size_t sum = 0;

    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].value != 0)
            sum += (i - (size_t)t->slots[i].place) & (t->cap - 1);
    return sum / t->count;
}

/* Inode numbers follow on one another for as long as files are made: where such runs met, every search would have to
 * pass through all of them. */
OCI_TEST (table, finds_long_runs_of_numbers_soon) {
    static const uint64_t devices[] = { 0x1d, 0x803, 0xfd00 }, strides[] = { 1, 32, 128 };

    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            oci_table t;

            oci_table_init(&t);
            for (uint32_t n = 0; n < 98000; n++)
                assert_int_equal(oci_table_set(&t, oci_table_number_key(257 + n * strides[k], devices[i]), n + 1), 0);
            assert_true(mean_way(&t) < 50);
            oci_table_free(&t);
        }
    }
}

OCI_TEST (table, is_whole_without_memory) {
    oci_table t;

    oci_table_init(&t);
    for (uint32_t n = 0; n < 52; n++)
        assert_int_equal(oci_table_set(&t, key_of(&t, n), n + 1), 0);
    oci_alloc_fail_at(1);
    assert_int_equal(oci_table_set(&t, key_of(&t, 52), 1), OCI_E_NOMEM);
    oci_alloc_fail_at(0);
    for (uint32_t n = 0; n < 52; n++)
        assert_int_equal(oci_table_get(&t, key_of(&t, n)), n + 1);
    oci_table_free(&t);
}
