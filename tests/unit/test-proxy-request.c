/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "proxy/request.h"

static const H1Limits limits = {.max_header = 1024, .max_headers = 20, .max_body = SIZE_MAX, .proxy = true};

typedef struct Read {
        int result;
        ProxyRequest request;
        ProxyRefusal refusal;
        char target[300], head[1200];
} Read;

static void forward(H1 *h, Read *read)
{
        CLEANUP(buf_done)
        Buf b = BUF_INIT(sizeof(read->head) - 1), target = BUF_INIT(sizeof(read->target) - 1);
        assert_int_equal(proxy_target_print(&read->request.target, &target), 0);
        memcpy(read->target, buf_text(&target), target.len + 1);
        if (read->request.tunnel)
                return;
        assert_int_equal(proxy_request_forward(h, &read->request, &b), 0);
        memcpy(read->head, b.data, b.len + 1);
}

static Read read_text(const char *text)
{
        CLEANUP(h1_free_p) H1 *h = NULL;
        Read read = {.result = -1};
        size_t n = strlen(text), used;
        H1State state;
        char *copy = test_malloc(n + 1);
        memcpy(copy, text, n + 1);
        assert_int_equal(h1_new(&h), 0);
        h1_reset(h, &limits, 0);
        assert_int_equal(h1_feed(h, copy, n, &used, &state), 0);
        if (state == H1_REFUSED)
                read.refusal = (ProxyRefusal){h1_refusal(h)->status, h1_refusal(h)->why};
        assert_true(state != H1_HEAD);
        if (state != H1_REFUSED)
                read.result = proxy_request_read(h, &read.request, &read.refusal);
        if (read.result == 0)
                forward(h, &read);
        test_free(copy);
        return read;
}

static void test_tunnels(void **state UNUSED)
{
        static const struct {
                const char *text, *target; /* NULL: 400 */
        } rows[] = {
                {"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n", "a.b:443"},
                {"CONNECT a.b:443 HTTP/1.1\r\nHost: other:1\r\n\r\n", "a.b:443"}, /* the target counts */
                {"CONNECT a.b:443 HTTP/1.1\r\n\r\n", "a.b:443"},
                {"CONNECT [::1]:1 HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n", "[::1]:1"},
                {"CONNECT  a.b:1 HTTP/1.1\r\n\r\n", "a.b:1"}, /* llhttp lets it pass */
                {"CONNECT  http://a.b/ HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT a.b HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT a.b:0 HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT 127.1:1 HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT /a HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT http://a:1/ HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT u@a:1 HTTP/1.1\r\n\r\n", NULL},
                {"CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", NULL},
                {"CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Read read = read_text(rows[i].text);
                assert_row((read.result == 0) == (rows[i].target != NULL), "%s", rows[i].text);
                if (read.result == 0)
                        assert_string_equal(read.target, rows[i].target);
                else
                        assert_row(read.refusal.status == 400, "%s: %d", rows[i].text, read.refusal.status);
                assert_row(read.result != 0 || read.request.tunnel, "%s", rows[i].text);
        }
}

static void test_plain(void **state UNUSED)
{
        static const struct {
                const char *text, *target, *head; /* NULL: 400 */
        } rows[] = {
                {"GET http://a.b/c?d=e HTTP/1.1\r\nHost: a.b\r\nAccept: x\r\n\r\n", "a.b:80",
                 "GET /c?d=e HTTP/1.1\r\nHost: a.b\r\nAccept: x\r\nConnection: close\r\n\r\n"},
                {"PATCH http://A.B:81 HTTP/1.0\r\n\r\n", "a.b:81",
                 "PATCH / HTTP/1.0\r\nHost: a.b:81\r\nConnection: close\r\n\r\n"},
                {"GET http://[2001:db8::1]?x HTTP/1.1\r\nHost: evil\r\n\r\n", "[2001:db8::1]:80",
                 "GET /?x HTTP/1.1\r\nHost: [2001:db8::1]\r\nConnection: close\r\n\r\n"},
                {"POST HTTP://10.0.0.1:8080/ HTTP/1.1\r\nContent-Length: 2\r\nConnection: X-Own, keep-alive, "
                 "content-length\r\nx-own: 1\r\nProxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nUpgrade: "
                 "h2c\r\nProxy-Authorization: Basic eA==\r\nX: y\r\n\r\nhi",
                 "10.0.0.1:8080",
                 "POST / HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nContent-Length: 2\r\nX: y\r\nConnection: "
                 "close\r\n\r\n"},
                {"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL, NULL},
                {"GET https://a.b/ HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL, NULL},
                {"GET http:///x HTTP/1.1\r\n\r\n", NULL, NULL},
                {"GET http://u:p@a.b/ HTTP/1.1\r\n\r\n", NULL, NULL},
                {"GET http://a.b:/ HTTP/1.1\r\n\r\n", NULL, NULL},
                {"GET http://2130706433/ HTTP/1.1\r\n\r\n", NULL, NULL},
                {"OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL, NULL},
                {"GET ftp://a.b/ HTTP/1.1\r\n\r\n", NULL, NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Read read = read_text(rows[i].text);
                assert_row((read.result == 0) == (rows[i].target != NULL), "%s", rows[i].text);
                assert_row(read.result == 0 || read.refusal.status == 400, "%s: %d", rows[i].text,
                           read.refusal.status);
                if (read.result != 0)
                        continue;
                assert_false(read.request.tunnel);
                assert_string_equal(read.target, rows[i].target);
                assert_string_equal(read.head, rows[i].head);
        }
}

/* What is sent on ends in want of room or memory as an error, not as half a head. */
static void test_room(void **state UNUSED)
{
        char text[] = "GET http://a.b:81/c?d HTTP/1.1\r\nX: y\r\n\r\n";
        CLEANUP(h1_free_p) H1 *h = NULL;
        ProxyRequest request;
        ProxyRefusal refusal;
        size_t used, whole = 0;
        H1State state_of;
        assert_int_equal(h1_new(&h), 0);
        h1_reset(h, &limits, 0);
        assert_int_equal(h1_feed(h, text, sizeof(text) - 1, &used, &state_of), 0);
        assert_int_equal(proxy_request_read(h, &request, &refusal), 0);
        for (size_t room = 0; whole == 0; room++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(room);
                int r = proxy_request_forward(h, &request, &b);
                assert_true(r == 0 || r == -ENOBUFS);
                whole = r == 0 ? b.len : 0;
                assert_true(r < 0 || whole == room);
        }
        assert_int_equal(whole,
                         strlen("GET /c?d HTTP/1.1\r\nHost: a.b:81\r\nX: y\r\nConnection: close\r\n\r\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tunnels),
                cmocka_unit_test(test_plain),
                cmocka_unit_test(test_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
