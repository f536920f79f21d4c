/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_FACTS_H
#define OCI_LAYER_FACTS_H
/*
 * What a snapshot has to know of everything that was made: attributes as they were found when it was done, the digests
 * of files, hashed while they are written, and the extended attributes that were set. Known by device and inode, so
 * that all names of a file share them. A number that is used again belongs to something made later, which replaces what
 * was known.
 *
 * Facts are gathered (oci_facts_content, oci_facts_xattr) and then belong to what is named next. Every function accepts
 * NULL for facts, without which there is nothing to do.
 */
#include <sys/stat.h>

#include <oci-image/digest.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

#include "base/cleanup.h"
#include "os/os.h"

typedef struct oci_facts oci_facts;

int oci_facts_new(oci_facts **out, oci_error *err);
void oci_facts_free(oci_facts *f);
OCI_DEFINE_AUTO(oci_facts);

/* The next piece of a file; what was left out before offset are zeros. layer is the reader that the piece is of, which
 * may hash it too. */
void oci_facts_content(oci_facts *f, oci_reader *layer, oci_span piece, uint64_t offset);
/* An attribute was set. */
int oci_facts_xattr(oci_facts *f, const char *name, const void *value, size_t n, oci_error *err);

/* It was the file name of size bytes, which has the attributes st. */
int oci_facts_file(oci_facts *f, const struct stat *st, const char *name, uint64_t size, oci_error *err);
/* It was something else. */
int oci_facts_other(oci_facts *f, const struct stat *st, const char *name, oci_error *err);
/* What is known as st has got another name. */
void oci_facts_linked(oci_facts *f, const struct stat *st);
/* The entry is a copy of what is known as st. */
int oci_facts_again(oci_facts *f, const struct stat *st, int dirfd, const char *base, oci_error *err);

typedef struct oci_fact {
    oci_digest digest;  /* OCI_DIGEST_NONE for everything but files */
    const char *xattrs; /* " xattr.NAME=VALUE" of all, as mtree(5) text; borrowed */
} oci_fact;

/* Whether anything is known about it. */
bool oci_facts_find(oci_facts *f, const struct stat *st, oci_fact *out);
/* The attributes of what name in the directory dir leads to, when they can be told without looking: not of directories,
 * whose attributes change, nor of what has several names or is a device, nor where inodes have other numbers in
 * directories. */
bool oci_facts_stat(oci_facts *f, const struct stat *dir, const oci_dir_name *name, struct stat *out);

/* Appends text as mtree(5) has it: whatever is not a plain character is a backslash and three octal digits. */
int oci_mtree_escape(oci_buf *out, const char *text, size_t n, oci_error *err);

#endif
