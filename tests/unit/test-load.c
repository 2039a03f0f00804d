/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include "config/diff.h"

static const FakeRow world[] = {
        {.name = "VAR", .text = "value"},
        {.name = "/f", .text = "hushhush"},
        {.name = "/env", .text = "A=1\nB=\"x\\n\"\n"},
        {.name = "CREDENTIALS_DIRECTORY", .text = "/c"},
        {.name = "/c/k", .text = "credential"},
        {.name = NULL},
};

/* Something of everything, with things to say about it. */
static const char rich[] =
        "# rich\n"
        "listen: [\"127.0.0.1:1\", {address: \"unix:/x\", mode: \"${MODE:-0660}\", group: g}]\n"
        "auth: {tokens: [{name: n, hash: "
        "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}]}\n"
        "allowed_hosts: [h, \"${VAR}\"]\n"
        "limits: {max_body: \"${SIZE:-1M}\"}\n"
        "defaults: {env: {D: e, SECRET: hushhush}, args: [a], restart: {burst: 30}}\n"
        "mcpServers:\n"
        "  a:\n    command: npx\n    args: [-y, pkg, \"${file:/f}\", \"${credential:k}\"]\n"
        "    env: {API_KEY: hushhush, X: \"${VAR}\"}\n    envFile: /env\n    type: stdio\n"
        "    autoApprove: [x]\n    warmup: [{tool: t, arguments: {k: [1, x]}}]\n"
        "    sandbox: {net: {allow: [\"h:1\"]}, io: {/d: {riops: 1}}, secrets: {s: hushhush}}\n"
        "  b: {command: x, prefix: a__}\n  c: {command: y, disabled: true}\n"
        "views: {v: {servers: [a]}}\n";
/* And everything wrong. */
static const char wrong[] =
        "ready: no\nunknown: 1\nlisten: [1, [2], {mode: x}]\nallowed_hosts: x\n"
        "limits: {max_body: ghp_"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, max_id: \"${NO}\", max_line: \"${VAR}\", replay: []}\n"
        "servers:\n  a: {args: 1, env: {1: 2, A: [], B: ~, C: \"${file:/no}\"}, command: \"a b\", envFile: "
        "/no}\n"
        "  b: {url: x, command: [], sandbox: {net: x, io: {x: y}}, user: root}\n  \"c d\": 5\n"
        "  e: {command: x, env_file: /f, restart: {backoff_min: 2h}, memory: 1}\n"
        "views: {v: {servers: [zz]}, w: []}\n";

static const char *const broken[] = {"a: [", "a: 1\na: 2\nTOKEN: x", "a: &b c"};

typedef struct LoadArgs {
        const char *text;
        int want;

} LoadArgs;

/* One run under a failing allocation: an error, or a verdict that is not better than the true one. */
static int load_it(const LoadArgs *a)
{
        FakeEnv fake = FAKE_ENV(world);
        Source source;
        DiagList diags;
        Config *c = NULL;
        diag_list_init(&diags);
        int r = source_from_text("t", span_of(a->text), &diags, &source);
        if (r == 0) {
                const ConfigLoadArgs args = {.source = &source, .env = &fake.env, .planned = true};
                r = config_load(&args, &diags, &c);
                source_done(&source);
        }
        assert_int_equal(c != NULL, r == 0);
        if (r > 0)
                assert_true(diag_list_has_errors(&diags));
        config_unref(c);
        diag_list_done(&diags);
        return r;
}

static void fail_each(const char *text, int want)
{
        const LoadArgs a = {.text = text, .want = want};
        unsigned n = 1, refused = 0;
        for (;; n++) {
                oom_arm(n);
                int r = load_it(&a);
                bool failed = oom_disarm();
                assert_true(r == -ENOMEM || r == want);
                refused += r == -ENOMEM;
                if (!failed) {
                        assert_int_equal(r, want);
                        break;
                }
        }
        assert_true(n > 5 && refused > 0);
}

static void test_out_of_memory(void **state UNUSED)
{
        fail_each(rich, 0);
        fail_each(wrong, CONFIG_E_INVALID);
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
                fail_each(broken[i], CONFIG_E_INVALID);
}

/* A snapshot that was made while memory was short is the one that is made otherwise. */
static void test_never_different(void **state UNUSED)
{
        Loaded whole;
        load_text(rich, world, &whole);
        assert_valid(&whole);
        for (unsigned n = 1;; n++) {
                FakeEnv fake = FAKE_ENV(world);
                Config *c = NULL;
                DiagList diags;
                diag_list_init(&diags);
                const ConfigLoadArgs args = {.source = &whole.source, .env = &fake.env, .planned = true};
                oom_arm(n);
                int r = config_load(&args, &diags, &c);
                bool failed = oom_disarm();
                if (r == 0)
                        assert_row(config_equal(c, whole.config), "allocation %u", n);
                config_unref(c);
                diag_list_done(&diags);
                if (!failed)
                        break;
        }
        loaded_done(&whole);
}

