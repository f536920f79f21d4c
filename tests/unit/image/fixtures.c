/* SPDX-License-Identifier: Apache-2.0 */
/* The scratch directories, layouts and archives of the tests of the modules below. */
#include "os/fixture.c"

#include "store/layouts.c"

#include "tar/archive.c"
