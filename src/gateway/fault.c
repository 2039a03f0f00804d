/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "control/server-state.h"
#include "gateway/fault.h"
#include "mcp/write.h"

const FaultRow fault_table[_FAULT_MAX] = {
#define F(id, name, text) [FAULT_##id] = {(name), (text)},
        FAULTS(F)
#undef F
};

static void write_exit(JsonWriter *w, const FaultArgs *a)
{
        if (a->exit_class < 0) {
                json_write_null(w);
                return;
        }
        json_write_object(w);
        json_write_key(w, "class");
        json_write_str(w, exit_class_name((ExitClass)a->exit_class));
        json_write_key(w, "code");
        if (a->code < 0)
                json_write_null(w);
        else
                json_write_int(w, a->code);
        json_write_key(w, "signal");
        if (a->signal <= 0)
                json_write_null(w);
        else
                json_write_int(w, a->signal);
        json_write_object_end(w);
}

static void write_lines(JsonWriter *w, Span text)
{
        Span line;
        if (span_is_empty(text)) {
                json_write_null(w);
                return;
        }
        if (span_ends(text, SPAN("\n")))
                text.len--; /* ends the last line; begins none */
        json_write_array(w);
        while (span_next(&text, '\n', &line))
                json_write_string(w, line);
        json_write_array_end(w);
}

int fault_write_data(Buf *b, const FaultArgs *a)
{
        JsonWriter w = JSON_WRITER(b);
        json_write_object(&w);
        json_write_key(&w, "source");
        json_write_str(&w, "mcpvisor");
        json_write_key(&w, "server");
        json_write_str(&w, a->server);
        json_write_key(&w, "reason");
        json_write_str(&w, fault_table[a->fault].name);
        json_write_key(&w, "retry_after_ms");
        if (a->retry_after_ms == UINT64_MAX)
                json_write_null(&w);
        else
                json_write_uint(&w, a->retry_after_ms);
        json_write_key(&w, "exit");
        write_exit(&w, a);
        json_write_key(&w, "stderr");
        write_lines(&w, a->stderr_lines);
        json_write_key(&w, "correlation_id");
        if (span_is_empty(a->correlation_id))
                json_write_null(&w);
        else
                json_write_string(&w, a->correlation_id);
        json_write_object_end(&w);
        return json_write_done(&w);
}

/* The row's text with the server's name in it; without one it speaks of "the server". */
static int write_message(Buf *b, const FaultArgs *a)
{
        Span text = span_of(fault_table[a->fault].text), mark = SPAN(" %s");
        size_t at = span_find_span(text, mark);
        int r = buf_append_span(b, span_first(text, at));
        if (r >= 0 && at < text.len && a->server)
                r = buf_appendf(b, " %s", a->server);
        return r < 0 ? r : buf_append_span(b, span_skip(text, at + mark.len));
}

int fault_write(Buf *b, Span id, const FaultArgs *a)
{
        CLEANUP(buf_done) Buf message = BUF_INIT(BUF_CAP_NONE), data = BUF_INIT(BUF_CAP_NONE);
        int r = write_message(&message, a);
        if (r >= 0)
                r = fault_write_data(&data, a);
        return r < 0 ? r
                     : mcp_write_error(b, &(McpErrorArgs){.id = id,
                                                          .error = RPC_ERROR_INTERNAL,
                                                          .message = buf_text(&message),
                                                          .data = buf_span(&data)});
}
