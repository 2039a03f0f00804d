/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/buf.h"
#include "base/limit-table.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/json.h"

#define V      "\"jsonrpc\":\"2.0\""
#define VI     V ",\"id\":1"
#define CALL_A VI ",\"method\":\"a\""

static const EnvelopeLimits limits = {.depth = 6, .id = 8};

/* Scans a copy that ends with its memory; the caller frees it. */
static int scan(Span text, Envelope *ret, char **ret_copy)
{
        char *copy = malloc(text.len ? text.len : 1);
        assert_non_null(copy);
        if (text.len)
                memcpy(copy, text.ptr, text.len);
        *ret_copy = copy;
        return envelope_scan(copy, text.len, &limits, ret);
}

static const struct {
        const char *text;
        EnvelopeKind kind;
        const char *id; /* NULL: none */
} kinds[] = {
        {"{" CALL_A "}", ENVELOPE_REQUEST, "1"},
        {" \n{" CALL_A ",\"params\":{}}\r\n", ENVELOPE_REQUEST, "1"},
        {"{" V ",\"method\":\"a\"}", ENVELOPE_NOTIFICATION, NULL},
        {"{" V ",\"method\":\"a\",\"params\":{\"_meta\":7}}", ENVELOPE_NOTIFICATION, NULL},
        {"{" VI ",\"result\":{}}", ENVELOPE_RESULT, "1"},
        {"{\"result\":[],\"id\":\"\\u0041\"," V "}", ENVELOPE_RESULT, "\"\\u0041\""},
        {"{" VI ",\"result\":null}", ENVELOPE_RESULT, "1"},
        {"{" VI ",\"result\":{},\"params\":[]}", ENVELOPE_RESULT, "1"},
        {"{" VI ",\"error\":{\"code\":-1,\"message\":\"\"}}", ENVELOPE_ERROR, "1"},
        {"{" V ",\"id\":null,\"error\":{\"code\":0,\"message\":\"a\",\"data\":[]}}", ENVELOPE_ERROR, NULL},
        {"{" V ",\"error\":{\"message\":\"a\",\"code\":-32700}}", ENVELOPE_ERROR, NULL},
        {"{\"jsonrpc\":\"\\u0032.0\",\"id\":\"\",\"method\":\"tools\\/call\"}", ENVELOPE_REQUEST, "\"\""},
        {"{" V ",\"method\":\"\",\"id\":-0}", ENVELOPE_REQUEST, "-0"},
        {"{" V ",\"method\":\"a\",\"id\":12345678}", ENVELOPE_REQUEST, "12345678"},
        {"{" V ",\"method\":\"a\",\"id\":\"123456\"}", ENVELOPE_REQUEST, "\"123456\""},
        {"{" CALL_A ",\"other\":1,\"more\":[{\"id\":2,\"id\":3,\"\\u0069d\":4}]}", ENVELOPE_REQUEST, "1"},
};

static void test_kinds(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                Envelope e;
                CLEANUP_FREE char *copy = NULL;
                assert_row(scan(span_of(kinds[i].text), &e, &copy) == 0, "%s: %s", kinds[i].text, e.why);
                assert_row(e.kind == kinds[i].kind, "%s", kinds[i].text);
                assert_row(envelope_has(&e, MEMBER_ID) == !!kinds[i].id, "%s", kinds[i].text);
                assert_span_equal(envelope_member(&e, MEMBER_ID), span_of(kinds[i].id));
                assert_span_equal(e.text, span_trim(span_of(kinds[i].text)));
                assert_null(e.why);
        }
}

#define AT(before) (sizeof(before) - 1)

