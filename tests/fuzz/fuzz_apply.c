/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers against a canary. An input is a tar archive, or a recipe of layers (recipe.h).
 *
 * Whatever it is: what lies beside the root stays as it is, the two ways of resolving paths agree, and what was applied
 * has no name of a whiteout in it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "layer/applier.h"
#include "stream/stream.h"

#include "fuzz.h"
#include "recipe.h"

enum { MAX_INPUT = 64 * 1024, WITNESSES = 4 };

static char top_path[64];
static int top = -1, root = -1;
static struct stat witnesses[WITNESSES];
static const char *const witness_names[WITNESSES] = { ".", "canary", "canary/file", "canary/dir" };

/* ---- the world ---- */

static void remove_world(void)
{
    FUZZ_CHECK(oci_dir_clear(top, NULL, NULL, NULL, NULL) == 0);
    FUZZ_CHECK(rmdir(top_path) == 0);
}

static void look(struct stat out[WITNESSES])
{
    for (size_t i = 0; i < WITNESSES; i++) {
        FUZZ_CHECK(fstatat(top, witness_names[i], &out[i], AT_SYMLINK_NOFOLLOW) == 0);
        /* Reading is no change. */
        memset(&out[i].st_atim, 0, sizeof out[i].st_atim);
    }
}

static void make_world(void)
{
    int fd;

    if (top >= 0)
        return;
    snprintf(top_path, sizeof top_path, "%s/oci-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(top_path) != NULL);
    top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(top >= 0 && mkdirat(top, "canary", 0755) == 0 && mkdirat(top, "canary/dir", 0755) == 0);
    fd = openat(top, "canary/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    FUZZ_CHECK(fd >= 0 && write(fd, "precious", 8) == 8 && close(fd) == 0);
    FUZZ_CHECK(mkdirat(top, "root", 0755) == 0);
    root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(root >= 0);
    look(witnesses);
    atexit(remove_world);
}

static void check_world(void)
{
    struct stat now[WITNESSES];

    look(now);
    FUZZ_CHECK(memcmp(now, witnesses, sizeof now) == 0);
}

/* ---- applying ---- */

static int apply_bytes(oci_applier *a, const void *p, size_t n)
{
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    int result;

    FUZZ_CHECK(oci_reader_from_memory(p, n, &r, NULL) == 0);
    result = oci_applier_apply(a, r, NULL, &err);
    FUZZ_CHECK(result == 0 || (err.code == result && err.msg[0] != '\0'));
    FUZZ_CHECK(result != OCI_E_INTERNAL);
    return result;
}

static int apply_recipe(oci_applier *a, const char *text, size_t n)
{
    int r = 0;

    for (size_t at = 0; r == 0 && at < n;) {
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;

        at += fuzz_write_layer(&tar, text + at, n - at);
        r = tar.len > 0 ? apply_bytes(a, tar.data, tar.len) : 0;
    }
    return r;
}

/* A whiteout that is left keeps itself. */
static bool is_whiteout(void *ctx, const struct stat *dir, const char *name)
{
    (void)dir;
    if (strncmp(name, ".wh.", 4) == 0)
        *(bool *)ctx = true;
    return false;
}

static int apply(const uint8_t *data, size_t size, bool walk)
{
    const oci_limits limits = { .max_size = 1 << 20, .max_entries = 2000 };
    const oci_apply_options options = {
        .limits = &limits, .rootless = true, .snapshot = true, .keep_dirlinks = size % 2 == 0
    };
    OCI_AUTO(oci_applier) a = NULL;
    OCI_AUTO(oci_writer) mtree = NULL;
    bool whiteout = false;
    int r;

    FUZZ_CHECK(oci_applier_new(root, &options, &a, NULL) == 0);
    a->root.walk = walk;
    if (fuzz_is_tar(data, size))
        r = apply_bytes(a, data, size);
    else
        r = apply_recipe(a, (const char *)data, size);
    if (r == 0) {
        FUZZ_CHECK(oci_writer_to_null(&mtree, NULL) == 0);
        FUZZ_CHECK(oci_applier_write_mtree(a, mtree, NULL) == 0);
        FUZZ_CHECK(oci_applier_finish(a, NULL) == 0);
    }
    check_world();
    FUZZ_CHECK(oci_dir_clear(root, is_whiteout, &whiteout, NULL, NULL) == 0);
    FUZZ_CHECK(r < 0 || !whiteout);
    FUZZ_CHECK(fchmod(root, 0755) == 0);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_INPUT)
        return 0;
    make_world();
    FUZZ_CHECK(apply(data, size, false) == apply(data, size, true));
    return 0;
}
