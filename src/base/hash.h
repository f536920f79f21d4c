/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_HASH_H
#define OCI_BASE_HASH_H
/* The hash of hash tables: fast, and of no use to an enemy who does not know the seed. */
#include <stddef.h>
#include <stdint.h>

/* A seed that nobody knows, another one each time. */
void oci_hash_seed(uint64_t seed[2]);

/* SipHash-1-3 of p[0..n). */
uint64_t oci_siphash(const uint64_t seed[2], const void *p, size_t n);
/* The form of it that gives 128 bits. */
void oci_siphash_128(const uint64_t seed[2], const void *p, size_t n, uint64_t out[2]);

#endif
