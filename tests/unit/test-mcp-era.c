/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "mcp/era.h"
#include "support/oom.h"

#define V  "\"io.modelcontextprotocol/protocolVersion\":"
#define C  "\"io.modelcontextprotocol/clientCapabilities\":"
#define I  "\"io.modelcontextprotocol/clientInfo\":"
#define LL "\"io.modelcontextprotocol/logLevel\":"

#define NEW        "2026-07-28"
#define REQ(m, p)  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" m "\",\"params\":{" p "}}"
#define META(x)    "\"_meta\":{" x "}"
#define GOOD       META(V "\"" NEW "\"," C "{}")
#define NOTE(m, p) "{\"jsonrpc\":\"2.0\",\"method\":\"" m "\",\"params\":{" p "}}"

typedef struct Row {
        const char *text, *version, *method, *name; /* the message and its headers; NULL: not sent */
        McpEra era;
        int want_version;
        int error;       /* -1: accepted */
        const char *why; /* a part of it */
} Row;

static Span header(const char *text)
{
        return text ? span_of(text) : SPAN_NONE;
}

static int look(const Row *row, EraVerdict *ret)
{
        char text[2048];
        Envelope e;
        size_t n = strlen(row->text);
        assert_true(n < sizeof(text));
        memcpy(text, row->text, n);
        assert_row(envelope_scan(text, n, &(EnvelopeLimits){64, 64}, &e) == 0, "%s: %s", row->text, e.why);
        return era_of(&e, &(EraHeaders){header(row->version), header(row->method), header(row->name)}, ret);
}

static void check(const Row *row)
{
        EraVerdict v;
        int r = look(row, &v);
        bool refused = row->error >= 0;
        assert_row(r == (refused ? ERA_E_REFUSED : 0), "%s, %s: %s", row->text, row->version,
                   r > 0 ? v.why : "accepted");
        assert_row(v.era == row->era, "%s, %s: era", row->text, row->version);
        assert_row((int)v.version == row->want_version, "%s, %s: version", row->text, row->version);
        if (!refused)
                return;
        assert_row((int)v.error == row->error, "%s, %s: %s", row->text, row->version, v.why);
        assert_row(strstr(v.why, row->why) != NULL, "%s, %s: %s", row->text, row->version, v.why);
        assert_int_equal(rpc_error_table[v.error].http == 400 || v.error == RPC_ERROR_INVALID_PARAMS, true);
}

#define CHECK(rows)                                   \
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) \
        check(&(rows)[i])

enum { FINE = -1, NONE = _MCP_VERSION_INVALID };

static void test_legacy(void **state UNUSED)
{
        static const Row rows[] = {
                {REQ("initialize", ""), NULL, NULL, NULL, MCP_LEGACY, NONE, FINE, NULL},
                /* It brings its version itself; what stands in a header is no matter. */
                {REQ("initialize", ""), "2025-06-18", NULL, NULL, MCP_LEGACY, NONE, FINE, NULL},
                {REQ("initialize", ""), "never", NULL, NULL, MCP_LEGACY, NONE, FINE, NULL},
                {REQ("tools/list", ""), NULL, NULL, NULL, MCP_LEGACY, NONE, FINE, NULL},
                {REQ("tools/list", ""), "2025-11-25", NULL, NULL, MCP_LEGACY, MCP_2025_11_25, FINE, NULL},
                {REQ("tools/list", ""), " 2025-06-18\t", NULL, NULL, MCP_LEGACY, MCP_2025_06_18, FINE, NULL},
                {REQ("tools/list", META("")), "2024-11-05", NULL, NULL, MCP_LEGACY, MCP_2024_11_05, FINE,
                 NULL},
                {REQ("tools/list", META(C "{}")), NULL, NULL, NULL, MCP_LEGACY, NONE, FINE, NULL},
                {REQ("tools/call", "\"name\":\"a\""), NULL, "x", "y", MCP_LEGACY, NONE, FINE, NULL},
                {NOTE("notifications/initialized", ""), "2025-11-25", NULL, NULL, MCP_LEGACY, MCP_2025_11_25,
                 FINE, NULL},
                {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "2025-11-25", NULL, NULL, MCP_LEGACY,
                 MCP_2025_11_25, FINE, NULL},
                {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"params\":{" GOOD "}}", NULL, NULL, NULL,
                 MCP_LEGACY, NONE, FINE, NULL}, /* it has no params; what is called so is nothing */
                {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", NULL, NULL, NULL, MCP_LEGACY, NONE,
                 FINE, NULL},
        };
        CHECK(rows);
}

