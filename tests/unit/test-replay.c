/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "base/buf.h"
#include "gateway/replay.h"

enum { HEAD = 16 }; /* bytes that a record takes beside its text */

static void add(Replay *l, uint32_t stream, const char *text, const char *want_id)
{
        char id[EVENT_ID_SIZE];
        Span whole = span_of(text), parts[3] = {span_first(whole, 1), SPAN_NONE, span_skip(whole, 1)};
        replay_add(l, stream, parts, 3, id);
        assert_string_equal(id, want_id);
}

static void add_last(Replay *l, uint32_t stream, const char *text, const char *want_id)
{
        char id[EVENT_ID_SIZE];
        const Span whole = span_of(text);
        replay_add_last(l, stream, &whole, 1, id);
        assert_string_equal(id, want_id);
}

static Span joined(const Span parts[2], char *room)
{
        if (parts[0].len)
                memcpy(room, parts[0].ptr, parts[0].len);
        if (parts[1].len)
                memcpy(room + parts[0].len, parts[1].ptr, parts[1].len);
        return span_from(room, parts[0].len + parts[1].len);
}

/* What comes after `number` in a stream, as "1:text 2:text", with "!" where something is missing. */
static void expect(Replay *l, uint32_t stream, uint64_t number, const char *want)
{
        CLEANUP(buf_done) Buf got = BUF_INIT(BUF_CAP_NONE);
        char room[8192];
        Span parts[2];
        bool lost = false, more = true;
        while (more) {
                more = replay_next(l, stream, &number, parts, &lost);
                Span text = more ? joined(parts, room) : SPAN_NONE;
                if (lost)
                        assert_int_equal(buf_append_char(&got, '!'), 0);
                if (more)
                        assert_int_equal(buf_appendf(&got, "%llu:%.*s ", (unsigned long long)number,
                                                     (int)text.len, text.ptr),
                                         0);
        }
        assert_string_equal(buf_text(&got), want);
}

/* As much as anybody wants. */
static ReplayBudget budget = {.max = SIZE_MAX / 2};

static void test_streams(void **state UNUSED)
{
        Replay l;
        char id[EVENT_ID_SIZE];
        replay_init(&l, 1000, &budget);
        expect(&l, 0, 0, "");
        assert_null(l.data);
        replay_first_id(&l, 3, id);
        assert_string_equal(id, "3-0");
        add(&l, 0, "a", "0-1");
        add(&l, 3, "b", "3-2");
        add(&l, 3, "", "3-3");
        add(&l, 0, "dd", "0-4");
        add(&l, UINT32_MAX, "e", "4294967295-5");
        expect(&l, 0, 0, "1:a 4:dd ");
        expect(&l, 0, 1, "4:dd ");
        expect(&l, 0, 3, "4:dd "); /* an id of another stream's event is a place all the same */
        expect(&l, 0, 4, "");
        expect(&l, 0, UINT64_MAX, "");
        expect(&l, 3, 0, "2:b 3: ");
        expect(&l, UINT32_MAX, 0, "5:e ");
        expect(&l, 7, 0, "");
        replay_done(&l);
        assert_null(l.data);
}

/* The oldest go first, and whose they were is known. */
static void test_full(void **state UNUSED)
{
        Replay l;
        replay_init(&l, 3 * (HEAD + 4), &budget);
        add(&l, 0, "aaaa", "0-1");
        add(&l, 1, "bbbb", "1-2");
        add(&l, 0, "cccc", "0-3");
        expect(&l, 0, 0, "1:aaaa 3:cccc ");
        add(&l, 2, "dddd", "2-4");
        expect(&l, 0, 0, "!3:cccc ");
        expect(&l, 0, 1, "3:cccc ");
        expect(&l, 1, 0, "2:bbbb ");
        add(&l, 2, "e", "2-5"); /* one that is smaller takes the place of one */
        expect(&l, 1, 0, "!");
        expect(&l, 1, 2, "");
        expect(&l, 0, 1, "3:cccc ");
        expect(&l, 2, 0, "4:dddd 5:e ");
        add(&l, 2, "ffffffffff", "2-6"); /* one that is larger, that of two */
        expect(&l, 0, 1, "!");
        expect(&l, 0, 3, "");
        expect(&l, 2, 0, "!5:e 6:ffffffffff ");
        replay_done(&l);
}

