/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/num.h"
#include "base/text.h"
#include "spec.h"

/* What other worlds (uname, Debian, Docker of old) call Go's architectures. The variant stands in where none is said.
 */
static const struct {
    const char *name, *architecture, *variant;
} aliases[] = {
    { "x86_64", "amd64", NULL },
    { "x86-64", "amd64", NULL },
    { "i386", "386", NULL },
    { "i486", "386", NULL },
    { "i586", "386", NULL },
    { "i686", "386", NULL },
    { "x86", "386", NULL },
    { "aarch64", "arm64", "v8" },
    { "aarch64_be", "arm64be", NULL },
    { "armhf", "arm", "v7" },
    { "armel", "arm", "v6" },
    { "armv5", "arm", "v5" },
    { "armv5l", "arm", "v5" },
    { "armv5tel", "arm", "v5" },
    { "armv5tejl", "arm", "v5" },
    { "armv6", "arm", "v6" },
    { "armv6l", "arm", "v6" },
    { "armv7", "arm", "v7" },
    { "armv7l", "arm", "v7" },
    { "armv7hl", "arm", "v7" },
    { "armv8l", "arm", "v8" },
    { "ppc64el", "ppc64le", NULL },
    { "powerpc64le", "ppc64le", NULL },
    { "mipsel", "mipsle", NULL },
    { "mips64el", "mips64le", NULL },
    { "loongarch64", "loong64", NULL },
};

/* A platform as this file compares it: Go's names, the variant that stands for none written out. */
struct norm {
    const char *os, *architecture, *variant;
};

bool oci_platform_alias(const char *name, const char **architecture, const char **variant)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (oci_equal_nocase(name, aliases[i].name)) {
            *architecture = aliases[i].architecture;
            *variant = aliases[i].variant;
            return true;
        }
    return false;
}

/* The least that an architecture without a variant stands for; "" where variants are nobody's table. */
static const char *default_variant(const char *architecture)
{
    static const char *const rows[][2] = {
        { "amd64", "v1" }, { "arm", "v7" }, { "arm64", "v8" }, { "ppc64le", "power8" }, { "riscv64", "rva20u64" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(architecture, rows[i][0]) == 0)
            return rows[i][1];
    return "";
}

static bool is_empty(const char *s)
{
    return s == NULL || s[0] == '\0';
}

static struct norm normalize(const oci_platform *p)
{
    struct norm n = { p->os, p->architecture, p->variant };
    const char *variant = NULL;

    oci_platform_alias(p->architecture, &n.architecture, &variant);
    if (is_empty(n.variant))
        n.variant = variant != NULL ? variant : default_variant(n.architecture);
    return n;
}

/* A variant as a version, "v8.1" as 8 and 1, "power9" as 9 and 0, so that more is better; a missing "v" is forgiven. */
static bool variant_version(const char *architecture, const char *variant, uint64_t out[2])
{
    const char *prefix = "v", *suffix = "", *dot;
    size_t n;

    if (strcmp(architecture, "ppc64le") == 0) {
        prefix = "power";
    } else if (strcmp(architecture, "riscv64") == 0) {
        prefix = "rva";
        suffix = "u64";
    } else if (strcmp(architecture, "amd64") != 0 && strcmp(architecture, "arm") != 0 &&
               strcmp(architecture, "arm64") != 0) {
        return false;
    }
    if (oci_starts_with(variant, prefix))
        variant += strlen(prefix);
    else if (strcmp(prefix, "v") != 0)
        return false;
    if (!oci_ends_with(variant, suffix))
        return false;
    n = strlen(variant) - strlen(suffix);
    dot = memchr(variant, '.', n);
    out[1] = 0;
    if (dot != NULL && !oci_parse_u64(dot + 1, n - (size_t)(dot + 1 - variant), 1000, &out[1]))
        return false;
    return oci_parse_u64(variant, dot != NULL ? (size_t)(dot - variant) : n, 1000, &out[0]);
}

/* Whether have asks for no more than want offers; both are variants of the architecture. */
static bool variant_fits(const char *architecture, const char *have, const char *want)
{
    uint64_t h[2], w[2];

    if (have[0] == '\0' || strcmp(have, want) == 0)
        return true;
    if (!variant_version(architecture, have, h) || !variant_version(architecture, want, w))
        return false;
    /* ARMv9.n contains ARMv8.(n+5). */
    if (strcmp(architecture, "arm64") == 0 && h[0] == 8 && w[0] == 9)
        return h[1] <= w[1] + 5;
    if (strcmp(architecture, "arm64") == 0 && h[0] != w[0])
        return false;
    return h[0] < w[0] || (h[0] == w[0] && h[1] <= w[1]);
}

static bool has_string(const oci_strings *list, const char *s)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], s) == 0)
            return true;
    return false;
}