static const struct {
        const char *text;
        int result;
        const char *why;
        size_t at;
        const char *id; /* that can be answered with */
} refused[] = {
        {"", ENVELOPE_E_SYNTAX, "the text ends too early", 0, NULL},
        {"{" CALL_A "} x", ENVELOPE_E_SYNTAX, "something follows the message", AT("{" CALL_A "} "), NULL},
        {"{" CALL_A "}{}", ENVELOPE_E_SYNTAX, "something follows the message", AT("{" CALL_A "}"), NULL},
        {"[] []", ENVELOPE_E_SYNTAX, "something follows the message", 3, NULL},
        {"\xef\xbb\xbf{" CALL_A "}", ENVELOPE_E_SYNTAX, "the text begins with a byte order mark", 0, NULL},
        {"{" CALL_A, ENVELOPE_E_SYNTAX, "the text ends too early", AT("{" CALL_A), NULL},
        {"{" CALL_A ",}", ENVELOPE_E_SYNTAX, "the name of a member should begin here, in quotes",
         AT("{" CALL_A ","), NULL},
        {"{" CALL_A " 7}", ENVELOPE_E_SYNTAX, "a comma or } should stand here", AT("{" CALL_A " "), NULL},
        {"{" CALL_A ",\"params\":{\"a\":01}}", ENVELOPE_E_SYNTAX, "a number begins with a needless zero",
         AT("{" CALL_A ",\"params\":{\"a\":0"), NULL},
        {"{" CALL_A ",\"params\":[[[[[[]]]]]]}", ENVELOPE_E_SYNTAX, "objects and arrays are nested too deep",
         AT("{" CALL_A ",\"params\":[[[[["), NULL},
        {"{\"id\":1,\"id\":1}", ENVELOPE_E_SYNTAX, "the member \"id\" comes twice", 8, NULL},
        {"{\"x\":1,\"y\":2,\"x\":1}", ENVELOPE_E_SYNTAX, "a member comes twice", 13, NULL},
        {"{\"params\":{\"uri\":1,\"uri\":2}}", ENVELOPE_E_SYNTAX, "the member \"params.uri\" comes twice", 19,
         NULL},
        {"{\"params\":{\"\":1,\"\":2}}", ENVELOPE_E_SYNTAX, "a member comes twice", 16, NULL},
        {"{\"params\":{\"_meta\":{\"baggage\":1,\"baggage\":2}}}", ENVELOPE_E_SYNTAX,
         "the member \"params._meta.baggage\" comes twice", 32, NULL},
        {"{\"params\":{\"_meta\":{\"a/b\":1,\"a/b\":2}}}", ENVELOPE_E_SYNTAX, "a member comes twice", 28,
         NULL},
        {"{\"\\u0069d\":1}", ENVELOPE_E_SYNTAX,
         "the name of a member of the message, of params or of _meta is written with escapes", 1, NULL},
        {"{\"params\":{\"a\\n\":1}}", ENVELOPE_E_SYNTAX,
         "the name of a member of the message, of params or of _meta is written with escapes", 11, NULL},
        {"{\"params\":{\"_meta\":{\"a\\/b\":1}}}", ENVELOPE_E_SYNTAX,
         "the name of a member of the message, of params or of _meta is written with escapes", 20, NULL},
        {" 7", ENVELOPE_E_INVALID, "a message must be an object", 1, NULL},
        {"\"{}\"", ENVELOPE_E_INVALID, "a message must be an object", 0, NULL},
        {"{}", ENVELOPE_E_INVALID, "the member \"jsonrpc\" is missing", 0, NULL},
        {"{\"id\":1,\"method\":\"a\"}", ENVELOPE_E_INVALID, "the member \"jsonrpc\" is missing", 0, "1"},
        {"{\"id\":1,\"jsonrpc\":2.0}", ENVELOPE_E_INVALID, "\"jsonrpc\" must be \"2.0\"", 18, "1"},
        {"{\"id\":1,\"jsonrpc\":\"1.0\"}", ENVELOPE_E_INVALID, "\"jsonrpc\" must be \"2.0\"", 18, "1"},
        {" {" VI "}", ENVELOPE_E_INVALID, "one of \"method\", \"result\" and \"error\" must be there", 1,
         "1"},
        {"{" CALL_A ",\"result\":1}", ENVELOPE_E_INVALID, "\"method\" and \"result\" do not go together",
         AT("{" CALL_A ",\"result\":"), "1"},
        {"{" CALL_A ",\"error\":1}", ENVELOPE_E_INVALID, "\"method\" and \"error\" do not go together",
         AT("{" CALL_A ",\"error\":"), "1"},
        {"{" VI ",\"result\":1,\"error\":{}}", ENVELOPE_E_INVALID,
         "\"result\" and \"error\" do not go together", AT("{" VI ",\"result\":1,\"error\":"), "1"},
        {"{" V ",\"result\":1}", ENVELOPE_E_INVALID, "a result needs an id", 0, NULL},
        {"{" VI ",\"method\":null}", ENVELOPE_E_INVALID, "\"method\" must be a string",
         AT("{" VI ",\"method\":"), "1"},
        {"{" CALL_A ",\"params\":[1]}", ENVELOPE_E_INVALID, "\"params\" must be an object",
         AT("{" CALL_A ",\"params\":"), "1"},
        {"{" CALL_A ",\"params\":null}", ENVELOPE_E_INVALID, "\"params\" must be an object",
         AT("{" CALL_A ",\"params\":"), "1"},
        {"{" VI ",\"error\":\"a\"}", ENVELOPE_E_INVALID, "\"error\" must be an object",
         AT("{" VI ",\"error\":"), "1"},
        {"{" VI ",\"error\":{}}", ENVELOPE_E_INVALID, "\"error.code\" must be there and an integer",
         AT("{" VI ",\"error\":"), "1"},
        {"{" VI ",\"error\":{\"code\":1.5,\"message\":\"\"}}", ENVELOPE_E_INVALID,
         "\"error.code\" must be there and an integer", AT("{" VI ",\"error\":{\"code\":"), "1"},
        {"{" VI ",\"error\":{\"code\":1}}", ENVELOPE_E_INVALID,
         "\"error.message\" must be there and a string", AT("{" VI ",\"error\":"), "1"},
        {"{" VI ",\"error\":{\"code\":1,\"message\":{}}}", ENVELOPE_E_INVALID,
         "\"error.message\" must be there and a string", AT("{" VI ",\"error\":{\"code\":1,\"message\":"),
         "1"},
};