/* Of many streams that lose events, the last are known one by one, and stream 0 always. */
static void test_many_lose(void **state UNUSED)
{
        Replay l;
        char id[EVENT_ID_SIZE], last[EVENT_ID_SIZE];
        const Span text = SPAN("xxxx");
        replay_init(&l, HEAD + 4, &budget);
        add(&l, 0, "aaaa", "0-1");
        for (uint32_t i = 1; i <= 50; i++) {
                replay_first_id(&l, i, id);
                replay_add(&l, i, &text, 1, i < 50 ? id : last);
        }
        assert_string_equal(id, "50-50"); /* what went before it was here is nothing to it */
        expect(&l, 0, 0, "!");
        expect(&l, 0, 1, "");
        expect(&l, 49, 0, "!");
        expect(&l, 49, 50, "");
        expect(&l, 10, 0, "!"); /* long forgotten, so it may be */
        expect(&l, 10, 50, "");
        expect(&l, 50, 50, "51:xxxx ");
        replay_done(&l);
}

/* What does not fit has a number, and what stands before it in its stream is not told without it. */
static void test_too_large(void **state UNUSED)
{
        Replay l;
        replay_init(&l, 2 * (HEAD + 4), &budget);
        add(&l, 1, "aaaa", "1-1");
        add(&l, 2, "bbbb", "2-2");
        add(&l, 1, "0123456789012345678901234", "1-3");
        expect(&l, 1, 0, "!");
        expect(&l, 1, 2, "!");
        expect(&l, 1, 3, "");
        expect(&l, 2, 0, "2:bbbb ");
        add(&l, 1, "cc", "1-4"); /* in the place of what is forgotten */
        expect(&l, 1, 0, "!4:cc ");
        expect(&l, 1, 3, "4:cc ");
        expect(&l, 2, 0, "2:bbbb ");
        add(&l, 1, "012345678901234567890123", "1-5"); /* just fits, alone */
        expect(&l, 1, 4, "5:012345678901234567890123 ");
        expect(&l, 2, 0, "!");
        replay_done(&l);

        replay_init(&l, 0, &budget); /* replay: 0 */
        add(&l, 1, "", "1-1");
        add_last(&l, 1, "a", "1-2");
        expect(&l, 1, 0, "!");
        expect(&l, 1, 2, "");
        assert_null(l.data);
        replay_done(&l);
}

#define FORTY "0123456789012345678901234567890123456789"

/* Alone in the ring one may be over the cap: the first, and always the answer. */
static void test_alone(void **state UNUSED)
{
        Replay l;
        replay_init(&l, 2 * (HEAD + 4), &budget);
        add(&l, 1, FORTY, "1-1");
        expect(&l, 1, 0, "1:" FORTY " ");
        assert_int_equal(l.size, HEAD + 40);
        add(&l, 1, "aa", "1-2"); /* it goes for the next one, and the ring gets small again */
        expect(&l, 1, 0, "!2:aa ");
        assert_int_equal(l.size, 2 * (HEAD + 4));
        add(&l, 2, "bb", "2-3");
        add_last(&l, 1, FORTY, "1-4");
        expect(&l, 1, 0, "!4:" FORTY " ");
        expect(&l, 1, 2, "4:" FORTY " ");
        expect(&l, 2, 0, "!");
        add_last(&l, 3, FORTY FORTY, "3-5"); /* of several the last */
        expect(&l, 1, 2, "!");
        expect(&l, 3, 0, "5:" FORTY FORTY " ");
        add_last(&l, 4, FORTY, "4-6"); /* in the same memory */
        expect(&l, 4, 0, "6:" FORTY " ");
        add(&l, 4, FORTY, "4-7"); /* one that is no answer has to fit */
        expect(&l, 4, 0, "!");
        add_last(&l, 5, "cc", "5-8");
        add_last(&l, 5, "dddd", "5-9"); /* what fits leaves the others alone */
        expect(&l, 5, 0, "8:cc 9:dddd ");
        assert_int_equal(l.size, 2 * (HEAD + 4));
        replay_done(&l);

        replay_init(&l, 1, &budget); /* so little that nothing ever fits: one at a time */
        add(&l, 1, "", "1-1");
        expect(&l, 1, 0, "1: ");
        add_last(&l, 1, "a", "1-2");
        expect(&l, 1, 1, "2:a ");
        replay_done(&l);
}

