/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu.h"

#include <stdatomic.h>

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <immintrin.h>

/* Registers that the system keeps, as XGETBV tells: those of SSE and AVX, and those of AVX-512. */
enum { KEEPS_AVX = 0x06, KEEPS_AVX512 = 0xe6 };

/* The features that are asked for are those that compilers of all ages know by name; no processor has them without the
 * rest of their level. */
enum {
    V2_IN_1C = bit_SSSE3 | bit_SSE4_2 | bit_POPCNT,
    V3_IN_1C = bit_FMA,
    V3_IN_7B = bit_BMI | bit_AVX2 | bit_BMI2,
};
static const unsigned V4_IN_7B = bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;

static bool has_all(unsigned bits, unsigned wanted)
{
    return (bits & wanted) == wanted;
}

__attribute__((target("xsave"))) static unsigned kept(void)
{
    return (unsigned)_xgetbv(0);
}

static unsigned find(void)
{
    unsigned a, b = 0, c, d, c1, b7 = 0, keeps, features;
    const unsigned last = __get_cpuid_max(0, NULL);

    if (last < 1)
        return 0;
    __cpuid(1, a, b, c1, d);
    if (last >= 7)
        __cpuid_count(7, 0, a, b7, c, d);
    keeps = has_all(c1, bit_OSXSAVE) ? kept() : 0;
    features = (has_all(c1, bit_SSE4_1) ? OCI_CPU_SSE4_1 : 0) | (has_all(b7, bit_SHA) ? OCI_CPU_SHA : 0);
    if (has_all(c1, V2_IN_1C))
        features |= OCI_CPU_AMD64_V2;
    if (has_all(c1, bit_AVX) && has_all(keeps, KEEPS_AVX))
        features |= OCI_CPU_AVX;
    if (has_all(features, OCI_CPU_AMD64_V2 | OCI_CPU_AVX) && has_all(c1, V3_IN_1C) && has_all(b7, V3_IN_7B))
        features |= OCI_CPU_AMD64_V3;
    if (has_all(features, OCI_CPU_AMD64_V3) && has_all(b7, V4_IN_7B) && has_all(keeps, KEEPS_AVX512))
        features |= OCI_CPU_AMD64_V4;
    return features;
}

#else

static unsigned find(void)
{
    return 0;
}

#endif

bool oci_cpu_has(unsigned features)
{
    enum { UNKNOWN = -1 };
    static atomic_int found = UNKNOWN;
    int have = atomic_load_explicit(&found, memory_order_relaxed);

    if (have == UNKNOWN) {
        have = (int)find();
        atomic_store_explicit(&found, have, memory_order_relaxed);
    }
    return ((unsigned)have & features) == features;
}
