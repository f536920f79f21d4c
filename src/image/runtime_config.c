/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json without a bundle. The names of users are in files of the image: where no root file system is given, they
 * are found in the merged view of the layers, which costs one pass over all of them and one over a layer with such a
 * file. An image whose user is given in numbers is not read at all.
 */
#include <oci-image/unpack.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "image.h"
#include "layer/view.h"
#include "layers.h"

struct lookup {
    oci_image *image;
    const oci_events *events;
    oci_view *view; /* NULL until it is needed */
};

static int view_layer(void *ctx, oci_reader *tar, oci_error *err)
{
    return oci_view_apply(ctx, tar, err);
}

static int make_view(struct lookup *l, oci_error *err)
{
    OCI_AUTO(oci_view) view = NULL;
    oci_layers_use use = { .events = l->events, .use = view_layer };
    int r = oci_view_new(&l->image->limits, l->events, &view, err);

    use.ctx = view;
    if (r == 0)
        r = oci_image_use_layers(l->image, &use, err);
    if (r == 0)
        l->view = oci_steal(&view);
    return r;
}

/* One entry of a layer. */
struct taking {
    const oci_events *events;
    uint64_t entry;
    oci_buf *out;
};

static int take_content(oci_tar_reader *t, oci_buf *out, oci_error *err)
{
    static const char zeros[4096];
    size_t start = out->len;
    uint64_t offset;
    oci_span piece;
    int r;

    while ((r = oci_tar_reader_data(t, &piece, &offset, err)) == 0 && piece.len > 0) {
        while (r == 0 && out->len - start < offset) {
            uint64_t gap = offset - (out->len - start);

            r = oci_buf_append(out, zeros, gap < sizeof zeros ? (size_t)gap : sizeof zeros, err);
        }
        if (r == 0)
            r = oci_buf_append(out, piece.data, piece.len, err);
        if (r < 0)
            return r;
    }
    return r;
}

/* The whole layer is read, because only its end proves that the content is right. */
static int take_entry(void *ctx, oci_reader *tar, oci_error *err)
{
    const struct taking *want = ctx;
    OCI_AUTO(oci_tar_reader) t = NULL;
    const oci_tar_entry *e;
    int r = oci_tar_reader_new(tar, want->events, &t, err);

    if (r < 0)
        return r;
    for (uint64_t n = 0; (r = oci_tar_reader_next(t, &e, err)) > 0; n++) {
        r = n == want->entry ? take_content(t, want->out, err) : 0;
        if (r < 0)
            return r;
    }
    return r;
}

static int read_from_layers(void *ctx, const char *path, uint64_t limit, oci_buf *out, oci_error *err)
{
    struct lookup *l = ctx;
    /* Holes at the end are not worth their zeros: no line of text is in them. */
    OCI_AUTO_BUF oci_buf content = { .limit = (size_t)limit };
    struct taking want = { .events = l->events, .out = &content };
    const oci_layers_use use = { .events = l->events, .use = take_entry, .ctx = &want };
    oci_view_file file;
    int r = l->view == NULL ? make_view(l, err) : 0;

    if (r == 0)
        r = oci_view_find(l->view, path, &file, err);
    if (r < 0)
        return r;
    if (file.size > limit)
        return oci_fail(err, OCI_E_LIMIT, "/%s of the image is larger than %llu bytes", path,
                        (unsigned long long)limit);
    want.entry = file.entry;
    r = oci_image_use_layer(l->image, file.layer, &use, err);
    return r < 0 ? r : oci_buf_append(out, content.data, content.len, err);
}

int oci_runtime_config(oci_image *i, int rootfd, const oci_bundle_options *o, oci_buf *json, oci_error *err)
{
    struct lookup lookup = { .image = i };
    const oci_bundle_files files = { .ctx = &lookup, .read = read_from_layers };
    oci_bundle_options full = { 0 };
    int r;

    if (o != NULL)
        full = *o;
    full.rootless = full.rootless || geteuid() != 0;
    full.files = &files;
    lookup.events = full.events;
    r = oci_bundle_config(i->config, rootfd, &full, json, err);
    oci_view_free(lookup.view);
    return r;
}