static void test_legacy_refused(void **state UNUSED)
{
        static const Row rows[] = {
                {REQ("tools/list", ""), "2025-11-26", NULL, NULL, MCP_LEGACY, NONE, RPC_ERROR_INVALID_REQUEST,
                 "not supported"},
                {REQ("tools/list", ""), "", NULL, NULL, MCP_LEGACY, NONE, RPC_ERROR_INVALID_REQUEST,
                 "not supported"},
                {NOTE("initialize", ""), "x", NULL, NULL, MCP_LEGACY, NONE, RPC_ERROR_INVALID_REQUEST,
                 "not supported"},
                {REQ("tools/list", ""), NEW, "tools/list", NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_INVALID_PARAMS, "protocolVersion is missing"},
                {REQ("tools/list", META("")), NEW, NULL, NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_INVALID_PARAMS, "protocolVersion is missing"},
                {REQ("tools/list", "\"_meta\":7"), NEW, NULL, NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_INVALID_PARAMS, "protocolVersion is missing"},
                {REQ("initialize", ""), NEW, "initialize", NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "no initialize"},
                {NOTE("notifications/cancelled", ""), NEW, "notifications/progress", NULL, MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Method is not"},
                {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", NEW, NULL, NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_INVALID_REQUEST, "no responses"},
                {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}", NEW, NULL, NULL,
                 MCP_MODERN, MCP_2026_07_28, RPC_ERROR_INVALID_REQUEST, "no responses"},
        };
        CHECK(rows);
}

static void test_modern(void **state UNUSED)
{
        static const Row rows[] = {
                {REQ("server/discover", GOOD), NEW, "server/discover", NULL, MCP_MODERN, MCP_2026_07_28, FINE,
                 NULL},
                {REQ("tools/list", GOOD), " " NEW " ", "\ttools/list ", "ignored", MCP_MODERN, MCP_2026_07_28,
                 FINE, NULL},
                {REQ("initialize", GOOD), NEW, "initialize", NULL, MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("no/such", GOOD), NEW, "no/such", NULL, MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools\\/list", GOOD), NEW, "tools/list", NULL, MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/list", META(V "\"2026-07-\\u0032\\u0038\"," C "{}")), NEW, "tools/list", NULL,
                 MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/list", META(V "\"" NEW "\"," C "{\"x\":1}," I "{\"name\":\"a\"}," LL "\"info\"")),
                 NEW, "tools/list", NULL, MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":\"a b\"," GOOD), NEW, "tools/call", "a b", MCP_MODERN,
                 MCP_2026_07_28, FINE, NULL},
                {REQ("prompts/get", "\"name\":\"\\u0061\"," GOOD), NEW, "prompts/get", "a", MCP_MODERN,
                 MCP_2026_07_28, FINE, NULL},
                {REQ("resources/read", "\"name\":\"x\",\"uri\":\"file:\\/\\/\\/a\"," GOOD), NEW,
                 "resources/read", "file:///a", MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":\"\xc3\xa9\"," GOOD), NEW, "tools/call",
                 "=?base64?w6k=?=", MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call",
                 " =?base64?YQ==?= ", MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":\"\"," GOOD), NEW, "tools/call",
                 "=?base64?"
                 "?=",
                 MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":\"\"," GOOD), NEW, "tools/call", "", MCP_MODERN, MCP_2026_07_28,
                 FINE, NULL},
                {REQ("tools/call", "\"name\":\"=?BASE64?YQ==?=\"," GOOD), NEW, "tools/call",
                 "=?BASE64?YQ==?=", MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":\"=?base64?=\"," GOOD), NEW, "tools/call", "=?base64?=",
                 MCP_MODERN, MCP_2026_07_28, FINE, NULL}, /* too short to be wrapped: it is what it is */
                /* Without a name in params there is nothing to repeat; the method says what it thinks of
                   that. */
                {REQ("tools/call", GOOD), NEW, "tools/call", NULL, MCP_MODERN, MCP_2026_07_28, FINE, NULL},
                {REQ("tools/call", "\"name\":7," GOOD), NEW, "tools/call", NULL, MCP_MODERN, MCP_2026_07_28,
                 FINE, NULL},
                /* A notification needs no _meta, so the header may say it alone. */
                {NOTE("notifications/cancelled", "\"requestId\":1"), NEW, NULL, NULL, MCP_MODERN,
                 MCP_2026_07_28, FINE, NULL},
                {NOTE("notifications/cancelled", ""), NEW, "notifications/cancelled", NULL, MCP_MODERN,
                 MCP_2026_07_28, FINE, NULL},
                {NOTE("notifications/cancelled", GOOD), NULL, NULL, NULL, MCP_MODERN, MCP_2026_07_28, FINE,
                 NULL},
                {NOTE("notifications/cancelled", META(V "\"" NEW "\"")), NEW, "notifications/cancelled", NULL,
                 MCP_MODERN, MCP_2026_07_28, FINE, NULL},
        };
        CHECK(rows);
}

