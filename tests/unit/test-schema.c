/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "base/parse.h"
#include "config/value.h"

static bool is_number(const SchemaRow *row)
{
        return row->type == TYPE_UINT || row->type == TYPE_SIZE || row->type == TYPE_DURATION ||
               row->type == TYPE_PERCENT;
}

static void check_words(const SchemaRow *row)
{
        assert_row((row->type == TYPE_ENUM) == (row->words != NULL), "%s: words", row->path);
        if (!row->words)
                return;
        assert_row(row->words[0] && row->words[1], "%s: fewer than two words", row->path);
        for (size_t i = 0; row->words[i]; i++)
                for (size_t k = 0; k < i; k++)
                        assert_row(!row->words[i][0] || strcmp(row->words[i], row->words[k]) != 0,
                                   "%s: %s twice", row->path, row->words[i]);
}

static void check_bounds(const SchemaRow *row)
{
        if (is_number(row) && !row->internal)
                assert_row(row->max > row->min, "%s: %llu to %llu", row->path, (unsigned long long)row->min,
                           (unsigned long long)row->max);
        else
                assert_row(row->min == 0 && row->max == 0, "%s: bounds without a number", row->path);
        assert_row((row->type == TYPE_INT) == (row->imax > row->imin), "%s: signed bounds", row->path);
        assert_row(!row->zero || row->type == TYPE_UINT, "%s: a word for 0", row->path);
        assert_row(!row->zero || row->min > 0, "%s: 0 has a word and is a number too", row->path);
}

static void check_default(const SchemaRow *row)
{
        union {
                uint64_t u;
                int64_t i;
                int word;
                bool b;
        } v = {.u = 0};
        CLEANUP(buf_done) Buf why = BUF_INIT(1024);
        if (!row->def) {
                assert_row(!value_is_scalar(row) || row->def_text, "%s: a number without a default",
                           row->path);
                return;
        }
        assert_row(!row->required, "%s: required, with a default", row->path);
        if (value_is_scalar(row)) {
                int r = value_parse(row, span_of(row->def), &v, &why);
                assert_row(r == 0, "%s: \"%s\" %s", row->path, row->def, buf_text(&why));
                assert_row(value_in_bounds(row, &v), "%s: \"%s\"", row->path, row->def);
                return;
        }
        if (row->type == TYPE_TEXT && row->none && strcmp(row->def, "none") == 0)
                return;
        if (row->type == TYPE_TEXT && row->check)
                assert_row(!row->check(span_of(row->def)), "%s: \"%s\"", row->path, row->def);
}

static void check_flags(const SchemaRow *row)
{
        size_t n = strlen(row->doc);
        assert_row(n > 8 && row->doc[n - 1] == '.', "%s: %s", row->path, row->doc);
        assert_row(row->view >= VIEW_SUPERVISOR && row->view <= VIEW_BOTH, "%s: view", row->path);
        assert_row(row->reload < _SCHEMA_RELOAD_MAX, "%s: reload", row->path);
        assert_row(row->feature < _SCHEMA_FEATURE_MAX, "%s: feature", row->path);
        assert_row(row->owner < _SCHEMA_OWNER_MAX, "%s: owner", row->path);
        assert_row(!row->secret || row->view == VIEW_SUPERVISOR, "%s: a secret for the gateway", row->path);
        assert_row(row->owner != OWNER_ROOT || row->reload != RELOAD_SERVER, "%s: restarts which server?",
                   row->path);
        bool group = row->type == TYPE_GROUPS || row->type == TYPE_DEFAULTS;
        assert_row(group == (row->group != OWNER_ROOT), "%s: group", row->path);
        assert_row(!row->named || row->check_name, "%s: any name", row->path);
        assert_row(row->type != TYPE_MAP || row->check_name, "%s: any name", row->path);
}

static size_t field_size(const SchemaRow *row)
{
        static const size_t sizes[_SCHEMA_TYPE_MAX] = {
                [TYPE_BOOL] = sizeof(bool),
                [TYPE_UINT] = 8,
                [TYPE_INT] = 8,
                [TYPE_SIZE] = 8,
                [TYPE_DURATION] = 8,
                [TYPE_PERCENT] = 8,
                [TYPE_RATIO] = 8,
                [TYPE_MODE] = 8,
                [TYPE_ENUM] = sizeof(int),
                [TYPE_TEXT] = sizeof(ConfigText),
                [TYPE_JSON] = sizeof(ConfigText),
                [TYPE_LIST] = sizeof(ConfigList),
                [TYPE_MAP] = sizeof(ConfigMap),
                [TYPE_GROUPS] = sizeof(ConfigGroup),
                [TYPE_DEFAULTS] = 0,
        };
        return sizes[row->type];
}