static bool is_known(const char *s)
{
    return !is_empty(s) && strcmp(s, "unknown") != 0;
}

bool oci_platform_matches(const oci_platform *have, const oci_platform *want)
{
    struct norm h, w;

    if (have == NULL || want == NULL || !is_known(have->os) || !is_known(have->architecture) || !is_known(want->os) ||
        !is_known(want->architecture))
        return false;
    h = normalize(have);
    w = normalize(want);
    if (strcmp(h.os, w.os) != 0 || strcmp(h.architecture, w.architecture) != 0 ||
        !variant_fits(h.architecture, h.variant, w.variant))
        return false;
    for (size_t i = 0; i < have->os_features.count; i++)
        if (!has_string(&want->os_features, have->os_features.items[i]))
            return false;
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A set: neither order nor number counts. */
static int put_features(const oci_strings *list, oci_buf *out, oci_error *err)
{
    OCI_AUTO_MEM const char **sorted = oci_calloc(list->count + 1, sizeof *sorted);
    int r = 0;

    if (sorted == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < list->count; i++)
        sorted[i] = list->items[i];
    qsort(sorted, list->count, sizeof *sorted, by_bytes);
    for (size_t i = 0; r == 0 && i < list->count; i++)
        if (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0)
            r = oci_buf_append(out, sorted[i], strlen(sorted[i]) + 1, err);
    return r;
}

int oci_platform_key(const oci_platform *p, oci_buf *out, oci_error *err)
{
    const bool known = is_known(p->os) && is_known(p->architecture);
    uint64_t version[2];
    struct norm n;
    int r = 0;

    out->len = 0;
    if (!known)
        return 0;
    n = normalize(p);
    /* Variants are compared as versions where they are some. */
    if (variant_version(n.architecture, n.variant, version))
        r = oci_buf_printf(out, err, "%s%c%s%c=%u.%u%c", n.os, 0, n.architecture, 0, (unsigned)version[0],
                           (unsigned)version[1], 0);
    else
        r = oci_buf_printf(out, err, "%s%c%s%c'%s%c", n.os, 0, n.architecture, 0, n.variant, 0);
    if (r == 0)
        r = oci_buf_printf(out, err, "%s%s%c", p->os_version != NULL ? "=" : "",
                           p->os_version != NULL ? p->os_version : "", 0);
    return r == 0 ? put_features(&p->os_features, out, err) : r;
}

/* ---- text ---- */

static bool is_part(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9') ||
              strchr("._-", s[i]) != NULL))
            return false;
    return n > 0;
}

/* Cuts text at its slashes into parts[3]; returns how many there are, 0 when one is malformed or there are too many. */
static size_t split(char *text, const char *parts[3])
{
    size_t count = 0;

    for (;;) {
        size_t n = strcspn(text, "/");
        bool last = text[n] == '\0';

        if (count == 3 || !is_part(text, n))
            return 0;
        parts[count++] = text;
        text[n] = '\0';
        if (last)
            return count;
        text += n + 1;
    }
}

/* The variants that arm and arm64 are known by, for those who leave out the "v". */
static const char *read_variant(const char *architecture, const char *variant)
{
    static const char *const names[] = { "v5", "v6", "v7", "v8", "v9" };

    if (strcmp(architecture, "arm") == 0 || strcmp(architecture, "arm64") == 0)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strcmp(variant, names[i] + 1) == 0)
                return names[i];
    return variant;
}

