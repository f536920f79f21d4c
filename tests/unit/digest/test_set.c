/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/digest_auto.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "test.h"

/* A digest whose encoded part begins with start and goes on with ones, as in go-digest's tests. */
static oci_digest digest(oci_digest_alg alg, const char *start)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t name, len;
    oci_digest d;

    name = (size_t)snprintf(text, sizeof text, "%s:", oci_digest_alg_name(alg));
    len = name + 2 * oci_digest_alg_len(alg);
    memset(text + name, '1', len - name);
    memcpy(text + name, start, strlen(start));
    assert_int_equal(oci_digest_parse(text, len, &d, NULL), 0);
    return d;
}

static oci_digest_set *set_of(const oci_digest *items, size_t n)
{
    oci_digest_set *set;

    assert_int_equal(oci_digest_set_new(&set, NULL), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(oci_digest_set_add(set, &items[i], NULL), 0);
    return set;
}

static const char *const starts[] = { "12345", "1234", "12346", "5432", "6543", "6432", "6542", "6532" };
enum { STARTS = sizeof starts / sizeof *starts };

static void go_digests(oci_digest out[STARTS])
{
    for (size_t i = 0; i < STARTS; i++)
        out[i] = digest(OCI_DIGEST_SHA256, starts[i]);
}

static int lookup(const oci_digest_set *set, const char *s, oci_digest *out)
{
    oci_error err = OCI_ERROR_INIT;
    int r = oci_digest_set_lookup(set, s, strlen(s), out, &err);

    assert_true(r == 0 || err.msg[0] != '\0');
    return r;
}

OCI_TEST (set, looks_up_as_go_digest) {
    oci_digest all[STARTS], found = { 0 };
    OCI_AUTO(oci_digest_set) set = NULL;

    go_digests(all);
    set = set_of(all, STARTS);
    assert_int_equal(lookup(set, "54", &found), 0);
    assert_true(oci_digest_equal(&found, &all[3]));
    assert_int_equal(lookup(set, "1234", &found), OCI_E_AMBIGUOUS);
    assert_int_equal(lookup(set, "9876", &found), OCI_E_NOT_FOUND);
    assert_int_equal(lookup(set, "sha256:1234", &found), OCI_E_AMBIGUOUS);
    assert_int_equal(lookup(set, "sha256:12345", &found), 0);
    assert_true(oci_digest_equal(&found, &all[0]));
    assert_int_equal(lookup(set, "sha256:12346", &found), 0);
    assert_true(oci_digest_equal(&found, &all[2]));
    assert_int_equal(lookup(set, "12346", &found), 0);
    assert_true(oci_digest_equal(&found, &all[2]));
    assert_int_equal(lookup(set, "12345", &found), 0);
    assert_true(oci_digest_equal(&found, &all[0]));
}

OCI_TEST (set, what_does_not_fit_is_not_found) {
    static const char *const misses[] = { "",  ":",       "sha256:", "sha512:1234",   "blake9:12345", "12345x", "x",
                                          "G", "12345\n", "1234A",   "sha256::12345", " 54",          "\xff" };
    oci_digest all[STARTS], found = { 0 };
    OCI_AUTO(oci_digest_set) set = NULL;
    OCI_AUTO(oci_digest_set) empty = set_of(NULL, 0);

    go_digests(all);
    set = set_of(all, STARTS);
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++)
        assert_int_equal(lookup(set, misses[i], &found), OCI_E_NOT_FOUND);
    assert_int_equal(lookup(empty, "1", &found), OCI_E_NOT_FOUND);
    assert_int_equal(found.alg, OCI_DIGEST_NONE);
    /* One digit more than there are. */
    assert_int_equal(lookup(set, "54321111111111111111111111111111111111111111111111111111111111111", &found),
                     OCI_E_NOT_FOUND);
}

OCI_TEST (set, whole_digests_are_found) {
    oci_digest all[STARTS], found;
    OCI_AUTO(oci_digest_set) set = NULL;
    char text[OCI_DIGEST_MAX_TEXT];

    go_digests(all);
    set = set_of(all, STARTS);
    for (size_t i = 0; i < STARTS; i++) {
        oci_digest_format(&all[i], text, sizeof text);
        assert_int_equal(lookup(set, text, &found), 0);
        assert_true(oci_digest_equal(&found, &all[i]));
        oci_digest_encoded(&all[i], text, sizeof text);
        assert_int_equal(lookup(set, text, &found), 0);
        assert_true(oci_digest_equal(&found, &all[i]));
    }
}

