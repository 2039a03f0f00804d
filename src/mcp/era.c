/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/buf.h"
#include "jsonrpc/json.h"
#include "mcp/era.h"
#include "mcp/log-level.h"
#include "mcp/method.h"

#define META "io.modelcontextprotocol/"

/* Long enough for the text of any revision; a longer one is none. */
enum { VERSION_ROOM = 32 };

/* Which member a method's Mcp-Name repeats. */
static const struct {
        bool any;
        EnvelopeMember member;
} named_by[MCP_ROUTE_NONE + 1] = {
        [MCP_ROUTE_TOOL] = {true, MEMBER_NAME},
        [MCP_ROUTE_PROMPT] = {true, MEMBER_NAME},
        [MCP_ROUTE_URI] = {true, MEMBER_URI},
};

static int refuse(EraVerdict *v, RpcError error, const char *why)
{
        v->error = error;
        v->why = why;
        return ERA_E_REFUSED;
}

static bool is_sent(Span header)
{
        return header.ptr != NULL;
}

/* As a header may be written: what is not printable ASCII comes in base64. */
static bool is_visible(Span header)
{
        for (size_t i = 0; i < header.len; i++)
                if ((uint8_t)(header.ptr[i] - ' ') > '~' - ' ' && header.ptr[i] != '\t')
                        return false;
        return true;
}

/* Whether a header says the text of that JSON string. */
static int compare(Span header, Span value, bool *ret_equal)
{
        CLEANUP(buf_done) Buf decoded = BUF_INIT(BUF_CAP_NONE);
        Span text;
        if (!jspan_text(value, NULL, 0, &text)) {
                int r = jspan_text_append(value, &decoded);
                if (r < 0)
                        return r;
                text = buf_span(&decoded);
        }
        *ret_equal = span_equal(header, text);
        return 0;
}

/* The value of Mcp-Name, which may be wrapped as =?base64?TEXT?=. `b` holds what was decoded. */
static int unwrap(Span header, Buf *b, Span *ret, bool *ret_good)
{
        static const char before[] = "=?base64?", after[] = "?=";
        const size_t around = sizeof(before) - 1 + sizeof(after) - 1;
        size_t n;
        char *room;
        if (header.len < around || !span_starts(header, SPAN(before)) || !span_ends(header, SPAN(after))) {
                *ret = header;
                *ret_good = is_visible(header);
                return 0;
        }
        Span text = span_from(header.ptr + sizeof(before) - 1, header.len - around);
        int r = buf_reserve(b, text.len + 2, &room);
        if (r < 0)
                return r;
        *ret_good = base64_decode(BASE64_PLAIN, text, (uint8_t *)room, &n);
        if (*ret_good) {
                buf_commit(b, n);
                *ret = buf_span(b);
        }
        return 0;
}

static int check_name(const Envelope *e, Span header, EraVerdict *ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpMethod method = mcp_method_of(envelope_member(e, MEMBER_METHOD));
        McpRoute route = method == MCP_METHOD_OTHER ? MCP_ROUTE_NONE : mcp_method_table[method].route;
        bool equal = false, good = false;
        Span name;
        if (!named_by[route].any)
                return 0;
        Span value = envelope_member(e, named_by[route].member);
        bool has = jspan_type(value) == JSPAN_STRING;
        if (!is_sent(header))
                return has ? refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                                    "the header Mcp-Name is missing; it repeats the name or URI in params")
                           : 0; /* what the method says to params without one is its own business */
        int r = unwrap(span_trim(header), &b, &name, &good);
        if (r < 0)
                return r;
        if (!good)
                return refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                              "the header Mcp-Name is not printable ASCII and not valid base64");
        r = has ? compare(name, value, &equal) : 0;
        if (r < 0)
                return r;
        return equal ? 0
                     : refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                              "the header Mcp-Name is not the name or URI in params");
}

static int check_method(const Envelope *e, Span header, EraVerdict *ret)
{
        bool equal = false;
        if (!is_sent(header))
                return e->kind == ENVELOPE_NOTIFICATION
                               ? 0
                               : refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                                        "the header Mcp-Method is missing; it repeats the method");
        int r = compare(span_trim(header), envelope_member(e, MEMBER_METHOD), &equal);
        if (r < 0)
                return r;
        return equal ? 0
                     : refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                              "the header Mcp-Method is not the method of the message");
}