static void test_refused(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                Envelope e;
                CLEANUP_FREE char *copy = NULL;
                int r = scan(span_of(refused[i].text), &e, &copy);
                assert_row(r == refused[i].result, "%s: %d", refused[i].text, r);
                assert_row(strcmp(e.why, refused[i].why) == 0, "%s: %s", refused[i].text, e.why);
                assert_row(e.at == refused[i].at, "%s: at %zu", refused[i].text, e.at);
                assert_span_equal(envelope_member(&e, MEMBER_ID), span_of(refused[i].id));
                assert_true(e.text.len == 0 || r == ENVELOPE_E_INVALID);
                for (EnvelopeMember m = 0; m < _MEMBER_MAX && r == ENVELOPE_E_SYNTAX; m++)
                        assert_false(envelope_has(&e, m));
        }
}

/* What may be no id is refused wherever it stands, and nobody answers with it. */
static void test_ids(void **state UNUSED)
{
        static const char *const ids[] = {"null", "true", "false", "[]",   "[1]",
                                          "{}",   "1.0",  "1e3",   "-1E2", "0.5"};
        static const char *const rest[] = {"\"method\":\"a\"",
                                           "\"result\":{}",
                                           "\"error\":{\"code\":1,\"message\":\"a\"}",
                                           "\"method\":1",
                                           "\"result\":{},\"error\":{}",
                                           "\"method\":\"a\",\"error\":{}"};
        for (size_t i = 0; i < ARRAY_SIZE(ids) + 2; i++)
                for (size_t k = 0; k < ARRAY_SIZE(rest); k++) {
                        const char *id = i < ARRAY_SIZE(ids)    ? ids[i]
                                         : i == ARRAY_SIZE(ids) ? "123456789"
                                                                : "\"1234567\"";
                        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                        Envelope e;
                        assert_int_equal(buf_appendf(&b, "{" V ",\"id\":%s,%s}", id, rest[k]), 0);
                        int r = envelope_scan(b.data, b.len, &limits, &e);
                        bool fine = i == 0 && k == 2; /* an error to what could not be read */
                        assert_row(r == (fine ? 0 : ENVELOPE_E_INVALID), "%s: %d", b.data, r);
                        assert_false(envelope_has(&e, MEMBER_ID));
                        if (fine)
                                continue;
                        assert_int_equal(e.at, strlen("{" V ",\"id\":"));
                        assert_row(strstr(e.why, i < ARRAY_SIZE(ids) ? "must be a string" : "too long"),
                                   "%s: %s", b.data, e.why);
                }
}

