/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/sha256.h"

static void check(Span s, const char *want)
{
        uint8_t sum[SHA256_SIZE + 1];
        char hex[2 * SHA256_SIZE + 1];
        sum[SHA256_SIZE] = 0x5a;
        sha256(s, sum);
        assert_int_equal(sum[SHA256_SIZE], 0x5a);
        for (size_t i = 0; i < SHA256_SIZE; i++)
                (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
        assert_row(strcmp(hex, want) == 0, "%zu bytes: %s", s.len, hex);
}

/* The examples of FIPS 180-4. */
static void test_fips(void **state UNUSED)
{
        check(SPAN("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        check(SPAN("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
                   "lmnopqrsmnopqrstnopqrstu"),
              "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
        check(SPAN(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(SPAN_NONE, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* n times 'a', around the lengths where the padding needs another block. */
static void test_lengths(void **state UNUSED)
{
        static const struct {
                size_t n;
                const char *want;
        } rows[] = {
                {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
                {54, "a3f01b6939256127582ac8ae9fb47a382a244680806a3f613a118851c1ca1d47"},
                {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
                {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
                {57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
                {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
                {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
                {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
                {118, "879dc4f05b19ebc3b037f4683633df1332b054cf52fa372d323c421cb893a2aa"},
                {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
                {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
                {121, "e9615320128cc7a3d6078e9af05603188e5ccbf0d07d8b735d3df5e8e0c1281f"},
                {127, "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a"},
                {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
                {129, "c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"},
                {1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
                {1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char *text = malloc(rows[i].n); /* exact: a byte read past it is seen */
                assert_non_null(text);
                memset(text, 'a', rows[i].n);
                check(span_from(text, rows[i].n), rows[i].want);
                free(text);
        }
}

/* Bytes with the top bit, which a signed char would spoil, and off alignment. */
static void test_bytes(void **state UNUSED)
{
        char bytes[257];
        for (size_t i = 0; i < 256; i++)
                bytes[i + 1] = (char)i;
        check(span_from(bytes + 1, 256), "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
        memset(bytes, 0xff, sizeof(bytes));
        check(span_from(bytes + 1, 55), "aadaed00a3c5fbb8072ae7f1984ba8199fbe5272de427d11eaf31583af37db51");
        check(span_from(bytes + 1, 64), "8667e718294e9e0df1d30600ba3eeb201f764aad2dad72748643e4a285e1d1f7");
}

/* Cut anywhere, in up to three pieces: the same. */
static void test_pieces(void **state UNUSED)
{
        char bytes[200];
        uint8_t want[SHA256_SIZE], got[SHA256_SIZE];
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)i;
        sha256(span_from(bytes, sizeof(bytes)), want);
        for (size_t a = 0; a <= sizeof(bytes); a++)
                for (size_t b = a; b <= sizeof(bytes); b++) {
                        Sha256 s;
                        sha256_begin(&s);
                        sha256_add(&s, span_from(bytes, a));
                        sha256_add(&s, SPAN_NONE);
                        sha256_add(&s, span_from(bytes + a, b - a));
                        sha256_add(&s, span_from(bytes + b, sizeof(bytes) - b));
                        sha256_end(&s, got);
                        assert_row(memcmp(got, want, sizeof(want)) == 0, "%zu, %zu", a, b);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fips),
                cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_pieces),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
