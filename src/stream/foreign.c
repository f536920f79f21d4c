/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bzip2, xz and lz4 by the filters of libarchive, which is given one filter and the format "raw" and so can do nothing
 * but that: it opens no file, starts no program and looks into no archive.
 */
#include "foreign.h"

#include <archive.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/fail.h"
#include "base/library.h"
#include "codec.h"

#define FUNCTIONS(F)                                                                                                   \
    F(archive_read_new)                                                                                                \
    F(archive_read_support_format_raw)                                                                                 \
    F(archive_read_support_format_empty)                                                                               \
    F(archive_read_support_filter_bzip2)                                                                               \
    F(archive_read_support_filter_xz)                                                                                  \
    F(archive_read_support_filter_lz4)                                                                                 \
    F(archive_read_open)                                                                                               \
    F(archive_read_next_header)                                                                                        \
    F(archive_read_data)                                                                                               \
    F(archive_read_free)                                                                                               \
    F(archive_filter_count)                                                                                            \
    F(archive_filter_bytes)                                                                                            \
    F(archive_error_string)                                                                                            \
    F(archive_errno)                                                                                                   \
    F(archive_set_error)
OCI_LIBRARY(libarchive, "libarchive", OCI_LIBARCHIVE_NAME, FUNCTIONS)

static const struct kind {
    const char *name;
    size_t len;
    const char *magic;
} kinds[] = {
    { "bzip2", 10, "BZh91AY&SY" },
    { "bzip2", 10, "BZh9\x17rE8P\x90" }, /* of nothing */
    { "xz", 6, "\xfd\x37zXZ" },
    { "lz4", 4, "\x04\x22\x4d\x18" },
};

enum { LEVEL_OF_BZIP2 = 3 /* the byte of the magic number that is a digit from 1 to 9 */ };

static bool begins(const struct kind *k, oci_span head)
{
    const char *p = head.data;
    bool digit = strcmp(k->name, "bzip2") == 0;

    if (head.len < k->len || (digit && (p[LEVEL_OF_BZIP2] < '1' || p[LEVEL_OF_BZIP2] > '9')))
        return false;
    for (size_t i = 0; i < k->len; i++)
        if (p[i] != k->magic[i] && !(digit && i == LEVEL_OF_BZIP2))
            return false;
    return true;
}

const char *oci_foreign_name(oci_span head)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (begins(&kinds[i], head))
            return kinds[i].name;
    return NULL;
}

struct foreign_reader {
    oci_reader r;
    oci_reader *src;
    const char *name;
    uint32_t max_ratio;
    struct archive *archive;
    bool begun;
    bool src_failed;
    oci_error src_error;
    uint64_t produced;
    unsigned char chunk[OCI_STREAM_CHUNK];
};

/* ---- what libarchive calls ---- */

static la_ssize_t read_source(struct archive *a, void *ctx, const void **out)
{
    struct foreign_reader *f = ctx;
    oci_span span;
    int r = oci_reader_next(f->src, &span, &f->src_error);

    if (r < 0) {
        f->src_failed = true;
        libarchive.archive_set_error(a, EIO, "the source failed");
        return ARCHIVE_FATAL;
    }
    *out = span.data;
    return (la_ssize_t)span.len;
}

/* ---- the stage ---- */

static int fail_data(const struct foreign_reader *f, oci_error *err)
{
    const char *text = libarchive.archive_error_string(f->archive);

    if (f->src_failed) {
        *err = f->src_error;
        return f->src_error.code;
    }
    if (libarchive.archive_errno(f->archive) == ENOMEM)
        return oci_fail_nomem(err);
    return oci_fail(err, OCI_E_INVALID, "%s data: %s", f->name, text != NULL ? text : "damaged or cut off");
}

/* 1 when there is data, 0 when there is none at all. */
static int begin(struct foreign_reader *f, oci_error *err)
{
    struct archive_entry *entry;
    int r = libarchive.archive_read_open(f->archive, f, NULL, read_source, NULL);

    f->begun = true;
    if (r == ARCHIVE_OK)
        r = libarchive.archive_read_next_header(f->archive, &entry);
    if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
        return fail_data(f, err);
    /* What no filter wants, libarchive passes on as it is; here the filter beside the source must be there. */
    if (libarchive.archive_filter_count(f->archive) != 2)
        return oci_fail(err, OCI_E_INVALID, "%s data: damaged or cut off", f->name);
    return r == ARCHIVE_OK;
}

/* What libarchive has not used is not of that kind. */
static int check_end(struct foreign_reader *f, oci_error *err)
{
    uint64_t used = (uint64_t)libarchive.archive_filter_bytes(f->archive, -1);
    int r = oci_reader_drain(f->src, err);

    if (r < 0 || oci_reader_count(f->src) == used)
        return r;
    return oci_fail(err, OCI_E_INVALID, "the data goes on behind the %s data, at byte %" PRIu64, f->name, used);
}

static int foreign_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct foreign_reader *f = (struct foreign_reader *)r;
    int result = f->begun ? 1 : begin(f, err);
    la_ssize_t n = 0;

    if (result < 0)
        return result;
    if (result > 0)
        n = libarchive.archive_read_data(f->archive, f->chunk, sizeof f->chunk);
    if (n < 0)
        return fail_data(f, err);
    if (n == 0)
        return check_end(f, err);
    f->produced += (uint64_t)n;
    *out = (oci_span) { f->chunk, (size_t)n };
    return oci_codec_check_ratio(f->name, oci_reader_count(f->src), f->produced, f->max_ratio, err);
}

static void foreign_free(oci_reader *r)
{
    struct foreign_reader *f = (struct foreign_reader *)r;

    if (f->archive != NULL)
        libarchive.archive_read_free(f->archive);
    oci_reader_free(f->src);
}

static const oci_reader_ops foreign_ops = { foreign_next, foreign_free, NULL };

/* ARCHIVE_OK, or ARCHIVE_WARN where libarchive would start a program. */
static int add_filter(struct foreign_reader *f)
{
    switch (f->name[0]) {
    case 'b':
        return libarchive.archive_read_support_filter_bzip2(f->archive);
    case 'x':
        return libarchive.archive_read_support_filter_xz(f->archive);
    default:
        return libarchive.archive_read_support_filter_lz4(f->archive);
    }
}

static int set_up(struct foreign_reader *f, oci_error *err)
{
    int r = libarchive_load(err);

    if (r < 0)
        return r;
    f->archive = libarchive.archive_read_new();
    if (f->archive == NULL || libarchive.archive_read_support_format_raw(f->archive) != ARCHIVE_OK ||
        libarchive.archive_read_support_format_empty(f->archive) != ARCHIVE_OK)
        return oci_fail_nomem(err);
    if (add_filter(f) != ARCHIVE_OK)
        return oci_fail(err, OCI_E_UNSUPPORTED, "libarchive was built without %s", f->name);
    return 0;
}

int oci_reader_decode_foreign(oci_reader *src, const char *name, uint32_t max_ratio, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    OCI_AUTO(oci_reader) r = NULL;
    struct foreign_reader *f = oci_calloc(1, sizeof *f);
    int result;

    if (f == NULL)
        return oci_fail_nomem(err);
    r = &f->r;
    f->r.ops = &foreign_ops;
    f->src = oci_steal(&owned);
    f->name = name;
    f->max_ratio = max_ratio;
    result = set_up(f, err);
    if (result == 0)
        *out = oci_steal(&r);
    return result;
}
