/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a layer, decided upon like those that are unpacked (layer/plan.h), with nothing done. Names are
 * remembered until the layer ends: for those that occur twice, and for hard links, whose targets may come later.
 */
#include "validation.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/table.h"
#include "base/text.h"
#include "base/vec.h"
#include "layer/plan.h"

/* Bytes of the names of links that wait for the end of the layer, as when it is unpacked. */
enum { MAX_LATE_BYTES = 64 * 1024 * 1024 };
enum { MAX_STEPS = 16 /* of the way up from a name */ };

/* What is known of a name: the type of its entry, whether it has one, whether that is a whiteout, whether something
 * else lies directly below, whether it is a hard link that waits for its target, so that nothing is there yet. */
enum { KNOWN_TYPE = 0xf, KNOWN_ENTRY = 0x10, KNOWN_WHITEOUT = 0x20, KNOWN_CHILD = 0x40, KNOWN_WAITS = 0x80 };

/* What many entries of an archive have in common is told of the first one. */
struct once {
    const char *rule, *text;
    char *entry;
    uint64_t count;
};
enum { ABSOLUTE, SPARSE, AUFS, UNKNOWN, OPAQUE, BEHIND, ONCE };

struct late_link {
    char *name, *stored_name, *target;
    size_t visit; /* the round that has come here, from 1 */
};

struct check {
    oci_node *node;
    const oci_limits *limits;
    oci_layer_facts *facts;
    atomic_size_t *room; /* for the entries that are kept; NULL: none are */
    oci_kept_name kept;  /* the last of them */
    oci_table names;     /* what is known of a name: KNOWN_... and the type */
    struct {
        char name[OCI_TAR_PATH_MAX];
        size_t len;
        oci_key key;
    } dir; /* the one an entry was in last; the next one often is too */
    struct once once[ONCE];
    struct {
        struct late_link *items;
        size_t count, cap, bytes;
    } late;
    oci_map *late_by_name; /* names: their number, from 1 */
};

static void tell(struct check *c, const char *entry, const char *rule, oci_told told, const char *fmt, ...)
    OCI_PRINTF(5, 6);

static void tell(struct check *c, const char *entry, const char *rule, oci_told told, const char *fmt, ...)
{
    char text[600];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* Of two entries for one path the last is taken when a layer is unpacked. */
    if (oci_rule_find(rule)->severity == OCI_SEVERITY_ERROR && strcmp(rule, "layer.tar.no-duplicates") != 0)
        c->facts->is_refused = true;
    c->node->place.entry = entry;
    oci_tell(c->node, rule, told, NULL, "%s", text);
    c->node->place.entry = NULL;
}

static int count_once(struct check *c, int which, const oci_tar_entry *e)
{
    struct once *o = &c->once[which];

    if (o->count++ > 0)
        return 0;
    o->entry = oci_strdup(e->stored_name);
    return o->entry != NULL ? 0 : OCI_E_NOMEM;
}

/* ---- names ---- */

static oci_key key_of(const struct check *c, const char *name, size_t n)
{
    return oci_table_key(&c->names, 0, 0, name, n);
}

/* What is known of the name, 0 when nothing is. */
static unsigned known(const struct check *c, const char *name, size_t n)
{
    return (unsigned)oci_table_get(&c->names, key_of(c, name, n));
}

static bool is_type(const struct check *c, const char *name, size_t n, oci_tar_type type)
{
    unsigned k = known(c, name, n);

    return (k & (KNOWN_ENTRY | KNOWN_CHILD)) != 0 && (k & KNOWN_TYPE) == (unsigned)type;
}

/* Whether the layer puts something there, also if that is a directory without an entry. */
static bool is_there(const struct check *c, const char *name)
{
    unsigned k = known(c, name, strlen(name));

    return k != 0 && (k & KNOWN_WHITEOUT) == 0;
}

/* The length of the name of the directory above, without its slash. */
static size_t above(const char *name, size_t n)
{
    while (n > 0 && name[n - 1] != '/')
        n--;
    return n > 0 ? n - 1 : 0;
}

/* The key of a directory so many steps above a name. */
static oci_key key_above(struct check *c, const char *name, size_t n, unsigned steps)
{
    if (steps > 0)
        return key_of(c, name, n);
    if (n != c->dir.len || memcmp(name, c->dir.name, n) != 0) {
        memcpy(c->dir.name, name, n);
        c->dir.len = n;
        c->dir.key = key_of(c, name, n);
    }
    return c->dir.key;
}

/* Directories on the way that have no entry are there too. Names of many components are no reason to spend time on:
 * those far above are left unknown. */