OCI_TEST (set, ambiguity_is_sought_in_the_whole_run) {
    /* Between two matches of sha256 lie others of sha512. */
    oci_digest all[] = { digest(OCI_DIGEST_SHA256, "aba"), digest(OCI_DIGEST_SHA512, "abb"),
                         digest(OCI_DIGEST_SHA512, "abc"), digest(OCI_DIGEST_SHA256, "abd"),
                         digest(OCI_DIGEST_SHA384, "abe"), digest(OCI_DIGEST_SHA256, "ac") };
    OCI_AUTO(oci_digest_set) set = set_of(all, sizeof all / sizeof *all);
    oci_digest found;

    assert_int_equal(lookup(set, "sha256:ab", &found), OCI_E_AMBIGUOUS);
    assert_int_equal(lookup(set, "sha512:ab", &found), OCI_E_AMBIGUOUS);
    assert_int_equal(lookup(set, "ab", &found), OCI_E_AMBIGUOUS);
    assert_int_equal(lookup(set, "sha384:a", &found), 0);
    assert_true(oci_digest_equal(&found, &all[4]));
    assert_int_equal(lookup(set, "sha256:ac", &found), 0);
    assert_true(oci_digest_equal(&found, &all[5]));
}

OCI_TEST (set, exact_wins_over_longer) {
    /* The encoded part of the sha512 digest begins with the whole of the sha256 one. */
    oci_digest all[] = { digest(OCI_DIGEST_SHA256, "7"), digest(OCI_DIGEST_SHA512, "7") };
    OCI_AUTO(oci_digest_set) set = set_of(all, 2);
    char text[OCI_DIGEST_MAX_TEXT];
    oci_digest found;

    oci_digest_encoded(&all[0], text, sizeof text);
    assert_int_equal(lookup(set, text, &found), 0);
    assert_true(oci_digest_equal(&found, &all[0]));
    text[63] = '\0';
    assert_int_equal(lookup(set, text, &found), OCI_E_AMBIGUOUS);
    assert_int_equal(lookup(set, "sha512:7", &found), 0);
    assert_true(oci_digest_equal(&found, &all[1]));
}

static void *twin_init(void)
{
    return oci_alloc(1);
}

static void twin_update(void *state, const void *p, size_t n)
{
    (void)state, (void)p, (void)n;
}

static void twin_final(void *state, uint8_t *out)
{
    (void)state;
    memset(out, 0, 32);
}

static const oci_digest_ops twin_ops = {
    .name = "twin-of-sha256", .len = 32, .init = twin_init, .update = twin_update, .final = twin_final, .free = oci_free
};

OCI_TEST (set, one_hash_under_two_algorithms_needs_the_whole_text) {
    oci_error err = OCI_ERROR_INIT;
    oci_digest_alg twin;
    oci_digest all[2], found;
    OCI_AUTO(oci_digest_set) set = NULL;
    char text[OCI_DIGEST_MAX_TEXT], want[OCI_DIGEST_MAX_TEXT];

    assert_ok(&err, oci_digest_alg_register(&twin_ops, &twin, &err));
    all[0] = digest(OCI_DIGEST_SHA256, "8");
    all[1] = digest(twin, "8");
    set = set_of(all, 2);
    assert_int_equal(oci_digest_set_count(set), 2);
    oci_digest_encoded(&all[0], text, sizeof text);
    assert_int_equal(lookup(set, text, &found), OCI_E_AMBIGUOUS);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(&err, oci_digest_set_short(set, i, 4, text, sizeof text, &err));
        oci_digest_format(oci_digest_set_at(set, i), want, sizeof want);
        assert_string_equal(text, want);
        assert_int_equal(lookup(set, text, &found), 0);
        assert_true(oci_digest_equal(&found, oci_digest_set_at(set, i)));
    }
}

OCI_TEST (set, holds_everything_once) {
    oci_error err = OCI_ERROR_INIT;
    oci_digest all[STARTS], other = digest(OCI_DIGEST_SHA384, "12345"), found;
    OCI_AUTO(oci_digest_set) set = NULL;
    char text[OCI_DIGEST_MAX_TEXT];

    go_digests(all);
    set = set_of(all, STARTS);
    assert_int_equal(oci_digest_set_count(set), STARTS);
    assert_ok(&err, oci_digest_set_add(set, &all[0], &err));
    assert_int_equal(oci_digest_set_count(set), STARTS);
    assert_ok(&err, oci_digest_set_add(set, &other, &err));
    assert_int_equal(oci_digest_set_count(set), STARTS + 1);

    assert_ok(&err, oci_digest_set_remove(set, &all[3], &err));
    assert_ok(&err, oci_digest_set_remove(set, &all[3], &err));
    assert_int_equal(oci_digest_set_count(set), STARTS);
    oci_digest_format(&all[3], text, sizeof text);
    assert_int_equal(lookup(set, text, &found), OCI_E_NOT_FOUND);
    for (size_t i = 0; i < STARTS; i++)
        assert_ok(&err, oci_digest_set_remove(set, &all[i], &err));
    assert_ok(&err, oci_digest_set_remove(set, &other, &err));
    assert_int_equal(oci_digest_set_count(set), 0);
    assert_null(oci_digest_set_at(set, 0));
}

