/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine cannot do faster on one processor: the parts of unpacking an image, each alone and with nothing
 * around it. usage: floor DIRECTORY [gzip:BLOB|zstd:BLOB|none:BLOB]... < ENTRIES
 *
 * Decodes every BLOB (in memory, into a buffer that stays in the cache), hashes with libcrypto, and makes ENTRIES below
 * the empty DIRECTORY with the calls that each needs and no others: a line is 'f SIZE' (a file), 'd' (a directory,
 * which holds what comes after it), 's' (a symbolic link) or 'h' (a hard link). Prints one JSON object; seconds are
 * those of the processor.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <zlib.h>
#include <zstd.h>
#ifdef PERF_ISAL
#include <isa-l/igzip_lib.h>
#endif

enum { CHUNK = 256 * 1024, EMPTY_FILES = 20000 };

static uint8_t buffer[CHUNK];

typedef struct span {
    const uint8_t *at;
    size_t size;
} span;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double processor(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- decoding ---- */

#ifdef PERF_ISAL
static const char gunzip_name[] = "isa-l";

static uint64_t gunzip(span blob)
{
    struct inflate_state state;
    uint64_t out = 0;

    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    for (;;) {
        uint32_t piece = blob.size < CHUNK ? (uint32_t)blob.size : CHUNK;

        state.next_in = (uint8_t *)(uintptr_t)blob.at;
        state.avail_in = piece;
        state.next_out = buffer;
        state.avail_out = CHUNK;
        if (isal_inflate(&state) != ISAL_DECOMP_OK)
            die("inflate");
        out += CHUNK - state.avail_out;
        blob.at += piece - state.avail_in;
        blob.size -= piece - state.avail_in;
        if (state.block_state == ISAL_BLOCK_FINISH) {
            if (blob.size == 0)
                return out;
            isal_inflate_reset(&state);
            state.crc_flag = ISAL_GZIP;
        } else if (piece == 0 && state.avail_out == CHUNK) {
            die("gzip ends early");
        }
    }
}
#else
static const char gunzip_name[] = "zlib";

static uint64_t gunzip(span blob)
{
    z_stream z = { 0 };
    uint64_t out = 0;
    int r = inflateInit2(&z, 31);

    while (r == Z_OK) {
        uInt piece = blob.size < CHUNK ? (uInt)blob.size : CHUNK;

        z.next_in = (Bytef *)(uintptr_t)blob.at;
        z.avail_in = piece;
        z.next_out = buffer;
        z.avail_out = CHUNK;
        r = inflate(&z, Z_NO_FLUSH);
        out += CHUNK - z.avail_out;
        blob.at += piece - z.avail_in;
        blob.size -= piece - z.avail_in;
        if (r == Z_STREAM_END && blob.size > 0)
            r = inflateReset(&z);
    }
    inflateEnd(&z);
    if (r != Z_STREAM_END)
        die("inflate");
    return out;
}
#endif

static uint64_t unzstd(span blob)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer in = { blob.at, blob.size, 0 };
    uint64_t out = 0;
    size_t r = 1;

    while (in.pos < in.size || r > 0) {
        ZSTD_outBuffer to = { buffer, CHUNK, 0 };
        size_t before = in.pos;

        r = ZSTD_decompressStream(z, &to, &in);
        if (ZSTD_isError(r) || (in.pos == before && to.pos == 0))
            die("zstd");
        out += to.pos;
    }
    ZSTD_freeDStream(z);
    return out;
}

static uint64_t decode(const char *kind, span blob)
{
    if (strncmp(kind, "gzip:", 5) == 0)
        return gunzip(blob);
    if (strncmp(kind, "zstd:", 5) == 0)
        return unzstd(blob);
    return blob.size;
}

static span map_blob(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *at;

    if (fd < 0 || fstat(fd, &st) < 0)
        die(path);
    at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        die(path);
    close(fd);
    return (span) { at, (size_t)st.st_size };
}

static void measure_decoding(char **blobs)
{
    uint64_t bytes = 0;
    double sum = 0, largest = 0;

    for (; *blobs != NULL; blobs++) {
        const char *colon = strchr(*blobs, ':');
        span blob = map_blob(colon != NULL ? colon + 1 : *blobs);
        double start = processor(), spent;

        bytes += decode(*blobs, blob);
        spent = processor() - start;
        sum += spent;
        largest = spent > largest ? spent : largest;
        munmap((void *)(uintptr_t)blob.at, blob.size);
    }
    printf("\"decode\": {\"gunzip\": \"%s\", \"seconds\": %.6f, \"largest\": %.6f, \"bytes\": %llu}, ", gunzip_name,
           sum, largest, (unsigned long long)bytes);
}

