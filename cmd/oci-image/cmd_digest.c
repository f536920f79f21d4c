/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <oci-image/digest.h>

#include "groups.h"
#include "out.h"

struct options {
    const char *algorithm;
    const char *check;
    struct cli_output output;
};

static const struct cli_option options[] = {
    CLI_TEXT(struct options, algorithm, 'a', "algorithm", "ALG", "sha256 (default), sha384 or sha512"),
    CLI_TEXT(struct options, check, 'c', "check", "DIGEST", "compare every FILE with DIGEST; print only what differs"),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_END,
};

/* What is to be done with each file. */
struct job {
    struct cli *cli;
    oci_digest_alg alg;
    const oci_digest *want; /* or NULL */
    struct cli_json *json;  /* or NULL */
};

static int open_file(struct cli *cli, const char *name)
{
    struct stat st;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return cli_fail_errno(cli, "'%s'", name);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return cli_fail(cli, OCI_E_IO, "'%s': is a directory", name);
    }
    return fd;
}

static int digest_file(struct cli *cli, oci_digest_alg alg, const char *name, oci_digest *out, uint64_t *size)
{
    bool from_stdin = strcmp(name, "-") == 0;
    int fd = from_stdin ? STDIN_FILENO : open_file(cli, name);
    int r;

    if (fd < 0)
        return fd;
    r = oci_digest_of_fd(alg, fd, out, size, &cli->err);
    if (!from_stdin)
        close(fd);
    return cli_wrap(cli, r, "'%s'", name);
}

static void print(const struct job *job, const char *name, const char *digest, uint64_t size, bool same)
{
    if (job->json == NULL) {
        if (job->want != NULL)
            return;
        printf("%s  ", digest);
        cli_out_text(stdout, name, strlen(name));
        putchar('\n');
        return;
    }
    cli_json_object(job->json, NULL);
    cli_json_string(job->json, "file", name);
    cli_json_string(job->json, "digest", digest);
    cli_json_number(job->json, "size", size);
    if (job->want != NULL)
        cli_json_bool(job->json, "matches", same);
    cli_json_end(job->json);
}

static int do_file(const struct job *job, const char *name)
{
    char got[OCI_DIGEST_MAX_TEXT], want[OCI_DIGEST_MAX_TEXT];
    oci_digest digest;
    uint64_t size;
    bool same;
    int r = digest_file(job->cli, job->alg, name, &digest, &size);

    if (r < 0)
        return r;
    oci_digest_format(&digest, got, sizeof got);
    same = job->want == NULL || oci_digest_equal(&digest, job->want);
    print(job, name, got, size, same);
    if (same)
        return 0;
    oci_digest_format(job->want, want, sizeof want);
    return cli_fail(job->cli, OCI_E_DIGEST, "'%s': digest is %s, not %s", name, got, want);
}

static int choose(struct cli *cli, const struct options *o, struct job *job, oci_digest *want)
{
    const char *name = o->algorithm != NULL ? o->algorithm : "sha256";
    int r;

    job->alg = oci_digest_alg_find(name, strlen(name));
    if (job->alg == OCI_DIGEST_NONE) {
        cli_fail(cli, OCI_E_USAGE, "there is no algorithm '%s'", name);
        cli_hint(cli, "choose one of sha256, sha384, sha512");
        return OCI_E_USAGE;
    }
    if (o->check == NULL)
        return 0;
    if (o->algorithm != NULL)
        return cli_fail(cli, OCI_E_USAGE, "--check and --algorithm exclude each other: the digest names the algorithm");
    r = oci_digest_parse(o->check, strlen(o->check), want, &cli->err);
    if (r < 0) /* what would make an image invalid is usage here */
        return cli_wrap(cli, OCI_E_USAGE, "--check");
    job->alg = want->alg;
    job->want = want;
    return 0;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    static char dash[] = "-";
    static char *const standard_input[] = { dash };
    struct cli_json json = { .file = stdout };
    struct job job = { .cli = cli, .json = o->output.json ? &json : NULL };
    oci_digest want;
    int status = 0, r = choose(cli, o, &job, &want);

    if (r < 0)
        return r;
    if (n == 0) {
        operands = standard_input;
        n = 1;
    }
    if (job.json != NULL)
        cli_json_array(job.json, NULL);
    for (size_t i = 0; i < n; i++) {
        r = do_file(&job, operands[i]);
        if (r < 0) {
            int failed = cli_report(cli, r);

            status = status != 0 ? status : failed;
        }
    }
    if (job.json != NULL)
        cli_json_end(job.json);
    return status;
}

static const struct cli_example examples[] = {
    { "oci-image digest image.tar", "print the SHA-256 digest of a file" },
    { "tar -c rootfs | oci-image digest -a sha512", "print the SHA-512 digest of standard input" },
    { "oci-image digest --check sha256:ba78...15ad blob",
      "say nothing and exit with 0 when the digest fits, with 3 when not" },
    { NULL, NULL },
};

const struct cli_command cmd_digest = {
    .usage = { "[OPTION]... [FILE]...", "--check DIGEST [OPTION]... [FILE]..." },
    .description = "Prints the digest of every FILE as the OCI specifications write it, one line per file: the digest, "
                   "two blanks, "
                   "the name. Without FILE, or where FILE is -, standard input is read.\n\n"
                   "A file that cannot be read is reported, and the others are read nevertheless; the exit status is "
                   "that of the first "
                   "failure. With --check, a file that does not have the digest makes it 3.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .max_operands = CLI_MANY,
    .run = run,
};
