/* SPDX-License-Identifier: Apache-2.0 */
/* That the fake gateway is as wrong as its table says: tests of the supervisor rest on it. */
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "build-id.h"
#include "gateway/gateway.h"
#include "ipc/channel.h"
#include "ipc/notebook.h"
#include "ipc/scoreboard.h"

enum { PATIENCE = 20 /* s */, GENERATION = 9 };

typedef struct World {
        Loop *loop;
        IpcChannel channel;
        Scoreboard *board;
        pid_t pid;
        char dir[64], script[96], control[96];
        uint64_t heard[_IPC_TYPE_MAX];
        IpcType wanted; /* the loop stops when it comes, or at a break */
        bool is_broken;
        IpcBreak why;
        uint64_t generation, serial;
        uint32_t row;
        char build[IPC_BUILD_ID], text[IPC_TEXT_MAX];
} World;

static World w;

static int received(IpcChannel *c UNUSED, IpcMessage *m)
{
        IpcType type = m->header->type;
        w.heard[type]++;
        (void)snprintf(w.text, sizeof(w.text), "%.*s", (int)m->text.len, m->text.len ? m->text.ptr : "");
        if (type == IPC_UP)
                memcpy(w.build, ((const IpcUp *)m->header)->build_id, sizeof(w.build));
        if (type == IPC_PONG)
                w.serial = ((const IpcPing *)m->header)->serial;
        if (type == IPC_WANT)
                w.serial = ((const IpcWant *)m->header)->session;
        if (type == IPC_PREPARED)
                w.generation = ((const IpcConfig *)m->header)->generation;
        if (type == IPC_INSTANCE_READY) {
                w.generation = ((const IpcInstanceReady *)m->header)->generation;
                w.row = ((const IpcInstanceReady *)m->header)->row;
        }
        if (type == w.wanted)
                loop_stop(w.loop, 0);
        return 0;
}

static int broken(IpcChannel *c UNUSED, IpcBreak why, const char *detail UNUSED)
{
        w.is_broken = true;
        w.why = why;
        loop_stop(w.loop, 0);
        return 0;
}

static const IpcChannelOps ops = {.received = received, .broken = broken};

static int late(Timer *timer UNUSED, Nsec now UNUSED)
{
        return -ETIME;
}

static const TimerOps late_ops = {.fired = late};

/* Until a message of that type has come, or a break (_IPC_TYPE_MAX: only that). */
static void wait_for(IpcType type)
{
        Timer timer = {0};
        w.wanted = type;
        if (w.is_broken)
                return;
        assert_int_equal(timer_init(&timer, loop_timers(w.loop), &late_ops), 0);
        timer_arm(&timer, nsec_add(clock_now(&clock_monotonic), PATIENCE * NSEC_PER_SEC));
        assert_int_equal(loop_run(w.loop), 0);
        timer_done(&timer);
}

static int run_fake(const char *path, int fd)
{
        char script[128], control[128];
        (void)snprintf(script, sizeof(script), "MCPVISOR_FAKE_GATEWAY=%s", w.script);
        (void)snprintf(control, sizeof(control), "MCPVISOR_FAKE_CONTROL=%s", w.control);
        char *argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t) "@gateway", NULL};
        char *envp[] = {script, control, NULL};
        if (dup2(fd, GATEWAY_IPC_FD) < 0 || fcntl(GATEWAY_IPC_FD, F_SETFD, 0) < 0)
                return 127;
        (void)execve(path, argv, envp);
        return 127;
}

static void start(const char *script)
{
        int fds[2];
        char path[4096];
        const char *top = getenv("top_builddir");
        (void)snprintf(path, sizeof(path), "%s/tests/support/gateway-fake", top ? top : ".");
        CLEANUP_FD int file = open(w.script, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(fd_write_all(file, span_of(script)), 0);
        assert_int_equal(ipc_pair(fds), 0);
        w.pid = fork();
        assert_true(w.pid >= 0);
        if (w.pid == 0)
                _exit(run_fake(path, fds[1]));
        (void)close(fds[1]);
        const IpcChannelArgs args = {
                .loop = w.loop, .ops = &ops, .fd = fds[0], .receives = IPC_TO_SUPERVISOR, .queue_max = 100};
        assert_int_equal(ipc_channel_init(&w.channel, &args), 0);
        w.is_broken = false;
        memset(w.heard, 0, sizeof(w.heard));
}

static int stop(void)
{
        int status = -1;
        ipc_channel_done(&w.channel);
        if (w.pid > 0) {
                (void)kill(w.pid, SIGKILL);
                (void)waitpid(w.pid, &status, 0);
        }
        w.pid = 0;
        return status;
}

static int setup(void **state)
{
        w = (World){0};
        if (test_dir_setup(state) < 0 || loop_new(&clock_monotonic, &w.loop) < 0)
                return -1;
        (void)snprintf(w.script, sizeof(w.script), "%s/script", (char *)*state);
        (void)snprintf(w.control, sizeof(w.control), "%s/c", (char *)*state);
        return scoreboard_new(4, 8, &w.board);
}

static int teardown(void **state)
{
        (void)stop();
        scoreboard_free(w.board);
        loop_free(w.loop);
        return test_dir_teardown(state);
}

/* ---- what a supervisor says ------------------------------------------------------ */

static void say(IpcType type, void *m, const char *text, const int *fds, size_t n_fds)
{
        assert_int_equal(ipc_send_text(&w.channel, type, m, span_of(text), fds, n_fds), 0);
}

static void hello(void)
{
        IpcHello m = {.max_servers = 4, .build_id = MCPVISOR_BUILD_ID};
        CLEANUP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        say(IPC_HELLO, &m, "", (int[]){scoreboard_fd(w.board), null}, 2);
        wait_for(IPC_UP);
}

static void configure(void)
{
        IpcServerRow row = {.generation = 1};
        CLEANUP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        assert_int_equal(scoreboard_take(w.board, "fs", &row.row, &row.row_generation), 0);
        say(IPC_SERVER_ROW, &row, "fs", NULL, 0);
        say(IPC_PREPARE, &(IpcConfig){.generation = 1}, "", (int[]){null, null}, 2);
        say(IPC_COMMIT, &(IpcConfig){.generation = 1}, "", NULL, 0);
}

static void instance_up(Notebook **ret)
{
        CLEANUP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC), notebook = -EBADF;
        assert_int_equal(notebook_new(&notebook), 0);
        assert_int_equal(notebook_map(notebook, ret), 0);
        say(IPC_INSTANCE_UP, &(IpcInstanceUp){.row = 0, .generation = GENERATION}, "",
            (int[]){null, null, notebook}, 3);
}