static int see_parents(struct check *c, const oci_tar_entry *e)
{
    size_t n = e->name_len;

    for (unsigned steps = 0; n > 0 && steps < MAX_STEPS; steps++) {
        uint32_t *k;

        n = above(e->name, n);
        k = oci_table_at(&c->names, key_above(c, e->name, n, steps));
        if (k == NULL)
            return OCI_E_NOMEM;
        if ((*k & KNOWN_CHILD) != 0)
            break;
        c->facts->implied += *k == 0 && n > 0;
        if (*k == 0 || (*k & KNOWN_WAITS) != 0)
            *k = (*k & KNOWN_ENTRY) | OCI_TAR_DIR;
        *k |= KNOWN_CHILD;
    }
    return 0;
}

static int see_name(struct check *c, const oci_tar_entry *e, oci_action action, bool waits)
{
    uint32_t *k = oci_table_at(&c->names, key_of(c, e->name, e->name_len));
    int r = 0;

    if (k == NULL)
        return OCI_E_NOMEM;
    if ((*k & KNOWN_ENTRY) != 0)
        tell(c, e->stored_name, "layer.tar.no-duplicates", OCI_TOLD_RULE, "a second entry for this path");
    if (*k != 0 && (e->type != OCI_TAR_DIR || (*k & KNOWN_TYPE) != OCI_TAR_DIR))
        c->facts->is_plain = false;
    /* What is replaced by something else than a directory has nothing below it any more. */
    *k = (e->type == OCI_TAR_DIR ? *k & KNOWN_CHILD : 0) | KNOWN_ENTRY | (waits ? KNOWN_WAITS : 0) | (unsigned)e->type;
    if (action == OCI_ACTION_PUT)
        r = see_parents(c, e);
    else
        *k |= KNOWN_WHITEOUT;
    return r < 0 || c->room == NULL ? r : oci_layer_keep(c->facts, c->room, &c->kept, e);
}

/* Whether a directory on the way may be a link to another one, so that nobody knows where the name leads. */
static bool goes_through_link(const struct check *c, const char *name)
{
    unsigned steps = 0;

    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        if (++steps > MAX_STEPS || is_type(c, name, (size_t)(slash - name), OCI_TAR_SYMLINK))
            return true;
    return false;
}

/* What is known of the nearest directory above n bytes of a name of which anything is, 0 when that is the root. A layer
 * is not plain when that is no directory, or too far up. */
static unsigned known_above(struct check *c, const char *name, size_t n)
{
    unsigned k = 0, steps = 0;

    for (; n > 0 && steps < MAX_STEPS && k == 0; steps++) {
        n = above(name, n);
        if (n > 0)
            k = oci_table_get(&c->names, key_above(c, name, n, steps));
    }
    if (n > 0 && (k & KNOWN_TYPE) != OCI_TAR_DIR)
        c->facts->is_plain = false;
    return k;
}

/* What is there already and is neither a directory nor a link to one can hold nothing. */
static void check_parent(struct check *c, const oci_tar_entry *e)
{
    unsigned k = known_above(c, e->name, e->name_len);

    if ((k & KNOWN_ENTRY) != 0 && (k & KNOWN_WAITS) == 0 && (k & KNOWN_TYPE) != OCI_TAR_DIR &&
        (k & KNOWN_TYPE) != OCI_TAR_SYMLINK)
        tell(c, e->stored_name, "layer.name.parent", OCI_TOLD_RULE,
             "the entry lies below something that is no directory");
}

/* ---- hard links ---- */

static int see_link(struct check *c, const oci_tar_entry *e, oci_error *err)
{
    struct late_link link = { 0 };
    unsigned target;
    size_t bytes;

    if (e->link == NULL || e->link[0] == '\0') {
        tell(c, e->stored_name, "layer.hardlink.not-directories", OCI_TOLD_RULE, "the hard link leads to the root");
        return 0;
    }
    target = known(c, e->link, strlen(e->link));
    if ((target & (KNOWN_ENTRY | KNOWN_WHITEOUT)) == KNOWN_ENTRY && (target & KNOWN_TYPE) != OCI_TAR_DIR &&
        (target & KNOWN_TYPE) != OCI_TAR_HARDLINK && strcmp(e->link, e->name) != 0)
        return 0;
    c->facts->is_plain = false;
    bytes = e->name_len + strlen(e->stored_name) + strlen(e->link) + sizeof link;
    if (bytes > MAX_LATE_BYTES - c->late.bytes)
        return oci_fail(err, OCI_E_LIMIT, "too many hard links come before their targets");
    link = (struct late_link) { oci_strdup(e->name), oci_strdup(e->stored_name), oci_strdup(e->link), 0 };
    if (link.name == NULL || link.stored_name == NULL || link.target == NULL || !OCI_VEC_PUSH(&c->late, link)) {
        oci_free(link.name);
        oci_free(link.stored_name);
        oci_free(link.target);
        return oci_fail_nomem(err);
    }
    c->late.bytes += bytes;
    if (oci_map_set(c->late_by_name, e->name, e->name_len, (void *)(uintptr_t)c->late.count) < 0)
        return oci_fail_nomem(err);
    return 0;
}

