/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of images, as archives or as recipes: what is read in place and what comes through a pipe is the same. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <oci-image/oci-image.h>

#include "store/layout.h"

#include "recipe.h"

/* What fits a pipe that nobody reads yet. */
enum { PIPE_MAX = 60000 };

static int see_blob(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    const oci_descriptor of = { .media_type = "a/b", .digest_text = text, .digest = *d, .size = size };
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;

    (void)err;
    oci_digest_format(d, text, sizeof text);
    oci_store_read_blob(ctx, &of, 1 << 20, &bytes, NULL);
    return 0;
}

static int see_name(void *ctx, const char *path, oci_tree_type type, oci_error *err)
{
    (void)ctx;
    (void)type;
    (void)err;
    FUZZ_CHECK(path[0] != '\0' && path[0] != '/' && strstr(path, "..") != path);
    return 0;
}

static int see_node(void *ctx, const oci_walk_node *node, oci_error *err)
{
    (void)err;
    *(size_t *)ctx += node->depth + 1;
    return 0;
}

/* Opens what fd is (closed then) and looks at all of it; *index is what was found. */
static int look(int fd, oci_buf *index)
{
    const oci_limits limits = { .max_size = 1 << 24 };
    const oci_layout_options o = { .limits = &limits, .read_only = true, .tmpdir = "/tmp" };
    oci_error err = OCI_ERROR_INIT;
    oci_layout *l = NULL;
    size_t nodes = 0;
    int r = oci_layout_open(fd, "", &o, &l, &err);

    close(fd);
    if (r < 0) {
        FUZZ_CHECK(err.code == r && err.msg[0] != '\0' && l == NULL);
        return r;
    }
    FUZZ_CHECK(oci_index_print(oci_layout_index(l), index, NULL) == 0);
    FUZZ_CHECK(oci_store_each(oci_layout_store(l), see_blob, oci_layout_store(l), &err) == 0);
    FUZZ_CHECK(oci_layout_each_name(l, see_name, NULL, &err) == 0);
    oci_walk(l, &limits, see_node, &nodes, &err);
    oci_layout_free(l);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char end[1024];
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT, first = OCI_BUF_INIT, second = OCI_BUF_INIT;
    int fd = memfd_create("archive", MFD_CLOEXEC), ends[2], r, again;

    if (fuzz_is_tar(data, size)) {
        FUZZ_CHECK(oci_buf_append(&tar, data, size, NULL) == 0);
    } else {
        fuzz_write_layer(&tar, (const char *)data, size);
        FUZZ_CHECK(oci_buf_append(&tar, end, sizeof end, NULL) == 0);
    }
    FUZZ_CHECK(fd >= 0 && write(fd, tar.data, tar.len) == (ssize_t)tar.len && lseek(fd, 0, SEEK_SET) == 0);
    r = look(fd, &first);
    if (tar.len > PIPE_MAX)
        return 0;
    FUZZ_CHECK(pipe(ends) == 0 && write(ends[1], tar.data, tar.len) == (ssize_t)tar.len);
    close(ends[1]);
    again = look(ends[0], &second);
    FUZZ_CHECK(r == again && first.len == second.len);
    FUZZ_CHECK(first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
    return 0;
}
