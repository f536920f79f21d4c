/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of the entries of an index, against a list that is looked through for each. */
#include "store/entries.h"

#include "base/alloc.h"
#include "layouts.h"

enum { NAMES = 4, DIGESTS = 3, MOST = 64, ROUNDS = 2000, EDITS = 12 };

static const char *const names[NAMES] = { NULL, "a", "b", "sha256:x" };
static const char *const digests[DIGESTS] = { "sha256:x", "sha256:y", "sha256:z" };

/* An entry that may be of any of them, with all that it points to. */
struct item {
    oci_pair pair;
    oci_annotations annotations;
    oci_descriptor descriptor;
};

static struct item pool[NAMES][DIGESTS];

static void fill_pool(void)
{
    for (size_t n = 0; n < NAMES; n++)
        for (size_t d = 0; d < DIGESTS; d++) {
            struct item *i = &pool[n][d];

            if (names[n] != NULL)
                i->pair =
                    (oci_pair) { OCI_ANNOTATION_REF_NAME, names[n], strlen(OCI_ANNOTATION_REF_NAME), strlen(names[n]) };
            i->annotations = (oci_annotations) { &i->pair, 1 };
            i->descriptor = (oci_descriptor) { .digest_text = digests[d],
                                               .annotations = names[n] != NULL ? &i->annotations : NULL };
        }
}

struct model {
    const oci_descriptor *items[MOST];
    size_t count;
};

static bool fits(const oci_descriptor *d, const char *name, const char *digest)
{
    const char *own = oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME);

    return (own == NULL || name == NULL ? own == name : strcmp(own, name) == 0) &&
           (digest == NULL || strcmp(digest, d->digest_text) == 0);
}

/* Removes what fits; the first gives its place to d (or NULL). Whether there was any. */
static bool model_replace(struct model *m, const char *name, const char *digest, const oci_descriptor *d)
{
    size_t kept = 0;
    bool found = false;

    for (size_t i = 0; i < m->count; i++) {
        const bool goes = fits(m->items[i], name, digest);

        if (!goes)
            m->items[kept++] = m->items[i];
        else if (!found && d != NULL)
            m->items[kept++] = d;
        found = found || goes;
    }
    m->count = kept;
    return found;
}

static void compare(const oci_entries *e, const struct model *m)
{
    OCI_AUTO_MEM const oci_descriptor **list = NULL;
    oci_error err = OCI_ERROR_INIT;
    size_t count;

    assert_ok(&err, oci_entries_list(e, &list, &count, &err));
    assert_int_equal(count, m->count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(list[i], m->items[i]);
    for (size_t n = 0; n < NAMES; n++) {
        size_t at = 0;

        for (size_t i = 0; i < m->count; i++)
            if (fits(m->items[i], names[n], NULL))
                assert_ptr_equal(oci_entries_next(e, names[n], &at), m->items[i]);
        assert_null(oci_entries_next(e, names[n], &at));
    }
}

static void edit(oci_entries *e, struct model *m)
{
    const size_t n = pick(NAMES), d = pick(DIGESTS);
    const char *digest = pick(2) == 0 ? digests[d] : NULL;
    const bool beside = digest != NULL;
    oci_error err = OCI_ERROR_INIT;

    if (pick(4) == 0) {
        assert_int_equal(oci_entries_delete(e, names[n], digest), model_replace(m, names[n], digest, NULL));
        return;
    }
    assert_ok(&err, oci_entries_set(e, names[n], &pool[n][d].descriptor, beside, &err));
    if (!model_replace(m, names[n], beside || names[n] == NULL ? digests[d] : NULL, &pool[n][d].descriptor))
        m->items[m->count++] = &pool[n][d].descriptor;
}

OCI_TEST (entries, are_what_a_list_would_be) {
    oci_error err = OCI_ERROR_INIT;

    random_seed(1);
    fill_pool();
    for (size_t round = 0; round < ROUNDS; round++) {
        struct model m = { .count = pick(12) };
        OCI_AUTO(oci_entries) e = NULL;

        for (size_t i = 0; i < m.count; i++)
            m.items[i] = &pool[pick(NAMES)][pick(DIGESTS)].descriptor;
        assert_ok(&err, oci_entries_new(&(oci_index) { .manifests = m.items, .n_manifests = m.count }, &e, &err));
        compare(e, &m);
        for (size_t i = 0; i < EDITS; i++) {
            edit(e, &m);
            compare(e, &m);
        }
    }
}

/* What is asked for ends at its first NUL byte, what is there does not. */
// proves: safety.12
OCI_TEST (entries, have_names_with_a_length) {
    static const char odd[] = "a\0b";
    const oci_pair pair = { OCI_ANNOTATION_REF_NAME, odd, strlen(OCI_ANNOTATION_REF_NAME), sizeof odd - 1 };
    const oci_annotations annotations = { &pair, 1 };
    const oci_descriptor d = { .digest_text = digests[0], .annotations = &annotations };
    const oci_descriptor *list[] = { &d };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_entries) e = NULL;
    size_t at = 0;

    assert_ok(&err, oci_entries_new(&(oci_index) { .manifests = list, .n_manifests = 1 }, &e, &err));
    assert_null(oci_entries_next(e, "a", &at));
    assert_null(oci_entries_next(e, NULL, &at));
    assert_false(oci_entries_delete(e, "a", NULL));
    assert_false(oci_entries_delete(e, NULL, digests[0]));
}

/* And so it is with keys: what only begins like that of the name is none. */
OCI_TEST (entries, have_keys_with_a_length) {
    static const char odd[] = OCI_ANNOTATION_REF_NAME "\0b";
    const oci_pair pair = { odd, "a", sizeof odd - 1, 1 };
    const oci_annotations annotations = { &pair, 1 };
    const oci_descriptor d = { .digest_text = digests[0], .annotations = &annotations };
    const oci_descriptor *list[] = { &d };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_entries) e = NULL;
    size_t at = 0;

    assert_ok(&err, oci_entries_new(&(oci_index) { .manifests = list, .n_manifests = 1 }, &e, &err));
    assert_null(oci_entries_next(e, "a", &at));
    assert_ptr_equal(oci_entries_next(e, NULL, &at), &d);
}