/* What all of them keep above their caps has a cap, too. */
static void test_budget(void **state UNUSED)
{
        ReplayBudget small = {.max = 2 * (HEAD + 40 - 1)};
        Replay l[3];
        for (size_t i = 0; i < ARRAY_SIZE(l); i++)
                replay_init(&l[i], 1, &small);
        add_last(&l[0], 1, FORTY, "1-1");
        add_last(&l[1], 1, FORTY, "1-1");
        assert_int_equal(small.used, small.max);
        add_last(&l[2], 1, FORTY, "1-1");
        expect(&l[2], 1, 0, "!");
        add_last(&l[0], 1, FORTY, "1-2"); /* in the place of the one before */
        expect(&l[0], 1, 1, "2:" FORTY " ");
        replay_done(&l[1]);
        assert_int_equal(small.used, small.max / 2);
        add_last(&l[2], 1, FORTY, "1-2");
        expect(&l[2], 1, 1, "2:" FORTY " ");
        replay_done(&l[0]);
        replay_done(&l[2]);
        assert_int_equal(small.used, 0);
        replay_init(&l[0], HEAD + 4, NULL); /* without a budget its own cap is all it has */
        add_last(&l[0], 1, "aaaa", "1-1");
        expect(&l[0], 1, 0, "1:aaaa ");
        add_last(&l[0], 1, FORTY, "1-2");
        expect(&l[0], 1, 1, "!");
        replay_done(&l[0]);
}

/* Without memory for it not even the answer is kept; without memory for less the ring stays large. */
static void test_alone_no_memory(void **state UNUSED)
{
        Replay l;
        char id[EVENT_ID_SIZE];
        const Span forty = SPAN(FORTY);
        replay_init(&l, 2 * (HEAD + 4), &budget);
        add(&l, 1, "aa", "1-1");
        oom_arm(1);
        replay_add_last(&l, 1, &forty, 1, id);
        assert_true(oom_disarm());
        expect(&l, 1, 0, "!");
        expect(&l, 1, 2, "");
        add_last(&l, 1, FORTY, "1-3");
        oom_arm(1);
        replay_add(&l, 1, &(Span){"bb", 2}, 1, id);
        assert_true(oom_disarm());
        expect(&l, 1, 3, "4:bb ");
        add(&l, 1, "cccc", "1-5");
        assert_int_equal(l.size, 2 * (HEAD + 4));
        add(&l, 1, "dddd", "1-6");
        expect(&l, 1, 3, "!5:cccc 6:dddd ");
        replay_done(&l);
}

static void test_ids(void **state UNUSED)
{
        static const struct {
                const char *text;
                bool ours;
                uint32_t stream;
                uint64_t number;
        } rows[] = {
                {"0-0", true, 0, 0},
                {"3-17", true, 3, 17},
                {"4294967295-18446744073709551615", true, UINT32_MAX, UINT64_MAX},
                {"4294967296-1", false, 0, 0},
                {"1-18446744073709551616", false, 0, 0},
                {"", false, 0, 0},
                {"-", false, 0, 0},
                {"1", false, 0, 0},
                {"1-", false, 0, 0},
                {"-1", false, 0, 0},
                {"1-2-3", false, 0, 0},
                {"1--2", false, 0, 0},
                {"01-2", false, 0, 0},
                {"1-02", false, 0, 0},
                {" 1-2", false, 0, 0},
                {"1-2 ", false, 0, 0},
                {"+1-2", false, 0, 0},
                {"1-0x2", false, 0, 0},
                {"a-b", false, 0, 0},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint32_t stream = 99;
                uint64_t number = 99;
                bool ours = event_id_parse(span_of(rows[i].text), &stream, &number);
                assert_row(ours == rows[i].ours, "%s", rows[i].text);
                assert_int_equal(stream, ours ? rows[i].stream : 99);
                assert_true(number == (ours ? rows[i].number : 99));
        }
}

