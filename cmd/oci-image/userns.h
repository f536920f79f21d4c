/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_USERNS_H
#define OCI_CMD_USERNS_H
/*
 * The ids that the system has set aside for an ordinary user, as owners of files: only a user namespace that
 * newuidmap(1) and newgidmap(1) have set up may give them away.
 */
#include <oci-image/bundle.h>

#include "cli.h"

/* Whether both programs can be found. */
bool cli_userns_is_possible(void);
/* Puts this process, which has one thread, into a user namespace in which the ids of the maps are the container's own
 * and it is root. */
int cli_userns_enter(struct cli *cli, const oci_bundle_options *maps);

#endif
