/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text where a client gives back what we gave it: a session's id, an
 * event's id, a cursor. Only what we gave is taken, and it is taken byte for
 * byte; a token of ours with the input laid over it (XOR) is another token.
 */
#include "fuzz.h"
#include "gateway/session.h"
#include "mcp/cursor.h"

static const SessionOps ops;
static const uint8_t key[CURSOR_KEY] = "not a secret";

/* True: nothing was changed. */
static bool lay_over(char *text, size_t n, Span input)
{
        bool same = true;
        for (size_t i = 0; i < MIN(n, input.len); i++) {
                text[i] ^= input.ptr[i];
                same = same && input.ptr[i] == '\0';
        }
        return same;
}

static void check_session(Span input)
{
        static TimerHeap timers;
        static SessionTable t;
        static Session *s;
        char id[SESSION_ID];
        if (!s)
                FUZZ_CHECK(session_table_init(&t, &timers, &ops) == 0 &&
                           session_table_limit(&t, 1, 1, 0) == 0 && session_new(&t, 0, &s) == 0);
        memcpy(id, s->id, sizeof(id));
        FUZZ_CHECK(lay_over(id, sizeof(id), input) == (session_find(&t, span_from(id, sizeof(id))) == s));
        FUZZ_CHECK(!session_find(&t, input) || span_equal(input, span_of(s->id)));
}

static void check_event(Span input)
{
        char id[EVENT_ID_SIZE];
        uint32_t stream;
        uint64_t number;
        if (!event_id_parse(input, &stream, &number))
                return;
        event_id_write(stream, number, id);
        FUZZ_CHECK(span_equal(input, span_of(id)));
}

static void check_cursor(Span input)
{
        Cursor c = {.list = 1}, read;
        char text[CURSOR_SIZE];
        memcpy(&c.edition, input.ptr, MIN(input.len, sizeof(c.edition)));
        cursor_write(key, &c, text);
        size_t n = strlen(text);
        FUZZ_CHECK(lay_over(text, n, span_skip(input, 8)) == cursor_read(key, span_from(text, n), &read));
        if (!cursor_read(key, input, &read))
                return;
        cursor_write(key, &read, text);
        FUZZ_CHECK(span_equal(input, span_of(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span input = span_from((const char *)data, size);
        check_session(input);
        check_event(input);
        if (size)
                check_cursor(input);
        return 0;
}