/* Whether links lead to each other and at last to this one. Each link is gone through once. */
static bool is_circle(struct check *c, size_t start)
{
    for (size_t at = start; c->late.items[at].visit == 0;) {
        const char *target = c->late.items[at].target;
        void *value;

        c->late.items[at].visit = start + 1;
        if (!oci_map_get(c->late_by_name, target, strlen(target), &value))
            return false;
        at = (uintptr_t)value - 1;
        if (c->late.items[at].visit == start + 1)
            return true;
    }
    return false;
}

/* At the end of the layer: where the links lead that had nothing to lead to. */
static void check_links(struct check *c, bool is_base)
{
    for (size_t i = 0; i < c->late.count; i++) {
        const struct late_link *l = &c->late.items[i];
        size_t n = strlen(l->target);
        bool circle = is_circle(c, i);

        /* A later entry may have taken the name. */
        if ((known(c, l->name, strlen(l->name)) & KNOWN_WAITS) == 0)
            continue;
        if (is_type(c, l->target, n, OCI_TAR_DIR))
            tell(c, l->stored_name, "layer.hardlink.not-directories", OCI_TOLD_RULE,
                 "the hard link leads to '%s', which is a directory", l->target);
        else if (circle)
            tell(c, l->stored_name, "layer.hardlink.target", OCI_TOLD_RULE, "the hard link leads to itself");
        else if (!is_there(c, l->target) && !goes_through_link(c, l->target))
            tell(c, l->stored_name, is_base ? "layer.hardlink.target" : "layer.hardlink.outside-may-fail",
                 OCI_TOLD_RULE, "the hard link leads to '%s', which is not there", l->target);
    }
}

/* ---- entries ---- */

static int check_put(struct check *c, const oci_tar_entry *e, oci_error *err)
{
    check_parent(c, e);
    if (e->type == OCI_TAR_BLOCK)
        tell(c, e->stored_name, "layer.types.block-device", OCI_TOLD_RULE, "a block device");
    if (e->type == OCI_TAR_CHAR)
        tell(c, e->stored_name, "layer.types.char-device", OCI_TOLD_RULE, "a character device");
    if (e->type == OCI_TAR_FILE && (e->mode & 06000) != 0)
        tell(c, e->stored_name, "layer.attr.mode", OCI_TOLD_RULE, "mode %04" PRIo32, e->mode);
    if (e->sparse && count_once(c, SPARSE, e) < 0)
        return oci_fail_nomem(err);
    return e->type == OCI_TAR_HARDLINK ? see_link(c, e, err) : 0;
}

static int check_whiteout(struct check *c, const oci_tar_entry *e, bool opaque)
{
    size_t n = above(e->name, e->name_len);
    bool later = oci_report_is_spec(c->node->report, OCI_SPEC_1_1);

    known_above(c, e->name, e->name_len);
    if (e->size > 0)
        tell(c, e->stored_name, "whiteout.empty-file", OCI_TOLD_RULE, "the whiteout has %" PRIu64 " bytes", e->size);
    if (e->type != OCI_TAR_FILE)
        tell(c, e->stored_name, later ? "whiteout.regular-file" : "whiteout.empty-file", OCI_TOLD_RULE,
             "the whiteout is no regular file");
    if ((known(c, e->name, n) & KNOWN_CHILD) != 0 && count_once(c, BEHIND, e) < 0)
        return OCI_E_NOMEM;
    return opaque ? count_once(c, OPAQUE, e) : 0;
}

/* What the plan refuses. The rule about .wh. alone is younger than the others. */
static void tell_plan(struct check *c, const oci_tar_entry *e, const oci_error *why)
{
    const char *slash = strrchr(e->name, '/'), *base = slash != NULL ? slash + 1 : e->name;
    bool bare = strcmp(base, ".wh.") == 0 && oci_report_is_spec(c->node->report, OCI_SPEC_HEAD);

    if (e->name_len == 0)
        tell(c, e->stored_name, "layer.tar.format", OCI_TOLD_REFUSED, "%s", why->msg);
    else
        tell(c, e->stored_name, bare ? "whiteout.bare-prefix" : "whiteout.name", OCI_TOLD_REFUSED, "%s", why->msg);
}

