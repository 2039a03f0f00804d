/* SPDX-License-Identifier: Apache-2.0 */
#include "control/server-state.h"

static const char *const server_states[_SERVER_STATE_MAX] = {
#define S(id, name, doc) [SERVER_STATE_##id] = (name),
        SERVER_STATES(S)
#undef S
                [SERVER_STATE_FREED] = "freed",
};

static const char *const server_state_docs[_SERVER_STATE_MAX] = {
#define S(id, name, doc) [SERVER_STATE_##id] = (doc),
        SERVER_STATES(S)
#undef S
                [SERVER_STATE_FREED] = "there is none any more",
};

static const char *const breakers[_BREAKER_MAX] = {
#define B(id, name) [BREAKER_##id] = (name),
        BREAKER_STATES(B)
#undef B
};

static const char *const daemon_states[_DAEMON_STATE_MAX] = {
#define D(id, name) [DAEMON_STATE_##id] = (name),
        DAEMON_STATES(D)
#undef D
};

static const struct {
        const char *name, *doc;
} exit_classes[_EXIT_CLASS_MAX] = {
#define C(id, name, doc) [EXIT_CLASS_##id] = {(name), (doc)},
        EXIT_CLASSES(C)
#undef C
};

const char *server_state_name(ServerState s)
{
        assert(s >= 0 && s < _SERVER_STATE_MAX);
        return server_states[s];
}

const char *server_state_doc(ServerState s)
{
        assert(s >= 0 && s < _SERVER_STATE_MAX);
        return server_state_docs[s];
}

ServerState server_state_from_name(Span name)
{
        for (ServerState s = 0; s < SERVER_STATE_FREED; s++)
                if (span_equal(name, span_of(server_states[s])))
                        return s;
        return _SERVER_STATE_INVALID;
}

const char *breaker_name(BreakerState b)
{
        assert(b < _BREAKER_MAX);
        return breakers[b];
}

const char *daemon_state_name(DaemonState d)
{
        assert(d < _DAEMON_STATE_MAX);
        return daemon_states[d];
}

const char *exit_class_name(ExitClass c)
{
        assert(c < _EXIT_CLASS_MAX);
        return exit_classes[c].name;
}

const char *exit_class_doc(ExitClass c)
{
        assert(c < _EXIT_CLASS_MAX);
        return exit_classes[c].doc;
}
