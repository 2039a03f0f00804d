/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "support/config.h"
#include "support/oom.h"

#include "base/json-writer.h"
#include "config/diff.h"
#include "config/node.h"
#include "config/print.h"

static void print_text(const Config *c, Buf *b)
{
        *b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(config_print(c, b), 0);
}

/* Prints a text's snapshot, reads that, and prints again: the same text. */
static void assert_round(Span text, bool equal)
{
        Loaded first, second;
        Buf a, b;
        load_span(text, make_rows, true, &first);
        if (first.result)
                (void)fprintf(stderr, "%.*s", (int)text.len, text.ptr);
        assert_valid(&first);
        print_text(first.config, &a);
        load_span(buf_span(&a), make_rows, true, &second);
        if (second.result)
                (void)fprintf(stderr, "%.*s\nis printed as\n%s", (int)text.len, text.ptr, a.data);
        assert_valid(&second);
        print_text(second.config, &b);
        assert_span_equal(buf_span(&b), buf_span(&a));
        if (equal && !config_equal(first.config, second.config))
                fail_msg("%.*s\nis printed as\n%s\nwhich is not the same", (int)text.len, text.ptr, a.data);
        loaded_done(&first);
        loaded_done(&second);
        buf_done(&a);
        buf_done(&b);
}

static void test_random(void **state UNUSED)
{
        static const unsigned flags[] = {0, MAKE_ASCII, MAKE_REFERENCES, MAKE_SECRETS | MAKE_REFERENCES};
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 600; round++) {
                unsigned f = flags[round % (int)ARRAY_SIZE(flags)];
                CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
                make_yaml(&random.random, f, &text);
                assert_round(buf_span(&text), !(f & MAKE_SECRETS)); /* literal secrets are masked */
        }
}

typedef struct PrintRow {
        const char *text, *printed;
} PrintRow;

