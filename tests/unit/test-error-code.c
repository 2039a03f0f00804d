/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "jsonrpc/error-code.h"

static void test_rows(void **state UNUSED)
{
        for (unsigned i = 0; i < _RPC_ERROR_MAX; i++) {
                const RpcErrorRow *row = &rpc_error_table[i];
                assert_row(row->name && *row->name && row->text && *row->text, "%u", i);
                assert_row(row->code >= -32768 && row->code <= -32000, "%s: what JSON-RPC keeps for itself",
                           row->name);
                assert_row(row->http == 200 || row->http == 400 || row->http == 404, "%s", row->name);
                for (unsigned k = 0; k < i; k++) {
                        assert_row(row->code != rpc_error_table[k].code, "%s: code twice", row->name);
                        assert_row(strcmp(row->text, rpc_error_table[k].text) != 0, "%s: text twice",
                                   row->name);
                }
        }
}

/* The five of JSON-RPC 2.0, section 5.1, by their numbers. */
static void test_standard(void **state UNUSED)
{
        static const struct {
                RpcError error;
                int code;
                const char *text;
        } rows[] = {
                {RPC_ERROR_PARSE, -32700, "Parse error"},
                {RPC_ERROR_INVALID_REQUEST, -32600, "Invalid Request"},
                {RPC_ERROR_METHOD_NOT_FOUND, -32601, "Method not found"},
                {RPC_ERROR_INVALID_PARAMS, -32602, "Invalid params"},
                {RPC_ERROR_INTERNAL, -32603, "Internal error"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_int_equal(rpc_error_table[rows[i].error].code, rows[i].code);
                assert_string_equal(rpc_error_table[rows[i].error].text, rows[i].text);
        }
        assert_string_equal(rpc_error_table[RPC_ERROR_PARSE].name, "PARSE");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_standard),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
