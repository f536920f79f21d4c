/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "volumes.h"

/* Where the kernel lets a mount be made, and what stands in for it where not. */
typedef enum place { EVERYWHERE, NOT_ROOTLESS, ROOTLESS } place;

typedef struct default_mount {
    place place;
    const char *destination, *type, *source;
    const char *options[8];
} default_mount;

/* The group of terminals, which a devpts can be given to only where it exists. */
#define TTY_GID 5
#define TTY     "gid=5"

static const default_mount defaults[] = {
    { EVERYWHERE, "/proc", "proc", "proc", { NULL } },
    { EVERYWHERE, "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
    { EVERYWHERE,
      "/dev/pts",
      "devpts",
      "devpts",
      { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", TTY } },
    { EVERYWHERE, "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
    { EVERYWHERE, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
    { NOT_ROOTLESS, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
    /* A sysfs belongs to a network namespace and can be mounted by its owner only. */
    { ROOTLESS, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
    { EVERYWHERE, "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
    /* The network is the host's, and so are its name servers. */
    { ROOTLESS, "/etc/resolv.conf", "none", "/etc/resolv.conf", { "bind", "nosuid", "noexec", "nodev", "ro" } },
};

static int push_mount(oci_value *mounts, const char *destination, const char *type, const char *source,
                      oci_strings options, oci_error *err)
{
    oci_value *mount;
    int r = oci_build_push_object(mounts, &mount, err);

    if (r == 0)
        r = oci_build_set_string(mount, "destination", destination, err);
    if (r == 0)
        r = oci_build_set_string(mount, "type", type, err);
    if (r == 0)
        r = oci_build_set_string(mount, "source", source, err);
    if (r == 0 && options.count > 0)
        r = oci_build_set_strings(mount, "options", options, err);
    return r;
}

static int push_default(oci_value *mounts, const default_mount *m, bool tty_group, oci_error *err)
{
    const char *options[sizeof m->options / sizeof *m->options];
    size_t n = 0;

    for (size_t i = 0; i < sizeof m->options / sizeof *m->options && m->options[i] != NULL; i++)
        if (tty_group || strcmp(m->options[i], TTY) != 0)
            options[n++] = m->options[i];
    return push_mount(mounts, m->destination, m->type, m->source, (oci_strings) { options, n }, err);
}

int oci_bundle_default_mounts(oci_value *root, const oci_bundle_options *o, const oci_userns *u, oci_error *err)
{
    bool tty_group = !o->rootless && oci_userns_has_gid(u, TTY_GID);
    oci_value *mounts;
    int r = oci_build_array(root, "mounts", &mounts, err);

    for (size_t i = 0; r == 0 && i < sizeof defaults / sizeof *defaults; i++)
        if (defaults[i].place == EVERYWHERE || (defaults[i].place == ROOTLESS) == o->rootless)
            r = push_default(mounts, &defaults[i], tty_group, err);
    return r;
}

/* The id that the container sees for one that is seen here. */
static bool id_inside(const oci_userns *u, const oci_id_maps *maps, uint32_t host, uint32_t *out)
{
    if (!u->wanted || u->inside) {
        *out = host;
        return true;
    }
    for (size_t i = 0; i < maps->count; i++)
        if (host >= maps->items[i].host && host - maps->items[i].host < maps->items[i].size) {
            *out = maps->items[i].container + (host - maps->items[i].host);
            return true;
        }
    return false;
}

enum { TMPFS_OPTION = 32 };

/* An empty file system in the place of a directory has that one's mode and owner, so that whoever could write there
 * still can. Returns how many options there are for it. */
static size_t tmpfs_like(oci_root *rootfs, const oci_volume *v, const oci_userns *u, char out[3][TMPFS_OPTION])
{
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    uint32_t uid, gid;
    size_t n = 0;

    if (rootfs == NULL || oci_root_open(rootfs, v->destination, O_PATH | O_DIRECTORY, &fd, NULL) < 0 ||
        fstat(fd, &st) < 0)
        return 0;
    snprintf(out[n++], TMPFS_OPTION, "mode=%04o", (unsigned)st.st_mode & 07777);
    if (id_inside(u, &u->uids, st.st_uid, &uid) && uid != 0)
        snprintf(out[n++], TMPFS_OPTION, "uid=%u", uid);
    if (id_inside(u, &u->gids, st.st_gid, &gid) && gid != 0)
        snprintf(out[n++], TMPFS_OPTION, "gid=%u", gid);
    return n;
}

static int push_tmpfs(oci_value *mounts, const oci_volume *v, oci_root *rootfs, const oci_userns *u, oci_error *err)
{
    char like[3][TMPFS_OPTION];
    const char *options[] = { "rw", "nosuid", "nodev", like[0], like[1], like[2] };
    size_t n = 3 + tmpfs_like(rootfs, v, u, like);

    return push_mount(mounts, v->destination, "tmpfs", "tmpfs", (oci_strings) { options, n }, err);
}

int oci_bundle_volumes(oci_value *root, const oci_config *c, oci_root *rootfs, const oci_bundle_options *o,
                       const oci_userns *u, oci_error *err)
{
    static const char *const bind[] = { "bind", "rw", "nosuid", "nodev" };
    OCI_AUTO(oci_volume_list) list = NULL;
    oci_value *mounts;
    int r;

    if (o->volumes == OCI_VOLUMES_NONE)
        return 0;
    r = oci_volume_list_new(c, o->events, &list, err);
    if (r == 0)
        r = oci_build_array(root, "mounts", &mounts, err);
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        const oci_volume *v = &list->items[i];

        if (o->volumes == OCI_VOLUMES_TMPFS)
            r = push_tmpfs(mounts, v, rootfs, u, err);
        else
            r = push_mount(mounts, v->destination, "bind", v->source, OCI_STRINGS_OF(bind), err);
    }
    return r;
}
