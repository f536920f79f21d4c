/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_TREE_H
#define OCI_JSON_TREE_H
/* What the other files of this module need to know about a tree. */
#include "json.h"

enum { OCI_VALUE_NUMBER_MAX = 32 };

/* The text of a number: as it was written when it was parsed, otherwise made in space. v is an integer or a double. */
const char *oci_value_number(const oci_value *v, char space[OCI_VALUE_NUMBER_MAX]);

#endif
