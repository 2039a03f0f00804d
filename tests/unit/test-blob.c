/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include "base/limit-table.h"
#include "base/wire.h"
#include "config/blob.h"
#include "config/diff.h"
#include "config/value.h"

enum {
        AT_VIEW = 4, /* offsets in the head: magic, view, fingerprint */
        AT_FINGERPRINT = 8,
        HEAD = 16,
        MUTATIONS = 200000,
};

static void make_config(Random *random, Config **ret)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        Loaded l;
        make_yaml(random, MAKE_SECRETS | MAKE_REFERENCES, &text);
        load_span(buf_span(&text), make_rows, true, &l);
        assert_valid(&l);
        *ret = TAKE_PTR(l.config);
        loaded_done(&l);
}

/* A snapshot with something of everything, and small. */
static Config *small_config(void)
{
        return config_of(
                "listen: [{address: \"unix:/x\", group: g}]\n"
                "auth: {tokens: [{name: n, hash: "
                "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}]}\n"
                "servers:\n"
                "  a: {command: x, args: [b, \"\"], env: {A: b, API_KEY: hush}, warmup: [{tool: t}],\n"
                "      sandbox: {io: {/d: {rbps: 1M}}, net: {allow: [\"h:1\"]}, nice: -3, secrets: {s: t}}}\n"
                "  b: {command: y}\n"
                "views: {v: {servers: [a]}}\n"
                "alerts: {webhook_secret: hush2}\n");
}

static void encode(const Config *c, SchemaView view, Buf *ret)
{
        *ret = BUF_INIT(LIMIT_CONFIG_BLOB);
        assert_int_equal(config_encode(c, view, ret), 0);
}

static void assert_round(const Config *c, SchemaView view)
{
        CLEANUP(config_unref_p) Config *back = NULL;
        Buf a, b;
        encode(c, view, &a);
        assert_int_equal(config_decode(buf_span(&a), view, &back), 0);
        encode(back, view, &b);
        assert_span_equal(buf_span(&b), buf_span(&a));
        if (view == VIEW_BOTH)
                assert_true(config_equal(c, back));
        buf_done(&a);
        buf_done(&b);
}

static void test_random(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 400; round++) {
                CLEANUP(config_unref_p) Config *c = NULL;
                make_config(&random.random, &c);
                assert_round(c, VIEW_SUPERVISOR);
                assert_round(c, VIEW_GATEWAY);
                assert_round(c, VIEW_BOTH);
        }
}

/* Each view has its own rows as they are, and the defaults of all others. */
static void test_views(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = small_config(), *sup = NULL, *gw = NULL;
        Buf a, b;
        encode(c, VIEW_SUPERVISOR, &a);
        encode(c, VIEW_GATEWAY, &b);
        assert_int_equal(config_decode(buf_span(&a), VIEW_SUPERVISOR, &sup), 0);
        assert_int_equal(config_decode(buf_span(&b), VIEW_GATEWAY, &gw), 0);

        assert_string_equal(config_server(sup, 0)->command.value, "x");
        assert_true(config_server(sup, 0)->env.items[1].text.secret);
        assert_false(config_server(sup, 0)->env.items[0].text.secret);
        assert_int_equal(config_server(sup, 0)->sandbox.nice, -3);
        assert_int_equal(config_server(sup, 0)->warmup.n, 0);
        assert_int_equal(sup->views.n, 0);

        assert_int_equal(gw->servers.n, 2);
        assert_string_equal(config_server(gw, 1)->head.name, "b");
        assert_null(config_server(gw, 0)->command.value);
        assert_int_equal(config_server(gw, 0)->env.n, 0);
        assert_int_equal(config_server(gw, 0)->sandbox.nice, 0);
        assert_int_equal(config_server(gw, 0)->restart.burst, 5);
        assert_int_equal(config_server(gw, 0)->warmup.n, 1);
        assert_int_equal(gw->views.n, 1);
        assert_null(gw->alerts.webhook_secret.value);

        static const char *const hidden[] = {"hush", "API_KEY", "hush2"};
        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
                assert_true(span_find_span(buf_span(&b), span_of(hidden[i])) == b.len);
                assert_true(span_find_span(buf_span(&a), span_of(hidden[i])) < a.len);
        }
        buf_done(&a);
        buf_done(&b);
}

static void assert_refused(Span bytes, SchemaView view, int error)
{
        Config *c = (Config *)(uintptr_t)1;
        assert_int_equal(config_decode(bytes, view, &c), error);
        assert_ptr_equal(c, (Config *)(uintptr_t)1);
}

static void test_head(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = small_config();
        CLEANUP_FREE char *huge = calloc(1, LIMIT_CONFIG_BLOB + 1);
        Buf b;
        encode(c, VIEW_SUPERVISOR, &b);
        assert_refused(buf_span(&b), VIEW_GATEWAY, -EBADMSG);
        assert_refused(buf_span(&b), VIEW_BOTH, -EBADMSG);
        b.data[AT_FINGERPRINT] ^= 1;
        assert_refused(buf_span(&b), VIEW_SUPERVISOR, -ESTALE);
        b.data[AT_FINGERPRINT] ^= 1;
        b.data[0] ^= 1;
        assert_refused(buf_span(&b), VIEW_SUPERVISOR, -EBADMSG);
        b.data[0] ^= 1;
        b.data[AT_VIEW] ^= 1;
        assert_refused(buf_span(&b), VIEW_SUPERVISOR, -EBADMSG);
        b.data[AT_VIEW] ^= 1;
        assert_int_equal(buf_append_char(&b, 0), 0);
        assert_refused(buf_span(&b), VIEW_SUPERVISOR, -EBADMSG);
        assert_refused(SPAN_NONE, VIEW_SUPERVISOR, -EBADMSG);
        assert_non_null(huge);
        memcpy(huge, b.data, b.len - 1);
        assert_refused(span_from(huge, LIMIT_CONFIG_BLOB + 1), VIEW_SUPERVISOR, -EBADMSG);
        assert_true(config_fingerprint() == config_fingerprint() && config_fingerprint() != 0);
        buf_done(&b);
}

