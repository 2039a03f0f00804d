/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "base/limit-table.h"
#include "config/bind.h"
#include "config/written.h"

#define S "servers:\n  a:\n    command: x\n    "

typedef struct SayRow {
        const char *text;
        DiagSeverity severity;
        const char *say; /* key: message */
} SayRow;

static void walk(const SayRow *rows, size_t n, const FakeRow *world)
{
        for (size_t i = 0; i < n; i++) {
                Loaded l;
                load_text(rows[i].text, world, &l);
                if ((l.result == CONFIG_E_INVALID) != (rows[i].severity == DIAG_ERROR))
                        fail_msg("%s: result %d\n%s", rows[i].text, l.result, buf_text(&l.said));
                assert_said(&l, rows[i].severity, rows[i].say);
                loaded_done(&l);
        }
}

static void test_errors(void **state UNUSED)
{
        static const SayRow rows[] = {
                {"[a]", DIAG_ERROR, ": the configuration is a list, where a map"},
                {"text", DIAG_ERROR, ": the configuration is a text"},
                {"nonsense: 1", DIAG_ERROR, "nonsense: is not known"},
                {"server: {}", DIAG_ERROR, "server: is not known (did you mean servers?)"},
                {"limits: {max_boddy: 1}", DIAG_ERROR,
                 "limits.max_boddy: is not known (did you mean max_body?)"},
                {"limits: {x: 1}", DIAG_ERROR, "is not known"},
                {"shutdown: {zzzzzzzz: 1}", DIAG_ERROR, "is not known; here may stand: drain, timeout"},
                {"limits.max_body: 1", DIAG_ERROR, "keys stand inside each other"},
                {"limits: []", DIAG_ERROR, "limits: is a list, where a map of keys is expected"},
                {"limits: 5", DIAG_ERROR, "limits: is a text, where a map of keys is expected"},
                {"limits: {max_body: [1]}", DIAG_ERROR, "is a list, where a size is expected"},
                {"limits: {max_body: }", DIAG_ERROR, "has no value"},
                {"limits: {max_body: 5}", DIAG_ERROR,
                 "limits.max_body: \"5\" needs a unit: K, M, G or T (try 5M)"},
                {"limits: {max_body: \"${X:-5}\"}", DIAG_ERROR, "stands for a value that does not fit here"},
                {"limits: {max_body: \"${X}\"}", DIAG_ERROR, "the environment variable X is not set"},
                {"ready: {}", DIAG_ERROR, "ready: is a map, where one of all, critical, any is expected"},
                {"allowed_hosts: x", DIAG_ERROR, "allowed_hosts: is a list: write [\"x\"]"},
                {"allowed_hosts: {a: b}", DIAG_ERROR, "is a map, where a list is expected"},
                {"allowed_hosts: [[a]]", DIAG_ERROR, "allowed_hosts[0]: is a list, where a text is expected"},
                {"allowed_hosts: [a, ~]", DIAG_ERROR, "allowed_hosts[1]: has no value"},
                {"allowed_hosts: [\"*\"]", DIAG_ERROR, "rebinding"},
                {"state_dir: x", DIAG_ERROR, "state_dir: \"x\" is not an absolute path"},
                {"state_dir: {a: b}", DIAG_ERROR, "state_dir: is a map, where a text is expected"},
                {"listen: 1", DIAG_ERROR, "listen: is a list: write [\"1\"]"},
                {"listen: [~]", DIAG_ERROR, "listen[0]: is empty, where a map of keys"},
                {"listen: [[a]]", DIAG_ERROR, "listen[0]: is a list, where a map of keys"},
                {"listen: [{mode: \"0600\"}]", DIAG_ERROR, "listen[0]: the key `address` is missing"},
                {"listen: [\"7780\"]", DIAG_ERROR, "listen[0]: \"7780\" is only a port"},
                {"auth: {tokens: [x]}", DIAG_ERROR, "auth.tokens[0]: is a text, where a map"},
                {"auth: {tokens: [{name: a, hash: secret}]}", DIAG_ERROR,
                 "auth.tokens[0].hash: the value does not begin"},
                {"servers: [a]", DIAG_ERROR, "servers: is a list, where a map with names"},
                {"servers: {a: }", DIAG_ERROR, "servers.a: is empty"},
                {"servers: {a: x}", DIAG_ERROR, "servers.a: is a text"},
                {"servers: {a: {}}", DIAG_ERROR, "servers.a: the key `command` is missing"},
                {"servers: {\"a b\": {command: x}}", DIAG_ERROR, "the name \"a b\" may have letters"},
                {"servers: {a: {command: [npx, -y]}}", DIAG_ERROR,
                 "servers.a.command: is a list, where a text"},
                {S "env: [A=b]", DIAG_ERROR, "servers.a.env: is a list, where a map is expected"},
                {S "env: {1A: b}", DIAG_ERROR, "servers.a.env.1A: \"1A\" is no name for an environment"},
                {S "env: {A: [b]}", DIAG_ERROR, "servers.a.env.A: is a list, where a text is expected"},
                {S "env: {A: }", DIAG_ERROR, "servers.a.env.A: has no value"},
                {S "memory: 1G", DIAG_ERROR,
                 "servers.a.memory: is not known here (did you mean sandbox.memory?)"},
                {S "sandbox: {memry: 1G}", DIAG_ERROR, "did you mean memory?"},
                {S "sandbox: {net: x}", DIAG_ERROR, "is not one of none, loopback, host"},
                {S "sandbox: {net: {allow: [x]}}", DIAG_ERROR,
                 "sandbox.net.allow[0]: \"x\" is not HOST:PORT"},
                {S "sandbox: {net: {alow: []}}", DIAG_ERROR, "did you mean allow?"},
                {S "sandbox: {io: {x: {}}}", DIAG_ERROR, "the name \"x\" is not an absolute path"},
                {S "warmup: [{arguments: {}}]", DIAG_ERROR, "warmup[0]: the key `tool` is missing"},
                {S "envFile: /x\n    env_file: /y", DIAG_ERROR, "means the same as `env_file`"},
                {S "env_file: /y\n    envFile: /x", DIAG_ERROR,
                 "means the same as `env_file`, which is on line 4"},
                {S "disabledTools: [a]\n    tools: {deny: [b]}", DIAG_ERROR,
                 "means the same as `tools.deny`"},
                {"servers: {}\nmcpServers: {}", DIAG_ERROR,
                 "means the same as `servers`, which is on line 1"},
                {"mcpServers: {}\nservers: {}", DIAG_ERROR, "means the same as `servers`"},
                {"defaults: []", DIAG_ERROR, "defaults: is a list, where a map of keys"},
                {"defaults: {comand: x}", DIAG_ERROR,
                 "defaults.comand: is not known (did you mean command?)"},
        };
        walk(rows, ARRAY_SIZE(rows), NULL);
}