/* What _meta must have and may have, in the order in which it is asked for. */
static int check_meta(const Envelope *e, EraVerdict *ret)
{
        JspanType can = jspan_type(envelope_member(e, MEMBER_META_CAPABILITIES));
        if (jspan_type(envelope_member(e, MEMBER_META_VERSION)) != JSPAN_STRING)
                return refuse(ret, RPC_ERROR_INVALID_PARAMS, META "protocolVersion in _meta is not a string");
        if (can == JSPAN_NONE && e->kind == ENVELOPE_REQUEST)
                return refuse(ret, RPC_ERROR_INVALID_PARAMS, META "clientCapabilities is missing in _meta");
        if (can != JSPAN_NONE && can != JSPAN_OBJECT)
                return refuse(ret, RPC_ERROR_INVALID_PARAMS,
                              META "clientCapabilities in _meta is not an object");
        if (envelope_has(e, MEMBER_META_CLIENT_INFO) &&
            jspan_type(envelope_member(e, MEMBER_META_CLIENT_INFO)) != JSPAN_OBJECT)
                return refuse(ret, RPC_ERROR_INVALID_PARAMS, META "clientInfo in _meta is not an object");
        if (envelope_has(e, MEMBER_META_LOG_LEVEL) &&
            mcp_level_of(envelope_member(e, MEMBER_META_LOG_LEVEL)) == _MCP_LEVEL_INVALID)
                return refuse(ret, RPC_ERROR_INVALID_PARAMS, META "logLevel in _meta is not a level");
        return 0;
}

/* The header against the body first, since one of them is wrong whatever is known here; then whether
 * the revision is known; only then what else that revision asks for. */
static int check_version(const Envelope *e, Span header, EraVerdict *ret)
{
        Span value = envelope_member(e, MEMBER_META_VERSION), text;
        char room[VERSION_ROOM];
        bool equal = true;
        int r = is_sent(header) ? compare(span_trim(header), value, &equal) : 0;
        if (r < 0)
                return r;
        ret->version = jspan_text(value, room, sizeof(room), &text) ? mcp_version_of(text)
                                                                    : _MCP_VERSION_INVALID;
        if (!equal)
                return refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                              "the header MCP-Protocol-Version is not the version in _meta");
        if (ret->version < 0 || mcp_version_table[ret->version].era != MCP_MODERN)
                return refuse(ret, RPC_ERROR_UNSUPPORTED_VERSION,
                              "the revision in _meta is not supported; without one, begin with initialize");
        if (!is_sent(header) && e->kind == ENVELOPE_REQUEST)
                return refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                              "the header MCP-Protocol-Version is missing; it repeats the version in _meta");
        return 0;
}

static int modern(const Envelope *e, const EraHeaders *h, EraVerdict *ret)
{
        ret->era = MCP_MODERN;
        int r = check_meta(e, ret);
        if (r == 0)
                r = check_version(e, h->version, ret);
        if (r == 0)
                r = check_method(e, h->method, ret);
        if (r == 0)
                r = check_name(e, h->name, ret);
        return r;
}

static bool is_response(const Envelope *e)
{
        return e->kind == ENVELOPE_RESULT || e->kind == ENVELOPE_ERROR;
}

/* A modern header over a body without a modern version: only a notification needs none. */
static int header_alone(const Envelope *e, const EraHeaders *h, bool initialize, EraVerdict *ret)
{
        ret->era = MCP_MODERN;
        if (is_response(e))
                return refuse(
                        ret, RPC_ERROR_INVALID_REQUEST,
                        "in the revision of the header MCP-Protocol-Version, clients send no responses");
        if (initialize)
                return refuse(ret, RPC_ERROR_HEADER_MISMATCH,
                              "the header MCP-Protocol-Version names a revision that has no initialize");
        if (e->kind == ENVELOPE_NOTIFICATION)
                return check_method(e, h->method, ret);
        return refuse(ret, RPC_ERROR_INVALID_PARAMS,
                      META "protocolVersion is missing in _meta, but the header names a revision that "
                           "demands it");
}

static int by_header(const Envelope *e, const EraHeaders *h, EraVerdict *ret)
{
        bool initialize = e->kind == ENVELOPE_REQUEST &&
                          mcp_method_of(envelope_member(e, MEMBER_METHOD)) == MCP_METHOD_INITIALIZE;
        McpVersion version = is_sent(h->version) ? mcp_version_of(span_trim(h->version))
                                                 : _MCP_VERSION_INVALID;
        bool modern_header = version >= 0 && mcp_version_table[version].era == MCP_MODERN;
        if (initialize && !modern_header)
                return 0; /* it brings its version in params; headers begin after it */
        ret->version = version;
        if (modern_header)
                return header_alone(e, h, initialize, ret);
        if (is_sent(h->version) && version < 0)
                return refuse(ret, RPC_ERROR_INVALID_REQUEST,
                              "the header MCP-Protocol-Version names a revision that is not supported");
        return 0;
}

int era_of(const Envelope *e, const EraHeaders *h, EraVerdict *ret)
{
        EraVerdict v = {.era = MCP_LEGACY, .version = _MCP_VERSION_INVALID};
        bool claims = envelope_has(e, MEMBER_META_VERSION) && !is_response(e); /* whose params mean nothing */
        int r = claims ? modern(e, h, &v) : by_header(e, h, &v);
        if (r >= 0)
                *ret = v;
        return r;
}
