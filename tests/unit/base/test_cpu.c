/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

/* Whether the kernel tells of the feature. */
static bool is_told(const char *flags, const char *feature)
{
    const size_t n = strlen(feature);
    const char *at = flags;

    while ((at = strstr(at, feature)) != NULL && (at[-1] != ' ' || strchr(" \n", at[n]) == NULL))
        at += n;
    return at != NULL;
}

static bool are_told(const char *flags, const char *const *features)
{
    for (; *features != NULL; features++)
        if (!is_told(flags, *features))
            return false;
    return true;
}

OCI_TEST (cpu, has_what_the_kernel_tells_of) {
    static const char *const sse4_1[] = { "sse4_1", NULL }, *const sha[] = { "sha_ni", NULL };
    static const char *const avx[] = { "avx", NULL }, *const v2[] = { "ssse3", "sse4_1", "sse4_2", "popcnt", NULL };
    static const char *const v3[] = { "avx", "avx2", "bmi1", "bmi2", "fma", "movbe", NULL };
    static const char *const v4[] = { "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", NULL };
    static char line[16384];
    FILE *file = fopen("/proc/cpuinfo", "re");

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && strncmp(line, "flags", 5) != 0)
        line[0] = '\0';
    fclose(file);
    if (line[0] == '\0') { /* no such processor */
        assert_false(oci_cpu_has(OCI_CPU_AMD64_V2));
        return;
    }
    assert_int_equal(oci_cpu_has(OCI_CPU_SSE4_1), are_told(line, sse4_1));
    assert_int_equal(oci_cpu_has(OCI_CPU_SHA), are_told(line, sha));
    assert_int_equal(oci_cpu_has(OCI_CPU_AVX), are_told(line, avx));
    assert_int_equal(oci_cpu_has(OCI_CPU_AMD64_V2), are_told(line, v2));
    assert_int_equal(oci_cpu_has(OCI_CPU_AMD64_V3), are_told(line, v2) && are_told(line, v3));
    assert_int_equal(oci_cpu_has(OCI_CPU_AMD64_V4), are_told(line, v2) && are_told(line, v3) && are_told(line, v4));
    assert_int_equal(oci_cpu_has(OCI_CPU_SHA | OCI_CPU_AVX), are_told(line, sha) && are_told(line, avx));
}
