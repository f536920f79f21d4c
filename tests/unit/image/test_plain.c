/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of which validation says without trying that they can be applied where nothing is below. */
#include <string.h>

#include "test.h"

#include "base/buf.h"
#include "image/validation.h"
#include "layer/view.h"
#include "stream/stream.h"
#include "tar/tar.h"

enum { LAYERS = 20000, MAX_ENTRIES = 9, DEEP = 24 };

/* A few names, so that they meet; now and then one that is deep. */
static void random_name(char out[200])
{
    static const char *const names[] = { "a", "b", "l", "m" };
    unsigned n = pick(12) == 0 ? DEEP - pick(10) : 1 + pick(3);

    out[0] = '\0';
    for (const bool deep = n > 3; n > 0; n--) {
        strcat(out, deep ? "d" : names[pick(4)]);
        if (n > 1)
            strcat(out, "/");
    }
}

static void random_whiteout(char name[200])
{
    char *slash = strrchr(name, '/'), *base = slash != NULL ? slash + 1 : name, rest[200];

    strcpy(rest, base);
    strcpy(base, ".wh.");
    strcat(base, pick(3) == 0 ? ".wh..opq" : rest);
}

/* Some hard links lead to the entry before, whatever it is. */
static void add_entry(oci_tar_writer *w, char previous[200])
{
    static const char *const targets[] = { "a", "b", "/", "..", "m", "l", "a/b", "/l/a", "d/d", "none" };
    static const oci_tar_type types[] = { OCI_TAR_FILE, OCI_TAR_FILE, OCI_TAR_DIR,     OCI_TAR_DIR,
                                          OCI_TAR_DIR,  OCI_TAR_FIFO, OCI_TAR_SYMLINK, OCI_TAR_HARDLINK };
    oci_tar_entry e = { .type = types[pick(8)], .mode = 0755 };
    oci_error err = OCI_ERROR_INIT;
    char name[200], link[200];

    random_name(name);
    random_name(link);
    if (pick(3) == 0)
        strcpy(link, previous);
    if (e.type == OCI_TAR_FILE && pick(5) == 0)
        random_whiteout(name);
    if (e.type == OCI_TAR_DIR && pick(20) == 0)
        name[0] = '\0';
    e.name = name;
    e.name_len = strlen(name);
    if (e.type == OCI_TAR_SYMLINK)
        e.link = targets[pick(10)];
    else if (e.type == OCI_TAR_HARDLINK)
        e.link = link;
    assert_ok(&err, oci_tar_writer_entry(w, &e, &err));
    if (name[0] != '\0')
        strcpy(previous, name);
}

static void random_layer(oci_buf *out)
{
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;
    char previous[200] = "a";

    assert_ok(&err, oci_writer_to_buf(out, &dst, &err));
    assert_ok(&err, oci_tar_writer_new(dst, &w, &err));
    for (unsigned n = 1 + pick(MAX_ENTRIES); n > 0; n--)
        add_entry(w, previous);
    assert_ok(&err, oci_tar_writer_finish(w, &err));
    assert_ok(&err, oci_writer_finish(dst, &err));
}

static bool is_plain(const oci_buf *tar)
{
    const oci_validate_options o = { .spec = OCI_SPEC_1_1 };
    const oci_limits limits = oci_limits_resolve(NULL);
    OCI_AUTO(oci_report) report = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_layer_facts facts;
    oci_node n = { 0 };
    bool sure;

    assert_ok(&err, oci_report_new(&o, &report, &err));
    assert_ok(&err, oci_reader_from_memory(tar->data, tar->len, &r, &err));
    n.report = report;
    assert_int_equal(oci_check_layer(&n, r, &limits, true, NULL, &facts, &err), 0);
    sure = facts.is_plain && !facts.is_refused;
    oci_layer_facts_free(&facts);
    return sure;
}

static bool can_be_applied(const oci_buf *tar)
{
    OCI_AUTO(oci_view) view = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_view_new(NULL, NULL, &view, &err));
    assert_ok(&err, oci_reader_from_memory(tar->data, tar->len, &r, &err));
    return oci_view_apply(view, r, &err) == 0;
}

// proves: layer.hardlink.outside-may-fail safety.2 safety.6
OCI_TEST (plain, layers_can_be_applied) {
    unsigned plain = 0, refused = 0;

    for (unsigned i = 0; i < LAYERS; i++) {
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
        bool sure, possible;

        random_seed(i);
        random_layer(&tar);
        sure = is_plain(&tar);
        possible = can_be_applied(&tar);
        if (sure && !possible)
            print_error("seed %u\n", i);
        assert_true(possible || !sure);
        plain += sure;
        refused += !possible;
    }
    assert_in_range(plain, LAYERS / 5, LAYERS * 9 / 10);
    assert_in_range(refused, LAYERS / 50, LAYERS);
}