static void test_forms(void **state UNUSED)
{
        static const PrintRow rows[] = {
                {"", "servers: {}\n"},
                {"servers: {}\nready: critical\nlimits: {max_body: 8M}\n", "servers: {}\n"},
                {"listen: []", "listen: []\nservers: {}\n"},
                {"listen: [\"127.0.0.1:1\"]\nlisten_unix: never",
                 "listen:\n  - {address: \"127.0.0.1:1\"}\nlisten_unix: never\nservers: {}\n"},
                {"listen: [{group: g, mode: \"600\", address: \"unix:/x\"}]",
                 "listen:\n  - {address: unix:/x, mode: \"0600\", group: g}\nservers: {}\n"},
                {"listen: [{mode: \"${MODE:-0640}\", address: \"unix:/x\"}]",
                 "listen:\n  - {address: unix:/x, mode: \"${MODE:-0640}\"}\nservers: {}\n"},
                {"limits: {max_body: \"${X:-16M}\", replay: 1024K}",
                 "limits:\n  max_body: \"${X:-16M}\"\n  replay: 1M\nservers: {}\n"},
                {"limits: {max_body: \"${X:-8M}\"}", "limits:\n  max_body: \"${X:-8M}\"\nservers: {}\n"},
                {"log: {dir: none}\nmetrics: {listen: \"127.0.0.1:1\"}",
                 "metrics:\n  listen: \"127.0.0.1:1\"\nservers: {}\n"},
                {"alerts: {webhook_secret: hush}",
                 "alerts:\n  webhook_secret: \"<secret:webhook_secret>\"\nservers: {}\n"},
                {"servers: {a: {command: x}}", "servers:\n  a:\n    command: x\n"},
                {"servers: {\"true\": {command: x, args: [a b, \"\", $$]}}",
                 "servers:\n  \"true\":\n    command: x\n    args: [\"a b\", \"\", \"$$\"]\n"},
                {"defaults: {env: {A: b}, restart: {burst: 7}}\nservers: {a: {command: x, env: {API_KEY: k, "
                 "B: \"${U:-z}\"}}}",
                 "servers:\n  a:\n    command: x\n    env:\n      A: b\n      API_KEY: "
                 "\"<secret:API_KEY>\"\n      "
                 "B: \"${U:-z}\"\n    restart:\n      burst: 7\n"},
                {"defaults: {args: [a]}\nservers: {a: {command: x, args: []}}",
                 "servers:\n  a:\n    command: x\n"},
                {"defaults: {env: {A: b}}\nservers: {a: {command: x}}",
                 "servers:\n  a:\n    command: x\n    env:\n      A: b\n"},
                {"servers: {a: {command: x, warmup: [{tool: t, arguments: {a: [1, \"2\"]}}, {tool: u}]}}",
                 "servers:\n  a:\n    command: x\n    warmup:\n      - {tool: t, arguments: "
                 "{\"a\":[1,\"2\"]}}\n"
                 "      - {tool: u}\n"},
                {"servers: {a: {command: x, sandbox: {net: {allow: [\"a:1\"]}}}}",
                 "servers:\n  a:\n    command: x\n    sandbox:\n      net:\n        allow: [a:1]\n"},
                {"servers: {a: {command: x, sandbox: {net: {}}}}",
                 "servers:\n  a:\n    command: x\n    sandbox:\n      net:\n        allow: []\n"},
                {"servers: {a: {command: x, sandbox: {net: none, degrade: warn, io: {/a: {}, /b: {riops: "
                 "1}}}}}",
                 "servers:\n  a:\n    command: x\n    sandbox:\n      degrade: warn\n      net: none\n      "
                 "io:\n"
                 "        /a: {}\n        /b:\n          riops: 1\n"},
                {"servers: {a: {command: x, idle_stop: none, health: {interval: never}, prefix: \"\"}}",
                 "servers:\n  a:\n    command: x\n    health:\n      interval: never\n    prefix: \"\"\n"},
                {"servers: {a: {command: x}}\nviews: {v: {servers: [a], tools: {deny: [\"*\"]}}}",
                 "servers:\n  a:\n    command: x\nviews:\n  v:\n    servers: [a]\n    tools:\n      deny: "
                 "[\"*\"]\n"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Buf b;
                CLEANUP(config_unref_p) Config *c = config_of(rows[i].text);
                print_text(c, &b);
                assert_string_equal(b.data, rows[i].printed);
                assert_round(span_of(rows[i].text), !strstr(rows[i].printed, "<secret"));
                buf_done(&b);
        }
}

/* A literal secret is never in the text; what is masked already stays as it is. */
static void test_secrets(void **state UNUSED)
{
        static const char text[] =
                "alerts: {webhook: \"https://x/\", webhook_secret: hush-hush}\n"
                "servers:\n  a:\n    command: x\n"
                "    args: [--key, ghp_"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n"
                "    env: {TOKEN: hush-hush, PASSWORD: \"<secret:PASSWORD>\", PUBLIC: seen}\n"
                "    sandbox: {secrets: {f: hush-hush, g: \"${file:/etc/secret}\"}}\n";
        Loaded l;
        Buf b;
        load_text(text, make_rows, &l);
        assert_valid(&l);
        print_text(l.config, &b);
        assert_null(strstr(b.data, "hush-hush"));
        assert_null(strstr(b.data, "ghp_"));
        assert_null(strstr(b.data, "from a file"));
        assert_non_null(strstr(b.data, "PASSWORD: \"<secret:PASSWORD>\""));
        assert_non_null(strstr(b.data, "g: \"${file:/etc/secret}\""));
        assert_non_null(strstr(b.data, "PUBLIC: seen"));
        assert_round(span_of(text), false);
        buf_done(&b);
        loaded_done(&l);
}

/* Keys may not have control characters; then only the values are tried. */
static bool may_be_key(Span s)
{
        for (size_t n; s.len; s = span_skip(s, n)) {
                n = utf8_sequence(s);
                bool c1 = n == 2 && s.ptr[0] == '\xc2' && (uint8_t)s.ptr[1] < 0xa0;
                if ((uint8_t)s.ptr[0] < 0x20 || s.ptr[0] == 0x7f || c1)
                        return false;
        }
        return true;
}

/* A text that is quoted is read back as that text, in a list and as a key. */
static void assert_quoted(Span text)
{
        Span key = may_be_key(text) ? text : SPAN("key");
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(arena_done) Arena arena = ARENA_INIT(1024 * 1024);
        CLEANUP(diag_list_done) DiagList diags;
        Node *root = NULL;
        diag_list_init(&diags);
        assert_int_equal(buf_append_str(&b, "a: ["), 0);
        assert_int_equal(config_quote(&b, text), 0);
        assert_int_equal(buf_append_str(&b, ", 1]\nb:\n  "), 0);
        assert_int_equal(config_quote(&b, key), 0);
        assert_int_equal(buf_append_str(&b, ": x\nc: "), 0);
        assert_int_equal(config_quote(&b, text), 0);
        int r = node_parse(&arena, "test", buf_span(&b), &diags, &root);
        if (r)
                fail_msg("%s\n%s", b.data, diags.first ? diags.first->message : "");
        const Node *list = node_get(root, SPAN("a")), *map = node_get(root, SPAN("b"));
        assert_span_equal(list->first->text, text);
        assert_span_equal(map->first->key->text, key);
        assert_span_equal(node_get(root, SPAN("c"))->text, text);
        assert_false(node_is_null(list->first));
}

static void test_quote(void **state UNUSED)
{
        static const char *const texts[] = {"",
                                            "a",
                                            "null",
                                            "~",
                                            "-",
                                            "a: b",
                                            "a:b",
                                            "a:",
                                            ":a",
                                            "a#b",
                                            "a #b",
                                            "\n",
                                            "\x7f",
                                            "\xc2\x85",
                                            "\xc2\x9f",
                                            "\xe2\x80\xa8",
                                            "\xe2\x80\xa9",
                                            "\xef\xbb\xbf",
                                            "\xef\xbf\xbe",
                                            "\xef\xbf\xbf",
                                            "\xf0\x9f\x98\x80",
                                            "\xf3\xbf\xbf\xbf"};
        SeededRandom random;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_quoted(span_of(texts[i]));
        test_random_init(&random);
        for (int round = 0; round < 4000; round++) {
                char text[24];
                size_t n = random_below(&random.random, sizeof(text));
                for (size_t i = 0; i < n; i++)
                        text[i] = (char)(1 + random_below(&random.random, 126));
                assert_quoted(span_from(text, n));
        }
        for (uint32_t code = 1; code < 0x3000; code++) {
                char text[4] = {0};
                size_t n = 0;
                if (code < 0x80)
                        text[n++] = (char)code;
                else if (code < 0x800)
                        text[n++] = (char)(0xc0 | code >> 6), text[n++] = (char)(0x80 | (code & 0x3f));
                else
                        text[n++] = (char)(0xe0 | code >> 12), text[n++] = (char)(0x80 | (code >> 6 & 0x3f)),
                        text[n++] = (char)(0x80 | (code & 0x3f));
                assert_quoted(span_from(text, n));
        }
}

/* The defaults, read back, are the defaults. */
static void test_defaults(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(config_unref_p) Config *plain = NULL;
        Loaded l;
        assert_int_equal(config_print_defaults(&b), 0);
        load_span(buf_span(&b), NULL, true, &l);
        assert_valid(&l);
        assert_int_equal(config_new(&plain), 0);
        assert_true(config_equal(plain, l.config));
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                const char *local = schema_local_path(row), *dot = strrchr(local, '.');
                bool map = row->group == OWNER_SERVER || row->group == OWNER_VIEW;
                if (row->def && !row->internal && !map &&
                    (row->owner == OWNER_ROOT || row->owner == OWNER_SERVER))
                        assert_row(strstr(b.data, dot ? dot + 1 : local), "%s", row->path);
        }
        loaded_done(&l);
}

