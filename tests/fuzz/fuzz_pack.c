/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives written anew. An input is a tar archive or a recipe of one. What comes out is a valid layer, comes out the
 * same when it is written anew once more, and unpacks to the same tree.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/applier.h"
#include "layer/pack.h"
#include "stream/stream.h"

#include "fuzz.h"
#include "recipe.h"

enum { MAX_INPUT = 64 * 1024 };

static char top_path[64];
static int top = -1, root = -1, scratch = -1;

static void remove_world(void)
{
    FUZZ_CHECK(oci_dir_clear(top, NULL, NULL, NULL, NULL) == 0);
    FUZZ_CHECK(rmdir(top_path) == 0);
}

static void make_world(void)
{
    if (top >= 0)
        return;
    snprintf(top_path, sizeof top_path, "%s/oci-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(top_path) != NULL);
    top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(top >= 0 && mkdirat(top, "root", 0755) == 0 && mkdirat(top, "scratch", 0755) == 0);
    root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    scratch = openat(top, "scratch", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(root >= 0 && scratch >= 0);
    atexit(remove_world);
}

static const oci_limits limits = { .max_size = 1 << 20, .max_entries = 2000, .max_ratio = 2048 };

/* Unpacks the archive and writes down what the tree is. */
static int unpack(const oci_buf *tar, oci_buf *text)
{
    const oci_apply_options options = { .limits = &limits, .rootless = true, .snapshot = true };
    const struct timespec times[2] = { { 0 }, { 0 } };
    OCI_AUTO(oci_applier) a = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO(oci_writer) w = NULL;
    int result;

    FUZZ_CHECK(fchmod(root, 0755) == 0 && futimens(root, times) == 0);
    FUZZ_CHECK(oci_reader_from_memory(tar->data, tar->len, &r, NULL) == 0);
    FUZZ_CHECK(oci_writer_to_buf(text, &w, NULL) == 0);
    FUZZ_CHECK(oci_applier_new(root, &options, &a, NULL) == 0);
    result = oci_applier_apply(a, r, NULL, NULL);
    if (result == 0)
        FUZZ_CHECK(oci_applier_finish(a, NULL) == 0 && oci_applier_write_mtree(a, w, NULL) == 0);
    FUZZ_CHECK(oci_dir_clear(root, NULL, NULL, NULL, NULL) == 0);
    return result;
}

static int rewrite(const oci_buf *in, const oci_pack_options *o, oci_buf *out)
{
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;
    int result;

    FUZZ_CHECK(oci_reader_from_memory(in->data, in->len, &r, NULL) == 0);
    FUZZ_CHECK(oci_writer_to_buf(out, &w, NULL) == 0);
    result = oci_pack_tar(r, scratch, o, w, &err);
    FUZZ_CHECK(result == 0 || (err.code == result && err.msg[0] != '\0'));
    FUZZ_CHECK(result == 0 || result == OCI_E_INVALID || result == OCI_E_UNSAFE || result == OCI_E_LIMIT ||
               result == OCI_E_UNSUPPORTED);
    return result;
}

static bool equal(const oci_buf *a, const oci_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void check(const oci_buf *in, const oci_pack_options *o, bool same_owner)
{
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf again = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf before = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf after = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;

    if (rewrite(in, o, &out) < 0)
        return;
    FUZZ_CHECK(oci_reader_from_memory(out.data, out.len, &r, NULL) == 0);
    FUZZ_CHECK(oci_pack_check(r, o, NULL) == 0);
    FUZZ_CHECK(rewrite(&out, o, &again) == 0 && equal(&out, &again));
    if (same_owner && unpack(in, &before) == 0)
        FUZZ_CHECK(unpack(&out, &after) == 0 && equal(&before, &after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    oci_pack_options o = { .limits = oci_limits_resolve(&limits) };
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

    if (size > MAX_INPUT)
        return 0;
    make_world();
    if (fuzz_is_tar(data, size))
        FUZZ_CHECK(oci_buf_append(&in, data, size, NULL) == 0);
    else
        fuzz_write_layer(&in, (const char *)data, size);
    if (in.len == 0)
        return 0;
    o.set_owner = true;
    check(&in, &o, false);
    o.set_owner = false;
    for (int i = 1; i < 4; i++) {
        o.sort = (i & 1) != 0;
        o.mend = (i & 2) != 0;
        check(&in, &o, true);
    }
    return 0;
}
