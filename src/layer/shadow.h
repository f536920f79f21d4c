/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_SHADOW_H
#define OCI_LAYER_SHADOW_H
/*
 * What layers replace and hide of those below them, by name: where that is known before the lower ones are applied,
 * files that will not be there in the end need not be written. No system calls.
 *
 * It is a forecast from names alone, which symbolic links may give another meaning: the applier takes it for what it
 * is (put.c), and proves in the end that nothing is missing.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>

#include "base/cleanup.h"

typedef struct oci_shadow oci_shadow;

int oci_shadow_new(oci_shadow **out, oci_error *err);
void oci_shadow_free(oci_shadow *s);
OCI_DEFINE_AUTO(oci_shadow);

/* Learns what the entries of a layer (its number, from 1) do to the layers below. tar is its archive or the beginning
 * of it, of which nothing has to be valid: what cannot be read is not known. OCI_E_NOMEM. */
int oci_shadow_learn(oci_shadow *s, uint32_t layer, oci_span tar, oci_error *err);

/* The last layer that hides whatever older ones have below the directory, 0 for none. path is in normal form, as is
 * that of a name. */
uint32_t oci_shadow_below(const oci_shadow *s, const char *path, size_t n);
/* The last layer that replaces or hides the name itself, unless its directory is hidden; 0 for none. */
uint32_t oci_shadow_of(const oci_shadow *s, const char *path, size_t n);

#endif
