/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of index.json: whole, together, and beside those of others. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layouts.h"

#define HEX_A            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HEX_B            "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define HEX_C            "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"
#define ENTRY(hex, more) "{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"sha256:" hex "\",\"size\":1" more "}"

static const char digest_a[] = "sha256:" HEX_A, digest_b[] = "sha256:" HEX_B, digest_c[] = "sha256:" HEX_C;

/* What is asked of a transaction: name (NULL: none) and digest (NULL: delete). */
struct ask {
    const char *name, *digest;
};

static int commit(oci_layout *l, const struct ask *asks, size_t n, oci_error *err)
{
    OCI_AUTO(oci_txn) t = NULL;
    int r = oci_txn_begin(l, &t, err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (asks[i].digest == NULL) {
            r = oci_txn_delete_ref(t, asks[i].name, err);
        } else {
            oci_descriptor d = descriptor_of(asks[i].digest, 1);

            r = oci_txn_set_ref(t, asks[i].name, &d, err);
        }
    }
    return r == 0 ? oci_txn_commit(oci_steal(&t), err) : r;
}

/* "name=hex digits of the digest" of each entry. */
static void list(const oci_index *index, char out[512])
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < index->n_manifests; i++) {
        const char *name = oci_annotations_get(index->manifests[i]->annotations, OCI_ANNOTATION_REF_NAME);

        at += snprintf(out + at, 512 - at, "%s%s=%.2s", i > 0 ? " " : "", name != NULL ? name : "",
                       strchr(index->manifests[i]->digest_text, ':') + 1);
    }
}

static void assert_index(int dir, const char *expected)
{
    oci_layout *l = layout_of(dir);
    char text[512];

    list(oci_layout_index(l), text);
    assert_string_equal(text, expected);
    oci_layout_free(l);
}

// proves: safety.19
OCI_TEST (txn, carries_out_what_was_asked) {
    static const char *const v1_a = ENTRY(HEX_A, NAMED("v1")), *const v2_b = ENTRY(HEX_B, NAMED("v2")),
                             *const v1_b = ENTRY(HEX_B, NAMED("v1")), *const v1_c = ENTRY(HEX_C, NAMED("v1")),
                             *const a = ENTRY(HEX_A, "");
    const struct {
        const char *before[3];
        struct ask asks[3];
        size_t n;
        const char *after;
    } rows[] = {
        /* A new name is the last. */
        { { v1_a }, { { "v2", digest_b } }, 1, "v1=ca v2=3e" },
        /* A name that is there keeps its place. */
        { { v1_a, v2_b }, { { "v1", digest_c } }, 1, "v1=2e v2=3e" },
        /* Several entries of a name become one. */
        { { v1_a, v2_b, v1_c }, { { "v1", digest_b } }, 1, "v1=3e v2=3e" },
        /* An entry without name is there once for each digest, and names do not matter to it. */
        { { v1_a }, { { NULL, digest_a } }, 1, "v1=ca =ca" },
        { { a, v2_b }, { { NULL, digest_a } }, 1, "=ca v2=3e" },
        { { a }, { { NULL, digest_b } }, 1, "=ca =3e" },
        /* Deleting takes all of a name and leaves the others. */
        { { v1_a, v2_b, v1_b }, { { "v1", NULL } }, 1, "v2=3e" },
        /* In the order in which it was asked. */
        { { v1_a }, { { "v1", NULL }, { "v1", digest_b }, { "v2", digest_c } }, 3, "v1=3e v2=2e" },
        { { v1_a }, { { "v2", digest_b }, { "v2", digest_c }, { "v1", NULL } }, 3, "v2=2e" },
        { { v1_a }, { { "v1", digest_a } }, 0, "v1=ca" },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int dir = layout_dir_new();
        OCI_AUTO_BUF oci_buf entries = OCI_BUF_INIT;
        OCI_AUTO(oci_layout) l = NULL;
        char text[512];

        for (size_t k = 0; k < 3 && rows[i].before[k] != NULL; k++)
            assert_ok(&err, oci_buf_printf(&entries, &err, "%s%s", k > 0 ? "," : "", rows[i].before[k]));
        index_write(dir, "%s", entries.data);
        l = layout_of(dir);
        assert_ok(&err, commit(l, rows[i].asks, rows[i].n, &err));
        list(oci_layout_index(l), text);
        assert_string_equal(text, rows[i].after);
        assert_index(dir, rows[i].after);
        scratch_free(dir);
    }
}

