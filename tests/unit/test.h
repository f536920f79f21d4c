/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_TEST_H
#define OCI_TESTS_UNIT_TEST_H
/*
 * Unit tests that register themselves, so that none is forgotten:
 *
 *     // proves: digest.grammar digest.sha256.encoded
 *     OCI_TEST(digest, refuses_uppercase) { assert_int_equal(...); }
 *
 * One program per module: all files tests/unit/MODULE/test_*.c together with main.c. What a test proves is said in a
 * comment "proves:" with row ids right above it; docs/spec-coverage.md is made from those.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct oci_test {
    const char *name;
    void (*run)(void **state);
    struct oci_test *next;
};

void oci_test_register(struct oci_test *test);

/* Numbers that look random, the same after the same seed; pick gives one below n. */
void random_seed(uint64_t seed);
unsigned pick(unsigned n);

#define OCI_TEST(group, title)                                                                                         \
    static void test_##group##_##title(void **state);                                                                  \
    __attribute__((constructor)) static void register_##group##_##title(void)                                          \
    {                                                                                                                  \
        static struct oci_test test = { #group "." #title, test_##group##_##title, NULL };                             \
        oci_test_register(&test);                                                                                      \
    }                                                                                                                  \
    static void test_##group##_##title(void **state __attribute__((unused)))

/* A failing call returns code and says why. */
#define assert_fails(expected, err, call)                                                                              \
    do {                                                                                                               \
        (err)->msg[0] = '\0';                                                                                          \
        int r_ = (call);                                                                                               \
        if (r_ != (expected))                                                                                          \
            print_error("%s: got %d (%s)\n", #call, r_, (err)->msg);                                                   \
        assert_int_equal(r_, (expected));                                                                              \
        assert_int_equal((err)->code, (expected));                                                                     \
        assert_true((err)->msg[0] != '\0');                                                                            \
    } while (0)

/* A call returns 0 (or what is expected of it) and prints the error when it does not. */
#define assert_ok(err, call)                                                                                           \
    do {                                                                                                               \
        int r_ = (call);                                                                                               \
        if (r_ < 0)                                                                                                    \
            print_error("%s: %d (%s)\n", #call, r_, (err)->msg);                                                       \
        assert_true(r_ >= 0);                                                                                          \
    } while (0)

#endif
