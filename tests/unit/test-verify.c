/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "config/verify.h"

typedef struct VerifyRow {
        const char *text;
        DiagSeverity severity;
        const char *say;
} VerifyRow;

#define A    "servers:\n  a:\n    command: x\n    "
#define AB   "servers:\n  b: {command: x}\n  a:\n    command: x\n    "
#define HASH "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const VerifyRow rows[] = {
        {A "start_timeout: 300s", DIAG_WARNING, "servers.a.start_timeout: start_timeout is not shorter"},
        {A "request_timeout: 10s", DIAG_WARNING, "servers.a.request_timeout: start_timeout is not shorter"},
        {A "restart: {backoff_min: 2m}", DIAG_ERROR, "servers.a.restart.backoff_min: is longer than"},
        {A "restart: {probe_min: 1h}", DIAG_ERROR, "servers.a.restart.probe_min: is longer than"},
        {A "restart: {window: 2h}", DIAG_WARNING, "restart.window: is longer than"},
        {A "restart: {burst: 30}", DIAG_WARNING, "restart.burst: is more than"},
        {A "max_inflight_session: 65", DIAG_WARNING, "max_inflight_session: is more than"},
        {A "max_instances: 5", DIAG_WARNING, "max_instances: has an effect with `share: session` only"},
        {A "share: session\n    overlap: true", DIAG_WARNING,
         "overlap: has an effect with `share: shared` only"},
        {A "share: exclusive\n    client: {elicitation: true}", DIAG_WARNING,
         "client.elicitation: has an effect"},
        {A "share: exclusive\n    client: {sampling: true}", DIAG_WARNING, "client.sampling: has an effect"},
        {A "share: session\n    client: {roots: [\"file:///x\"]}", DIAG_WARNING,
         "client.roots: has an effect"},
        {A "user: root", DIAG_ERROR, "servers.a.user: root is possible only"},
        {A "user: \"0\"", DIAG_ERROR, "servers.a.user: root is possible only"},
        {"servers: {a: {command: npx, args: [-y, pkg]}}", DIAG_WARNING, "\"pkg\" has no exact version"},
        {"servers: {a: {command: npx, args: [-y, pkg]}}", DIAG_WARNING, "PACKAGE@VERSION"},
        {"servers: {a: {command: uvx, args: [pkg]}}", DIAG_WARNING, "PACKAGE==VERSION"},
        {A "env_pass: [A, B]\n    env: {B: c}", DIAG_WARNING, "servers.a.env_pass: B is in `env` too"},
        {A "tools: {rename: {x: z, y: z}}", DIAG_ERROR,
         "tools.rename: \"x\" and \"y\" would both be called \"z\""},
        {A "sandbox: {net: {}}", DIAG_WARNING, "sandbox.net.allow: is empty"},
        {"listen: [\"0.0.0.0:1\"]\nauth: {mode: none}", DIAG_ERROR, "listen[0]: 0.0.0.0:1 can be reached"},
        {"listen: [\"0.0.0.0:1\"]", DIAG_WARNING, "listen[0]: 0.0.0.0:1 has no TLS"},
        {"listen: [\"127.0.0.1:1\", \"[::]:1\"]", DIAG_WARNING, "listen[1]: [::]:1 has no TLS"},
        {"listen: [{address: \"127.0.0.1:1\", mode: \"0600\"}]", DIAG_ERROR,
         "listen[0]: mode and group are for unix"},
        {"listen: [{address: \"127.0.0.1:1\", group: g}]", DIAG_ERROR, "mode and group are for unix"},
        {"listen: [\"127.0.0.1:1\", \"127.0.0.1:1\"]", DIAG_ERROR, "listen[1]: 127.0.0.1:1 is given twice"},
        {"listen: [{mode: \"0600\"}, \"127.0.0.1:1\"]", DIAG_ERROR, "the key `address` is missing"},
        {"auth: {mode: none, tokens: [{name: a, hash: \"" HASH "\"}]}", DIAG_WARNING,
         "auth.tokens: has no effect"},
        {"auth: {mode: none, token_file: /t}", DIAG_WARNING, "auth.token_file: has no effect"},
        {"auth: {tokens: [{name: a, hash: \"" HASH "\"}, {name: a, hash: \"" HASH "\"}]}", DIAG_WARNING,
         "auth.tokens: the name a is given twice"},
        {"auth: {mode: none}\nmetrics: {auth: true}", DIAG_WARNING, "metrics.auth: has no effect"},
        {"listen: [\"127.0.0.1:1\"]\nmetrics: {listen: \"127.0.0.1:1\"}", DIAG_WARNING,
         "metrics.listen: has no effect: 127.0.0.1:1 is in `listen`"},
        {"metrics: {listen: \"0.0.0.0:1\", auth: true}", DIAG_WARNING,
         "metrics.listen: 0.0.0.0:1 has no TLS"},
        {"tls: {cert: /c}", DIAG_ERROR, "tls.cert: tls.key is missing"},
        {"tls: {key: /k}", DIAG_ERROR, "tls.key: tls.cert is missing"},
        {"tls: {client_ca: /a}", DIAG_ERROR, "tls.client_ca: tls.cert and tls.key are missing"},
        {"limits: {max_servers: 1}\n" AB, DIAG_ERROR, "servers: 2 servers, where limits.max_servers is 1"},
        {"alerts: {webhook_secret: hushhush}", DIAG_WARNING, "alerts.webhook_secret: has no effect"},
        {"log: {max_size: 300M}", DIAG_ERROR, "log.max_size: is more than log.max_total"},
        {"views: {a: {servers: [a]}}\n" A, DIAG_ERROR, "views.a: a server has this name already"},
        {"views: {v: {servers: [aa]}}\n" A, DIAG_ERROR,
         "views.v.servers: there is no server \"aa\" (did you mean a?)"},
        {"views: {v: {servers: [zzzzzz]}}\n" A, DIAG_ERROR, "there is no server \"zzzzzz\""},
        {AB "prefix: b__", DIAG_WARNING, "same prefix \"b__\""},
        {AB "prefix: b__x", DIAG_WARNING, "its prefix \"b__x\" begins with the prefix \"b__\" of servers.b"},
        {A "env: {TOKEN: short}", DIAG_WARNING, "servers.a.env.TOKEN: is a secret of fewer than 6 bytes"},
        {A "sandbox: {secrets: {s: abc}}", DIAG_WARNING, "servers.a.sandbox.secrets.s: is a secret of fewer"},
        {A "env: {TOKEN: \"<secret:TOKEN>\"}", DIAG_WARNING, "is a masked value"},
        {"", DIAG_WARNING, "has no servers"},
};

