/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_STORE_H
#define OCI_IMAGE_STORE_H
/*
 * A store: content by digest (image-spec image-layout.md, "Blobs"). No file-system word is in this header: the blobs of
 * a layout directory, an archive and memory look the same from here.
 *
 * Reading is thread-safe. What is read is always verified: a wrong byte shows at the latest where the end would have
 * come.
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_store oci_store;
typedef struct oci_ingest oci_ingest;

/* The verified bytes of a descriptor: embedded data when it has some, the blob otherwise. OCI_E_NOT_FOUND; OCI_E_SIZE
 * when the blob is larger or smaller than promised; OCI_E_INVALID when it is no regular file; OCI_E_UNSUPPORTED when
 * its digest algorithm is unknown. Gives. */
OCI_API int oci_store_open_blob(oci_store *s, const oci_descriptor *d, oci_reader **out, oci_error *err);
/* The same into memory; OCI_E_LIMIT when the descriptor's size is above limit (nothing is read then). */
OCI_API int oci_store_read_blob(oci_store *s, const oci_descriptor *d, uint64_t limit, oci_buf *out, oci_error *err);
/* Whether a blob is there and how long it is; nothing is read. OCI_E_NOT_FOUND. size may be NULL. */
OCI_API int oci_store_stat_blob(oci_store *s, const oci_digest *d, uint64_t *size, oci_error *err);

/* The life of new content: begin, write..., commit (or abort). Nothing is visible before commit. Only stores that can
 * be written have it, the others answer OCI_E_UNSUPPORTED. Gives. */
OCI_API int oci_store_begin(oci_store *s, oci_digest_alg alg, oci_ingest **out, oci_error *err);
OCI_API int oci_ingest_write(oci_ingest *i, const void *p, size_t n, oci_error *err);
/* Takes i. The content is in the store afterwards, whether it was there before or not (a blob that is there is never
 * written again); durable unless the store was told otherwise. expect (may be NULL) is a digest it must have. */
OCI_API int oci_ingest_commit(oci_ingest *i, const oci_digest *expect, oci_digest *got, uint64_t *size, oci_error *err);
/* Takes i, which may be NULL; leaves nothing behind. */
OCI_API void oci_ingest_abort(oci_ingest *i);
/* A whole blob from memory. got and size may be NULL. */
OCI_API int oci_store_put(oci_store *s, oci_digest_alg alg, const void *p, size_t n, oci_digest *got, oci_error *err);

/* Calls each for every blob of the store, in the order of algorithm and digest; each returns 0 to go on, anything else
 * ends the walk and is returned. */
OCI_API int oci_store_each(oci_store *s, int (*each)(void *ctx, const oci_digest *d, uint64_t size, oci_error *err),
                           void *ctx, oci_error *err);
/* Absent is success. */
OCI_API int oci_store_delete_blob(oci_store *s, const oci_digest *d, oci_error *err);
OCI_API void oci_store_free(oci_store *s);

#ifdef __cplusplus
}
#endif
#endif
