/* SPDX-License-Identifier: Apache-2.0 */
/* What lasts as long as a session: kept when it is granted, said once to each new one. */
#include "support/test.h"

#include "base/limit-table.h"
#include "client/wish.h"

static const EnvelopeLimits limits = {.depth = 32, .id = 64};

typedef struct Request {
        char text[256];
        Envelope e;
} Request;

static const Envelope *request(Request *r, const char *method, const char *params)
{
        int n = snprintf(r->text, sizeof(r->text),
                         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method, params);
        assert_in_range(n, 0, sizeof(r->text) - 1);
        assert_int_equal(envelope_scan(r->text, (size_t)n, &limits, &r->e), 0);
        return &r->e;
}

static void take(WishList *l, const char *method, const char *params, unsigned session)
{
        Request r;
        assert_int_equal(wish_list_take(l, request(&r, method, params), session), 0);
}

/* All that a session has not heard, one line each: METHOD PARAMS. */
static const char *rest(WishList *l, unsigned session, char *room, size_t size)
{
        size_t n = 0;
        Wish *w;
        room[0] = 0;
        while ((w = wish_list_next(l, session))) {
                Buf b = BUF_INIT(BUF_CAP_NONE);
                Envelope e;
                assert_int_equal(wish_write(w, 7, &b), 0);
                assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), 0);
                assert_int_equal(e.kind, ENVELOPE_REQUEST);
                assert_true(span_equal(envelope_member(&e, MEMBER_ID), SPAN("\"mcpvisor-connect-7\"")));
                Span method = envelope_member(&e, MEMBER_METHOD), params = envelope_member(&e, MEMBER_PARAMS);
                n += (size_t)snprintf(room + n, size - n, "%.*s %.*s\n", (int)method.len, method.ptr,
                                      (int)params.len, params.ptr);
                assert_true(n < size);
                buf_done(&b);
        }
        return room;
}

#define SUBSCRIBE   "resources/subscribe"
#define UNSUBSCRIBE "resources/unsubscribe"
#define LEVEL       "logging/setLevel"

static void test_what_lasts(void **state UNUSED)
{
        WishList l;
        char room[1024];
        wish_list_init(&l);
        take(&l, SUBSCRIBE, "{\"uri\":\"a:1\"}", 1);
        take(&l, SUBSCRIBE, "{\"uri\":\"a:2\",\"_meta\":{\"progressToken\":1}}", 1);
        take(&l, SUBSCRIBE, "{\"uri\":\"a\\u003a1\"}", 1); /* the first, written otherwise */
        take(&l, LEVEL, "{\"level\":\"info\"}", 1);
        take(&l, LEVEL, "{\"level\":\"error\"}", 1);
        take(&l, SUBSCRIBE, "{\"uri\":\"a:3\"}", 1);
        take(&l, UNSUBSCRIBE, "{\"uri\":\"a:2\"}", 1);
        take(&l, UNSUBSCRIBE, "{\"uri\":\"error\"}", 1); /* a level is none */
        take(&l, "resources/read", "{\"uri\":\"a:4\"}", 1);
        take(&l, SUBSCRIBE, "{\"uri\":5}", 1);
        assert_string_equal(rest(&l, 1, room, sizeof(room)), "");
        const char *all = "\"resources/subscribe\" {\"uri\":\"a:1\"}\n"
                          "\"logging/setLevel\" {\"level\":\"error\"}\n"
                          "\"resources/subscribe\" {\"uri\":\"a:3\"}\n";
        assert_string_equal(rest(&l, 2, room, sizeof(room)), all);
        assert_string_equal(rest(&l, 2, room, sizeof(room)), "");
        assert_string_equal(rest(&l, 3, room, sizeof(room)), all);
        wish_list_clear(&l);
        assert_int_equal(l.n, 0);
        assert_null(wish_list_next(&l, 4));
}

static void test_refused(void **state UNUSED)
{
        WishList l;
        char room[1024];
        Request r;
        wish_list_init(&l);
        take(&l, SUBSCRIBE, "{\"uri\":\"a:1\"}", 1);
        take(&l, LEVEL, "{\"level\":\"info\"}", 1);
        assert_non_null(wish_list_next(&l, 2));
        assert_non_null(wish_list_next(&l, 2));
        wish_list_retry(&l);
        assert_null(wish_list_next(&l, 2)); /* nothing was refused */
        wish_list_refused(&l, request(&r, LEVEL, "{\"level\":\"info\"}"));
        wish_list_refused(&l, request(&r, SUBSCRIBE, "{\"uri\":\"a:9\"}"));
        wish_list_refused(&l, request(&r, "ping", "{}"));
        assert_null(wish_list_next(&l, 2)); /* not before something has changed */
        wish_list_retry(&l);
        assert_string_equal(rest(&l, 2, room, sizeof(room)), "\"logging/setLevel\" {\"level\":\"info\"}\n");
        wish_list_retry(&l);
        assert_null(wish_list_next(&l, 2)); /* granted this time, as far as it knows */
        wish_list_clear(&l);
}

static void test_cap(void **state UNUSED)
{
        WishList l;
        Request r;
        char params[64];
        wish_list_init(&l);
        for (unsigned i = 0; i < LIMIT_CONNECT_WISHES; i++) {
                (void)snprintf(params, sizeof(params), "{\"uri\":\"a:%u\"}", i);
                take(&l, SUBSCRIBE, params, 1);
        }
        assert_int_equal(wish_list_take(&l, request(&r, SUBSCRIBE, "{\"uri\":\"b\"}"), 1), -ENOBUFS);
        take(&l, SUBSCRIBE, params, 1); /* is there already */
        take(&l, UNSUBSCRIBE, params, 1);
        take(&l, SUBSCRIBE, "{\"uri\":\"b\"}", 1);
        assert_int_equal(l.n, LIMIT_CONNECT_WISHES);
        wish_list_clear(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_lasts),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_cap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