static void test_random(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 2; round++) {
                CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
                make_yaml(&random.random, MAKE_SECRETS, &text);
                fail_each(text.data, 0);
        }
}

/* Texts that are nearly valid: any verdict, with reasons when it is bad. */
static void test_mutated(void **state UNUSED)
{
        static const char *const words[] = {"{",  "}", "[",  "]",  ", ", ": ", "~",
                                            "\"", "x", "${", "}}", "\n", "#",  "\xe2\x80\xa8"};
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 1500; round++) {
                CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
                Loaded l;
                make_yaml(&random.random, MAKE_SECRETS | MAKE_REFERENCES, &text);
                for (uint64_t n = 1 + random_below(&random.random, 3); n > 0; n--) {
                        const char *word = words[random_below(&random.random, ARRAY_SIZE(words))];
                        size_t at = random_below(&random.random, text.len), len = strlen(word);
                        memcpy(text.data + at, word, MIN(len, text.len - at));
                }
                load_span(buf_span(&text), make_rows, random_below(&random.random, 2), &l);
                assert_true(l.result == 0 || l.result == CONFIG_E_INVALID);
                assert_int_equal(l.result != 0, diag_list_has_errors(&l.diags));
                assert_not_said(&l, "%s");
                loaded_done(&l);
        }
}

static int count_secret(void *data, const char *secret)
{
        const char **seen = data;
        while (*seen)
                seen++;
        *seen = secret;
        return 0;
}

static int stop_at_secret(void *data, const char *secret UNUSED)
{
        ++*(int *)data;
        return -EBUSY;
}

static void test_each_secret(void **state UNUSED)
{
        const char *seen[32] = {NULL};
        int n = 0;
        Loaded l;
        load_text(rich, world, &l);
        assert_valid(&l);
        assert_int_equal(config_each_secret(l.config, count_secret, seen), 0);
        /* a: args 2, env SECRET API_KEY, secrets, A and B of the file; b: SECRET. */
        while (seen[n])
                n++;
        assert_int_equal(n, 8);
        n = 0;
        assert_int_equal(config_each_secret(l.config, stop_at_secret, &n), -EBUSY);
        assert_int_equal(n, 1);
        Config *c = config_ref(l.config);
        loaded_done(&l);
        assert_int_equal(c->servers.n, 2); /* our reference holds it */
        assert_null(config_unref(c));
        assert_null(config_unref(NULL));
}

static void test_by_profile(void **state UNUSED)
{
        ServerConfig s = {.sandbox = {.profile = PROFILE_STRICT}};
        assert_int_equal(server_net(&s), NET_NONE);
        assert_int_equal(server_degrade(&s), DEGRADE_REFUSE);
        s.sandbox.profile = PROFILE_STANDARD;
        assert_int_equal(server_net(&s), NET_HOST);
        assert_int_equal(server_degrade(&s), DEGRADE_WARN);
        s.sandbox.net = NET_LOOPBACK;
        s.sandbox.degrade = DEGRADE_REFUSE;
        assert_int_equal(server_net(&s), NET_LOOPBACK);
        assert_int_equal(server_degrade(&s), DEGRADE_REFUSE);
}

/* Arguments of a call cross to the server as one JSON text. */
static void test_secret_json(void **state UNUSED)
{
        const char *seen[2] = {NULL};
        Loaded l;
        load_text("servers: {a: {command: x, warmup: [{tool: t, arguments: {token: hushhush}}]}}", NULL, &l);
        assert_valid(&l);
        assert_int_equal(config_each_secret(l.config, count_secret, seen), 0);
        assert_string_equal(seen[0], "{\"token\":\"hushhush\"}");
        loaded_done(&l);
}

/* A snapshot keeps the masks of its text. */
static void test_masks(void **state UNUSED)
{
        Loaded l;
        load_text("servers: {a: {command: x, env: {TOKEN: hushhush}}}", NULL, &l);
        assert_valid(&l);
        assert_true(l.config->n_masks > 0);
        for (size_t i = 0; i < l.config->n_masks; i++)
                assert_int_equal(l.config->masks[i].col, 39 + 1);
        loaded_done(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_never_different),
                cmocka_unit_test(test_random),        cmocka_unit_test(test_each_secret),
                cmocka_unit_test(test_by_profile),    cmocka_unit_test(test_secret_json),
                cmocka_unit_test(test_masks),         cmocka_unit_test(test_mutated),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