/* A text with every row in its place, each with the row's number for its value where any value may stand. */
static void append_place(Buf *b, const char *place)
{
        static const struct {
                const char *place, *name;
        } rows[_MEMBER_MAX] = {
#define M(id, place, name) {#place, (name)},
                ENVELOPE_MEMBERS(M)
#undef M
        };
        const char *sep = "";
        for (unsigned i = 0; i < _MEMBER_MAX; i++) {
                if (strcmp(rows[i].place, place) != 0 || i <= MEMBER_ERROR || i == MEMBER_META)
                        continue;
                assert_int_equal(buf_appendf(b, "%s\"%s\" : \"%u\"", sep, rows[i].name, i), 0);
                sep = " , ";
        }
}

static void check_row(const Envelope *e, EnvelopeMember m)
{
        char want[16];
        assert_true(snprintf(want, sizeof(want), "\"%u\"", m) > 0);
        assert_row(span_equal(envelope_member(e, m), span_of(want)), "%u", m);
}

static void test_members(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Envelope e;
        assert_int_equal(buf_append_str(&b, "{" CALL_A ",\"params\":{"), 0);
        append_place(&b, "PARAMS");
        assert_int_equal(buf_append_str(&b, ",\"_meta\":{"), 0);
        append_place(&b, "META");
        assert_int_equal(buf_append_str(&b, "}}}"), 0);
        assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), 0);
        for (EnvelopeMember m = MEMBER_NAME; m <= MEMBER_META_BAGGAGE; m++)
                if (m != MEMBER_META)
                        check_row(&e, m);
        assert_int_equal(jspan_type(envelope_member(&e, MEMBER_META)), JSPAN_OBJECT);
        assert_false(envelope_has(&e, MEMBER_RESULT_TYPE));

        buf_clear(&b);
        assert_int_equal(buf_append_str(&b, "{" VI ",\"result\":{"), 0);
        append_place(&b, "RESULT");
        assert_int_equal(buf_append_str(&b, "}}"), 0);
        assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), 0);
        for (EnvelopeMember m = MEMBER_RESULT_IS_ERROR; m <= MEMBER_RESULT_INSTRUCTIONS; m++)
                check_row(&e, m);
        assert_false(envelope_has(&e, MEMBER_CAPABILITIES)); /* the same name in another place */
        assert_false(envelope_has(&e, MEMBER_NAME));
}

/* In results and errors payload has its freedom: the first of a name counts, no escape hides or shows one. */
static void test_payload(void **state UNUSED)
{
        Envelope e;
        CLEANUP_FREE char *copy = NULL, *second = NULL;
        assert_int_equal(scan(SPAN("{" VI ",\"result\":{\"isError\":1,\"isError\":2,\"x\":3,\"x\":4,"
                                   "\"result\\u0054ype\":5}}"),
                              &e, &copy),
                         0);
        assert_span_equal(envelope_member(&e, MEMBER_RESULT_IS_ERROR), SPAN("1"));
        assert_false(envelope_has(&e, MEMBER_RESULT_TYPE));
        assert_int_equal(scan(SPAN("{" VI ",\"error\":{\"code\":1,\"code\":2.5,\"message\":\"a\",\"message\":"
                                   "1,\"\\u0064ata\":5}}"),
                              &e, &second),
                         0);
        assert_span_equal(envelope_member(&e, MEMBER_ERROR_CODE), SPAN("1"));
        assert_span_equal(envelope_member(&e, MEMBER_ERROR_MESSAGE), SPAN("\"a\""));
        assert_false(envelope_has(&e, MEMBER_ERROR_DATA));
}