/* No field twice, none outside its struct, none in its head. */
static void check_field(const SchemaRow *row)
{
        size_t size = field_size(row), end = row->offset + size;
        if (size == 0)
                return;
        assert_row(end <= schema_owner_size(row->owner), "%s: outside", row->path);
        assert_row(row->offset >= sizeof(ConfigHead), "%s: in the head", row->path);
        for (const SchemaRow *r = schema_first(row->owner); r != row; r = schema_next(r))
                assert_row(field_size(r) == 0 || r->offset >= end || r->offset + field_size(r) <= row->offset,
                           "%s and %s share their bytes", row->path, r->path);
}

static void test_rows(void **state UNUSED)
{
        assert_true(schema_table_size < UINT16_MAX);
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                check_words(row);
                check_bounds(row);
                check_default(row);
                check_flags(row);
                check_field(row);
                assert_int_equal(schema_index(row), i);
        }
}

static void test_paths(void **state UNUSED)
{
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                const char *prefix = schema_owner_prefix(row->owner), *local = schema_local_path(row);
                assert_row(span_starts(span_of(row->path), span_of(prefix)), "%s: prefix", row->path);
                assert_row(strspn(local, "abcdefghijklmnopqrstuvwxyz_.@") == strlen(local), "%s", row->path);
                assert_row(row->internal == (local[0] == '@'), "%s: internal", row->path);
                assert_row(row->owner == OWNER_ROOT || !strpbrk(local, "*["), "%s", row->path);
                for (size_t k = 0; k < i; k++)
                        assert_row(strcmp(row->path, schema_table[k].path) != 0, "%s twice", row->path);
                assert_ptr_equal(schema_find(row->owner, span_of(local)), row->internal ? NULL : row);
        }
}

/* Rows of one struct follow each other by schema_next, and every struct is in a group of the right path. */
static void test_owners(void **state UNUSED)
{
        size_t seen = 0;
        for (int owner = 0; owner < _SCHEMA_OWNER_MAX; owner++) {
                bool held = owner == OWNER_ROOT;
                for (const SchemaRow *row = schema_first((SchemaOwner)owner); row;
                     row = schema_next(row), seen++)
                        assert_int_equal(row->owner, owner);
                for (size_t i = 0; i < schema_table_size; i++) {
                        const SchemaRow *row = &schema_table[i];
                        char prefix[256];
                        if (row->type != TYPE_GROUPS || (int)row->group != owner)
                                continue;
                        (void)snprintf(prefix, sizeof(prefix), "%s%s.", row->path, row->named ? ".*" : "[]");
                        assert_string_equal(prefix, schema_owner_prefix((SchemaOwner)owner));
                        held = true;
                }
                assert_row(held, "owner %d is in no group", owner);
        }
        assert_int_equal(seen, schema_table_size);
}

typedef struct Keys {
        Span keys[128];
        size_t n;
} Keys;

static void add_key(void *data, Span key)
{
        Keys *k = data;
        for (size_t i = 0; i < k->n; i++)
                assert_row(!span_equal(k->keys[i], key), "the key %.*s comes twice", (int)key.len, key.ptr);
        assert_true(k->n < ARRAY_SIZE(k->keys));
        k->keys[k->n++] = key;
}

/* The keys of a section stand together, so that it is printed under one heading. */
static void test_sections(void **state UNUSED)
{
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                const char *local = schema_local_path(row), *dot = local;
                Keys top = {.n = 0};
                schema_each_below(row->owner, SPAN_NONE, add_key, &top);
                assert_true(top.n > 0);
                while ((dot = strchr(dot, '.'))) {
                        Keys keys = {.n = 0};
                        Span section = span_from(local, (size_t)(dot - local));
                        schema_each_below(row->owner, section, add_key, &keys);
                        assert_row(keys.n > 0 && schema_has_below(row->owner, section), "%s", row->path);
                        dot++;
                }
        }
        assert_true(schema_has_below(OWNER_SERVER, SPAN("restart")));
        assert_false(schema_has_below(OWNER_SERVER, SPAN("restar")));
        assert_false(schema_has_below(OWNER_SERVER, SPAN("restart.burst")));
        assert_true(schema_has_below(OWNER_SERVER, SPAN("sandbox.net")));
}