static void test_meta(void **state UNUSED)
{
        static const Row rows[] = {
                {REQ("tools/list", META(V "7," C "{}")), NEW, "tools/list", NULL, MCP_MODERN, NONE,
                 RPC_ERROR_INVALID_PARAMS, "protocolVersion in _meta is not a string"},
                {REQ("tools/list", META(V "null," C "{}")), NULL, NULL, NULL, MCP_MODERN, NONE,
                 RPC_ERROR_INVALID_PARAMS, "protocolVersion in _meta is not a string"},
                {REQ("tools/list", META(V "\"" NEW "\"")), NEW, "tools/list", NULL, MCP_MODERN, NONE,
                 RPC_ERROR_INVALID_PARAMS, "clientCapabilities is missing"},
                {REQ("tools/list", META(V "\"1\"")), NEW, "tools/list", NULL, MCP_MODERN, NONE,
                 RPC_ERROR_INVALID_PARAMS, "clientCapabilities is missing"},
                {REQ("tools/list", META(V "\"" NEW "\"," C "[]")), NEW, "tools/list", NULL, MCP_MODERN, NONE,
                 RPC_ERROR_INVALID_PARAMS, "clientCapabilities in _meta is not an object"},
                {NOTE("notifications/cancelled", META(V "\"" NEW "\"," C "1")), NEW, NULL, NULL, MCP_MODERN,
                 NONE, RPC_ERROR_INVALID_PARAMS, "clientCapabilities in _meta is not an object"},
                {REQ("tools/list", META(V "\"" NEW "\"," C "{}," I "\"me\"")), NEW, "tools/list", NULL,
                 MCP_MODERN, NONE, RPC_ERROR_INVALID_PARAMS, "clientInfo"},
                {REQ("tools/list", META(V "\"" NEW "\"," C "{}," LL "\"loud\"")), NEW, "tools/list", NULL,
                 MCP_MODERN, NONE, RPC_ERROR_INVALID_PARAMS, "logLevel"},
                {REQ("tools/list", META(V "\"" NEW "\"," C "{}," LL "1")), NEW, "tools/list", NULL,
                 MCP_MODERN, NONE, RPC_ERROR_INVALID_PARAMS, "logLevel"},
        };
        CHECK(rows);
}

