/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/base64.h"

static void check(Base64 kind, Span bytes, const char *want)
{
        char text[64];
        uint8_t back[64];
        size_t n = base64_encode(kind, bytes, text), n_back = 99;
        assert_true(n <= BASE64_LENGTH(bytes.len));
        assert_span_equal(span_from(text, n), span_of(want));
        assert_true(base64_decode(kind, span_from(text, n), back, &n_back));
        assert_span_equal(span_from((const char *)back, n_back), bytes);
}

/* The examples of RFC 4648. */
static void test_rfc(void **state UNUSED)
{
        static const struct {
                const char *bytes, *plain, *url;
        } rows[] = {
                {"", "", ""},
                {"f", "Zg==", "Zg"},
                {"f"
                 "o",
                 "Zm8=", "Zm8"},
                {"foo", "Zm9v", "Zm9v"},
                {"foob", "Zm9vYg==", "Zm9vYg"},
                {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                {"\xfb\xff\xbf", "+/+/", "-_-_"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                check(BASE64_PLAIN, span_of(rows[i].bytes), rows[i].plain);
                check(BASE64_URL, span_of(rows[i].bytes), rows[i].url);
        }
}

static void test_refused(void **state UNUSED)
{
        static const char *const plain[] = {"Z",    "Zg",   "Zg=",   "Zg===",      "=",       "==",
                                            "====", "Zh==", "Zm9=",  "Zg==Zg==",   "Zm 9v",   "Zm9v\n",
                                            "-_-_", "Z=g=", "Zm9vY", "\xc3\xa9==", "Zm9v===="};
        static const char *const url[] = {"Z",     "Zg==", "Zh",   "Zm9",  "+/+/",
                                          "Zm9vY", "Zm8=", " Zm8", "Zm9.", "="};
        uint8_t bytes[32];
        size_t n = 99;
        for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
                assert_row(!base64_decode(BASE64_PLAIN, span_of(plain[i]), bytes, &n), "%s", plain[i]);
        for (size_t i = 0; i < ARRAY_SIZE(url); i++)
                assert_row(!base64_decode(BASE64_URL, span_of(url[i]), bytes, &n), "%s", url[i]);
        assert_int_equal(n, 99);
}

/* Any bytes come back; a text with one character changed is other bytes or none. */
static void test_random(void **state UNUSED)
{
        SeededRandom random;
        uint8_t bytes[33], back[64];
        char text[64];
        size_t n_back;
        test_random_init(&random);
        for (unsigned round = 0; round < 2000; round++) {
                Base64 kind = round & 1 ? BASE64_PLAIN : BASE64_URL;
                size_t n = 1 + random_below(&random.random, sizeof(bytes));
                test_random_bytes(&random.random, bytes, n);
                Span given = span_from((const char *)bytes, n);
                size_t length = base64_encode(kind, given, text), at = random_below(&random.random, length);
                assert_true(base64_decode(kind, span_from(text, length), back, &n_back));
                assert_span_equal(span_from((const char *)back, n_back), given);
                text[at] ^= 1;
                if (base64_decode(kind, span_from(text, length), back, &n_back))
                        assert_false(span_equal(span_from((const char *)back, n_back), given));
                text[at] ^= 1;
                assert_true(base64_decode(kind, span_from(text, length), (uint8_t *)text,
                                          &n_back)); /* in place */
                assert_span_equal(span_from(text, n_back), given);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rfc),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_random),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
