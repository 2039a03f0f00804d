/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/history.h"

#include "base/limit-table.h"
#include "base/when.h"

enum { HISTORY_FIRST = 4, AT_DECIMALS = 3 };

#define NSEC_PER_DECISEC (NSEC_PER_SEC / 10)

void history_done(History *h)
{
        for (size_t i = 0; i < h->n; i++)
                free(h->items[i].stderr_text);
        free(h->items);
        *h = (History){0};
}

/* Only a ring that was never full grows, so its entries stand in order from 0. */
static int make_room(History *h)
{
        if (h->n < h->size || h->size == LIMIT_HISTORY)
                return 0;
        size_t size = h->size ? MIN(2 * h->size, (size_t)LIMIT_HISTORY) : HISTORY_FIRST;
        ExitRecord *items = realloc(h->items, size * sizeof(*items));
        if (!items)
                return -ENOMEM;
        h->items = items;
        h->size = size;
        h->head = h->n;
        return 0;
}

int history_add(History *h, ExitRecord *record)
{
        CLEANUP_FREE char *text = TAKE_PTR(record->stderr_text);
        int r = make_room(h);
        if (r < 0)
                return r;
        ExitRecord *slot = &h->items[h->head];
        if (h->n == h->size)
                free(slot->stderr_text);
        else
                h->n++;
        record->number = ++h->next;
        *slot = *record;
        slot->stderr_text = TAKE_PTR(text);
        h->head = (h->head + 1) % h->size;
        return 0;
}

const ExitRecord *history_get(const History *h, size_t i)
{
        return i < h->n ? &h->items[(h->head + h->size - 1 - i) % h->size] : NULL;
}

size_t history_count(const History *h)
{
        return h->n;
}

static void write_lines(JsonWriter *w, const char *text)
{
        Span rest = text && *text ? span_of(text) : SPAN_NONE, line;

        if (rest.len && rest.ptr[rest.len - 1] == '\n')
                rest.len--;
        json_write_array(w);
        while (span_next(&rest, '\n', &line))
                json_write_string(w, line);
        json_write_array_end(w);
}

/* What the contract promises, in its order. */
static void write_exit(JsonWriter *w, const ExitRecord *r)
{
        json_write_key(w, "class");
        json_write_str(w, exit_class_name(r->verdict.exit_class));
        json_write_key(w, "code");
        if (r->verdict.code >= 0)
                json_write_int(w, r->verdict.code);
        else
                json_write_null(w);
        json_write_key(w, "signal");
        if (r->verdict.signal > 0)
                json_write_int(w, r->verdict.signal);
        else
                json_write_null(w);
        json_write_key(w, "reason");
        json_write_str(w, r->verdict.reason);
        when_json(w, "at", r->wall_usec, AT_DECIMALS);
        json_write_key(w, "stderr");
        write_lines(w, r->stderr_text);
}

static void write_usage(JsonWriter *w, const ExitRecord *r)
{
        json_write_key(w, "user_usec");
        json_write_uint(w, r->user_usec);
        json_write_key(w, "system_usec");
        json_write_uint(w, r->system_usec);
        json_write_key(w, "max_rss_bytes");
        json_write_uint(w, r->max_rss);
}

void exit_record_json(const ExitRecord *r, const char *server, JsonWriter *w)
{
        json_write_object(w);
        if (server) {
                json_write_key(w, "server");
                json_write_str(w, server);
        }
        write_exit(w, r);
        json_write_key(w, "number");
        json_write_uint(w, r->number);
        json_write_key(w, "generation");
        json_write_uint(w, r->generation);
        json_write_key(w, "pid");
        if (r->pid > 0)
                json_write_int(w, r->pid);
        else
                json_write_null(w);
        json_write_key(w, "uptime_s");
        json_write_decimal(w, r->uptime / NSEC_PER_DECISEC, 1);
        json_write_key(w, "planned");
        json_write_bool(w, r->planned);
        json_write_key(w, "oom");
        json_write_bool(w, r->oom);
        write_usage(w, r);
        json_write_object_end(w);
}
