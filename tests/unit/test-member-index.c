/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "jsonrpc/member-index.h"

static const struct {
        const char *place, *name;
} rows[_MEMBER_MAX] = {
#define M(id, place, name) {#place, (name)},
        ENVELOPE_MEMBERS(M)
#undef M
};

static const char *const places[_ENVELOPE_PLACE_MAX] = {
        [ENVELOPE_MESSAGE] = "MESSAGE",      [ENVELOPE_PARAMS] = "PARAMS",      [ENVELOPE_META] = "META",
        [ENVELOPE_RESULT_OBJECT] = "RESULT", [ENVELOPE_ERROR_OBJECT] = "ERROR",
};

static unsigned row_of(EnvelopePlace place, const char *name)
{
        for (unsigned i = 0; i < _MEMBER_MAX; i++)
                if (strcmp(rows[i].place, places[place]) == 0 && strcmp(rows[i].name, name) == 0)
                        return i;
        return _MEMBER_MAX;
}

/* Each name, in each place. */
static void test_rows(void **state UNUSED)
{
        for (unsigned i = 0; i < _MEMBER_MAX; i++)
                for (EnvelopePlace place = 0; place < _ENVELOPE_PLACE_MAX; place++)
                        assert_row(member_find(place, span_of(rows[i].name)) == row_of(place, rows[i].name),
                                   "%s in %s", rows[i].name, places[place]);
}

/* The same but for one byte, one byte less or one more is another name. */
static void test_near(void **state UNUSED)
{
        for (unsigned i = 0; i < _MEMBER_MAX; i++) {
                char name[64];
                size_t n = strlen(rows[i].name);
                assert_true(n < sizeof(name));
                for (EnvelopePlace place = 0; place < _ENVELOPE_PLACE_MAX; place++) {
                        for (size_t at = 0; at <= n; at++) {
                                memcpy(name, rows[i].name, n);
                                name[at] = name[at] == '~' ? '-' : '~';
                                assert_row(member_find(place, span_from(name, at == n ? n + 1 : n)) ==
                                                   _MEMBER_MAX,
                                           "%.*s", (int)n + 1, name);
                        }
                        assert_int_equal(member_find(place, span_from(rows[i].name, n - 1)), _MEMBER_MAX);
                }
        }
}

static void test_length(void **state UNUSED)
{
        char name[300];
        memset(name, 'a', sizeof(name));
        for (size_t n = 0; n <= sizeof(name); n++)
                for (EnvelopePlace place = 0; place < _ENVELOPE_PLACE_MAX; place++)
                        assert_int_equal(member_find(place, span_from(name, n)), _MEMBER_MAX);
        assert_int_equal(member_find(ENVELOPE_MESSAGE, SPAN_NONE), _MEMBER_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_near),
                cmocka_unit_test(test_length),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
