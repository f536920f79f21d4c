/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds files to a fuzz target without libFuzzer: fuzz_NAME FILE-OR-DIRECTORY... Fails when there was no file at all.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

static size_t inputs;

static int run_stream(FILE *f, const char *name)
{
    uint8_t *data = NULL;
    size_t size = 0, got;
    uint8_t piece[4096];

    while ((got = fread(piece, 1, sizeof piece, f)) > 0) {
        uint8_t *bigger = realloc(data, size + got);

        if (bigger == NULL) {
            free(data);
            return 1;
        }
        data = bigger;
        memcpy(data + size, piece, got);
        size += got;
    }
    if (ferror(f)) {
        perror(name);
        free(data);
        return 1;
    }
    /* The name of the one that crashes is the last line. */
    fprintf(stderr, "%s\n", name);
    LLVMFuzzerTestOneInput(data, size);
    inputs++;
    free(data);
    return 0;
}

static int run_file(const char *name)
{
    FILE *f = fopen(name, "rb");
    int r;

    if (f == NULL) {
        perror(name);
        return 1;
    }
    r = run_stream(f, name);
    fclose(f);
    return r;
}

static int run_directory(DIR *dir, const char *name)
{
    const struct dirent *entry;
    int r = 0;

    while (r == 0 && (entry = readdir(dir)) != NULL) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        r = run_file(path);
    }
    return r;
}

int main(int argc, char **argv)
{
    int r = 0;

    for (int i = 1; i < argc && r == 0; i++) {
        DIR *dir = opendir(argv[i]);

        if (dir == NULL && errno != ENOTDIR) {
            perror(argv[i]);
            return 1;
        }
        r = dir != NULL ? run_directory(dir, argv[i]) : run_file(argv[i]);
        if (dir != NULL)
            closedir(dir);
    }
    if (r == 0 && inputs == 0) {
        fprintf(stderr, "no inputs\n");
        return 1;
    }
    return r;
}
