/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "os/ident.h"

/* What the directories on the way say: only ordinary names can hold something. */
static int check_directories(const char *name, const char *base, bool *hidden, oci_error *err)
{
    *hidden = false;
    for (const char *at = name; at < base && !*hidden;) {
        size_t n = strcspn(at, "/");

        switch (oci_whiteout_of(at, n)) {
        case OCI_WHITEOUT_NONE:
            break;
        case OCI_WHITEOUT_RESERVED:
            *hidden = true;
            break;
        case OCI_WHITEOUT_NAME:
        case OCI_WHITEOUT_OPAQUE:
        case OCI_WHITEOUT_BAD:
            return oci_fail(err, OCI_E_INVALID, "'%.*s' is the name of a whiteout, and nothing can be below it", (int)n,
                            at);
        }
        at += n + 1;
    }
    return 0;
}

static int plan_root(const oci_tar_entry *e, oci_plan *plan, oci_error *err)
{
    if (e->type != OCI_TAR_DIR)
        return oci_fail(err, OCI_E_INVALID, "the root can only be a directory");
    plan->action = OCI_ACTION_ROOT;
    return 0;
}

static int plan_name(const oci_tar_entry *e, const char *base, oci_plan *plan, oci_error *err)
{
    switch (oci_whiteout_of(base, strlen(base))) {
    case OCI_WHITEOUT_NONE:
        plan->action = OCI_ACTION_PUT;
        plan->base = base;
        return 0;
    case OCI_WHITEOUT_RESERVED:
        return 0;
    case OCI_WHITEOUT_NAME:
        plan->action = OCI_ACTION_WHITEOUT;
        plan->base = base + OCI_WHITEOUT_PREFIX;
        break;
    case OCI_WHITEOUT_OPAQUE:
        plan->action = OCI_ACTION_OPAQUE;
        break;
    case OCI_WHITEOUT_BAD:
        return oci_fail(err, OCI_E_INVALID, "the whiteout names nothing that can be hidden");
    }
    /* Links and nodes with such names are read as whiteouts: some builders store a second whiteout as a hard link to
     * the first. A directory would have to hold what is below it. */
    if (e->type == OCI_TAR_DIR)
        return oci_fail(err, OCI_E_INVALID, "a whiteout cannot be a directory");
    return 0;
}

int oci_plan_entry(const oci_tar_entry *e, oci_plan *out, oci_error *err)
{
    const char *slash = strrchr(e->name, '/');
    const char *base = slash != NULL ? slash + 1 : e->name;
    oci_plan plan = { .action = OCI_ACTION_SKIP };
    bool hidden = false;
    int r;

    if (e->type == OCI_TAR_UNKNOWN) {
        *out = plan;
        return 0;
    }
    plan.dir = (oci_span) { e->name, slash != NULL ? (size_t)(slash - e->name) : 0 };
    r = check_directories(e->name, base, &hidden, err);
    if (r == 0 && e->name[0] == '\0')
        r = plan_root(e, &plan, err);
    else if (r == 0 && !hidden)
        r = plan_name(e, base, &plan, err);
    if (r == 0)
        *out = plan;
    return r;
}

bool oci_xattr_travels(const char *name)
{
    return !oci_starts_with(name, "trusted.overlay.") && !oci_starts_with(name, "user.overlay.") &&
           strcmp(name, OCI_IDENT_ATTRIBUTE) != 0;
}