static Config *rich(SeededRandom *random)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        Loaded l;
        make_yaml(&random->random, MAKE_SECRETS | MAKE_REFERENCES, &text);
        load_span(buf_span(&text), make_rows, true, &l);
        assert_valid(&l);
        Config *c = TAKE_PTR(l.config);
        loaded_done(&l);
        return c;
}

static int print_it(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return config_print(arg, &b);
}

static int print_defaults(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return config_print_defaults(&b);
}

static void test_out_of_memory(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 3; round++) {
                CLEANUP(config_unref_p) Config *c = rich(&random);
                oom_each(print_it, c);
        }
        oom_each(print_defaults, NULL);
}

/* A buffer of any size gives -ENOBUFS or the whole. */
static void test_full(void **state UNUSED)
{
        SeededRandom random;
        Buf whole;
        test_random_init(&random);
        CLEANUP(config_unref_p) Config *c = rich(&random);
        print_text(c, &whole);
        for (size_t cap = 0; cap < whole.len; cap += 1 + cap / 64) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                assert_int_equal(config_print(c, &b), -ENOBUFS);
        }
        buf_done(&whole);
        CLEANUP(buf_done) Buf all = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(config_print_defaults(&all), 0);
        for (size_t cap = 0; cap < all.len; cap += 1 + cap / 64) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                assert_int_equal(config_print_defaults(&b), -ENOBUFS);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),         cmocka_unit_test(test_secrets),
                cmocka_unit_test(test_quote),         cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_random),        cmocka_unit_test(test_full),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