static void test_names(void **state UNUSED)
{
        for (int i = 0; i < _SCHEMA_RELOAD_MAX; i++)
                assert_true(schema_reload_name((SchemaReload)i)[0]);
        for (int i = 0; i < _SCHEMA_FEATURE_MAX; i++)
                assert_true(schema_feature_name((SchemaFeature)i)[0]);
        assert_null(schema_find(OWNER_SERVER, SPAN("@uid")));
        assert_null(schema_find(OWNER_SERVER, SPAN("nothing")));
        assert_null(schema_find(OWNER_ROOT, SPAN_NONE));
}

/* What users were promised: key = default. "-": none; "(...)": in words. */
static const char *const promised[] = {
        "listen = [\"127.0.0.1:7780\", \"[::1]:7780\"]",
        "listen[].address = -",
        "listen[].mode = 0600",
        "listen[].group = -",
        "listen_unix = auto",
        "auth.mode = token",
        "auth.token_file = (STATE/token)",
        "auth.tokens = []",
        "auth.tokens[].name = -",
        "auth.tokens[].hash = -",
        "auth.allow_insecure = false",
        "allowed_hosts = []",
        "allowed_origins = []",
        "tls.cert = -",
        "tls.key = -",
        "tls.client_ca = -",
        "control.group = -",
        "state_dir = (/var/lib/mcpvisor; not root: $XDG_STATE_HOME/mcpvisor or ~/.local/state/mcpvisor)",
        "runtime_dir = (/run/mcpvisor; not root: $XDG_RUNTIME_DIR/mcpvisor or /tmp/mcpvisor-UID)",
        "reload = signal",
        "ready = critical",
        "shutdown.drain = 1500ms",
        "shutdown.timeout = 8s",
        "governor.rate = 10",
        "governor.burst = 4",
        "governor.starting = auto",
        "log.level = info",
        "log.format = auto",
        "log.output = stderr",
        "log.requests = errors",
        "log.slow = 1s",
        "log.payloads = false",
        "log.dir = none",
        "log.max_size = 10M",
        "log.max_files = 5",
        "log.max_total = 200M",
        "metrics.listen = none",
        "metrics.auth = false",
        "limits.max_body = 8M",
        "limits.max_line = 10M",
        "limits.max_sessions = 10000",
        "limits.session_ttl = 30m",
        "limits.max_connections = 10000",
        "limits.max_queued = 64M",
        "limits.max_servers = 1000",
        "limits.max_tool_series = 2000",
        "limits.header_timeout = 10s",
        "limits.body_timeout = 30s",
        "limits.idle_timeout = 75s",
        "limits.write_timeout = 30s",
        "limits.sse_keepalive = 15s",
        "limits.max_header = 32K",
        "limits.max_headers = 100",
        "limits.max_depth = 512",
        "limits.max_id = 64",
        "limits.max_batch = 100",
        "limits.replay = 256K",
        "limits.park_time = 10m",
        "limits.park_rounds = 8",
        "limits.max_parked = 1000",
        "limits.pipe_budget = 16M",
        "limits.max_stray = 1000",
        "defaults = {}",
        "servers = {}",
        "servers.*.command = -",
        "servers.*.args = []",
        "servers.*.cwd = (the server's HOME)",
        "servers.*.env = {}",
        "servers.*.env_pass = []",
        "servers.*.env_file = -",
        "servers.*.user = dynamic",
        "servers.*.share = shared",
        "servers.*.max_instances = 16",
        "servers.*.start = eager",
        "servers.*.idle_stop = never",
        "servers.*.start_timeout = 120s",
        "servers.*.request_timeout = 300s",
        "servers.*.drain_timeout = 1500ms",
        "servers.*.stop_timeout = 6s",
        "servers.*.probe_timeout = 2s",
        "servers.*.max_inflight = 64",
        "servers.*.max_inflight_session = 16",
        "servers.*.max_queue = 1M",
        "servers.*.queue_timeout = 10s",
        "servers.*.restart.policy = always",
        "servers.*.restart.burst = 5",
        "servers.*.restart.window = 60s",
        "servers.*.restart.long_burst = 20",
        "servers.*.restart.long_window = 1h",
        "servers.*.restart.backoff_min = 500ms",
        "servers.*.restart.backoff_max = 60s",
        "servers.*.restart.stable = 30s",
        "servers.*.restart.probe_min = 60s",
        "servers.*.restart.probe_max = 30m",
        "servers.*.health.interval = 30s",
        "servers.*.health.timeout = 10s",
        "servers.*.health.failures = 3",
        "servers.*.warmup = []",
        "servers.*.warmup[].tool = -",
        "servers.*.warmup[].arguments = {}",
        "servers.*.critical = false",
        "servers.*.overlap = false",
        "servers.*.flatten = false",
        "servers.*.tools.allow = [\"*\"]",
        "servers.*.tools.deny = []",
        "servers.*.tools.rename = {}",
        "servers.*.tools.describe = {}",
        "servers.*.prefix = (NAME__)",
        "servers.*.prompts.allow = [\"*\"]",
        "servers.*.prompts.deny = []",
        "servers.*.resources.allow = [\"*\"]",
        "servers.*.resources.deny = []",
        "servers.*.client.elicitation = false",
        "servers.*.client.sampling = false",
        "servers.*.client.roots = []",
        "servers.*.list_ttl = 0ms",
        "servers.*.sandbox.profile = standard",
        "servers.*.sandbox.degrade = (warn; strict: refuse)",
        "servers.*.sandbox.ro = []",
        "servers.*.sandbox.rw = []",
        "servers.*.sandbox.tmp = []",
        "servers.*.sandbox.net = (host; strict: none)",
        "servers.*.sandbox.net.allow = -",
        "servers.*.sandbox.unix = false",
        "servers.*.sandbox.memory = none",
        "servers.*.sandbox.pids = 512",
        "servers.*.sandbox.cpu = none",
        "servers.*.sandbox.nofile = 1024",
        "servers.*.sandbox.time = none",
        "servers.*.sandbox.tmp_size = 64M",
        "servers.*.sandbox.nice = 0",
        "servers.*.sandbox.oom_score_adj = 0",
        "servers.*.sandbox.cpu_weight = none",
        "servers.*.sandbox.io = {}",
        "servers.*.sandbox.io.*.rbps = none",
        "servers.*.sandbox.io.*.wbps = none",
        "servers.*.sandbox.io.*.riops = none",
        "servers.*.sandbox.io.*.wiops = none",
        "servers.*.sandbox.secrets = {}",
        "servers.*.sandbox.seccomp.allow = []",
        "servers.*.sandbox.seccomp.deny = []",
        "views = {}",
        "views.*.servers = -",
        "views.*.tools.allow = [\"*\"]",
        "views.*.tools.deny = []",
        "traces.endpoint = none",
        "traces.ratio = 0.01",
        "history.keep = 30d",
        "history.max = 64M",
        "alerts.crashes = 3",
        "alerts.window = 60s",
        "alerts.webhook = none",
        "alerts.webhook_secret = none",
};

