/* SPDX-License-Identifier: Apache-2.0 */
/* Changing configurations by names and texts. */
#include "images.h"

static void check(oci_editor *e, const char *want)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    oci_config config = *oci_editor_config(e);
    oci_error err = OCI_ERROR_INIT;
    char *body;

    config.os = "linux";
    config.architecture = "amd64";
    config.rootfs_type = "layers";
    assert_ok(&err, oci_config_print(&config, &json, &err));
    body = strstr(json.data, "\"config\":");
    assert_string_equal(body != NULL ? (strstr(body, ",\"rootfs\"")[0] = '\0', body + 9) : "", want);
}

OCI_TEST (edit, sets_every_field) {
    static const char *const rows[][2] = {
        { "user", "1:2" },      { "env", "A=1" },
        { "entrypoint", "/e" }, { "entrypoint", "-x" },
        { "cmd", "c" },         { "workdir", "/w" },
        { "label", "l=1=2" },   { "volume", "/v" },
        { "expose", "80/tcp" }, { "stop-signal", "9" },
        { "author", "me" },     { "created", "2020-01-01T00:00:00Z" },
        { "os", "linux" },      { "architecture", "arm" },
        { "variant", "v7" },    { "annotation", "a=" },
    };
    oci_error err = OCI_ERROR_INIT;
    const oci_config *c;
    oci_editor *e;

    assert_ok(&err, oci_editor_new(NULL, NULL, &e, &err));
    assert_null(oci_editor_annotations(e));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_ok(&err, oci_editor_set(e, rows[i][0], rows[i][1], &err));
    c = oci_editor_config(e);
    assert_string_equal(c->os, "linux");
    assert_string_equal(c->architecture, "arm");
    assert_string_equal(c->variant, "v7");
    assert_string_equal(c->author, "me");
    assert_string_equal(c->created, "2020-01-01T00:00:00Z");
    assert_string_equal(oci_annotations_get(oci_editor_annotations(e), "a"), "");
    check(e, "{\"User\":\"1:2\",\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"A=1\"],\"Entrypoint\":[\"/e\",\"-x\"],"
             "\"Cmd\":[\"c\"],\"Volumes\":{\"/v\":{}},\"WorkingDir\":\"/"
             "w\",\"Labels\":{\"l\":\"1=2\"},\"StopSignal\":\"9\"}");
    for (size_t i = 0; oci_editor_field(i) != NULL; i++)
        assert_ok(&err, oci_editor_clear(e, oci_editor_field(i), &err));
    check(e, "");
    assert_null(oci_editor_annotations(e));
    oci_editor_free(e);
}

OCI_TEST (edit, changes_what_is_there) {
    static const char *const env[] = { "A=1", "B=2", "A=3", "C=4" }, *const words[] = { "x", "y" };
    static const oci_pair labels[] = { { "k", "v", 1, 1 }, { "m", "w", 1, 1 } };
    const oci_annotations map = { labels, 2 };
    const oci_config base = { .env = { env, 4 }, .cmd = { words, 2 }, .volumes = { words, 2 }, .labels = &map };
    oci_error err = OCI_ERROR_INIT;
    oci_editor *e;

    assert_ok(&err, oci_editor_new(&base, &map, &e, &err));
    /* An image may say a variable twice; set, it is said once, where it was first. */
    assert_ok(&err, oci_editor_set(e, "env", "A=9", &err));
    assert_ok(&err, oci_editor_set(e, "env", "D=", &err));
    assert_ok(&err, oci_editor_unset(e, "env", "C", &err));
    assert_ok(&err, oci_editor_unset(e, "env", "none", &err));
    assert_ok(&err, oci_editor_set(e, "cmd", "z", &err));
    assert_ok(&err, oci_editor_set(e, "cmd", "z", &err));
    assert_ok(&err, oci_editor_set(e, "volume", "y", &err));
    assert_ok(&err, oci_editor_unset(e, "volume", "x", &err));
    assert_ok(&err, oci_editor_set(e, "label", "k=new", &err));
    assert_ok(&err, oci_editor_unset(e, "label", "m", &err));
    assert_ok(&err, oci_editor_unset(e, "annotation", "k", &err));
    check(e,
          "{\"Env\":[\"A=9\",\"B=2\",\"D=\"],\"Cmd\":[\"z\",\"z\"],\"Volumes\":{\"y\":{}},\"Labels\":{\"k\":\"new\"}}");
    assert_string_equal(oci_annotations_get(oci_editor_annotations(e), "m"), "w");
    assert_int_equal(oci_editor_annotations(e)->count, 1);
    assert_ok(&err, oci_editor_set(e, "env", "[\"X=1\", \"X=2\"]", &err));
    assert_ok(&err, oci_editor_set(e, "cmd", "[]", &err));
    assert_ok(&err, oci_editor_set(e, "cmd", "[\"\\u005b\"]", &err));
    assert_ok(&err, oci_editor_set(e, "cmd", "b", &err));
    check(e, "{\"Env\":[\"X=2\"],\"Cmd\":[\"[\",\"b\"],\"Volumes\":{\"y\":{}},\"Labels\":{\"k\":\"new\"}}");
    /* The base is only read. */
    assert_string_equal(env[0], "A=1");
    assert_string_equal(labels[0].value, "v");
    oci_editor_free(e);
}

// proves: config.env.format
OCI_TEST (edit, refuses_what_cannot_be) {
    static const char *const rows[][2] = {
        { "env", "A" },
        { "env", "=b" },
        { "env", "[\"A\"]" },
        { "env", "[1]" },
        { "env", "[" },
        { "cmd", "[\"a\"" },
        { "cmd", "[null]" },
        { "label", "=" },
        { "expose", "x" },
        { "expose", "80/" },
        { "expose", "70000" },
        { "expose", "80/t cp" },
        { "created", "today" },
        { "volume", "" },
        { "user", "" },
        { "nothing", "x" },
        { "cmd", "[\"a\\u0000b\"]" },
    };
    oci_error err = OCI_ERROR_INIT;
    oci_editor *e;

    assert_ok(&err, oci_editor_new(NULL, NULL, &e, &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_fails(OCI_E_USAGE, &err, oci_editor_set(e, rows[i][0], rows[i][1], &err));
    assert_fails(OCI_E_USAGE, &err, oci_editor_unset(e, "user", "x", &err));
    assert_fails(OCI_E_USAGE, &err, oci_editor_unset(e, "cmd", "x", &err));
    assert_fails(OCI_E_USAGE, &err, oci_editor_unset(e, "nothing", "x", &err));
    assert_fails(OCI_E_USAGE, &err, oci_editor_clear(e, "nothing", &err));
    oci_editor_free(e);
}

OCI_TEST (edit, survives_every_failed_allocation) {
    int failed = 1;

    for (unsigned long n = 1; failed; n++) {
        oci_error err = OCI_ERROR_INIT;
        oci_editor *e = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = oci_editor_new(NULL, NULL, &e, &err);
        if (r == 0)
            r = oci_editor_set(e, "env", "[\"A=1\",\"B=2\"]", &err);
        if (r == 0)
            r = oci_editor_set(e, "label", "a=b", &err);
        if (r == 0)
            r = oci_editor_set(e, "user", "u", &err);
        oci_editor_free(e);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
    }
}
