/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State table, restart, governor and ladder together, as a supervisor would use them, but with processes
 * that are made up and a clock that jumps: random events, all of them legal, for many steps.
 */
#include "support/test.h"

#include "supervisor/governor.h"
#include "supervisor/ladder.h"
#include "supervisor/restart.h"

enum { SERVERS = 6, INSTANCES = 64, RUNS = 200, STEPS = 4000, MARKS = 64, POSTED = 64 };

#define SEC NSEC_PER_SEC

#define S(id) (1U << SERVER_STATE_##id)
#define E(id) (1U << STATE_EVENT_##id)

enum {
        STATES_PROCESS = S(STARTING) | S(PROBING) | S(READY) | S(DRAINING) | S(STOPPING) | S(STUCK),
        STATES_START = S(STARTING) | S(PROBING),
};

/* Which states a timer belongs to. */
static const struct {
        StateEvent event;
        uint32_t states;
} timers[] = {
        {STATE_EVENT_TIMER, S(BACKOFF) | S(DEGRADED)},
        {STATE_EVENT_STABLE, S(READY)},
        {STATE_EVENT_START_DEADLINE, STATES_START},
        {STATE_EVENT_DRAIN_DEADLINE, S(DRAINING)},
        {STATE_EVENT_TERM_AT, S(STOPPING)},
        {STATE_EVENT_KILL_AT, S(STOPPING)},
        {STATE_EVENT_STUCK_AT, S(STOPPING)},
};

typedef struct Server Server;

typedef struct Instance {
        GovernorWait wait; /* first: what the governor hands out is the instance */
        Server *server;    /* NULL: a free slot */
        ServerState state;
        ServerGoal goal;
        bool planned, sessions, session, second, old, retired;
        bool process, confirmed, leader, killed, hung; /* hung: KILL does not end it */
        bool granted;                                  /* counts as starting */
        unsigned long serial;
        Nsec closed, at[ARRAY_SIZE(timers)];
} Instance;

struct Server {
        RestartHistory history;
        RestartDecision decision;
        BreakerState breaker;
        bool session, exclusive, overlap, eager, probe_allowed;
        Instance *main, *second; /* second: while it is one */
        Nsec marks[MARKS];       /* automatic restarts since the last forget */
        unsigned n_marks;
};

typedef struct World {
        SeededRandom random;
        Governor governor;
        Shutdown shutdown;
        Nsec now;
        Server servers[SERVERS];
        Instance instances[INSTANCES];
        struct {
                Instance *instance;
                unsigned long serial;
                StateEvent event;
        } posted[POSTED]; /* what follows from a step, until that step is done */
        unsigned n_posted;
        unsigned long steps, spawns, serial;
} World;

static const RestartRules rules = {
        .policy = RESTART_ON_FAILURE,
        .burst = 5,
        .long_burst = 20,
        .window = 900 * SEC, /* wide, so that it fills */
        .long_window = 3600 * SEC,
        .backoff_min = SEC / 2,
        .backoff_max = 60 * SEC,
        .stable = 30 * SEC,
        .probe_min = 60 * SEC,
        .probe_max = 1800 * SEC,
};
static const LadderRules ladder = {.drain = 3 * SEC / 2, .stop = 6 * SEC};
enum { START_TIMEOUT_S = 120 };

/* How often, in all runs. */
static unsigned long seen[_SERVER_STATE_MAX][_STATE_EVENT_MAX];

/* After the step that is under way. */
static void post(World *w, Instance *i, StateEvent e)
{
        assert_true(w->n_posted < POSTED);
        w->posted[w->n_posted].instance = i;
        w->posted[w->n_posted].serial = i->serial;
        w->posted[w->n_posted++].event = e;
}

static bool chance(World *w, uint64_t one_in)
{
        return random_below(&w->random.random, one_in) == 0;
}

static Nsec *timer(Instance *i, StateEvent e)
{
        for (size_t k = 0; k < ARRAY_SIZE(timers); k++)
                if (timers[k].event == e)
                        return &i->at[k];
        fail();
        return NULL;
}

static Instance *new_instance(World *w, Server *s, ServerState state)
{
        for (size_t k = 0; k < INSTANCES; k++) {
                Instance *i = &w->instances[k];
                if (i->server)
                        continue;
                *i = (Instance){.server = s,
                                .state = state,
                                .goal = GOAL_IDLE,
                                .session = s->session,
                                .serial = ++w->serial};
                for (size_t t = 0; t < ARRAY_SIZE(timers); t++)
                        i->at[t] = NSEC_NEVER;
                return i;
        }
        return NULL;
}

