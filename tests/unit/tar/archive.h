/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_TAR_ARCHIVE_H
#define OCI_TESTS_UNIT_TAR_ARCHIVE_H
/* Archives made by hand, byte by byte, and sources that give them out in pieces. Failures are failed assertions. */
#include "base/buf.h"
#include "tar/tar.h"

/* Appends a ustar header, mode 0644 and everything else 0; it may be changed before the next call, then resummed. */
unsigned char *archive_header(oci_buf *b, char type, const char *name, uint64_t size);
void archive_resum(unsigned char *block);
/* Appends bytes and fills the block. */
void archive_data(oci_buf *b, const void *p, size_t n);
void archive_file(oci_buf *b, const char *name, const char *text);
/* Appends a pax record to records. */
void archive_record(oci_buf *records, const char *key, const void *value, size_t n);
/* Appends a header of that type ('x', 'g', 'L', 'K') with the data, which is emptied. */
void archive_meta(oci_buf *b, char type, oci_buf *data);
void archive_end(oci_buf *b);

/* A source that gives spans of step bytes, each in memory of its own that is freed when it is no longer borrowed. At
 * byte fail_at it fails with code (0: it does not; beyond the end: instead of the end). */
oci_reader *archive_source(const oci_buf *b, size_t step, int code, size_t fail_at);

/* Appends one line for each entry, with the data, a line for each warning and one for the end or the failure, which is
 * returned as well. */
int archive_list(oci_reader *source, oci_buf *out);
/* Whether text is somewhere in b, which may hold NUL bytes. */
bool archive_has(const oci_buf *b, const char *text);

#endif
