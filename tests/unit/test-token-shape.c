/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <time.h>

#include "config/token-shape.h"

typedef struct TokenRow {
        const char *prefix;
        size_t least;
        const char *kind;
} TokenRow;

/* Put together here, so that no scanner takes this file for a leak. */
static Span make_token(char *text, size_t size, const char *prefix, size_t n)
{
        int k = snprintf(text, size, "%s", prefix);
        memset(text + k, 'a', n);
        text[(size_t)k + n] = '\0';
        return span_from(text, (size_t)k + n);
}

static void test_shapes(void **state UNUSED)
{
        static const TokenRow rows[] = {
                {"ghp_", 30, "GitHub"},          {"gho_", 30, "GitHub"},     {"ghu_", 30, "GitHub"},
                {"ghs_", 30, "GitHub"},          {"ghr_", 30, "GitHub"},     {"github_pat_", 30, "GitHub"},
                {"glpat-", 20, "GitLab"},        {"AKIA", 16, "AWS"},        {"ASIA", 16, "AWS"},
                {"sk-ant-", 20, "Anthropic"},    {"sk-proj-", 20, "OpenAI"}, {"sk-", 32, "OpenAI-like"},
                {"sk_live_", 16, "Stripe"},      {"rk_live_", 16, "Stripe"}, {"xoxb-", 20, "Slack"},
                {"xoxp-", 20, "Slack"},          {"xoxa-", 20, "Slack"},     {"xoxs-", 20, "Slack"},
                {"xapp-", 20, "Slack"},          {"AIza", 35, "Google"},     {"npm_", 30, "npm"},
                {"pypi-", 40, "PyPI"},           {"hf_", 30, "Hugging"},     {"SG.", 40, "SendGrid"},
                {"dop_v1_", 40, "DigitalOcean"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char text[128], longer[256];
                const char *kind = token_shape(make_token(text, sizeof(text), rows[i].prefix, rows[i].least));
                assert_row(kind && strstr(kind, rows[i].kind), "%s: %s", rows[i].prefix,
                           kind ? kind : "nothing");
                (void)snprintf(longer, sizeof(longer), "Bearer %s, and more", text);
                assert_row(token_shape(span_of(longer)), "%s inside", rows[i].prefix);
                (void)snprintf(longer, sizeof(longer), "x%s", text);
                assert_row(!token_shape(span_of(longer)), "%s in a word", rows[i].prefix);
                make_token(text, sizeof(text), rows[i].prefix, rows[i].least - 1);
                assert_row(!token_shape(span_of(text)), "%s too short", rows[i].prefix);
        }
}

static void test_other_shapes(void **state UNUSED)
{
        assert_non_null(token_shape(SPAN("-----BEGIN RSA PRIVATE"
                                         " KEY-----\nabc")));
        assert_non_null(token_shape(SPAN("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl")));
        assert_null(token_shape(SPAN("eyJhbGciOiJI.eyJzdWIiOiIx.short")));
        assert_null(token_shape(SPAN("eyJhbGciOiJI.xxxxdWIiOiIx.c2lnbmF0dXJl")));
        assert_null(token_shape(SPAN("eyJhb.eyJzdWIiOiIx.c2lnbmF0dXJlxx")));
        assert_null(token_shape(SPAN("eyJhbGciOiJI.eyJz.c2lnbmF0dXJlxxxxx")));
        assert_null(token_shape(SPAN("-----BEGIN PUBLIC KEY-----")));
        assert_null(token_shape(SPAN("an innocent sentence with words in it")));
        assert_null(token_shape(SPAN("")));
        assert_null(token_shape(SPAN_NONE));
        assert_null(token_shape(SPAN("sk-")));
}

static void test_names(void **state UNUSED)
{
        static const char *const secret[] = {"TOKEN",       "API_KEY",    "api_key",    "GITHUB_TOKEN",
                                             "DB_PASSWORD", "MY_PAT_2",   "SENTRY_DSN", "KEY",
                                             "APIKEY",      "A_SECRET_B", "CREDENTIALS"};
        static const char *const plain[] = {"PATH", "KEYBOARD", "MONKEY", "TOKENS", "PATTERN",
                                            "HOME", "",         "_",      "A__B"};
        for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
                assert_row(token_name(span_of(secret[i])), "%s", secret[i]);
        for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
                assert_row(!token_name(span_of(plain[i])), "%s", plain[i]);
}

/* What begins like a token again and again costs a look at each place, not at all the rest each time. */
static void test_cost(void **state UNUSED)
{
        enum { SIZE = 1024 * 1024 };
        static const char *const rows[] = {"eyJ-", "sk-", "xapp-", "SG.", "eyJaaaaaaaaa.eyJ-"};
        CLEANUP_FREE char *text = malloc(SIZE);
        assert_non_null(text);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t n = strlen(rows[i]);
                for (size_t k = 0; k < SIZE; k++)
                        text[k] = rows[i][k % n];
                clock_t begin = clock(); /* of this process alone: others may be at work, too */
                (void)token_shape(span_from(text, SIZE));
                clock_t took = clock() - begin;
                assert_row(took < 20 * CLOCKS_PER_SEC, "%s: %ld ms", rows[i],
                           (long)(took / (CLOCKS_PER_SEC / 1000)));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shapes),
                cmocka_unit_test(test_other_shapes),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_cost),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
