/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/score-tools.h"

enum { FREE = 0 }; /* of a slot; others hold the index of a series, plus 1 */

struct ScoreTools {
        Scoreboard *board; /* borrowed */
        uint32_t *slots;   /* owned: a hash table, at most half full */
        uint32_t mask;
        uint32_t n;             /* series that were ever used; those from here on are not */
        uint64_t newest, swept; /* generations of servers: seen, and at the last sweep */
};

static uint64_t hash_of(uint32_t row, uint64_t generation, Span name)
{
        uint64_t h = 0xcbf29ce484222325U ^ row ^ generation << 32;
        for (size_t i = 0; i < name.len; i++)
                h = (h ^ (uint8_t)name.ptr[i]) * 0x100000001b3U;
        return h ^ h >> 29;
}

static bool is_it(const ScoreTool *s, uint32_t row, uint64_t generation, Span name)
{
        return score_get(&s->generation) == generation && score_get(&s->row) == row &&
               s->name_len == name.len && memcmp(s->name, name.ptr, name.len) == 0;
}

/* Where it is, or the free slot where it would be. */
static uint32_t *slot_of(ScoreTools *t, uint32_t row, uint64_t generation, Span name)
{
        uint32_t i = (uint32_t)hash_of(row, generation, name) & t->mask;
        while (t->slots[i] != FREE &&
               !is_it(scoreboard_tool(t->board, t->slots[i] - 1), row, generation, name))
                i = (i + 1) & t->mask;
        return &t->slots[i];
}

static bool is_current(Scoreboard *s, const ScoreTool *tool)
{
        char name[SCORE_NAME];
        uint64_t generation;
        return score_get(&tool->generation) != 0 && tool->name_len < SCORE_TOOL_NAME &&
               scoreboard_name(s, (uint32_t)score_get(&tool->row), name, &generation) &&
               generation == score_get(&tool->generation);
}

/* Series of servers that are gone become free; the index is made anew. */
static void sweep(ScoreTools *t)
{
        memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof(*t->slots));
        for (uint32_t i = 0; i < t->n; i++) {
                ScoreTool *s = scoreboard_tool(t->board, i);
                if (!is_current(t->board, s)) {
                        score_set(&s->generation, 0);
                        continue;
                }
                Span name = span_from(s->name, s->name_len);
                t->newest = MAX(t->newest, score_get(&s->generation));
                *slot_of(t, (uint32_t)score_get(&s->row), score_get(&s->generation), name) = i + 1;
        }
        t->swept = t->newest;
}

int score_tools_new(Scoreboard *s, ScoreTools **ret)
{
        CLEANUP(score_tools_free_p) ScoreTools *t = calloc(1, sizeof(*t));
        uint32_t size = 2;
        if (!t)
                return -ENOMEM;
        while (size < 2 * scoreboard_tools(s))
                size *= 2;
        t->board = s;
        t->mask = size - 1;
        t->slots = calloc(size, sizeof(*t->slots));
        if (!t->slots)
                return -ENOMEM;
        /* They are taken from the first on. */
        while (t->n < scoreboard_tools(s) && score_get(&scoreboard_tool(s, t->n)->used))
                t->n++;
        sweep(t);
        *ret = TAKE_PTR(t);
        return 0;
}

ScoreTools *score_tools_free(ScoreTools *t)
{
        if (!t)
                return NULL;
        free(t->slots);
        free(t);
        return NULL;
}

/* One that was never used, else one that a sweep has freed; scoreboard_tools() when there is none. */
static uint32_t find_free(ScoreTools *t)
{
        uint32_t all = scoreboard_tools(t->board);
        if (t->n < all)
                return t->n++;
        for (uint32_t i = 0; i < all; i++)
                if (score_get(&scoreboard_tool(t->board, i)->generation) == 0)
                        return i;
        return all;
}

static ScoreTool *take(ScoreTools *t, uint32_t row, uint64_t generation, Span name)
{
        uint32_t i = find_free(t);
        if (i == scoreboard_tools(t->board)) {
                /* Once for each server that came since: only then others can have gone. */
                if (t->swept == t->newest)
                        return NULL;
                sweep(t);
                i = find_free(t);
                if (i == scoreboard_tools(t->board))
                        return NULL;
        }
        ScoreTool *s = scoreboard_tool(t->board, i);
        score_set(&s->used, 1); /* first, and for ever: whoever comes after us counts by it */
        memset((char *)s + sizeof(s->used), 0, sizeof(*s) - sizeof(s->used));
        memcpy(s->name, name.ptr, name.len);
        s->name_len = (uint32_t)name.len;
        score_set(&s->row, row);
        score_set(&s->generation, generation);
        *slot_of(t, row, generation, name) = i + 1;
        return s;
}

ScoreTool *score_tools_find(ScoreTools *t, uint32_t row, uint64_t generation, Span name)
{
        ScoreServer *server = scoreboard_server(t->board, row);
        if (!server)
                return NULL;
        if (name.len == 0 || name.len >= SCORE_TOOL_NAME || span_equal(name, SPAN(SCORE_TOOL_OTHER)))
                return &server->gateway.other;
        uint32_t *slot = slot_of(t, row, generation, name);
        if (*slot != FREE)
                return scoreboard_tool(t->board, *slot - 1);
        t->newest = MAX(t->newest, generation);
        ScoreTool *s = take(t, row, generation, name);
        if (!s && scoreboard_tools(t->board)) /* who wants none at all meets no limit */
                score_add(
                        &scoreboard_process(t->board, SCORE_GATEWAY)->limit_hits[SCORE_LIMIT_MAX_TOOL_SERIES],
                        1);
        return s ? s : &server->gateway.other;
}
