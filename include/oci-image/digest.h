/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_DIGEST_H
#define OCI_IMAGE_DIGEST_H
/*
 * Digests: the names of bytes (image-spec descriptor.md, "Digests").
 *
 * The grammar and the registry of algorithms are two things: "blake9:abc" is well-formed and of an unknown algorithm,
 * which is another answer (OCI_E_UNSUPPORTED) than "not a digest" (OCI_E_INVALID). Verdicts come in this order: no
 * separator or nothing behind it (INVALID), the algorithm (UNSUPPORTED, or INVALID where the whole does not fit the
 * grammar), the length (SIZE), the characters (INVALID).
 *
 * sha256, sha384 and sha512 are there from the start; oci_digest_alg_register adds more. All functions may be called
 * from any thread, registering included.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An algorithm: OCI_DIGEST_... or a number that oci_digest_alg_register gave. */
typedef uint8_t oci_digest_alg;
enum { OCI_DIGEST_NONE = 0, OCI_DIGEST_SHA256 = 1, OCI_DIGEST_SHA384 = 2, OCI_DIGEST_SHA512 = 3 };

enum {
    OCI_DIGEST_MAX_BYTES = 64, /* of one hash */
    OCI_DIGEST_MAX_NAME = 32,  /* of the name of a registered algorithm */
    OCI_DIGEST_MAX_TEXT = OCI_DIGEST_MAX_NAME + 1 + 2 * OCI_DIGEST_MAX_BYTES + 1 /* of the text form, NUL included */
};

/* A value; copy it with =, compare it with oci_digest_equal. All zero (alg OCI_DIGEST_NONE) is no digest. */
typedef struct oci_digest {
    oci_digest_alg alg;
    uint8_t len; /* bytes in use */
    uint8_t bytes[OCI_DIGEST_MAX_BYTES];
} oci_digest;

/* Whether s fits the grammar of descriptor.md, whatever the algorithm. */
OCI_API bool oci_digest_is_wellformed(const char *s, size_t n);

/* Reads "algorithm:encoded"; the whole of s[0..n) must be it. OCI_E_INVALID, OCI_E_UNSUPPORTED, OCI_E_SIZE as above. */
OCI_API int oci_digest_parse(const char *s, size_t n, oci_digest *out, oci_error *err);
/* The verdict of oci_digest_parse alone. */
OCI_API int oci_digest_validate(const char *s, size_t n, oci_error *err);
/* From the raw bytes of a hash; OCI_E_SIZE when n is not the algorithm's length. */
OCI_API int oci_digest_from_raw(oci_digest_alg alg, const void *bytes, size_t n, oci_digest *out, oci_error *err);

/* Writes the text form and a NUL into out when cap suffices (OCI_DIGEST_MAX_TEXT always does); returns its length
 * without the NUL, or 0 when cap is too small or d is no digest. */
OCI_API size_t oci_digest_format(const oci_digest *d, char *out, size_t cap);
/* The encoded part only, the file name of a blob; otherwise like oci_digest_format. */
OCI_API size_t oci_digest_encoded(const oci_digest *d, char *out, size_t cap);

OCI_API bool oci_digest_equal(const oci_digest *a, const oci_digest *b);
/* An order by algorithm number, then bytes: negative, 0, positive. */
OCI_API int oci_digest_compare(const oci_digest *a, const oci_digest *b);
/* A number for hash tables; equal digests have equal numbers. Not for hostile tables without a seed of your own. */
OCI_API uint64_t oci_digest_hash(const oci_digest *d, uint64_t seed);

/* ---- algorithms ---- */

/* A running hash for oci_digest_alg_register. init gives a state or NULL; final writes the hash and leaves free to
 * come. */
typedef struct oci_digest_ops {
    const char *name; /* as in the grammar, at most OCI_DIGEST_MAX_NAME - 1 bytes; borrowed for ever */
    uint8_t len;      /* bytes of a hash, 1 .. OCI_DIGEST_MAX_BYTES */
    void *(*init)(void);
    void (*update)(void *state, const void *p, size_t n);
    void (*final)(void *state, uint8_t *out);
    void (*free)(void *state);
} oci_digest_ops;

/* Adds an algorithm for the whole process; ops is borrowed for ever. OCI_E_EXISTS when the name is taken, OCI_E_INVALID
 * when ops makes no sense, OCI_E_LIMIT when too many are registered. */
