/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "ipc/message.h"

/* A message as it travels: the largest struct, and room for more text than any may have. */
typedef union Any {
        IpcHeader header;
        IpcHello hello;
        IpcUp up;
        IpcListener listener;
        IpcCatalogue catalogue;
        IpcInstanceUp instance_up;
        IpcInstanceDown down;
        IpcServerState state;
        IpcWantRefused refused;
        IpcInstanceReady ready;
        IpcInstanceFailed failed;
        IpcWant want;
        IpcRelease release;
        char bytes[2 * IPC_TEXT_MAX];
} Any;

/* All zero is a valid message of each type. */
static Any any_of(IpcType type)
{
        Any m = {0};
        m.header = (IpcHeader){type, ipc_type(type)->size};
        return m;
}

static bool valid(const Any *m)
{
        const IpcTypeRow *row = ipc_type(m->header.type);
        return ipc_message_valid(span_from(m->bytes, m->header.length), row->fds_min, row->direction);
}

static void test_rows(void **state UNUSED)
{
        assert_null(ipc_type(IPC_NONE));
        assert_null(ipc_type(_IPC_TYPE_MAX));
        assert_null(ipc_type(UINT32_MAX));
        for (uint32_t a = 1; a < _IPC_TYPE_MAX; a++) {
                const IpcTypeRow *row = ipc_type(a);
                assert_non_null(row);
                assert_row(row->name && row->name[0], "%u", a);
                assert_row(row->size >= sizeof(IpcHeader) && row->size % 8 == 0, "%s", row->name);
                assert_row(row->fds_min <= row->fds_max && row->fds_max <= IPC_FDS_MAX, "%s", row->name);
                for (uint32_t b = 1; b < a; b++)
                        assert_string_not_equal(row->name, ipc_type(b)->name);
        }
}

static void test_every_type(void **state UNUSED)
{
        for (uint32_t type = 1; type < _IPC_TYPE_MAX; type++) {
                const IpcTypeRow *row = ipc_type(type);
                Any m = any_of(type);
                Span s = span_from(m.bytes, row->size);
                assert_row(ipc_message_valid(s, row->fds_min, row->direction), "%s", row->name);
                assert_row(ipc_message_valid(s, row->fds_max, row->direction), "%s", row->name);
                assert_row(!ipc_message_valid(s, row->fds_max + 1, row->direction), "%s", row->name);
                assert_row(!row->fds_min || !ipc_message_valid(s, row->fds_min - 1, row->direction), "%s",
                           row->name);
                assert_row(!ipc_message_valid(s, row->fds_min, !row->direction), "%s", row->name);
                assert_row(ipc_message_text(&m.header).len == 0, "%s", row->name);
                for (size_t n = 0; n < row->size; n++) {
                        m.header.length = (uint32_t)n;
                        assert_row(!ipc_message_valid(span_from(m.bytes, n), row->fds_min, row->direction),
                                   "%s, %zu bytes", row->name, n);
                }
        }
}

static void test_length(void **state UNUSED)
{
        Any m = any_of(IPC_PONG);
        const uint32_t lies[] = {0, 1, sizeof(IpcPing) - 1, sizeof(IpcPing) + 1, UINT32_MAX};
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
                m.header.length = lies[i];
                assert_false(ipc_message_valid(span_from(m.bytes, sizeof(IpcPing)), 0, IPC_TO_SUPERVISOR));
        }
        const uint32_t no_types[] = {IPC_NONE, _IPC_TYPE_MAX, UINT32_MAX};
        for (size_t i = 0; i < ARRAY_SIZE(no_types); i++) {
                m.header = (IpcHeader){no_types[i], sizeof(IpcPing)};
                assert_false(ipc_message_valid(span_from(m.bytes, sizeof(IpcPing)), 0, IPC_TO_SUPERVISOR));
        }
        assert_false(ipc_message_valid(SPAN_NONE, 0, IPC_TO_SUPERVISOR));
}

static void test_text(void **state UNUSED)
{
        for (uint32_t type = 1; type < _IPC_TYPE_MAX; type++) {
                const IpcTypeRow *row = ipc_type(type);
                Any m = any_of(type);
                memset(m.bytes + row->size, 'x', row->text_max + 1);
                m.header.length = row->size + row->text_max;
                assert_row(valid(&m), "%s", row->name);
                assert_row(ipc_message_text(&m.header).len == row->text_max, "%s", row->name);
                assert_row(ipc_message_text(&m.header).ptr == m.bytes + row->size, "%s", row->name);
                m.header.length++;
                assert_row(!valid(&m), "%s", row->name);
                m.header.length--;
                if (row->text_max == 0)
                        continue;
                m.bytes[m.header.length - 1] = '\0';
                assert_row(!valid(&m), "%s", row->name);
                m.bytes[m.header.length - 1] = 'x';
                m.bytes[row->size] = '\0';
                assert_row(!valid(&m), "%s", row->name);
        }
}

/* A field with the largest value that is allowed, or the smallest that is not. */
typedef struct WordRow {
        const char *what;
        IpcType type;
        size_t offset;
        uint32_t last, first_bad;
} WordRow;

