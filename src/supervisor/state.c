/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/state.h"
#include "supervisor/state-table.h"

_Static_assert(_STATE_EVENT_MAX <= 32 && _STATE_PREDICATE_MAX <= 32 && _SERVER_STATE_MAX <= 32, "bits");
_Static_assert(_STATE_ACTION_MAX <= 31, "STATE_DO_ is an int");

/* The predicates that hold, a bit each. */
static uint32_t predicates(const StateFacts *f)
{
        const bool holds[_STATE_PREDICATE_MAX] = {
                [STATE_IF_SESSION] = f->session,
                [STATE_IF_SESSIONS] = f->sessions,
                [STATE_IF_SECOND] = f->second,
                [STATE_IF_OLD] = f->old,
                [STATE_IF_OVERLAP] = f->overlap && !f->second && !f->session && !f->exclusive,
                [STATE_IF_PLANNED] = f->planned,
                [STATE_IF_UNPLANNED] = !f->planned,
                [STATE_IF_EAGER] = f->eager,
                [STATE_IF_QUIET] = !f->in_flight,
                [STATE_IF_LOST] = f->session || f->exclusive || !f->initialized,
                [STATE_IF_BREAKER_OPEN] = f->open,
                [STATE_IF_WANTED] = f->goal == GOAL_UP || f->goal == GOAL_IDLE,
                [STATE_IF_NOT_GONE] = f->goal != GOAL_GONE,
                [STATE_IF_GOAL_IDLE] = f->goal == GOAL_IDLE,
                [STATE_IF_GOAL_DOWN] = f->goal == GOAL_DOWN,
                [STATE_IF_GOAL_GONE] = f->goal == GOAL_GONE,
                [STATE_IF_RETRY] = f->verdict == VERDICT_RETRY,
                [STATE_IF_OPEN] = f->verdict == VERDICT_OPEN,
        };
        uint32_t bits = 0;
        for (StatePredicate p = 0; p < _STATE_PREDICATE_MAX; p++)
                bits |= holds[p] ? 1U << p : 0;
        return bits;
}

int state_step(ServerState state, StateEvent event, const StateFacts *facts, StateStep *ret)
{
        assert(state >= 0 && state < _SERVER_STATE_MAX && event < _STATE_EVENT_MAX);
        const uint32_t holds = predicates(facts);
        for (size_t i = 0; i < state_table_size; i++) {
                const StateRow *row = &state_table[i];
                if (!(row->states & 1U << state) || !(row->events & 1U << event) || (row->when & ~holds))
                        continue;
                *ret = (StateStep){
                        .next = row->next == STATE_SAME ? state : (ServerState)row->next,
                        .goal = row->goal == GOAL_KEPT ? facts->goal : (ServerGoal)row->goal,
                        .actions = row->actions,
                };
                return 0;
        }
        return STATE_E_ILLEGAL;
}

const StateRow *state_table_rows(size_t *ret_n)
{
        *ret_n = state_table_size;
        return state_table;
}

static const char *const events[_STATE_EVENT_MAX] = {
#define E(id, name) [STATE_EVENT_##id] = (name),
        STATE_EVENTS(E)
#undef E
};

static const char *const actions[_STATE_ACTION_MAX] = {
#define A(id, name) [STATE_ACTION_BIT_##id] = (name),
        STATE_ACTIONS(A)
#undef A
};

static const char *const goals[_GOAL_MAX] = {
        [GOAL_UP] = "up",
        [GOAL_IDLE] = "idle",
        [GOAL_DOWN] = "down",
        [GOAL_GONE] = "gone",
};

static const struct {
        const char *name, *doc;
} predicate_words[_STATE_PREDICATE_MAX] = {
#define P(id, name, doc) [STATE_IF_##id] = {(name), (doc)},
        STATE_PREDICATES(P)
#undef P
};

const char *state_event_name(StateEvent e)
{
        assert(e < _STATE_EVENT_MAX);
        return events[e];
}

const char *state_action_name(StateActionBit a)
{
        assert(a < _STATE_ACTION_MAX);
        return actions[a];
}

const char *goal_name(ServerGoal g)
{
        assert(g < _GOAL_MAX);
        return goals[g];
}

const char *state_predicate_name(StatePredicate p)
{
        assert(p < _STATE_PREDICATE_MAX);
        return predicate_words[p].name;
}

const char *state_predicate_doc(StatePredicate p)
{
        assert(p < _STATE_PREDICATE_MAX);
        return predicate_words[p].doc;
}
