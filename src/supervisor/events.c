/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/when.h"
#include "supervisor/events.h"

int event_log_init(EventLog *e)
{
        e->next = 0;
        return log_ring_init(&e->ring, LIMIT_EVENT_RING);
}

void event_log_done(EventLog *e)
{
        log_ring_done(&e->ring);
}

void event_log_add(EventLog *e, const Event *event)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_EVENT_RING / 4);
        JsonWriter w = JSON_WRITER(&b);
        int64_t now = when_now();
        json_write_object(&w);
        json_write_key(&w, "n");
        json_write_uint(&w, e->next++);
        when_json(&w, "at", now, 6);
        json_write_key(&w, "type");
        json_write_str(&w, event->type);
        json_write_key(&w, "server");
        json_write_str(&w, event->server);
        json_write_key(&w, "from");
        json_write_str(&w, event->from);
        json_write_key(&w, "to");
        json_write_str(&w, event->to);
        json_write_key(&w, "text");
        json_write_str(&w, event->text);
        json_write_object_end(&w);
        if (json_write_done(&w) == 0)
                log_ring_push(&e->ring, &(const LogRingLine){.text = buf_span(&b), .wall_usec = now});
}
