/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "open.h"
#include "userns.h"

static const char *const volumes[] = { "bind", "tmpfs", "none", NULL };
static const oci_volumes volumes_of[] = { OCI_VOLUMES_BIND, OCI_VOLUMES_TMPFS, OCI_VOLUMES_NONE };
static const char *const specs[] = { "1.2", "1.1", "1.0", NULL };
static const char *const version_of[] = { "1.2.0", "1.1.0", "1.0.2" };

const struct cli_option cli_runtime_options[] = {
    CLI_LIST(struct cli_runtime, args, 0, "arg", "ARG", "a word of what is run instead of what the image says"),
    CLI_SWITCH(struct cli_runtime, shell, "shell", "run 'sh' when the image names no command (default)"),
    CLI_TEXT(struct cli_runtime, caps, 0, "caps", "SET", "capabilities: default, docker, none, or names with commas"),
    CLI_CHOICE(struct cli_runtime, volumes, 0, "volumes", "KIND", volumes,
               "what is mounted for the image's volumes; default bind"),
    CLI_TEXT(struct cli_runtime, hostname, 0, "hostname", "NAME", "of the container"),
    CLI_SWITCH(struct cli_runtime, terminal, "terminal", "the process gets a terminal (default)"),
    CLI_FLAG(struct cli_runtime, readonly, 0, "readonly", "the root file system is read-only for the container"),
    CLI_FLAG(struct cli_runtime, rootless, 0, "rootless", "for a container without root (default unless root)"),
    CLI_FLAG(struct cli_runtime, keep_groups, 0, "keep-groups",
             "rootless: supplementary groups too (crun alone sets them)"),
    CLI_LIST(struct cli_runtime, uid_maps, 0, "uid-map", "C:H:N", "N user ids from C on are the host's from H on"),
    CLI_LIST(struct cli_runtime, gid_maps, 0, "gid-map", "C:H:N", "the same for group ids"),
    CLI_TEXT(struct cli_runtime, template_file, 0, "template", "FILE",
             "JSON laid under what the image says (RFC 7396); - is standard input"),
    CLI_CHOICE(struct cli_runtime, runtime_spec, 0, "runtime-spec", "VERSION", specs,
               "what config.json says it is of (1.0 for old runtimes)"),
    CLI_END,
};

/* ---- capabilities ---- */

