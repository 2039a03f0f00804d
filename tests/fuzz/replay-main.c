/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libFuzzer in ordinary builds: fuzz-NAME runs its target over
 * every file of tests/fuzz/corpus/NAME and tests/fuzz/regress/NAME in the
 * source tree ($srcdir), or of the directories that are given, and says how
 * many there were.
 */
#include <dirent.h>
#include <fcntl.h>

#include "base/fd.h"
#include "fuzz.h"

enum { INPUT_LONGEST = 16 * 1024 * 1024 };

static int replay_file(int dir, const char *name)
{
        CLEANUP(buf_done) Buf input = BUF_INIT(INPUT_LONGEST);
        CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : fd_read_all(fd, &input);
        if (r < 0)
                return r;
        /* An exact copy, so that a sanitizer sees a read past its end. */
        CLEANUP_FREE uint8_t *exact = malloc(MAX(input.len, (size_t)1));
        if (!exact)
                return -ENOMEM;
        if (input.len)
                memcpy(exact, input.data, input.len);
        LLVMFuzzerTestOneInput(exact, input.len);
        return 0;
}

static void replay_dir(const char *path, unsigned *n)
{
        DIR *dir = opendir(path);
        if (!dir && errno == ENOENT)
                return;
        if (!dir)
                fuzz_fail("a directory cannot be read\n");
        for (struct dirent *e; (e = readdir(dir));) {
                if (e->d_name[0] == '.')
                        continue;
                if (replay_file(dirfd(dir), e->d_name) < 0)
                        fuzz_fail("an input cannot be read\n");
                (*n)++;
        }
        closedir(dir);
}

static void replay_tree(const char *program, const char *kind, unsigned *n)
{
        const char *srcdir = getenv("srcdir"), *slash = strrchr(program, '/');
        const char *name = strstr(slash ? slash : program, "fuzz-");
        char path[PATH_MAX];
        if (!name)
                fuzz_fail("the program is not called fuzz-NAME\n");
        (void)snprintf(path, sizeof(path), "%s/tests/fuzz/%s/%s", srcdir ? srcdir : ".", kind, name + 5);
        replay_dir(path, n);
}

int main(int argc, char **argv)
{
        unsigned n = 0;
        for (int i = 1; i < argc; i++)
                replay_dir(argv[i], &n);
        if (argc == 1) {
                replay_tree(argv[0], "corpus", &n);
                replay_tree(argv[0], "regress", &n);
        }
        printf("%u inputs\n", n);
        return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
