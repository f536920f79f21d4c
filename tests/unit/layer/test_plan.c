/* SPDX-License-Identifier: Apache-2.0 */
/* What entries mean: the truth table. */
#include "test.h"

#include <string.h>

#include "layer/plan.h"

struct row {
    const char *name;
    oci_tar_type type;
    int result;
    oci_action action;
    const char *dir, *base;
};

static const struct row rows[] = {
    /* the root */
    { "", OCI_TAR_DIR, 0, OCI_ACTION_ROOT, "", NULL },
    { "", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { "", OCI_TAR_SYMLINK, OCI_E_INVALID, 0, NULL, NULL },
    { "", OCI_TAR_HARDLINK, OCI_E_INVALID, 0, NULL, NULL },
    { "", OCI_TAR_CHAR, OCI_E_INVALID, 0, NULL, NULL },
    { "", OCI_TAR_FIFO, OCI_E_INVALID, 0, NULL, NULL },
    /* what is put there */
    { "a", OCI_TAR_FILE, 0, OCI_ACTION_PUT, "", "a" },
    { "a/b/c", OCI_TAR_FILE, 0, OCI_ACTION_PUT, "a/b", "c" },
    { "a/b", OCI_TAR_DIR, 0, OCI_ACTION_PUT, "a", "b" },
    { "a/b", OCI_TAR_SYMLINK, 0, OCI_ACTION_PUT, "a", "b" },
    { "a/b", OCI_TAR_HARDLINK, 0, OCI_ACTION_PUT, "a", "b" },
    { "a/b", OCI_TAR_CHAR, 0, OCI_ACTION_PUT, "a", "b" },
    { "a/b", OCI_TAR_BLOCK, 0, OCI_ACTION_PUT, "a", "b" },
    { "a/b", OCI_TAR_FIFO, 0, OCI_ACTION_PUT, "a", "b" },
    /* names that only look like whiteouts */
    { ".wh", OCI_TAR_FILE, 0, OCI_ACTION_PUT, "", ".wh" },
    { "a.wh.b", OCI_TAR_FILE, 0, OCI_ACTION_PUT, "", "a.wh.b" },
    { ".WH.b", OCI_TAR_FILE, 0, OCI_ACTION_PUT, "", ".WH.b" },
    { "wh.b/.wh", OCI_TAR_DIR, 0, OCI_ACTION_PUT, "wh.b", ".wh" },
    { "..wh.b", OCI_TAR_FILE, 0, OCI_ACTION_PUT, "", "..wh.b" },
    /* whiteouts */
    { ".wh.a", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "", "a" },
    { "d/.wh.a.b", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "d", "a.b" },
    { "d/e/.wh..hidden", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "d/e", ".hidden" },
    { ".wh....", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "", "..." },
    { ".wh..wh", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "", ".wh" },
    { ".wh..whx", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "", ".whx" },
    { ".wh. ", OCI_TAR_FILE, 0, OCI_ACTION_WHITEOUT, "", " " },
    { ".wh.a", OCI_TAR_HARDLINK, 0, OCI_ACTION_WHITEOUT, "", "a" },
    { ".wh.a", OCI_TAR_SYMLINK, 0, OCI_ACTION_WHITEOUT, "", "a" },
    { ".wh.a", OCI_TAR_CHAR, 0, OCI_ACTION_WHITEOUT, "", "a" },
    /* opaque whiteouts */
    { ".wh..wh..opq", OCI_TAR_FILE, 0, OCI_ACTION_OPAQUE, "", NULL },
    { "a/b/.wh..wh..opq", OCI_TAR_FILE, 0, OCI_ACTION_OPAQUE, "a/b", NULL },
    { "a/.wh..wh..opq", OCI_TAR_HARDLINK, 0, OCI_ACTION_OPAQUE, "a", NULL },
    /* left-overs */
    { ".wh..wh..opqX", OCI_TAR_FILE, 0, OCI_ACTION_SKIP, NULL, NULL },
    { ".wh..wh.aufs", OCI_TAR_FILE, 0, OCI_ACTION_SKIP, NULL, NULL },
    { ".wh..wh.plnk", OCI_TAR_DIR, 0, OCI_ACTION_SKIP, NULL, NULL },
    { ".wh..wh.orph", OCI_TAR_DIR, 0, OCI_ACTION_SKIP, NULL, NULL },
    { ".wh..wh.plnk/12.34", OCI_TAR_FILE, 0, OCI_ACTION_SKIP, NULL, NULL },
    { ".wh..wh.plnk/.wh.", OCI_TAR_FILE, 0, OCI_ACTION_SKIP, NULL, NULL },
    { "a/.wh..wh.x", OCI_TAR_SYMLINK, 0, OCI_ACTION_SKIP, NULL, NULL },
    /* malformed ones */
    { ".wh.", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { "etc/.wh.", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { "etc/.wh.", OCI_TAR_DIR, OCI_E_INVALID, 0, NULL, NULL },
    { ".wh..", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { "a/.wh...", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { ".wh.x", OCI_TAR_DIR, OCI_E_INVALID, 0, NULL, NULL },
    { "a/.wh..wh..opq", OCI_TAR_DIR, OCI_E_INVALID, 0, NULL, NULL },
    { ".wh.x/y", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { "a/.wh.x/y/z", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { ".wh..wh..opq/x", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { ".wh./x", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    { ".wh../.wh..wh..opq", OCI_TAR_FILE, OCI_E_INVALID, 0, NULL, NULL },
    /* types nobody knows have no effect, whatever they are called */
    { "a", OCI_TAR_UNKNOWN, 0, OCI_ACTION_SKIP, NULL, NULL },
    { "", OCI_TAR_UNKNOWN, 0, OCI_ACTION_SKIP, NULL, NULL },
    { ".wh.", OCI_TAR_UNKNOWN, 0, OCI_ACTION_SKIP, NULL, NULL },
};

static void check(const struct row *row)
{
    oci_error err = OCI_ERROR_INIT;
    oci_tar_entry e = { .name = row->name, .name_len = strlen(row->name), .type = row->type };
    oci_plan plan = { .action = (oci_action)-1 };
    int r = oci_plan_entry(&e, &plan, &err);

    if (r != row->result || (r == 0 && plan.action != row->action))
        fail_msg("'%s' of type %d: %d, action %d", row->name, row->type, r, plan.action);
    if (r < 0) {
        assert_int_equal(err.code, r);
        assert_true(err.msg[0] != '\0');
        assert_int_equal(plan.action, (oci_action)-1);
        return;
    }
    if (row->dir != NULL) {
        assert_int_equal(plan.dir.len, strlen(row->dir));
        assert_memory_equal(plan.dir.data, row->dir, plan.dir.len);
    }
    if (row->base != NULL)
        assert_string_equal(plan.base, row->base);
    else
        assert_null(plan.base);
}

// proves: whiteout.name whiteout.bare-prefix whiteout.opaque.name whiteout.reserved-names safety.2 safety.7
OCI_TEST (plan, truth_table) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i]);
}