OCI_TEST (set, takes_digests_only) {
    oci_error err = OCI_ERROR_INIT;
    oci_digest none = { 0 }, damaged = digest(OCI_DIGEST_SHA256, "1"), unknown = { .alg = 240 };
    OCI_AUTO(oci_digest_set) set = set_of(NULL, 0);

    damaged.len = 20;
    assert_fails(OCI_E_USAGE, &err, oci_digest_set_add(set, &none, &err));
    assert_fails(OCI_E_USAGE, &err, oci_digest_set_add(set, &damaged, &err));
    assert_fails(OCI_E_USAGE, &err, oci_digest_set_add(set, &unknown, &err));
    assert_fails(OCI_E_USAGE, &err, oci_digest_set_remove(set, &none, &err));
    oci_digest_set_free(NULL);
}

OCI_TEST (set, short_codes_as_go_digest) {
    static const char *const want[STARTS] = { "12345", "12341", "12346", "54", "6543", "64", "6542", "653" };
    oci_error err = OCI_ERROR_INIT;
    oci_digest all[STARTS];
    OCI_AUTO(oci_digest_set) set = NULL;

    go_digests(all);
    set = set_of(all, STARTS);
    for (size_t i = 0; i < STARTS; i++) {
        char text[OCI_DIGEST_MAX_TEXT];
        size_t at = 0;

        while (!oci_digest_equal(oci_digest_set_at(set, at), &all[i]))
            at++;
        assert_ok(&err, oci_digest_set_short(set, at, 2, text, sizeof text, &err));
        assert_string_equal(text, want[i]);
    }
}

OCI_TEST (set, short_codes_have_bounds) {
    oci_error err = OCI_ERROR_INIT;
    oci_digest all[] = { digest(OCI_DIGEST_SHA256, "7"), digest(OCI_DIGEST_SHA512, "7") };
    OCI_AUTO(oci_digest_set) set = set_of(all, 1);
    char text[OCI_DIGEST_MAX_TEXT], want[OCI_DIGEST_MAX_TEXT];

    assert_ok(&err, oci_digest_set_short(set, 0, 0, text, sizeof text, &err));
    assert_string_equal(text, "7");
    assert_ok(&err, oci_digest_set_short(set, 0, 12, text, sizeof text, &err));
    assert_string_equal(text, "711111111111");
    assert_ok(&err, oci_digest_set_short(set, 0, SIZE_MAX, text, sizeof text, &err));
    oci_digest_encoded(&all[0], want, sizeof want);
    assert_string_equal(text, want);
    assert_fails(OCI_E_USAGE, &err, oci_digest_set_short(set, 0, 12, text, 12, &err));
    assert_fails(OCI_E_USAGE, &err, oci_digest_set_short(set, 1, 12, text, sizeof text, &err));

    /* The shorter of two where one begins with the other is found by its whole encoded part. */
    assert_ok(&err, oci_digest_set_add(set, &all[1], &err));
    assert_ok(&err, oci_digest_set_short(set, 0, 2, text, sizeof text, &err));
    assert_string_equal(text, want);
    assert_ok(&err, oci_digest_set_short(set, 1, 2, text, sizeof text, &err));
    assert_int_equal(strlen(text), 65);
}

/* Hashes of numbers: whatever the codes are, they find their digests, and no shorter ones do. */
OCI_TEST (set, short_codes_find_their_digests) {
    enum { COUNT = 2000 };
    static oci_digest all[COUNT];
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_digest_set) set = NULL;

    for (int i = 0; i < COUNT; i++)
        assert_int_equal(oci_digest_of(i % 3 == 0 ? OCI_DIGEST_SHA512 : OCI_DIGEST_SHA256, &i, sizeof i, &all[i], NULL),
                         0);
    set = set_of(all, COUNT);
    assert_int_equal(oci_digest_set_count(set), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        char code[OCI_DIGEST_MAX_TEXT];
        oci_digest found;

        assert_ok(&err, oci_digest_set_short(set, i, 1, code, sizeof code, &err));
        assert_int_equal(lookup(set, code, &found), 0);
        assert_true(oci_digest_equal(&found, oci_digest_set_at(set, i)));
        code[strlen(code) - 1] = '\0';
        assert_int_not_equal(lookup(set, code, &found), 0);
        if (i > 0)
            assert_true(memcmp(oci_digest_set_at(set, i - 1)->bytes, oci_digest_set_at(set, i)->bytes, 32) < 0);
    }
}

OCI_TEST (set, every_allocation_may_fail) {
    oci_digest d = digest(OCI_DIGEST_SHA256, "3");
    oci_error err = OCI_ERROR_INIT;
    unsigned long n = 0;
    int r;

    do {
        OCI_AUTO(oci_digest_set) set = NULL;

        oci_alloc_fail_at(++n);
        r = oci_digest_set_new(&set, &err);
        if (r == 0)
            r = oci_digest_set_add(set, &d, &err);
        if (oci_alloc_failed()) {
            assert_int_equal(r, OCI_E_NOMEM);
            assert_true(set == NULL || oci_digest_set_count(set) == 0);
        }
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 0);
    assert_int_equal(n, 3);
}