/* Which of several faults is told: the order of the checks. */
static void test_version(void **state UNUSED)
{
        static const Row rows[] = {
                {REQ("tools/list", GOOD), "2025-11-25", "tools/list", NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "is not the version"},
                {REQ("tools/list", GOOD), "", "tools/list", NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "is not the version"},
                {REQ("tools/list", META(V "\"2099-01-01\"," C "{}")), NEW, NULL, NULL, MCP_MODERN, NONE,
                 RPC_ERROR_HEADER_MISMATCH, "is not the version"},
                {REQ("tools/list", META(V "\"2099-01-01\"," C "{}")), "2099-01-01", "other", NULL, MCP_MODERN,
                 NONE, RPC_ERROR_UNSUPPORTED_VERSION, "not supported"},
                {REQ("tools/list", META(V "\"2099-01-01\"," C "{}")), NULL, NULL, NULL, MCP_MODERN, NONE,
                 RPC_ERROR_UNSUPPORTED_VERSION, "not supported"},
                {REQ("tools/list", META(V "\"2025-11-25\"," C "{}")), "2025-11-25", "tools/list", NULL,
                 MCP_MODERN, MCP_2025_11_25, RPC_ERROR_UNSUPPORTED_VERSION, "not supported"},
                {REQ("tools/list", META(V "\"\\u00312345678901234567890123456789012345\"," C "{}")), NULL,
                 NULL, NULL, MCP_MODERN, NONE, RPC_ERROR_UNSUPPORTED_VERSION, "not supported"},
                {REQ("tools/list", GOOD), NULL, NULL, NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "MCP-Protocol-Version is missing"},
                {NOTE("notifications/cancelled", GOOD), "2025-11-25", NULL, NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "is not the version"},
        };
        CHECK(rows);
}

static void test_headers(void **state UNUSED)
{
        static const Row rows[] = {
                {REQ("tools/list", GOOD), NEW, NULL, NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "Mcp-Method is missing"},
                {REQ("tools/list", GOOD), NEW, "", NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "Mcp-Method is not"},
                {REQ("tools/list", GOOD), NEW, "tools/List", NULL, MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "Mcp-Method is not"},
                {REQ("tools/list", GOOD), NEW, "=?base64?dG9vbHMvbGlzdA==?=", NULL, MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Method is not"},
                {NOTE("notifications/cancelled", GOOD), NEW, "notifications/progress", NULL, MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Method is not"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", NULL, MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is missing"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "A", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is not the name"},
                {REQ("tools/call", GOOD), NEW, "tools/call", "a", MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is not the name"},
                {REQ("tools/call", "\"name\":7," GOOD), NEW, "tools/call", "7", MCP_MODERN, MCP_2026_07_28,
                 RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is not the name"},
                {REQ("resources/read", "\"name\":\"x\",\"uri\":\"u\"," GOOD), NEW, "resources/read", "x",
                 MCP_MODERN, MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is not the name"},
                {REQ("tools/call", "\"name\":\"\xc3\xa9\"," GOOD), NEW, "tools/call", "\xc3\xa9", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "not printable"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "a\x7f", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "not printable"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "a\x01z", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "not printable"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "=?base64?YQ=?=", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "not valid base64"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "=?base64?YR==?=", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "not valid base64"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "=?base64?Y Q==?=", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "not valid base64"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "=?base64?Yg==?=", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is not the name"},
                {REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "=?BASE64?YQ==?=", MCP_MODERN,
                 MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, "Mcp-Name is not the name"},
        };
        CHECK(rows);
}

/* Escapes and base64 take memory; without it nothing is said. */
static int look_once(void *arg)
{
        EraVerdict v = {.why = "untouched"};
        int r = look(arg, &v);
        if (r < 0)
                assert_string_equal(v.why, "untouched");
        return r;
}

static void test_oom(void **state UNUSED)
{
        static const Row escaped = {
                REQ("tools\\/call", "\"name\":\"\\u0061\"," META(V "\"2026-07-2\\u0038\"," C "{}")),
                NEW,
                "tools/call",
                "=?base64?YQ==?=",
                MCP_MODERN,
                MCP_2026_07_28,
                FINE,
                NULL};
        check(&escaped);
        assert_int_equal(oom_each(look_once, (void *)(uintptr_t)&escaped), 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_legacy),  cmocka_unit_test(test_legacy_refused),
                cmocka_unit_test(test_modern),  cmocka_unit_test(test_meta),
                cmocka_unit_test(test_version), cmocka_unit_test(test_headers),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
