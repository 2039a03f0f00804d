/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/catalogue.h"
#include "support/oom.h"

static int dir_of(void **state)
{
        int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static void assert_reads(int fd, int want, const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_append_str(&b, "<"), 0);
        assert_int_equal(catalogue_read(fd, &b), want);
        assert_string_equal(buf_text(&b) + 1, text);
}

static void test_round(void **state)
{
        CLEANUP_FD int dir = dir_of(state), fd = -EBADF, again = -EBADF;
        struct stat st;
        assert_int_equal(catalogue_open(dir, "fs", &fd), 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_reads(fd, CATALOGUE_E_EMPTY, "");
        assert_int_equal(catalogue_write(fd, SPAN("a long list")), 0);
        assert_reads(fd, 0, "a long list");
        assert_int_equal(catalogue_open(dir, "fs", &again), 0); /* it is there now */
        assert_reads(again, 0, "a long list");
        assert_int_equal(catalogue_write(fd, SPAN("short")), 0);
        assert_reads(again, 0, "short");
        assert_int_equal(catalogue_write(fd, SPAN_NONE), 0);
        assert_reads(fd, 0, "");
}

/* Cut anywhere, and with any byte changed: empty, and nothing is given out. */
static void test_torn(void **state)
{
        CLEANUP_FD int dir = dir_of(state), fd = -EBADF;
        CLEANUP(buf_done) Buf file = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(catalogue_open(dir, "fs", &fd), 0);
        assert_int_equal(catalogue_write(fd, SPAN("tools and prompts")), 0);
        assert_int_equal(fd_read_all(fd, &file), 0);
        for (size_t n = 0; n < file.len; n++) {
                assert_int_equal(ftruncate(fd, (off_t)n), 0);
                assert_reads(fd, CATALOGUE_E_EMPTY, "");
                assert_int_equal(pwrite(fd, file.data, file.len, 0), file.len);
                char other = (char)(file.data[n] ^ 0x80);
                assert_int_equal(pwrite(fd, &other, 1, (off_t)n), 1);
                assert_reads(fd, CATALOGUE_E_EMPTY, "");
                assert_int_equal(pwrite(fd, file.data, file.len, 0), file.len);
        }
        assert_reads(fd, 0, "tools and prompts");
}

static void test_refused(void **state)
{
        CLEANUP_FD int dir = dir_of(state), fd = -EBADF, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CLEANUP(buf_done) Buf small = BUF_INIT(4);
        assert_int_equal(catalogue_open(dir, "../fs", &fd), -EINVAL);
        assert_int_equal(catalogue_open(null, "fs", &fd), -ENOTDIR);
        assert_int_equal(mkdirat(dir, "catalogue", 0700), 0);
        assert_int_equal(mkdirat(dir, "catalogue/d", 0700), 0);
        assert_int_equal(catalogue_open(dir, "d", &fd), -EISDIR);
        assert_int_equal(mkfifoat(dir, "catalogue/p", 0600), 0);
        assert_int_equal(catalogue_open(dir, "p", &fd), -EINVAL);
        assert_int_equal(symlinkat("/dev/null", dir, "catalogue/l"), 0);
        assert_int_equal(catalogue_open(dir, "l", &fd), -ELOOP);
        assert_int_equal(fd, -EBADF);

        assert_int_equal(catalogue_open(dir, "fs", &fd), 0);
        assert_int_equal(catalogue_write(fd, SPAN("12345")), 0);
        assert_int_equal(catalogue_read(fd, &small), -ENOBUFS);
        assert_int_equal(small.len, 0);
        assert_int_equal(catalogue_write(fd, span_from("", (size_t)LIMIT_CATALOGUE + 1)), -EFBIG);
        assert_reads(fd, 0, "12345");
        assert_int_equal(catalogue_write(null, SPAN("x")), -EINVAL);
        assert_int_equal(catalogue_write(-1, SPAN("x")), -EBADF);
        assert_int_equal(catalogue_read(-1, &small), -EBADF);
}

static void test_not_a_directory(void **state)
{
        CLEANUP_FD int dir = dir_of(state), fd = -EBADF;
        CLEANUP_FD int file = openat(dir, "catalogue", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_true(file >= 0);
        assert_int_equal(catalogue_open(dir, "fs", &fd), -ENOTDIR);
}

static int read_once(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return catalogue_read(*(int *)arg, &b);
}

static void test_oom(void **state)
{
        CLEANUP_FD int dir = dir_of(state), fd = -EBADF;
        assert_int_equal(catalogue_open(dir, "fs", &fd), 0);
        assert_int_equal(catalogue_write(fd, SPAN("list")), 0);
        assert_int_equal(oom_each(read_once, &fd), 1);
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, test_dir_setup, test_dir_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_DIR(test_round),           WITH_DIR(test_torn), WITH_DIR(test_refused),
                WITH_DIR(test_not_a_directory), WITH_DIR(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
