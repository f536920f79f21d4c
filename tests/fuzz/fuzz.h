/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_FUZZ_FUZZ_H
#define OCI_TESTS_FUZZ_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a fuzz target claims about its input; not an assert, since those vanish with NDEBUG. */
#define FUZZ_CHECK(claim)                                                                                              \
    do {                                                                                                               \
        if (!(claim)) {                                                                                                \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim);                                      \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
