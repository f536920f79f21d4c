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

typedef struct oci_codec {
    const char *name;
    const char *unit;
    bool padding; /* zero bytes may follow the last unit */
    int default_level;
    int max_level; /* from 1 */

    /* Whether a unit can begin with these bytes, OCI_CODEC_MAGIC of them or all there are. */
    bool (*begins)(oci_span head);

    int (*decoder_new)(void **state, oci_error *err);
    /* Decodes as much as fits. Sets *end when a unit was whole and right; the next call then begins another one. The
     * text of a failure says what is wrong, the stage adds where. */
    int (*decode)(void *state, oci_step *step, bool *end, oci_error *err);
    void (*decoder_free)(void *state);

    int (*encoder_new)(int level, void **state, oci_error *err);
    /* Encodes as much as fits. With finish the input is the last there is; sets *end when all output is out. */
    int (*encode)(void *state, oci_step *step, bool finish, bool *end, oci_error *err);
    void (*encoder_free)(void *state);
} oci_codec;

extern const oci_codec oci_codec_gzip;
extern const oci_codec oci_codec_zstd;

/* Takes src; max_ratio is not 0. */
int oci_reader_decode(oci_reader *src, const oci_codec *codec, uint32_t max_ratio, oci_reader **out, oci_error *err);
/* Takes dst; level is one that codec has. */
int oci_writer_encode(oci_writer *dst, const oci_codec *codec, int level, oci_writer **out, oci_error *err);

/* OCI_E_INVALID with a text that says what the bytes in front of in are instead of what was promised. */
int oci_codec_mismatch(oci_input *in, const char *promised, oci_error *err);

#endif
