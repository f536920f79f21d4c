/* SPDX-License-Identifier: Apache-2.0 */
#include "sha_ni.h"

#include <immintrin.h>
#include <stdatomic.h>
#include <string.h>

#include "base/accel.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/span.h"

#define SHA_NI __attribute__((target("sha,sse4.1")))

enum { BLOCK = 64, WORDS = 8, LENGTH_AT = BLOCK - 8 };

/* The eight words a to h in the order in which the instructions want them. */
struct words {
    __m128i abef, cdgh;
};

struct state {
    struct words words;
    uint64_t length; /* bytes so far */
    unsigned char rest[BLOCK];
};

static const uint32_t constants[BLOCK] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* ---- blocks ---- */

/* The first sixteen words of a block's schedule. */
SHA_NI static inline __attribute__((always_inline)) void load(__m128i w[4], const unsigned char *p)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + i * 16)), swap);
}

/* Puts the four words in place of w[i % 4] that follow on the last sixteen. */
SHA_NI static inline __attribute__((always_inline)) void extend(__m128i w[4], int i)
{
    const __m128i last = w[(i + 3) % 4], seven_ago = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]), seven_ago);

    w[i % 4] = _mm_sha256msg2_epu32(sum, last);
}

enum hashes { ONE, TWO_OF_THE_SAME, TWO };

/* Hashes n blocks at p into a, and those at q into b when there are two. The schedule of the same block is made once.
 */
SHA_NI static inline __attribute__((always_inline)) void hash_blocks(enum hashes hashes, struct words *to_a,
                                                                     const unsigned char *p, struct words *to_b,
                                                                     const unsigned char *q, size_t n)
{
    struct words a = *to_a, b = *to_b;

    for (; n > 0; n--, p += BLOCK, q += BLOCK) {
        const struct words a_before = a, b_before = b;
        __m128i v[4], w[4]; /* the last sixteen words of a schedule */

        load(v, p);
        if (hashes == TWO)
            load(w, q);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            const __m128i k = _mm_load_si128((const __m128i *)(const void *)(constants + i * 4));
            const __m128i a_low = _mm_add_epi32(v[i % 4], k), a_high = _mm_shuffle_epi32(a_low, 0x0e);
            const __m128i b_low = hashes == TWO ? _mm_add_epi32(w[i % 4], k) : a_low;
            const __m128i b_high = hashes == TWO ? _mm_shuffle_epi32(b_low, 0x0e) : a_high;

            a.cdgh = _mm_sha256rnds2_epu32(a.cdgh, a.abef, a_low);
            if (hashes != ONE)
                b.cdgh = _mm_sha256rnds2_epu32(b.cdgh, b.abef, b_low);
            if (i < 12)
                extend(v, i);
            if (i < 12 && hashes == TWO)
                extend(w, i);
            a.abef = _mm_sha256rnds2_epu32(a.abef, a.cdgh, a_high);
            if (hashes != ONE)
                b.abef = _mm_sha256rnds2_epu32(b.abef, b.cdgh, b_high);
        }
        a = (struct words) { _mm_add_epi32(a.abef, a_before.abef), _mm_add_epi32(a.cdgh, a_before.cdgh) };
        b = (struct words) { _mm_add_epi32(b.abef, b_before.abef), _mm_add_epi32(b.cdgh, b_before.cdgh) };
    }
    *to_a = a;
    if (hashes != ONE)
        *to_b = b;
}

/* Decoders leave something in the upper halves of registers; as long as it is there, these instructions, which know
 * the lower ones alone, take half as long again. */
__attribute__((target("avx"))) static void zero_upper_halves(void)
{
    _mm256_zeroupper();
}

static void make_ready(void)
{
    if (oci_cpu_has(OCI_CPU_AVX))
        zero_upper_halves();
}

SHA_NI static void hash_one(struct state *s, const unsigned char *p, size_t n)
{
    make_ready();
    hash_blocks(ONE, &s->words, p, &s->words, p, n);
}

SHA_NI static void hash_same(struct state *s, struct state *t, const unsigned char *p, size_t n)
{
    make_ready();
    hash_blocks(TWO_OF_THE_SAME, &s->words, p, &t->words, p, n);
}

SHA_NI static void hash_two(struct state *s, const unsigned char *p, struct state *t, const unsigned char *q, size_t n)
{
    make_ready();
    hash_blocks(TWO, &s->words, p, &t->words, q, n);
}

/* ---- bytes ---- */

static void start(struct state *s)
{
    s->words.abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    s->words.cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    s->length = 0;
}

