/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_auto.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "together.h"

enum verdict { OPEN, TOO_LONG, TOO_SHORT, DIFFERENT, NOT_COMPUTED, RIGHT };

struct oci_verifier {
    oci_digester *digester;
    oci_digest want, got; /* got is set when the verdict is DIFFERENT */
    uint64_t size, seen;
    enum verdict verdict;
};

int oci_verifier_new(const oci_digest *want, uint64_t size, oci_verifier **out, oci_error *err)
{
    OCI_AUTO(oci_verifier) v = NULL;
    int r;

    if (want->len != oci_digest_alg_len(want->alg))
        return oci_fail(err, OCI_E_USAGE, "the digest to verify has %u bytes, not those of its algorithm", want->len);
    v = oci_calloc(1, sizeof *v);
    if (v == NULL)
        return oci_fail_nomem(err);
    v->want = *want;
    v->size = size;
    r = oci_digester_new(want->alg, &v->digester, err);
    if (r < 0)
        return r;
    *out = oci_steal(&v);
    return 0;
}

static int fail_digest(const oci_verifier *v, oci_error *err)
{
    char got[OCI_DIGEST_MAX_TEXT], want[OCI_DIGEST_MAX_TEXT];

    oci_digest_format(&v->got, got, sizeof got);
    oci_digest_format(&v->want, want, sizeof want);
    return oci_fail(err, OCI_E_DIGEST, "digest is %s, not %s", got, want);
}

/* The verdict as a result; OPEN and RIGHT are none to fail with. */
static int report(const oci_verifier *v, oci_error *err)
{
    switch (v->verdict) {
    case TOO_LONG:
        return oci_fail(err, OCI_E_SIZE, "size is more than %" PRIu64 " bytes", v->size);
    case TOO_SHORT:
        return oci_fail(err, OCI_E_SIZE, "size is %" PRIu64 " bytes, not %" PRIu64, v->seen, v->size);
    case DIFFERENT:
        return fail_digest(v, err);
    case NOT_COMPUTED:
        return oci_fail(err, OCI_E_INTERNAL, "the digest could not be computed");
    case OPEN:
    case RIGHT:
        break;
    }
    return 0;
}

int oci_verifier_admit(oci_verifier *v, size_t n, oci_error *err)
{
    if (v->verdict == RIGHT)
        return oci_fail(err, OCI_E_USAGE, "the verifier is finished");
    if (v->verdict == OPEN && v->size != OCI_SIZE_UNKNOWN && n > v->size - v->seen)
        v->verdict = TOO_LONG;
    if (v->verdict != OPEN)
        return report(v, err);
    v->seen += n;
    return 0;
}

void oci_verifier_hash(oci_verifier *v, oci_span bytes, oci_digester *also, oci_span with)
{
    if (also != NULL)
        oci_digester_update_two(v->digester, bytes, also, with);
    else
        oci_digester_update(v->digester, bytes.data, bytes.len);
}

bool oci_verifier_has_gain(const oci_verifier *v)
{
    return oci_digester_has_gain(v->digester);
}

int oci_verifier_update(oci_verifier *v, const void *p, size_t n, oci_error *err)
{
    int r = oci_verifier_admit(v, n, err);

    if (r == 0)
        oci_verifier_hash(v, (oci_span) { p, n }, NULL, (oci_span) { NULL, 0 });
    return r;
}

int oci_verifier_finish(oci_verifier *v, oci_error *err)
{
    if (v->verdict == OPEN) {
        if (v->size != OCI_SIZE_UNKNOWN && v->seen < v->size)
            v->verdict = TOO_SHORT;
        else if (oci_digester_final(v->digester, &v->got, NULL) < 0)
            v->verdict = NOT_COMPUTED;
        else
            v->verdict = oci_digest_equal(&v->got, &v->want) ? RIGHT : DIFFERENT;
    }
    return report(v, err);
}

void oci_verifier_free(oci_verifier *v)
{
    if (v == NULL)
        return;
    oci_digester_free(v->digester);
    oci_free(v);
}