/* ---- what the actions do -------------------------------------------------- */

static void begin(World *w, Instance *i)
{
        i->granted = true;
        i->process = i->leader = !chance(w, 20); /* else clone failed */
        i->confirmed = i->killed = false;
        i->hung = chance(w, 10);
        *timer(i, STATE_EVENT_START_DEADLINE) = w->now + START_TIMEOUT_S * SEC;
        if (!i->process)
                post(w, i, STATE_EVENT_EXEC_FAILED);
}

static void spawn(World *w, Instance *i)
{
        assert_false(i->process); /* never two without an EMPTY between */
        assert_false(i->sessions || i->granted || i->wait.waiting);
        i->planned = false;
        w->spawns++;
        if (governor_ask(&w->governor, &i->wait, w->now))
                begin(w, i);
}

static void make_second(World *w, Instance *old)
{
        Server *s = old->server;
        Instance *i = new_instance(w, s, SERVER_STATE_IDLE);
        if (!i)
                return;
        i->second = old->old = true;
        s->second = i;
        post(w, i, STATE_EVENT_START);
}

/* An automatic restart is planned: with it, no window is too full. */
static void mark(Server *s, Nsec at)
{
        s->marks[s->n_marks++ % MARKS] = at;
        if (s->n_marks > rules.burst)
                assert_true(at - s->marks[(s->n_marks - 1 - rules.burst) % MARKS] >= rules.window);
        if (s->n_marks > rules.long_burst)
                assert_true(at - s->marks[(s->n_marks - 1 - rules.long_burst) % MARKS] >= rules.long_window);
}

static void charge(World *w, Instance *i, ExitClass c)
{
        Server *s = i->server;
        RestartCase rc = {c, s->breaker, s->session};
        if (s->decision.counts)
                mark(s, s->session ? w->now : s->decision.at);
        restart_charge(&s->history, &rc, &s->decision, w->now);
}

static void forget(Server *s)
{
        restart_history_forget(&s->history);
        s->breaker = BREAKER_CLOSED;
        s->n_marks = 0;
}

static void close_stdin(World *w, Instance *i)
{
        i->closed = w->now;
        LadderTimes t = ladder_times(&ladder, &w->shutdown, w->now);
        *timer(i, STATE_EVENT_TERM_AT) = t.term_at;
        *timer(i, STATE_EVENT_KILL_AT) = t.kill_at;
}

static void sooner(Nsec *at, Nsec other)
{
        *at = MIN(*at, other);
}

static void hurry(World *w, Instance *i)
{
        if (i->state == SERVER_STATE_DRAINING)
                sooner(timer(i, STATE_EVENT_DRAIN_DEADLINE),
                       ladder_drain_until(&ladder, &w->shutdown, w->now));
        if (i->state != SERVER_STATE_STOPPING || *timer(i, STATE_EVENT_KILL_AT) == NSEC_NEVER)
                return;
        LadderTimes t = ladder_times(&ladder, &w->shutdown, i->closed);
        sooner(timer(i, STATE_EVENT_KILL_AT), t.kill_at);
        if (*timer(i, STATE_EVENT_TERM_AT) != NSEC_NEVER)
                sooner(timer(i, STATE_EVENT_TERM_AT), t.term_at);
}

static void kill_tree(World *w, Instance *i)
{
        i->killed = true;
        *timer(i, STATE_EVENT_STUCK_AT) = ladder_stuck_at(&w->shutdown, w->now);
}

/* Those that change the server's record. */
static void do_record(World *w, Instance *i, uint32_t actions)
{
        Server *s = i->server;
        if (actions & STATE_DO_PLAN)
                i->planned = true;
        if (actions & STATE_DO_FORGET)
                forget(s);
        if (actions & STATE_DO_CALM) {
                restart_history_calm(&s->history);
                s->breaker = BREAKER_CLOSED;
        }
        if (actions & STATE_DO_BREAKER_HALF)
                s->breaker = BREAKER_HALF_OPEN;
        if (actions & STATE_DO_BREAKER_OPEN)
                s->breaker = BREAKER_OPEN;
        if (actions & STATE_DO_CHARGE)
                charge(w, i, EXIT_CLASS_ERROR);
        if (actions & STATE_DO_DETACH)
                i->process = i->leader = false;
}

