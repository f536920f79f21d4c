/* SPDX-License-Identifier: Apache-2.0 */
#include "hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void oci_hash_seed(uint64_t seed[2])
{
    size_t n = 2 * sizeof seed[0];

    struct timespec now = { 0 };

    if (getrandom(seed, n, GRND_NONBLOCK) == (ssize_t)n)
        return;
    /* Where the kernel has no random bytes yet, time, process and address (ASLR) have to do. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    seed[0] = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)now.tv_sec;
    seed[1] = (uint64_t)(uintptr_t)seed * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid();
}

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* All but the last rounds. The forms of 64 and 128 bits begin with different numbers. */
static inline void take_in(uint64_t v[4], uint64_t form, const uint64_t seed[2], const void *p, size_t n)
{
    const unsigned char *bytes = p;
    uint64_t last = (uint64_t)n << 56, word;

    v[0] = seed[0] ^ UINT64_C(0x736f6d6570736575);
    v[1] = seed[1] ^ UINT64_C(0x646f72616e646f6d) ^ form;
    v[2] = seed[0] ^ UINT64_C(0x6c7967656e657261);
    v[3] = seed[1] ^ UINT64_C(0x7465646279746573);
    for (; n >= 8; bytes += 8, n -= 8) {
        memcpy(&word, bytes, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)bytes[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
}

static inline uint64_t give_out(uint64_t v[4])
{
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t oci_siphash(const uint64_t seed[2], const void *p, size_t n)
{
    uint64_t v[4];

    take_in(v, 0, seed, p, n);
    v[2] ^= 0xff;
    return give_out(v);
}

void oci_siphash_128(const uint64_t seed[2], const void *p, size_t n, uint64_t out[2])
{
    uint64_t v[4];

    take_in(v, 0xee, seed, p, n);
    v[2] ^= 0xee;
    out[0] = give_out(v);
    v[1] ^= 0xdd;
    out[1] = give_out(v);
}