/* ---- hashing ---- */

static void measure_hashing(void)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    uint64_t bytes = 0;
    double start, spent = 0;

    if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
        die("sha256");
    for (start = processor(); spent < 0.25; spent = processor() - start) {
        for (int i = 0; i < 16; i++)
            EVP_DigestUpdate(hash, buffer, CHUNK);
        bytes += 16 * CHUNK;
    }
    EVP_MD_CTX_free(hash);
    printf("\"hash\": %.0f, ", (double)bytes / spent);
}

/* ---- making files ---- */

static void write_all(int fd, uint64_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, buffer, size < CHUNK ? (size_t)size : CHUNK);

        if (n <= 0)
            die("write");
        size -= (uint64_t)n;
    }
}

static const struct timespec times[2] = { { 1700000000, 0 }, { 1700000000, 0 } };

static void make_file(int dir, const char *name, uint64_t size)
{
    int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0)
        die(name);
    write_all(fd, size);
    if (fchown(fd, getuid(), getgid()) < 0 || fchmod(fd, 0644) < 0 || futimens(fd, times) < 0 || close(fd) < 0)
        die(name);
}

static int make_directory(int root, const char *name)
{
    int fd = mkdirat(root, name, 0700) < 0 ? -1 : openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fchown(fd, getuid(), getgid()) < 0 || fchmod(fd, 0755) < 0 || futimens(fd, times) < 0)
        die(name);
    return fd;
}

static void make_symlink(int dir, const char *name)
{
    if (symlinkat("../target", dir, name) < 0 || fchownat(dir, name, getuid(), getgid(), AT_SYMLINK_NOFOLLOW) < 0 ||
        utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        die(name);
}

/* The entries come as text so that they take no time to make up; all of it is read before the clock starts. */
static char *read_entries(void)
{
    size_t size = 0, room = 1 << 20;
    char *text = malloc(room + 1);

    for (size_t n = 1; text != NULL && n > 0;) {
        n = fread(text + size, 1, room - size, stdin);
        size += n;
        if (size == room)
            text = realloc(text, (room *= 2) + 1);
    }
    if (text == NULL)
        die("memory");
    text[size] = '\0';
    return text;
}

static void measure_creation(int root, const char *text)
{
    uint64_t entries = 0, bytes = 0;
    char name[32];
    double start;
    int dir = dup(root);

    make_file(root, "target", 0);
    start = processor();
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1, entries++) {
        uint64_t size = line[0] == 'f' ? strtoull(line + 1, NULL, 10) : 0;

        snprintf(name, sizeof(name), "%llu", (unsigned long long)entries);
        if (line[0] == 'd') {
            close(dir);
            dir = make_directory(root, name);
        } else if (line[0] == 's') {
            make_symlink(dir, name);
        } else if (line[0] == 'h') {
            if (linkat(root, "target", dir, name, 0) < 0)
                die(name);
        } else {
            make_file(dir, name, size);
            bytes += size;
        }
    }
    close(dir);
    printf("\"create\": {\"seconds\": %.6f, \"entries\": %llu, \"bytes\": %llu}, ", processor() - start,
           (unsigned long long)entries, (unsigned long long)bytes);
}

/* The two rates by themselves, whatever the image holds. */
static void measure_files(int root)
{
    char name[32];
    double start, empty, full;
    int dir = make_directory(root, "empty");

    start = processor();
    for (int i = 0; i < EMPTY_FILES; i++) {
        snprintf(name, sizeof(name), "%d", i);
        make_file(dir, name, 0);
    }
    empty = processor() - start;
    start = processor();
    make_file(dir, "full", 64 << 20);
    full = processor() - start;
    close(dir);
    printf("\"entry\": %.9f, \"write\": %.0f", empty / EMPTY_FILES, (64 << 20) / full);
}

int main(int argc, char **argv)
{
    char *entries;
    int root = argc < 2 ? -1 : open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (root < 0)
        die("usage: floor DIRECTORY [KIND:BLOB]... < ENTRIES");
    for (size_t i = 0; i < CHUNK; i++)
        buffer[i] = (uint8_t)(i * 167 >> 3);
    printf("{");
    measure_decoding(argv + 2);
    measure_hashing();
    entries = read_entries();
    measure_creation(root, entries);
    free(entries);
    measure_files(root);
    printf("}\n");
    return 0;
}
