/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/digest_auto.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "test.h"

/* A hash for tests: the sum of the bytes and their number, so that anybody can work it out by hand. */
struct sum {
    uint64_t total, count;
};

static void *sum_init(void)
{
    return oci_calloc(1, sizeof(struct sum));
}

static void sum_update(void *state, const void *p, size_t n)
{
    struct sum *s = state;

    for (size_t i = 0; i < n; i++)
        s->total += ((const unsigned char *)p)[i];
    s->count += n;
}

static void sum_final(void *state, uint8_t *out)
{
    const struct sum *s = state;

    memset(out, 0, 32);
    out[30] = (uint8_t)s->count;
    out[31] = (uint8_t)s->total;
}

static void sum_free(void *state)
{
    oci_free(state);
}

#define SUM_OPS(the_name, the_len)                                                                                     \
    {                                                                                                                  \
        .name = the_name, .len = the_len, .init = sum_init, .update = sum_update, .final = sum_final, .free = sum_free \
    }

static const oci_digest_ops blake3_like = SUM_OPS("blake3", 32);

OCI_TEST (alg, built_in_ones) {
    static const struct {
        oci_digest_alg alg;
        const char *name;
        size_t len;
    } cases[] = { { OCI_DIGEST_SHA256, "sha256", 32 },
                  { OCI_DIGEST_SHA384, "sha384", 48 },
                  { OCI_DIGEST_SHA512, "sha512", 64 } };

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(oci_digest_alg_find(cases[i].name, strlen(cases[i].name)), cases[i].alg);
        assert_string_equal(oci_digest_alg_name(cases[i].alg), cases[i].name);
        assert_int_equal(oci_digest_alg_len(cases[i].alg), cases[i].len);
        assert_true(oci_digest_alg_available(cases[i].alg));
    }
    assert_int_equal(oci_digest_alg_find("sha256x", 7), OCI_DIGEST_NONE);
    assert_int_equal(oci_digest_alg_find("sha2567", 5), OCI_DIGEST_NONE);
    assert_int_equal(oci_digest_alg_find("", 0), OCI_DIGEST_NONE);
    assert_null(oci_digest_alg_name(OCI_DIGEST_NONE));
    assert_null(oci_digest_alg_name(255));
    assert_int_equal(oci_digest_alg_len(255), 0);
    assert_false(oci_digest_alg_available(OCI_DIGEST_NONE));
    assert_false(oci_digest_alg_available(255));
}

OCI_TEST (alg, refuses_what_makes_no_sense) {
    static const oci_digest_ops bad_names[] = {
        SUM_OPS("", 32),       SUM_OPS("-", 32),      SUM_OPS("sha256-", 32),
        SUM_OPS("SHA256", 32), SUM_OPS("sha25*", 32), SUM_OPS("a:b", 32),
        SUM_OPS("a+-b", 32),   SUM_OPS(NULL, 32),     SUM_OPS("a123456789a123456789a123456789a1", 32),
        SUM_OPS("empty", 0),   SUM_OPS("long", 65),
    };
    oci_digest_ops incomplete[4];
    oci_error err = OCI_ERROR_INIT;
    oci_digest_alg alg = 77;

    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
        assert_fails(OCI_E_INVALID, &err, oci_digest_alg_register(&bad_names[i], &alg, &err));
    for (size_t i = 0; i < 4; i++)
        incomplete[i] = (oci_digest_ops)SUM_OPS("incomplete", 32);
    incomplete[0].init = NULL;
    incomplete[1].update = NULL;
    incomplete[2].final = NULL;
    incomplete[3].free = NULL;
    for (size_t i = 0; i < 4; i++)
        assert_fails(OCI_E_INVALID, &err, oci_digest_alg_register(&incomplete[i], &alg, &err));
    assert_fails(OCI_E_INVALID, &err, oci_digest_alg_register(NULL, &alg, &err));
    assert_int_equal(alg, 77);
    assert_int_equal(oci_digest_alg_find("incomplete", 10), OCI_DIGEST_NONE);
}

OCI_TEST (alg, one_can_be_added) {
    static const char text[] = "blake3:000000000000000000000000000000000000000000000000000000000000022b";
    static const oci_digest_ops again = SUM_OPS("sha512", 64);
    oci_error err = OCI_ERROR_INIT;
    oci_digest_alg alg, other = 0;
    oci_digest want, got;
    OCI_AUTO(oci_verifier) v = NULL;

    assert_fails(OCI_E_UNSUPPORTED, &err, oci_digest_parse(text, strlen(text), &want, &err));
    assert_ok(&err, oci_digest_alg_register(&blake3_like, &alg, &err));
    assert_true(alg > OCI_DIGEST_SHA512);
    assert_int_equal(oci_digest_alg_find("blake3", 6), alg);
    assert_true(oci_digest_alg_available(alg));
    assert_fails(OCI_E_EXISTS, &err, oci_digest_alg_register(&blake3_like, &other, &err));
    assert_fails(OCI_E_EXISTS, &err, oci_digest_alg_register(&again, &other, &err));
    assert_int_equal(other, 0);

    assert_ok(&err, oci_digest_parse(text, strlen(text), &want, &err));
    assert_ok(&err, oci_digest_of(alg, "!\n", 2, &got, &err));
    assert_true(oci_digest_equal(&want, &got));
    assert_fails(OCI_E_SIZE, &err, oci_digest_validate("blake3:abc", 10, &err));
    assert_ok(&err, oci_verifier_new(&want, 2, &v, &err));
    assert_ok(&err, oci_verifier_update(v, "!\n", 2, &err));
    assert_ok(&err, oci_verifier_finish(v, &err));
}

