/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "mcp/cursor.h"

static const uint8_t key[CURSOR_KEY] = {1, 2, 3}, other_key[CURSOR_KEY] = {1, 2, 3, [31] = 1};

static void check_mac(Span with, Span text, const char *want, size_t n)
{
        uint8_t mac[SHA256_SIZE];
        char hex[2 * SHA256_SIZE + 1];
        hmac_sha256(with, text, mac);
        for (size_t i = 0; i < SHA256_SIZE; i++)
                (void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
        assert_row(strlen(want) == n && strncmp(hex, want, n) == 0, "%s", hex);
}

/* The examples of RFC 4231. */
static void test_hmac(void **state UNUSED)
{
        char a[131], dd[50], cd[50], key4[25];
        memset(a, 0xaa, sizeof(a));
        memset(dd, 0xdd, sizeof(dd));
        memset(cd, 0xcd, sizeof(cd));
        for (size_t i = 0; i < sizeof(key4); i++)
                key4[i] = (char)(i + 1);
        check_mac(SPAN("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
                  SPAN("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", 64);
        check_mac(SPAN("Jefe"), SPAN("what do ya want for nothing?"),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 64);
        check_mac(span_from(a, 20), span_from(dd, 50),
                  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", 64);
        check_mac(span_from(key4, 25), span_from(cd, 50),
                  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b", 64);
        check_mac(SPAN("\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c"),
                  SPAN("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b", 32);
        check_mac(span_from(a, 131), SPAN("Test Using Larger Than Block-Size Key - Hash Key First"),
                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", 64);
        check_mac(span_from(a, 131),
                  SPAN("This is a test using a larger than block-size key and a larger than block-size data. "
                       "The key "
                       "needs to be hashed before being used by the HMAC algorithm."),
                  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2", 64);
        check_mac(SPAN_NONE, SPAN_NONE, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
                  64);
}

static void assert_cursor(const Cursor *got, const Cursor *want)
{
        assert_int_equal(got->list, want->list);
        assert_int_equal(got->offset, want->offset);
        assert_true(got->edition == want->edition);
}

static void test_round(void **state UNUSED)
{
        static const Cursor rows[] = {{0},
                                      {3, 100, 7},
                                      {UINT32_MAX, UINT32_MAX, UINT64_MAX},
                                      {0, 0x01020304, 0x0102030405060708},
                                      {1, 0, 1ULL << 63}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char text[CURSOR_SIZE];
                Cursor got = {9, 9, 9};
                cursor_write(key, &rows[i], text);
                assert_int_equal(strlen(text), 43);
                assert_int_equal(
                        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
                assert_true(cursor_read(key, span_of(text), &got));
                assert_cursor(&got, &rows[i]);
                assert_false(cursor_read(other_key, span_of(text), &got));
        }
}

/* A cursor that a client keeps over a restart with the same key is the same. */
static void test_form(void **state UNUSED)
{
        char text[CURSOR_SIZE];
        cursor_write(key, &(Cursor){2, 50, 4}, text);
        assert_memory_equal(text, "AAAAAgAAADIAAAAAAAAABC", 21);
}

/* Cut, made longer, and with any one character changed into any other: none of ours. */
static void test_forged(void **state UNUSED)
{
        char text[CURSOR_SIZE], longer[CURSOR_SIZE + 1];
        Cursor got = {9, 9, 9};
        const Cursor given = {1, 200, 3};
        cursor_write(key, &given, text);
        size_t n = strlen(text);
        for (size_t i = 0; i < n; i++)
                assert_false(cursor_read(key, span_from(text, i), &got));
        (void)snprintf(longer, sizeof(longer), "%sA", text);
        assert_false(cursor_read(key, span_of(longer), &got));
        (void)snprintf(longer, sizeof(longer), "%s=", text);
        assert_false(cursor_read(key, span_of(longer), &got));
        for (size_t i = 0; i < n; i++)
                for (int c = 0; c < 256; c++) {
                        char was = text[i];
                        if ((char)c == was)
                                continue;
                        text[i] = (char)c;
                        assert_row(!cursor_read(key, span_of(text), &got), "%zu: %d", i, c);
                        text[i] = was;
                }
        assert_false(cursor_read(key, SPAN_NONE, &got));
        assert_cursor(&got, &(Cursor){9, 9, 9});
        assert_true(cursor_read(key, span_of(text), &got));
        assert_cursor(&got, &given);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hmac),
                cmocka_unit_test(test_round),
                cmocka_unit_test(test_form),
                cmocka_unit_test(test_forged),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
