/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_ARCHIVE_WRITER_H
#define OCI_STORE_ARCHIVE_WRITER_H
/* Writing archives: what the two kinds share. */
#include <oci-image/document.h>
#include <oci-image/export.h>

#include "base/map.h"
#include "json/json.h"
#include "stream/stream.h"
#include "tar/tar.h"

/* The header of a member: a file of size bytes, or a directory. All are alike but for their names. */
int oci_export_entry(oci_tar_writer *tar, oci_tar_type type, const char *name, uint64_t size, int64_t mtime,
                     oci_error *err);
/* A whole file. */
/* Takes the writer, which fails by that name from then on; NULL: as it is. Gives. */
int oci_export_named(oci_writer *taken, const char *name, oci_writer **out, oci_error *err);
int oci_export_file(oci_tar_writer *tar, const char *name, const void *p, size_t n, int64_t mtime, oci_error *err);

/* manifest.json in the making: its images in order, each once. */
typedef struct oci_docker_list {
    oci_value *images;
    oci_map *by_config; /* paths of configurations to images, borrowed */
    oci_map *tags;      /* full references that are given away */
} oci_docker_list;

int oci_docker_list_begin(oci_docker_list *l, oci_error *err);
void oci_docker_list_end(oci_docker_list *l);
/* Adds an image, or to one that is there a name (NULL: none) that is made a full reference. A reference that an image
 * has stays with it: whoever loads the archive would give it to the last. */
int oci_docker_list_add(oci_docker_list *l, const char *config, const char *const *layers, size_t n, const char *name,
                        oci_error *err);
int oci_docker_list_write(const oci_docker_list *l, oci_tar_writer *tar, int64_t mtime, oci_error *err);

/* What manifest.json of an archive that is written is to be made of: the manifests and indexes that went out. */
typedef struct oci_docker_notes oci_docker_notes;
int oci_docker_notes_new(const oci_limits *limits, oci_docker_notes **out, oci_error *err);
void oci_docker_notes_free(oci_docker_notes *n);
OCI_DEFINE_AUTO(oci_docker_notes);
int oci_docker_notes_take(oci_docker_notes *n, const oci_descriptor *d, const oci_buf *bytes, oci_error *err);
/* index with the full name of each entry in io.containerd.image.name, by which Docker finds it that keeps its images in
 * containerd; borrows from both. */
int oci_docker_notes_name(oci_docker_notes *n, const oci_index *index, oci_index *out, oci_error *err);
/* The images that the entries of index lead to, one for each entry: that for this machine, or the first. */
int oci_docker_notes_list(const oci_docker_notes *n, const oci_index *index, oci_docker_list *out, oci_error *err);

#endif
