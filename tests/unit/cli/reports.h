/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_CLI_REPORTS_H
#define OCI_TESTS_UNIT_CLI_REPORTS_H
/* Reports made by hand, and what each form has to make of them: testdata/report/NAME.EXTENSION. */
#include "report_format.h"

struct sample {
    const char *name;
    struct cli_report_view view;
};
enum { SAMPLES = 3 };
/* clean: nothing; mixed: a layout and a single document; hostile: every string is an enemy's. */
extern const struct sample samples[SAMPLES];

/* What the form prints; free it. */
char *printed(const char *form, const struct cli_report_view *v);
/* Prints all samples and compares with the files, byte by byte. With OCI_TEST_UPDATE in the environment it writes the
 * files; read the difference before it is committed. */
void assert_form_prints(const char *form, const char *extension);
/* No byte of an image can be more than text: no control characters but ends of lines, all of it UTF-8. */
void assert_harmless(const char *text);

#endif