static void test_foreign(void **state UNUSED)
{
        static const SayRow rows[] = {
                {S "url: http://x", DIAG_ERROR, "servers.a.url: remote servers are not supported yet"},
                {S "headers: {}", DIAG_ERROR, "remote servers"},
                {S "type: sse", DIAG_ERROR, "servers.a.type: is not stdio"},
                {S "transport: [stdio]", DIAG_ERROR, "servers.a.transport: is not stdio"},
                {S "autoApprove: [x]", DIAG_WARNING, "mcpvisor never asks"},
                {S "timeout: 5", DIAG_WARNING, "use request_timeout"},
                {S "disabled: true", DIAG_NOTE, "this server is left out"},
        };
        walk(rows, ARRAY_SIZE(rows), NULL);

        Loaded l;
        load_text("{\"$schema\": \"x\", \"inputs\": [], \"mcpServers\": {"
                  "\"a\": {\"type\": \"STDIO\", \"command\": \"x\", \"disabled\": false, \"gallery\": 1, "
                  "\"disabledTools\": [\"t\"]},"
                  "\"b\": {\"command\": \"y\", \"disabled\": true}}} // editor",
                  NULL, &l);
        assert_valid(&l);
        assert_int_equal(l.config->servers.n, 1);
        assert_string_equal(config_server(l.config, 0)->tools.deny.items[0].value, "t");
        loaded_done(&l);
        /* Nothing else is said about a server that is not for us. */
        load_text("servers: {a: {url: \"http://x\"}}", NULL, &l);
        assert_int_equal(l.diags.count[DIAG_ERROR], 1);
        loaded_done(&l);
}

