/* SPDX-License-Identifier: Apache-2.0 */
#include "build-id.h"
#include "sandbox/role.h"
#include "supervisor/core.h"
#include "supervisor/gateway-private.h"

/* ---- what it says ----------------------------------------------------------- */

static Instance *instance_named(GatewayLink *g, uint32_t row, uint32_t number, uint64_t generation)
{
        Server *s = server_of_row(g->sup, row);
        Instance *i = s ? server_instance(s, number, generation) : NULL;
        if (!i || !i->announced) {
                g->dropped++;
                return NULL;
        }
        return i;
}

static bool is_ending(const Instance *i)
{
        return i->state == SERVER_STATE_DRAINING || i->state == SERVER_STATE_STOPPING ||
               i->state == SERVER_STATE_STUCK;
}

static void take_up(GatewayLink *g, const IpcMessage *m)
{
        const IpcUp *up = (const IpcUp *)(const void *)m->header;
        if (g->state == GATEWAY_STOPPING)
                return;
        if (g->state != GATEWAY_STARTING || strcmp(up->build_id, MCPVISOR_BUILD_ID) != 0) {
                gateway_kill(g, "it is of another build");
                return;
        }
        if (up->missing >> _ROLE_FENCE_MAX) {
                gateway_kill(g, "it speaks of fences that there are not");
                return;
        }
        g->missing = up->missing;
        gateway_set_state(g, GATEWAY_LOADING);
        gateway_prepare_current(g);
}

static void take_prepared(GatewayLink *g, const IpcMessage *m)
{
        const IpcConfig *c = (const IpcConfig *)(const void *)m->header;
        bool ok = m->header->type == IPC_PREPARED;
        if (g->aborted && c->generation == g->aborted && g->preparing != g->aborted) {
                g->aborted = 0;
                g->dropped++;
        } else if (g->preparing == 0 || c->generation != g->preparing) {
                gateway_kill(g, "it answers for a configuration that nobody asked about");
        } else if (g->state == GATEWAY_LOADING && ok) {
                gateway_became_ready(g);
        } else if (g->state == GATEWAY_LOADING) {
                log_error("gateway: refuses the configuration in force: %.*s", (int)m->text.len, m->text.ptr);
                gateway_kill(g, "it refuses the configuration in force");
        } else {
                reload_prepared(&g->sup->reload, c->generation, ok, m->text);
        }
}

static void take_ready(GatewayLink *g, const IpcMessage *m)
{
        const IpcInstanceReady *a = (const IpcInstanceReady *)(const void *)m->header;
        Instance *i = instance_named(g, a->row, a->instance, a->generation);
        if (i && (i->state == SERVER_STATE_STARTING || i->state == SERVER_STATE_PROBING))
                instance_ready(i, (int)a->era, a->protocol);
        else
                g->dropped += i != NULL;
}

static void take_failed(GatewayLink *g, const IpcMessage *m)
{
        static const ExitCause causes[_IPC_FAILURE_MAX] = {
                [IPC_FAILURE_HANDSHAKE] = EXIT_CAUSE_HANDSHAKE,
                [IPC_FAILURE_PROTOCOL] = EXIT_CAUSE_PROTOCOL,
                [IPC_FAILURE_UNRESPONSIVE] = EXIT_CAUSE_UNRESPONSIVE,
        };
        const IpcInstanceFailed *f = (const IpcInstanceFailed *)(const void *)m->header;
        Instance *i = instance_named(g, f->row, f->instance, f->generation);
        if (i && (!is_ending(i) || i->state == SERVER_STATE_DRAINING))
                instance_failed(i, causes[f->failure], m->text);
        else
                g->dropped += i != NULL;
}

static void take_want(GatewayLink *g, const IpcMessage *m)
{
        const IpcWant *w = (const IpcWant *)(const void *)m->header;
        Server *s = server_of_row(g->sup, w->row);
        if (s && s->row_generation == w->row_generation && !g->sup->shutdown.on)
                server_want(s, w->session);
        else
                g->dropped++;
}

static void take_release(GatewayLink *g, const IpcMessage *m)
{
        const IpcRelease *a = (const IpcRelease *)(const void *)m->header;
        Instance *i = instance_named(g, a->row, a->instance, a->generation);
        if (i && i->state == SERVER_STATE_READY)
                server_release(i->server, i, (IpcReleaseReason)a->reason, a->in_flight > 0);
        else
                g->dropped += i != NULL;
}

static void take_drained(GatewayLink *g, const IpcMessage *m)
{
        const IpcInstance *a = (const IpcInstance *)(const void *)m->header;
        Instance *i = instance_named(g, a->row, a->instance, a->generation);
        if (i && i->state == SERVER_STATE_DRAINING && i->drained_told)
                instance_event(i, STATE_EVENT_DRAINED);
        else
                g->dropped += i != NULL;
}

static void take_all_drained(GatewayLink *g, const IpcMessage *m UNUSED)
{
        g->drained = true;
        supervisor_check(g->sup);
}

static void take_pong(GatewayLink *g, const IpcMessage *m)
{
        const IpcPing *p = (const IpcPing *)(const void *)m->header;
        if (p->serial > g->ping_serial || p->serial <= g->pong_serial) {
                gateway_kill(g, "it answers a ping that nobody sent");
                return;
        }
        g->pong_serial = p->serial;
        g->missed = 0;
        g->answered = true;
}

static void (*const takers[_IPC_TYPE_MAX])(GatewayLink *, const IpcMessage *) = {
        [IPC_UP] = take_up,
        [IPC_PREPARED] = take_prepared,
        [IPC_REFUSED] = take_prepared,
        [IPC_INSTANCE_READY] = take_ready,
        [IPC_INSTANCE_FAILED] = take_failed,
        [IPC_WANT] = take_want,
        [IPC_RELEASE] = take_release,
        [IPC_DRAINED] = take_drained,
        [IPC_ALL_DRAINED] = take_all_drained,
        [IPC_PONG] = take_pong,
};

void gateway_take(GatewayLink *g, const IpcMessage *m)
{
        takers[m->header->type](g, m);
}
