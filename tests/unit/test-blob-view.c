/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway gets of a configuration, and what it must never get: no
 * command, argument, environment value, path or secret may be anywhere in the
 * bytes of its view. A new key that is seen by both sides shows up here only
 * if its value is given below: `every_supervisor_key_is_absent` walks the
 * table, so that none can be forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the three above first */
#include <cmocka.h>

#include "config/blob.h"
#include "config/load.h"
#include "config/value.h"

/* Each text that only the supervisor may have contains "hidden". */
static const char text[] =
        "listen: [{address: \"unix:/shown-listen\", mode: \"0640\", group: hidden-group}]\n"
        "auth: {token_file: /hidden/token, tokens: [{name: hidden-token, hash: "
        "\"sha256:1111111111111111111111111111111111111111111111111111111111111111\"}]}\n"
        "allowed_hosts: [shown-host]\n"
        "tls: {cert: /hidden/cert, key: /hidden/key, client_ca: /hidden/ca}\n"
        "control: {group: hidden-control}\n"
        "state_dir: /hidden/state\n"
        "runtime_dir: /hidden/run\n"
        "log: {dir: /hidden/log}\n"
        "alerts: {webhook: \"https://hidden.example\", webhook_secret: hidden-webhook-key}\n"
        "servers:\n"
        "  shown-server:\n"
        "    command: /hidden/command\n"
        "    args: [hidden-argument]\n"
        "    cwd: /hidden/cwd\n"
        "    env: {HIDDEN_NAME: hidden-value, A_TOKEN: hidden-token, B: \"${HIDDEN_VARIABLE}\"}\n"
        "    env_pass: [hidden_pass]\n"
        "    env_file: /hidden/env-file\n"
        "    user: hidden-user\n"
        "    share: session\n"
        "    max_inflight: 7\n"
        "    tools: {allow: [shown-allow], deny: [shown-deny], rename: {a: shown-rename}}\n"
        "    prefix: shown-prefix_\n"
        "    warmup: [{tool: shown-warmup, arguments: {x: shown-argument}}]\n"
        "    sandbox: {ro: [/hidden/ro], rw: [/hidden/rw], tmp: [/hidden/tmp], net: {allow: "
        "[\"hidden.net:1\"]}, io: {/hidden/io: {rbps: 1M}}, secrets: {hidden-name: hidden-secret}, "
        "seccomp: {allow: [hidden_call], deny: [hidden_other]}}\n"
        "views: {shown-view: {servers: [shown-server], tools: {allow: [shown-view-tool]}}}\n";

static const char *fake_get(const ExpandEnv *env UNUSED, const char *name)
{
        return strcmp(name, "HIDDEN_VARIABLE") == 0 ? "hidden-variable-value" : NULL;
}

static int fake_read(const ExpandEnv *env UNUSED, const char *path, Buf *b)
{
        if (strcmp(path, "/hidden/env-file") != 0)
                return -ENOENT;
        return buf_append_str(b, "FROM_FILE=hidden-from-file\n");
}

typedef struct Fixture {
        Config *config, *gateway;
        Buf bytes;
} Fixture;

static int setup(void **state)
{
        static const ExpandEnv env = {.get = fake_get, .read = fake_read};
        Fixture *f = calloc(1, sizeof(*f));
        Source source;
        DiagList diags;
        assert_non_null(f);
        f->bytes = BUF_INIT(BUF_CAP_NONE);
        diag_list_init(&diags);
        assert_int_equal(source_from_text("test", SPAN(text), &diags, &source), 0);
        const ConfigLoadArgs args = {.source = &source, .env = &env, .planned = true};
        int r = config_load(&args, &diags, &f->config);
        for (const Diag *d = diags.first; d && r; d = d->next)
                print_error("%u:%u: %s\n", d->at.line, d->at.col, d->message);
        assert_int_equal(r, 0);
        assert_int_equal(config_encode(f->config, VIEW_GATEWAY, &f->bytes), 0);
        assert_int_equal(config_decode(buf_span(&f->bytes), VIEW_GATEWAY, &f->gateway), 0);
        diag_list_done(&diags);
        source_done(&source);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        Fixture *f = *state;
        config_unref(f->config);
        config_unref(f->gateway);
        buf_done(&f->bytes);
        free(f);
        return 0;
}

static bool holds(const Fixture *f, const char *needle)
{
        return memmem(f->bytes.data, f->bytes.len, needle, strlen(needle)) != NULL;
}

