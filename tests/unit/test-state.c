/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state with every event and every combination of facts. What follows is compared with
 * tests/unit/state-table.txt, which a person has read; `test-state --print` writes it.
 */
#include "support/test.h"

#include "base/buf.h"
#include "supervisor/state-table.h"

/* ---- all combinations of facts ------------------------------------------- */

typedef enum Kind {
        KIND_SHARED,
        KIND_SECOND,
        KIND_OLD,
        KIND_EXCLUSIVE,
        KIND_SESSION,
        KIND_SESSIONS,
        _KIND_MAX
} Kind;

typedef enum Fact {
        FACT_KIND,
        FACT_GOAL,
        FACT_PLANNED,
        FACT_VERDICT,
        FACT_EAGER,
        FACT_IN_FLIGHT,
        FACT_INITIALIZED,
        FACT_OVERLAP,
        FACT_OPEN,
        _FACT_MAX
} Fact;

static const struct {
        const char *name;
        unsigned n;
        const char *values[_KIND_MAX];
} facts_table[_FACT_MAX] = {
        [FACT_KIND] = {"kind", _KIND_MAX, {"shared", "second", "old", "exclusive", "session", "sessions"}},
        [FACT_GOAL] = {"goal", _GOAL_MAX, {"up", "idle", "down", "gone"}},
        [FACT_PLANNED] = {"planned", 2, {"no", "yes"}},
        [FACT_VERDICT] = {"verdict", _VERDICT_MAX, {"retry", "open", "rest"}},
        [FACT_EAGER] = {"eager", 2, {"no", "yes"}},
        [FACT_IN_FLIGHT] = {"in-flight", 2, {"no", "yes"}},
        [FACT_INITIALIZED] = {"initialized", 2, {"no", "yes"}},
        [FACT_OVERLAP] = {"overlap", 2, {"no", "yes"}},
        [FACT_OPEN] = {"breaker-open", 2, {"no", "yes"}},
};

enum { COMBINATIONS = _KIND_MAX * _GOAL_MAX * 2 * _VERDICT_MAX * 2 * 2 * 2 * 2 * 2 };

typedef struct Outcome {
        int result;
        StateStep step;
} Outcome;

/* The first fact is the slowest digit, so that what belongs together stands together. */
static StateFacts facts_of(unsigned index)
{
        unsigned v[_FACT_MAX];
        for (int f = _FACT_MAX - 1; f >= 0; f--) {
                v[f] = index % facts_table[f].n;
                index /= facts_table[f].n;
        }
        return (StateFacts){
                .goal = v[FACT_GOAL],
                .verdict = v[FACT_VERDICT],
                .planned = v[FACT_PLANNED],
                .eager = v[FACT_EAGER],
                .session = v[FACT_KIND] == KIND_SESSION,
                .sessions = v[FACT_KIND] == KIND_SESSIONS,
                .exclusive = v[FACT_KIND] == KIND_EXCLUSIVE,
                .in_flight = v[FACT_IN_FLIGHT],
                .initialized = v[FACT_INITIALIZED],
                .overlap = v[FACT_OVERLAP],
                .second = v[FACT_KIND] == KIND_SECOND,
                .old = v[FACT_KIND] == KIND_OLD,
                .open = v[FACT_OPEN],
        };
}

static Outcome outcomes[COMBINATIONS];

static void walk(ServerState s, StateEvent e)
{
        for (unsigned i = 0; i < COMBINATIONS; i++) {
                StateFacts facts = facts_of(i);
                outcomes[i] = (Outcome){0};
                outcomes[i].result = state_step(s, e, &facts, &outcomes[i].step);
        }
}

/* ---- the golden text ------------------------------------------------------ */

static void put(Buf *b, const char *text)
{
        assert_int_equal(buf_append_str(b, text), 0);
}

#define S(id) (1U << SERVER_STATE_##id)
#define E(id) (1U << STATE_EVENT_##id)

enum {
        OF_OWN = S(IDLE) | S(STOPPED) | S(BACKOFF) | S(DEGRADED), /* no process */
        OF_LIFE = S(STARTING) | S(PROBING) | S(READY),
};

/* For each fact a bit for each of its values. */
typedef struct Part {
        uint32_t values[_FACT_MAX];
} Part;

