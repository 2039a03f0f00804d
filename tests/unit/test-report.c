/* SPDX-License-Identifier: Apache-2.0 */
#include "support/spawn.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "spawn/record.h"

static void make_pair(int p[2])
{
        int on = 1;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p), 0);
        assert_int_equal(setsockopt(p[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
}

static void close_pair(int p[2])
{
        fd_close_p(&p[0]);
        fd_close_p(&p[1]);
}

static void test_kinds(void **state UNUSED)
{
        int p[2];
        SpawnReport got;
        StepError e = {.stage = SPAWN_STAGE_CWD, .error = ENOENT};
        make_pair(p);
        assert_int_equal(spawn_report_read(p[0], &got), -EAGAIN);
        spawn_record_send(p[1], &(SpawnRecord){.magic = SPAWN_RECORD_MAGIC, .kind = SPAWN_REPORT_LEADER});
        assert_int_equal(spawn_report_read(p[0], &got), 0);
        assert_int_equal(got.kind, SPAWN_REPORT_LEADER);
        assert_int_equal(got.pid, getpid());
        step_detail(&e, (const char *const[3]){"/a", ": ", "b"});
        spawn_record_failed(p[1], &e);
        assert_int_equal(spawn_report_read(p[0], &got), 0);
        assert_int_equal(got.kind, SPAWN_REPORT_FAILED);
        assert_int_equal(got.error.error, ENOENT);
        assert_string_equal(got.error.detail, "/a: b");
        spawn_record_send(p[1], &(SpawnRecord){.magic = SPAWN_RECORD_MAGIC,
                                               .kind = SPAWN_REPORT_EXITED,
                                               .code = CLD_KILLED,
                                               .status = SIGTERM,
                                               .usage = {.ru_maxrss = 77}});
        assert_int_equal(spawn_report_read(p[0], &got), 0);
        assert_true(got.code == CLD_KILLED && got.status == SIGTERM && got.usage.ru_maxrss == 77);
        fd_close_p(&p[1]);
        assert_int_equal(spawn_report_read(p[0], &got), SPAWN_REPORT_E_EOF);
        close_pair(p);
        assert_int_equal(spawn_report_read(-1, &got), -EBADF);
}

static void test_detail_is_cut(void **state UNUSED)
{
        char text[300];
        StepError e;
        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        memset(&e, 'y', sizeof(e));
        step_detail(&e, (const char *const[3]){text, text, text});
        assert_int_equal(strlen(e.detail), sizeof(e.detail) - 1);
}

#define MAGIC .magic = SPAWN_RECORD_MAGIC

/* None of these is a report, and *ret stays as it was. */
static void test_nonsense(void **state UNUSED)
{
        static const SpawnRecord rows[] = {
                {.magic = 1, .kind = SPAWN_REPORT_EXECED},
                {MAGIC, .kind = 0},
                {MAGIC, .kind = SPAWN_REPORT_EXITED + 1},
                {MAGIC, .kind = UINT32_MAX},
                {MAGIC, .kind = SPAWN_REPORT_FAILED},
                {MAGIC, .kind = SPAWN_REPORT_FAILED, .error = {.stage = _SPAWN_STAGE_MAX, .error = 1}},
                {MAGIC, .kind = SPAWN_REPORT_FAILED, .error = {.stage = SPAWN_STAGE_CWD, .error = 0}},
                {MAGIC, .kind = SPAWN_REPORT_FAILED, .error = {.stage = SPAWN_STAGE_CWD, .error = -3}},
                {MAGIC, .kind = SPAWN_REPORT_EXITED, .code = 0},
                {MAGIC, .kind = SPAWN_REPORT_EXITED, .code = CLD_STOPPED, .status = 5},
                {MAGIC, .kind = SPAWN_REPORT_EXITED, .code = CLD_EXITED, .status = 256},
                {MAGIC, .kind = SPAWN_REPORT_EXITED, .code = CLD_EXITED, .status = -1},
                {MAGIC, .kind = SPAWN_REPORT_EXITED, .code = CLD_KILLED, .status = 0},
                {MAGIC, .kind = SPAWN_REPORT_EXITED, .code = CLD_DUMPED, .status = _NSIG},
        };
        int p[2];
        SpawnReport got = {.pid = -7};
        make_pair(p);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                spawn_record_send(p[1], &rows[i]);
                assert_row(spawn_report_read(p[0], &got) == -EBADMSG, "%zu", i);
        }
        SpawnRecord open_end = {MAGIC, .kind = SPAWN_REPORT_FAILED, .error = {.stage = 1, .error = 1}};
        memset(open_end.error.detail, 'x', sizeof(open_end.error.detail));
        spawn_record_send(p[1], &open_end);
        assert_int_equal(spawn_report_read(p[0], &got), -EBADMSG);
        const SpawnRecord good[2] = {{MAGIC, .kind = SPAWN_REPORT_EXECED}, {0}};
        assert_int_equal(send(p[1], good, 5, 0), 5);
        assert_int_equal(spawn_report_read(p[0], &got), -EBADMSG);
        assert_int_equal(send(p[1], good, sizeof(good), 0), sizeof(good));
        assert_int_equal(spawn_report_read(p[0], &got), -EBADMSG);
        assert_int_equal(got.pid, -7);
        close_pair(p);
}

/* A record with descriptors is none, and they do not stay with us. */
static void test_descriptors_sent(void **state UNUSED)
{
        int p[2], fds[3] = {0, 0, 0};
        SpawnReport got;
        SpawnRecord r = {MAGIC, .kind = SPAWN_REPORT_EXECED};
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(sizeof(fds))];
        } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(fds)),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS}};
        struct iovec iov = {&r, sizeof(r)};
        struct msghdr m = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
        make_pair(p);
        memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
        assert_int_equal(sendmsg(p[1], &m, 0), sizeof(r));
        assert_int_equal(spawn_report_read(p[0], &got), -EBADMSG);
        close_pair(p);
}

/* Nobody listens any more: no signal, no error. */
static void test_nobody(void **state UNUSED)
{
        int p[2];
        make_pair(p);
        fd_close_p(&p[0]);
        spawn_record_send(p[1], &(SpawnRecord){MAGIC, .kind = SPAWN_REPORT_EXECED});
        close_pair(p);
}

int main(void)
{
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, spawn_setup, spawn_teardown)
        const struct CMUnitTest tests[] = {
                CHECKED(test_kinds),    CHECKED(test_detail_is_cut),
                CHECKED(test_nonsense), CHECKED(test_descriptors_sent),
                CHECKED(test_nobody),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