static int check_plan(struct check *c, const oci_tar_entry *e, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    const size_t waiting = c->late.count;
    oci_plan plan;
    int r = 0;

    if (oci_plan_entry(e, &plan, &why) < 0) {
        tell_plan(c, e, &why);
        return 0;
    }
    switch (plan.action) {
    case OCI_ACTION_SKIP:
        r = count_once(c, e->type == OCI_TAR_UNKNOWN ? UNKNOWN : AUFS, e);
        return r < 0 ? oci_fail_nomem(err) : 0;
    case OCI_ACTION_ROOT:
        break;
    case OCI_ACTION_WHITEOUT:
        r = check_whiteout(c, e, false);
        break;
    case OCI_ACTION_OPAQUE:
        r = check_whiteout(c, e, true);
        break;
    case OCI_ACTION_PUT:
        r = check_put(c, e, err);
        break;
    }
    if (r == 0 && see_name(c, e, plan.action, c->late.count > waiting) < 0)
        r = oci_fail_nomem(err);
    return r;
}

static int check_entry(struct check *c, const oci_tar_entry *e, oci_error *err)
{
    if (c->facts->entries == c->limits->max_entries)
        return oci_fail(err, OCI_E_LIMIT, "more than the limit of %" PRIu64 " entries", c->limits->max_entries);
    c->facts->entries++;
    if (e->type == OCI_TAR_FILE && !e->sparse) {
        if (e->size > c->limits->max_size - c->facts->bytes)
            return oci_fail(err, OCI_E_LIMIT, "files of more than the limit of %" PRIu64 " bytes", c->limits->max_size);
        c->facts->bytes += e->size;
    }
    if (e->stored_name[0] == '/' && e->type != OCI_TAR_UNKNOWN && count_once(c, ABSOLUTE, e) < 0)
        return oci_fail_nomem(err);
    return check_plan(c, e, err);
}

static void take_warning(void *ctx, const char *text)
{
    oci_node *n = ctx;

    oci_tell(n, "layer.tar.odd", OCI_TOLD_RULE, NULL, "%s", text);
}

static void tell_once(struct check *c)
{
    for (size_t i = 0; i < ONCE; i++) {
        const struct once *o = &c->once[i];

        if (o->count == 1)
            tell(c, o->entry, o->rule, OCI_TOLD_RULE, "%s", o->text);
        else if (o->count > 1)
            tell(c, o->entry, o->rule, OCI_TOLD_RULE, "%s; so have %" PRIu64 " more", o->text, o->count - 1);
    }
}

static int check_entries(struct check *c, oci_reader *tar, oci_error *err)
{
    const oci_events events = { .ctx = c->node, .warning = take_warning };
    OCI_AUTO(oci_tar_reader) reader = NULL;
    const oci_tar_entry *e;
    int r = oci_tar_reader_new(tar, &events, &reader, err);

    while (r >= 0 && (r = oci_tar_reader_next(reader, &e, err)) > 0)
        r = check_entry(c, e, err);
    return r;
}

static void free_check(struct check *c)
{
    for (size_t i = 0; i < ONCE; i++)
        oci_free(c->once[i].entry);
    for (size_t i = 0; i < c->late.count; i++) {
        oci_free(c->late.items[i].name);
        oci_free(c->late.items[i].stored_name);
        oci_free(c->late.items[i].target);
    }
    oci_free(c->late.items);
    oci_map_free(c->late_by_name);
    oci_table_free(&c->names);
}

int oci_check_layer(oci_node *n, oci_reader *tar, const oci_limits *limits, bool is_base, atomic_size_t *room,
                    oci_layer_facts *out, oci_error *err)
{
    struct check c = {
        .node = n,
        .limits = limits,
        .facts = out,
        .room = room,
        .late_by_name = oci_map_new(),
        .once = {
            [ABSOLUTE] = { .rule = "layer.create.base-relative", .text = "the name is absolute" },
            [SPARSE] = { .rule = "layer.sparse.avoid", .text = "the file is sparse" },
            [AUFS] = { .rule = "whiteout.reserved-names", .text = "a left-over of AUFS" },
            [UNKNOWN] = { .rule = "layer.types.unknown", .text = "the type of the entry is unknown" },
            [OPAQUE] = { .rule = "whiteout.opaque.prefer-explicit", .text = "the whiteout hides all of a directory" },
            [BEHIND] = { .rule = "whiteout.before-siblings", .text = "the whiteout stands behind what it lies beside" },
        },
    };
    int r = 0;

    *out = (oci_layer_facts) { .is_plain = true, .is_kept = room != NULL };
    oci_table_init(&c.names);
    c.dir.key = key_of(&c, "", 0);
    if (c.late_by_name == NULL)
        r = oci_fail_nomem(err);
    if (r == 0)
        r = check_entries(&c, tar, err);
    out->is_cut = r == OCI_E_LIMIT;
    if (r < 0)
        out->is_kept = out->no_room = false;
    if (r == 0)
        check_links(&c, is_base);
    tell_once(&c);
    free_check(&c);
    return n->failed < 0 ? oci_fail_nomem(err) : r;
}

void oci_layer_facts_free(oci_layer_facts *f)
{
    oci_buf_free(&f->kept);
    *f = (oci_layer_facts) { 0 };
}