/* What can be in a state; the table is not asked to read well for the rest. */
static Part possible(ServerState s)
{
        Part p;
        for (Fact f = 0; f < _FACT_MAX; f++)
                p.values[f] = (1U << facts_table[f].n) - 1;
        if (OF_LIFE & 1U << s) /* while it ends it may be one whose share was changed */
                p.values[FACT_KIND] &= ~(1U << KIND_SESSIONS);
        if (OF_OWN & 1U << s)
                p.values[FACT_KIND] &= ~(1U << KIND_OLD);
        if (OF_LIFE & 1U << s)
                p.values[FACT_GOAL] = 1U << GOAL_UP;
        return p;
}

static unsigned stride(Fact fact)
{
        unsigned n = 1;
        for (unsigned f = fact + 1; f < _FACT_MAX; f++)
                n *= facts_table[f].n;
        return n;
}

static unsigned digit(unsigned index, Fact f)
{
        return index / stride(f) % facts_table[f].n;
}

static bool part_has(const Part *p, unsigned index)
{
        for (Fact f = 0; f < _FACT_MAX; f++)
                if (!(p->values[f] & 1U << digit(index, f)))
                        return false;
        return true;
}

/* Where the goal stays, whichever it is, the outcome says so instead of naming it. */
static bool keeps(const Part *all, unsigned index)
{
        unsigned n = stride(FACT_GOAL), base = index - digit(index, FACT_GOAL) * n;
        bool keeps_all = true, fixed = true;
        for (unsigned g = 0; g < _GOAL_MAX; g++) {
                if (!(all->values[FACT_GOAL] & 1U << g))
                        continue;
                const StateStep *x = &outcomes[base + g * n].step, *y = &outcomes[index].step;
                if (x->next != y->next || x->actions != y->actions)
                        return outcomes[index].step.goal == facts_of(index).goal;
                keeps_all &= x->goal == g;
                fixed &= x->goal == y->goal;
        }
        return keeps_all || (!fixed && outcomes[index].step.goal == facts_of(index).goal);
}

static bool alike(const Part *all, unsigned i, unsigned k)
{
        const Outcome *a = &outcomes[i], *b = &outcomes[k];
        if (a->result || b->result)
                return a->result == b->result;
        bool kept = keeps(all, i);
        return a->step.next == b->step.next && a->step.actions == b->step.actions && kept == keeps(all, k) &&
               (kept || a->step.goal == b->step.goal);
}

/* Those values of a fact in the part that change nothing against `v`. */
static uint32_t group_of(const Part *all, const Part *p, Fact f, unsigned v)
{
        uint32_t group = p->values[f];
        for (unsigned i = 0; i < COMBINATIONS; i++) {
                if (digit(i, f) != v || !part_has(p, i))
                        continue;
                for (unsigned w = 0; w < facts_table[f].n; w++)
                        if (group & 1U << w && !alike(all, i, i + w * stride(f) - v * stride(f)))
                                group &= ~(1U << w);
        }
        return group;
}

static void put_outcome(Buf *b, const Part *all, unsigned index)
{
        const Outcome *o = &outcomes[index];
        if (o->result) {
                put(b, "illegal\n");
                return;
        }
        put(b, server_state_name(o->step.next));
        if (!keeps(all, index)) {
                put(b, ", goal ");
                put(b, goal_name(o->step.goal));
        }
        for (StateActionBit a = 0, n = 0; a < _STATE_ACTION_MAX; a++)
                if (o->step.actions & 1U << a) {
                        put(b, n++ ? " " : ": ");
                        put(b, state_action_name(a));
                }
        put(b, "\n");
}

static void put_facts(Buf *b, const Part *all, const Part *p)
{
        for (Fact f = 0; f < _FACT_MAX; f++) {
                if (p->values[f] == all->values[f])
                        continue;
                put(b, " ");
                put(b, facts_table[f].name);
                const char *between = "=";
                for (unsigned v = 0; v < facts_table[f].n; v++)
                        if (p->values[f] & 1U << v) {
                                put(b, between);
                                put(b, facts_table[f].values[v]);
                                between = "|";
                        }
        }
}

static void put_part(Buf *b, const char *head, const Part *all, const Part *p)
{
        for (Fact f = 0; f < _FACT_MAX; f++) {
                uint32_t left = p->values[f];
                uint32_t group = group_of(all, p, f, (unsigned)__builtin_ctz(left));
                if (group == left)
                        continue;
                for (; left; left &= ~group) {
                        Part some = *p;
                        group = group_of(all, p, f, (unsigned)__builtin_ctz(left));
                        some.values[f] = group;
                        put_part(b, head, all, &some);
                }
                return;
        }
        unsigned first = 0;
        while (!part_has(p, first))
                first++;
        put(b, head);
        put_facts(b, all, p);
        put(b, " -> ");
        put_outcome(b, all, first);
}

