/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The face of content that is being written: what it becomes is hashed here. Where somebody else in the same thread
 * hashes something else, some of it waits to be hashed together with that.
 */
#include "store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/span.h"
#include "digest/digest_auto.h"
#include "digest/together.h"
#include "stream/stream.h"

enum { WAITING = 1 << 20 }; /* bytes */

/* What is written and not hashed: bytes[hashed..written). */
struct oci_waiting {
    size_t hashed, written;
    unsigned char bytes[WAITING];
};

/* ---- hashing ---- */

static oci_span unhashed(const struct oci_waiting *w)
{
    return (oci_span) { w->bytes + w->hashed, w->written - w->hashed };
}

static void hash_waiting(oci_ingest *i)
{
    const oci_span rest = unhashed(i->waiting);

    oci_digester_update(i->digester, rest.data, rest.len);
    i->waiting->hashed = i->waiting->written = 0;
}

/* What is too much to wait is hashed at once: the oldest. */
static void take(oci_ingest *i, oci_span bytes)
{
    struct oci_waiting *w = i->waiting;
    const size_t room = w != NULL ? WAITING : 0;
    const size_t too_much = bytes.len > room ? bytes.len - room : 0;

    if (w != NULL && bytes.len > WAITING - w->written)
        hash_waiting(i);
    oci_digester_update(i->digester, bytes.data, too_much);
    bytes = oci_span_behind(bytes, too_much);
    if (bytes.len == 0)
        return;
    memcpy(w->bytes + w->written, bytes.data, bytes.len);
    w->written += bytes.len;
}

int oci_ingest_hash_later(oci_ingest *i, oci_error *err)
{
    if (i->waiting != NULL || !oci_digester_has_gain(i->digester))
        return 0;
    i->waiting = oci_alloc(sizeof *i->waiting);
    if (i->waiting == NULL)
        return oci_fail_nomem(err);
    i->waiting->hashed = i->waiting->written = 0;
    return 0;
}

void oci_ingest_update_beside(oci_ingest *i, oci_digester *d, oci_span bytes)
{
    struct oci_waiting *w = i->waiting;
    oci_span piece = w != NULL ? unhashed(w) : (oci_span) { NULL, 0 };

    if (piece.len > bytes.len)
        piece.len = bytes.len;
    if (piece.len > 0) {
        oci_digester_update_two(i->digester, piece, d, (oci_span) { bytes.data, piece.len });
        w->hashed += piece.len;
        bytes = oci_span_behind(bytes, piece.len);
    }
    oci_digester_update(d, bytes.data, bytes.len);
}

/* ---- the face ---- */

int oci_ingest_write(oci_ingest *i, const void *p, size_t n, oci_error *err)
{
    int r;

    if (i->failed)
        return oci_fail(err, OCI_E_IO, "an earlier write of this content has failed");
    if (n == 0)
        return 0;
    take(i, (oci_span) { p, n });
    i->size += n;
    r = i->ops->write(i, p, n, err);
    i->failed = r < 0;
    return r;
}

int oci_ingest_commit(oci_ingest *i, const oci_digest *expect, oci_digest *got, uint64_t *size, oci_error *err)
{
    OCI_AUTO(oci_ingest) ingest = i;
    uint64_t total = i->size;
    oci_digest digest;
    int r;

    if (i->failed)
        return oci_fail(err, OCI_E_IO, "an earlier write of this content has failed");
    if (i->waiting != NULL)
        hash_waiting(i);
    r = oci_digester_final(i->digester, &digest, err);
    if (r < 0)
        return r;
    if (expect != NULL && !oci_digest_equal(expect, &digest)) {
        char wanted[OCI_DIGEST_MAX_TEXT], found[OCI_DIGEST_MAX_TEXT];

        oci_digest_format(expect, wanted, sizeof wanted);
        oci_digest_format(&digest, found, sizeof found);
        return oci_fail(err, OCI_E_DIGEST, "the content is %s, not %s", found, wanted);
    }
    r = ingest->ops->publish(ingest, &digest, err);
    if (r < 0)
        return r;
    if (got != NULL)
        *got = digest;
    if (size != NULL)
        *size = total;
    return 0;
}

void oci_ingest_abort(oci_ingest *i)
{
    if (i == NULL)
        return;
    i->ops->free(i);
    oci_digester_free(i->digester);
    oci_free(i->waiting);
    oci_free(i);
}

/* ---- as a writer ---- */

static int write_through(void *ctx, const void *p, size_t n, oci_error *err)
{
    return oci_ingest_write(ctx, p, n, err);
}

int oci_writer_to_ingest(oci_ingest *i, oci_writer **out, oci_error *err)
{
    static const oci_writer_callbacks ops = { write_through, NULL, NULL };

    return oci_writer_to_callbacks(&ops, i, out, err);
}
