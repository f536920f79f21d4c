/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/table.h"
#include "base/text.h"
#include "base/vec.h"
#include "os/os.h"
#include "stream/stream.h"

enum { SHA256_BYTES = 32 };

/* As it is kept. */
struct fact {
    char *xattrs; /* text, or NULL */
    uint64_t dev, ino, size;
    int64_t mtime;
    uint32_t mtime_nsec, mode, uid, gid;
    uint32_t name_hash; /* of the name it was made with, which an inode number in a directory has to agree with */
    bool hashed, linked;
    uint8_t digest[SHA256_BYTES];
};

struct oci_facts {
    /* By device and inode: the index plus one, 0 for none. What it is of is in the item itself. */
    struct {
        uint32_t *slots;
        size_t cap; /* a power of two, or 0 */
    } by_number;
    size_t last; /* the one found last: the next one is often wanted next, and to look into all slots is slow */
    struct {
        struct fact *items;
        size_t count, cap;
    } all;
    uint64_t seed[2]; /* of the hashes of names */
    oci_digester *digester;
    uint64_t position; /* bytes hashed of the file at hand */
    oci_buf xattrs;    /* of what is at hand */
};

int oci_facts_new(oci_facts **out, oci_error *err)
{
    OCI_AUTO(oci_facts) f = oci_calloc(1, sizeof *f);
    int r;

    if (f == NULL)
        return oci_fail_nomem(err);
    oci_hash_seed(f->seed);
    r = oci_digester_new(OCI_DIGEST_SHA256, &f->digester, err);
    if (r < 0)
        return r;
    *out = oci_steal(&f);
    return 0;
}

void oci_facts_free(oci_facts *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->all.count; i++)
        oci_free(f->all.items[i].xattrs);
    oci_free(f->all.items);
    oci_free(f->by_number.slots);
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