static void do_timers(World *w, Instance *i, uint32_t actions)
{
        Server *s = i->server;
        if (actions & STATE_DO_ARM_STABLE)
                *timer(i, STATE_EVENT_STABLE) = w->now + restart_stable_after(&s->history, &rules);
        if (actions & (STATE_DO_ARM_BACKOFF | STATE_DO_ARM_PROBE))
                *timer(i, STATE_EVENT_TIMER) = s->decision.at;
        if (actions & STATE_DO_DRAIN)
                *timer(i, STATE_EVENT_DRAIN_DEADLINE) = ladder_drain_until(&ladder, &w->shutdown, w->now);
        if (actions & STATE_DO_LADDER)
                close_stdin(w, i);
        if (actions & STATE_DO_HURRY)
                hurry(w, i);
        if (actions & STATE_DO_SWEEP)
                sooner(timer(i, STATE_EVENT_KILL_AT), ladder_sweep_until(&w->shutdown, w->now));
        if (actions & STATE_DO_KILL)
                kill_tree(w, i);
}

/* ---- one step ------------------------------------------------------------- */

static StateFacts facts_of(World *w, const Instance *i)
{
        const Server *s = i->server;
        return (StateFacts){
                .goal = i->goal,
                .verdict = s->decision.verdict,
                .planned = i->planned,
                .eager = s->eager,
                .session = i->session,
                .sessions = i->sessions,
                .exclusive = s->exclusive,
                .in_flight = chance(w, 2),
                .initialized = chance(w, 2),
                .overlap = s->overlap,
                .second = i->second,
                .old = i->old,
                .open = s->breaker == BREAKER_OPEN,
        };
}

static void decide(World *w, Instance *i, StateEvent e)
{
        Server *s = i->server;
        RestartCase c = {chance(w, 20) ? EXIT_CLASS_CLEAN : EXIT_CLASS_ERROR, s->breaker, s->session};
        if (e == STATE_EVENT_REFUSED)
                restart_open(&s->history, &rules, w->now, &w->random.random, &s->decision);
        else if (e == STATE_EVENT_EMPTY && !i->sessions && !i->planned)
                restart_decide(&s->history, &rules, &c, w->now, &w->random.random, &s->decision);
}

/* Leaving `starting` for anything else gives its place to others. */
static void leave(World *w, Instance *i, ServerState next)
{
        for (size_t k = 0; k < ARRAY_SIZE(timers); k++)
                if (!(timers[k].states & 1U << next))
                        i->at[k] = NSEC_NEVER;
        if (STATES_START & 1U << next)
                return;
        governor_cancel(&w->governor, &i->wait);
        if (i->granted)
                governor_started(&w->governor);
        i->granted = false;
}

static void check(const Instance *i)
{
        for (size_t k = 0; k < ARRAY_SIZE(timers); k++)
                assert_true(i->at[k] == NSEC_NEVER || timers[k].states & 1U << i->state);
        if ((S(STARTING) | S(PROBING) | S(READY)) & 1U << i->state)
                assert_int_equal(i->goal, GOAL_UP);
        if (!(STATES_PROCESS & 1U << i->state))
                assert_false(i->process || i->granted || i->wait.waiting);
        if (i->sessions)
                assert_false(STATES_PROCESS & 1U << i->state);
        if ((S(BACKOFF) | S(DEGRADED)) & 1U << i->state && !(i->sessions && i->server->probe_allowed))
                assert_true(i->session || i->at[0] != NSEC_NEVER);
        if (S(DEGRADED) & 1U << i->state && !i->session)
                assert_int_equal(i->server->breaker, BREAKER_OPEN);
}

/* The second one of an overlap, or the old one, has moved: who is what now? */
static void rearrange(World *w, Instance *i, ServerState was)
{
        Server *s = i->server;
        Instance *old = s->main;
        if (i == s->second && i->state == SERVER_STATE_READY) {
                s->main = i;
                s->second = NULL;
                i->second = old->old = false;
                old->retired = true;
                post(w, old, STATE_EVENT_REMOVED);
        } else if (i == s->second && i->goal == GOAL_GONE && was != i->state) {
                s->second = NULL; /* stays `second` till its end */
                i->retired = true;
                old->old = false;
        } else if (i == s->main && i->state == SERVER_STATE_FREED && s->second) {
                s->main = s->second;
                s->main->second = false;
                s->second = NULL;
        } else if (i == s->main && i->state == SERVER_STATE_FREED) {
                s->main = NULL;
        }
}

