/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three lines as MCP-Protocol-Version, Mcp-Method and Mcp-Name (one that is
 * only "-" was not sent), the rest as a message: what is accepted as modern
 * says in its headers what it says in its body, what is refused says why.
 */
#include "fuzz.h"
#include "jsonrpc/json.h"
#include "mcp/era.h"

static Span take_header(Span *rest)
{
        Span line = span_first(*rest, span_find(*rest, '\n'));
        *rest = span_skip(*rest, line.len + 1);
        return span_equal(line, SPAN("-")) ? SPAN_NONE : span_from(line.ptr ? line.ptr : "", line.len);
}

static bool says(Span header, Span value)
{
        char room[64];
        Span text;
        return jspan_text(value, room, sizeof(room), &text) && span_equal(span_trim(header), text);
}

static void check_accepted(const Envelope *e, const EraHeaders *h, const EraVerdict *v)
{
        bool asks = e->kind == ENVELOPE_REQUEST || e->kind == ENVELOPE_NOTIFICATION;
        bool claims = asks && envelope_has(e, MEMBER_META_VERSION);
        bool alone = e->kind == ENVELOPE_NOTIFICATION && h->version.ptr; /* the header says it */
        FUZZ_CHECK(claims ? v->era == MCP_MODERN : v->era == MCP_LEGACY || alone);
        FUZZ_CHECK(v->version < 0 || mcp_version_table[v->version].era == v->era);
        if (!claims)
                return;
        Span value = envelope_member(e, MEMBER_META_VERSION);
        FUZZ_CHECK(v->version >= 0 && jspan_is(value, mcp_version_table[v->version].text));
        FUZZ_CHECK(h->version.ptr ? says(h->version, value) : e->kind == ENVELOPE_NOTIFICATION);
        FUZZ_CHECK(h->method.ptr || e->kind == ENVELOPE_NOTIFICATION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span rest = span_from((const char *)data, size);
        EraVerdict v = {.why = NULL};
        Envelope e;
        EraHeaders h = {.version = take_header(&rest)};
        h.method = take_header(&rest);
        h.name = take_header(&rest);
        CLEANUP_FREE char *text = malloc(rest.len + 1);
        FUZZ_CHECK(text != NULL);
        if (rest.len)
                memcpy(text, rest.ptr, rest.len);
        if (envelope_scan(text, rest.len, &(EnvelopeLimits){64, 64}, &e) != 0)
                return 0;
        int r = era_of(&e, &h, &v);
        FUZZ_CHECK(r == 0 || r == ERA_E_REFUSED);
        if (r == 0)
                check_accepted(&e, &h, &v);
        else
                FUZZ_CHECK(v.why && *v.why && v.error < _RPC_ERROR_MAX);
        return 0;
}