void oci_facts_content(oci_facts *f, oci_reader *layer, oci_span piece, uint64_t offset)
{
    if (f == NULL)
        return;
    hash_zeros(f, offset);
    oci_reader_hash_too(layer, f->digester, piece.data, piece.len);
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

static bool is_of(const oci_facts *f, size_t i, dev_t dev, ino_t ino)
{
    return i < f->all.count && f->all.items[i].ino == ino && f->all.items[i].dev == dev;
}

/* The slot of the number, or the free one where it would go. */
static uint32_t *slot_of(const oci_facts *f, dev_t dev, ino_t ino)
{
    size_t i = (size_t)oci_table_number_key(ino, dev).place & (f->by_number.cap - 1);

    while (f->by_number.slots[i] != 0 && !is_of(f, f->by_number.slots[i] - 1, dev, ino))
        i = (i + 1) & (f->by_number.cap - 1);
    return &f->by_number.slots[i];
}

static int grow(oci_facts *f, oci_error *err)
{
    const size_t cap = f->by_number.cap > 0 ? f->by_number.cap * 2 : 64;
    uint32_t *slots = cap <= UINT32_MAX ? oci_calloc(cap, sizeof *slots) : NULL;

    if (slots == NULL)
        return oci_fail_nomem(err);
    oci_free(f->by_number.slots);
    f->by_number.slots = slots;
    f->by_number.cap = cap;
    for (size_t i = 0; i < f->all.count; i++)
        *slot_of(f, f->all.items[i].dev, f->all.items[i].ino) = (uint32_t)i + 1;
    return 0;
}

static struct fact *find(oci_facts *f, dev_t dev, ino_t ino)
{
    if (!is_of(f, f->last, dev, ino) && !is_of(f, ++f->last, dev, ino)) {
        uint32_t found = f->by_number.cap > 0 ? *slot_of(f, dev, ino) : 0;

        if (found == 0)
            return NULL;
        f->last = found - 1;
    }
    return &f->all.items[f->last];
}

static struct fact *find_or_add(oci_facts *f, const struct stat *st, oci_error *err)
{
    uint32_t *slot;

    /* Two thirds full at most. */
    if (f->all.count >= f->by_number.cap / 3 * 2 && grow(f, err) < 0)
        return NULL;
    slot = slot_of(f, st->st_dev, st->st_ino);
    if (*slot == 0) {
        if (!OCI_VEC_PUSH(&f->all, ((struct fact) { .dev = st->st_dev, .ino = st->st_ino }))) {
            oci_fail_nomem(err);
            return NULL;
        }
        *slot = (uint32_t)f->all.count;
    }
    return &f->all.items[*slot - 1];
}

static uint32_t hash_of(const oci_facts *f, const char *name)
{
    return (uint32_t)oci_siphash(f->seed, name, strlen(name));
}

/* What is at hand belongs to st; digest is NULL for what is no file. */
static int keep(oci_facts *f, const struct stat *st, const char *name, const oci_digest *digest, oci_error *err)
{
    struct fact *fact = find_or_add(f, st, err);
    char *xattrs = NULL;

    if (fact == NULL)
        return OCI_E_NOMEM;
    if (f->xattrs.len > 0) {
        xattrs = oci_strndup(f->xattrs.data, f->xattrs.len);
        if (xattrs == NULL)
            return oci_fail_nomem(err);
    }
    f->xattrs.len = 0;
    oci_free(fact->xattrs);
    *fact = (struct fact) {
        .xattrs = xattrs,
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime = st->st_mtim.tv_sec,
        .mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
        .mode = st->st_mode,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .name_hash = hash_of(f, name),
        .hashed = digest != NULL,
    };
    if (digest != NULL)
        memcpy(fact->digest, digest->bytes, SHA256_BYTES);
    return 0;
}

int oci_facts_file(oci_facts *f, const struct stat *st, const char *name, uint64_t size, oci_error *err)
{
    oci_digest digest;
    int r;

    if (f == NULL)
        return 0;
    hash_zeros(f, size);
    f->position = 0;
    r = oci_digester_final(f->digester, &digest, err);
    return r < 0 ? r : keep(f, st, name, &digest, err);
}

int oci_facts_other(oci_facts *f, const struct stat *st, const char *name, oci_error *err)
{
    return f == NULL ? 0 : keep(f, st, name, NULL, err);
}

void oci_facts_linked(oci_facts *f, const struct stat *st)
{
    struct fact *fact = f != NULL ? find(f, st->st_dev, st->st_ino) : NULL;

    if (fact != NULL)
        fact->linked = true;
}

static oci_digest digest_of(const struct fact *fact)
{
    oci_digest digest = { 0 };

    if (fact->hashed) {
        digest.alg = OCI_DIGEST_SHA256;
        digest.len = SHA256_BYTES;
        memcpy(digest.bytes, fact->digest, SHA256_BYTES);
    }
    return digest;
}

int oci_facts_again(oci_facts *f, const struct stat *st, int dirfd, const char *base, oci_error *err)
{
    const struct fact *fact = f != NULL ? find(f, st->st_dev, st->st_ino) : NULL;
    oci_digest digest;
    struct stat copy;
    int r;

    if (fact == NULL)
        return 0;
    r = oci_entry_stat(dirfd, base, &copy, err);
    if (r == 0)
        return oci_fail(err, OCI_E_CONFLICT, "'%s' is gone", base);
    if (r > 0 && fact->xattrs != NULL)
        r = oci_buf_puts(&f->xattrs, fact->xattrs, err);
    digest = digest_of(fact);
    return r < 0 ? r : keep(f, &copy, base, digest.alg != OCI_DIGEST_NONE ? &digest : NULL, err);
}

/* ---- telling ---- */

bool oci_facts_find(oci_facts *f, const struct stat *st, oci_fact *out)
{
    const struct fact *fact = f != NULL ? find(f, st->st_dev, st->st_ino) : NULL;

    if (fact == NULL)
        return false;
    *out = (oci_fact) { digest_of(fact), fact->xattrs != NULL ? fact->xattrs : "" };
    return true;
}

static bool is_type(const struct fact *fact, unsigned char type)
{
    return (S_ISREG(fact->mode) && type == DT_REG) || (S_ISLNK(fact->mode) && type == DT_LNK);
}

bool oci_facts_stat(oci_facts *f, const struct stat *dir, const oci_dir_name *name, struct stat *out)
{
    const struct fact *fact = find(f, dir->st_dev, name->ino);

    if (fact == NULL || fact->linked || !is_type(fact, name->type) || fact->name_hash != hash_of(f, name->text))
        return false;
    *out = (struct stat) {
        .st_dev = dir->st_dev,
        .st_ino = name->ino,
        .st_mode = fact->mode,
        .st_nlink = 1,
        .st_uid = fact->uid,
        .st_gid = fact->gid,
        .st_size = (off_t)fact->size,
        .st_mtim = { .tv_sec = (time_t)fact->mtime, .tv_nsec = (long)fact->mtime_nsec },
    };
    return true;
}
