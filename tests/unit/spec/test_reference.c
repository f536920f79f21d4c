/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "spec/spec.h"

#include "test.h"

#define HEX    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define DIGEST "sha256:" HEX

static bool is_one_of(void *ctx, const char *path)
{
    for (const char *const *there = ctx; *there != NULL; there++)
        if (strcmp(*there, path) == 0)
            return true;
    return false;
}

static void assert_text(const char *want, const char *got)
{
    if (want == NULL)
        assert_null(got);
    else
        assert_string_equal(want, got);
}

OCI_TEST (reference, splits_what_users_type) {
    static const struct {
        const char *text;
        oci_transport transport;
        const char *path, *name, *digest;
    } rows[] = {
        { "img", OCI_TRANSPORT_ANY, "img", NULL, NULL },
        { "./a/b", OCI_TRANSPORT_ANY, "./a/b", NULL, NULL },
        { "img:v1", OCI_TRANSPORT_ANY, "img", "v1", NULL },
        { "oci:img", OCI_TRANSPORT_OCI, "img", NULL, NULL },
        { "oci:img:v1", OCI_TRANSPORT_OCI, "img", "v1", NULL },
        { "oci-archive:x.tar:v1", OCI_TRANSPORT_OCI_ARCHIVE, "x.tar", "v1", NULL },
        { "docker-archive:x.tar", OCI_TRANSPORT_DOCKER_ARCHIVE, "x.tar", NULL, NULL },
        { "oci:img:docker.io/library/busybox:1.36", OCI_TRANSPORT_OCI, "img", "docker.io/library/busybox:1.36", NULL },
        { "img@" DIGEST, OCI_TRANSPORT_ANY, "img", NULL, DIGEST },
        { "img:v1@" DIGEST, OCI_TRANSPORT_ANY, "img", "v1", DIGEST },
        { "img:host:5000/x/y:v1@" DIGEST, OCI_TRANSPORT_ANY, "img", "host:5000/x/y:v1", DIGEST },
        { "img:me@home@" DIGEST, OCI_TRANSPORT_ANY, "img", "me@home", DIGEST },
        { "img@blake9+x:abc", OCI_TRANSPORT_ANY, "img", NULL, "blake9+x:abc" },
        { "/a@b/img", OCI_TRANSPORT_ANY, "/a@b/img", NULL, NULL },
        { "/a@b/img:v1", OCI_TRANSPORT_ANY, "/a@b/img", "v1", NULL },
        { "/a@b/img:v1@" DIGEST, OCI_TRANSPORT_ANY, "/a@b/img", "v1", DIGEST },
        { "-", OCI_TRANSPORT_ANY, "-", NULL, NULL },
        { "-:v1", OCI_TRANSPORT_ANY, "-", "v1", NULL },
        { "docker-archive:-", OCI_TRANSPORT_DOCKER_ARCHIVE, "-", NULL, NULL },
        { "oci", OCI_TRANSPORT_ANY, "oci", NULL, NULL },
        { "OCI:img", OCI_TRANSPORT_ANY, "OCI", "img", NULL },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OCI_AUTO(oci_reference) ref = NULL;

        assert_ok(&err, oci_reference_parse(rows[i].text, NULL, NULL, &ref, &err));
        assert_int_equal(ref->transport, rows[i].transport);
        assert_text(rows[i].path, ref->path);
        assert_text(rows[i].name, ref->name);
        assert_text(rows[i].digest, ref->digest);
    }
}

// proves: digest.grammar digest.sha256.no-uppercase digest.sha256.encoded
OCI_TEST (reference, refuses_what_lacks_a_part) {
    static const char *const rows[] = {
        "",
        ":",
        ":v1",
        "img:",
        "oci:",
        "oci::v1",
        "oci:img:",
        "@" DIGEST,
        "img@",
        "img:@" DIGEST,
        "img:v1@",
        "img@v1",
        "img:v1@home",
        "img@sha256:abc",
        "img@sha256:" HEX "0",
        "img@SHA256:" HEX,
        "img@sha256:" HEX "\n",
        "img@sha256:ab/cd",
        "img@" DIGEST ":v1",
        "img@sha256:44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A",
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        oci_reference *ref = NULL;

        assert_fails(OCI_E_USAGE, &err, oci_reference_parse(rows[i], NULL, NULL, &ref, &err));
        assert_null(ref);
    }
}