static void put_all(Buf *b)
{
        put(b, "# SPDX-License-Identifier: Apache-2.0\n"
               "# What follows from what: written by tests/unit/test-state --print, read by a person.\n"
               "# STATE EVENT FACT=VALUE... -> NEXT[, goal GOAL]: ACTION...; pairs not here are illegal.\n");
        for (ServerState s = 0; s < _SERVER_STATE_MAX; s++) {
                put(b, "\n");
                for (StateEvent e = 0; e < _STATE_EVENT_MAX; e++) {
                        char head[64];
                        const Part all = possible(s);
                        bool legal = false;
                        walk(s, e);
                        for (unsigned i = 0; i < COMBINATIONS; i++)
                                legal |= outcomes[i].result == 0;
                        if (!legal)
                                continue;
                        (void)snprintf(head, sizeof(head), "%s %s", server_state_name(s),
                                       state_event_name(e));
                        put_part(b, head, &all, &all);
                }
        }
}

static void read_golden(Buf *b)
{
        const char *dir = getenv("top_srcdir");
        char path[4096], chunk[4096];
        size_t n;
        (void)snprintf(path, sizeof(path), "%s/tests/unit/state-table.txt", dir ? dir : ".");
        FILE *f = fopen(path, "re");
        assert_row(f, "%s cannot be read", path);
        while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
                assert_int_equal(buf_append(b, chunk, n), 0);
        (void)fclose(f);
}

static void test_golden(void **state UNUSED)
{
        CLEANUP(buf_done) Buf got = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
        Span g, w, got_line, want_line;
        put_all(&got);
        read_golden(&want);
        g = buf_span(&got);
        w = buf_span(&want);
        for (;;) {
                bool more = span_next(&g, '\n', &got_line);
                assert_int_equal(span_next(&w, '\n', &want_line), more);
                if (!more)
                        break;
                assert_span_equal(got_line, want_line);
        }
}

/* ---- which pairs there are ------------------------------------------------ */

typedef struct Pairs {
        uint32_t states, events;
} Pairs;

/* As the design lists them. */
static const Pairs design[] = {
        {S(IDLE) | S(STOPPED), E(START) | E(RESTART) | E(RESET) | E(WANT) | E(CHANGED) | E(REFUSED) |
                                       E(STOP) | E(REMOVED) | E(SHUTDOWN)},
        {S(BACKOFF) | S(DEGRADED), E(WANT) | E(TIMER) | E(RESET) | E(START) | E(RESTART) | E(CHANGED) |
                                           E(STOP) | E(REMOVED) | E(SHUTDOWN)},
        {S(STARTING) | S(PROBING), E(EXEC_FAILED) | E(START_DEADLINE) | E(READY)},
        {S(READY), E(STABLE) | E(IDLE)},
        {S(STARTING) | S(PROBING) | S(READY), E(START) | E(WANT) | E(RESET) | E(FAILED) | E(LEADER_EXITED) |
                                                      E(GATEWAY_LOST) | E(STOP) | E(RESTART) | E(CHANGED) |
                                                      E(REMOVED) | E(SHUTDOWN)},
        {S(DRAINING), E(EXEC_FAILED) | E(FAILED) | E(DRAINED) | E(DRAIN_DEADLINE)},
        {S(STOPPING), E(TERM_AT) | E(KILL_AT) | E(STUCK_AT)},
        {S(STOPPING) | S(STUCK), E(EMPTY)},
        {S(DRAINING) | S(STOPPING) | S(STUCK), E(LEADER_EXITED) | E(GATEWAY_LOST) | E(STOP) | E(START) |
                                                       E(RESTART) | E(RESET) | E(CHANGED) | E(REMOVED) |
                                                       E(WANT) | E(SHUTDOWN)},
};

/* What the design did not think of: see the rows. */
static const Pairs further[] = {{S(STOPPING), E(EXEC_FAILED)}};
static const Pairs of_sessions[] = {{S(IDLE) | S(BACKOFF) | S(DEGRADED) | S(STOPPED), E(EMPTY)},
                                    {S(DEGRADED), E(READY)}};