/* All that is wrong is told at once, each at its place. */
static void test_many_errors(void **state UNUSED)
{
        Loaded l;
        load_text("ready: x\nlimits:\n  max_id: 1\nservers:\n  a: {args: 1}\n  b: {command: \"a b\"}\n", NULL,
                  &l);
        assert_int_equal(l.result, CONFIG_E_INVALID);
        static const uint32_t lines[] = {1, 3, 5, 5, 6};
        size_t i = 0;
        for (const Diag *d = l.diags.first; d; d = d->next)
                if (d->severity == DIAG_ERROR) {
                        assert_true(i < ARRAY_SIZE(lines));
                        assert_int_equal(d->at.line, lines[i++]);
                        assert_non_null(d->source);
                }
        assert_int_equal(i, ARRAY_SIZE(lines));
        loaded_done(&l);
}

static void test_defaults(void **state UNUSED)
{
        CLEANUP(config_unref_p)
        Config *c = config_of("servers:\n"
                              "  a: {command: x, args: [own], env: {B: own, C: own}, restart: {burst: 9}}\n"
                              "  b: {sandbox: {net: none}}\n"
                              "  d: {sandbox: {net: {}}}\n"
                              "defaults:\n"
                              "  command: shared\n  args: [all]\n  env: {A: all, B: all}\n"
                              "  restart: {burst: 7, window: 10s}\n  sandbox: {net: {allow: [\"h:1\"]}}\n");
        const ServerConfig *a = config_find_server(c, "a"), *b = config_find_server(c, "b"),
                           *d = config_find_server(c, "d");
        assert_string_equal(a->command.value, "x");
        assert_int_equal(a->args.n, 1);
        assert_string_equal(a->args.items[0].value, "own");
        assert_int_equal(a->env.n, 3);
        assert_string_equal(a->env.items[0].text.value, "all");
        assert_string_equal(a->env.items[1].text.value, "own");
        assert_int_equal(a->restart.burst, 9);
        assert_int_equal(a->restart.window, 10 * NSEC_PER_SEC);
        assert_int_equal(a->sandbox.net, NET_ALLOW);
        assert_string_equal(b->command.value, "shared");
        assert_string_equal(b->args.items[0].value, "all");
        assert_int_equal(b->sandbox.net, NET_NONE);
        assert_int_equal(b->sandbox.net_allow.n, 0);
        assert_int_equal(d->sandbox.net, NET_ALLOW);
        assert_int_equal(d->sandbox.net_allow.n, 1);
        assert_null(config_find_server(c, "c"));
}

