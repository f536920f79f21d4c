/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compressing stage. Encoders may look at how their input is cut, so it is handed to them in blocks of a fixed
 * size: the output does not depend on the sizes of the caller's writes.
 */
#include "codec.h"

#include <string.h>

#include "base/fail.h"

enum { BLOCK = 128 * 1024 };

struct encode_writer {
    oci_writer w;
    oci_writer *dst;
    const oci_codec *codec;
    void *state;
    size_t waiting; /* bytes of an incomplete block */
    unsigned char block[BLOCK];
    unsigned char chunk[OCI_STREAM_CHUNK];
};

/* Hands n bytes to the encoder and passes on what comes of them. */
static int encode_all(struct encode_writer *e, const unsigned char *p, size_t n, bool finish, oci_error *err)
{
    oci_step step = { p, n, NULL, 0 };
    bool end = false;

    do {
        int r;

        step.out = e->chunk;
        step.out_len = sizeof e->chunk;
        r = e->codec->encode(e->state, &step, finish, &end, err);
        if (r < 0)
            return r;
        r = oci_writer_write(e->dst, e->chunk, sizeof e->chunk - step.out_len, err);
        if (r < 0)
            return r;
    } while (finish ? !end : step.in_len > 0);
    return 0;
}

/* Moves up to a block; *taken says how much of p is done with. */
static int write_some(struct encode_writer *e, const unsigned char *p, size_t n, size_t *taken, oci_error *err)
{
    size_t room = BLOCK - e->waiting;

    *taken = n < room ? n : room;
    if (*taken == BLOCK)
        return encode_all(e, p, BLOCK, false, err);
    memcpy(e->block + e->waiting, p, *taken);
    e->waiting += *taken;
    if (e->waiting < BLOCK)
        return 0;
    e->waiting = 0;
    return encode_all(e, e->block, BLOCK, false, err);
}

static int encode_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    const unsigned char *bytes = p;

    while (n > 0) {
        size_t taken;
        int r = write_some((struct encode_writer *)w, bytes, n, &taken, err);

        if (r < 0)
            return r;
        bytes += taken;
        n -= taken;
    }
    return 0;
}

static int encode_finish(oci_writer *w, oci_error *err)
{
    struct encode_writer *e = (struct encode_writer *)w;
    int r = encode_all(e, e->block, e->waiting, true, err);

    return r < 0 ? r : oci_writer_finish(e->dst, err);
}

static void encode_free(oci_writer *w)
{
    struct encode_writer *e = (struct encode_writer *)w;

    e->codec->encoder_free(e->state);
    oci_writer_free(e->dst);
}

static const oci_writer_ops encode_ops = { encode_write, encode_finish, encode_free };

int oci_writer_encode(oci_writer *dst, const oci_codec *codec, int level, oci_writer **out, oci_error *err)
{
    OCI_AUTO(oci_writer) owned = dst;
    OCI_AUTO_MEM struct encode_writer *e = oci_calloc(1, sizeof *e);
    int r;

    if (e == NULL)
        return oci_fail_nomem(err);
    r = codec->encoder_new(level, &e->state, err);
    if (r < 0)
        return r;
    e->w.ops = &encode_ops;
    e->codec = codec;
    e->dst = oci_steal(&owned);
    *out = &oci_steal(&e)->w;
    return 0;
}
