/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "cli/host-json.h"
#include "cli/host-toml.h"

static const struct {
        const char *text, *want; /* NULL: refused */
} json_rows[] = {
        {"", "{\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  }\n}\n"},
        {" \n", "{\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  }\n}\n"},
        {"{}", "{\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  }\n}"},
        {"{\"a\": 1}", "{\"a\": 1,\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  }}"},
        {"{\n\t\"s\": {\n\t\t\"a\": 1\n\t}\n}\n",
         "{\n\t\"s\": {\n\t\t\"a\": 1,\n\t\t\"m\": {\n\t\t  \"x\": 1\n\t\t}\n\t}\n}\n"},
        {"{\n  \"s\": {\n    \"m\": [1, // gone\n 2]\n  } // stays\n}\n",
         "{\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  } // stays\n}\n"},
        {"{\n  \"s\": {\n    \"a\": 1, // last\n  },\n}\n",
         "{\n  \"s\": {\n    \"a\": 1,\n    \"m\": {\n      \"x\": 1\n    }, // last\n  },\n}\n"},
        {"{\"s\": {/* none */}}", "{\"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  /* none */}}"},
        {"{\"s\": {\"\\u006d\": 0}}", "{\"s\": {\"\\u006d\": {\n  \"x\": 1\n}}}"},
        {"{\"a\": \"\\ud83d\", \"n\": 1e999, \"s\": {}}",
         "{\"a\": \"\\ud83d\", \"n\": 1e999, \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  }}"},
        {"\xef\xbb\xbf{}", "\xef\xbb\xbf{\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  }\n}"},
        {"{\"a\": \"// no comment\", \"b\": \"\\\"/*\"}",
         "{\"a\": \"// no comment\", \"b\": \"\\\"/*\",\n  \"s\": {\n    \"m\": {\n      \"x\": 1\n    }\n  "
         "}}"},
        {"[]", NULL},
        {"1", NULL},
        {"{", NULL},
        {"{\"s\": []}", NULL},
        {"{\"s\": null}", NULL},
        {"{\"s\": {}, \"s\": {}}", NULL},
        {"{\"s\": {\"m\": 1, \"m\": 2}}", NULL},
        {"{\"s\": {} /* no end", NULL},
};

static void test_json(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(json_rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                int r = host_json_merge(span_of(json_rows[i].text), "s", "m", SPAN("{\n  \"x\": 1\n}"), &b);
                assert_row(r == (json_rows[i].want ? 0 : HOST_JSON_E_UNCLEAR), "%s", json_rows[i].text);
                if (json_rows[i].want)
                        assert_string_equal(buf_text(&b), json_rows[i].want);
        }
}

static const struct {
        const char *text, *want;
} toml_rows[] = {
        {"", "[g.m]\nk = 1\n"},
        {"a = 1", "a = 1\n\n[g.m]\nk = 1\n"},
        {"a = 1\n", "a = 1\n\n[g.m]\nk = 1\n"},
        {"[g.m]\nold = 1\n", "[g.m]\nk = 1\n"},
        {"[g.m]\nold = 1", "[g.m]\nk = 1\n"},
        {"[a]\n\n [ g.m ] # ours\nold = 1\n\n# of b\n[b]\nx = 1\n",
         "[a]\n\n[g.m]\nk = 1\n\n# of b\n[b]\nx = 1\n"},
        {"[g.m.env]\nx = 1\n", "[g.m.env]\nx = 1\n\n[g.m]\nk = 1\n"},
        {"[g.mm]\n[[list]]\n", "[g.mm]\n[[list]]\n\n[g.m]\nk = 1\n"},
        {"gg = 1\n", "gg = 1\n\n[g.m]\nk = 1\n"},
        {"g = { m = {} }\n", NULL},
        {"g.m.k = 1\n", NULL},
        {"\"g\".m = 1\n", NULL},
        {"a = \"\"\"\n[g.m]\n\"\"\"\n", NULL},
        {"a = '''\n'''\n", NULL},
};

static void test_toml(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(toml_rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                const char *why = NULL;
                int r = host_toml_merge(span_of(toml_rows[i].text), "g.m", SPAN("k = 1\n"), &b, &why);
                assert_row(r == (toml_rows[i].want ? 0 : HOST_TOML_E_UNSURE), "%s", toml_rows[i].text);
                assert_int_equal(why != NULL, r != 0);
                if (toml_rows[i].want)
                        assert_string_equal(buf_text(&b), toml_rows[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_toml)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
