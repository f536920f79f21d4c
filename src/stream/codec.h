/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_CODEC_H
#define OCI_STREAM_CODEC_H
/*
 * A compression as the two stages decode.c and encode.c see it. Compressed data is a row of units that decode one after
 * another, the members of gzip and the frames of zstd; a codec knows one unit, the stages know the row.
 */
#include "input.h"
#include "stream.h"

/* One call of a codec: it moves in and out forward by what it has consumed and produced. */
typedef struct oci_step {
    const unsigned char *in;
    size_t in_len;
    unsigned char *out;
    size_t out_len; /* room that is left */
} oci_step;

enum { OCI_CODEC_MAGIC = 4 }; /* bytes that begins() looks at */

/* What decodes a unit. */
typedef struct oci_decoder {
    int (*make)(void **state, oci_error *err);
    /* Decodes as much as fits. Sets *end when a unit was whole and right; the next call then begins another one. At the
     * beginning of a unit, all the bytes that begins() saw are there. The text of a failure says what is wrong, the
     * stage adds where. */
    int (*decode)(void *state, oci_step *step, bool *end, oci_error *err);
    void (*free)(void *state);
} oci_decoder;

/* How the units that we write can be told apart, and decoded at the same time, without decoding what is before them.
 * What they say of themselves is a hint: whoever decodes them sees whether it is true. */
typedef struct oci_outline {
    /* How far the bytes of a unit must be there to be asked again, or, with *last, to be all of it. head is what was
     * asked for before, and empty at first. False when the unit does not say, or is not one of ours. */
    bool (*extend)(oci_span head, size_t *need, bool *last);
    /* What the whole unit becomes; UINT64_MAX when it does not say. */
    uint64_t (*size)(oci_span unit);
} oci_outline;

/* What encodes a block of the data as a unit of its own. Blocks can be encoded at the same time, each by a state of its
 * own. */
typedef struct oci_encoder {
    int default_level;         /* or 0: chosen for each block by what is in it */
    size_t (*bound)(size_t n); /* what n bytes become at most */
    int (*make)(int level, void **state, oci_error *err);
    /* The bytes depend on the block and the level alone. room is what bound says, and a block is empty only when there
     * is no data at all. */
    int (*encode)(void *state, oci_span block, unsigned char *out, size_t room, size_t *len, oci_error *err);
    void (*free)(void *state);
} oci_encoder;

typedef struct oci_codec {
    const char *name;
    const char *unit;
    bool padding;  /* zero bytes may follow the last unit */
    int max_level; /* from 1 */

    /* Whether a unit can begin with these bytes, OCI_CODEC_MAGIC of them or all there are. */
    bool (*begins)(oci_span head);

    const oci_decoder *decoder;
    const oci_decoder *fast_decoder; /* does the same, on some machines and in some builds; or NULL */
    const oci_outline *outline;

    size_t block_size; /* of all blocks but the last */
    const oci_encoder *encoder;
    const oci_encoder *fast_encoder; /* makes other bytes, in some builds; or NULL */
} oci_codec;

extern const oci_codec oci_codec_gzip;
extern const oci_codec oci_codec_zstd;

const oci_decoder *oci_codec_decoder(const oci_codec *codec);

/* How far a row of units has been decoded. */
typedef struct oci_row {
    uint64_t units, consumed, produced;
} oci_row;

/* Takes src, what of the row is behind those that are decoded already; max_ratio is not 0. */
int oci_reader_decode(oci_reader *src, const oci_codec *codec, uint32_t max_ratio, oci_row decoded, oci_reader **out,
                      oci_error *err);
/* Takes src. With several threads, as oci_reader_decompress_ahead has it. */
int oci_reader_decode_ahead(oci_reader *src, const oci_codec *codec, uint32_t max_ratio, const oci_ahead *o,
                            oci_reader **out, oci_error *err);

typedef struct oci_encode_options {
    const oci_encoder *encoder;
    size_t block_size;
    int level;        /* one that the encoder has, also its default */
    unsigned threads; /* at least 1 */
} oci_encode_options;

/* Takes dst. */
int oci_writer_encode(oci_writer *dst, const oci_encode_options *o, oci_writer **out, oci_error *err);

/* OCI_E_LIMIT when consumed bytes have become too many. */
int oci_codec_check_ratio(const char *name, uint64_t consumed, uint64_t produced, uint32_t max_ratio, oci_error *err);

/* OCI_E_INVALID with a text that says what the bytes in front of in are instead of what was promised. */
int oci_codec_mismatch(oci_input *in, const char *promised, oci_error *err);

#endif
