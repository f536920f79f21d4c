/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/validate.h>

#include <string.h>

static const oci_rule rules[] = {
#define RULE(id_, severity_, section_, since_, text_, explanation_)                                                    \
    { .id = (id_),                                                                                                     \
      .severity = OCI_SEVERITY_##severity_,                                                                            \
      .section = (section_),                                                                                           \
      .since = (since_),                                                                                               \
      .text = (text_),                                                                                                 \
      .explanation = (explanation_) },
#include "rules.def"
#undef RULE
};

const oci_rule *oci_rules(size_t *count)
{
    *count = sizeof rules / sizeof rules[0];
    return rules;
}

const oci_rule *oci_rule_find(const char *id)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(rules[i].id, id) == 0)
            return &rules[i];
    return NULL;
}
