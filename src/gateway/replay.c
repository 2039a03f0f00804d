/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "gateway/replay.h"

/* A record is this and the event's text, both around the end of the ring if they must. */
typedef struct Record {
        uint64_t number; /* 0: forgotten; what stands there is not told any more */
        uint32_t stream;
        uint32_t len;
} Record;

enum { FIRST_SIZE = 4096 };

void replay_init(Replay *l, size_t cap, ReplayBudget *budget)
{
        *l = (Replay){.cap = cap, .budget = budget, .next = 1};
}

/* ---- what is above the cap ---- */

static size_t excess(const Replay *l, size_t size)
{
        return size > l->cap ? size - l->cap : 0;
}

/* The ring has that size from now on. */
static void set_size(Replay *l, size_t size)
{
        if (l->budget)
                l->budget->used = l->budget->used - excess(l, l->size) + excess(l, size);
        l->size = size;
}

static bool is_in_budget(const Replay *l, size_t size)
{
        size_t more = excess(l, size), own = excess(l, l->size);
        return more <= own ||
               (l->budget && more <= l->budget->max && l->budget->used - own <= l->budget->max - more);
}

void replay_done(Replay *l)
{
        free(l->data);
        set_size(l, 0);
        replay_init(l, l->cap, l->budget);
}

/* ---- the ring; places are counted from its start ---- */

static size_t place(const Replay *l, size_t at)
{
        size_t room = l->size - l->start;
        return at < room ? l->start + at : at - room;
}

static void ring_put(Replay *l, size_t at, const void *bytes, size_t n)
{
        size_t from = place(l, at), first = MIN(n, l->size - from);
        if (n == 0)
                return;
        memcpy(l->data + from, bytes, first);
        memcpy(l->data, (const char *)bytes + first, n - first);
}

static Record record_at(const Replay *l, size_t at)
{
        Record record;
        size_t from = place(l, at), first = MIN(sizeof(record), l->size - from);
        memcpy(&record, l->data + from, first);
        memcpy((char *)&record + first, l->data, sizeof(record) - first);
        return record;
}

static size_t record_size(const Record *record)
{
        return sizeof(*record) + record->len;
}

/* ---- what was lost ---- */

/* Stream 0 lives as long as its session and has a place of its own. */
static EventLoss *loss_of(Replay *l, uint32_t stream)
{
        return &l->losses[stream == 0 ? 0 : 1 + stream % (EVENT_LOSSES - 1)];
}

static void note_loss(Replay *l, uint32_t stream, uint64_t number)
{
        EventLoss *loss = loss_of(l, stream);
        if (loss->stream != stream)
                l->lost_elsewhere = MAX(l->lost_elsewhere, loss->number);
        *loss = (EventLoss){.stream = stream, .number = number};
}

static bool was_lost(Replay *l, uint32_t stream, uint64_t after)
{
        const EventLoss *loss = loss_of(l, stream);
        return (loss->stream == stream ? loss->number : l->lost_elsewhere) > after;
}

/* ---- adding ---- */

static void drop_oldest(Replay *l)
{
        Record oldest = record_at(l, 0);
        if (oldest.number)
                note_loss(l, oldest.stream, oldest.number);
        l->start = place(l, record_size(&oldest));
        l->used -= record_size(&oldest);
        l->dropped += record_size(&oldest);
}

/* Of that size, which is no less than what is in it. */
static int resize(Replay *l, size_t size)
{
        char *data = malloc(size);
        if (!data)
                return -ENOMEM;
        size_t first = MIN(l->used, l->size - l->start);
        if (l->used) {
                memcpy(data, l->data + l->start, first);
                memcpy(data + first, l->data, l->used - first);
        }
        free(l->data);
        l->data = data;
        set_size(l, size);
        l->start = 0;
        return 0;
}

/* To at least `need`, which is not over the cap. */
static int grow(Replay *l, size_t need)
{
        size_t size = MAX(l->size, (size_t)FIRST_SIZE);
        while (size < need)
                size *= 2;
        size = MIN(size, l->cap);
        return size <= l->size ? 0 : resize(l, size);
}

/* One that is over the cap by itself is alone in the ring. */
static int make_room(Replay *l, size_t need)
{
        if (need <= l->cap)
                return grow(l, MIN(l->used + need, l->cap));
        while (l->used)
                drop_oldest(l);
        return need <= l->size ? 0 : resize(l, need);
}

/* After such a one it goes back to the cap; without memory for that it stays large for a while. */
static void shrink(Replay *l)
{
        if (l->size > l->cap && l->used <= l->cap)
                (void)resize(l, l->cap);
}