static bool listed(const Pairs *pairs, size_t n, ServerState s, StateEvent e)
{
        for (size_t i = 0; i < n; i++)
                if (pairs[i].states & 1U << s && pairs[i].events & 1U << e)
                        return true;
        return false;
}

static void test_pairs(void **state UNUSED)
{
        for (ServerState s = 0; s < _SERVER_STATE_MAX; s++)
                for (StateEvent e = 0; e < _STATE_EVENT_MAX; e++) {
                        bool legal = listed(design, ARRAY_SIZE(design), s, e) ||
                                     listed(further, ARRAY_SIZE(further), s, e);
                        bool sessions = listed(of_sessions, ARRAY_SIZE(of_sessions), s, e);
                        walk(s, e);
                        for (unsigned i = 0; i < COMBINATIONS; i++) {
                                bool want = legal || (sessions && facts_of(i).sessions);
                                assert_row((outcomes[i].result == 0) == want, "%s %s %u",
                                           server_state_name(s), state_event_name(e), i);
                                assert_true(want || outcomes[i].result == STATE_E_ILLEGAL);
                        }
                }
}

/* Nothing is written when there is no row. */
static void test_untouched(void **state UNUSED)
{
        StateStep step = {.next = SERVER_STATE_STUCK, .goal = GOAL_DOWN, .actions = 77};
        assert_int_equal(state_step(SERVER_STATE_IDLE, STATE_EVENT_STUCK_AT, &(StateFacts){0}, &step),
                         STATE_E_ILLEGAL);
        assert_int_equal(step.next, SERVER_STATE_STUCK);
        assert_int_equal(step.goal, GOAL_DOWN);
        assert_int_equal(step.actions, 77);
}

/* ---- what holds for every step -------------------------------------------- */

/* An action, and the states it leads to. */
static const struct {
        uint32_t action, next;
} leads[] = {
        {STATE_DO_SPAWN, S(STARTING)},
        {STATE_DO_PROBE, S(PROBING)},
        {STATE_DO_ANNOUNCE, S(READY)},
        {STATE_DO_ARM_STABLE, S(READY)},
        {STATE_DO_SECOND, S(READY)},
        {STATE_DO_ARM_BACKOFF, S(BACKOFF)},
        {STATE_DO_ARM_PROBE, S(DEGRADED)},
        {STATE_DO_BREAKER_OPEN, S(DEGRADED)},
        {STATE_DO_BREAKER_HALF, S(READY)},
        {STATE_DO_CALM, S(READY)},
        {STATE_DO_DETACH, S(STARTING) | S(IDLE)},
        {STATE_DO_DRAIN, S(DRAINING)},
        {STATE_DO_PLAN, S(DRAINING) | S(STOPPING)},
        {STATE_DO_LADDER, S(STOPPING)},
        {STATE_DO_SWEEP, S(STOPPING)},
        {STATE_DO_TERM, S(STOPPING)},
        {STATE_DO_KILL, S(STOPPING)},
        {STATE_DO_REPORT_STUCK, S(STUCK)},
        {STATE_DO_CHARGE, S(BACKOFF) | S(DEGRADED) | S(FREED)},
        {STATE_DO_RELEASE, S(FREED)},
        {STATE_DO_HURRY, S(DRAINING) | S(STOPPING) | S(STUCK)},
};

static void check_step(ServerState s, StateEvent e, const StateFacts *f, const StateStep *step)
{
        for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
                if (step->actions & leads[i].action && !(f->sessions && leads[i].action == STATE_DO_PROBE))
                        assert_row(leads[i].next & 1U << step->next, "%s %s: action %zu",
                                   server_state_name(s), state_event_name(e), i);
        assert_int_equal(step->next == SERVER_STATE_FREED, !!(step->actions & STATE_DO_RELEASE));
        if (step->next == SERVER_STATE_FREED)
                assert_int_equal(step->goal, GOAL_GONE);
        if (step->actions & (STATE_DO_SPAWN | STATE_DO_DRAIN) && e != STATE_EVENT_EMPTY)
                assert_true(step->goal != f->goal || f->goal != GOAL_DOWN || e == STATE_EVENT_STOP);
        if (step->actions & STATE_DO_SPAWN)
                assert_int_equal(step->goal, GOAL_UP);
        if (e == STATE_EVENT_SHUTDOWN)
                assert_int_equal(step->goal, GOAL_GONE);
        if (e == STATE_EVENT_WANT)
                assert_false(step->actions & STATE_DO_FORGET);
        if (e == STATE_EVENT_RESET)
                assert_true(step->actions & STATE_DO_FORGET || f->goal == GOAL_GONE);
        if (f->sessions && !(S(STARTING) & 1U << s))
                assert_true(e == STATE_EVENT_READY || !(step->actions & STATE_DO_ANNOUNCE));
        if (f->goal == GOAL_GONE && e != STATE_EVENT_SHUTDOWN && S(DRAINING) & 1U << s)
                assert_int_equal(step->goal, GOAL_GONE);
}

