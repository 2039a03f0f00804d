/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include "base/log.h"
#include "config/override.h"
#include "config/print.h"

static const char file_text[] = "listen: [\"127.0.0.1:1\"]\nlog: {level: error, slow: 2s}\n"
                                "servers: {a: {command: x}}\n";

/* Loads `text` with overrides; the world is empty but for VAR. */
static void load_set(const char *text, const char *const *set, size_t n, bool planned, Loaded *ret)
{
        static const FakeRow rows[] = {{.name = "VAR", .text = "warning"}, {.name = NULL}};
        FakeEnv fake = FAKE_ENV(rows);
        *ret = (Loaded){.said = BUF_INIT(BUF_CAP_NONE)};
        diag_list_init(&ret->diags);
        ret->result = source_from_text("test.yaml", span_of(text), &ret->diags, &ret->source);
        assert_int_equal(ret->result, 0);
        const ConfigLoadArgs args = {
                .source = &ret->source, .env = &fake.env, .planned = planned, .set = set, .n_set = n};
        ret->result = config_load(&args, &ret->diags, &ret->config);
        for (const Diag *d = ret->diags.first; d; d = d->next)
                assert_int_equal(diag_format_text(d, false, &ret->said), 0);
}

/* The findings, as they are printed, hold this. */
static void assert_shown(const Loaded *l, const char *line)
{
        assert_row(strstr(buf_text(&l->said), line), "%s: %s", line, buf_text(&l->said));
}

static void test_wins_over_the_file(void **state UNUSED)
{
        static const char *const set[] = {"listen=[\"127.0.0.1:2\", \"[::1]:2\"]", "log.level=debug",
                                          "shutdown.timeout=9s", "limits.max_servers=7"};
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        Loaded l;
        load_set(file_text, set, ARRAY_SIZE(set), true, &l);
        assert_valid(&l);
        assert_int_equal(l.config->listen.n, 2);
        assert_string_equal(config_listen(l.config, 1)->address.value, "[::1]:2");
        assert_int_equal(l.config->log.level, LOG_LEVEL_DEBUG);
        assert_int_equal(l.config->log.slow, 2 * NSEC_PER_SEC); /* its neighbour is the file's still */
        assert_int_equal(l.config->shutdown.timeout, 9 * NSEC_PER_SEC);
        assert_int_equal(l.config->limits.max_servers, 7);
        assert_int_equal(config_print(l.config, &text), 0);
        assert_non_null(strstr(text.data, "level: debug"));
        assert_null(strstr(text.data, "127.0.0.1:1"));
        loaded_done(&l);
}

/* The last one wins; a file that says nothing has them too; references are replaced as in a file. */
static void test_order(void **state UNUSED)
{
        static const char *const set[] = {"log.level=debug", "MCPVISOR_LOG_LEVEL log.level=${VAR}"};
        static const char *const empty[] = {"", "# nothing\n", "null\n"};
        for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
                Loaded l;
                load_set(empty[i], set, ARRAY_SIZE(set), true, &l);
                assert_valid(&l);
                assert_int_equal(l.config->log.level, LOG_LEVEL_WARNING);
                loaded_done(&l);
        }
}

