/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories behind the volumes of a bundle, filled with what the image has at their places (image-spec
 * conversion.md, "Optional Fields").
 *
 * An image chooses both the volumes and what lies there, so nothing is copied twice. What is seen in the end counts: a
 * volume covers what was mounted before it, in it and below it. So the last is filled first, without the places of
 * those that come after it, and with what those before it would have held.
 */
#include "seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "bundle/volumes.h"
#include "image.h"
#include "os/os.h"

struct key {
    uint64_t dev, ino;
};

struct seeding {
    int rootfs, bundle, volumes; /* volumes: of the bundle; owned */
    const oci_seed_options *o;
    /* Directories of the image that are volumes, to the index of the last that shows what is there, plus one. */
    oci_map *places;
    size_t at; /* index of the volume that is filled */
    uint64_t budget;
};

static struct key key_of(const struct stat *st)
{
    return (struct key) { st->st_dev, st->st_ino };
}

/* The directory of the image that a volume covers: 1, 0 when there is none. OCI_E_PERM when a mode keeps even the owner
 * of the files, who is not root, away from it. */
static int open_place(const struct seeding *s, const oci_volume *v, int *fd, struct stat *st, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(s->rootfs);
    oci_error ignored = OCI_ERROR_INIT;
    int r = oci_root_open(&root, v->destination, O_RDONLY | O_DIRECTORY, fd, &ignored);

    if (r == OCI_E_NOT_FOUND || r == OCI_E_INVALID || r == OCI_E_UNSAFE)
        return 0;
    if (r == 0 && fstat(*fd, st) < 0)
        return oci_fail_errno(err, "look at the directory");
    if (r < 0 && err != NULL)
        *err = ignored;
    return r < 0 ? r : 1;
}

/* Whether a later volume shows what is in the directory. If only an earlier one would, this one covers it. */
static bool is_shown_later(void *ctx, const struct stat *st)
{
    const struct seeding *s = ctx;
    struct key key = key_of(st);
    void *last;

    if (!oci_map_get(s->places, &key, sizeof key, &last))
        return false;
    if ((uintptr_t)last > s->at + 1)
        return true;
    oci_map_set(s->places, &key, sizeof key, (void *)(uintptr_t)(s->at + 1)); /* known, so that no memory is needed */
    return false;
}

static int find_places(struct seeding *s, const oci_volume_list *list, oci_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        OCI_AUTO_FD int fd = -1;
        struct stat st;
        struct key key;
        int r = open_place(s, &list->items[i], &fd, &st, err);

        if (r == OCI_E_PERM)
            oci_warn(s->o->events, "volume '%s' stays empty: the image does not let its owner in",
                     list->items[i].destination);
        else if (r < 0)
            return oci_wrap(err, r, "volume '%s'", list->items[i].destination);
        if (r <= 0)
            continue;
        key = key_of(&st);
        if (oci_map_set(s->places, &key, sizeof key, (void *)(uintptr_t)(i + 1)) < 0)
            return oci_fail_nomem(err);
    }
    return 0;
}

static int fill(struct seeding *s, const oci_volume *v, int fd, oci_error *err)
{
    const oci_copy_options copy = {
        .events = s->o->events, .budget = &s->budget, .leave_empty = is_shown_later, .ctx = s
    };
    OCI_AUTO_FD int place = -1;
    struct stat st;
    struct key key;
    void *last;
    int r = open_place(s, v, &place, &st, err);

    if (r == 0 || r == OCI_E_PERM)
        return oci_default_dir(fd, s->o->ident, err);
    if (r < 0)
        return r;
    key = key_of(&st);
    if (oci_map_get(s->places, &key, sizeof key, &last) && (uintptr_t)last != s->at + 1) {
        oci_warn(s->o->events, "volume '%s' stays empty: a volume that is mounted later covers it", v->destination);
        return oci_default_dir(fd, s->o->ident, err);
    }
    return oci_dir_copy(place, fd, &copy, err);
}

static int seed_volumes(struct seeding *s, const oci_volume_list *list, oci_error *err)
{
    int r = oci_entry_mkdir(s->bundle, OCI_VOLUMES_DIR, &s->volumes, err);

    if (r == 0 && fchmod(s->volumes, 0755) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_errno(err, "set the mode of " OCI_VOLUMES_DIR);
    if (r == 0)
        r = find_places(s, list, err);
    for (s->at = list->count; r == 0 && s->at-- > 0;) {
        const oci_volume *v = &list->items[s->at];
        OCI_AUTO_FD int fd = -1;

        r = oci_entry_mkdir(s->volumes, v->source + sizeof OCI_VOLUMES_DIR, &fd, err);
        if (r == 0)
            r = fill(s, v, fd, err);
        r = oci_wrap(err, r, "volume '%s'", v->destination);
    }
    return r;
}

int oci_seed_volumes(const oci_config *c, int rootfs, int bundle, const oci_seed_options *o, oci_error *err)
{
    struct seeding s = { .rootfs = rootfs, .bundle = bundle, .volumes = -1, .o = o };
    OCI_AUTO(oci_volume_list) list = NULL;
    /* What is left out is told when config.json is made. */
    int r = oci_volume_list_new(c, NULL, &list, err);

    if (r < 0 || list->count == 0)
        return r;
    s.budget = o->budget;
    s.places = oci_map_new();
    r = s.places != NULL ? seed_volumes(&s, list, err) : oci_fail_nomem(err);
    oci_map_free(s.places);
    oci_closep_(&s.volumes);
    return r;
}
