/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <oci-image/error.h>

#include "base/hash.h"
#include "base/map.h"
#include "test.h"

enum { MANY = 20000 };

static int values[MANY];

static size_t key_of(int i, char out[24])
{
    return (size_t)snprintf(out, 24, "key-%d", i);
}

OCI_TEST (map, many_keys_come_and_go) {
    OCI_AUTO(oci_map) m = oci_map_new();
    char key[24];
    void *value;

    for (int i = 0; i < MANY; i++) {
        size_t n = key_of(i, key);

        assert_int_equal(oci_map_set(m, key, n, &values[i]), 1);
    }
    assert_int_equal(oci_map_count(m), MANY);
    /* Taking every third away must lose nobody who was pushed aside by it. */
    for (int i = 0; i < MANY; i += 3) {
        size_t n = key_of(i, key);

        assert_true(oci_map_remove(m, key, n));
        assert_false(oci_map_remove(m, key, n));
    }
    for (int i = 0; i < MANY; i++) {
        size_t n = key_of(i, key);

        assert_int_equal(oci_map_get(m, key, n, &value), i % 3 != 0);
        assert_true(i % 3 == 0 || value == &values[i]);
    }
    for (int i = 0; i < MANY; i++) {
        size_t n = key_of(i, key);

        assert_int_equal(oci_map_set(m, key, n, &values[0]), i % 3 == 0);
    }
    assert_int_equal(oci_map_count(m), MANY);
    for (int i = MANY; i-- > 0;)
        assert_true(oci_map_remove(m, key, key_of(i, key)));
    assert_int_equal(oci_map_count(m), 0);
    assert_false(oci_map_get(m, "key-1", 5, NULL));
}

OCI_TEST (map, keys_are_bytes) {
    OCI_AUTO(oci_map) m = oci_map_new();
    void *value = NULL;

    assert_int_equal(oci_map_set(m, "a\0b", 3, &values[0]), 1);
    assert_int_equal(oci_map_set(m, "a\0c", 3, &values[1]), 1);
    assert_int_equal(oci_map_set(m, "a", 1, &values[2]), 1);
    assert_int_equal(oci_map_set(m, NULL, 0, &values[3]), 1);
    assert_int_equal(oci_map_set(m, "", 0, NULL), 0);
    assert_int_equal(oci_map_count(m), 4);
    assert_true(oci_map_get(m, "a\0c", 3, &value));
    assert_ptr_equal(value, &values[1]);
    assert_true(oci_map_get(m, NULL, 0, &value));
    assert_null(value);
    assert_false(oci_map_get(m, "a\0", 2, &value));
    assert_true(oci_map_remove(m, "", 0));
}

OCI_TEST (map, an_empty_map_answers) {
    OCI_AUTO(oci_map) m = oci_map_new();
    size_t at = 0;

    assert_int_equal(oci_map_count(m), 0);
    assert_false(oci_map_get(m, "a", 1, NULL));
    assert_false(oci_map_remove(m, "a", 1));
    assert_false(oci_map_next(m, &at, NULL, NULL, NULL));
    oci_map_clear(m);
    oci_map_free(NULL);
}

OCI_TEST (map, a_walk_sees_everything_once) {
    OCI_AUTO(oci_map) m = oci_map_new();
    int seen[500] = { 0 };
    char key[24];
    size_t at = 0, n, found = 0;
    const void *k;
    void *value;

    for (int i = 0; i < 500; i++)
        assert_int_equal(oci_map_set(m, key, key_of(i, key), &values[i]), 1);
    while (oci_map_next(m, &at, &k, &n, &value)) {
        int i = (int)((int *)value - values);

        assert_int_equal(n, key_of(i, key));
        assert_memory_equal(k, key, n);
        seen[i]++;
        found++;
    }
    assert_int_equal(found, 500);
    for (int i = 0; i < 500; i++)
        assert_int_equal(seen[i], 1);
    oci_map_clear(m);
    assert_int_equal(oci_map_count(m), 0);
    assert_false(oci_map_get(m, "key-1", 5, NULL));
    assert_int_equal(oci_map_set(m, "key-1", 5, NULL), 1);
}

OCI_TEST (map, every_allocation_may_fail) {
    unsigned long n = 0;
    int r;

    do {
        OCI_AUTO(oci_map) m = NULL;
        char key[24];
        int done = 0;

        oci_alloc_fail_at(++n);
        m = oci_map_new();
        r = m != NULL ? 0 : OCI_E_NOMEM;
        for (int i = 0; i < 20 && r >= 0; i++) {
            r = oci_map_set(m, key, key_of(i, key), NULL);
            done += r == 1;
        }
        if (oci_alloc_failed()) {
            assert_int_equal(r, OCI_E_NOMEM);
            for (int i = 0; i < done; i++)
                assert_true(oci_map_get(m, key, key_of(i, key), NULL));
            assert_true(m == NULL || oci_map_count(m) == (size_t)done);
        }
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 1);
}

OCI_TEST (hash, depends_on_seed_length_and_bytes) {
    const uint64_t one[2] = { 1, 2 }, two[2] = { 1, 3 };

    assert_true(oci_siphash(one, "abc", 3) == oci_siphash(one, "abcd", 3));
    assert_true(oci_siphash(one, "abc", 3) != oci_siphash(two, "abc", 3));
    assert_true(oci_siphash(one, "abc", 3) != oci_siphash(one, "abc", 4));
    assert_true(oci_siphash(one, NULL, 0) != oci_siphash(one, "", 1));
    assert_true(oci_siphash(one, "01234567", 8) != oci_siphash(one, "01234568", 8));
}

/* Either half tells texts apart that differ in a bit, and is another hash than the other half. */
OCI_TEST (hash, has_two_halves) {
    const uint64_t seed[2] = { 3, 4 };
    char text[] = "0123456789abcdef!";
    uint64_t plain[2], other[2];

    oci_siphash_128(seed, text, sizeof text - 1, plain);
    assert_true(plain[0] != plain[1] && plain[0] != oci_siphash(seed, text, sizeof text - 1));
    for (size_t bit = 0; bit < 8 * (sizeof text - 1); bit++) {
        text[bit / 8] ^= (char)(1 << bit % 8);
        oci_siphash_128(seed, text, sizeof text - 1, other);
        assert_true(plain[0] != other[0] && plain[1] != other[1] && (uint32_t)plain[1] != (uint32_t)other[1]);
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
    oci_siphash_128(seed, text, sizeof text - 1, other);
    assert_true(plain[0] == other[0] && plain[1] == other[1]);
}
