/* SPDX-License-Identifier: Apache-2.0 */
/* The scratch directories of the tests of os. */
#include "os/fixture.c"