OCI_TEST (alg, added_ones_may_run_out_of_memory) {
    static const oci_digest_ops ops = SUM_OPS("outofmemory", 32);
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_digester) digester = NULL;
    oci_digest_alg alg;
    oci_digest d;

    assert_ok(&err, oci_digest_alg_register(&ops, &alg, &err));
    oci_alloc_fail_at(2);
    assert_fails(OCI_E_NOMEM, &err, oci_digester_new(alg, &digester, &err));
    oci_alloc_fail_at(0);
    assert_null(digester);

    /* A digester that could not start anew says so at its end and is usable after that. */
    assert_ok(&err, oci_digester_new(alg, &digester, &err));
    oci_alloc_fail_at(1);
    oci_digester_reset(digester);
    oci_digester_update(digester, "x", 1);
    assert_fails(OCI_E_NOMEM, &err, oci_digester_final(digester, &d, &err));
    oci_digester_update(digester, "\1", 1);
    assert_ok(&err, oci_digester_final(digester, &d, &err));
    assert_int_equal(d.bytes[30], 1);
    assert_int_equal(d.bytes[31], 1);
}

enum { THREADS = 8, EACH = 3 };

static oci_digest_ops thread_ops[THREADS][EACH];
static char thread_names[THREADS][EACH][32];
static const oci_digest_ops contested = SUM_OPS("contested", 32);

struct worker {
    pthread_t thread;
    int number;
    int wins; /* of the registration that all of them try */
    bool well;
};

static bool register_and_use(const oci_digest_ops *ops)
{
    oci_digest_alg alg;
    oci_digest d;

    return oci_digest_alg_register(ops, &alg, NULL) == 0 && oci_digest_alg_find(ops->name, strlen(ops->name)) == alg &&
           strcmp(oci_digest_alg_name(alg), ops->name) == 0 && oci_digest_of(alg, "abc", 3, &d, NULL) == 0 &&
           d.bytes[30] == 3;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    oci_digest_alg alg;
    oci_digest d;

    w->well = oci_digest_of(OCI_DIGEST_SHA512, "abc", 3, &d, NULL) == 0 && d.bytes[0] == 0xdd;
    w->wins = oci_digest_alg_register(&contested, &alg, NULL) == 0;
    for (int i = 0; i < EACH; i++)
        w->well = w->well && register_and_use(&thread_ops[w->number][i]);
    return NULL;
}

OCI_TEST (alg, many_threads_register_and_hash) {
    struct worker workers[THREADS] = { 0 };
    int wins = 0;

    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < EACH; i++) {
            snprintf(thread_names[t][i], sizeof thread_names[t][i], "thread%d-%d", t, i);
            thread_ops[t][i] = (oci_digest_ops)SUM_OPS(thread_names[t][i], 32);
        }
    for (int t = 0; t < THREADS; t++) {
        workers[t].number = t;
        assert_int_equal(pthread_create(&workers[t].thread, NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(workers[t].thread, NULL), 0);
        assert_true(workers[t].well);
        wins += workers[t].wins;
    }
    assert_int_equal(wins, 1);
}

/* In a process of its own, because there is no way back. */
static int fill_the_registry(void)
{
    static char names[300][16];
    static oci_digest_ops ops[300];
    oci_error err = OCI_ERROR_INIT;
    oci_digest_alg alg;

    for (int i = 0; i < 300; i++) {
        int r;

        snprintf(names[i], sizeof names[i], "fill%d", i);
        ops[i] = (oci_digest_ops)SUM_OPS(names[i], 1);
        r = oci_digest_alg_register(&ops[i], &alg, &err);
        if (r == OCI_E_LIMIT)
            return err.msg[0] != '\0' && i > 10 && oci_digest_alg_find("nobody", 6) == OCI_DIGEST_NONE &&
                           oci_digest_alg_find("fill10", 6) != OCI_DIGEST_NONE
                       ? 0
                       : 1;
        if (r < 0)
            return 2;
    }
    return 3;
}

OCI_TEST (alg, the_registry_has_an_end) {
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0)
        _exit(fill_the_registry());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}