static void tell_server(World *w, Instance *i, StateEvent e, uint32_t actions)
{
        Instance *m = i->server->main;
        if (!m)
                return;
        if (actions & STATE_DO_CHARGE)
                post(w, m, STATE_EVENT_EMPTY);
        else if (actions & STATE_DO_BREAKER_HALF && m->state == SERVER_STATE_DEGRADED)
                post(w, m, STATE_EVENT_READY);
        else if (e == STATE_EVENT_EMPTY && m->state == SERVER_STATE_DEGRADED && !m->server->probe_allowed &&
                 *timer(m, STATE_EVENT_TIMER) == NSEC_NEVER)
                post(w, m, STATE_EVENT_TIMER); /* the probe ended on our word: the next one may try */
}

static void step(World *w, Instance *i, StateEvent e)
{
        const ServerState was = i->state;
        StateStep to;
        decide(w, i, e);
        const StateFacts facts = facts_of(w, i);
        int r = state_step(was, e, &facts, &to);
        assert_row(r == 0, "%s %s", server_state_name(was), state_event_name(e));
        w->steps++;
        seen[was][e]++;
        if (e == STATE_EVENT_EMPTY && !i->sessions)
                i->process = i->leader = false;
        if (to.next != was)
                leave(w, i, to.next);
        i->state = to.next;
        i->goal = to.goal;
        do_record(w, i, to.actions);
        do_timers(w, i, to.actions);
        if (i->sessions)
                i->server->probe_allowed = to.next == SERVER_STATE_DEGRADED &&
                                           ((to.actions & STATE_DO_PROBE) ||
                                            (i->server->probe_allowed && e != STATE_EVENT_EMPTY));
        if (to.actions & STATE_DO_SECOND)
                make_second(w, i);
        if (to.actions & STATE_DO_SPAWN || (to.actions & STATE_DO_PROBE && !i->sessions))
                spawn(w, i);
        if (i->sessions || !i->session)
                rearrange(w, i, was);
        if (i->session && !i->sessions)
                tell_server(w, i, e, to.actions);
        check(i);
        if (i->state == SERVER_STATE_FREED)
                i->server = NULL;
        else if (i->state == SERVER_STATE_STOPPING && was != i->state && !i->process)
                post(w, i, STATE_EVENT_EMPTY);
}

/* And all that follows. */
static void drain(World *w)
{
        for (unsigned k = 0; k < w->n_posted; k++)
                if (w->posted[k].instance->server && w->posted[k].instance->serial == w->posted[k].serial)
                        step(w, w->posted[k].instance, w->posted[k].event);
        w->n_posted = 0;
}

static void send(World *w, Instance *i, StateEvent e)
{
        post(w, i, e);
        drain(w);
}

/* ---- what happens --------------------------------------------------------- */

/* The timers that are due, of those instances that still have them. */
static void fire(World *w)
{
        for (size_t k = 0; k < INSTANCES; k++)
                for (size_t t = 0; t < ARRAY_SIZE(timers); t++) {
                        Instance *i = &w->instances[k];
                        if (!i->server || i->at[t] > w->now)
                                continue;
                        i->at[t] = NSEC_NEVER;
                        send(w, i, timers[t].event);
                }
        GovernorWait *wait;
        while ((wait = governor_next(&w->governor, w->now)))
                begin(w, (Instance *)wait);
        drain(w);
}

static Nsec next_time(const World *w)
{
        Nsec at = governor_deadline(&w->governor, w->now);
        for (size_t k = 0; k < INSTANCES; k++)
                for (size_t t = 0; w->instances[k].server && t < ARRAY_SIZE(timers); t++)
                        sooner(&at, w->instances[k].at[t]);
        return at;
}

/* What its process may do of itself, and the gateway may say of it. */
static uint32_t may_happen(const Instance *i)
{
        uint32_t may = i->leader ? E(LEADER_EXITED) : 0;
        const uint32_t state = 1U << i->state;
        if (state & STATES_START)
                may |= i->confirmed ? E(READY) | E(FAILED) : E(EXEC_FAILED);
        if (state & S(READY))
                may |= E(FAILED) | E(IDLE);
        if (state & S(DRAINING))
                may |= E(DRAINED) | (i->confirmed ? E(FAILED) : E(EXEC_FAILED));
        if (state & S(STOPPING) && !i->confirmed && i->leader)
                may |= E(EXEC_FAILED);
        if (state & (S(STOPPING) | S(STUCK)) && (!i->leader || i->killed) && !(i->hung && i->killed))
                may |= E(EMPTY);
        if (state & S(STUCK))
                may |= E(EMPTY);
        return may;
}