static void test_values(void **state UNUSED)
{
        CLEANUP(config_unref_p)
        Config *c = config_of(
                "log: {dir: none, level: debug}\ntraces: {ratio: 0.5}\nlisten: [\"127.0.0.1:1\", {address: "
                "\"unix:/s\", mode: 0660}]\n"
                "limits:\n"
                "servers:\n  a:\n    command: x\n    args: [1, true, 0x1, \"$$\", \"\"]\n    idle_stop: "
                "never\n"
                "    warmup: [{tool: t, arguments: {a: [1, \"${HOME}\"]}}]\n    env:\n    env_pass:\n"
                "    sandbox: {nice: -20, cpu: 150%, memory: none, io: {/d: {riops: 5}}}\n");
        const ServerConfig *s = config_server(c, 0);
        assert_null(c->log.dir.value);
        assert_int_equal(c->traces.ratio, 500000);
        assert_int_equal(config_listen(c, 1)->mode, 0660);
        assert_int_equal(config_listen(c, 0)->mode, 0600);
        static const char *const args[] = {"1", "true", "0x1", "$", ""};
        assert_int_equal(s->args.n, ARRAY_SIZE(args));
        for (size_t i = 0; i < ARRAY_SIZE(args); i++)
                assert_string_equal(s->args.items[i].value, args[i]);
        const WarmupConfig *w = s->warmup.items;
        assert_string_equal(w->arguments.value, "{\"a\":[1,\"${HOME}\"]}");
        const IoConfig *io = s->sandbox.io.items;
        assert_string_equal(io->head.name, "/d");
        assert_int_equal(io->riops, 5);
        assert_true(io->wiops == UINT64_MAX);
        assert_int_equal(s->sandbox.nice, -20);
        const ConfigWritten *written = config_written(&s->head, schema_find(OWNER_SERVER, SPAN("args")));
        assert_non_null(written);
        assert_int_equal(written->line, 8);
        assert_null(config_written(&s->head, schema_find(OWNER_SERVER, SPAN("cwd"))));
}

/* What comes from a file, stands under a secret key, or looks like a token is a secret and never shown. */
static void test_secrets(void **state UNUSED)
{
        static const char text[] = "alerts: {webhook_secret: hushhush}\n"
                                   "servers:\n  a:\n    command: x\n"
                                   "    args: [\"${file:/f}\", ghp_"
                                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, plain]\n"
                                   "    env: {MY_TOKEN: hushhush, PLAIN: seen, \"1\": 2}\n"
                                   "    sandbox: {secrets: {f: hushhush, g: [hushhush]}}\n";
        static const FakeRow rows[] = {{.name = "/f", .text = "hushhush"}, {.name = NULL}};
        Loaded l;
        load_text(text, rows, &l);
        assert_int_equal(l.result, CONFIG_E_INVALID);
        assert_said(&l, DIAG_WARNING, "servers.a.args[1]: holds a literal GitHub token");
        assert_not_said(&l, "ghp_");
        assert_said(&l, DIAG_ERROR, "env.1");
        assert_non_null(strstr(buf_text(&l.said), "MY_TOKEN: ********, PLAIN: seen"));
        loaded_done(&l);
}

/* A secret value that is wrong is not quoted, one that is right is masked in the line of its neighbour. */
static void test_wrong_secrets(void **state UNUSED)
{
        static const char *const texts[] = {
                S "command2: 1\n    cwd: ghp_"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                S "cwd: \"${NO}ghp_"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
                "limits: {max_body: ghp_"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
                S "no_such_key: ghp_"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                S "env: {ghp_"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1, 1: 2}\n",
                S "args: [ghp_"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: [\n",
                S "env: {API_KEY: ghp_, API_KEY: ghp_}\n",
                S "env: {'API_KEY' : ghp_ : b}\n",
                S "args: ghp_"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Loaded l;
                load_text(texts[i], NULL, &l);
                assert_int_equal(l.result, CONFIG_E_INVALID);
                assert_not_said(&l, "ghp_");
                loaded_done(&l);
        }
}

