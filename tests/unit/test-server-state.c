/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "control/server-state.h"

/* The words of the contract, in its order. */
static const char *const states[] = {"idle",    "starting", "ready",   "draining", "stopping",
                                     "backoff", "degraded", "probing", "stopped",  "stuck"};
static const char *const classes[] = {"planned",  "clean",          "error",          "signal",
                                      "oom",      "exec-permanent", "host-transient", "start-timeout",
                                      "protocol", "unresponsive"};
static const char *const breakers[] = {"closed", "open", "half-open"};
static const char *const daemon_states[] = {"starting", "running", "draining", "stopping"};

static void test_states(void **state UNUSED)
{
        assert_int_equal(ARRAY_SIZE(states), SERVER_STATE_FREED);
        for (ServerState s = 0; s < SERVER_STATE_FREED; s++) {
                assert_string_equal(server_state_name(s), states[s]);
                assert_int_equal(server_state_from_name(span_of(states[s])), s);
                assert_true(strlen(server_state_doc(s)) > 10);
        }
        assert_string_equal(server_state_name(SERVER_STATE_FREED), "freed");
        assert_non_null(server_state_doc(SERVER_STATE_FREED));
}

static void test_no_state(void **state UNUSED)
{
        static const char *const none[] = {"", "freed", "Ready", "read", "readyy", " ready"};
        for (size_t i = 0; i < ARRAY_SIZE(none); i++)
                assert_int_equal(server_state_from_name(span_of(none[i])), _SERVER_STATE_INVALID);
        assert_int_equal(server_state_from_name(SPAN_NONE), _SERVER_STATE_INVALID);
}

static void test_others(void **state UNUSED)
{
        assert_int_equal(ARRAY_SIZE(classes), _EXIT_CLASS_MAX);
        for (ExitClass c = 0; c < _EXIT_CLASS_MAX; c++) {
                assert_string_equal(exit_class_name(c), classes[c]);
                assert_true(strlen(exit_class_doc(c)) > 10);
        }
        assert_int_equal(ARRAY_SIZE(breakers), _BREAKER_MAX);
        for (BreakerState b = 0; b < _BREAKER_MAX; b++)
                assert_string_equal(breaker_name(b), breakers[b]);
        assert_int_equal(ARRAY_SIZE(daemon_states), _DAEMON_STATE_MAX);
        for (DaemonState d = 0; d < _DAEMON_STATE_MAX; d++)
                assert_string_equal(daemon_state_name(d), daemon_states[d]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_no_state),
                cmocka_unit_test(test_others),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