OCI_API int oci_digest_alg_register(const oci_digest_ops *ops, oci_digest_alg *out, oci_error *err);
/* The number of a name, OCI_DIGEST_NONE when it is not registered. */
OCI_API oci_digest_alg oci_digest_alg_find(const char *name, size_t n);
/* The name of a number, static; NULL when there is none. */
OCI_API const char *oci_digest_alg_name(oci_digest_alg alg);
/* The bytes of a hash, 0 when there is no such algorithm. */
OCI_API size_t oci_digest_alg_len(oci_digest_alg alg);
/* Whether it is built in or registered. That libcrypto cannot be had just now is another matter (OCI_E_IO). */
OCI_API bool oci_digest_alg_available(oci_digest_alg alg);

/* ---- computing ---- */

OCI_API int oci_digest_of(oci_digest_alg alg, const void *p, size_t n, oci_digest *out, oci_error *err);
/* Reads fd from its position to its end; size (may be NULL) is set to the bytes read. fd is borrowed. */
OCI_API int oci_digest_of_fd(oci_digest_alg alg, int fd, oci_digest *out, uint64_t *size, oci_error *err);

typedef struct oci_digester oci_digester;

/* Gives a running hash. OCI_E_UNSUPPORTED when the algorithm is not available, OCI_E_IO when libcrypto is not. */
OCI_API int oci_digester_new(oci_digest_alg alg, oci_digester **out, oci_error *err);
OCI_API void oci_digester_update(oci_digester *d, const void *p, size_t n);
/* The digest of everything since new or reset; the digester then starts anew. A failure of libcrypto shows here. */
OCI_API int oci_digester_final(oci_digester *d, oci_digest *out, oci_error *err);
OCI_API void oci_digester_reset(oci_digester *d);
OCI_API void oci_digester_free(oci_digester *d);

/* Demands a digest and, unless size is OCI_SIZE_UNKNOWN, a size. */
#define OCI_SIZE_UNKNOWN UINT64_MAX
typedef struct oci_verifier oci_verifier;

OCI_API int oci_verifier_new(const oci_digest *want, uint64_t size, oci_verifier **out, oci_error *err);
/* OCI_E_SIZE at the first byte past size; nothing is hashed then, and every later call fails the same way. */
OCI_API int oci_verifier_update(oci_verifier *v, const void *p, size_t n, oci_error *err);
/* 0 when everything was as demanded; OCI_E_SIZE when bytes are missing, OCI_E_DIGEST when the hash differs. */
OCI_API int oci_verifier_finish(oci_verifier *v, oci_error *err);
OCI_API void oci_verifier_free(oci_verifier *v);

/* ---- sets: looking digests up by a part of their text ---- */

typedef struct oci_digest_set oci_digest_set;

OCI_API int oci_digest_set_new(oci_digest_set **out, oci_error *err);
OCI_API void oci_digest_set_free(oci_digest_set *set);
/* Adding what is there and removing what is not are no errors. */
OCI_API int oci_digest_set_add(oci_digest_set *set, const oci_digest *d, oci_error *err);
OCI_API int oci_digest_set_remove(oci_digest_set *set, const oci_digest *d, oci_error *err);
OCI_API size_t oci_digest_set_count(const oci_digest_set *set);
/* The i-th in order of encoded text, then algorithm; borrowed until the set changes. */
OCI_API const oci_digest *oci_digest_set_at(const oci_digest_set *set, size_t i);
/* s is a whole digest, "algorithm:prefix" or a prefix of the encoded part. OCI_E_NOT_FOUND; OCI_E_AMBIGUOUS when more
 * than one digest of the set fits. A digest that is exactly s wins over longer ones; an empty prefix fits nothing. */
OCI_API int oci_digest_set_lookup(const oci_digest_set *set, const char *s, size_t n, oci_digest *out, oci_error *err);
/* Writes the shortest unambiguous code of at least min characters of the i-th digest (its whole text form when the
 * encoded part alone is not enough) and a NUL to out, cap OCI_DIGEST_MAX_TEXT. */
OCI_API int oci_digest_set_short(const oci_digest_set *set, size_t i, size_t min, char *out, size_t cap,
                                 oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
