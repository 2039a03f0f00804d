/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "demo/demo.h"

enum { ANSWER_TIME = 20000 }; /* ms */

/* The server in a process of its own, between two pipes. */
typedef struct Child {
        pid_t pid;
        int to, from;
} Child;

static Child child;

static int start(void **state UNUSED)
{
        int in[2], out[2];
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        (void)fflush(NULL); /* or both would write what waits */
        child.pid = fork();
        if (child.pid == 0) {
                (void)dup2(in[0], STDIN_FILENO);
                (void)dup2(out[1], STDOUT_FILENO);
                close(in[0]), close(in[1]), close(out[0]), close(out[1]);
                exit(demo_main(0, NULL)); /* not _exit: coverage is written at exit */
        }
        close(in[0]), close(out[1]);
        child.to = in[1];
        child.from = out[0];
        return child.pid > 0 ? 0 : -1;
}

/* At the end of its input it ends, with nothing left to say. */
static int stop(void **state UNUSED)
{
        int status;
        char c;
        close(child.to);
        assert_int_equal(read(child.from, &c, 1), 0);
        close(child.from);
        assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
        assert_int_equal(status, 0);
        return 0;
}

static void say(const char *text)
{
        assert_int_equal(fd_write_all(child.to, span_of(text)), 0);
}

static void hear(const char *want)
{
        char line[1024];
        size_t n = 0;
        do {
                struct pollfd p = {.fd = child.from, .events = POLLIN};
                assert_int_equal(poll(&p, 1, ANSWER_TIME), 1);
                assert_int_equal(read(child.from, line + n, 1), 1);
        } while (line[n++] != '\n' && n < sizeof(line));
        line[n - 1] = '\0';
        assert_string_equal(line, want);
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        json_decref(json);
}

#define RESULT(id, text) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" text "}"
#define ERROR(id, code, text) \
        "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}"

static void test_requests(void **state UNUSED)
{
        say("{\"id\":1,\"method\":\"ping\"}\n");
        hear(RESULT("1", "{}"));
        say("{\"method\":\"tools/list\",\"id\":\"a\\u0041\",\"params\":{}}\r\n");
        hear(RESULT("\"a\\u0041\"", "{\"tools\":[]}"));
        say("{\"id\":123456789012345678901.5e3,\"method\":\"tools/call\"}\n");
        hear(ERROR("123456789012345678901.5e3", "-32601", "there is no such method"));
}

static void test_initialize(void **state UNUSED)
{
#define HELLO(id, revision)                                                                                \
        RESULT(id, "{\"protocolVersion\":\"" revision "\",\"capabilities\":{\"tools\":{}},\"serverInfo\":" \
                   "{\"name\":\"mcpvisor-demo\",\"version\":\"" PACKAGE_VERSION "\"}}")
        say("{\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\"}}\n");
        hear(HELLO("0", "2025-06-18"));
        say("{\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"1999-01-01\"}}\n");
        hear(HELLO("1", "2025-11-25"));
        say("{\"id\":2,\"method\":\"initialize\"}\n{\"id\":3,\"method\":\"initialize\",\"params\":[]}\n");
        hear(HELLO("2", "2025-11-25"));
        hear(HELLO("3", "2025-11-25"));
}

/* No answer to what asks for none: the next answer is the ping's. */
static void test_silence(void **state UNUSED)
{
        say("{\"method\":\"notifications/initialized\"}\n\n  \n{\"id\":1,\"result\":{}}\n"
            "{\"id\":7,\"method\":\"ping\"}\n");
        hear(RESULT("7", "{}"));
}

static void test_nonsense(void **state UNUSED)
{
        say("nonsense\n[]\n{\"id\":{},\"method\":\"ping\"}\n{\"id\":null,\"method\":\"ping\"}\n");
        hear(ERROR("null", "-32700", "this line is no JSON object"));
        hear(ERROR("null", "-32600", "batches are not known here"));
        hear(ERROR("null", "-32600", "the id is no text and no number"));
        hear(ERROR("null", "-32600", "the id is no text and no number"));
}

static void test_pieces(void **state UNUSED)
{
        static const char text[] = "{\"id\":1,\"method\":\"ping\"}\n{\"id\":2,\"method\":\"ping\"}\n";
        for (const char *c = text; *c; c++)
                assert_int_equal(fd_write_all(child.to, span_from(c, 1)), 0);
        hear(RESULT("1", "{}"));
        hear(RESULT("2", "{}"));
}

static void test_long_line(void **state UNUSED)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        for (size_t n = 0; n < 3 * LIMIT_DEMO_LINE; n += 16)
                assert_int_equal(buf_append_str(&line, "0123456789abcdef"), 0);
        assert_int_equal(fd_write_all(child.to, buf_span(&line)), 0);
        hear(ERROR("null", "-32600", "the message is too long"));
        say("\n{\"id\":1,\"method\":\"ping\"}\n");
        hear(RESULT("1", "{}"));
}

int main(void)
{
#define SERVED(t) cmocka_unit_test_setup_teardown(t, start, stop)
        const struct CMUnitTest tests[] = {SERVED(test_requests), SERVED(test_initialize),
                                           SERVED(test_silence),  SERVED(test_nonsense),
                                           SERVED(test_pieces),   SERVED(test_long_line)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
