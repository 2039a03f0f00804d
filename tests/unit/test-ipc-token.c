/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/token.h"
#include "support/oom.h"

static IpcToken token_of(const char *name, const char *text)
{
        IpcToken t = {0};
        (void)snprintf(t.name, sizeof(t.name), "%s", name);
        sha256(span_of(text), t.hash);
        return t;
}

static void test_round(void **state UNUSED)
{
        const IpcToken tokens[] = {token_of("ci", "one"), token_of("cd", "two"), token_of("again", "one")};
        CLEANUP_FREE IpcToken *got = NULL;
        CLEANUP_FD int fd = -EBADF;
        size_t n = 0;
        assert_int_equal(ipc_tokens_write(tokens, ARRAY_SIZE(tokens), &fd), 0);
        assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        for (int i = 0; i < 2; i++) { /* one gateway after the other reads the same descriptor */
                free(got);
                got = NULL;
                assert_int_equal(ipc_tokens_read(fd, &got, &n), 0);
                assert_int_equal(n, ARRAY_SIZE(tokens));
                assert_memory_equal(got, tokens, sizeof(tokens));
        }
        assert_ptr_equal(ipc_token_find(got, n, SPAN("two")), &got[1]);
        assert_ptr_equal(ipc_token_find(got, n, SPAN("one")), &got[0]);
        assert_null(ipc_token_find(got, n, SPAN("tw")));
        assert_null(ipc_token_find(got, n, SPAN_NONE));
        assert_null(ipc_token_find(NULL, 0, SPAN("one")));
}

/* Whatever is configured: who sends no token has none. */
static void test_empty_text(void **state UNUSED)
{
        IpcToken tokens[] = {{.name = "empty"}, {.name = "last"}};
        sha256(SPAN(""), tokens[0].hash);
        sha256(SPAN("text"), tokens[1].hash);
        assert_null(ipc_token_find(tokens, 2, SPAN_NONE));
        assert_null(ipc_token_find(tokens, 2, SPAN("")));
        assert_null(ipc_token_find(tokens, 2, SPAN("text ")));
        assert_ptr_equal(ipc_token_find(tokens, 2, SPAN("text")), &tokens[1]);
}

static void test_none(void **state UNUSED)
{
        CLEANUP_FD int fd = -EBADF;
        IpcToken *got = NULL;
        size_t n = 7;
        assert_int_equal(ipc_tokens_write(NULL, 0, &fd), 0);
        assert_int_equal(ipc_tokens_read(fd, &got, &n), 0);
        assert_null(got);
        assert_int_equal(n, 0);
        assert_int_equal(ipc_tokens_write(NULL, LIMIT_TOKENS + 1, &fd), -E2BIG);
}

static void test_refused(void **state UNUSED)
{
        const IpcToken token = token_of("ci", "one");
        CLEANUP_FD int good = -EBADF, null = open("/dev/null", O_RDWR | O_CLOEXEC);
        char bytes[16 + 2 * sizeof(IpcToken)] = {0};
        IpcToken *got = NULL;
        size_t n = 7;
        assert_int_equal(ipc_tokens_write(&token, 1, &good), 0);
        const ssize_t whole = pread(good, bytes, sizeof(bytes), 0);
        assert_int_equal(whole, 16 + sizeof(IpcToken));
        for (ssize_t len = 0; len <= (ssize_t)sizeof(bytes); len++) {
                CLEANUP_FD int fd = -EBADF;
                assert_int_equal(fd_memfd_new("cut", &fd), 0);
                assert_int_equal(fd_write_all(fd, span_from(bytes, (size_t)len)), 0);
                if (len != whole)
                        assert_int_equal(ipc_tokens_read(fd, &got, &n), -EBADMSG);
        }
        for (size_t i = 0; i < 16; i++) { /* each byte of the head counts */
                CLEANUP_FD int fd = -EBADF;
                bytes[i] ^= 1;
                assert_int_equal(fd_memfd_new("head", &fd), 0);
                assert_int_equal(fd_write_all(fd, span_from(bytes, (size_t)whole)), 0);
                assert_int_equal(ipc_tokens_read(fd, &got, &n), -EBADMSG);
                bytes[i] ^= 1;
        }
        CLEANUP_FD int fd = -EBADF;
        memset(bytes + 16, 'x', IPC_TOKEN_NAME);
        assert_int_equal(fd_memfd_new("name", &fd), 0);
        assert_int_equal(fd_write_all(fd, span_from(bytes, (size_t)whole)), 0);
        assert_int_equal(ipc_tokens_read(fd, &got, &n), -EBADMSG);
        assert_int_equal(ipc_tokens_read(null, &got, &n), -EBADMSG);
        assert_null(got);
        assert_int_equal(n, 7);
}

static int op_both(void *arg UNUSED)
{
        const IpcToken token = token_of("ci", "one");
        CLEANUP_FREE IpcToken *got = NULL;
        CLEANUP_FD int fd = -EBADF;
        size_t n;
        int r = ipc_tokens_write(&token, 1, &fd);
        return r < 0 ? r : ipc_tokens_read(fd, &got, &n);
}

static void test_oom(void **state UNUSED)
{
        oom_each(op_both, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round), cmocka_unit_test(test_empty_text),
                cmocka_unit_test(test_none),  cmocka_unit_test(test_refused),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
