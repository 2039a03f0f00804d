/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/payload.h"
#include "base/log.h"
#include "gateway/figures.h"
#include "gateway/root.h"
#include "jsonrpc/json.h"

static bool is_wanted(const Exchange *x)
{
        return UNLIKELY(gateway_config(x->gateway)->log.payloads);
}

static void write_payload(const Exchange *x, const Upstream *u, const char *what, Span value)
{
        log_debug_with(LOG_FIELDS(LOG_SERVER(u->name), LOG_REQUEST(x->correlation),
                                  LOG_STR("method", mcp_method_name(x->method)),
                                  LOG_SPAN("tool", figures_tool(x)), LOG_SPAN(what, value)),
                       "%s: %s", mcp_method_name(x->method), what);
}

void payload_asked(const Exchange *x, const Upstream *u, Span text)
{
        if (is_wanted(x))
                write_payload(x, u, "params", jspan_member(text, "params"));
}

void payload_answered(const Exchange *x, const Envelope *e)
{
        bool failed = e->kind == ENVELOPE_ERROR;
        if (is_wanted(x))
                write_payload(x, x->call.upstream, failed ? "error" : "result",
                              envelope_member(e, failed ? MEMBER_ERROR : MEMBER_RESULT));
}