static void test_truncated(void **state UNUSED)
{
        static const SchemaView views[] = {VIEW_SUPERVISOR, VIEW_GATEWAY, VIEW_BOTH};
        CLEANUP(config_unref_p) Config *c = small_config();
        for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
                Buf b;
                encode(c, views[i], &b);
                for (size_t n = 0; n < b.len; n++) {
                        CLEANUP_FREE char *part =
                                malloc(n + 1); /* its own size, so that ASan sees a step too far */
                        assert_non_null(part);
                        memcpy(part, b.data, n);
                        assert_refused(span_from(part, n), views[i], -EBADMSG);
                }
                buf_done(&b);
        }
}

static bool is_whole(const SchemaRow *row, const void *object);

static bool is_whole_group(const SchemaRow *row, const ConfigGroup *g)
{
        for (size_t i = 0; i < g->n; i++) {
                const void *item = (const char *)g->items + i * schema_owner_size(row->group);
                const ConfigHead *head = item;
                if (row->named && (!head->name || row->check_name(span_of(head->name))))
                        return false;
                for (const SchemaRow *r = schema_first(row->group); r; r = schema_next(r))
                        if (!is_whole(r, item))
                                return false;
        }
        return true;
}

static bool is_whole(const SchemaRow *row, const void *object)
{
        const void *field = value_field(row, object);
        const ConfigText *text = field;
        if (row->type == TYPE_DEFAULTS)
                return true;
        if (row->type == TYPE_GROUPS)
                return is_whole_group(row, field);
        if (value_is_scalar(row))
                return value_in_bounds(row, field);
        if (row->type == TYPE_TEXT && text->value && row->check)
                return !row->check(span_of(text->value));
        return true;
}

/* Whatever a flipped byte gives is refused, or a snapshot as good as any from a file. */
static void assert_survives(Span bytes, SchemaView view)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        Buf again;
        int r = config_decode(bytes, view, &c);
        if (r < 0) {
                assert_true(r == -EBADMSG || r == -ESTALE);
                assert_null(c);
                return;
        }
        for (const SchemaRow *row = schema_first(OWNER_ROOT); row; row = schema_next(row))
                assert_row(is_whole(row, c), "%s", row->path);
        encode(c, view, &again);
        assert_span_equal(buf_span(&again), bytes);
        buf_done(&again);
}

static void mutate(Random *random, SchemaView view, int rounds)
{
        CLEANUP(config_unref_p) Config *c = small_config();
        Buf b;
        encode(c, view, &b);
        for (int round = 0; round < rounds; round++) {
                size_t at = HEAD / 2 + random_below(random, b.len - HEAD / 2);
                char before = b.data[at];
                b.data[at] = random_below(random, 2) ? (char)random_next(random)
                                                     : (char)(before ^ (1 << random_below(random, 8)));
                assert_survives(buf_span(&b), view);
                b.data[at] = before;
        }
        buf_done(&b);
}

static void test_mutated(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        mutate(&random.random, VIEW_BOTH, MUTATIONS / 2);
        mutate(&random.random, VIEW_SUPERVISOR, MUTATIONS / 4);
        mutate(&random.random, VIEW_GATEWAY, MUTATIONS / 4);
}

/* Noise behind a good head. */
static void test_noise(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 2000; round++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(1024);
                char noise[300];
                test_random_bytes(&random.random, noise, sizeof(noise));
                assert_int_equal(wire_put_u32(&b, 0x4743564d), 0);
                assert_int_equal(wire_put_u32(&b, VIEW_SUPERVISOR), 0);
                assert_int_equal(wire_put_u64(&b, config_fingerprint()), 0);
                assert_int_equal(buf_append(&b, noise, random_below(&random.random, sizeof(noise))), 0);
                assert_survives(buf_span(&b), VIEW_SUPERVISOR);
        }
}

static int encode_it(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_BLOB);
        return config_encode(arg, VIEW_BOTH, &b);
}

static int decode_it(void *arg)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        return config_decode(buf_span(arg), VIEW_BOTH, &c);
}

static void test_out_of_memory(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = small_config();
        Buf b;
        oom_each(encode_it, c);
        encode(c, VIEW_BOTH, &b);
        oom_each(decode_it, &b);
        buf_done(&b);
}

static void test_full(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = small_config();
        Buf whole;
        encode(c, VIEW_BOTH, &whole);
        for (size_t cap = 0; cap < whole.len; cap += 1 + cap / 64) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                assert_int_equal(config_encode(c, VIEW_BOTH, &b), -ENOBUFS);
        }
        buf_done(&whole);
}

/* As many servers as there may be: in time, and within the cap. */
static void test_many(void **state UNUSED)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_append_str(&text, "servers:\n"), 0);
        for (int i = 0; i < 1000; i++)
                assert_int_equal(buf_appendf(&text, "  s%d: {command: x, args: [\"%d\"]}\n", i, i), 0);
        CLEANUP(config_unref_p) Config *c = config_of(text.data);
        assert_int_equal(c->servers.n, 1000);
        assert_round(c, VIEW_SUPERVISOR);
        assert_round(c, VIEW_GATEWAY);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_views),         cmocka_unit_test(test_head),
                cmocka_unit_test(test_truncated),     cmocka_unit_test(test_random),
                cmocka_unit_test(test_mutated),       cmocka_unit_test(test_noise),
                cmocka_unit_test(test_full),          cmocka_unit_test(test_many),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
