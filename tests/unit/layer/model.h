/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_LAYER_MODEL_H
#define OCI_TESTS_UNIT_LAYER_MODEL_H
/*
 * A file system of structs in memory, and the rules of layers written down once more for it, as simply as possible:
 * what a layer has put somewhere carries the layer's number, and whiteouts remove what carries another one.
 */
#include "fixture.h"

typedef struct model model;

model *model_new(bool keep_dirlinks);
void model_free(model *m);
/* Whether the layer can be applied. After one that cannot, the model is of no use. */
bool model_apply(model *m, const struct layer *layer);
/* In the form of list_tree. The caller frees it. */
char *model_list(model *m, unsigned flags);

#endif
