/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that wait: for their time, for an answer to a question, or for nothing. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/mcp-child.h"

static Call *calls;

int64_t now_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes it out of the list, whatever became of it, and runs it; it may stay. */
static void call_run(Call **at)
{
        Call *c = *at;
        *at = c->next;
        c->keep = false;
        c->due_ms = -1;
        c->question = 0;
        c->run(c);
        c->reply = (Text){"", 0};
        if (!c->keep) {
                free(c->line);
                free(c);
                return;
        }
        c->next = calls;
        calls = c;
}

void calls_add(Text line, void (*run)(Call *c), int64_t wait_ms)
{
        Call *c = calloc(1, sizeof(*c));
        if (!c || !(c->line = malloc(line.n + 1)))
                _exit(99);
        memcpy(c->line, line.at, line.n);
        c->line_n = line.n;
        Text own = {c->line, line.n};
        c->id = member(own, "id");
        c->params = member(own, "params");
        c->args = member(c->params, "arguments");
        c->token = member(member(c->params, "_meta"), "progressToken");
        c->run = run;
        c->due_ms = wait_ms < 0 ? -1 : now_ms() + wait_ms;
        c->next = calls;
        calls = c;
        if (wait_ms == 0)
                call_run(&calls);
}

int calls_wait(void)
{
        int64_t least = -1, now = now_ms();
        for (Call *c = calls; c; c = c->next)
                if (c->due_ms >= 0 && (least < 0 || c->due_ms < least))
                        least = c->due_ms;
        if (least < 0)
                return -1;
        return least <= now ? 0 : (int)MIN(least - now, 1000000);
}

/* From the beginning after each: one that runs may add or cancel others. */
void calls_run_due(void)
{
        int64_t now = now_ms();
        Call **at = &calls;
        while (*at)
                if ((*at)->due_ms >= 0 && (*at)->due_ms <= now) {
                        call_run(at);
                        at = &calls;
                } else {
                        at = &(*at)->next;
                }
}

bool calls_answered(Text line)
{
        uint64_t id = (uint64_t)number_of(member(line, "id"), -1);
        for (Call **at = &calls; *at; at = &(*at)->next)
                if ((*at)->question == id && id != 0) {
                        (*at)->reply = line;
                        call_run(at);
                        return true;
                }
        return false;
}

void calls_cancel(Text request_id)
{
        for (Call **at = &calls; *at; at = &(*at)->next) {
                Call *c = *at;
                if (c->id.n != request_id.n || memcmp(c->id.at, request_id.at, c->id.n) != 0)
                        continue;
                if (options.late_after_cancel) {
                        call_run(at);
                        return;
                }
                *at = c->next;
                free(c->line);
                free(c);
                return;
        }
}
