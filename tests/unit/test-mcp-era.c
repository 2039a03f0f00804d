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

/* Rows by what becomes of the message: its text, then the headers. */
#define LEGACY(text, version, want)                                     \
        {                                                               \
                text, version, NULL, NULL, MCP_LEGACY, want, FINE, NULL \
        }
#define LEGACY_NOT(text, version, why)                                                      \
        {                                                                                   \
                text, version, NULL, NULL, MCP_LEGACY, NONE, RPC_ERROR_INVALID_REQUEST, why \
        }
#define MODERN(text, version, method, name)                                         \
        {                                                                           \
                text, version, method, name, MCP_MODERN, MCP_2026_07_28, FINE, NULL \
        }
#define MODERN_NOT(text, version, method, error, why)                                           \
        {                                                                                       \
                text, version, method, NULL, MCP_MODERN, MCP_2026_07_28, RPC_ERROR_##error, why \
        }
#define MISMATCH(text, version, method, name, why)                                                      \
        {                                                                                               \
                text, version, method, name, MCP_MODERN, MCP_2026_07_28, RPC_ERROR_HEADER_MISMATCH, why \
        }
#define NO_VERSION(text, version, method, error, why)                                 \
        {                                                                             \
                text, version, method, NULL, MCP_MODERN, NONE, RPC_ERROR_##error, why \
        }