static void test_line_ends(void **state UNUSED)
{
        char text[] = "\n{\r\n" V "\n,\r\"method\"\n:\n\"a\\n\"\n,\n\"params\"\n:\n{\n\"_meta\"\r\n:\r\n{\n}"
                      "\n,\n\"x\"\n:\n[\n1\n,\n{\n}\n]\n}\n}\n";
        char want[sizeof(text)];
        Envelope e;
        memcpy(want, text, sizeof(text));
        for (char *p = want; *p; p++)
                if (*p == '\n' || *p == '\r')
                        *p = ' ';
        assert_int_equal(envelope_scan(text, sizeof(text) - 1, &limits, &e), 0);
        assert_string_equal(text, want);
        assert_span_equal(e.text, span_trim(span_of(want)));

        char array[] = "[\n{\n}\r,\n1]\n";
        assert_int_equal(envelope_scan(array, sizeof(array) - 1, &limits, &e), ENVELOPE_E_BATCH);
        assert_string_equal(array, "[ { } , 1] ");
}

/* A batch is one when all of it is JSON; each element is for the caller. */
static void test_batch(void **state UNUSED)
{
        char text[] = " [{" CALL_A "}, 7, {\"id\":1,\"id\":2}] ";
        int want[] = {0, ENVELOPE_E_INVALID, ENVELOPE_E_SYNTAX}, got[ARRAY_SIZE(want)], n = 0;
        Envelope e, element;
        Span value;
        assert_int_equal(envelope_scan(text, sizeof(text) - 1, &limits, &e), ENVELOPE_E_BATCH);
        assert_span_equal(e.text, span_trim(span_of(text)));
        assert_true(e.why && e.at == 1);
        for (JspanWalk w = jspan_walk(e.text); jspan_next(&w, NULL, &value);)
                got[n++] = envelope_scan(text + (value.ptr - text), value.len, &limits, &element);
        assert_int_equal(n, 3);
        assert_memory_equal(got, want, sizeof(want));
        assert_int_equal(envelope_scan(text, sizeof(text) - 3, &limits, &e), ENVELOPE_E_SYNTAX);
        char empty[] = "[]";
        assert_int_equal(envelope_scan(empty, 2, &limits, &e), ENVELOPE_E_BATCH);
}

static int scan_many(const char *where, unsigned n, bool twice, Envelope *ret, Buf *b)
{
        buf_clear(b);
        assert_int_equal(buf_append_str(b, where), 0);
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(buf_appendf(b, "%s\"x%u\":%u", i ? "," : "", twice && i + 1 == n ? 0 : i, i),
                                 0);
        unsigned open = 0;
        for (const char *p = where; *p; p++)
                open += *p == '{';
        assert_int_equal(buf_append(b, "}}}", open), 0);
        return envelope_scan(b->data, b->len, &limits, ret);
}

/* As many members as are compared, and one more. The id is known all the same. */
static void test_many(void **state UNUSED)
{
        static const char *const places[] = {"{" CALL_A ",\"params\":{",
                                             "{" CALL_A ",\"params\":{\"_meta\":{"};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Envelope e;
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                assert_int_equal(scan_many(places[i], LIMIT_MESSAGE_MEMBERS, false, &e, &b), 0);
                assert_int_equal(scan_many(places[i], LIMIT_MESSAGE_MEMBERS, true, &e, &b),
                                 ENVELOPE_E_SYNTAX);
                assert_string_equal(e.why, "a member comes twice");
                assert_int_equal(scan_many(places[i], LIMIT_MESSAGE_MEMBERS + 2, false, &e, &b),
                                 ENVELOPE_E_INVALID);
                assert_non_null(strstr(e.why, "more members"));
                assert_ptr_equal(b.data + e.at, strstr(b.data, "\"x128\""));
                assert_span_equal(envelope_member(&e, MEMBER_ID), SPAN("1"));
        }
        assert_int_equal(scan_many("{" CALL_A ",", LIMIT_MESSAGE_MEMBERS - 3, false, &e, &b), 0);
        assert_int_equal(scan_many("{" CALL_A ",", LIMIT_MESSAGE_MEMBERS - 2, false, &e, &b),
                         ENVELOPE_E_INVALID);
        assert_int_equal(scan_many("{" VI ",\"result\":{", 3 * LIMIT_MESSAGE_MEMBERS, false, &e, &b), 0);
        /* what is no JSON is that first of all, and known members are compared without a limit */
        assert_int_equal(scan_many(places[0], LIMIT_MESSAGE_MEMBERS + 1, false, &e, &b), ENVELOPE_E_INVALID);
        assert_int_equal(envelope_scan(b.data, b.len - 1, &limits, &e), ENVELOPE_E_SYNTAX);
        assert_int_equal(scan_many("{" CALL_A ",", LIMIT_MESSAGE_MEMBERS, false, &e, &b), ENVELOPE_E_INVALID);
        b.len--;
        assert_int_equal(buf_append_str(&b, ",\"id\":2}"), 0);
        assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), ENVELOPE_E_SYNTAX);
        assert_string_equal(e.why, "the member \"id\" comes twice");
}