OCI_TEST (txn, that_fails_or_is_aborted_changes_nothing) {
    const struct ask set_and_delete[] = { { "v2", digest_b }, { "none", NULL } }, malformed = { "no name!", digest_b };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), fds = count_fds(), entries;
    oci_descriptor d = descriptor_of(digest_b, 1);
    OCI_AUTO_BUF oci_buf before = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf after = OCI_BUF_INIT;
    oci_layout *l;
    oci_txn *t;

    index_write(dir, "%s", ENTRY(HEX_A, NAMED("v1")));
    file_read(dir, "index.json", &before);
    entries = count_entries(dir);
    l = layout_of(dir);
    assert_fails(OCI_E_NOT_FOUND, &err, commit(l, set_and_delete, 2, &err));
    assert_says(&err, "none");
    assert_fails(OCI_E_USAGE, &err, commit(l, &malformed, 1, &err));
    assert_ok(&err, oci_txn_begin(l, &t, &err));
    assert_ok(&err, oci_txn_set_ref(t, "v2", &d, &err));
    oci_txn_abort(t);
    oci_txn_abort(NULL);
    assert_int_equal(oci_layout_index(l)->n_manifests, 1);
    oci_layout_free(l);
    file_read(dir, "index.json", &after);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    assert_int_equal(count_entries(dir), entries);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

OCI_TEST (txn, fails_when_a_name_is_not_what_was_expected) {
    static const struct {
        const char *name, *expect; /* NULL: nothing */
        int code;
    } rows[] = {
        { "v1", digest_a, 0 },
        { "v1", digest_b, OCI_E_CONFLICT },
        { "v1", NULL, OCI_E_CONFLICT },
        { "v9", digest_a, OCI_E_CONFLICT },
        { "v9", NULL, 0 },
        { "odd", NULL, OCI_E_CONFLICT },
        { "odd", digest_a, OCI_E_CONFLICT },
    };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;

    index_write(dir, "%s,%s", ENTRY(HEX_A, NAMED("v1")),
                "{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"blake9:abc\",\"size\":1" NAMED("odd") "}");
    l = layout_of(dir);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        oci_descriptor d = descriptor_of(digest_c, 1);
        oci_digest old;
        oci_txn *t;

        if (rows[i].expect != NULL)
            assert_ok(&err, oci_digest_parse(rows[i].expect, strlen(rows[i].expect), &old, &err));
        assert_ok(&err, oci_txn_begin(l, &t, &err));
        assert_ok(&err, oci_txn_expect(t, rows[i].name, rows[i].expect != NULL ? &old : NULL, &err));
        assert_ok(&err, oci_txn_set_ref(t, "new", &d, &err));
        if (rows[i].code == 0)
            assert_ok(&err, oci_txn_commit(t, &err));
        else
            assert_fails(rows[i].code, &err, oci_txn_commit(t, &err));
    }
    assert_index(dir, "v1=ca odd=ab new=2e");
    scratch_free(dir);
}

OCI_TEST (txn, keeps_what_it_does_not_know) {
    static const char index[] = "{\"schemaVersion\":2,\"x.big\":9223372036854775807,\"manifests\":["
                                "{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"sha256:" HEX_A
                                "\",\"size\":1,\"x.odd\":[1.50e+02,null,\"\\u20ac\"]"
                                ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\",\"a\":\"b\"}}]"
                                ",\"annotations\":{\"x\":\"y\"},\"x.more\":{\"k\":-0.0}}";
    static const char *const kept[] = { "9223372036854775807", "1.50e+02", "-0.0", "\"x\":\"y\"", "\"a\":\"b\"" };
    const struct ask ask = { "v2", digest_b };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO_BUF oci_buf after = OCI_BUF_INIT;
    OCI_AUTO(oci_layout) l = NULL;

    file_write(dir, "index.json", index, sizeof index - 1);
    l = layout_of(dir);
    assert_ok(&err, commit(l, &ask, 1, &err));
    assert_index(dir, "v1=ca v2=3e");
    file_read(dir, "index.json", &after);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (strstr(after.data, kept[i]) == NULL)
            fail_msg("%s is gone: %s", kept[i], after.data);
    scratch_free(dir);
}