/* An event of this stream cannot be kept: what stands before it could not be told in full. */
static void forget_stream(Replay *l, uint32_t stream, uint64_t number)
{
        for (size_t at = 0; at < l->used;) {
                Record record = record_at(l, at);
                if (record.stream == stream) {
                        record.number = 0;
                        ring_put(l, at, &record, sizeof(record));
                }
                at += record_size(&record);
        }
        note_loss(l, stream, number);
}

static void keep(Replay *l, const Record *record, const Span *data, unsigned n)
{
        size_t size = record_size(record);
        if (size <= l->cap) {
                while (l->used + size > MIN(l->size, l->cap))
                        drop_oldest(l);
                shrink(l);
        }
        size_t at = l->used;
        l->used += size;
        ring_put(l, at, record, sizeof(*record));
        at += sizeof(*record);
        for (unsigned i = 0; i < n; i++) {
                ring_put(l, at, data[i].ptr, data[i].len);
                at += data[i].len;
        }
}

void event_id_write(uint32_t stream, uint64_t number, char ret_id[static EVENT_ID_SIZE])
{
        (void)snprintf(ret_id, EVENT_ID_SIZE, "%u-%llu", stream, (unsigned long long)number);
}

/* As for every queue: one that is empty takes one of any size. */
static bool may_keep(const Replay *l, size_t len, bool last)
{
        if (l->cap == 0 || len > UINT32_MAX - sizeof(Record) || !is_in_budget(l, len + sizeof(Record)))
                return false;
        return last || l->used == 0 || (l->cap >= sizeof(Record) && len <= l->cap - sizeof(Record));
}

static void add(Replay *l, Record *record, const Span *data, unsigned n, bool last)
{
        size_t len = 0;
        for (unsigned i = 0; i < n; i++)
                len += data[i].len;
        record->number = l->next++;
        record->len = (uint32_t)len;
        if (may_keep(l, len, last) && make_room(l, record_size(record)) == 0)
                keep(l, record, data, n);
        else
                forget_stream(l, record->stream, record->number);
}

void replay_add(Replay *l, uint32_t stream, const Span *data, unsigned n, char ret_id[static EVENT_ID_SIZE])
{
        Record record = {.stream = stream};
        add(l, &record, data, n, false);
        event_id_write(stream, record.number, ret_id);
}

void replay_add_last(Replay *l, uint32_t stream, const Span *data, unsigned n,
                     char ret_id[static EVENT_ID_SIZE])
{
        Record record = {.stream = stream};
        add(l, &record, data, n, true);
        event_id_write(stream, record.number, ret_id);
}

/* ---- ids ---- */

/* As late as can be: what was lost before a stream began is none of its losses. */
void replay_first_id(Replay *l, uint32_t stream, char ret_id[static EVENT_ID_SIZE])
{
        event_id_write(stream, l->next - 1, ret_id);
}

/* As we write it: without zeros in front. */
static bool parse_number(Span text, uint64_t max, uint64_t *ret)
{
        uint64_t v;
        if (text.len == 0 || (text.ptr[0] == '0' && text.len > 1) || parse_u64(text, &v) < 0 || v > max)
                return false;
        *ret = v;
        return true;
}

bool event_id_parse(Span text, uint32_t *ret_stream, uint64_t *ret_number)
{
        uint64_t stream, number;
        size_t dash = span_find(text, '-');
        if (dash == text.len || !parse_number(span_first(text, dash), UINT32_MAX, &stream) ||
            !parse_number(span_skip(text, dash + 1), UINT64_MAX, &number))
                return false;
        *ret_stream = (uint32_t)stream;
        *ret_number = number;
        return true;
}

/* ---- telling again ---- */

/* Where to begin to look for what comes after that number: behind the event that was given out last, if
 * that is it, so that to tell all takes one walk. */
static size_t begin_at(const Replay *l, uint64_t number)
{
        bool known = l->hint_number == number && l->hint_end >= l->dropped;
        return known ? (size_t)(l->hint_end - l->dropped) : 0;
}

bool replay_next(Replay *l, uint32_t stream, uint64_t *number, Span ret[static 2], bool *ret_lost)
{
        *ret_lost = was_lost(l, stream, *number);
        for (size_t at = begin_at(l, *number); at < l->used;) {
                Record record = record_at(l, at);
                size_t from = place(l, at + sizeof(record));
                at += record_size(&record);
                if (record.number <= *number || record.stream != stream)
                        continue;
                size_t first = MIN((size_t)record.len, l->size - from);
                ret[0] = span_from(l->data + from, first);
                ret[1] = span_from(l->data, record.len - first);
                *number = l->hint_number = record.number;
                l->hint_end = l->dropped + at;
                return true;
        }
        return false;
}