static void child(World *w, Instance *i)
{
        if (!i->server || !i->process)
                return;
        if (STATES_START & 1U << i->state && !i->confirmed && !chance(w, 8)) {
                i->confirmed = true;
                return;
        }
        const uint32_t may = may_happen(i);
        if (!may)
                return;
        StateEvent e;
        do
                e = (StateEvent)random_below(&w->random.random, _STATE_EVENT_MAX);
        while (!(may & 1U << e));
        if (e == STATE_EVENT_LEADER_EXITED || e == STATE_EVENT_EXEC_FAILED)
                i->leader = false;
        i->confirmed |= e == STATE_EVENT_EXEC_FAILED; /* it is said once */
        send(w, i, e);
}

/* One in how many turns it does something: half of them live long enough to be stable. */
static uint64_t pace(const World *w, const Instance *i)
{
        if (i->state != SERVER_STATE_READY)
                return 20;
        return (i->server - w->servers) % 2 ? 100 : 2000;
}

static void want_session(World *w, Server *s)
{
        Instance *i = NULL;
        for (size_t k = 0; k < INSTANCES && chance(w, 2); k++)
                if (w->instances[k].server == s && !w->instances[k].sessions)
                        i = &w->instances[k];
        if (!i && s->main->state == SERVER_STATE_IDLE)
                i = new_instance(w, s, SERVER_STATE_IDLE);
        else if (!i && s->main->state == SERVER_STATE_DEGRADED && s->probe_allowed) {
                i = new_instance(w, s, SERVER_STATE_DEGRADED);
                s->probe_allowed = !i;
                if (i) {
                        *timer(i, STATE_EVENT_TIMER) = w->now;
                        return;
                }
        }
        send(w, i ? i : s->main, STATE_EVENT_WANT);
}

/* To the server: what that means for those it consists of. */
static void ask(World *w, Server *s, StateEvent e)
{
        static const uint32_t ends = E(STOP) | E(RESTART) | E(CHANGED) | E(REMOVED) | E(SHUTDOWN);
        if (e == STATE_EVENT_WANT && s->session) {
                want_session(w, s);
                return;
        }
        for (size_t k = 0; k < INSTANCES && ends & 1U << e; k++) {
                Instance *i = &w->instances[k];
                bool other = i->server == s && i != s->main;
                if (other && (s->session || i == s->second || e == STATE_EVENT_SHUTDOWN))
                        send(w, i, e);
        }
        if (s->main)
                send(w, s->main, e);
}

static void create(World *w, Server *s)
{
        s->main = new_instance(w, s, SERVER_STATE_IDLE);
        if (!s->main)
                return;
        s->main->sessions = s->session;
        s->probe_allowed = false;
        forget(s);
        if (s->eager)
                send(w, s->main, STATE_EVENT_START);
}

static void outside(World *w, Server *s)
{
        static const StateEvent events[] = {STATE_EVENT_WANT,    STATE_EVENT_WANT,   STATE_EVENT_WANT,
                                            STATE_EVENT_START,   STATE_EVENT_START,  STATE_EVENT_CHANGED,
                                            STATE_EVENT_RESTART, STATE_EVENT_RESET,  STATE_EVENT_STOP,
                                            STATE_EVENT_REFUSED, STATE_EVENT_REMOVED};
        StateEvent e = events[random_below(&w->random.random, ARRAY_SIZE(events))];
        if (!s->main)
                create(w, s);
        else if (e != STATE_EVENT_REFUSED || (S(IDLE) | S(STOPPED)) & 1U << s->main->state)
                ask(w, s, e);
}

static void lose_gateway(World *w)
{
        for (size_t k = 0; k < INSTANCES; k++)
                if (w->instances[k].server && STATES_PROCESS & 1U << w->instances[k].state)
                        send(w, &w->instances[k], STATE_EVENT_GATEWAY_LOST);
}

static void check_starting(const World *w)
{
        uint64_t n = 0;
        for (size_t k = 0; k < INSTANCES; k++)
                n += w->instances[k].server && w->instances[k].granted;
        assert_int_equal(n, w->governor.starting);
        assert_true(n <= w->governor.starting_max);
}