int oci_platform_parse(const char *text, oci_platform **out, oci_error *err)
{
    size_t n = strlen(text), bytes, count;
    const char *parts[3] = { NULL, NULL, NULL }, *variant = NULL;
    oci_platform *p;
    char *copy;

    if (!oci_add_size(sizeof *p + 1, n, &bytes))
        return oci_fail_nomem(err);
    p = oci_calloc(1, bytes);
    if (p == NULL)
        return oci_fail_nomem(err);
    copy = (char *)(p + 1);
    memcpy(copy, text, n);
    count = split(copy, parts);
    if (count < 2) {
        oci_free(p);
        return oci_fail(err, OCI_E_USAGE, "platform '%s' is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT", text);
    }
    p->os = oci_equal_nocase(parts[0], "macos") ? "darwin" : parts[0];
    p->architecture = parts[1];
    oci_platform_alias(parts[1], &p->architecture, &variant);
    p->variant = count == 3 ? read_variant(p->architecture, parts[2]) : variant;
    *out = p;
    return 0;
}

void oci_platform_free(oci_platform *p)
{
    oci_free(p);
}

size_t oci_platform_format(const oci_platform *p, char *out, size_t cap)
{
    const char *os = p->os != NULL ? p->os : "", *architecture = p->architecture != NULL ? p->architecture : "";
    bool variant = !is_empty(p->variant);
    int n;

    if (cap == 0)
        return 0;
    n = snprintf(out, cap, "%s/%s%s%s", os, architecture, variant ? "/" : "", variant ? p->variant : "");
    if (n < 0) {
        out[0] = '\0';
        return 0;
    }
    return (size_t)n < cap ? (size_t)n : cap - 1;
}

/* ---- the host ---- */

#define HOST(architecture_, variant_)                                                                                  \
    {                                                                                                                  \
        .architecture = architecture_, .os = "linux", .variant = variant_                                              \
    }

static const oci_platform amd64[] = { HOST("amd64", NULL), HOST("amd64", "v2"), HOST("amd64", "v3"),
                                      HOST("amd64", "v4") };
static const oci_platform arm[] = { HOST("arm", "v5"), HOST("arm", "v6"), HOST("arm", "v7"), HOST("arm", "v8") };
static const oci_platform others[] = {
    HOST("arm64", "v8"),    HOST("386", NULL),     HOST("ppc64le", NULL), HOST("ppc64", NULL),  HOST("s390x", NULL),
    HOST("riscv64", NULL),  HOST("loong64", NULL), HOST("mips", NULL),    HOST("mipsle", NULL), HOST("mips64", NULL),
    HOST("mips64le", NULL), HOST("sparc64", NULL), HOST("arm64be", NULL),
};
/* Matches nothing; a program on such a machine has to be told its platform. */
static const oci_platform unknown_host = HOST("unknown", NULL);

/* The level of the x86-64 psABI this processor reaches, 1 to 4. */
static unsigned amd64_level(void)
{
    if (oci_cpu_has(OCI_CPU_AMD64_V4))
        return 4;
    if (oci_cpu_has(OCI_CPU_AMD64_V3))
        return 3;
    return oci_cpu_has(OCI_CPU_AMD64_V2) ? 2 : 1;
}

const oci_platform *oci_platform_of_machine(const char *machine)
{
    const char *architecture = machine, *variant = NULL;

    oci_platform_alias(machine, &architecture, &variant);
    if (strcmp(architecture, "amd64") == 0)
        return &amd64[amd64_level() - 1];
    for (size_t i = 0; i < sizeof arm / sizeof arm[0]; i++)
        if (strcmp(architecture, "arm") == 0 && variant != NULL && strcmp(variant, arm[i].variant) == 0)
            return &arm[i];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(architecture, others[i].architecture) == 0)
            return &others[i];
    return &unknown_host;
}

const oci_platform *oci_platform_host(void)
{
    struct utsname name;

    return uname(&name) == 0 ? oci_platform_of_machine(name.machine) : &unknown_host;
}
