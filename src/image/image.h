/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_IMAGE_H
#define OCI_IMAGE_SRC_IMAGE_H
/* Inside of the room where all others meet: what its parts share. */
#include <oci-image/edit.h>
#include <oci-image/image.h>
#include <oci-image/mediatype.h>

#include "base/cleanup.h"
#include "os/ident.h"
#include "stream/stream.h"

OCI_DEFINE_AUTO(oci_image);
OCI_DEFINE_AUTO(oci_path);
OCI_DEFINE_AUTO(oci_editor);

/* How deep indexes may nest: index.json is at depth 0. */
enum { OCI_MAX_NESTING = 8 };

struct oci_image {
    oci_store *store; /* borrowed */
    oci_limits limits;
    char *media_type, *digest_text; /* of the manifest, as its descriptor has them */
    oci_buf manifest_bytes, config_bytes;
    oci_manifest *manifest;
    oci_config *config;
};

/* How entries of index.json are called by a name: by the annotation of image-spec; when none is, by that of containerd
 * or Docker; when none is, by one of them in another form ("busybox", "docker.io/library/busybox:latest"). */
typedef enum oci_naming { OCI_NAMED_REF, OCI_NAMED_CONTAINERD, OCI_NAMED_ALIKE, OCI_NAMED_NOT } oci_naming;
/* The first of these ways in which an entry is. */
oci_naming oci_naming_of(const oci_index *index, const char *name);
bool oci_is_named(const oci_descriptor *d, oci_naming how, const char *name);

/* Reads, verifies and parses a document that a descriptor names; the text of an error begins with the digest. bytes
 * (may be NULL) gets the document as it is. Gives. */
int oci_read_index(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_index **out, oci_error *err);
int oci_read_manifest(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_buf *bytes,
                      oci_manifest **out, oci_error *err);
int oci_read_config(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_buf *bytes, oci_config **out,
                    oci_error *err);

/* oci_image_open_layer with two choices. left, if not NULL: its diff_id is not demanded but given (borrowed), or NULL
 * when nothing is left to be demanded. ahead, if not NULL: it is decoded in threads, and whoever reads it reads and
 * hashes the blob instead of waiting; helped and verify are not looked at. */
int oci_image_decode_layer(oci_image *i, size_t n, const oci_ahead *ahead, oci_reader **out, const oci_digest **left,
                           oci_error *err);

/* What BuildKit puts beside an image: a manifest for no platform that says something about the one whose digest is the
 * value of the second annotation. */
#define OCI_ANNOTATION_ATTESTATION "vnd.docker.reference.type"
#define OCI_ANNOTATION_ATTESTED    "vnd.docker.reference.digest"
bool oci_is_attestation(const oci_descriptor *d);

/* Gives the open directory fd what a directory has that the image has no entry for: the container's root as its owner,
 * a mode that keeps nobody out, and a time that does not tell when it was unpacked. */
int oci_default_dir(int fd, const oci_ident *ident, oci_error *err);

#endif