/* Left alone for longer, histories grow; asked often, everything meets everything. */
static void live(World *w, uint64_t asked)
{
        for (int k = 0; k < STEPS; k++) {
                Nsec due = next_time(w);
                if (due != NSEC_NEVER && chance(w, 3))
                        w->now = MAX(w->now, due);
                else
                        w->now += random_below(&w->random.random, chance(w, 1000) ? 3600 * SEC : SEC / 5);
                fire(w);
                if (chance(w, asked))
                        outside(w, &w->servers[random_below(&w->random.random, SERVERS)]);
                for (size_t j = 0; j < INSTANCES; j++)
                        if (chance(w, pace(w, &w->instances[j])))
                                child(w, &w->instances[j]);
                if (chance(w, 200))
                        lose_gateway(w);
                check_starting(w);
        }
}

/* From here on only timers fire, and KILL ends what is not hung. */
static void run_out(World *w, Nsec until)
{
        for (;;) {
                Nsec due = MAX(next_time(w), w->now);
                if (due > until)
                        return;
                w->now = due;
                fire(w);
                for (size_t k = 0; k < INSTANCES; k++) {
                        Instance *i = &w->instances[k];
                        if (i->server && i->state == SERVER_STATE_STOPPING && i->killed && !i->hung)
                                send(w, i, STATE_EVENT_EMPTY);
                }
        }
}

/* Whatever they are at: all that are told to stop do, within drain, stop and stuck time. */
static void check_stop(World *w)
{
        for (size_t k = 0; k < SERVERS; k++)
                if (w->servers[k].main)
                        ask(w, &w->servers[k], STATE_EVENT_STOP);
        run_out(w, w->now + 10 * SEC);
        for (size_t k = 0; k < INSTANCES; k++) {
                const Instance *i = &w->instances[k];
                if (i->server)
                        assert_row((S(STOPPED) | S(STUCK)) & 1U << i->state, "%s",
                                   server_state_name(i->state));
        }
        assert_int_equal(w->governor.starting, 0);
}

static void check_shutdown(World *w)
{
        w->shutdown = (Shutdown){.on = true, .at = w->now, .drain = 3 * SEC / 2, .timeout = 8 * SEC};
        for (size_t k = 0; k < SERVERS; k++)
                ask(w, &w->servers[k], STATE_EVENT_SHUTDOWN);
        run_out(w, w->now + 8 * SEC);
        for (size_t k = 0; k < INSTANCES; k++) {
                const Instance *i = &w->instances[k];
                if (i->server)
                        assert_row(i->state == SERVER_STATE_STUCK && i->goal == GOAL_GONE, "%s",
                                   server_state_name(i->state));
        }
        assert_int_equal(w->governor.starting, 0);
        assert_int_equal(governor_deadline(&w->governor, w->now), NSEC_NEVER);
}

static void world_init(World *w)
{
        governor_init(&w->governor, 10, 4, 3, w->now);
        for (size_t k = 0; k < SERVERS; k++) {
                Server *s = &w->servers[k];
                assert_int_equal(restart_history_init(&s->history, &rules), 0);
                s->session = k == 4 || k == 5;
                s->exclusive = k == 3;
                s->overlap = k == 1 || k == 2;
                s->eager = k % 2;
                create(w, s);
        }
}

static void world_done(World *w)
{
        for (size_t k = 0; k < SERVERS; k++)
                restart_history_done(&w->servers[k].history);
}

static void test_lives(void **state UNUSED)
{
        SeededRandom random;
        unsigned long steps = 0, spawns = 0, pairs = 0;
        test_random_init(&random);
        for (int run = 0; run < RUNS; run++) {
                World w = {.now = 1000 * SEC};
                random_init_seed(&w.random, random_next(&random.random));
                world_init(&w);
                live(&w, run % 3 == 0 ? 8 : run % 3 == 1 ? 100 : 1000);
                if (run % 2)
                        check_stop(&w);
                check_shutdown(&w);
                steps += w.steps;
                spawns += w.spawns;
                world_done(&w);
        }
        for (ServerState s = 0; s < _SERVER_STATE_MAX; s++)
                for (StateEvent e = 0; e < _STATE_EVENT_MAX; e++)
                        pairs += seen[s][e] > 0;
        print_message("%lu steps, %lu spawns, %lu pairs of state and event, %lu stable\n", steps, spawns,
                      pairs, seen[SERVER_STATE_READY][STATE_EVENT_STABLE]);
        assert_true(steps > 100000 && spawns > 5000 && pairs > 110);
        assert_true(seen[SERVER_STATE_READY][STATE_EVENT_STABLE] > 100);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lives),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
