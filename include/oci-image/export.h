/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_EXPORT_H
#define OCI_IMAGE_EXPORT_H
/*
 * Images as one file, written in one pass from its beginning to its end: to a file that gets its name when it is whole,
 * or to a pipe. The same images give the same bytes: members come in a fixed order, belong to 0:0 and have one time.
 *
 *     oci_writer_to_path -> oci_layout_to_archive -> oci_copier..., oci_create... (their commit ends the archive)
 *     oci_writer_to_path -> oci_docker_archive_new -> oci_docker_archive_add... -> oci_docker_archive_finish
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/error.h>
#include <oci-image/layout.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file path (relative to dirfd, which may be AT_FDCWD and is borrowed during the call). It appears, or takes the
 * place of the file that is there, when the writer is finished; freed before that, the writer leaves nothing.
 * OCI_E_EXISTS when something else than a regular file is there. Gives. */
OCI_API int oci_writer_to_path(int dirfd, const char *path, oci_fsync_policy fsync, oci_writer **out, oci_error *err);

typedef struct oci_export_options {
    const oci_limits *limits; /* or NULL; everything here is borrowed as long as the archive lives */
    const oci_events *events; /* or NULL */
    int64_t mtime;            /* of all members, in seconds */
    const char *name;         /* or NULL: what is written, for the text of its failures */
    /* Where what has no size yet waits for it; a directory. */
    const char *tmpdir;
    /* Of an oci-archive: manifest.json beside index.json, so that "docker load" takes it too. */
    bool docker_load;
} oci_export_options;

/* A new layout in the form of an oci-archive. It is written once: blobs go out as they come (documents and whatever is
 * copied at once, what is made when its size is known), and the commit of its only transaction ends the archive and
 * finishes out (taken). Nothing can be read from it. */
OCI_API int oci_layout_to_archive(oci_writer *out, const oci_export_options *o, oci_layout **layout, oci_error *err);

/* What "docker save" wrote before it knew of layouts, and what "docker load" and "podman load" take: manifest.json,
 * configurations as HEX.json and uncompressed layers as HEX.tar. */
typedef struct oci_docker_archive oci_docker_archive;

/* Takes out. Of o, limits, events, mtime and name count. Gives. */
OCI_API int oci_docker_archive_new(oci_writer *out, const oci_export_options *o, oci_docker_archive **archive,
                                   oci_error *err);
/* Writes the image of a manifest of from. name (NULL: none) becomes a full reference of Docker (oci_docker_reference);
 * one image may be added under several names. Layers are read twice, since their size comes first. */
OCI_API int oci_docker_archive_add(oci_docker_archive *a, oci_layout *from, const oci_descriptor *manifest,
                                   const char *name, oci_error *err);
/* Ends the archive and finishes what it was written to. */
OCI_API int oci_docker_archive_finish(oci_docker_archive *a, oci_error *err);
OCI_API void oci_docker_archive_free(oci_docker_archive *a);

#ifdef __cplusplus
}
#endif
#endif