static void test_errors(void **state UNUSED)
{
        static const struct {
                const char *set, *say;
        } rows[] = {
                {"--listen listen=[\"nonsense\"]", "--listen: error: listen[0]: \"nonsense\" is not ADDRESS"},
                {"--listen listen=x", "--listen: error: listen: is a list: write [\"x\"]"},
                {"MCPVISOR_LOG_LEVEL log.level=loud", "MCPVISOR_LOG_LEVEL: error: log.level: \"loud\" is "},
                {"log.level=[]", "--set: error: log.level: is a list"},
                {"log.level=", "--set: error: log.level: there is no value"},
                {"log.level=~", "--set: error: log.level: has no value"},
                {"log.level", "--set: error: is not KEY=VALUE"},
                {"=x", "--set: error: is not KEY=VALUE"},
                {"--x", "--set: error: is not KEY=VALUE"},
                {"log.lvl=info", "--set: error: \"log.lvl\" is no key of the file that can be set here"},
                {"log=info", "\"log\" is no key of the file"},
                {"defaults={}", "\"defaults\" is no key of the file"},
                {"servers={}", "\"servers\" is no key of the file"},
                {"views={}", "\"views\" is no key of the file"},
                {"servers.a.command=x", "\"servers.a.command\" is no key of the file"},
                {"--x log.level=[", "--x:2:1: error: "},
                {"--x log.level=a: b: c", "--x:1:"},
                {"log.level=&a info", "--set:1:1: error: "},
                /* What belongs together is looked at as in a file, and the place is the flag still. */
                {"--timeout shutdown.timeout=never", "--timeout: error: shutdown.timeout: "},
                {"--listen listen=[\"127.0.0.1:5\", \"127.0.0.1:5\"]",
                 "--listen: error: listen[1]: 127.0.0.1:5 is given twice"},
                {"--max limits.max_servers=1", "--max: error: limits.max_servers: "},
                {"--size log.max_size=1T", "--size: error: log.max_size: is more than log.max_total"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Loaded l;
                load_set("servers: {a: {command: x}, b: {command: y}}\n", &rows[i].set, 1, true, &l);
                const char *say = rows[i].say;
                bool over = strstr(rows[i].set, "max_servers") !=
                            NULL; /* said of `servers`, which is the file's */
                assert_row(l.result == CONFIG_E_INVALID, "%s", rows[i].set);
                assert_row(
                        strstr(buf_text(&l.said), over ? "test.yaml:1:10: error: servers: 2 servers" : say),
                        "%s: %s", rows[i].set, buf_text(&l.said));
                loaded_done(&l);
        }
}

/* The file's own errors are about the file still, also after a flag was read. */
static void test_places(void **state UNUSED)
{
        static const char *const set[] = {"--listen listen=[\"0.0.0.0:1\"]"};
        Loaded l;
        load_set("log: {max_size: 1T}\nservers: {a: {command: x}}\n", set, 1, true, &l);
        assert_int_equal(l.result, CONFIG_E_INVALID);
        assert_shown(&l, "test.yaml:1:17: error: log.max_size");
        assert_shown(&l, "--listen: warning: listen[0]: 0.0.0.0:1 has no TLS");
        loaded_done(&l);
        load_set("listen: [\"0.0.0.0:1\"]\nservers: {a: {command: x}}\n", NULL, 0, true, &l);
        assert_shown(&l, "test.yaml:1:10: warning: listen[0]: 0.0.0.0:1 has no TLS");
        loaded_done(&l);
}

static void test_not_built_yet(void **state UNUSED)
{
        static const char *const set[] = {"--ratio traces.ratio=0.5"};
        Loaded l;
        load_set(file_text, set, 1, false, &l);
        if (!schema_features[FEATURE_RECORDER].present) {
                assert_shown(&l, "--ratio: error: traces.ratio: has no effect yet: it comes with the "
                                 "recorder; take it out\n");
        }
        loaded_done(&l);
}

/* A file that cannot be read says so alone. */
static void test_broken_file(void **state UNUSED)
{
        static const char *const set[] = {"--x log.level=loud"};
        Loaded l;
        load_set("a: [", set, 1, true, &l);
        assert_int_equal(l.result, CONFIG_E_INVALID);
        assert_not_said(&l, "--x");
        loaded_done(&l);
}

static int load_under(void *arg UNUSED)
{
        static const char *const set[] = {"--listen listen=[\"127.0.0.1:2\"]", "log.level=${VAR:-debug}"};
        FakeEnv fake = FAKE_ENV(NULL);
        Source source;
        DiagList diags;
        Config *c = NULL;
        diag_list_init(&diags);
        int r = source_from_text("t", span_of("ready: all\n"), &diags, &source);
        if (r == 0) {
                const ConfigLoadArgs args = {.source = &source,
                                             .env = &fake.env,
                                             .planned = true,
                                             .set = set,
                                             .n_set = ARRAY_SIZE(set)};
                r = config_load(&args, &diags, &c);
                source_done(&source);
        }
        if (r == 0)
                assert_int_equal(c->log.level, LOG_LEVEL_DEBUG);
        config_unref(c);
        diag_list_done(&diags);
        return r;
}

/* A finding may be lost when memory is short, an override never. */
static void test_out_of_memory(void **state UNUSED)
{
        unsigned refused = 0;
        for (unsigned n = 1;; n++) {
                oom_arm(n);
                int r = load_under(NULL);
                bool failed = oom_disarm();
                assert_true(r == 0 || r == -ENOMEM);
                refused += r == -ENOMEM;
                if (!failed)
                        break;
        }
        assert_true(refused > 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wins_over_the_file),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_not_built_yet),
                cmocka_unit_test(test_broken_file),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