static void test_promises(void **state UNUSED)
{
        size_t n = 0;
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                char text[256];
                if (row->internal)
                        continue;
                bool words = !row->def && row->def_text;
                (void)snprintf(text, sizeof(text), "%s = %s%s%s", row->path, words ? "(" : "",
                               row->def        ? row->def
                               : row->def_text ? row->def_text
                                               : "-",
                               words ? ")" : "");
                assert_true(n < ARRAY_SIZE(promised));
                assert_string_equal(text, promised[n++]);
        }
        assert_int_equal(n, ARRAY_SIZE(promised));
}

/* The defaults of the structs are those of the rows. */
static void test_defaults_in_structs(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = config_of("servers: {a: {command: x}}");
        const ServerConfig *s = config_server(c, 0);
        assert_int_equal(c->limits.max_body, 8 << 20);
        assert_int_equal(c->shutdown.drain, 1500 * NSEC_PER_MSEC);
        assert_int_equal(c->listen.n, 2);
        assert_string_equal(config_listen(c, 1)->address.value, "[::1]:7780");
        assert_int_equal(config_listen(c, 1)->mode, 0600);
        assert_int_equal(c->governor.starting, 0);
        assert_null(c->log.dir.value);
        assert_int_equal(c->traces.ratio, 10000);
        assert_int_equal(s->restart.burst, 5);
        assert_true(s->idle_stop == NSEC_NEVER);
        assert_true(s->sandbox.memory == PARSE_NONE && s->sandbox.cpu == PARSE_NONE);
        assert_int_equal(s->sandbox.profile, PROFILE_STANDARD);
        assert_int_equal(s->tools.allow.n, 1);
        assert_string_equal(s->user.value, "dynamic");
        assert_null(s->prefix.value);
        assert_true(s->resolved.uid == UINT64_MAX && s->resolved.gid == UINT64_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_owners),
                cmocka_unit_test(test_sections),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_promises),
                cmocka_unit_test(test_defaults_in_structs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