/* Everything that came before the answer to this has been heard. False: no answer, but a break. */
static bool ping(uint64_t serial)
{
        say(IPC_PING, &(IpcPing){.serial = serial}, "", NULL, 0);
        wait_for(IPC_PONG);
        return !w.is_broken;
}

/* ---- tests ----------------------------------------------------------------------- */

static void test_normal(void **state UNUSED)
{
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        start("normal\n");
        hello();
        assert_string_equal(w.build, MCPVISOR_BUILD_ID);
        configure();
        instance_up(&n);
        wait_for(IPC_INSTANCE_READY);
        assert_int_equal(w.heard[IPC_PREPARED], 1);
        assert_int_equal(w.generation, GENERATION);
        assert_true(notebook_initialized(n, NULL));
        say(IPC_INSTANCE_DRAIN, &(IpcInstance){.generation = GENERATION}, "", NULL, 0);
        wait_for(IPC_DRAINED);
        say(IPC_DRAIN, &(IpcPlain){0}, "", NULL, 0);
        wait_for(IPC_ALL_DRAINED);
        assert_true(ping(7));
        assert_int_equal(w.serial, 7);
        say(IPC_STOP, &(IpcPlain){0}, "", NULL, 0);
        wait_for(_IPC_TYPE_MAX);
        assert_int_equal(w.why, IPC_BREAK_CLOSED);
        int status;
        assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
        w.pid = 0;
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* How the supervisor notices. */
static void test_breaks(void **state UNUSED)
{
        static const struct {
                const char *script;
                IpcBreak why;
        } rows[] = {
                {"flood-garbage 1", IPC_BREAK_ILLEGAL}, {"wrong-sizes", IPC_BREAK_ILLEGAL},
                {"wrong-sizes 0", IPC_BREAK_ILLEGAL},   {"wrong-sizes 9", IPC_BREAK_ILLEGAL},
                {"wrong-fds", IPC_BREAK_ILLEGAL},       {"wrong-fds 16", IPC_BREAK_ILLEGAL},
                {"wrong-words", IPC_BREAK_ILLEGAL},     {"wrong-direction", IPC_BREAK_ILLEGAL},
                {"exit 3", IPC_BREAK_CLOSED},           {"crash-after 1", IPC_BREAK_CLOSED},
                {"crash-on PREPARE", IPC_BREAK_CLOSED}, {"no such mode", IPC_BREAK_CLOSED},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                start(rows[i].script);
                hello();
                if (!w.is_broken)
                        say(IPC_PREPARE, &(IpcConfig){0}, "", (int[]){STDIN_FILENO, STDIN_FILENO}, 2);
                wait_for(_IPC_TYPE_MAX);
                assert_row(w.why == rows[i].why, "%s: %s", rows[i].script, ipc_break_text(w.why));
                (void)stop();
        }
}

static void test_says_what_is_not_so(void **state UNUSED)
{
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        start("wrong-build + wrong-generation + wrong-row + wrong-pong + scribble-notebooks 5 + "
              "scribble-scoreboard 3 + truncate-scoreboard + want fs 77\n");
        hello();
        assert_string_not_equal(w.build, MCPVISOR_BUILD_ID);
        configure();
        wait_for(IPC_WANT);
        assert_int_equal(w.serial, 77);
        assert_int_equal(w.generation, 1001);
        instance_up(&n);
        wait_for(IPC_INSTANCE_READY);
        assert_int_equal(w.generation, GENERATION + 1000);
        assert_int_equal(w.row, UINT32_MAX);
        assert_true(ping(1));
        assert_int_equal(w.serial, 1001);
        assert_true(notebook_mid_line(n));
        assert_int_not_equal(score_get(&scoreboard_server(w.board, 0)->gateway.calls), 0);
}

static void test_says_no(void **state UNUSED)
{
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        start("refuse-prepare not today + fail-handshake because + late-messages\n");
        hello();
        configure();
        wait_for(IPC_REFUSED);
        assert_string_equal(w.text, "not today");
        instance_up(&n);
        wait_for(IPC_INSTANCE_FAILED);
        assert_string_equal(w.text, "because");
        say(IPC_INSTANCE_DOWN, &(IpcInstanceDown){.generation = GENERATION}, "", NULL, 0);
        wait_for(IPC_DRAINED);
        assert_int_equal(w.heard[IPC_INSTANCE_FAILED], 2);
        assert_int_equal(w.heard[IPC_INSTANCE_READY], 1);
        assert_int_equal(w.heard[IPC_RELEASE], 1);
}

static void test_says_nothing(void **state UNUSED)
{
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        start("never-prepared + never-ready + never-drained + ignore-stop\n");
        hello();
        configure();
        instance_up(&n);
        say(IPC_INSTANCE_DRAIN, &(IpcInstance){.generation = GENERATION}, "", NULL, 0);
        say(IPC_DRAIN, &(IpcPlain){0}, "", NULL, 0);
        say(IPC_STOP, &(IpcPlain){0}, "", NULL, 0);
        assert_true(ping(3));
        for (IpcType type = 1; type < _IPC_TYPE_MAX; type++)
                assert_int_equal(w.heard[type], type == IPC_UP || type == IPC_PONG);
}

static void test_flood_of_legal_ones(void **state UNUSED)
{
        start("flood-valid 4\n");
        hello();
        while (w.heard[IPC_DRAINED] < 1000 && !w.is_broken)
                wait_for(IPC_DRAINED);
        assert_false(w.is_broken);
        assert_true(w.heard[IPC_WANT] >= 1000);
}

static void test_lives(void **state UNUSED)
{
        const bool answers[] = {false, false, true, true};
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                start("exit 1\ncrash-after 1\n\n\nnormal\n");
                hello();
                assert_int_equal(!w.is_broken && ping(i), answers[i]);
                (void)stop();
        }
        char path[128];
        CLEANUP(buf_done) Buf lives = BUF_INIT(4096);
        (void)snprintf(path, sizeof(path), "%s.lives", w.script);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(fd_read_all(fd, &lives), 0);
        assert_non_null(strstr(lives.data, " exit 1\n"));
        assert_non_null(strstr(lives.data, " crash-after 1\n"));
}

