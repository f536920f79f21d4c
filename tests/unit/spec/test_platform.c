/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "spec/spec.h"

#include "test.h"

static oci_platform *parse(const char *text)
{
    oci_error err = OCI_ERROR_INIT;
    oci_platform *p = NULL;

    assert_ok(&err, oci_platform_parse(text, &p, &err));
    return p;
}

static bool matches(const char *have, const char *want)
{
    OCI_AUTO(oci_platform) h = parse(have);
    OCI_AUTO(oci_platform) w = parse(want);

    return oci_platform_matches(h, w);
}

OCI_TEST (platform, parses_and_formats) {
    static const char *const rows[][2] = {
        { "linux/amd64", "linux/amd64" },
        { "linux/arm/v7", "linux/arm/v7" },
        { "windows/amd64", "windows/amd64" },
        { "linux/x86_64", "linux/amd64" },
        { "linux/x86_64/v3", "linux/amd64/v3" },
        { "linux/aarch64", "linux/arm64/v8" },
        { "linux/armhf", "linux/arm/v7" },
        { "linux/armel", "linux/arm/v6" },
        { "linux/i386", "linux/386" },
        { "linux/i686", "linux/386" },
        { "linux/ppc64el", "linux/ppc64le" },
        { "linux/arm/7", "linux/arm/v7" },
        { "linux/arm64/8", "linux/arm64/v8" },
        { "macos/arm64", "darwin/arm64" },
        { "linux/arm64/v8.1", "linux/arm64/v8.1" },
        { "linux/mips64le/r6", "linux/mips64le/r6" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OCI_AUTO(oci_platform) p = parse(rows[i][0]);
        char out[64];

        assert_int_equal(oci_platform_format(p, out, sizeof out), strlen(rows[i][1]));
        assert_string_equal(out, rows[i][1]);
    }
}

OCI_TEST (platform, refuses_what_is_no_platform) {
    static const char *const rows[] = {
        "",          "linux",         "amd64",          "/",          "linux/",        "/amd64",
        "linux//v7", "linux/arm/v7/", "linux/arm/v7/x", "li nux/arm", "linux/amd64\n", "linux/\xc3\xa4",
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        oci_platform *p = NULL;

        assert_fails(OCI_E_USAGE, &err, oci_platform_parse(rows[i], &p, &err));
        assert_null(p);
    }
}

OCI_TEST (platform, cuts_its_text_to_the_room_there_is) {
    OCI_AUTO(oci_platform) p = parse("linux/arm64/v8");
    oci_platform empty = { 0 };
    char out[8] = "xxxxxxx";

    assert_int_equal(oci_platform_format(p, out, sizeof out), 7);
    assert_string_equal(out, "linux/a");
    assert_int_equal(oci_platform_format(p, out, 0), 0);
    assert_int_equal(oci_platform_format(p, out, 1), 0);
    assert_string_equal(out, "");
    assert_int_equal(oci_platform_format(&empty, out, sizeof out), 1);
    assert_string_equal(out, "/");
}

// proves: index.platform.minimum-requirements platform.variant.understand platform.variant.table
// proves: platform.architecture.goarch-understand platform.os.goos-understand
OCI_TEST (platform, is_a_minimum_requirement) {
    static const struct {
        const char *have, *want;
        bool fits;
    } rows[] = {
        { "linux/amd64", "linux/amd64", true },
        { "linux/amd64", "linux/arm64", false },
        { "linux/amd64", "windows/amd64", false },
        { "windows/amd64", "windows/amd64", true },
        { "freebsd/arm64", "freebsd/arm64", true },
        { "linux/ppc64le", "linux/ppc64le", true },
        { "linux/riscv64", "linux/riscv64", true },
        { "linux/loong64", "linux/loong64", true },
        { "linux/s390x", "linux/s390x", true },
        /* amd64: none is v1 */
        { "linux/amd64/v1", "linux/amd64", true },
        { "linux/amd64", "linux/amd64/v1", true },
        { "linux/amd64/v3", "linux/amd64/v1", false },
        { "linux/amd64/v2", "linux/amd64", false },
        { "linux/amd64", "linux/amd64/v3", true },
        { "linux/amd64/v2", "linux/amd64/v3", true },
        { "linux/amd64/v3", "linux/amd64/v3", true },
        { "linux/amd64/v4", "linux/amd64/v3", false },
        { "linux/amd64/odd", "linux/amd64/v4", false },
        { "linux/amd64/odd", "linux/amd64/odd", true },
        /* arm: none is v7 */
        { "linux/arm", "linux/arm/v7", true },
        { "linux/arm/v7", "linux/arm", true },
        { "linux/arm/v6", "linux/arm/v7", true },
        { "linux/arm/v5", "linux/arm/v7", true },
        { "linux/arm/v7", "linux/arm/v6", false },
        { "linux/arm", "linux/arm/v6", false },
        { "linux/arm/v8", "linux/arm/v7", false },
        { "linux/arm/v7", "linux/arm/v8", true },
        /* arm64: none is v8 */
        { "linux/arm64", "linux/arm64/v8", true },
        { "linux/arm64/v8", "linux/arm64", true },
        { "linux/arm64/v8.1", "linux/arm64", false },
        { "linux/arm64/v8.1", "linux/arm64/v8.2", true },
        { "linux/arm64/v8.10", "linux/arm64/v8.9", false },
        { "linux/arm64/v8.5", "linux/arm64/v9", true },
        { "linux/arm64/v8.6", "linux/arm64/v9", false },
        { "linux/arm64/v9", "linux/arm64/v8.9", false },
        { "linux/arm64/v9.1", "linux/arm64/v9.2", true },
        { "linux/arm64", "linux/arm/v8", false },
        /* POWER and RISC-V */
        { "linux/ppc64le/power9", "linux/ppc64le", false },
        { "linux/ppc64le/power8", "linux/ppc64le", true },
        { "linux/ppc64le/power9", "linux/ppc64le/power10", true },
        { "linux/riscv64/rva22u64", "linux/riscv64", false },
        { "linux/riscv64/rva20u64", "linux/riscv64/rva22u64", true },
        { "linux/riscv64/rva", "linux/riscv64/rva22u64", false },
        /* no table: equality, and none asks for nothing */
        { "linux/mips64le", "linux/mips64le/r6", true },
        { "linux/mips64le/r6", "linux/mips64le", false },
        { "linux/mips64le/r6", "linux/mips64le/r6", true },
        { "linux/386/softfloat", "linux/386/sse2", false },
        /* nobody's platform */
        { "unknown/unknown", "unknown/unknown", false },
        { "linux/unknown", "linux/amd64", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (matches(rows[i].have, rows[i].want) != rows[i].fits)
            print_error("%s on %s\n", rows[i].have, rows[i].want);
        assert_int_equal(matches(rows[i].have, rows[i].want), rows[i].fits);
    }
}

OCI_TEST (platform, understands_aliases_in_images) {
    static const char *const rows[][2] = {
        { "x86_64", "linux/amd64" },
        { "aarch64", "linux/arm64" },
        { "armhf", "linux/arm/v7" },
        { "i386", "linux/386" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const oci_platform have = { .os = "linux", .architecture = rows[i][0] };
        OCI_AUTO(oci_platform) want = parse(rows[i][1]);

        assert_true(oci_platform_matches(&have, want));
        assert_string_equal(have.architecture, rows[i][0]);
    }
}

// proves: platform.os-features.array platform.os-features.windows-understand platform.features.reserved
// proves: platform.os-version.refuse
OCI_TEST (platform, demands_every_os_feature_and_no_other_field) {
    static const char *const win32k[] = { "win32k" }, *const both[] = { "other", "win32k" };
    oci_platform have = { .os = "windows", .architecture = "amd64", .os_features = { win32k, 1 } };
    oci_platform want = { .os = "windows", .architecture = "amd64" };

    assert_false(oci_platform_matches(&have, &want));
    want.os_features = (oci_strings) { both, 2 };
    assert_true(oci_platform_matches(&have, &want));
    have.os_features = (oci_strings) { both, 2 };
    want.os_features = (oci_strings) { win32k, 1 };
    assert_false(oci_platform_matches(&have, &want));
    have.os_features = (oci_strings) { NULL, 0 };
    have.features = (oci_strings) { both, 2 };
    have.os_version = "10.0.14393.1066";
    assert_true(oci_platform_matches(&have, &want));
}

OCI_TEST (platform, matches_nothing_when_it_is_absent_or_empty) {
    OCI_AUTO(oci_platform) want = parse("linux/amd64");
    const oci_platform empty = { .os = "", .architecture = "" }, half = { .os = "linux", .architecture = NULL };

    assert_false(oci_platform_matches(NULL, want));
    assert_false(oci_platform_matches(want, NULL));
    assert_false(oci_platform_matches(&empty, &empty));
    assert_false(oci_platform_matches(&half, want));
}

OCI_TEST (platform, knows_the_host) {
    const oci_platform *host = oci_platform_host();

    assert_string_equal(host->os, "linux");
    assert_true(oci_platform_matches(host, host));
    assert_ptr_equal(host, oci_platform_host());
}

OCI_TEST (platform, knows_machines_by_the_names_of_uname) {
    static const struct {
        const char *machine, *architecture, *variant;
    } rows[] = {
        { "aarch64", "arm64", "v8" },       { "armv7l", "arm", "v7" },  { "armv6l", "arm", "v6" },
        { "armv5tel", "arm", "v5" },        { "armv8l", "arm", "v8" },  { "i686", "386", NULL },
        { "ppc64le", "ppc64le", NULL },     { "s390x", "s390x", NULL }, { "riscv64", "riscv64", NULL },
        { "loongarch64", "loong64", NULL }, { "vax", "unknown", NULL }, { "armv9x", "unknown", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const oci_platform *p = oci_platform_of_machine(rows[i].machine);

        assert_string_equal(p->os, "linux");
        assert_string_equal(p->architecture, rows[i].architecture);
        if (rows[i].variant == NULL)
            assert_null(p->variant);
        else
            assert_string_equal(p->variant, rows[i].variant);
    }
    assert_string_equal(oci_platform_of_machine("x86_64")->architecture, "amd64");
}

OCI_TEST (platform, survives_the_lack_of_memory) {
    oci_error err = OCI_ERROR_INIT;
    oci_platform *p = NULL;

    oci_alloc_fail_at(1);
    assert_fails(OCI_E_NOMEM, &err, oci_platform_parse("linux/amd64", &p, &err));
    oci_alloc_fail_at(0);
    assert_null(p);
    oci_platform_free(NULL);
}

static void key_of(const oci_platform *p, oci_buf *out)
{
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_platform_key(p, out, &err));
}

/* Keys are the same where each fits the other. */
OCI_TEST (platform, has_a_key) {
    static const char *const texts[] = {
        "linux/amd64",
        "linux/amd64/v1",
        "linux/amd64/v2",
        "linux/amd64/odd",
        "linux/x86_64",
        "linux/arm",
        "linux/arm/v7",
        "linux/arm/v6",
        "linux/armhf",
        "linux/arm/v7.0",
        "linux/arm64",
        "linux/arm64/v8",
        "linux/arm64/v8.0",
        "linux/arm64/v8.1",
        "linux/arm64/v9",
        "linux/arm64/v9.1",
        "windows/amd64",
        "linux/ppc64le",
        "linux/ppc64le/power8",
        "linux/ppc64le/power9",
        "linux/riscv64",
        "linux/riscv64/rva",
        "linux/riscv64/rva20u64",
        "linux/s390x",
        "linux/s390x/z15",
        "linux/unknown",
        "unknown/amd64",
    };
    enum { N = sizeof texts / sizeof *texts };
    oci_platform *p[N];

    for (size_t i = 0; i < N; i++)
        p[i] = parse(texts[i]);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            OCI_AUTO_BUF oci_buf a = OCI_BUF_INIT;
            OCI_AUTO_BUF oci_buf b = OCI_BUF_INIT;
            bool same;

            key_of(p[i], &a);
            key_of(p[k], &b);
            same = a.len > 0 && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
            if (same != (oci_platform_matches(p[i], p[k]) && oci_platform_matches(p[k], p[i])))
                fail_msg("%s and %s", texts[i], texts[k]);
        }
    for (size_t i = 0; i < N; i++)
        oci_platform_free(p[i]);
}

OCI_TEST (platform, has_a_key_of_features_and_version) {
    static const char *const ab[] = { "a", "b" }, *const baa[] = { "b", "a", "a" }, *const joined[] = { "ab" };
    static const struct {
        const char *const *features;
        size_t n;
        const char *version;
        size_t like; /* the row whose key it has */
    } rows[] = {
        { NULL, 0, NULL, 0 }, { ab, 2, NULL, 1 },  { baa, 3, NULL, 1 }, { ab, 1, NULL, 3 }, { joined, 1, NULL, 4 },
        { NULL, 0, "", 5 },   { NULL, 0, "1", 6 }, { ab, 2, "1", 7 },   { baa, 2, "1", 7 },
    };
    enum { N = sizeof rows / sizeof *rows };
    oci_buf keys[N];

    for (size_t i = 0; i < N; i++) {
        const oci_platform p = { .os = "windows",
                                 .architecture = "amd64",
                                 .os_version = rows[i].version,
                                 .os_features = { rows[i].features, rows[i].n } };

        keys[i] = (oci_buf)OCI_BUF_INIT;
        key_of(&p, &keys[i]);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(rows[k].like == rows[i].like,
                             keys[i].len == keys[k].len && memcmp(keys[i].data, keys[k].data, keys[i].len) == 0);
    }
    for (size_t i = 0; i < N; i++)
        oci_buf_free(&keys[i]);
}
