/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main of a fuzz target in a build without libFuzzer: runs each file of
 * tests/fuzz/corpus/NAME (or of the directories given) through the target
 * once. An empty corpus is a failure: then nothing would be tested.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes get a block of exactly their size, so that reading past them is seen. */
static int replay_file(int dir, const char *name)
{
        int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        struct stat st;
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        uint8_t *bytes = r ? NULL : malloc((size_t)st.st_size);
        if (r == 0 && st.st_size > 0 && (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size))
                r = -EIO;
        if (r == 0)
                LLVMFuzzerTestOneInput(bytes, (size_t)st.st_size);
        free(bytes);
        close(fd);
        return r;
}

static int replay_dir(const char *path)
{
        DIR *dir = opendir(path);
        if (!dir)
                return -errno;
        int r = 0, n = 0;
        for (struct dirent *e; r == 0 && (e = readdir(dir));)
                if (e->d_name[0] != '.') {
                        r = replay_file(dirfd(dir), e->d_name);
                        n++;
                }
        closedir(dir);
        printf("%s: %d inputs\n", path, n);
        return r == 0 && n == 0 ? -ENOENT : r;
}

static int replay_default(const char *program)
{
        const char *name = strstr(program, "fuzz-"), *top = getenv("top_srcdir");
        for (const char *next; name && (next = strstr(name + 5, "fuzz-"));)
                name = next;
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : ".", name ? name + 5 : "");
        return replay_dir(path);
}

int main(int argc, char **argv)
{
        int r = argc > 1 ? 0 : replay_default(argv[0]);
        for (int i = 1; i < argc && r == 0; i++)
                r = replay_dir(argv[i]);
        if (r < 0)
                fprintf(stderr, "%s: replay: %s\n", argv[0], strerror(-r));
        return r < 0;
}