static void nothing_hidden_is_in_the_bytes(void **state)
{
        const Fixture *f = *state;
        static const char *const needles[] = {"hidden", "HIDDEN_NAME", "A_TOKEN", "FROM_FILE", "/cert"};
        for (size_t i = 0; i < ARRAY_SIZE(needles); i++)
                if (holds(f, needles[i]))
                        fail_msg("the gateway's view holds \"%s\"", needles[i]);

        /* The same search finds them where they belong. */
        Fixture whole = {.bytes = BUF_INIT(BUF_CAP_NONE)};
        assert_int_equal(config_encode(f->config, VIEW_SUPERVISOR, &whole.bytes), 0);
        for (size_t i = 0; i < ARRAY_SIZE(needles); i++)
                assert_true(holds(&whole, needles[i]));
        assert_true(holds(&whole, "hidden-from-file") && holds(&whole, "hidden-variable-value") &&
                    holds(&whole, "hidden-webhook-key"));
        buf_done(&whole.bytes);
}

static void what_the_gateway_needs_is_there(void **state)
{
        const Fixture *f = *state;
        static const char *const needles[] = {"shown-listen", "shown-host",     "shown-server",
                                              "shown-allow",  "shown-deny",     "shown-rename",
                                              "shown-prefix", "shown-warmup",   "shown-argument",
                                              "shown-view",   "shown-view-tool"};
        for (size_t i = 0; i < ARRAY_SIZE(needles); i++)
                if (!holds(f, needles[i]))
                        fail_msg("the gateway's view does not hold \"%s\"", needles[i]);
}

static void it_decodes_to_the_same_fields(void **state)
{
        const Fixture *f = *state;
        const ServerConfig *s = config_find_server(f->gateway, "shown-server");
        assert_non_null(s);
        assert_int_equal(s->share, SHARE_SESSION);
        assert_int_equal(s->max_inflight, 7);
        assert_int_equal(s->tools.allow.n, 1);
        assert_string_equal(s->tools.allow.items[0].value, "shown-allow");
        assert_string_equal(s->tools.rename.items[0].name, "a");
        assert_string_equal(s->prefix.value, "shown-prefix_");
        assert_string_equal(config_view(f->gateway, 0)->servers.items[0].value, "shown-server");
        assert_string_equal(config_listen(f->gateway, 0)->address.value, "unix:/shown-listen");
}

static bool is_empty(const SchemaRow *row, const void *object)
{
        const void *field = value_field(row, object);
        switch (row->type) {
        case TYPE_TEXT:
                return !((const ConfigText *)field)->value;
        case TYPE_LIST:
                return ((const ConfigList *)field)->n == 0;
        case TYPE_MAP:
                return ((const ConfigMap *)field)->n == 0;
        case TYPE_GROUPS:
                return ((const ConfigGroup *)field)->n == 0;
        default:
                return true; /* numbers and words say nothing */
        }
}

/* Texts of the supervisor's rows: given in the file above, gone in the gateway's snapshot. */
static void check_rows(SchemaOwner owner, const void *all, const void *gateway)
{
        for (const SchemaRow *row = schema_first(owner); row; row = schema_next(row)) {
                if (row->view & VIEW_GATEWAY || row->type == TYPE_DEFAULTS)
                        continue;
                if (is_empty(row, gateway) == false && strcmp(row->path, "servers.*.user") != 0)
                        fail_msg("the gateway has %s", row->path);
                bool text_row = row->type == TYPE_TEXT || row->type == TYPE_LIST || row->type == TYPE_MAP;
                if (text_row && !row->internal && is_empty(row, all))
                        fail_msg("this test does not give %s, so it cannot tell whether it is kept from the "
                                 "gateway",
                                 row->path);
        }
}

static void every_supervisor_key_is_absent(void **state)
{
        const Fixture *f = *state;
        const ServerConfig *all = config_server(f->config, 0), *gateway = config_server(f->gateway, 0);
        check_rows(OWNER_ROOT, f->config, f->gateway);
        check_rows(OWNER_SERVER, all, gateway);
        check_rows(OWNER_LISTEN, config_listen(f->config, 0), config_listen(f->gateway, 0));
        assert_string_equal(gateway->user.value, "dynamic"); /* the default, not what the file says */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(nothing_hidden_is_in_the_bytes, setup, teardown),
                cmocka_unit_test_setup_teardown(what_the_gateway_needs_is_there, setup, teardown),
                cmocka_unit_test_setup_teardown(it_decodes_to_the_same_fields, setup, teardown),
                cmocka_unit_test_setup_teardown(every_supervisor_key_is_absent, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