static int read_caps(struct cli *cli, const char *text, struct cli_runtime_config *out)
{
    static const struct {
        const char *name;
        oci_caps set;
    } sets[] = { { "default", OCI_CAPS_DEFAULT }, { "docker", OCI_CAPS_DOCKER }, { "none", OCI_CAPS_NONE } };
    char *rest, *word;
    size_t n = 1;

    for (size_t i = 0; text != NULL && i < sizeof sets / sizeof *sets; i++)
        if (strcmp(text, sets[i].name) == 0) {
            out->bundle.caps = sets[i].set;
            return 0;
        }
    if (text == NULL)
        return 0;
    for (const char *p = text; *p != '\0'; p++)
        n += *p == ',';
    out->caps = strdup(text);
    out->cap_list = calloc(n, sizeof *out->cap_list);
    if (out->caps == NULL || out->cap_list == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    n = 0;
    for (word = strtok_r(out->caps, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        if (strncmp(word, "CAP_", 4) != 0) {
            cli_fail(cli, OCI_E_USAGE, "--caps: there is no set and no capability '%s'", word);
            cli_hint(cli, "choose one of default, docker, none, or list names like CAP_CHOWN,CAP_KILL");
            return OCI_E_USAGE;
        }
        out->cap_list[n++] = word;
    }
    if (n == 0)
        return cli_fail(cli, OCI_E_USAGE, "--caps: the list is empty; 'none' is no capability at all");
    out->bundle.caps = OCI_CAPS_LIST;
    out->bundle.cap_list = out->cap_list;
    out->bundle.n_cap_list = n;
    return 0;
}

/* ---- id maps ---- */

/* A number and what ends it; false when there is none that fits. */
static bool read_id(const char **text, char end, uint32_t *out)
{
    uint64_t n = 0;
    const char *p = *text;

    for (; *p >= '0' && *p <= '9' && n <= UINT32_MAX; p++)
        n = 10 * n + (uint64_t)(*p - '0');
    if (p == *text || n > UINT32_MAX || *p != end)
        return false;
    *text = end != '\0' ? p + 1 : p;
    *out = (uint32_t)n;
    return true;
}

static int read_maps(struct cli *cli, const char *option, const struct cli_list *l, oci_id_map **out, size_t *count)
{
    if (l->count == 0)
        return 0;
    *out = calloc(l->count, sizeof **out);
    if (*out == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    for (size_t i = 0; i < l->count; i++) {
        const char *p = l->items[i];
        oci_id_map *m = &(*out)[i];

        if (!read_id(&p, ':', &m->container) || !read_id(&p, ':', &m->host) || !read_id(&p, '\0', &m->size))
            return cli_fail(cli, OCI_E_USAGE, "%s: '%s' is not CONTAINER:HOST:SIZE", option, l->items[i]);
    }
    *count = l->count;
    return 0;
}

/* More than one id can be had where the system has set some aside and the two programs that give them out are there. */
static int read_rootless_maps(struct cli *cli, struct cli_runtime_config *out)
{
    const char *user = getenv("USER");
    int r;

    if (!cli_userns_is_possible())
        return 0;
    r = oci_rootless_maps_new(user != NULL ? user : getenv("LOGNAME"), &out->rootless_maps, &cli->err);
    if (r < 0)
        return r;
    out->bundle.uid_maps = out->rootless_maps->uid_maps;
    out->bundle.n_uid_maps = out->rootless_maps->n_uid_maps;
    out->bundle.gid_maps = out->rootless_maps->gid_maps;
    out->bundle.n_gid_maps = out->rootless_maps->n_gid_maps;
    return 0;
}

static int choose_maps(struct cli *cli, const struct cli_runtime *o, struct cli_runtime_config *out)
{
    int r = read_maps(cli, "--uid-map", &o->uid_maps, &out->uid_maps, &out->n_uid_maps);

    if (r == 0)
        r = read_maps(cli, "--gid-map", &o->gid_maps, &out->gid_maps, &out->n_gid_maps);
    if (r == 0 && (out->n_uid_maps == 0) != (out->n_gid_maps == 0))
        r = cli_fail(cli, OCI_E_USAGE, "%s is there, %s is missing: both are needed",
                     out->n_uid_maps > 0 ? "--uid-map" : "--gid-map", out->n_uid_maps > 0 ? "--gid-map" : "--uid-map");
    if (r < 0)
        return r;
    if (out->n_uid_maps == 0)
        return geteuid() != 0 ? read_rootless_maps(cli, out) : 0;
    out->bundle.uid_maps = out->uid_maps;
    out->bundle.n_uid_maps = out->n_uid_maps;
    out->bundle.gid_maps = out->gid_maps;
    out->bundle.n_gid_maps = out->n_gid_maps;
    return 0;
}

/* ---- the template ---- */

enum { MAX_TEMPLATE = 4 << 20 };

static int read_template(struct cli *cli, const char *name, struct cli_runtime_config *out)
{
    oci_reader *reader = NULL;
    int fd = -1, r;

    if (name == NULL)
        return 0;
    r = cli_open_input(cli, name, &fd);
    if (r == 0)
        r = oci_reader_from_pipe(fd, cli_events(cli), &reader, &cli->err);
    if (r == 0)
        r = oci_reader_read_all(reader, MAX_TEMPLATE, &out->template_text, &cli->err);
    oci_reader_free(reader);
    if (r == OCI_E_LIMIT)
        return cli_fail(cli, OCI_E_USAGE, "--template: '%s' is larger than %d bytes", name, MAX_TEMPLATE);
    out->bundle.template_json = out->template_text.data != NULL ? out->template_text.data : "";
    out->bundle.template_len = out->template_text.len;
    return cli_wrap(cli, r, "--template: '%s'", name);
}

/* ---- all of it ---- */

int cli_runtime_read(struct cli *cli, const struct cli_runtime *o, struct cli_runtime_config *out)
{
    int r;

    out->bundle = (oci_bundle_options) {
        .hostname = o->hostname,
        .runtime_spec = version_of[o->runtime_spec],
        .no_terminal = !o->terminal,
        .readonly = o->readonly,
        .volumes = volumes_of[o->volumes],
        .args = o->args.items,
        .n_args = o->args.count,
        .no_shell = !o->shell,
        .rootless = o->rootless,
        .keep_groups = o->keep_groups,
    };
    r = read_caps(cli, o->caps, out);
    if (r == 0)
        r = choose_maps(cli, o, out);
    return r < 0 ? r : read_template(cli, o->template_file, out);
}

void cli_runtime_free(struct cli_runtime_config *c)
{
    free(c->uid_maps);
    free(c->gid_maps);
    oci_rootless_maps_free(c->rootless_maps);
    free(c->caps);
    free(c->cap_list);
    oci_buf_free(&c->template_text);
}

void cli_hint_at_runtime(struct cli *cli, int r, const struct cli_runtime *o)
{
    if (r == OCI_E_INVALID && !o->shell && strstr(cli->err.msg, "names no command") != NULL)
        cli_hint(cli, "say what to run with --arg, or let it be a shell with --shell");
}