/* A line that other readers would not count: masks and lines still agree. */
static void test_odd_line_ends(void **state UNUSED)
{
        static const char *const breaks[] = {"\n", "\r\n", "\r", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xc2\x85"};
        for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
                CLEANUP(buf_done) Buf text = BUF_INIT(4096);
                Loaded l;
                assert_int_equal(buf_appendf(&text,
                                             "# head%s# more%s\nservers:\n  a:\n    command: x\n    env: "
                                             "{API_KEY: hushhush, 1: x}\n"
                                             "    no: {TOKEN: x}\n",
                                             breaks[i], breaks[i]),
                                 0);
                load_text(text.data, NULL, &l);
                assert_int_equal(l.result, CONFIG_E_INVALID);
                assert_not_said(&l, "hushhush");
                assert_non_null(strstr(buf_text(&l.said), "API_KEY: ********, 1: x"));
                loaded_done(&l);
        }
}

static void test_planned(void **state UNUSED)
{
        Loaded l;
        load_span(SPAN("ready: all\n" S "args: [a]\n"), NULL, false, &l);
        bool built = schema_features[FEATURE_SUPERVISOR].present;
        assert_int_equal(l.result, built ? 0 : CONFIG_E_INVALID);
        if (!built)
                assert_said(&l, DIAG_ERROR, "ready: has no effect yet: it comes with the supervisor");
        loaded_done(&l);
        load_text("ready: all\nreload: watch\n" S "args: [a]\n", NULL, &l);
        assert_valid(&l);
        if (!built)
                assert_said(&l, DIAG_NOTE, "2 keys have no effect in this version");
        loaded_done(&l);
        load_span(SPAN(S "sandbox: {profile: none}\n"), NULL, false, &l);
        assert_valid(&l);
        loaded_done(&l);
        load_text("ready: all\n", NULL, &l);
        if (!built)
                assert_said(&l, DIAG_NOTE, "1 key has no effect");
        loaded_done(&l);
}

/* ---- env_file -------------------------------------------------------------- */

static void test_env_file(void **state UNUSED)
{
        static const FakeRow rows[] = {
                {.name = "/e", .text = "A=1\nB=\"x\\n\\t\\r\\\"\\\\\\$y\"\nA=2\nexport C='l\\n'\n# c\n"},
                {.name = NULL}};
        static const char *const want[][2] = {{"A", "2"}, {"B", "x\n\t\r\"\\$y"}, {"C", "l\\n"}};
        Loaded l;
        load_text(S "env_file: /e\n    env: {A: own}\n", rows, &l);
        assert_valid(&l);
        const ServerConfig *s = config_server(l.config, 0);
        assert_int_equal(s->resolved.env.n, ARRAY_SIZE(want));
        for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
                assert_string_equal(s->resolved.env.items[i].name, want[i][0]);
                assert_string_equal(s->resolved.env.items[i].text.value, want[i][1]);
                assert_true(s->resolved.env.items[i].text.secret);
        }
        loaded_done(&l);
}

static void test_env_file_errors(void **state UNUSED)
{
        CLEANUP(buf_done) Buf lines = BUF_INIT(BUF_CAP_NONE);
        for (int i = 0; i < LIMIT_CONFIG_LIST; i++)
                assert_int_equal(buf_appendf(&lines, "\n"), 0);
        const FakeRow rows[] = {
                {.name = "/name", .text = "A=1\nhushhush\n"},
                {.name = "/quote", .text = "A='hushhush"},
                {.name = "/latin", .text = "A=\xe9"},
                {.name = "/nul", .text = "A=\0b", .len = 4},
                {.name = "/denied", .error = -EACCES},
                {.name = "/large", .error = -ENOBUFS},
                {.name = "/many", .text = lines.data, .len = lines.len},
                {.name = NULL},
        };
        static const SayRow says[] = {
                {S "env_file: /name", DIAG_ERROR, "servers.a.env_file: /name:2: is no KEY=VALUE"},
                {S "env_file: /quote", DIAG_ERROR, "/quote:1: a quote is not closed"},
                {S "env_file: /latin", DIAG_ERROR, "/latin is not a text"},
                {S "env_file: /nul", DIAG_ERROR, "/nul is not a text"},
                {S "env_file: /denied", DIAG_ERROR, "cannot read /denied: it may not be read"},
                {S "env_file: /missing", DIAG_ERROR, "cannot read /missing: there is no such file"},
                {S "env_file: /large", DIAG_ERROR, "/large is larger than 256 KiB"},
                {S "env_file: /many", DIAG_ERROR, "/many has more than 10000 lines"},
        };
        walk(says, ARRAY_SIZE(says), rows);
        Loaded l;
        load_text(S "env_file: /name", rows, &l);
        assert_not_said(&l, "hushhush");
        loaded_done(&l);
}