/* ---- against a model that keeps everything ---- */

enum { STREAMS = 6, EVENTS = 3000, CAP = 9000 };

typedef struct Model {
        struct {
                uint32_t stream;
                size_t len;
                char text[400];
        } events[EVENTS + 1]; /* by number */
} Model;

static char letter(uint64_t number, size_t i)
{
        return (char)('a' + (number * 7 + i) % 26);
}

/* All that is told is right, in order, without a hole that is not told; it reaches to the newest. */
static void compare(Replay *l, const Model *m, uint32_t stream, uint64_t from)
{
        char room[512];
        Span parts[2];
        bool lost, first = true;
        uint64_t number = from, before = from;
        while (replay_next(l, stream, &number, parts, &lost)) {
                bool skipped = false;
                for (uint64_t k = before + 1; k < number; k++)
                        skipped = skipped || m->events[k].stream == stream;
                assert_true(first || !lost);
                assert_true(lost || !skipped);
                assert_int_equal(m->events[number].stream, stream);
                assert_span_equal(joined(parts, room),
                                  span_from(m->events[number].text, m->events[number].len));
                before = number;
                first = false;
        }
        bool missing = false;
        for (uint64_t k = before + 1; k < l->next; k++)
                missing = missing || m->events[k].stream == stream;
        assert_true(!missing || (first && lost));
}

static void test_random_events(void **state UNUSED)
{
        static Model m;
        SeededRandom random;
        Replay l;
        char id[EVENT_ID_SIZE];
        test_random_init(&random);
        replay_init(&l, CAP, &budget);
        for (uint64_t number = 1; number <= EVENTS; number++) {
                uint32_t stream = (uint32_t)random_below(&random.random, STREAMS);
                size_t len = random_below(&random.random, sizeof(m.events[0].text) + 1);
                size_t cut = random_below(&random.random, len + 1);
                m.events[number].stream = stream;
                m.events[number].len = len;
                for (size_t i = 0; i < len; i++)
                        m.events[number].text[i] = letter(number, i);
                Span text = span_from(m.events[number].text, len);
                const Span parts[] = {span_first(text, cut), span_skip(text, cut)};
                replay_add(&l, stream, parts, 2, id);
                assert_true(l.used <= CAP && l.size <= CAP);
                if (number % 7 == 0)
                        for (uint32_t s = 0; s < STREAMS; s++)
                                compare(&l, &m, s, random_below(&random.random, number + 1));
        }
        assert_true(l.dropped > 10 * CAP);
        replay_done(&l);
}

/* It grows as it must; what it has no room for is numbered and lost, and with it what stands before. */
static void test_no_memory(void **state UNUSED)
{
        Replay l;
        char id[EVENT_ID_SIZE], text[5000];
        memset(text, 'x', sizeof(text));
        const Span small = SPAN("small"), large = span_from(text, sizeof(text));
        replay_init(&l, 65536, &budget);
        oom_arm(1);
        replay_add(&l, 1, &small, 1, id);
        assert_true(oom_disarm());
        assert_string_equal(id, "1-1");
        expect(&l, 1, 0, "!");
        expect(&l, 1, 1, "");
        add(&l, 1, "small", "1-2");
        add(&l, 2, "other", "2-3");
        oom_arm(1);
        replay_add(&l, 1, &large, 1, id);
        assert_true(oom_disarm());
        assert_string_equal(id, "1-4");
        expect(&l, 1, 1, "!");
        expect(&l, 2, 0, "3:other ");
        replay_add(&l, 1, &small, 1, id);
        expect(&l, 1, 4, "5:small ");
        replay_done(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_streams),   cmocka_unit_test(test_full),
                cmocka_unit_test(test_many_lose), cmocka_unit_test(test_too_large),
                cmocka_unit_test(test_ids),       cmocka_unit_test(test_random_events),
                cmocka_unit_test(test_no_memory), cmocka_unit_test(test_alone),
                cmocka_unit_test(test_budget),    cmocka_unit_test(test_alone_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