OCI_TEST (txn, gives_an_entry_its_new_name_alone) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;
    oci_txn *t;

    index_write(dir, "%s",
                ENTRY(HEX_A, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\"},\"annotations\":{\"a\":\"b\","
                             "\"org.opencontainers.image.ref.name\":\"v1\"}"));
    l = layout_of(dir);
    assert_ok(&err, oci_txn_begin(l, &t, &err));
    assert_ok(&err, oci_txn_set_ref(t, "v2", oci_layout_index(l)->manifests[0], &err));
    assert_ok(&err, oci_txn_set_ref(t, NULL, oci_layout_index(l)->manifests[0], &err));
    assert_ok(&err, oci_txn_commit(t, &err));
    assert_index(dir, "v1=ca v2=ca =ca");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(oci_annotations_get(oci_layout_index(l)->manifests[i]->annotations, "a"), "b");
        assert_string_equal(oci_layout_index(l)->manifests[i]->platform->architecture, "arm");
    }
    scratch_free(dir);
}

OCI_TEST (txn, leaves_what_containerd_calls_it_to_the_old_name) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;
    const oci_descriptor *const *entries;
    oci_txn *t;

    index_write(dir, "%s",
                ENTRY(HEX_A, ",\"annotations\":{\"io.containerd.image.name\":\"x/y:v1\","
                             "\"org.opencontainers.image.ref.name\":\"v1\"}"));
    l = layout_of(dir);
    assert_ok(&err, oci_txn_begin(l, &t, &err));
    assert_ok(&err, oci_txn_set_ref(t, "v2", oci_layout_index(l)->manifests[0], &err));
    assert_ok(&err, oci_txn_set_ref(t, "v1", oci_layout_index(l)->manifests[0], &err));
    assert_ok(&err, oci_txn_commit(t, &err));
    entries = oci_layout_index(l)->manifests;
    assert_string_equal(oci_annotations_get(entries[0]->annotations, OCI_ANNOTATION_CONTAINERD_NAME), "x/y:v1");
    assert_null(oci_annotations_get(entries[1]->annotations, OCI_ANNOTATION_CONTAINERD_NAME));
    scratch_free(dir);
}

OCI_TEST (txn, deletes_entries_by_digest) {
    static const struct {
        const char *name, *digest, *after; /* NULL: not found */
    } rows[] = {
        { "v1", digest_b, "v1=ca =ca =3e" },
        { "v1", digest_c, NULL },
        { NULL, digest_a, "v1=ca v1=3e =3e" },
        { NULL, digest_c, NULL },
        { "v2", digest_a, NULL },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int dir = layout_dir_new();
        OCI_AUTO(oci_layout) l = NULL;
        oci_txn *t;

        index_write(dir, "%s,%s,%s,%s", ENTRY(HEX_A, NAMED("v1")), ENTRY(HEX_B, NAMED("v1")), ENTRY(HEX_A, ""),
                    ENTRY(HEX_B, ""));
        l = layout_of(dir);
        assert_ok(&err, oci_txn_begin(l, &t, &err));
        assert_ok(&err, oci_txn_delete_entry(t, rows[i].name, rows[i].digest, &err));
        if (rows[i].after != NULL)
            assert_ok(&err, oci_txn_commit(t, &err));
        else
            assert_fails(OCI_E_NOT_FOUND, &err, oci_txn_commit(t, &err));
        assert_index(dir, rows[i].after != NULL ? rows[i].after : "v1=ca v1=3e =ca =3e");
        scratch_free(dir);
    }
}

/* What is resolved after the beginning will be there at the end. */
OCI_TEST (txn, begins_with_the_index_as_it_is_now) {
    const struct ask one = { "v1", digest_a };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) first = layout_of(dir);
    OCI_AUTO(oci_layout) second = layout_of(dir);
    oci_txn *t;

    assert_ok(&err, commit(first, &one, 1, &err));
    assert_ok(&err, oci_txn_begin(second, &t, &err));
    assert_int_equal(oci_layout_index(second)->n_manifests, 1);
    oci_txn_abort(t);
    scratch_free(dir);
}