static void update(void *state, const void *data, size_t n)
{
    struct state *s = state;
    const unsigned char *p = data;
    size_t used = s->length % BLOCK;

    s->length += n;
    if (used > 0) {
        size_t room = BLOCK - used, take = n < room ? n : room;

        memcpy(s->rest + used, p, take);
        if (take < room)
            return;
        hash_one(s, s->rest, 1);
        p += take;
        n -= take;
    }
    hash_one(s, p, n / BLOCK);
    memcpy(s->rest, p + n / BLOCK * BLOCK, n % BLOCK);
}

/* Takes bytes up to the end of a block that is begun. */
static oci_span complete(struct state *s, oci_span bytes)
{
    const size_t missing = -s->length % BLOCK, n = missing < bytes.len ? missing : bytes.len;

    update(s, bytes.data, n);
    return oci_span_behind(bytes, n);
}

static void take_rest(struct state *s, oci_span bytes, size_t hashed)
{
    const oci_span rest = oci_span_behind(bytes, hashed);

    s->length += hashed;
    update(s, rest.data, rest.len);
}

void oci_sha_ni_update_two(void *a, oci_span p, void *b, oci_span q)
{
    struct state *s = a, *t = b;
    size_t blocks;

    p = complete(s, p);
    q = complete(t, q);
    blocks = (p.len < q.len ? p.len : q.len) / BLOCK;
    /* Two hashes of the same bytes go through the same blocks when both are as far from the end of one. */
    if (p.data == q.data)
        hash_same(s, t, p.data, blocks);
    else
        hash_two(s, p.data, t, q.data, blocks);
    take_rest(s, p, blocks * BLOCK);
    take_rest(t, q, blocks * BLOCK);
}

static void put_big_endian(unsigned char *out, uint64_t value, size_t n)
{
    for (; n > 0; n--, value >>= 8)
        out[n - 1] = (unsigned char)value;
}

static void final(void *state, uint8_t *out)
{
    /* Where the words a to h are when both registers are laid down. */
    static const unsigned char places[WORDS] = { 7, 6, 3, 2, 5, 4, 1, 0 };
    static const unsigned char padding[BLOCK] = { 0x80 };
    struct state *s = state;
    const uint64_t bits = s->length * 8;
    const size_t used = s->length % BLOCK;
    unsigned char length[8];
    uint32_t words[WORDS];

    put_big_endian(length, bits, sizeof length);
    update(s, padding, used < LENGTH_AT ? LENGTH_AT - used : BLOCK + LENGTH_AT - used);
    update(s, length, sizeof length);
    _mm_storeu_si128((__m128i *)(void *)words, s->words.cdgh);
    _mm_storeu_si128((__m128i *)(void *)(words + WORDS / 2), s->words.abef);
    for (size_t i = 0; i < WORDS; i++)
        put_big_endian(out + i * 4, words[places[i]], 4);
}

static void *init(void)
{
    struct state *s = oci_alloc(sizeof *s);

    if (s != NULL)
        start(s);
    return s;
}

const oci_digest_ops oci_sha_ni = {
    .name = "sha256", .len = WORDS * 4, .init = init, .update = update, .final = final, .free = oci_free
};

/* ---- whether ---- */

/* An example of FIPS 180: a block, and what is left of another. */
static bool computes(void)
{
    static const char message[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                                  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    static const uint8_t hash[WORDS * 4] = {
        0xcf, 0x5b, 0x16, 0xa7, 0x78, 0xaf, 0x83, 0x80, 0x03, 0x6c, 0xe5, 0x9e, 0x7b, 0x04, 0x92, 0x37,
        0x0b, 0x24, 0x9b, 0x11, 0xe8, 0xf0, 0x7a, 0x51, 0xaf, 0xac, 0x45, 0x03, 0x7a, 0xfe, 0xe9, 0xd1,
    };
    enum { ALONE, SAME_A, SAME_B, A, B, STATES };
    char copy[sizeof message];
    const oci_span span = { message, sizeof message - 1 }, another = { copy, sizeof copy - 1 };
    struct state states[STATES];
    uint8_t got[sizeof hash];

    memcpy(copy, message, sizeof copy);
    for (size_t i = 0; i < STATES; i++)
        start(&states[i]);
    update(&states[ALONE], span.data, span.len);
    oci_sha_ni_update_two(&states[SAME_A], span, &states[SAME_B], span);
    oci_sha_ni_update_two(&states[A], span, &states[B], another);
    for (size_t i = 0; i < STATES; i++) {
        final(&states[i], got);
        if (memcmp(got, hash, sizeof hash) != 0)
            return false;
    }
    return true;
}

bool oci_sha_ni_is_usable(void)
{
    enum { UNKNOWN, YES, NO };
    static atomic_int answer = UNKNOWN;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);

    if (known == UNKNOWN) {
        known = oci_accelerates() && oci_cpu_has(OCI_CPU_SSE4_1 | OCI_CPU_SHA) && computes() ? YES : NO;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == YES;
}
