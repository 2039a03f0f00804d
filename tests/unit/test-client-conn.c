/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "client/conn.h"
#include "client/wait.h"

static Nsec soon(void)
{
        return nsec_add(clock_now(&clock_monotonic), 20 * NSEC_PER_SEC);
}

/* ---- places ------------------------------------------------------------------------ */

static void test_urls(void **state UNUSED)
{
        static const struct {
                const char *url, *host, *port, *authority, *path;
        } rows[] = {
                {"http://a", "a", "80", "a:80", "/"},
                {"http://127.0.0.1:7780/mcp", "127.0.0.1", "7780", "127.0.0.1:7780", "/mcp"},
                {"http://[::1]:1", "::1", "1", "[::1]:1", "/"},
                {"http://[::1]/x?y#z", "::1", "80", "[::1]:80", "/x?y"},
                {"http://a:65535/", "a", "65535", "a:65535", "/"},
                {"https://a", NULL, NULL, NULL, NULL},
                {"ftp://a", NULL, NULL, NULL, NULL},
                {"a:1", NULL, NULL, NULL, NULL},
                {"http://", NULL, NULL, NULL, NULL},
                {"http://:1", NULL, NULL, NULL, NULL},
                {"http://a:", NULL, NULL, NULL, NULL},
                {"http://a:0", NULL, NULL, NULL, NULL},
                {"http://a:65536", NULL, NULL, NULL, NULL},
                {"http://a:x", NULL, NULL, NULL, NULL},
                {"http://[::1", NULL, NULL, NULL, NULL},
                {"http://[]:1", NULL, NULL, NULL, NULL},
                {"http://[::1]x", NULL, NULL, NULL, NULL},
                {"http://u:p@a/", NULL, NULL, NULL, NULL},
                {"http://a b/", NULL, NULL, NULL, NULL},
                {"http://a/\xc3\xa4", NULL, NULL, NULL, NULL},
                {"http://a/\r\nX: y", NULL, NULL, NULL, NULL},
                {"http://a?x", NULL, NULL, NULL, NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ClientPlace p;
                const char *why = NULL;
                int r = client_place_url(span_of(rows[i].url), &p, &why);
                assert_row(r == (rows[i].host ? 0 : PLACE_E_INVALID), "%s", rows[i].url);
                assert_int_equal(why != NULL, r != 0);
                if (r != 0)
                        continue;
                assert_string_equal(p.host, rows[i].host);
                assert_string_equal(p.port, rows[i].port);
                assert_string_equal(p.authority, rows[i].authority);
                assert_string_equal(p.path, rows[i].path);
                assert_string_equal(p.socket, "");
        }
        char longest[2 * PLACE_PATH] = "http://a/";
        memset(longest + 9, 'x', PLACE_PATH);
        ClientPlace p;
        const char *why;
        assert_int_equal(client_place_url(span_of(longest), &p, &why), PLACE_E_INVALID);
}

static void test_listen(void **state UNUSED)
{
        static const char *const rows[][3] = {
                {"127.0.0.1:1", "127.0.0.1", "127.0.0.1:1"}, {"0.0.0.0:1", "127.0.0.1", "127.0.0.1:1"},
                {"*:1", "127.0.0.1", "127.0.0.1:1"},         {"[::]:1", "::1", "[::1]:1"},
                {"7780", "127.0.0.1", "127.0.0.1:7780"},     {"a:1", "a", "a:1"},
        };
        static const char *const wrong[] = {"", "a", ":1", "0", "65536", "a:0", "[::1]", "a b:1"};
        ClientPlace p;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_int_equal(client_place_listen(span_of(rows[i][0]), "/x", &p), 0);
                assert_string_equal(p.host, rows[i][1]);
                assert_string_equal(p.authority, rows[i][2]);
                assert_string_equal(p.path, "/x");
        }
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_row(client_place_listen(span_of(wrong[i]), "/x", &p) == PLACE_E_INVALID, "%s",
                           wrong[i]);
        assert_int_equal(client_place_listen(SPAN("unix:/run/x"), "/x", &p), 0);
        assert_string_equal(p.socket, "/run/x");
}