OCI_TEST (reference, takes_the_whole_for_the_path_when_it_exists) {
    static const char *there[] = { "img:v1", "a@b", "oci:odd", "x:y@" DIGEST, NULL };
    static const struct {
        const char *text;
        oci_transport transport;
        const char *path, *name;
    } rows[] = {
        { "img:v1", OCI_TRANSPORT_ANY, "img:v1", NULL },   { "oci:img:v1", OCI_TRANSPORT_OCI, "img:v1", NULL },
        { "oci:img:v2", OCI_TRANSPORT_OCI, "img", "v2" },  { "a@b", OCI_TRANSPORT_ANY, "a@b", NULL },
        { "oci:odd", OCI_TRANSPORT_ANY, "oci:odd", NULL }, { "x:y@" DIGEST, OCI_TRANSPORT_ANY, "x:y@" DIGEST, NULL },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OCI_AUTO(oci_reference) ref = NULL;

        assert_ok(&err, oci_reference_parse(rows[i].text, is_one_of, there, &ref, &err));
        assert_int_equal(ref->transport, rows[i].transport);
        assert_text(rows[i].path, ref->path);
        assert_text(rows[i].name, ref->name);
        assert_null(ref->digest);
    }
}

OCI_TEST (reference, survives_the_lack_of_memory) {
    oci_error err = OCI_ERROR_INIT;

    for (unsigned long n = 1;; n++) {
        OCI_AUTO(oci_reference) ref = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = oci_reference_parse("oci:img:v1@" DIGEST, NULL, NULL, &ref, &err);
        if (!oci_alloc_failed()) {
            oci_alloc_fail_at(0);
            assert_int_equal(r, 0);
            assert_true(n > 4);
            return;
        }
        oci_alloc_fail_at(0);
        assert_int_equal(r, OCI_E_NOMEM);
        assert_null(ref);
    }
}

// proves: annotations.ref-name.grammar annotations.ref-name.charset
OCI_TEST (reference, knows_the_grammar_of_names) {
    static const char *const good[] = {
        "a", "v1", "1.0", "a--b", "a/b", "host:5000/x/y:v1@sha256:ab", "a+b", "a_b", "A/B.c-d",
    };
    static const char *const bad[] = {
        "", "a//b", "-a", "a/", "/a", "a..b", "a---b", "a-", "a--", "v1 beta", "a\n", "\xc3\xa4", "a-.b", "a/-b", "a#b",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(oci_ref_name_is_wellformed(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (oci_ref_name_is_wellformed(bad[i]))
            print_error("accepted '%s'\n", bad[i]);
        assert_false(oci_ref_name_is_wellformed(bad[i]));
    }
}

OCI_TEST (reference, names_of_docker_mean_the_same) {
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "busybox", "docker.io/library/busybox:latest", true },
        { "busybox:1", "index.docker.io/library/busybox:1", true },
        { "a/b", "docker.io/a/b:latest", true },
        { "localhost/a", "localhost/a:latest", true },
        { "localhost:5000/a:1", "localhost:5000/a:1", true },
        { "localhost:5000/a", "localhost:5000/a:latest", true },
        { "busybox", "busybox:1", false },
        { "a/b", "b", false },
        { "localhost/a", "a", false },
        { "ghcr.io/a", "a", false },
        { "library/a/b", "a/b", false },
        { "host:5000/library/a", "host:5000/a", false },
        { "", "", true },
        { "/", "a", false },
        { ":", "a", false },
        { "library/", "library/", true },
        { ".io/", ".io/", true },
        { "a:b/c:d", "a:b/c:d", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (oci_is_same_docker_name(rows[i].a, rows[i].b) != rows[i].same ||
            oci_is_same_docker_name(rows[i].b, rows[i].a) != rows[i].same)
            fail_msg("'%s' and '%s'", rows[i].a, rows[i].b);
    }
}

OCI_TEST (reference, makes_dockers_of_names) {
    static const char *const rows[][2] = {
        { "app", "docker.io/library/app:latest" },
        { "app:v1", "docker.io/library/app:v1" },
        { "a/b", "docker.io/a/b:latest" },
        { "docker.io/app", "docker.io/library/app:latest" },
        { "docker.io/a/b:1", "docker.io/a/b:1" },
        { "index.docker.io/app:1", "docker.io/library/app:1" },
        { "localhost/app", "localhost/app:latest" },
        { "h:5000/app", "h:5000/app:latest" },
        { "Host/app", "Host/app:latest" },
        { "a.example/b/c_d/e__f/g---h.i:V.1-x_", "a.example/b/c_d/e__f/g---h.i:V.1-x_" },
        { "local/host", "docker.io/local/host:latest" },
    };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(oci_docker_reference(rows[i][0], &out, &err), 0);
        assert_string_equal(out.data, rows[i][1]);
    }
}

OCI_TEST (reference, refuses_what_docker_has_no_name_for) {
    char longest[300], tag[140] = "a:";
    const char *const names[] = { "",     "App",  "a//b",   "a/",   "/a",        ":1",    "a:", "a:-x",  "a:b:c",
                                  "a b",  "a._b", "a___b",  "a.",   "-a",        "a@b",   HEX,  "h:x/a", "h:/a",
                                  "a..b", ".h/a", "h..e/a", "h./a", "a@" DIGEST, longest, tag,  "a\xff", "a/B" };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memset(tag + 2, 't', 129);
    tag[131] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_fails(OCI_E_USAGE, &err, oci_docker_reference(names[i], &out, &err));
}
