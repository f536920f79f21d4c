/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tarlist FILE [COPY]: prints what the reader of src/tar finds in a tar archive, one entry a line, and how it ends:
 *
 *     TYPE MODE UID:GID MTIME NAME [WORDS]
 *     warning: TEXT
 *     end                              or  error: CODE: TEXT
 *
 * WORDS are size=BYTES, data=OFFSET+LENGTH,... of sparse files (perhaps none), crc=HEX (CRC-32 as in gzip, of the data
 * that the archive has), -> LINK, dev=MAJOR:MINOR, type=X of unknown types, xattr.NAME=VALUE. Bytes that are not
 * printable are \xNN, the root is ".".
 *
 * COPY is what the writer makes of the entries, without sparse files, unknown types and links to the root. Exits 1 when
 * the archive is refused.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stream/stream.h"
#include "tar/tar.h"

static const char *const type_names[] = { "file", "hardlink", "symlink", "char", "block", "dir", "fifo", "unknown" };

static void print_bytes(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];

        if (c > ' ' && c < 0x7f && c != '\\')
            putchar(c);
        else
            printf("\\x%02x", c);
    }
}

static uint32_t crc32_add(uint32_t crc, const unsigned char *p, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
    }
    return ~crc;
}

/* copy may be NULL. */
static int print_data(oci_tar_reader *t, const oci_tar_entry *e, oci_tar_writer *copy, oci_error *err)
{
    uint64_t offset, begin = 0, end = 0;
    uint32_t crc = 0;
    const char *separator = " data=";
    oci_span span;
    int r;

    printf(" size=%" PRIu64, e->size);
    while ((r = oci_tar_reader_data(t, &span, &offset, err)) == 0 && span.len > 0) {
        crc = crc32_add(crc, span.data, span.len);
        r = copy != NULL ? oci_tar_writer_data(copy, span.data, span.len, err) : 0;
        if (r < 0)
            return r;
        if (e->sparse && offset != end) {
            if (end > begin) {
                printf("%s%" PRIu64 "+%" PRIu64, separator, begin, end - begin);
                separator = ",";
            }
            begin = offset;
        }
        end = offset + span.len;
    }
    if (e->sparse && end > begin)
        printf("%s%" PRIu64 "+%" PRIu64, separator, begin, end - begin);
    else if (e->sparse)
        printf(" data=none");
    printf(" crc=%08" PRIx32, crc);
    return r;
}

static bool can_be_copied(const oci_tar_entry *e)
{
    return !e->sparse && e->type != OCI_TAR_UNKNOWN && (e->name_len > 0 || e->type == OCI_TAR_DIR) &&
           (e->type != OCI_TAR_HARDLINK || e->link[0] != '\0');
}

static int print_entry(oci_tar_reader *t, const oci_tar_entry *e, oci_tar_writer *copy, oci_error *err)
{
    int r = 0;

    if (!can_be_copied(e))
        copy = NULL;
    if (copy != NULL)
        r = oci_tar_writer_entry(copy, e, err);
    if (r < 0)
        return r;
    printf("%s %04" PRIo32 " %" PRIu32 ":%" PRIu32 " %" PRId64, type_names[e->type], e->mode, e->uid, e->gid, e->mtime);
    if (e->mtime_nsec > 0)
        printf("+%09" PRIu32, e->mtime_nsec);
    putchar(' ');
    print_bytes(e->name_len > 0 ? e->name : ".", e->name_len > 0 ? e->name_len : 1);
    if (e->type == OCI_TAR_FILE)
        r = print_data(t, e, copy, err);
    if (e->link != NULL) {
        printf(" -> ");
        print_bytes(e->link, strlen(e->link));
    }
    if (e->type == OCI_TAR_CHAR || e->type == OCI_TAR_BLOCK)
        printf(" dev=%" PRIu32 ":%" PRIu32, e->dev_major, e->dev_minor);
    if (e->type == OCI_TAR_UNKNOWN) {
        printf(" type=");
        print_bytes(&e->typeflag, 1);
    }
    for (size_t i = 0; i < e->n_xattrs; i++) {
        printf(" xattr.");
        print_bytes(e->xattrs[i].name, strlen(e->xattrs[i].name));
        putchar('=');
        print_bytes(e->xattrs[i].value.data, e->xattrs[i].value.len);
    }
    putchar('\n');
    return r;
}

static void print_warning(void *ctx, const char *text)
{
    (void)ctx;
    printf("warning: %s\n", text);
}

static int list(int fd, oci_tar_writer *copy, oci_error *err)
{
    const oci_events events = { .warning = print_warning };
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    const oci_tar_entry *e;
    int r = oci_reader_from_fd(fd, &source, err);

    if (r == 0)
        r = oci_tar_reader_new(source, &events, &t, err);
    if (r < 0)
        return r;
    while ((r = oci_tar_reader_next(t, &e, err)) == 1) {
        r = print_entry(t, e, copy, err);
        if (r < 0)
            return r;
    }
    return r;
}

static int list_and_copy(int fd, const char *name, oci_error *err)
{
    OCI_AUTO(oci_writer) dst = NULL;
    OCI_AUTO(oci_tar_writer) copy = NULL;
    int r = oci_writer_to_fd(open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), &dst, err);

    if (r == 0)
        r = oci_tar_writer_new(dst, &copy, err);
    if (r == 0)
        r = list(fd, copy, err);
    if (r == 0)
        r = oci_tar_writer_finish(copy, err);
    return r == 0 ? oci_writer_finish(dst, err) : r;
}

int main(int argc, char **argv)
{
    oci_error err = OCI_ERROR_INIT;
    int fd = argc == 2 || argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0) {
        fprintf(stderr, "usage: tarlist FILE [COPY]\n");
        return 2;
    }
    if ((argc == 3 ? list_and_copy(fd, argv[2], &err) : list(fd, NULL, &err)) < 0) {
        printf("error: %s: %s\n", oci_error_name(err.code), err.msg);
        return 1;
    }
    printf("end\n");
    return 0;
}