/* ---- a server, in this process: nothing here waits --------------------------------------- */

typedef struct Server {
        ClientPlace place;
        int listener, conn;
} Server;

static void listen_at(const char *path, Server *ret)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
        *ret = (Server){.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .conn = -1};
        assert_int_equal(bind(ret->listener, (const struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(ret->listener, 4), 0);
        assert_int_equal(client_place_socket(path, "/mcp", &ret->place), 0);
}

static void in_dir(const char *dir, const char *name, Server *ret)
{
        char path[200];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        listen_at(path, ret);
}

static void server_done(Server *s)
{
        close(s->listener);
        if (s->conn >= 0)
                close(s->conn);
}

static void server_takes(Server *s)
{
        s->conn = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        assert_true(s->conn >= 0);
}

static void server_reads(Server *s, const char *want)
{
        char text[4096];
        ssize_t n = read(s->conn, text, sizeof(text));
        assert_true(n >= 0);
        assert_span_equal(span_from(text, (size_t)n), span_of(want));
}

static void server_says(Server *s, const char *text)
{
        assert_int_equal(fd_write_all(s->conn, span_of(text)), 0);
}

static void server_leaves(Server *s)
{
        close(s->conn);
        s->conn = -1;
}

/* A server and nobody who has asked it yet. */
static void begin(const char *dir, Server *s, ClientConn *c)
{
        in_dir(dir, "s", s);
        assert_int_equal(client_conn_init(c), 0);
}

static void end(Server *s, ClientConn *c)
{
        client_conn_done(c);
        server_done(s);
}

static void ask(Server *s, ClientConn *c, const ClientRequest *r)
{
        assert_int_equal(client_conn_request(c, &s->place, r, soon()), 0);
        assert_false(c->stale);
        server_takes(s);
}

/* To the end of the answer, whatever that is. */
static void wait_for(ClientConn *c, ClientConnState want)
{
        assert_int_equal(client_conn_wait(c, soon()), 0);
        assert_int_equal(c->state, want);
}

static const ClientRequest get = {.method = "GET"};

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void test_kept_alive(void **state)
{
        Server s;
        ClientConn c;
        const ClientHeader headers[] = {{"A", SPAN("b c")}, {"Empty", SPAN_NONE}};
        const ClientRequest post = {
                .method = "POST", .headers = headers, .n_headers = 2, .body = SPAN("{}"), .has_body = true};
        begin(*state, &s, &c);
        assert_int_equal(client_conn_events(&c), 0);
        assert_int_equal(client_conn_request(&c, &s.place, &post, soon()), 0);
        assert_int_equal(client_conn_events(&c), POLLIN | POLLOUT);
        server_takes(&s);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(c.stale, i > 0);
                assert_int_equal(client_conn_step(&c), 0);
                assert_int_equal(c.state, CLIENT_CONN_SENT);
                server_reads(
                        &s, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nA: b c\r\nContent-Length: 2\r\n\r\n{}");
                server_says(&s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh");
                assert_int_equal(client_conn_step(&c), 0);
                assert_int_equal(c.state, CLIENT_CONN_BODY);
                assert_false(c.stale);
                server_says(&s, "i");
                wait_for(&c, CLIENT_CONN_DONE);
                assert_span_equal(buf_span(h1_response_body(c.response)), SPAN("hi"));
                client_conn_next(&c);
                assert_int_equal(c.state, CLIENT_CONN_IDLE);
                assert_true(c.fd >= 0);
                assert_int_equal(client_conn_request(&c, &s.place, &post, soon()), 0);
        }
        client_conn_done(&c);
        end(&s, &c);
}

/* It is not used again: the server said so, or said more than it was asked. */
static void test_not_kept(void **state)
{
        static const char *const rows[] = {
                ANSWER "more",
                "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        };
        Server s;
        ClientConn c;
        begin(*state, &s, &c);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ask(&s, &c, &get);
                server_says(&s, rows[i]);
                wait_for(&c, CLIENT_CONN_DONE);
                client_conn_next(&c);
                assert_true(c.fd < 0);
                server_leaves(&s);
        }
        end(&s, &c);
}

static void test_broken(void **state)
{
        static const char *const rows[] = {"", "HTTP/1.1 200",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "?"};
        Server s;
        ClientConn c;
        begin(*state, &s, &c);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ask(&s, &c, &get);
                server_says(&s, rows[i]);
                server_leaves(&s);
                wait_for(&c, CLIENT_CONN_BROKEN);
                assert_true(*c.why != '\0');
                assert_int_equal(client_conn_events(&c), 0);
                client_conn_next(&c);
        }
        end(&s, &c);
}

/* A connection that was closed while it waited is noticed before it is used. */
static void test_closed_while_idle(void **state)
{
        Server s;
        ClientConn c;
        begin(*state, &s, &c);
        ask(&s, &c, &get);
        server_says(&s, ANSWER);
        assert_int_equal(client_conn_wait(&c, soon()), 0);
        client_conn_next(&c);
        assert_int_equal(client_conn_step(&c), 0);
        assert_true(c.fd >= 0);
        close(s.conn);
        assert_int_equal(client_conn_events(&c), POLLIN);
        assert_int_equal(client_wait(c.fd, POLLIN, soon()), 0);
        assert_int_equal(client_conn_step(&c), 0);
        assert_true(c.fd < 0);
        ask(&s, &c, &get);
        end(&s, &c);
}

static void test_late(void **state)
{
        Server s;
        ClientConn c;
        begin(*state, &s, &c);
        assert_int_equal(client_conn_request(&c, &s.place, &get, soon()), 0);
        assert_int_equal(client_conn_wait(&c, clock_now(&clock_monotonic)), CLIENT_WAIT_E_TIMEOUT);
        client_conn_drop(&c);
        assert_int_equal(c.state, CLIENT_CONN_IDLE);
        end(&s, &c);
}

/* More than a socket takes at once. */
static void test_large(void **state)
{
        Server s;
        ClientConn c;
        size_t got = 0, size = 4 * 1024 * 1024;
        CLEANUP_FREE char *body = calloc(1, size);
        const ClientRequest post = {.method = "POST", .body = {body, size}, .has_body = true};
        begin(*state, &s, &c);
        ask(&s, &c, &post);
        while (got < size) {
                char room[65536];
                assert_int_equal(client_conn_step(&c), 0);
                ssize_t n = recv(s.conn, room, sizeof(room), MSG_DONTWAIT);
                assert_true(n > 0);
                got += (size_t)n;
        }
        server_says(&s, ANSWER);
        wait_for(&c, CLIENT_CONN_DONE);
        end(&s, &c);
}

/* A server that answers before it has read all, and goes. */
static void test_answered_early(void **state)
{
        Server s;
        ClientConn c;
        size_t size = 4 * 1024 * 1024;
        CLEANUP_FREE char *body = calloc(1, size);
        const ClientRequest post = {.method = "POST", .body = {body, size}, .has_body = true};
        begin(*state, &s, &c);
        ask(&s, &c, &post);
        assert_int_equal(client_conn_step(&c), 0);
        server_says(&s, "HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n");
        server_leaves(&s);
        wait_for(&c, CLIENT_CONN_DONE);
        assert_int_equal(h1_response_status(c.response), 413);
        client_conn_next(&c);
        assert_true(c.fd < 0);
        end(&s, &c);
}

static void test_headers(void **state)
{
        static const char *const values[] = {"a\r\nX: y", "a\n", "a\x7f", "a\tb"};
        Server s;
        ClientConn c;
        begin(*state, &s, &c);
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                const ClientHeader h = {"A", span_of(values[i])};
                const ClientRequest r = {.method = "GET", .headers = &h, .n_headers = 1};
                assert_int_equal(client_conn_request(&c, &s.place, &r, soon()), -EINVAL);
                assert_int_equal(c.state, CLIENT_CONN_IDLE);
        }
        end(&s, &c);
}

