/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_STORE_LAYOUTS_H
#define OCI_TESTS_UNIT_STORE_LAYOUTS_H
/* Layouts written by hand below a scratch directory, with what no good tool writes. Failures are failed assertions. */
#include <stdbool.h>
#include <string.h>

#include <oci-image/layout.h>

#include "test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "os/fixture.h"
#include "store/store.h"
#include "stream/stream.h"

#define INDEX_TYPE    "application/vnd.oci.image.index.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE    "application/vnd.oci.image.layer.v1.tar"

/* Content that was put, and its descriptor as JSON. */
struct blob {
    char digest[OCI_DIGEST_MAX_TEXT];
    char path[OCI_BLOB_PATH_MAX];
    size_t size;
    char json[1024];
};

/* A scratch directory with an empty layout in it (not below it). */
int layout_dir_new(void);
/* Stores n bytes under their sha256. members: more of the descriptor, each with its comma before it. */
struct blob blob_put_bytes(int dir, const char *type, const char *members, const void *p, size_t n);
struct blob blob_put(int dir, const char *type, const char *members, const char *format, ...) OCI_PRINTF(4, 5);
/* A descriptor of it with other members. */
struct blob blob_with(const struct blob *b, const char *type, const char *members);
/* Writes index.json with these entries. */
void index_write(int dir, const char *format, ...) OCI_PRINTF(2, 3);
/* Writes a file of the layout over what is there. */
void file_write(int dir, const char *path, const void *p, size_t n);
/* Appends what the file holds. */
void file_read(int dir, const char *path, oci_buf *out);

/* Appends what in becomes when it is compressed. */
void compress(oci_compression kind, const oci_buf *in, oci_buf *out);

/* Opens the layout for writing without fsync. */
oci_layout *layout_of(int dir);
/* A descriptor of text; digest_text is borrowed. */
oci_descriptor descriptor_of(const char *digest_text, uint64_t size);

/* A member "annotations" with a name, for blob_put. */
#define NAMED(name) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"

#define assert_says(err, part)                                                                                         \
    do {                                                                                                               \
        if (strstr((err)->msg, (part)) == NULL)                                                                        \
            fail_msg("'%s' does not say '%s'", (err)->msg, (part));                                                    \
    } while (0)

#endif
