/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "ipc/notebook.h"

static void test_fresh(void **state UNUSED)
{
        CLEANUP_FD int fd = -EBADF;
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        struct stat st;
        Span result = SPAN("untouched");
        assert_int_equal(notebook_new(&fd), 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, NOTEBOOK_SIZE);
        assert_int_equal(st.st_blocks, 0); /* no page of it is used */
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(ftruncate(fd, NOTEBOOK_SIZE + 1), -1);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);

        assert_int_equal(notebook_map(fd, &n), 0);
        assert_false(notebook_mid_line(n));
        assert_false(notebook_initialized(n, &result));
        assert_span_equal(result, SPAN("untouched"));
}

/* What one process notes the next one reads through the same descriptor. */
static void test_passed_on(void **state UNUSED)
{
        CLEANUP_FD int fd = -EBADF;
        CLEANUP(notebook_free_p) Notebook *a = NULL, *b = NULL;
        Span result;
        assert_int_equal(notebook_new(&fd), 0);
        assert_int_equal(notebook_map(fd, &a), 0);
        notebook_set_mid_line(a, true);
        assert_int_equal(notebook_set_initialized(a, SPAN("{\"protocolVersion\":\"x\"}")), 0);
        a = notebook_free(a);

        assert_int_equal(notebook_map(fd, &b), 0);
        assert_true(notebook_mid_line(b));
        assert_true(notebook_initialized(b, NULL));
        assert_true(notebook_initialized(b, &result));
        assert_span_equal(result, SPAN("{\"protocolVersion\":\"x\"}"));
        notebook_set_mid_line(b, false);
        assert_false(notebook_mid_line(b));
        assert_int_equal(notebook_set_initialized(b, SPAN_NONE), 0);
        assert_true(notebook_initialized(b, &result));
        assert_int_equal(result.len, 0);
}

static void test_too_long(void **state UNUSED)
{
        CLEANUP_FD int fd = -EBADF;
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        CLEANUP_FREE char *text = calloc(1, NOTEBOOK_SIZE);
        Span result;
        assert_int_equal(notebook_new(&fd), 0);
        assert_int_equal(notebook_map(fd, &n), 0);
        assert_int_equal(notebook_set_initialized(n, SPAN("before")), 0);
        assert_int_equal(notebook_set_initialized(n, span_from(text, NOTEBOOK_SIZE - 11)), -ENOBUFS);
        assert_true(notebook_initialized(n, &result));
        assert_span_equal(result, SPAN("before"));
        assert_int_equal(notebook_set_initialized(n, span_from(text, NOTEBOOK_SIZE - 12)), 0);
        assert_true(notebook_initialized(n, &result));
        assert_int_equal(result.len, NOTEBOOK_SIZE - 12);
}

/* Whatever a hostile gateway writes into it, what is read lies inside. */
static void test_scribbled(void **state UNUSED)
{
        SeededRandom r;
        CLEANUP_FD int fd = -EBADF;
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        Span result;
        random_init_seed(&r, 4711);
        assert_int_equal(notebook_new(&fd), 0);
        assert_int_equal(notebook_map(fd, &n), 0);
        assert_int_equal(notebook_set_initialized(n, SPAN("x")), 0);
        char *bytes = (char *)n;
        memset(bytes + 8, 0xff, 4); /* the length */
        assert_false(notebook_initialized(n, &result));
        for (int i = 0; i < 1000; i++) {
                test_random_bytes(&r.random, bytes, i % 2 ? 12 : 64);
                if (notebook_initialized(n, &result))
                        assert_true(result.ptr >= bytes && result.ptr + result.len <= bytes + NOTEBOOK_SIZE);
                (void)notebook_mid_line(n);
        }
}

static int memfd_of(size_t size, int seals)
{
        int fd = -EBADF;
        assert_int_equal(fd_memfd_new("other", &fd), 0);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

static void test_foreign(void **state UNUSED)
{
        const int good = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
        Notebook *n = NULL;
        int fds[] = {memfd_of(NOTEBOOK_SIZE, F_SEAL_SHRINK), memfd_of(NOTEBOOK_SIZE - 1, good),
                     memfd_of(NOTEBOOK_SIZE, good | F_SEAL_WRITE), open("/dev/null", O_RDWR | O_CLOEXEC), -1};
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                assert_int_equal(notebook_map(fds[i], &n), -EBADMSG);
                assert_null(n);
                fd_close_p(&fds[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fresh),    cmocka_unit_test(test_passed_on),
                cmocka_unit_test(test_too_long), cmocka_unit_test(test_scribbled),
                cmocka_unit_test(test_foreign),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