/* The message is the first level; every kind of nesting counts. */
static void test_depth(void **state UNUSED)
{
        static const struct {
                const char *text;
                uint32_t depth;
        } rows[] = {
                {"{" CALL_A "}", 1},
                {"{" CALL_A ",\"params\":{}}", 2},
                {"{" CALL_A ",\"params\":{\"_meta\":{}}}", 3},
                {"{" CALL_A ",\"params\":{\"_meta\":{\"a\":[]}}}", 4},
                {"{" CALL_A ",\"params\":{\"arguments\":{\"a\":[{}]}}}", 5},
                {"{" CALL_A ",\"params\":{\"_meta\":{}},\"x\":[[[]]]}", 4},
                {"{" VI ",\"result\":{\"a\":[]}}", 3},
                {"{" VI ",\"error\":{\"code\":1,\"message\":\"\",\"data\":{}}}", 3},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (uint32_t depth = 0; depth < 7; depth++) {
                        char text[128];
                        Envelope e;
                        size_t n = strlen(rows[i].text);
                        assert_true(n < sizeof(text));
                        memcpy(text, rows[i].text, n);
                        int r = envelope_scan(text, n, &(EnvelopeLimits){.depth = depth, .id = 8}, &e);
                        assert_row(r == (depth < rows[i].depth ? ENVELOPE_E_SYNTAX : 0), "%s, %u",
                                   rows[i].text, depth);
                        if (r)
                                assert_string_equal(e.why, "objects and arrays are nested too deep");
                }
}

static void test_peek(void **state UNUSED)
{
        static const struct {
                const char *first, *id; /* NULL: not there */
        } rows[] = {
                {"{\"id\":1,", "1"},
                {"{\"id\":1}", "1"},
                {" { \"jsonrpc\" : \"2.0\" , \"id\" : \"a\\\"\" ", "\"a\\\"\""},
                {"{\"id\":\"a\"", "\"a\""},
                {"{\"result\":{\"id\":7},\"id\":-12 ", "-12"},
                {"{\"id\":12", NULL}, /* perhaps 123 */
                {"{\"id\":\"a", NULL},
                {"{\"id\":", NULL},
                {"{\"id\"", NULL},
                {"{\"result\":{\"id\":7,\"content\":[", NULL},
                {"{\"result\":{\"id\":7}", NULL},
                {"{\"result\":{\"id\":7},", NULL},
                {"{\"id\":null,\"id\":1,", NULL},
                {"{\"id\":1.5,", NULL},
                {"{\"id\":[1],", NULL},
                {"{\"\\u0069d\":1,", NULL},
                {"{}", NULL},
                {"[\"id\",1,", NULL},
                {"no JSON at all", NULL},
                {"", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t n = strlen(rows[i].first);
                CLEANUP_FREE char *copy = malloc(n ? n : 1);
                Span id = SPAN("untouched");
                assert_non_null(copy);
                memcpy(copy, rows[i].first, n);
                assert_row(envelope_peek_id(span_from(copy, n), &id) == !!rows[i].id, "%s", rows[i].first);
                assert_span_equal(id, rows[i].id ? span_of(rows[i].id) : SPAN("untouched"));
        }
        Span id;
        assert_false(envelope_peek_id(SPAN_NONE, &id));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds),   cmocka_unit_test(test_refused),
                cmocka_unit_test(test_ids),     cmocka_unit_test(test_members),
                cmocka_unit_test(test_payload), cmocka_unit_test(test_line_ends),
                cmocka_unit_test(test_batch),   cmocka_unit_test(test_many),
                cmocka_unit_test(test_depth),   cmocka_unit_test(test_peek),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
