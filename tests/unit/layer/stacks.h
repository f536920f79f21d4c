/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_LAYER_STACKS_H
#define OCI_TESTS_UNIT_LAYER_STACKS_H
/* Random stacks of layers, the same for the same seed. */
#include "model.h"

enum { MAX_LAYERS = 4, MAX_ITEMS = 10 };

struct stack {
    struct item items[MAX_LAYERS][MAX_ITEMS];
    char texts[MAX_LAYERS][MAX_ITEMS][2][64];
    struct layer layers[MAX_LAYERS];
    size_t count;
};

/* links: symbolic and hard ones too. */
void random_stack(struct stack *s, uint64_t seed, bool links);
void stack_print(const struct stack *s);
/* Whether the model can apply it; the list is the caller's then. */
bool stack_to_model(const struct stack *s, bool keep_dirlinks, char **list);
/* Takes entries out until the model can. */
void stack_make_possible(struct stack *s, bool keep_dirlinks);

#endif