static void test_rows(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Loaded l;
                load_text(rows[i].text, NULL, &l);
                if ((l.result == CONFIG_E_INVALID) != (rows[i].severity == DIAG_ERROR))
                        fail_msg("%s: result %d\n%s", rows[i].text, l.result, buf_text(&l.said));
                assert_said(&l, rows[i].severity, rows[i].say);
                loaded_done(&l);
        }
}

/* What is right gets no word. */
static void test_quiet(void **state UNUSED)
{
        static const char *const texts[] = {
                A "args: []",
                AB "prefix: c",
                AB "prefix: \"\"",
                A "user: root\n    sandbox: {profile: none}",
                A "user: nobody",
                A "share: session\n    max_instances: 3",
                A "env: {TOKEN: long-enough, EMPTY_KEY: \"\"}",
                A "env_pass: [A]\n    env: {B: c}",
                A "tools: {rename: {x: z, y: w}}",
                A "start_timeout: 10s\n    request_timeout: 11s",
                A "sandbox: {net: {allow: [\"h:1\"]}}",
                "tls: {cert: /c, key: /k, client_ca: /a}\nlisten: [\"0.0.0.0:1\"]\n" A,
                "listen: [\"0.0.0.0:1\"]\nauth: {mode: none, allow_insecure: true}\n" A,
                "listen: [\"127.9.9.9:1\", \"[::1]:1\", \"localhost:1\", \"unix:/x\"]\nauth: {mode: "
                "none}\n" A,
                "listen: [{address: \"unix:/x\", mode: \"0660\", group: g}]\n" A,
                "views: {v: {servers: [a]}}\n" A,
                "alerts: {webhook_secret: hushhush, webhook: \"http://x\"}\n" A,
                "limits: {max_servers: 1}\n" A,
        };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Loaded l;
                load_text(texts[i], NULL, &l);
                assert_valid(&l);
                if (l.diags.count[DIAG_WARNING])
                        fail_msg("%s\n%s", texts[i], l.said.data);
                loaded_done(&l);
        }
}

/* Each finding stands on the line of its key. */
static void test_places(void **state UNUSED)
{
        Loaded l;
        load_text("servers:\n  a:\n    command: x\n    restart:\n      backoff_min: 2m\n"
                  "  b:\n    command: x\nviews:\n  b: {servers: []}\n",
                  NULL, &l);
        assert_int_equal(l.diags.count[DIAG_ERROR], 2);
        const Diag *d = l.diags.first;
        assert_int_equal(d->at.line, 5);
        assert_int_equal(d->at.col, 20);
        assert_int_equal(d->at.width, 2);
        assert_int_equal(d->next->at.line, 9);
        loaded_done(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_quiet),
                cmocka_unit_test(test_places),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
