/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_CPU_H
#define OCI_BASE_CPU_H
/*
 * What the processor can do. It is asked when somebody wants to know: each question costs a virtual machine some
 * microseconds, and the way that compilers offer puts a dozen of them at every start of every program.
 */
#include <stdbool.h>

enum {
    OCI_CPU_SSE4_1 = 1 << 0,
    OCI_CPU_SHA = 1 << 1,
    OCI_CPU_AVX = 1 << 2,
    /* All that the levels of the x86-64 psABI ask for. */
    OCI_CPU_AMD64_V2 = 1 << 3,
    OCI_CPU_AMD64_V3 = 1 << 4,
    OCI_CPU_AMD64_V4 = 1 << 5,
};

/* Whether programs may use all of these: the processor has them, and the system keeps their registers. */
bool oci_cpu_has(unsigned features);

#endif
