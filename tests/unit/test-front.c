/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "gateway/front.h"

enum { WAIT = 10 /* s */, MORE = 20 };

static FakeClock fake;
static Loop *loop;
static Front front;
static MetricSet metrics;
static struct sockaddr_un address;

static int setup(void **state UNUSED)
{
        socklen_t size = sizeof(address);
        fake_clock_init(&fake, NSEC_PER_SEC);
        metrics = (MetricSet){0};
        address = (struct sockaddr_un){.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        assert_int_equal(listen(fd, SOMAXCONN), 0);
        assert_int_equal(loop_new(&fake.clock, &loop), 0);
        assert_int_equal(front_init(&front, loop, &metrics, WAIT * NSEC_PER_SEC), 0);
        return front_listen(&front, 0, fd, false);
}

static int teardown(void **state UNUSED)
{
        front_done(&front);
        front_done(&front); /* again: nothing */
        assert_int_equal(metric_get(&metrics, METRIC_CONNECTIONS), 0);
        loop = loop_free(loop);
        return 0;
}

static int client(void)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(sa_family_t) + 6), 0);
        return fd;
}

static void turns(int n)
{
        while (n--)
                assert_int_equal(loop_run_once(loop, 0), 0);
}

static bool is_closed(int fd)
{
        char bytes[4096];
        ssize_t n;
        while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
                ;
        return n == 0 || errno == ECONNRESET;
}

static uint64_t open_connections(void)
{
        assert_int_equal(metric_get(&metrics, METRIC_CONNECTIONS), front.n_refusals);
        return front.n_refusals;
}

static void test_mute(void **state UNUSED)
{
        CLEANUP_FD int fd = client();
        turns(2);
        assert_int_equal(open_connections(), 1);
        fake.at += WAIT * NSEC_PER_SEC - 1;
        turns(2);
        assert_int_equal(open_connections(), 1);
        fake.at++;
        turns(2);
        assert_int_equal(open_connections(), 0);
        assert_true(is_closed(fd));
}

/* It has its answer, and stays. */
static void test_lingering(void **state UNUSED)
{
        CLEANUP_FD int fd = client();
        turns(1);
        assert_int_equal(write(fd, "GET", 3), 3);
        turns(2);
        assert_true(is_closed(fd)); /* nothing more comes, */
        assert_int_equal(open_connections(), 1);
        assert_int_equal(write(fd, "more", 4), 4); /* but what it says is still read */
        fake.at += LIMIT_GATEWAY_LINGER * NSEC_PER_SEC;
        turns(2);
        assert_int_equal(open_connections(), 0);
}

static void test_endless_request(void **state UNUSED)
{
        CLEANUP_FREE char *bytes = calloc(1, LIMIT_GATEWAY_REQUEST);
        CLEANUP_FD int fd = client();
        size_t sent = 0;
        turns(1);
        while (sent <= 2 * LIMIT_GATEWAY_REQUEST) {
                ssize_t n = send(fd, bytes, 8192, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && errno != EAGAIN)
                        break;
                sent += n > 0 ? (size_t)n : 0;
                turns(1);
        }
        assert_true(sent > LIMIT_GATEWAY_REQUEST / 2 && sent <= 2 * LIMIT_GATEWAY_REQUEST);
        assert_int_equal(open_connections(), 0);
}

/* No descriptor for it: it waits in the kernel, the loop does not spin, and later it is accepted. */
static void test_no_descriptors(void **state UNUSED)
{
        struct rlimit old;
        CLEANUP_FD int fd = client();
        CLEANUP_FD int highest = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)highest + 1, old.rlim_max}), 0);
        turns(3);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(open_connections(), 0);
        assert_true(front.parked);
        uint64_t calls = loop_stats(loop)->dispatched;
        turns(5);
        assert_int_equal(loop_stats(loop)->dispatched, calls);
        fake.at += LIMIT_GATEWAY_ACCEPT_PAUSE * NSEC_PER_MSEC;
        turns(3);
        assert_int_equal(open_connections(), 1);
        assert_false(front.parked);
}

static void test_cap(void **state UNUSED)
{
        struct rlimit limit;
        static int fds[LIMIT_GATEWAY_REFUSALS + MORE];
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        if (limit.rlim_max < 3 * LIMIT_GATEWAY_REFUSALS)
                skip();
        limit.rlim_cur = MAX(limit.rlim_cur, (rlim_t)(3 * LIMIT_GATEWAY_REFUSALS));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = client();
                turns(1);
        }
        turns(10);
        assert_int_equal(open_connections(), LIMIT_GATEWAY_REFUSALS);
        assert_true(front.parked);
        for (size_t i = 0; i < MORE + 5; i++)
                fd_close_p(&fds[i]);
        turns(10);
        assert_int_equal(open_connections(), LIMIT_GATEWAY_REFUSALS - 5);
        assert_false(front.parked);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fd_close_p(&fds[i]);
        turns(3);
        assert_int_equal(open_connections(), 0);
}

static void test_wrong_descriptors(void **state UNUSED)
{
        CLEANUP_FD int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        assert_int_equal(front_listen(&front, 5, file, false), -EPERM);
        assert_int_equal(front_listen(&front, 5, -1, false), -EBADF);
        front_unlisten(&front, 5);
        CLEANUP_FD int held = client(); /* open at the end of the test: front_done() closes it */
        assert_true(held >= 0);
        turns(2);
        assert_int_equal(open_connections(), 1);
        front_unlisten(&front, 0);
        turns(1);
        assert_int_equal(open_connections(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_mute),           TEST(test_lingering), TEST(test_endless_request),
                TEST(test_no_descriptors), TEST(test_cap),       TEST(test_wrong_descriptors),
        };
        (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