// proves: safety.12
OCI_TEST (txn, compares_names_with_their_length) {
    const struct ask set = { "v1", digest_b }, delete = { "v1", NULL };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;

    index_write(dir, "%s", ENTRY(HEX_A, NAMED("v1\\u0000evil")));
    l = layout_of(dir);
    assert_fails(OCI_E_NOT_FOUND, &err, commit(l, &delete, 1, &err));
    assert_ok(&err, commit(l, &set, 1, &err));
    assert_int_equal(oci_layout_index(l)->n_manifests, 2);
    assert_ok(&err, commit(l, &delete, 1, &err));
    assert_int_equal(oci_layout_index(l)->n_manifests, 1);
    scratch_free(dir);
}

// proves: safety.19
OCI_TEST (txn, sees_what_others_have_done_since) {
    const struct ask one = { "v1", digest_a }, two = { "v2", digest_b };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) first = layout_of(dir);
    OCI_AUTO(oci_layout) second = layout_of(dir);

    assert_ok(&err, commit(first, &one, 1, &err));
    assert_int_equal(oci_layout_index(second)->n_manifests, 0);
    assert_ok(&err, commit(second, &two, 1, &err));
    assert_int_equal(oci_layout_index(second)->n_manifests, 2);
    assert_index(dir, "v1=ca v2=3e");
    scratch_free(dir);
}

OCI_TEST (txn, damage_since_opening_is_not_written_over) {
    const struct ask one = { "v1", digest_a };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO_BUF oci_buf after = OCI_BUF_INIT;

    file_write(dir, "index.json", "{\"broken", 8);
    assert_fails(OCI_E_INVALID, &err, commit(l, &one, 1, &err));
    file_read(dir, "index.json", &after);
    assert_string_equal(after.data, "{\"broken");
    scratch_free(dir);
}

OCI_TEST (txn, is_refused_for_reading_only) {
    const oci_layout_options o = { .read_only = true };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct blob b = blob_put(dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO(oci_layout) l = NULL;
    oci_txn *t = NULL;

    assert_ok(&err, oci_layout_open(dir, ".", &o, &l, &err));
    assert_fails(OCI_E_PERM, &err, oci_txn_begin(l, &t, &err));
    assert_fails(OCI_E_PERM, &err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "x", 1, NULL, &err));
    assert_fails(OCI_E_PERM, &err, oci_store_delete_blob(oci_layout_store(l), &d.digest, &err));
    assert_true(exists(dir, b.path));
    scratch_free(dir);
}

/* ---- at once ---- */

enum { PROCESSES = 8, TAGS = 20 };

static int write_tags(int dir, int process)
{
    const oci_layout_options o = { .fsync = OCI_FSYNC_NONE };
    oci_error err = OCI_ERROR_INIT;
    oci_layout *l = NULL;
    int r = oci_layout_open(dir, ".", &o, &l, &err);

    for (int i = 0; r == 0 && i < TAGS; i++) {
        char name[32];
        struct ask ask = { name, digest_a };

        snprintf(name, sizeof name, "p%d.t%d", process, i);
        r = commit(l, &ask, 1, &err);
    }
    oci_layout_free(l);
    if (r < 0)
        print_error("%s\n", err.msg);
    return r != 0;
}

// proves: safety.19
OCI_TEST (txn, of_many_processes_loses_nothing) {
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;
    pid_t children[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(write_tags(dir, i));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    l = layout_of(dir);
    assert_int_equal(oci_layout_index(l)->n_manifests, PROCESSES * TAGS);
    for (int i = 0; i < PROCESSES * TAGS; i++) {
        char name[32];
        bool found = false;

        snprintf(name, sizeof name, "p%d.t%d", i / TAGS, i % TAGS);
        for (size_t k = 0; k < PROCESSES * TAGS && !found; k++)
            found = strcmp(oci_annotations_get(oci_layout_index(l)->manifests[k]->annotations, OCI_ANNOTATION_REF_NAME),
                           name) == 0;
        assert_true(found);
    }
    scratch_free(dir);
}

OCI_TEST (txn, without_memory_changes_nothing) {
    const struct ask ask = { "v2", digest_b };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), failed = 1;
    OCI_AUTO(oci_layout) l = NULL;

    index_write(dir, "%s", ENTRY(HEX_A, NAMED("v1")));
    l = layout_of(dir);
    for (unsigned long n = 1; failed; n++) {
        int r;

        oci_alloc_fail_at(n);
        r = commit(l, &ask, 1, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        assert_index(dir, failed ? "v1=ca" : "v1=ca v2=3e");
    }
    scratch_free(dir);
}