static void test_steps(void **state UNUSED)
{
        for (ServerState s = 0; s < _SERVER_STATE_MAX; s++)
                for (StateEvent e = 0; e < _STATE_EVENT_MAX; e++) {
                        walk(s, e);
                        for (unsigned i = 0; i < COMBINATIONS; i++) {
                                StateFacts f = facts_of(i);
                                if (outcomes[i].result == 0)
                                        check_step(s, e, &f, &outcomes[i].step);
                        }
                }
}

/* A server without a process never gets one. */
static void test_sessions(void **state UNUSED)
{
        const uint32_t own = S(IDLE) | S(BACKOFF) | S(DEGRADED) | S(STOPPED) | S(FREED);
        for (ServerState s = 0; s < _SERVER_STATE_MAX; s++)
                for (StateEvent e = 0; own & 1U << s && e < _STATE_EVENT_MAX; e++) {
                        walk(s, e);
                        for (unsigned i = 0; i < COMBINATIONS; i++)
                                if (facts_of(i).sessions && outcomes[i].result == 0) {
                                        assert_true(own & 1U << outcomes[i].step.next);
                                        assert_false(outcomes[i].step.actions & STATE_DO_SPAWN);
                                }
                }
}

/* ---- the rows ------------------------------------------------------------- */

/* No row is hidden by those before it: with some facts, something follows that only it says. */
static void test_rows(void **state UNUSED)
{
        size_t n;
        const StateRow *rows = state_table_rows(&n);
        assert_true(n > 50 && rows == state_table && n == state_table_size);
        for (size_t k = 0; k < n; k++)
                for (ServerState s = 0; s < _SERVER_STATE_MAX; s++)
                        for (StateEvent e = 0; e < _STATE_EVENT_MAX; e++) {
                                if (!(rows[k].states & 1U << s) || !(rows[k].events & 1U << e))
                                        continue;
                                bool found = false;
                                walk(s, e);
                                for (unsigned i = 0; i < COMBINATIONS && !found; i++) {
                                        StateFacts f = facts_of(i);
                                        int next = rows[k].next == STATE_SAME ? (int)s : rows[k].next;
                                        int goal = rows[k].goal == GOAL_KEPT ? (int)f.goal : rows[k].goal;
                                        found = outcomes[i].result == 0 &&
                                                (int)outcomes[i].step.next == next &&
                                                (int)outcomes[i].step.goal == goal &&
                                                outcomes[i].step.actions == rows[k].actions;
                                }
                                assert_row(found, "%zu: %s %s", k, server_state_name(s), state_event_name(e));
                        }
}

static void test_words(void **state UNUSED)
{
        for (StateEvent e = 0; e < _STATE_EVENT_MAX; e++)
                assert_non_null(state_event_name(e));
        for (StateActionBit a = 0; a < _STATE_ACTION_MAX; a++)
                assert_non_null(state_action_name(a));
        for (ServerGoal g = 0; g < _GOAL_MAX; g++)
                assert_string_equal(goal_name(g), facts_table[FACT_GOAL].values[g]);
        for (StatePredicate p = 0; p < _STATE_PREDICATE_MAX; p++) {
                assert_true(strlen(state_predicate_name(p)) > 2);
                assert_true(strlen(state_predicate_doc(p)) > 5);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_golden),    cmocka_unit_test(test_pairs),
                cmocka_unit_test(test_untouched), cmocka_unit_test(test_steps),
                cmocka_unit_test(test_sessions),  cmocka_unit_test(test_rows),
                cmocka_unit_test(test_words),
        };
        if (argc == 2 && strcmp(argv[1], "--print") == 0) {
                CLEANUP(buf_done) Buf b = BUF_INIT(1 << 20);
                put_all(&b);
                return fputs(buf_text(&b), stdout) < 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