#define WORD(t, s, field, good, bad)                                      \
        {                                                                 \
#t "." #field, IPC_##t, offsetof(s, field), (good), (bad) \
        }

static const WordRow words[] = {
        WORD(HELLO, IpcHello, log_level, 3, 4),
        WORD(HELLO, IpcHello, log_style, 2, 3),
        WORD(HELLO, IpcHello, log_journal, 1, 2),
        WORD(LISTENER_UP, IpcListener, kind, _IPC_LISTENER_MAX - 1, _IPC_LISTENER_MAX),
        WORD(LISTENER_UP, IpcListener, flags, 3, 4),
        WORD(LISTENER_UP, IpcListener, reserved, 0, 1),
        WORD(CATALOGUE, IpcCatalogue, reserved, 0, 1),
        WORD(CATALOGUE, IpcCatalogue, row, UINT32_MAX - 1, 0),
        WORD(INSTANCE_UP, IpcInstanceUp, flags, 7, 8),
        WORD(INSTANCE_UP, IpcInstanceUp, reserved, 0, 1),
        WORD(INSTANCE_DOWN, IpcInstanceDown, exit_class, 31, 32),
        WORD(INSTANCE_DOWN, IpcInstanceDown, code, 255, 256),
        WORD(INSTANCE_DOWN, IpcInstanceDown, code, UINT32_MAX, UINT32_MAX - 1), /* -1 and -2 */
        WORD(INSTANCE_DOWN, IpcInstanceDown, signal, 64, 65),
        WORD(INSTANCE_DOWN, IpcInstanceDown, signal, 0, UINT32_MAX),
        WORD(INSTANCE_DOWN, IpcInstanceDown, reserved, 0, UINT32_MAX),
        WORD(SERVER_STATE, IpcServerState, state, 31, 32),
        WORD(SERVER_STATE, IpcServerState, breaker, 31, 32),
        WORD(SERVER_STATE, IpcServerState, goal, 31, 32),
        WORD(SERVER_STATE, IpcServerState, exit_class, 31, 32),
        WORD(SERVER_STATE, IpcServerState, exit_class, UINT32_MAX, UINT32_MAX - 1),
        WORD(SERVER_STATE, IpcServerState, reserved, 0, 1),
        WORD(WANT_REFUSED, IpcWantRefused, answer, _IPC_WANT_MAX - 1, _IPC_WANT_MAX),
        WORD(INSTANCE_READY, IpcInstanceReady, era, _IPC_ERA_MAX - 1, _IPC_ERA_MAX),
        WORD(INSTANCE_FAILED, IpcInstanceFailed, failure, _IPC_FAILURE_MAX - 1, _IPC_FAILURE_MAX),
        WORD(INSTANCE_FAILED, IpcInstanceFailed, reserved, 0, 1),
        WORD(WANT, IpcWant, reserved, 0, 1),
        WORD(RELEASE, IpcRelease, reason, _IPC_RELEASE_MAX - 1, _IPC_RELEASE_MAX),
        WORD(RELEASE, IpcRelease, in_flight, UINT32_MAX, 0),
};

static void test_words(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                const WordRow *row = &words[i];
                Any m = any_of(row->type);
                memcpy(m.bytes + row->offset, &row->last, sizeof(row->last));
                assert_row(valid(&m), "%s = %u", row->what, row->last);
                if (row->first_bad == 0) /* any value will do */
                        continue;
                memcpy(m.bytes + row->offset, &row->first_bad, sizeof(row->first_bad));
                assert_row(!valid(&m), "%s = %u", row->what, row->first_bad);
        }
}

static void name_cases(IpcType type, size_t offset, size_t size)
{
        Any m = any_of(type);
        char *name = m.bytes + offset;
        memset(name, 'a', size - 1);
        assert_true(valid(&m));
        name[size - 1] = 'a'; /* no NUL */
        assert_false(valid(&m));
        name[size - 1] = '\0';
        name[1] = '\0'; /* something behind the NUL */
        assert_false(valid(&m));
        for (int c = 1; c < 256; c++) {
                memset(name, 0, size);
                name[0] = (char)c;
                assert_row(valid(&m) == (c >= 0x20 && c <= 0x7e), "byte %d", c);
        }
}

static void test_names(void **state UNUSED)
{
        name_cases(IPC_HELLO, offsetof(IpcHello, build_id), IPC_BUILD_ID);
        name_cases(IPC_UP, offsetof(IpcUp, build_id), IPC_BUILD_ID);
        name_cases(IPC_INSTANCE_READY, offsetof(IpcInstanceReady, protocol), 12);
}

/* Bytes need no alignment. */
static void test_unaligned(void **state UNUSED)
{
        Any m = any_of(IPC_RELEASE);
        char shifted[sizeof(IpcRelease) + 1];
        memcpy(shifted + 1, m.bytes, sizeof(IpcRelease));
        assert_true(ipc_message_valid(span_from(shifted + 1, sizeof(IpcRelease)), 0, IPC_TO_SUPERVISOR));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),      cmocka_unit_test(test_every_type),
                cmocka_unit_test(test_length),    cmocka_unit_test(test_text),
                cmocka_unit_test(test_words),     cmocka_unit_test(test_names),
                cmocka_unit_test(test_unaligned),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
