/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "os/os.h"

enum { SHA256_BYTES = 32 };

/* As it is kept: one allocation. */
struct fact {
    bool hashed;
    uint8_t digest[SHA256_BYTES];
    char xattrs[]; /* text, NUL-terminated */
};

struct oci_facts {
    oci_map *by_number;
    oci_digester *digester;
    uint64_t position; /* bytes hashed of the file at hand */
    oci_buf xattrs;    /* of what is at hand */
};

struct key {
    uint64_t dev, ino;
};

int oci_facts_new(oci_facts **out, oci_error *err)
{
    OCI_AUTO(oci_facts) f = oci_calloc(1, sizeof *f);
    int r;

    if (f == NULL)
        return oci_fail_nomem(err);
    f->by_number = oci_map_new();
    if (f->by_number == NULL)
        return oci_fail_nomem(err);
    r = oci_digester_new(OCI_DIGEST_SHA256, &f->digester, err);
    if (r < 0)
        return r;
    *out = oci_steal(&f);
    return 0;
}

void oci_facts_free(oci_facts *f)
{
    void *value;

    if (f == NULL)
        return;
    for (size_t at = 0; f->by_number != NULL && oci_map_next(f->by_number, &at, NULL, NULL, &value);)
        oci_free(value);
    oci_map_free(f->by_number);
    oci_digester_free(f->digester);
    oci_buf_free(&f->xattrs);
    oci_free(f);
}

/* ---- gathering ---- */

static void hash_zeros(oci_facts *f, uint64_t end)
{
    static const char zeros[16384];

    while (f->position < end) {
        size_t n = end - f->position < sizeof zeros ? (size_t)(end - f->position) : sizeof zeros;

        oci_digester_update(f->digester, zeros, n);
        f->position += n;
    }
}

void oci_facts_content(oci_facts *f, oci_span piece, uint64_t offset)
{
    if (f == NULL)
        return;
    hash_zeros(f, offset);
    oci_digester_update(f->digester, piece.data, piece.len);
    f->position += piece.len;
}

int oci_mtree_escape(oci_buf *out, const char *text, size_t n, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c > ' ' && c < 0x7f && strchr("\\*?[#", c) == NULL)
            r = oci_buf_putc(out, (char)c, err);
        else
            r = oci_buf_printf(out, err, "\\%03o", c);
    }
    return r;
}

int oci_facts_xattr(oci_facts *f, const char *name, const void *value, size_t n, oci_error *err)
{
    int r;

    if (f == NULL)
        return 0;
    r = oci_buf_puts(&f->xattrs, " xattr.", err);
    if (r == 0)
        r = oci_mtree_escape(&f->xattrs, name, strlen(name), err);
    if (r == 0)
        r = oci_buf_putc(&f->xattrs, '=', err);
    if (r == 0)
        r = oci_buf_reserve(&f->xattrs, oci_base64_length(n), err);
    if (r < 0)
        return r;
    oci_base64_encode(value, n, f->xattrs.data + f->xattrs.len);
    f->xattrs.len += oci_base64_length(n);
    return 0;
}

/* ---- keeping ---- */

/* What is at hand belongs to st; digest is NULL for what is no file. */
static int keep(oci_facts *f, const struct stat *st, const oci_digest *digest, oci_error *err)
{
    struct key key = { st->st_dev, st->st_ino };
    struct fact *fact = NULL;
    void *old = NULL;
    size_t n = f->xattrs.len;

    if (digest != NULL || n > 0) {
        fact = oci_alloc(sizeof *fact + n + 1);
        if (fact == NULL)
            return oci_fail_nomem(err);
        fact->hashed = digest != NULL;
        if (digest != NULL)
            memcpy(fact->digest, digest->bytes, SHA256_BYTES);
        if (n > 0)
            memcpy(fact->xattrs, f->xattrs.data, n);
        fact->xattrs[n] = '\0';
    }
    f->xattrs.len = 0;
    oci_map_get(f->by_number, &key, sizeof key, &old);
    if (fact == NULL) {
        oci_map_remove(f->by_number, &key, sizeof key);
    } else if (oci_map_set(f->by_number, &key, sizeof key, fact) < 0) {
        oci_free(fact);
        return oci_fail_nomem(err);
    }
    oci_free(old);
    return 0;
}

int oci_facts_file(oci_facts *f, int fd, uint64_t size, oci_error *err)
{
    oci_digest digest;
    struct stat st;
    int r;

    if (f == NULL)
        return 0;
    hash_zeros(f, size);
    f->position = 0;
    r = oci_digester_final(f->digester, &digest, err);
    if (r < 0)
        return r;
    return fstat(fd, &st) < 0 ? oci_fail_errno(err, "look at the file") : keep(f, &st, &digest, err);
}

int oci_facts_fd(oci_facts *f, int fd, oci_error *err)
{
    struct stat st;

    if (f == NULL)
        return 0;
    return fstat(fd, &st) < 0 ? oci_fail_errno(err, "look at the directory") : keep(f, &st, NULL, err);
}

int oci_facts_entry(oci_facts *f, int dirfd, const char *base, oci_error *err)
{
    struct stat st;
    int r;

    if (f == NULL)
        return 0;
    r = oci_entry_stat(dirfd, base, &st, err);
    if (r == 0)
        return oci_fail(err, OCI_E_CONFLICT, "'%s' is gone", base);
    return r < 0 ? r : keep(f, &st, NULL, err);
}

bool oci_facts_find(const oci_facts *f, const struct stat *st, oci_fact *out)
{
    struct key key = { st->st_dev, st->st_ino };
    const struct fact *fact;
    void *value;

    if (f == NULL || !oci_map_get(f->by_number, &key, sizeof key, &value))
        return false;
    fact = value;
    *out = (oci_fact) { .xattrs = fact->xattrs };
    if (fact->hashed) {
        out->digest.alg = OCI_DIGEST_SHA256;
        out->digest.len = SHA256_BYTES;
        memcpy(out->digest.bytes, fact->digest, SHA256_BYTES);
    }
    return true;
}

int oci_facts_again(oci_facts *f, const struct stat *st, int dirfd, const char *base, oci_error *err)
{
    struct stat copy;
    oci_fact fact;
    int r;

    if (!oci_facts_find(f, st, &fact))
        return 0;
    r = oci_entry_stat(dirfd, base, &copy, err);
    if (r == 0)
        return oci_fail(err, OCI_E_CONFLICT, "'%s' is gone", base);
    if (r > 0)
        r = oci_buf_puts(&f->xattrs, fact.xattrs, err);
    return r < 0 ? r : keep(f, &copy, fact.digest.alg != OCI_DIGEST_NONE ? &fact.digest : NULL, err);
}