/* ---- commands --------------------------------------------------------------------- */

static void command(const char *line, const char *want)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CLEANUP(buf_done) Buf answer = BUF_INIT(4096);
        memcpy(address.sun_path, w.control, strlen(w.control));
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(fd_write_all(fd, span_of(line)), 0);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_int_equal(fd_read_all(fd, &answer), 0);
        assert_row(strcmp(buf_text(&answer), want) == 0, "%s%s", line, buf_text(&answer));
}

static void test_commands(void **state UNUSED)
{
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        start("normal\n");
        hello();
        configure();
        instance_up(&n);
        wait_for(IPC_INSTANCE_READY);
        command("want fs 5\n", "ok \n");
        wait_for(IPC_WANT);
        assert_int_equal(w.serial, 5);
        command("release fs 0 idle\nrelease fs 0 soon\nrelease fs 3 idle\nrelease gs 0 idle\n",
                "ok \nno: idle or ended?\nno: no such instance\nno: no such server\n");
        wait_for(IPC_RELEASE);
        command("fail fs 0 protocol it stutters\nfail fs 0 x\n",
                "ok \nno: handshake, protocol or unresponsive?\n");
        wait_for(IPC_INSTANCE_FAILED);
        assert_string_equal(w.text, "it stutters");
        command("ready fs 0\ndrained fs 0\nall-drained\npong 99\n", "ok \nok \nok \nok \n");
        wait_for(IPC_ALL_DRAINED);
        command("seen instance_up\nseen x\n", "ok 1\nno: no such type\n");
        command("instances\n", "ok 0/0/9/0 \n");
        command("jump\nwant gs\n", "no: no such command\nno: no such server\n");
        command("raw xyz\n", "no: an even number of hex digits?\n");
        assert_true(ping(1));
        command("raw 00\n", "ok \n");
        wait_for(_IPC_TYPE_MAX);
        assert_int_equal(w.why, IPC_BREAK_ILLEGAL);
}

static void test_command_crash(void **state UNUSED)
{
        start("normal\n");
        hello();
        command("crash\n", "");
        wait_for(_IPC_TYPE_MAX);
        assert_int_equal(w.why, IPC_BREAK_CLOSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_normal),  TEST(test_breaks),       TEST(test_says_what_is_not_so),
                TEST(test_says_no), TEST(test_says_nothing), TEST(test_flood_of_legal_ones),
                TEST(test_lives),   TEST(test_commands),     TEST(test_command_crash),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