/* ---- the way there ----------------------------------------------------------------------- */

static void test_not_here(void **state)
{
        char path[300];
        ClientPlace p;
        const char *why;
        int fd;
        (void)snprintf(path, sizeof(path), "%s/none", (const char *)*state);
        assert_int_equal(client_place_socket(path, "/", &p), 0);
        assert_int_equal(client_place_connect(&p, soon(), &fd), PLACE_E_NOT_HERE);
        Server s;
        in_dir(*state, "gone", &s);
        server_done(&s);
        assert_int_equal(client_place_connect(&s.place, soon(), &fd), PLACE_E_NOT_HERE);
        assert_int_equal(client_place_url(SPAN("http://[::1]:1"), &p, &why), 0);
        assert_int_equal(client_place_connect(&p, soon(), &fd), PLACE_E_NOT_HERE);
        assert_int_equal(client_place_url(SPAN("http://localhost:1"), &p, &why), 0);
        assert_int_equal(client_place_connect(&p, soon(), &fd), PLACE_E_NOT_HERE);
        assert_int_equal(client_place_url(SPAN("http://name.invalid:1"), &p, &why), 0);
        assert_int_equal(client_place_connect(&p, soon(), &fd), PLACE_E_NOT_HERE);
        char longest[PLACE_SOCKET + 1];
        memset(longest, 'x', PLACE_SOCKET);
        longest[PLACE_SOCKET] = '\0';
        assert_int_equal(client_place_socket(longest, "/", &p), -ENAMETOOLONG);
}