static void test_legacy(void **state UNUSED)
{
        static const Row rows[] = {
                LEGACY(REQ("initialize", ""), NULL, NONE),
                /* It brings its version itself; what stands in a header is no matter. */
                LEGACY(REQ("initialize", ""), "2025-06-18", NONE),
                LEGACY(REQ("initialize", ""), "never", NONE),
                LEGACY(REQ("tools/list", ""), NULL, NONE),
                LEGACY(REQ("tools/list", ""), "2025-11-25", MCP_2025_11_25),
                LEGACY(REQ("tools/list", ""), " 2025-06-18\t", MCP_2025_06_18),
                LEGACY(REQ("tools/list", META("")), "2024-11-05", MCP_2024_11_05),
                LEGACY(REQ("tools/list", META(C "{}")), NULL, NONE),
                {REQ("tools/call", "\"name\":\"a\""), NULL, "x", "y", MCP_LEGACY, NONE, FINE, NULL},
                LEGACY(NOTE("notifications/initialized", ""), "2025-11-25", MCP_2025_11_25),
                LEGACY("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "2025-11-25", MCP_2025_11_25),
                LEGACY("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"params\":{" GOOD "}}", NULL,
                       NONE), /* it has no params; what is called so is nothing */
                LEGACY("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", NULL, NONE),
        };
        CHECK(rows);
}

static void test_legacy_refused(void **state UNUSED)
{
        static const Row rows[] = {
                LEGACY_NOT(REQ("tools/list", ""), "2025-11-26", "not supported"),
                LEGACY_NOT(REQ("tools/list", ""), "", "not supported"),
                LEGACY_NOT(NOTE("initialize", ""), "x", "not supported"),
                MODERN_NOT(REQ("tools/list", ""), NEW, "tools/list", INVALID_PARAMS,
                           "protocolVersion is missing"),
                MODERN_NOT(REQ("tools/list", META("")), NEW, NULL, INVALID_PARAMS,
                           "protocolVersion is missing"),
                MODERN_NOT(REQ("tools/list", "\"_meta\":7"), NEW, NULL, INVALID_PARAMS,
                           "protocolVersion is missing"),
                MISMATCH(REQ("initialize", ""), NEW, "initialize", NULL, "no initialize"),
                MISMATCH(NOTE("notifications/cancelled", ""), NEW, "notifications/progress", NULL,
                         "Mcp-Method is not"),
                MODERN_NOT("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", NEW, NULL, INVALID_REQUEST,
                           "no responses"),
                MODERN_NOT("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}", NEW,
                           NULL, INVALID_REQUEST, "no responses"),
        };
        CHECK(rows);
}

static void test_modern(void **state UNUSED)
{
        static const Row rows[] = {
                MODERN(REQ("server/discover", GOOD), NEW, "server/discover", NULL),
                MODERN(REQ("tools/list", GOOD), " " NEW " ", "\ttools/list ", "ignored"),
                MODERN(REQ("initialize", GOOD), NEW, "initialize", NULL),
                MODERN(REQ("no/such", GOOD), NEW, "no/such", NULL),
                MODERN(REQ("tools\\/list", GOOD), NEW, "tools/list", NULL),
                MODERN(REQ("tools/list", META(V "\"2026-07-\\u0032\\u0038\"," C "{}")), NEW, "tools/list",
                       NULL),
                MODERN(REQ("tools/list",
                           META(V "\"" NEW "\"," C "{\"x\":1}," I "{\"name\":\"a\"}," LL "\"info\"")),
                       NEW, "tools/list", NULL),
                MODERN(REQ("tools/call", "\"name\":\"a b\"," GOOD), NEW, "tools/call", "a b"),
                MODERN(REQ("prompts/get", "\"name\":\"\\u0061\"," GOOD), NEW, "prompts/get", "a"),
                MODERN(REQ("resources/read", "\"name\":\"x\",\"uri\":\"file:\\/\\/\\/a\"," GOOD), NEW,
                       "resources/read", "file:///a"),
                MODERN(REQ("tools/call", "\"name\":\"\xc3\xa9\"," GOOD), NEW, "tools/call",
                       "=?base64?w6k=?="),
                MODERN(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", " =?base64?YQ==?= "),
                MODERN(REQ("tools/call", "\"name\":\"\"," GOOD), NEW, "tools/call",
                       "=?base64?"
                       "?="),
                MODERN(REQ("tools/call", "\"name\":\"\"," GOOD), NEW, "tools/call", ""),
                MODERN(REQ("tools/call", "\"name\":\"=?BASE64?YQ==?=\"," GOOD), NEW, "tools/call",
                       "=?BASE64?YQ==?="),
                MODERN(REQ("tools/call", "\"name\":\"=?base64?=\"," GOOD), NEW, "tools/call",
                       "=?base64?="), /* too short to be wrapped: it is what it is */
                /* Without a name in params there is nothing to repeat; the method says what it thinks of
                   that. */
                MODERN(REQ("tools/call", GOOD), NEW, "tools/call", NULL),
                MODERN(REQ("tools/call", "\"name\":7," GOOD), NEW, "tools/call", NULL),
                /* A notification needs no _meta, so the header may say it alone. */
                MODERN(NOTE("notifications/cancelled", "\"requestId\":1"), NEW, NULL, NULL),
                MODERN(NOTE("notifications/cancelled", ""), NEW, "notifications/cancelled", NULL),
                MODERN(NOTE("notifications/cancelled", GOOD), NULL, NULL, NULL),
                MODERN(NOTE("notifications/cancelled", META(V "\"" NEW "\"")), NEW, "notifications/cancelled",
                       NULL),
        };
        CHECK(rows);
}

static void test_meta(void **state UNUSED)
{
        static const Row rows[] = {
                NO_VERSION(REQ("tools/list", META(V "7," C "{}")), NEW, "tools/list", INVALID_PARAMS,
                           "protocolVersion in _meta is not a string"),
                NO_VERSION(REQ("tools/list", META(V "null," C "{}")), NULL, NULL, INVALID_PARAMS,
                           "protocolVersion in _meta is not a string"),
                NO_VERSION(REQ("tools/list", META(V "\"" NEW "\"")), NEW, "tools/list", INVALID_PARAMS,
                           "clientCapabilities is missing"),
                NO_VERSION(REQ("tools/list", META(V "\"1\"")), NEW, "tools/list", INVALID_PARAMS,
                           "clientCapabilities is missing"),
                NO_VERSION(REQ("tools/list", META(V "\"" NEW "\"," C "[]")), NEW, "tools/list",
                           INVALID_PARAMS, "clientCapabilities in _meta is not an object"),
                NO_VERSION(NOTE("notifications/cancelled", META(V "\"" NEW "\"," C "1")), NEW, NULL,
                           INVALID_PARAMS, "clientCapabilities in _meta is not an object"),
                NO_VERSION(REQ("tools/list", META(V "\"" NEW "\"," C "{}," I "\"me\"")), NEW, "tools/list",
                           INVALID_PARAMS, "clientInfo"),
                NO_VERSION(REQ("tools/list", META(V "\"" NEW "\"," C "{}," LL "\"loud\"")), NEW, "tools/list",
                           INVALID_PARAMS, "logLevel"),
                NO_VERSION(REQ("tools/list", META(V "\"" NEW "\"," C "{}," LL "1")), NEW, "tools/list",
                           INVALID_PARAMS, "logLevel"),
        };
        CHECK(rows);
}

/* Which of several faults is told: the order of the checks. */
static void test_version(void **state UNUSED)
{
        static const Row rows[] = {
                MISMATCH(REQ("tools/list", GOOD), "2025-11-25", "tools/list", NULL, "is not the version"),
                MISMATCH(REQ("tools/list", GOOD), "", "tools/list", NULL, "is not the version"),
                NO_VERSION(REQ("tools/list", META(V "\"2099-01-01\"," C "{}")), NEW, NULL, HEADER_MISMATCH,
                           "is not the version"),
                NO_VERSION(REQ("tools/list", META(V "\"2099-01-01\"," C "{}")), "2099-01-01", "other",
                           UNSUPPORTED_VERSION, "not supported"),
                NO_VERSION(REQ("tools/list", META(V "\"2099-01-01\"," C "{}")), NULL, NULL,
                           UNSUPPORTED_VERSION, "not supported"),
                {REQ("tools/list", META(V "\"2025-11-25\"," C "{}")), "2025-11-25", "tools/list", NULL,
                 MCP_MODERN, MCP_2025_11_25, RPC_ERROR_UNSUPPORTED_VERSION, "not supported"},
                NO_VERSION(REQ("tools/list", META(V "\"\\u00312345678901234567890123456789012345\"," C "{}")),
                           NULL, NULL, UNSUPPORTED_VERSION, "not supported"),
                MISMATCH(REQ("tools/list", GOOD), NULL, NULL, NULL, "MCP-Protocol-Version is missing"),
                MISMATCH(NOTE("notifications/cancelled", GOOD), "2025-11-25", NULL, NULL,
                         "is not the version"),
        };
        CHECK(rows);
}

static void test_headers(void **state UNUSED)
{
        static const Row rows[] = {
                MISMATCH(REQ("tools/list", GOOD), NEW, NULL, NULL, "Mcp-Method is missing"),
                MISMATCH(REQ("tools/list", GOOD), NEW, "", NULL, "Mcp-Method is not"),
                MISMATCH(REQ("tools/list", GOOD), NEW, "tools/List", NULL, "Mcp-Method is not"),
                MISMATCH(REQ("tools/list", GOOD), NEW, "=?base64?dG9vbHMvbGlzdA==?=", NULL,
                         "Mcp-Method is not"),
                MISMATCH(NOTE("notifications/cancelled", GOOD), NEW, "notifications/progress", NULL,
                         "Mcp-Method is not"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", NULL,
                         "Mcp-Name is missing"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "A",
                         "Mcp-Name is not the name"),
                MISMATCH(REQ("tools/call", GOOD), NEW, "tools/call", "a", "Mcp-Name is not the name"),
                MISMATCH(REQ("tools/call", "\"name\":7," GOOD), NEW, "tools/call", "7",
                         "Mcp-Name is not the name"),
                MISMATCH(REQ("resources/read", "\"name\":\"x\",\"uri\":\"u\"," GOOD), NEW, "resources/read",
                         "x", "Mcp-Name is not the name"),
                MISMATCH(REQ("tools/call", "\"name\":\"\xc3\xa9\"," GOOD), NEW, "tools/call", "\xc3\xa9",
                         "not printable"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "a\x7f",
                         "not printable"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call", "a\x01z",
                         "not printable"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call",
                         "=?base64?YQ=?=", "not valid base64"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call",
                         "=?base64?YR==?=", "not valid base64"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call",
                         "=?base64?Y Q==?=", "not valid base64"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call",
                         "=?base64?Yg==?=", "Mcp-Name is not the name"),
                MISMATCH(REQ("tools/call", "\"name\":\"a\"," GOOD), NEW, "tools/call",
                         "=?BASE64?YQ==?=", "Mcp-Name is not the name"),
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
