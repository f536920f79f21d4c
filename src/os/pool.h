/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_OS_POOL_H
#define OCI_OS_POOL_H
/* Many pieces of work that know nothing of each other, on all processors. */
#include <stdbool.h>
#include <stddef.h>

typedef struct oci_pool_work {
    void *ctx;
    /* Does piece i; called from several threads at once, each i once. A negative result keeps new pieces from being
     * begun. */
    int (*run)(void *ctx, size_t i);
    /* Asked some ten times a second on the thread that called; true keeps new pieces from being begun. May be NULL. */
    bool (*stop)(void *ctx);
} oci_pool_work;

/* The processors that this process may use. */
unsigned oci_pool_processors(void);
/* Does pieces 0 to n - 1 on at most threads threads (0: one for each processor), in their order as far as one can speak
 * of one, and waits for all that were begun. The first negative result, or 0; what was not begun is not told. Where no
 * thread can be made the calling one does everything. */
int oci_pool_run(unsigned threads, size_t n, const oci_pool_work *work);

#endif