/* ---- hostile sizes ---------------------------------------------------------- */

static void test_long_things(void **state UNUSED)
{
        CLEANUP_FREE char *big = calloc(1, 200 * 1024);
        assert_non_null(big);
        memset(big, 'k', 200 * 1024 - 1);
        static const struct {
                const char *head;
                int n;
                const char *tail, *say;
        } rows[] = {
                {S "env: {? ", LIMIT_CONFIG_KEY, " : x}", NULL},
                {S "env: {? ", LIMIT_CONFIG_KEY + 1, " : x}", "are accepted"},
                {S "? ", LIMIT_CONFIG_KEY, "\n    : x", "is not known"},
                {"? ", LIMIT_CONFIG_KEY, "\n: {a: b}", "is not known"},
                {"limits: {? ", LIMIT_CONFIG_KEY, " : x}", "is not known"},
                {"limits: {sandbox: {? ", LIMIT_CONFIG_KEY, " : x}}", "is not known"},
                {"servers: {? ", LIMIT_CONFIG_KEY, " : {command: x}}", "longer than 64"},
                {S "sandbox: {io: {? /", LIMIT_CONFIG_KEY - 1, " : {? k : x}}}", "is not known"},
                {S "args: [", 65536, "]", NULL},
                {S "args: [", 65537, "]", "longer than 65536 bytes"},
                {S "warmup: [{tool: t, arguments: ", 65534, "}]", NULL},
                {S "warmup: [{tool: t, arguments: ", 65535, "}]", "longer than 65536 bytes"},
                {"ready: ", 65000, "", "is not one of"},
                {"ready: ", 70000, "", "longer than 65536"},
                {S "cwd: /../", 4000, "", ".."},
                {S "cwd: \"${file:/", 4090, "}\"", "cannot read the file"},
                {S "env_file: /", 4090, "", "cannot read"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
                Loaded l;
                assert_int_equal(buf_appendf(&text, "%s%.*s%s", rows[i].head, rows[i].n, big, rows[i].tail),
                                 0);
                load_text(text.data, NULL, &l);
                assert_row(l.result == (rows[i].say ? CONFIG_E_INVALID : 0), "%s%d: %d, %.200s", rows[i].head,
                           rows[i].n, l.result, buf_text(&l.said));
                if (rows[i].say)
                        assert_said(&l, DIAG_ERROR, rows[i].say);
                loaded_done(&l);
        }
}

/* Half a character is never shown. */
static void test_cut(void **state UNUSED)
{
        for (int lead = 0; lead < 4; lead++) {
                CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
                Loaded l;
                assert_int_equal(buf_appendf(&text, "ready: %.*s", lead, "aaaa"), 0);
                for (int i = 0; i < 60; i++)
                        assert_int_equal(buf_append_str(&text, "\xe2\x82\xac"), 0);
                load_text(text.data, NULL, &l);
                assert_int_equal(l.result, CONFIG_E_INVALID);
                assert_not_said(&l, "\\x");
                loaded_done(&l);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_foreign),
                cmocka_unit_test(test_many_errors),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_secrets),
                cmocka_unit_test(test_wrong_secrets),
                cmocka_unit_test(test_odd_line_ends),
                cmocka_unit_test(test_planned),
                cmocka_unit_test(test_env_file),
                cmocka_unit_test(test_env_file_errors),
                cmocka_unit_test(test_long_things),
                cmocka_unit_test(test_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
