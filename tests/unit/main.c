/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

static struct oci_test *tests;
static size_t count;

void oci_test_register(struct oci_test *test)
{
    test->next = tests;
    tests = test;
    count++;
}

static uint64_t random_state = 1;

void random_seed(uint64_t seed)
{
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

unsigned pick(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 16) % n);
}

/* Usage: unit_MODULE [PATTERN]: runs the tests whose names match the shell pattern. */
int main(int argc, char **argv)
{
    struct CMUnitTest *list = calloc(count > 0 ? count : 1, sizeof *list);
    size_t n = 0;
    int failed;

    if (list == NULL)
        return 1;
    for (struct oci_test *t = tests; t != NULL; t = t->next)
        if (argc < 2 || fnmatch(argv[1], t->name, FNM_EXTMATCH) == 0)
            list[n++] = (struct CMUnitTest) { .name = t->name, .test_func = t->run };
    /* The list was built backwards. */
    for (size_t i = 0; i < n / 2; i++) {
        struct CMUnitTest swap = list[i];

        list[i] = list[n - 1 - i];
        list[n - 1 - i] = swap;
    }
    if (n == 0) {
        fprintf(stderr, "no such test\n");
        free(list);
        return 1;
    }
    failed = _cmocka_run_group_tests("unit", list, n, NULL, NULL);
    free(list);
    return failed != 0;
}