/* A path that no address can hold. */
static void test_long_path(void **state)
{
        Server s;
        char path[400];
        int fd, dir = open(*state, O_DIRECTORY | O_CLOEXEC);
        memset(path, 'd', sizeof(path));
        (void)snprintf(path, sizeof(path), "%s/%0150d", (const char *)*state, 0);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(fchdir(dir), 0);
        (void)snprintf(path, sizeof(path), "%0150d", 0);
        assert_int_equal(chdir(path), 0);
        listen_at("s", &s);
        (void)snprintf(path, sizeof(path), "%s/%0150d/s", (const char *)*state, 0);
        assert_int_equal(client_place_socket(path, "/", &s.place), 0);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(client_place_connect(&s.place, soon(), &fd), 0);
        close(fd), close(dir);
        server_done(&s);
}

static void test_tcp(void **state UNUSED)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(a);
        Server s = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .conn = -1};
        static const char *const hosts[] = {"127.0.0.1", "localhost"};
        assert_int_equal(bind(s.listener, (const struct sockaddr *)&a, n), 0);
        assert_int_equal(listen(s.listener, 4), 0);
        assert_int_equal(getsockname(s.listener, (struct sockaddr *)&a, &n), 0);
        for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
                char url[64];
                const char *why;
                ClientConn c;
                (void)snprintf(url, sizeof(url), "http://%s:%u/x", hosts[i], ntohs(a.sin_port));
                assert_int_equal(client_place_url(span_of(url), &s.place, &why), 0);
                assert_int_equal(client_conn_init(&c), 0);
                ask(&s, &c, &get);
                server_says(&s, ANSWER);
                wait_for(&c, CLIENT_CONN_DONE);
                client_conn_done(&c);
                server_leaves(&s);
        }
        server_done(&s);
}

int main(void)
{
#define IN_DIR(t) cmocka_unit_test_setup_teardown(t, test_dir_setup, test_dir_teardown)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_urls), cmocka_unit_test(test_listen),
                IN_DIR(test_kept_alive),     IN_DIR(test_not_kept),
                IN_DIR(test_broken),         IN_DIR(test_closed_while_idle),
                IN_DIR(test_late),           IN_DIR(test_large),
                IN_DIR(test_answered_early), IN_DIR(test_headers),
                IN_DIR(test_not_here),       IN_DIR(test_long_path),
                cmocka_unit_test(test_tcp),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
